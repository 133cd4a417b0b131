#include "mqtt/outbox.h"

#include <stdlib.h>

/* From here on a copy costs more than the place in a batch with others brings. */
#define LARGE_BYTES ((size_t)16 << 10)

/* NOLINTBEGIN(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */
static void append(struct mqc__batch **list, struct mqc__batch *batch)
{
    DL_APPEND(*list, batch);
}

static void insert_before(struct mqc__batch **list, struct mqc__batch *place,
                          struct mqc__batch *batch)
{
    DL_PREPEND_ELEM(*list, place, batch);
}

static void take_out(struct mqc__batch **list, struct mqc__batch *batch)
{
    DL_DELETE(*list, batch);
}

static void append_to_topic(struct mqc__batch *batch)
{
    DL_APPEND2(batch->topic->waiting, batch, topic_prev, topic_next);
}

static void prepend_to_topic(struct mqc__batch *batch)
{
    DL_PREPEND2(batch->topic->waiting, batch, topic_prev, topic_next);
}

static void take_from_topic(struct mqc__batch *batch)
{
    DL_DELETE2(batch->topic->waiting, batch, topic_prev, topic_next);
}
/* NOLINTEND(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */

static void append_in_flight(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    append(&outbox->in_flight, batch);
    outbox->in_flight_count++;
    outbox->in_flight_bytes += batch->event_bytes;
}

static void take_from_flight(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    take_out(&outbox->in_flight, batch);
    outbox->in_flight_count--;
    outbox->in_flight_bytes -= batch->event_bytes;
}

void mqc__outbox_init(struct mqc__outbox *outbox, const struct mqc__outbox_limits *limits)
{
    *outbox = (struct mqc__outbox){
        .limits = *limits,
        .topics.idle_max = limits->topics_max,
        .pool.headroom = limits->header_bytes_max,
    };
}

/* Events that begin or stop to wait. */
static void count_waiting(struct mqc__outbox *outbox, const struct mqc__batch *batch)
{
    outbox->waiting_count += batch->event_count;
    outbox->waiting_bytes += batch->cost;
}

static void discount_waiting(struct mqc__outbox *outbox, const struct mqc__batch *batch)
{
    outbox->waiting_count -= batch->event_count;
    outbox->waiting_bytes -= batch->cost;
}

static void unlink_waiting(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    discount_waiting(outbox, batch);
    take_out(&outbox->waiting, batch);
    take_from_topic(batch);
}

static void free_batch(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    outbox->event_count -= batch->event_count;
    outbox->byte_count -= batch->cost;
    mqc__topic_table_leave(&outbox->topics, batch->topic);
    mqc__batch_free(&outbox->pool, batch);
}

/* The start of a count is told by the first event that does leave. */
static void pass_on_start(const struct mqc__batch *dropped)
{
    if (!dropped->starts_count)
        return;
    struct mqc__topic *topic = dropped->topic;
    if (topic->waiting != NULL)
        topic->waiting->starts_count = true;
    else
        topic->starts_count = true;
}

void mqc__outbox_drop_head(struct mqc__outbox *outbox)
{
    struct mqc__batch *head = outbox->waiting;
    if (head == NULL)
        return;
    if (head->event_count == 1) {
        unlink_waiting(outbox, head);
        pass_on_start(head);
        free_batch(outbox, head);
        return;
    }
    const size_t cost = MQC__OUTBOX_EVENT_COST + mqc__batch_first_size(head);
    mqc__batch_drop_first(head);
    /* Else its memory would grow with what is dropped and added in turn. */
    head->is_closed = true;
    head->cost -= cost;
    outbox->waiting_count--;
    outbox->waiting_bytes -= cost;
    outbox->event_count--;
    outbox->byte_count -= cost;
}

/* An event that comes in. */
struct incoming {
    struct mqc_view topic;
    enum mqc__qos qos;
    struct mqc_view bytes;
    struct mqc__buffer *memory; /* NULL: it is copied */
};

