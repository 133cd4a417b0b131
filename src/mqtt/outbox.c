#include "mqtt/outbox.h"

#include <stdlib.h>

/* From here on a copy costs more than the memory that a buffer has too much. */
#define LARGE_BYTES ((size_t)4096)

/* NOLINTBEGIN(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */
static void append(struct mqc__record **list, struct mqc__record *record)
{
    DL_APPEND(*list, record);
}

static void insert_before(struct mqc__record **list, struct mqc__record *place,
                          struct mqc__record *record)
{
    DL_PREPEND_ELEM(*list, place, record);
}

static void take_out(struct mqc__record **list, struct mqc__record *record)
{
    DL_DELETE(*list, record);
}

static void append_to_topic(struct mqc__record *record)
{
    DL_APPEND2(record->topic->waiting, record, topic_prev, topic_next);
}

static void prepend_to_topic(struct mqc__record *record)
{
    DL_PREPEND2(record->topic->waiting, record, topic_prev, topic_next);
}

static void take_from_topic(struct mqc__record *record)
{
    DL_DELETE2(record->topic->waiting, record, topic_prev, topic_next);
}

static void append_batch(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    DL_APPEND(outbox->in_flight, batch);
    outbox->in_flight_count++;
    outbox->in_flight_bytes += batch->event_bytes;
}

static void take_out_batch(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    DL_DELETE(outbox->in_flight, batch);
    outbox->in_flight_count--;
    outbox->in_flight_bytes -= batch->event_bytes;
}
/* NOLINTEND(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */

void mqc__outbox_init(struct mqc__outbox *outbox, const struct mqc__outbox_limits *limits)
{
    *outbox = (struct mqc__outbox){.limits = *limits, .topics.idle_max = limits->topics_max};
}

static size_t cost_of(size_t event_bytes)
{
    return sizeof(struct mqc__record) + event_bytes;
}

static void destroy_record(struct mqc__record *record)
{
    if (record->bytes != record->small)
        free(record->bytes);
    free(record);
}

static void free_record(struct mqc__outbox *outbox, struct mqc__record *record)
{
    outbox->event_count--;
    outbox->byte_count -= record->cost;
    mqc__topic_table_leave(&outbox->topics, record->topic);
    destroy_record(record);
}

static void unlink_waiting(struct mqc__outbox *outbox, struct mqc__record *record)
{
    outbox->waiting_count--;
    outbox->waiting_bytes -= record->cost;
    take_out(&outbox->waiting, record);
    take_from_topic(record);
}

/* The start of a count is told by the first event that does leave. */
static void pass_on_start(const struct mqc__record *dropped)
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
    struct mqc__record *head = outbox->waiting;
    if (head == NULL)
        return;
    unlink_waiting(outbox, head);
    pass_on_start(head);
    free_record(outbox, head);
}

static bool has_room(const struct mqc__outbox *outbox, size_t bytes)
{
    return outbox->event_count < outbox->limits.events_max &&
           bytes <= outbox->limits.bytes_max - outbox->byte_count;
}

static bool dropping_helps(const struct mqc__outbox *outbox, size_t bytes)
{
    return outbox->event_count - outbox->waiting_count < outbox->limits.events_max &&
           bytes <= outbox->limits.bytes_max - (outbox->byte_count - outbox->waiting_bytes);
}

/* Drops the oldest waiting events until there is room, if that is the policy and if it helps. */
static enum mqc_error make_room(struct mqc__outbox *outbox, size_t bytes, size_t *dropped_out)
{
    *dropped_out = 0;
    if (outbox->limits.when_full == MQC__WHEN_FULL_DROP_OLDEST && dropping_helps(outbox, bytes)) {
        while (!has_room(outbox, bytes)) {
            mqc__outbox_drop_head(outbox);
            (*dropped_out)++;
        }
    }
    return has_room(outbox, bytes) ? MQC_OK : MQC_EFULL;
}

static void append_record(struct mqc__outbox *outbox, struct mqc__record *record)
{
    struct mqc__topic *topic = record->topic;
    record->number = ++outbox->last_number;
    record->sequence = topic->next_sequence++;
    record->starts_count = topic->starts_count;
    topic->starts_count = false;
    outbox->waiting_count++;
    outbox->waiting_bytes += record->cost;
    append(&outbox->waiting, record);
    append_to_topic(record);
    outbox->event_count++;
    outbox->byte_count += record->cost;
}

/* Queues a record, or leaves it to the caller. */
static enum mqc_error accept(struct mqc__outbox *outbox, struct mqc_view topic,
                             struct mqc__record *record, size_t *dropped_out)
{
    const enum mqc_error error = make_room(outbox, record->cost, dropped_out);
    if (error != MQC_OK)
        return error;
    record->topic = mqc__topic_table_use(&outbox->topics, topic);
    if (record->topic == NULL)
        return MQC_ENOMEM;
    append_record(outbox, record);
    return MQC_OK;
}

enum mqc_error mqc__outbox_accept(struct mqc__outbox *outbox, struct mqc_view topic,
                                  enum mqc__qos qos, struct mqc_view event, size_t *dropped_out)
{
    *dropped_out = 0;
    if (cost_of(event.size) > outbox->limits.bytes_max)
        return MQC_ETOOLARGE;
    struct mqc__record *record = malloc(cost_of(event.size));
    if (record == NULL)
        return MQC_ENOMEM;
    *record = (struct mqc__record){
        .size = event.size, .cost = cost_of(event.size), .qos = qos, .bytes = record->small};
    if (event.size != 0)
        memcpy(record->small, event.data, event.size);
    const enum mqc_error error = accept(outbox, topic, record, dropped_out);
    if (error != MQC_OK)
        destroy_record(record);
    return error;
}

