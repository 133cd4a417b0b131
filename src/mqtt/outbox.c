#include "mqtt/outbox.h"

#include <stdlib.h>

void mqc__outbox_init(struct mqc__outbox *outbox, const struct mqc__outbox_limits *limits)
{
    *outbox = (struct mqc__outbox){.limits = *limits, .topics.idle_max = limits->topics_max};
}

static size_t record_bytes(size_t event_size)
{
    return sizeof(struct mqc__record) + event_size;
}

static void free_record(struct mqc__outbox *outbox, struct mqc__record *record)
{
    outbox->event_count--;
    outbox->byte_count -= record_bytes(record->size);
    mqc__topic_table_leave(&outbox->topics, record->topic);
    free(record);
}

static void unlink_waiting(struct mqc__outbox *outbox, struct mqc__record *record)
{
    outbox->waiting_count--;
    outbox->waiting_bytes -= record_bytes(record->size);
    DL_DELETE(outbox->waiting, record);
    DL_DELETE2(record->topic->waiting, record, topic_prev, topic_next);
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
    outbox->waiting_bytes += record_bytes(record->size);
    DL_APPEND(outbox->waiting, record);
    DL_APPEND2(topic->waiting, record, topic_prev, topic_next);
    outbox->event_count++;
    outbox->byte_count += record_bytes(record->size);
}

enum mqc_error mqc__outbox_accept(struct mqc__outbox *outbox, struct mqc_view topic,
                                  enum mqc__qos qos, struct mqc_view event, size_t *dropped_out)
{
    *dropped_out = 0;
    if (record_bytes(event.size) > outbox->limits.bytes_max)
        return MQC_ETOOLARGE;
    struct mqc__record *record = malloc(record_bytes(event.size));
    if (record == NULL)
        return MQC_ENOMEM;
    *record = (struct mqc__record){.size = event.size, .qos = qos};
    if (event.size != 0)
        memcpy(record->bytes, event.data, event.size);
    enum mqc_error error = make_room(outbox, record_bytes(event.size), dropped_out);
    if (error == MQC_OK) {
        record->topic = mqc__topic_table_use(&outbox->topics, topic);
        error = record->topic != NULL ? MQC_OK : MQC_ENOMEM;
    }
    if (error != MQC_OK) {
        free(record);
        return error;
    }
    append_record(outbox, record);
    return MQC_OK;
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
    DL_APPEND(batch->records, record);
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
    DL_APPEND(outbox->in_flight, batch);
    outbox->in_flight_count++;
    outbox->in_flight_bytes += batch->event_bytes;
    *batch_out = batch;
    return MQC_OK;
}

struct mqc__batch *mqc__outbox_find(const struct mqc__outbox *outbox, int token)
{
    struct mqc__batch *batch = NULL;
    DL_SEARCH_SCALAR(outbox->in_flight, batch, token, token);
    return batch;
}

static void unlink_batch(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    DL_DELETE(outbox->in_flight, batch);
    outbox->in_flight_count--;
    outbox->in_flight_bytes -= batch->event_bytes;
}

size_t mqc__outbox_complete(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    const size_t count = batch->event_count;
    unlink_batch(outbox, batch);
    while (batch->records != NULL) {
        struct mqc__record *record = batch->records;
        DL_DELETE(batch->records, record);
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

static int by_number(const struct mqc__record *a, const struct mqc__record *b)
{
    return (a->number > b->number) - (a->number < b->number);
}

/* Merges ascending records into the ascending waiting list. */
static void merge_waiting(struct mqc__outbox *outbox, struct mqc__record *records)
{
    struct mqc__record *place = outbox->waiting;
    while (records != NULL) {
        struct mqc__record *record = records;
        while (place != NULL && place->number < record->number)
            place = place->next;
        DL_DELETE(records, record);
        outbox->waiting_count++;
        outbox->waiting_bytes += record_bytes(record->size);
        if (place == NULL)
            DL_APPEND(outbox->waiting, record);
        else
            DL_PREPEND_ELEM(outbox->waiting, place, record);
    }
}

/* Unlinks the batch, gives its records back to their topic and adds them to *records. */
static void dissolve(struct mqc__outbox *outbox, struct mqc__batch *batch,
                     struct mqc__record **records)
{
    unlink_batch(outbox, batch);
    while (batch->records != NULL) {
        struct mqc__record *last = batch->records->prev;
        DL_DELETE(batch->records, last);
        DL_PREPEND2(batch->topic->waiting, last, topic_prev, topic_next);
        DL_PREPEND(*records, last);
    }
    free(batch);
}

void mqc__outbox_put_back(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    struct mqc__record *records = NULL;
    dissolve(outbox, batch, &records);
    merge_waiting(outbox, records);
}

void mqc__outbox_requeue(struct mqc__outbox *outbox)
{
    struct mqc__record *records = NULL;
    while (outbox->in_flight != NULL)
        dissolve(outbox, outbox->in_flight->prev, &records);
    DL_SORT(records, by_number);
    merge_waiting(outbox, records);
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
