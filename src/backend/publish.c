#include "backend/backend_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "cluster/topics.h"
#include "codec/protobuf.h"
#include "topic/topic.h"
#include "value/check.h"

/* What an envelope has beside its one event. */
#define HEADER_BYTES ((size_t)1024)

/* Events and topics of the usual size are made on the stack. */
#define SCRATCH_BYTES 1024
#define TOPIC_SCRATCH_BYTES 256

enum mqc_error mqc__backend_check_event(const struct mqc_backend *backend,
                                        const struct mqc_event *event, struct mqc_error_info *info)
{
    const enum mqc_error error = mqc__event_check(event, info);
    return error != MQC_OK ? error : mqc__declarations_check(backend->declarations, event, info);
}

/* The rules are sorted, the longest prefix first. */
static struct mqc__service find_service(const struct mqc_backend *backend, struct mqc_view topic)
{
    for (size_t i = 0; i < backend->service_rule_count; i++)
        if (mqc_view_starts_with(topic, backend->service_rules[i].prefix))
            return backend->service_rules[i].service;
    return backend->default_service;
}

struct mqc__service mqc__backend_service(const struct mqc_backend *backend, struct mqc_view topic)
{
    struct mqc__service service = find_service(backend, topic);
    if (service.is_end_to_end)
        service.is_to_one = mqc__topic_is_of_one_node(topic, backend->separator);
    return service;
}

static enum mqc_error explain(enum mqc_error error, const struct mqc_backend *backend,
                              struct mqc_error_info *info)
{
    switch (error) {
    case MQC_OK: return MQC_OK;
    case MQC_EFULL:
        return mqc__fail(
            info, error, "the %s: the broker is away or too slow; publish again later, or raise %s",
            backend->session_options.durability.is_on_disk ? "spool is full" : "outbox is full",
            backend->session_options.durability.is_on_disk
                ? "delivery.spool_bytes"
                : "delivery.outbox_events and delivery.outbox_bytes");
    case MQC_ETAKEN:
        return mqc__fail(info, error, "another client has taken this node's session over");
    case MQC_ECLOSED: return mqc__fail(info, error, "the backend is closed");
    case MQC_EIO:
        return mqc__fail(info, error,
                         "the event could not be written to disk, and is not accepted; the error "
                         "spool_failed says why: check delivery.directory");
    case MQC_ETOOLARGE:
        return mqc__fail(info, error,
                         "the event is larger than delivery.max_event_bytes (%zu), "
                         "delivery.batch_bytes or the broker's limit allow",
                         backend->event_bytes_max);
    default: return mqc__fail(info, error, "%s", mqc_error_text(error));
    }
}

static enum mqc_error queue(struct mqc_backend *backend, struct mqc__session *session,
                            struct mqc_view mqtt_topic, const struct mqc__departure *departure)
{
    char scratch[SCRATCH_BYTES];
    struct mqc__buffer encoded;
    const size_t size = mqc__protobuf_event_size(departure->event);
    if (size > backend->event_bytes_max)
        return MQC_ETOOLARGE;
    /* The header goes into the same memory, if the event is large. */
    mqc__buffer_init_scratch(&encoded, scratch, sizeof scratch, size + HEADER_BYTES);
    if (size > sizeof scratch)
        mqc__session_lend(session, size, &encoded);
    enum mqc_error error = mqc__protobuf_event_sized(departure->event, size, &encoded);
    if (error == MQC_OK)
        error = mqc__session_publish_async(session, mqtt_topic, departure->service, &encoded,
                                           &departure->done);
    mqc__buffer_fini(&encoded);
    return error;
}

static enum mqc_error error_of(enum mqc__inbox_result result)
{
    switch (result) {
    case MQC__INBOX_QUEUED: return MQC_OK;
    case MQC__INBOX_TOO_LARGE: return MQC_ETOOLARGE;
    case MQC__INBOX_CLOSED: return MQC_ECLOSED;
    case MQC__INBOX_NO_MEMORY: return MQC_ENOMEM;
    case MQC__INBOX_FULL: break;
    }
    return MQC_EFULL;
}

/* As one that came from the broker: the handlers see no difference. */
static enum mqc_error deliver_here(struct mqc_backend *backend, struct mqc_view mqtt_topic,
                                   const struct mqc_event *event)
{
    const struct mqc__envelope_header header = {
        .sender = {.instance = mqc_view_text(backend->node_id),
                   .node = mqc_view_text(backend->node)},
        .first_sequence = 1,
    };
    struct mqc__buffer payload;
    mqc__buffer_init(&payload, backend->event_bytes_max + HEADER_BYTES);
    enum mqc_error error = mqc__protobuf_header(&header, &payload);
    if (error == MQC_OK)
        error = mqc__protobuf_event(event, &payload);
    if (error == MQC_OK) {
        const struct mqc__mqtt_message message = {
            .topic = mqtt_topic,
            .payload = mqc__buffer_view(&payload),
            .content_type = mqc_view_text(MQC__CONTENT_TYPE_PROTOBUF),
        };
        error = error_of(mqc__inbox_put_local(backend->inbox, &message, mqc__clock_wall_ns()));
    }
    mqc__buffer_fini(&payload);
    return error;
}