static enum mqc_error accept_large(struct mqc__outbox *outbox, struct mqc_view topic,
                                   struct mqc__buffer *event, struct mqc__record *record,
                                   size_t *dropped_out)
{
    record->size = event->size;
    record->spare = event->capacity - event->size;
    record->cost = cost_of(event->capacity);
    record->bytes = event->data;
    const enum mqc_error error = accept(outbox, topic, record, dropped_out);
    if (error == MQC_OK)
        mqc__buffer_init(event, event->limit_bytes);
    return error;
}

enum mqc_error mqc__outbox_accept_buffer(struct mqc__outbox *outbox, struct mqc_view topic,
                                         enum mqc__qos qos, struct mqc__buffer *event,
                                         size_t *dropped_out)
{
    *dropped_out = 0;
    if (event->size < LARGE_BYTES || !mqc__buffer_is_on_heap(event) ||
        cost_of(event->capacity) > outbox->limits.bytes_max)
        return mqc__outbox_accept(outbox, topic, qos, mqc__buffer_view(event), dropped_out);
    struct mqc__record *record = calloc(1, sizeof *record);
    if (record == NULL)
        return MQC_ENOMEM;
    record->qos = qos;
    const enum mqc_error error = accept_large(outbox, topic, event, record, dropped_out);
    if (error != MQC_OK)
        free(record);
    return error;
}

const struct mqc__record *mqc__outbox_head(const struct mqc__outbox *outbox)
{
    return outbox->waiting;
}

static bool fits_batch(const struct mqc__outbox *outbox, const struct mqc__batch *batch,
                       const struct mqc__record *record, size_t event_bytes_max)
{
    const size_t limit = event_bytes_max < outbox->limits.batch_bytes_max
                             ? event_bytes_max
                             : outbox->limits.batch_bytes_max;
    const struct mqc__record *last = batch->records->prev; /* utlist: the head's prev is the tail */
    return batch->event_count < outbox->limits.batch_events_max && record->qos == batch->qos &&
           record->sequence == last->sequence + 1 && !record->starts_count &&
           batch->event_bytes <= limit && record->size <= limit - batch->event_bytes;
}

static void move_to_batch(struct mqc__outbox *outbox, struct mqc__batch *batch,
                          struct mqc__record *record)
{
    unlink_waiting(outbox, record);
    append(&batch->records, record);
    batch->event_count++;
    batch->event_bytes += record->size;
}

enum mqc_error mqc__outbox_take(struct mqc__outbox *outbox, size_t event_bytes_max,
                                struct mqc__batch **batch_out)
{
    struct mqc__record *head = outbox->waiting;
    if (head == NULL)
        return MQC_ENOTFOUND;
    struct mqc__batch *batch = malloc(sizeof *batch);
    if (batch == NULL)
        return MQC_ENOMEM;
    struct mqc__topic *topic = head->topic;
    *batch = (struct mqc__batch){
        .topic = topic, .qos = head->qos, .starts_count = head->starts_count, .token = -1};
    move_to_batch(outbox, batch, head);
    while (topic->waiting != NULL && fits_batch(outbox, batch, topic->waiting, event_bytes_max))
        move_to_batch(outbox, batch, topic->waiting);
    append_batch(outbox, batch);
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
    take_out_batch(outbox, batch);
    while (batch->records != NULL) {
        struct mqc__record *record = batch->records;
        take_out(&batch->records, record);
        free_record(outbox, record);
    }
    free(batch);
    return count;
}

size_t mqc__outbox_drop_batch(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    pass_on_start(batch->records);
    return mqc__outbox_complete(outbox, batch);
}

/* The record in the waiting list before which this one has its place, NULL for the end. Looks from
 * where the one before it stands. */
static struct mqc__record *find_place(struct mqc__record *from, const struct mqc__record *record)
{
    while (from != NULL && from->number < record->number)
        from = from->next;
    return from;
}

static void put_in_place(struct mqc__outbox *outbox, struct mqc__record *place,
                         struct mqc__record *record)
{
    outbox->waiting_count++;
    outbox->waiting_bytes += record->cost;
    if (place != NULL)
        insert_before(&outbox->waiting, place, record);
    else
        append(&outbox->waiting, record);
}

void mqc__outbox_put_back(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    take_out_batch(outbox, batch);
    for (struct mqc__record *r = batch->records->prev;; r = r->prev) {
        prepend_to_topic(r);
        if (r == batch->records)
            break;
    }
    struct mqc__record *place = outbox->waiting;
    while (batch->records != NULL) {
        struct mqc__record *record = batch->records;
        place = find_place(place, record);
        take_out(&batch->records, record);
        put_in_place(outbox, place, record);
    }
    free(batch);
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
        if (batch->records->number < oldest)
            oldest = batch->records->number;
    }
    return oldest;
}

void mqc__outbox_fini(struct mqc__outbox *outbox)
{
    mqc__outbox_requeue(outbox);
    while (outbox->waiting != NULL)
        mqc__outbox_drop_head(outbox);
    mqc__topic_table_fini(&outbox->topics);
}