static bool fits(const struct mqc__outbox *outbox, const struct mqc__batch *batch,
                 size_t event_count, size_t event_bytes)
{
    const struct mqc__outbox_limits *limits = &outbox->limits;
    return event_count <= limits->batch_events_max - batch->event_count &&
           batch->event_bytes <= limits->batch_bytes_max &&
           event_bytes <= limits->batch_bytes_max - batch->event_bytes;
}

/* The batch that it joins; NULL: it begins one. */
static struct mqc__batch *find_open(const struct mqc__outbox *outbox, const struct incoming *event)
{
    if (event->memory != NULL)
        return NULL;
    const struct mqc__topic *topic = mqc__topic_table_find(&outbox->topics, event->topic);
    if (topic == NULL || topic->waiting == NULL || topic->starts_count)
        return NULL;
    struct mqc__batch *last = topic->waiting->topic_prev; /* utlist: the head's prev is the tail */
    const bool is_open = !last->is_closed && last->qos == event->qos &&
                         last->sequence + last->event_count == topic->next_sequence &&
                         fits(outbox, last, 1, event->bytes.size);
    return is_open ? last : NULL;
}

static size_t cost_of(const struct incoming *event, const struct mqc__batch *batch)
{
    const size_t bytes = event->memory != NULL ? event->memory->capacity : event->bytes.size;
    return bytes + MQC__OUTBOX_EVENT_COST + (batch == NULL ? MQC__OUTBOX_BATCH_COST : 0);
}

static bool has_room(const struct mqc__outbox *outbox, size_t cost)
{
    return outbox->event_count < outbox->limits.events_max &&
           cost <= outbox->limits.bytes_max - outbox->byte_count;
}

static bool dropping_helps(const struct mqc__outbox *outbox, size_t cost)
{
    return outbox->limits.when_full == MQC__WHEN_FULL_DROP_OLDEST &&
           outbox->event_count - outbox->waiting_count < outbox->limits.events_max &&
           cost <= outbox->limits.bytes_max - (outbox->byte_count - outbox->waiting_bytes);
}

static bool is_topic_name(struct mqc_view topic)
{
    return topic.size != 0 && topic.size <= UINT16_MAX &&
           memchr(topic.data, '\0', topic.size) == NULL &&
           memchr(topic.data, '+', topic.size) == NULL &&
           memchr(topic.data, '#', topic.size) == NULL;
}

/* Drops waiting events until there is room, if that is the policy and if it helps. Returns MQC_OK
 * with the batch that the event joins then, or NULL. */
static enum mqc_error make_room(struct mqc__outbox *outbox, const struct incoming *event,
                                struct mqc__batch **batch_out, size_t *dropped_out)
{
    *batch_out = find_open(outbox, event);
    /* The topic of a batch that waits was looked at before. */
    if (*batch_out == NULL && !is_topic_name(event->topic))
        return MQC_EINVAL;
    while (!has_room(outbox, cost_of(event, *batch_out))) {
        if (outbox->waiting == NULL || !dropping_helps(outbox, cost_of(event, NULL)))
            return MQC_EFULL;
        mqc__outbox_drop_head(outbox);
        (*dropped_out)++;
        *batch_out = find_open(outbox, event);
    }
    return MQC_OK;
}

static struct mqc__batch *new_batch(struct mqc__outbox *outbox, const struct incoming *event)
{
    if (event->memory != NULL)
        return mqc__batch_adopt(&outbox->pool, event->memory);
    const size_t batch_bytes = outbox->limits.batch_bytes_max;
    struct mqc__batch *batch = mqc__batch_new(
        &outbox->pool, event->bytes.size > batch_bytes ? event->bytes.size : batch_bytes);
    if (batch == NULL || mqc__batch_append(batch, event->bytes))
        return batch;
    mqc__batch_free(&outbox->pool, batch);
    return NULL;
}

/* Lets the event begin a batch. */
static struct mqc__batch *begin_batch(struct mqc__outbox *outbox, const struct incoming *event)
{
    struct mqc__topic *topic = mqc__topic_table_use(&outbox->topics, event->topic);
    if (topic == NULL)
        return NULL;
    struct mqc__batch *batch = new_batch(outbox, event);
    if (batch == NULL) {
        mqc__topic_table_leave(&outbox->topics, topic);
        return NULL;
    }
    batch->topic = topic;
    batch->qos = event->qos;
    batch->number = outbox->last_number + 1;
    batch->sequence = topic->next_sequence;
    batch->starts_count = topic->starts_count;
    batch->is_closed = event->memory != NULL;
    topic->starts_count = false;
    append(&outbox->waiting, batch);
    append_to_topic(batch);
    return batch;
}

