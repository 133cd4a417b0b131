#include "backend/backend_priv.h"

#include "codec/protobuf.h"

/* Encoded once more: only those who ask for sizes pay for them. 0: no memory. */
static size_t encoded_bytes(const struct mqc_event *event)
{
    struct mqc__buffer encoded;
    mqc__buffer_init(&encoded, SIZE_MAX / 2);
    const size_t size =
        mqc__protobuf_event(event, &encoded) == MQC_OK ? mqc__buffer_view(&encoded).size : 0;
    mqc__buffer_fini(&encoded);
    return size;
}

void mqc__backend_count(const struct mqc_backend *backend, enum mqc__telemetry_direction direction,
                        struct mqc_view topic, const struct mqc_event *event)
{
    if (backend->telemetry == NULL)
        return;
    const struct mqc__telemetry_event counted = {
        .side = MQC__TELEMETRY_CORE,
        .direction = direction,
        .topic = topic,
        .handler = event->name,
        .bytes = mqc__telemetry_wants_bytes(backend->telemetry, MQC__TELEMETRY_CORE)
                     ? encoded_bytes(event)
                     : 0,
    };
    mqc__telemetry_count(backend->telemetry, &counted);
}