static enum mqc_error explain_local(enum mqc_error error, const struct mqc_backend *backend,
                                    struct mqc_error_info *info)
{
    if (error != MQC_EFULL)
        return explain(error, backend, info);
    return mqc__fail(info, error,
                     "the pool's turn is this node's own, and its handlers have too much waiting: "
                     "publish again later, or raise delivery.inbox_messages and "
                     "delivery.inbox_bytes");
}

/* Here and now, whatever becomes of it at the broker. */
static void tell_published(struct mqc_backend *backend, struct mqc_view topic,
                           const struct mqc_event *event)
{
    mqc__backend_count(backend, MQC__TELEMETRY_OUTGOING, topic, event);
    mqc__backend_tap(backend, topic, event, 0);
}

static enum mqc_error publish_here(struct mqc_backend *backend, struct mqc_view topic,
                                   const struct mqc_event *event, struct mqc_error_info *info)
{
    enum mqc_error error = mqc__backend_check_event(backend, event, info);
    if (error != MQC_OK)
        return error;
    struct mqc__buffer mqtt_topic;
    mqc__buffer_init(&mqtt_topic, (size_t)4 * MQC__TOPIC_BYTES_MAX);
    error = mqc__topic_event(backend->root, topic, &mqtt_topic, info);
    if (error == MQC_OK)
        error = explain_local(deliver_here(backend, mqc__buffer_view(&mqtt_topic), event), backend,
                              info);
    mqc__buffer_fini(&mqtt_topic);
    if (error == MQC_OK)
        tell_published(backend, topic, event);
    return error;
}

enum mqc_error mqc__backend_publish_hrw(struct mqc_backend *backend, struct mqc_view pool,
                                        const struct mqc_key *key, const struct mqc_event *event,
                                        struct mqc_error_info *info)
{
    struct mqc_route route;
    const enum mqc_error error = mqc__members_hrw(backend->members, pool, key, &route, info);
    if (error != MQC_OK)
        return error;
    return mqc__backend_publish(backend, mqc_view_text(route.topic), event, info);
}

enum mqc_error mqc__backend_publish_rr(struct mqc_backend *backend, struct mqc_view pool,
                                       struct mqc_view key, const struct mqc_event *event,
                                       struct mqc_error_info *info)
{
    struct mqc_route route;
    const enum mqc_error error = mqc__members_rr(backend->members, pool, key, &route, info);
    if (error != MQC_OK)
        return error;
    const struct mqc_view topic = mqc_view_text(route.topic);
    if (route.is_self && backend->delivers_to_self)
        return publish_here(backend, topic, event, info);
    return mqc__backend_publish(backend, topic, event, info);
}

enum mqc_error mqc__backend_send(struct mqc_backend *backend,
                                 const struct mqc__departure *departure,
                                 struct mqc_error_info *info)
{
    struct mqc__session *session = atomic_load(&backend->session);
    if (session == NULL)
        return mqc__fail(info, MQC_ENOTINIT, "mqc_backend_init() was not called");
    if (backend->session_options.durability.is_spool_only)
        return mqc__fail(info, MQC_ECLOSED,
                         "this backend only sends what was left in a spool, and takes no events");
    enum mqc_error error = mqc__backend_check_event(backend, departure->event, info);
    if (error != MQC_OK)
        return error;
    char scratch[TOPIC_SCRATCH_BYTES];
    struct mqc__buffer mqtt_topic;
    /* More than MQTT allows, so that the length check can say what is wrong. */
    mqc__buffer_init_scratch(&mqtt_topic, scratch, sizeof scratch,
                             (size_t)4 * MQC__TOPIC_BYTES_MAX);
    error = mqc__topic_event(backend->root, departure->topic, &mqtt_topic, info);
    if (error == MQC_OK)
        error = explain(queue(backend, session, mqc__buffer_view(&mqtt_topic), departure), backend,
                        info);
    mqc__buffer_fini(&mqtt_topic);
    return error;
}

enum mqc_error mqc__backend_publish_async(struct mqc_backend *backend, struct mqc_view topic,
                                          const struct mqc_event *event,
                                          const struct mqc__session_done *done,
                                          struct mqc_error_info *info)
{
    const struct mqc__departure departure = {
        .topic = topic,
        .event = event,
        .service = mqc__backend_service(backend, topic),
        .done = *done,
    };
    const enum mqc_error error = mqc__backend_send(backend, &departure, info);
    if (error == MQC_OK)
        tell_published(backend, topic, event);
    return error;
}

enum mqc_error mqc__backend_publish(struct mqc_backend *backend, struct mqc_view topic,
                                    const struct mqc_event *event, struct mqc_error_info *info)
{
    const struct mqc__session_done nobody = {NULL, NULL};
    return mqc__backend_publish_async(backend, topic, event, &nobody, info);
}