static enum mqc_error accept(struct mqc__outbox *outbox, const struct incoming *event,
                             size_t *dropped_out)
{
    struct mqc__batch *batch = NULL;
    const enum mqc_error error = make_room(outbox, event, &batch, dropped_out);
    if (error != MQC_OK)
        return error;
    const size_t cost = cost_of(event, batch);
    if (batch == NULL)
        batch = begin_batch(outbox, event);
    else if (!mqc__batch_append(batch, event->bytes))
        batch = NULL;
    if (batch == NULL)
        return MQC_ENOMEM;
    outbox->last_number++;
    batch->topic->next_sequence++;
    batch->cost += cost;
    outbox->waiting_count++;
    outbox->waiting_bytes += cost;
    outbox->event_count++;
    outbox->byte_count += cost;
    return MQC_OK;
}

enum mqc_error mqc__outbox_accept(struct mqc__outbox *outbox, struct mqc_view topic,
                                  enum mqc__qos qos, struct mqc_view event, size_t *dropped_out)
{
    const struct incoming incoming = {topic, qos, event, NULL};
    *dropped_out = 0;
    if (cost_of(&incoming, NULL) > outbox->limits.bytes_max)
        return MQC_ETOOLARGE;
    return accept(outbox, &incoming, dropped_out);
}

enum mqc_error mqc__outbox_accept_buffer(struct mqc__outbox *outbox, struct mqc_view topic,
                                         enum mqc__qos qos, struct mqc__buffer *event,
                                         size_t *dropped_out)
{
    const struct incoming incoming = {topic, qos, mqc__buffer_view(event), event};
    *dropped_out = 0;
    if (event->size < LARGE_BYTES || !mqc__buffer_is_on_heap(event) ||
        cost_of(&incoming, NULL) > outbox->limits.bytes_max)
        return mqc__outbox_accept(outbox, topic, qos, incoming.bytes, dropped_out);
    return accept(outbox, &incoming, dropped_out);
}

void mqc__outbox_lend(struct mqc__outbox *outbox, size_t event_bytes, struct mqc__buffer *buffer)
{
    if (event_bytes >= LARGE_BYTES)
        mqc__batch_lend(&outbox->pool, event_bytes, buffer);
}

const struct mqc__batch *mqc__outbox_head(const struct mqc__outbox *outbox)
{
    return outbox->waiting;
}

/* Moves events from the beginning of a batch that waits to the end of one that does not. false: no
 * memory for any. */
static bool move_events(struct mqc__outbox *outbox, struct mqc__batch *from, struct mqc__batch *to,
                        size_t bytes_max)
{
    const size_t count = from->event_count;
    const size_t bytes = from->event_bytes;
    discount_waiting(outbox, from);
    const bool is_moved = mqc__batch_move(from, to, bytes_max);
    const size_t cost =
        bytes - from->event_bytes + (count - from->event_count) * MQC__OUTBOX_EVENT_COST;
    from->cost -= cost;
    to->cost += cost;
    count_waiting(outbox, from);
    return is_moved;
}

/* Takes what fits from the beginning of the head. NULL: no memory. */
static struct mqc__batch *split_head(struct mqc__outbox *outbox, size_t event_bytes_max)
{
    struct mqc__batch *head = outbox->waiting;
    struct mqc__batch *batch = mqc__batch_new(&outbox->pool, head->event_bytes);
    if (batch == NULL)
        return NULL;
    batch->sequence = head->sequence;
    if (!move_events(outbox, head, batch, event_bytes_max)) {
        mqc__batch_free(&outbox->pool, batch);
        return NULL;
    }
    batch->topic =
        mqc__topic_table_use(&outbox->topics, mqc_view_bytes(head->topic->text, head->topic->size));
    batch->qos = head->qos;
    batch->number = head->number;
    batch->starts_count = head->starts_count;
    batch->is_closed = true;
    /* What stays keeps its place, and must come to an end: see mqc__outbox_oldest(). */
    head->starts_count = false;
    head->is_closed = true;
    return batch;
}

