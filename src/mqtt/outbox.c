#include "mqtt/outbox_priv.h"

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

void mqc__outbox_append_in_flight(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    append(&outbox->in_flight, batch);
    if (batch->is_in_pieces)
        return; /* these count */
    outbox->in_flight_count++;
    outbox->in_flight_bytes += batch->event_bytes;
}

void mqc__outbox_take_from_flight(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    take_out(&outbox->in_flight, batch);
    if (batch->is_in_pieces) {
        mqc__outbox_stop_pieces(outbox, batch);
        return;
    }
    outbox->in_flight_count--;
    outbox->in_flight_bytes -= batch->event_bytes;
}

void mqc__outbox_init(struct mqc__outbox *outbox, const struct mqc__outbox_limits *limits)
{
    *outbox = (struct mqc__outbox){
        .limits = *limits,
        .topics.idle_max = limits->topics_max,
        .pool.headroom = limits->header_bytes_max,
        .keep.due_ms = MQC__STREAM_OUT_NEVER,
    };
}

/* The list in which the batches of a topic wait. */
static struct mqc__batch **list_of(struct mqc__outbox *outbox, const struct mqc__topic *topic)
{
    return topic->is_urgent ? &outbox->urgent : &outbox->waiting;
}

static struct mqc__batch *first_free(const struct mqc__outbox *outbox, struct mqc__batch *list)
{
    while (list != NULL && !mqc__outbox_is_free(outbox, list))
        list = list->next;
    return list;
}

struct mqc__batch *mqc__outbox_next(const struct mqc__outbox *outbox)
{
    struct mqc__batch *urgent = first_free(outbox, outbox->urgent);
    if (urgent != NULL && outbox->urgent_run < MQC__OUTBOX_URGENT_RUN)
        return urgent;
    struct mqc__batch *other = first_free(outbox, outbox->waiting);
    return other != NULL ? other : urgent;
}

/* Events that begin or stop to wait. */
void mqc__outbox_count_waiting(struct mqc__outbox *outbox, const struct mqc__batch *batch)
{
    outbox->waiting_count += batch->event_count;
    outbox->waiting_bytes += batch->cost;
}

void mqc__outbox_discount_waiting(struct mqc__outbox *outbox, const struct mqc__batch *batch)
{
    outbox->waiting_count -= batch->event_count;
    outbox->waiting_bytes -= batch->cost;
}

void mqc__outbox_append_waiting(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    append(list_of(outbox, batch->topic), batch);
    append_to_topic(batch);
}

void mqc__outbox_unlink_waiting(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    mqc__outbox_discount_waiting(outbox, batch);
    take_out(list_of(outbox, batch->topic), batch);
    take_from_topic(batch);
}

void mqc__outbox_widen(struct mqc__batch *batch, const struct mqc__batch *moved)
{
    if (moved->number < batch->number)
        batch->number = moved->number;
}

void mqc__outbox_dispose(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    mqc__outbox_leave_stream(batch);
    mqc__topic_table_leave(&outbox->topics, batch->topic);
    mqc__batch_free(&outbox->pool, batch);
}

void mqc__outbox_free_batch(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    outbox->event_count -= batch->event_count;
    outbox->byte_count -= batch->cost;
    mqc__outbox_dispose(outbox, batch);
}

bool mqc__outbox_fits(const struct mqc__outbox *outbox, const struct mqc__batch *batch,
                      size_t event_count, size_t event_bytes)
{
    const struct mqc__outbox_limits *limits = &outbox->limits;
    return event_count <= limits->batch_events_max - batch->event_count &&
           batch->event_bytes <= limits->batch_bytes_max &&
           event_bytes <= limits->batch_bytes_max - batch->event_bytes;
}

/* The start of a count is told by the first event that does leave. */
static void pass_on_start(const struct mqc__batch *dropped)
{
    if (!dropped->starts_count)
        return;
    struct mqc__topic *topic = dropped->topic;
    if (topic->waiting != NULL && topic->waiting->origin == dropped->origin)
        topic->waiting->starts_count = true;
    else if (dropped->origin == NULL)
        topic->starts_count = true;
}

void mqc__outbox_drop_first(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    if (batch->event_count == 1) {
        mqc__outbox_unlink_waiting(outbox, batch);
        pass_on_start(batch);
        mqc__outbox_free_batch(outbox, batch);
        return;
    }
    const size_t cost = MQC__OUTBOX_EVENT_COST + mqc__batch_first_size(batch);
    mqc__batch_drop_first(batch);
    /* Else its memory would grow with what is dropped and added in turn. */
    batch->is_closed = true;
    batch->cost -= cost;
    outbox->waiting_count--;
    outbox->waiting_bytes -= cost;
    outbox->event_count--;
    outbox->byte_count -= cost;
}

void mqc__outbox_drop_head(struct mqc__outbox *outbox)
{
    struct mqc__batch *head = mqc__outbox_next(outbox);
    if (head != NULL)
        mqc__outbox_drop_first(outbox, head);
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
    mqc__outbox_take_from_flight(outbox, batch);
    mqc__outbox_free_batch(outbox, batch);
    return count;
}

size_t mqc__outbox_drop_batch(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    pass_on_start(batch);
    mqc__outbox_given_up(outbox, batch);
    return mqc__outbox_complete(outbox, batch);
}

/* The batch in a waiting list before which one with this number has its place, NULL for the end. */
static struct mqc__batch *find_place(struct mqc__batch *list, uint64_t number)
{
    struct mqc__batch *place = list;
    while (place != NULL && place->number < number)
        place = place->next;
    return place;
}

void mqc__outbox_put_back(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    if (batch->whole != NULL) {
        mqc__outbox_untake_piece(outbox, batch);
        return;
    }
    mqc__outbox_take_from_flight(outbox, batch);
    batch->token = -1;
    struct mqc__batch **list = list_of(outbox, batch->topic);
    struct mqc__batch *place = find_place(*list, batch->number);
    if (place != NULL)
        insert_before(list, place, batch);
    else
        append(list, batch);
    prepend_to_topic(batch);
    mqc__outbox_count_waiting(outbox, batch);
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
    if (outbox->urgent != NULL && outbox->urgent->number < oldest)
        oldest = outbox->urgent->number;
    for (const struct mqc__batch *batch = outbox->in_flight; batch != NULL; batch = batch->next) {
        if (batch->number < oldest)
            oldest = batch->number;
    }
    return oldest;
}

static size_t count_best_effort(const struct mqc__batch *list)
{
    size_t count = 0;
    for (const struct mqc__batch *batch = list; batch != NULL; batch = batch->next)
        count += batch->qos == MQC__QOS_0 ? batch->event_count : 0;
    return count;
}

size_t mqc__outbox_best_effort_count(const struct mqc__outbox *outbox)
{
    return count_best_effort(outbox->waiting) + count_best_effort(outbox->urgent) +
           count_best_effort(outbox->in_flight);
}

void mqc__outbox_fini(struct mqc__outbox *outbox)
{
    mqc__outbox_requeue(outbox);
    while (mqc__outbox_next(outbox) != NULL)
        mqc__outbox_drop_head(outbox);
    mqc__outbox_keep_fini(outbox);
    mqc__batch_pool_fini(&outbox->pool);
    mqc__topic_table_fini(&outbox->topics);
    mqc__outbox_free_origins(outbox);
}
