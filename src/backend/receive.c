#include "backend/backend_priv.h"
#include "backend/payload.h"

#include "topic/topic.h"

#include <inttypes.h>
#include <string.h>

static void report_malformed(struct mqc_backend *backend, const struct mqc__inbox_item *item,
                             const char *reason)
{
    atomic_fetch_add(&backend->malformed_messages, 1);
    mqc__backend_trouble(backend, MQC__TROUBLE_MALFORMED,
                         "a message on MQTT topic %.*s (%zu bytes) cannot be read: %s; it is "
                         "dropped",
                         mqc__backend_shown(item->topic), item->topic.data, item->payload.size,
                         reason);
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

static void drop_unwanted(struct mqc_backend *backend)
{
    atomic_fetch_add(&backend->unwanted_messages, 1);
    mqc__streams_unwanted(backend->streams, mqc__buffer_view(&backend->topic));
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
                             "an event from %.*s on topic %.*s is dropped: %s",
                             mqc__backend_shown(sender), sender.data,
                             mqc__backend_shown(message->topic), message->topic.data, info.text);
        return;
    }
    if ((who & MQC__INTEREST_GATEWAY) != 0) {
        const struct mqc__gateway *gateway = mqc__backend_gateway(backend);
        gateway->event(gateway->context, message->topic, message->event, 0);
    }
    if ((who & MQC__INTEREST_NODE) != 0)
        mqc__backend_deliver(backend, message);
}

/* An envelope on its way to the handlers. */
struct arrival {
    const struct mqc__inbox_item *item;
    const struct mqc__envelope *envelope;
    struct mqc_view topic;
    struct mqc_view mqtt_topic; /* that of the topic */
    unsigned who;               /* wants it */
};

/* Hands over what the verdict lets through. A kill at any moment leaves the stream behind an event
 * whose handlers are done. */
static void handle_events(struct mqc_backend *backend, const struct arrival *arrival,
                          const struct mqc__followed *followed)
{
    const struct mqc__envelope *envelope = arrival->envelope;
    struct mqc_message message = {
        .topic = arrival->topic,
        .sender_node = envelope->sender.node,
        .sender_instance = envelope->sender.instance,
        .received_ns = arrival->item->received_ns,
        .is_remote = !arrival->item->is_local,
    };
    for (uint64_t i = followed->repeated; i < envelope->event_count; i++) {
        message.event = &envelope->events[i];
        if (followed->is_numbered) {
            message.sequence = envelope->first_sequence + i;
            message.is_uncertain =
                mqc__streams_begin(backend->streams, followed->place, message.sequence);
        }
        handle_event(backend, &message, arrival->who);
        if (followed->is_numbered)
            mqc__streams_done(backend->streams, followed->place, message.sequence);
    }
}

/* What is repeated for this node comes on the topic of its id: finds out what topic it was for,
 * into backend->topic and backend->mqtt_topic. */
static bool read_repeated_topic(struct mqc_backend *backend, struct arrival *arrival)
{
    if (!mqc_view_equal(arrival->topic, backend->id_topic)) {
        report_malformed(backend, arrival->item,
                         "it is for another topic, but not sent to this node alone");
        return false;
    }
    mqc__buffer_clear(&backend->topic);
    mqc__buffer_clear(&backend->mqtt_topic);
    if (!mqc__buffer_append(&backend->topic, arrival->envelope->topic.data,
                            arrival->envelope->topic.size) ||
        mqc__topic_event(backend->root, arrival->envelope->topic, &backend->mqtt_topic, NULL) !=
            MQC_OK) {
        report_malformed(backend, arrival->item, "it is for a topic that is none");
        return false;
    }
    arrival->topic = mqc__buffer_view(&backend->topic);
    arrival->mqtt_topic = mqc__buffer_view(&backend->mqtt_topic);
    arrival->who = who_wants(backend, arrival->item);
    return true;
}

/* A piece of an event of which the beginning has not come, or that was complete before. Its stream
 * does not hear of it: a node that joined late does not miss the event. */
static bool is_useless(struct mqc_backend *backend, const struct arrival *arrival)
{
    const struct mqc__envelope *envelope = arrival->envelope;
    return mqc__envelope_is_piece(envelope) && envelope->piece.offset != 0 &&
           !mqc__pieces_await(&backend->pieces, envelope->sender.instance, arrival->topic,
                              envelope->first_sequence);
}

static void report_piece(struct mqc_backend *backend, const struct arrival *arrival,
                         enum mqc_error error)
{
    if (error == MQC_ENOMEM) {
        atomic_fetch_add(&backend->unhandled_messages, 1);
        mqc__backend_trouble(backend, MQC__TROUBLE_MEMORY,
                             "no memory for an event in pieces; it is dropped");
        return;
    }
    atomic_fetch_add(&backend->malformed_messages, 1);
    mqc__backend_trouble(backend, MQC__TROUBLE_TOO_LARGE,
                         "an event of %" PRIu64 " bytes on topic %.*s is larger than "
                         "delivery.max_event_bytes; it is dropped",
                         arrival->envelope->piece.total, mqc__backend_shown(arrival->topic),
                         arrival->topic.data);
}

