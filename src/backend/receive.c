#include "backend/backend_priv.h"
#include "backend/payload.h"

#include "topic/topic.h"

#include <inttypes.h>

/* For texts that name a topic. */
static int shown(struct mqc_view text)
{
    return (int)(text.size < 120 ? text.size : 120);
}

static void report_malformed(struct mqc_backend *backend, const struct mqc__inbox_item *item,
                             const char *reason)
{
    atomic_fetch_add(&backend->malformed_messages, 1);
    mqc__backend_trouble(backend, MQC__TROUBLE_MALFORMED,
                         "a message on MQTT topic %.*s (%zu bytes) cannot be read: %s; it is "
                         "dropped",
                         shown(item->topic), item->topic.data, item->payload.size, reason);
}

/* Finds the event topic in the MQTT topic, into backend->topic. */
static bool read_topic(struct mqc_backend *backend, const struct mqc__inbox_item *item)
{
    struct mqc_view encoded;
    mqc__buffer_clear(&backend->topic);
    if (mqc__topic_event_part(backend->root, item->topic, &encoded) &&
        mqc__topic_decode(encoded, &backend->topic))
        return true;
    report_malformed(backend, item, "its topic is not one that an event travels on");
    return false;
}

/* Returns who wants the message. What this node has published for itself the gateway has had. */
static unsigned who_wants(struct mqc_backend *backend, const struct mqc__inbox_item *item)
{
    unsigned who = MQC__INTEREST_NODE;
    if (!item->is_local && mqc__backend_gateway(backend) != NULL)
        who |= MQC__INTEREST_GATEWAY;
    return mqc__interests_match(backend->interests, who, mqc__buffer_view(&backend->topic));
}

/* How many events at the start of the envelope the handlers have had already. */
static uint64_t count_repeated(struct mqc_backend *backend, const struct mqc__envelope *envelope,
                               struct mqc_view topic)
{
    const struct mqc__stream_batch batch = {
        .instance = envelope->sender.instance,
        .topic = topic,
        .first = envelope->first_sequence,
        .count = envelope->event_count,
        .starts_count = envelope->starts_count,
        .epoch = atomic_load(&backend->unsubscribes),
    };
    struct mqc__stream_verdict verdict;
    if (batch.instance.size == 0 ||
        mqc__streams_arrive(backend->streams, &batch, &verdict) != MQC_OK)
        return 0;
    atomic_fetch_add(&backend->duplicate_events, verdict.repeated);
    if (verdict.missing == 0)
        return verdict.repeated;
    atomic_fetch_add(&backend->missing_events, verdict.missing);
    mqc__backend_trouble(backend, MQC__TROUBLE_MISSING,
                         "%" PRIu64 " events from %.*s on topic %.*s never arrived: the sender or "
                         "the broker dropped them",
                         verdict.missing, shown(envelope->sender.instance),
                         envelope->sender.instance.data, shown(topic), topic.data);
    return verdict.repeated;
}

void mqc__backend_deliver(struct mqc_backend *backend, const struct mqc_message *message)
{
    atomic_fetch_add(&backend->received_events, 1);
    mqc__backend_count(backend, MQC__TELEMETRY_INCOMING, message->topic, message->event);
    (void)mqc__handlers_call(backend->handlers, message);
}

static void handle_event(struct mqc_backend *backend, const struct mqc_message *message,
                         unsigned who)
{
    struct mqc_error_info info;
    if (mqc__declarations_check(backend->declarations, message->event, &info) != MQC_OK) {
        atomic_fetch_add(&backend->mismatched_events, 1);
        const struct mqc_view sender = message->sender_instance.size != 0
                                           ? message->sender_instance
                                           : mqc_view_text("an unnamed sender");
        mqc__backend_trouble(backend, MQC__TROUBLE_MISMATCH,
                             "an event from %.*s on topic %.*s is dropped: %s", shown(sender),
                             sender.data, shown(message->topic), message->topic.data, info.text);
        return;
    }
    if ((who & MQC__INTEREST_GATEWAY) != 0) {
        const struct mqc__gateway *gateway = mqc__backend_gateway(backend);
        gateway->event(gateway->context, message->topic, message->event, 0);
    }
    if ((who & MQC__INTEREST_NODE) != 0)
        mqc__backend_deliver(backend, message);
}

static void handle_envelope(struct mqc_backend *backend, const struct mqc__inbox_item *item,
                            const struct mqc__envelope *envelope, unsigned who)
{
    const struct mqc_view topic = mqc__buffer_view(&backend->topic);
    /* A node does not receive its own events; MQTT 3.1.1 cannot keep them back. */
    if (!item->is_local &&
        mqc_view_equal(envelope->sender.instance, mqc_view_text(backend->node_id)))
        return;
    struct mqc_message message = {
        .topic = topic,
        .sender_node = envelope->sender.node,
        .sender_instance = envelope->sender.instance,
        .received_ns = item->received_ns,
        .is_remote = !item->is_local,
    };
    const uint64_t repeated = item->is_local ? 0 : count_repeated(backend, envelope, topic);
    for (uint64_t i = repeated; i < envelope->event_count; i++) {
        message.event = &envelope->events[i];
        handle_event(backend, &message, who);
    }
}

static const struct mqc__signature *find_signature(void *context, struct mqc_view event)
{
    return mqc__declarations_find(context, event);
}

void mqc__backend_receive(struct mqc_backend *backend, const struct mqc__inbox_item *item)
{
    if (!read_topic(backend, item))
        return;
    const unsigned who = who_wants(backend, item);
    if (who == 0) {
        atomic_fetch_add(&backend->unwanted_messages, 1);
        return;
    }
    mqc__arena_reset(&backend->arena);
    backend->arena.limit_bytes = mqc__payload_memory_limit(item->payload.size);
    const struct mqc__json_signatures signatures = {find_signature, backend->declarations};
    const struct mqc__payload_source source = {item->payload, item->content_type, &signatures,
                                               &backend->decompressor};
    struct mqc__envelope envelope;
    struct mqc_error_info info;
    if (mqc__payload_read(&backend->arena, &source, &envelope, &info) != MQC_OK)
        report_malformed(backend, item, info.text);
    else
        handle_envelope(backend, item, &envelope, who);
}
