#include "mqtt/outbox_priv.h"

/* An event that comes in. */
struct incoming {
    struct mqc_view topic;
    struct mqc__service service;
    struct mqc_view bytes;
    struct mqc__buffer *memory;         /* NULL: it is copied */
    const struct mqc__numbering *given; /* NULL: the outbox numbers it */
};

static enum mqc__receipt_kind receipt_of(struct mqc__service service)
{
    if (!service.is_end_to_end)
        return MQC__RECEIPT_NONE;
    return service.is_to_one ? MQC__RECEIPT_ONE : MQC__RECEIPT_MANY;
}

static struct mqc__numbering numbering_of(const struct mqc__outbox *outbox,
                                          const struct mqc__topic *topic,
                                          const struct incoming *event)
{
    if (event->given != NULL)
        return *event->given;
    return (struct mqc__numbering){
        .number = outbox->last_number + (outbox->limits.is_fed ? 0 : 1),
        .sequence = topic->next_sequence,
        .starts_count = topic->starts_count,
    };
}

static bool is_alone(const struct mqc__outbox *outbox, const struct incoming *event)
{
    return event->memory != NULL || mqc__outbox_is_large_size(outbox, event->bytes.size);
}

/* The batch that it joins; NULL: it begins one. */
static struct mqc__batch *find_open(const struct mqc__outbox *outbox, const struct incoming *event)
{
    if (is_alone(outbox, event))
        return NULL;
    const struct mqc__topic *topic = mqc__topic_table_find(&outbox->topics, event->topic);
    if (topic == NULL || topic->waiting == NULL)
        return NULL;
    const struct mqc__numbering numbering = numbering_of(outbox, topic, event);
    struct mqc__batch *last = topic->waiting->topic_prev; /* utlist: the head's prev is the tail */
    const bool is_open = !last->is_closed && last->qos == event->service.qos &&
                         last->receipt == receipt_of(event->service) &&
                         last->origin == numbering.origin && !numbering.starts_count &&
                         last->sequence + last->event_count == numbering.sequence &&
                         mqc__outbox_fits(outbox, last, 1, event->bytes.size);
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

static bool dropping_helps(const struct mqc__outbox *outbox, const struct incoming *event)
{
    const size_t cost = cost_of(event, NULL);
    return event->given == NULL && outbox->limits.when_full == MQC__WHEN_FULL_DROP_OLDEST &&
           outbox->event_count - outbox->waiting_count < outbox->limits.events_max &&
           cost <= outbox->limits.bytes_max - (outbox->byte_count - outbox->waiting_bytes);
}

bool mqc__outbox_is_topic_name(struct mqc_view topic)
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
    if (*batch_out == NULL && !mqc__outbox_is_topic_name(event->topic))
        return MQC_EINVAL;
    while (!has_room(outbox, cost_of(event, *batch_out))) {
        struct mqc__batch *oldest = outbox->waiting != NULL ? outbox->waiting : outbox->urgent;
        if (oldest == NULL || !dropping_helps(outbox, event))
            return MQC_EFULL;
        mqc__outbox_drop_first(outbox, oldest);
        (*dropped_out)++;
        *batch_out = find_open(outbox, event);
    }
    return MQC_OK;
}

static struct mqc__batch *new_batch(struct mqc__outbox *outbox, const struct incoming *event,
                                    uint64_t number)
{
    if (event->memory != NULL)
        return mqc__batch_adopt(&outbox->pool, event->memory, number);
    const size_t batch_bytes = outbox->limits.batch_bytes_max;
    struct mqc__batch *batch = mqc__batch_new(
        &outbox->pool, event->bytes.size > batch_bytes ? event->bytes.size : batch_bytes);
    if (batch == NULL || mqc__batch_append(batch, event->bytes, number))
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
    const struct mqc__numbering numbering = numbering_of(outbox, topic, event);
    struct mqc__batch *batch = new_batch(outbox, event, numbering.number);
    if (batch == NULL) {
        mqc__topic_table_leave(&outbox->topics, topic);
        return NULL;
    }
    /* Else the order of its events would be lost. */
    if (topic->user_count == 1)
        topic->is_urgent = event->service.is_urgent;
    batch->topic = topic;
    batch->origin = numbering.origin;
    batch->qos = event->service.qos;
    batch->receipt = receipt_of(event->service);
    batch->number = numbering.number;
    batch->sequence = numbering.sequence;
    batch->starts_count = numbering.starts_count;
    batch->is_closed = is_alone(outbox, event);
    if (event->given == NULL)
        topic->starts_count = false;
    mqc__outbox_append_waiting(outbox, batch);
    return batch;
}

static void count_in(struct mqc__outbox *outbox, struct mqc__batch *batch, size_t cost)
{
    batch->cost += cost;
    outbox->waiting_count++;
    outbox->waiting_bytes += cost;
    outbox->event_count++;
    outbox->byte_count += cost;
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
    else if (!mqc__batch_append(batch, event->bytes,
                                numbering_of(outbox, batch->topic, event).number))
        batch = NULL;
    if (batch == NULL)
        return MQC_ENOMEM;
    outbox->last_number = numbering_of(outbox, batch->topic, event).number;
    if (event->given == NULL)
        batch->topic->next_sequence++;
    count_in(outbox, batch, cost);
    return MQC_OK;
}

enum mqc_error mqc__outbox_accept(struct mqc__outbox *outbox, struct mqc_view topic,
                                  struct mqc__service service, struct mqc_view event,
                                  size_t *dropped_out)
{
    const struct incoming incoming = {topic, service, event, NULL, NULL};
    *dropped_out = 0;
    if (cost_of(&incoming, NULL) > outbox->limits.bytes_max)
        return MQC_ETOOLARGE;
    return accept(outbox, &incoming, dropped_out);
}

enum mqc_error mqc__outbox_accept_buffer(struct mqc__outbox *outbox, struct mqc_view topic,
                                         struct mqc__service service, struct mqc__buffer *event,
                                         size_t *dropped_out)
{
    const struct incoming incoming = {topic, service, mqc__buffer_view(event), event, NULL};
    *dropped_out = 0;
    if (event->size < MQC__OUTBOX_LARGE_BYTES || !mqc__buffer_is_on_heap(event) ||
        cost_of(&incoming, NULL) > outbox->limits.bytes_max)
        return mqc__outbox_accept(outbox, topic, service, incoming.bytes, dropped_out);
    return accept(outbox, &incoming, dropped_out);
}

enum mqc_error mqc__outbox_accept_numbered(struct mqc__outbox *outbox, struct mqc_view topic,
                                           struct mqc__service service, struct mqc_view event,
                                           const struct mqc__numbering *numbering)
{
    const struct incoming incoming = {topic, service, event, NULL, numbering};
    size_t dropped = 0;
    if (cost_of(&incoming, NULL) > outbox->limits.bytes_max)
        return MQC_ETOOLARGE;
    return accept(outbox, &incoming, &dropped);
}

bool mqc__outbox_may_take(const struct mqc__outbox *outbox, size_t event_bytes)
{
    const size_t cost = MQC__OUTBOX_EVENT_COST + MQC__OUTBOX_BATCH_COST;
    return outbox->limits.bytes_max >= cost && event_bytes <= outbox->limits.bytes_max - cost;
}

void mqc__outbox_lend(struct mqc__outbox *outbox, size_t event_bytes, struct mqc__buffer *buffer)
{
    if (event_bytes >= MQC__OUTBOX_LARGE_BYTES)
        mqc__batch_lend(&outbox->pool, event_bytes, buffer);
}