static bool may_join(const struct mqc__outbox *outbox, const struct mqc__batch *batch,
                     const struct mqc__batch *next, size_t event_bytes_max)
{
    return next != NULL && next->qos == batch->qos && !next->starts_count &&
           next->sequence == batch->sequence + batch->event_count &&
           next->event_bytes < LARGE_BYTES &&
           fits(outbox, batch, next->event_count, next->event_bytes) &&
           next->event_bytes + batch->event_bytes <= event_bytes_max;
}

/* After a connection was lost there may be many small batches, which leave together now. */
static void take_along(struct mqc__outbox *outbox, struct mqc__batch *batch, size_t event_bytes_max)
{
    const struct mqc__topic *topic = batch->topic;
    while (may_join(outbox, batch, topic->waiting, event_bytes_max)) {
        struct mqc__batch *next = topic->waiting;
        (void)move_events(outbox, next, batch, next->event_bytes);
        if (next->event_count != 0)
            return;
        unlink_waiting(outbox, next);
        free_batch(outbox, next);
    }
}

enum mqc_error mqc__outbox_take(struct mqc__outbox *outbox, size_t event_bytes_max,
                                struct mqc__batch **batch_out)
{
    struct mqc__batch *batch = outbox->waiting;
    if (batch == NULL)
        return MQC_ENOTFOUND;
    if (batch->event_count > 1 && batch->event_bytes > event_bytes_max) {
        batch = split_head(outbox, event_bytes_max);
        if (batch == NULL)
            return MQC_ENOMEM;
    } else {
        unlink_waiting(outbox, batch);
        take_along(outbox, batch, event_bytes_max);
    }
    append_in_flight(outbox, batch);
    *batch_out = batch;
    return MQC_OK;
}

struct mqc__batch *mqc__outbox_find(const struct mqc__outbox *outbox, int token)
{
    struct mqc__batch *batch = outbox->in_flight;
    while (batch != NULL && batch->token != token)
        batch = batch->next;
    return batch;
}

size_t mqc__outbox_complete(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    const size_t count = batch->event_count;
    take_from_flight(outbox, batch);
    free_batch(outbox, batch);
    return count;
}

size_t mqc__outbox_drop_batch(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    pass_on_start(batch);
    return mqc__outbox_complete(outbox, batch);
}

/* The batch in the waiting list before which one with this number has its place, NULL for the
 * end. */
static struct mqc__batch *find_place(const struct mqc__outbox *outbox, uint64_t number)
{
    struct mqc__batch *place = outbox->waiting;
    while (place != NULL && place->number < number)
        place = place->next;
    return place;
}

void mqc__outbox_put_back(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    take_from_flight(outbox, batch);
    batch->token = -1;
    struct mqc__batch *place = find_place(outbox, batch->number);
    if (place != NULL)
        insert_before(&outbox->waiting, place, batch);
    else
        append(&outbox->waiting, batch);
    prepend_to_topic(batch);
    count_waiting(outbox, batch);
}

void mqc__outbox_requeue(struct mqc__outbox *outbox)
{
    /* utlist: the head's prev is the tail. */
    while (outbox->in_flight != NULL)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): unlinked before it is freed */
        mqc__outbox_put_back(outbox, outbox->in_flight->prev);
}

uint64_t mqc__outbox_oldest(const struct mqc__outbox *outbox)
{
    uint64_t oldest = outbox->waiting != NULL ? outbox->waiting->number : UINT64_MAX;
    for (const struct mqc__batch *batch = outbox->in_flight; batch != NULL; batch = batch->next) {
        if (batch->number < oldest)
            oldest = batch->number;
    }
    return oldest;
}

void mqc__outbox_fini(struct mqc__outbox *outbox)
{
    mqc__outbox_requeue(outbox);
    while (outbox->waiting != NULL)
        mqc__outbox_drop_head(outbox);
    mqc__batch_pool_fini(&outbox->pool);
    mqc__topic_table_fini(&outbox->topics);
}