static void report_file(struct mqc_backend *backend)
{
    if (backend->pieces.file_errno == 0)
        return;
    mqc__backend_trouble(backend, MQC__TROUBLE_POSITIONS,
                         "what has come of a large event cannot be kept in %s: %s; the event is "
                         "lost if this node is killed before it is complete",
                         backend->pieces.folder, strerror(backend->pieces.file_errno));
    backend->pieces.file_errno = 0;
}

/* Puts the piece in the envelope to those before; says whether the event is complete. The bytes
 * that it was decoded from live in *events_out. */
static bool complete(struct mqc_backend *backend, const struct arrival *arrival,
                     struct mqc__envelope *envelope, struct mqc__buffer *events_out)
{
    const struct mqc__piece_arrival piece = {
        .instance = envelope->sender.instance,
        .topic = arrival->topic,
        .number = envelope->first_sequence,
        .piece = envelope->piece,
    };
    struct mqc_error_info info;
    const enum mqc_error error = mqc__pieces_take(&backend->pieces, &piece, events_out);
    if (error != MQC_OK)
        report_piece(backend, arrival, error);
    report_file(backend);
    if (events_out->size == 0)
        return false;
    backend->arena.limit_bytes =
        backend->arena.used_bytes + mqc__payload_memory_limit(events_out->size);
    const bool is_read = mqc__protobuf_decode_events(&backend->arena, mqc__buffer_view(events_out),
                                                     envelope, &info) == MQC_OK;
    if (is_read && envelope->event_count == 1)
        return true;
    report_malformed(backend, arrival->item,
                     is_read ? "its pieces together are not one event" : info.text);
    return false;
}

/* Hands over the event if this was its last piece. */
static void handle_piece(struct mqc_backend *backend, const struct arrival *arrival,
                         const struct mqc__followed *followed)
{
    if (followed->repeated != 0) {
        mqc__pieces_forget(&backend->pieces, arrival->envelope->sender.instance, arrival->topic);
        return;
    }
    struct mqc__envelope envelope = *arrival->envelope;
    struct arrival whole = *arrival;
    whole.envelope = &envelope;
    struct mqc__buffer events;
    if (complete(backend, arrival, &envelope, &events)) {
        handle_events(backend, &whole, followed);
        if (followed->is_numbered)
            mqc__backend_follow_handled(backend, &envelope, followed);
    }
    if (events.size != 0)
        mqc__pieces_handled(&backend->pieces, envelope.sender.instance, arrival->topic);
    mqc__buffer_fini(&events);
}

static void handle_envelope(struct mqc_backend *backend, struct arrival *arrival)
{
    const struct mqc__envelope *envelope = arrival->envelope;
    const bool is_local = arrival->item->is_local;
    /* A node does not receive its own events; MQTT 3.1.1 cannot keep them back. */
    if (!is_local && mqc_view_equal(envelope->sender.instance, mqc_view_text(backend->node_id)))
        return;
    if (envelope->receipt_count != 0 && !is_local)
        mqc__receipts_take(backend, envelope);
    if (envelope->topic.size != 0 && !read_repeated_topic(backend, arrival))
        return;
    if (arrival->who == 0) {
        drop_unwanted(backend);
        return;
    }
    if (is_useless(backend, arrival))
        return;
    struct mqc__followed followed = {.repeated = 0};
    if (!is_local)
        followed = mqc__backend_follow(backend, envelope, arrival->topic, arrival->mqtt_topic);
    if (followed.is_discarded)
        return;
    if (mqc__envelope_is_piece(envelope)) {
        handle_piece(backend, arrival, &followed);
        return;
    }
    /* Of its stream an event in pieces is lost, or has come once more as a whole. */
    if (followed.repeated < envelope->event_count)
        mqc__pieces_forget(&backend->pieces, envelope->sender.instance, arrival->topic);
    handle_events(backend, arrival, &followed);
    if (followed.is_numbered)
        mqc__backend_follow_handled(backend, envelope, &followed);
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
        drop_unwanted(backend);
        return;
    }
    mqc__arena_reset(&backend->arena);
    backend->arena.limit_bytes = mqc__payload_memory_limit(item->payload.size);
    const struct mqc__json_signatures signatures = {find_signature, backend->declarations};
    const struct mqc__payload_source source = {item->payload, item->content_type, &signatures,
                                               &backend->decompressor};
    struct mqc__envelope envelope;
    struct mqc_error_info info;
    if (mqc__payload_read(&backend->arena, &source, &envelope, &info) != MQC_OK) {
        report_malformed(backend, item, info.text);
        return;
    }
    struct arrival arrival = {item, &envelope, mqc__buffer_view(&backend->topic), item->topic, who};
    handle_envelope(backend, &arrival);
}
