#include "backend/backend_priv.h"

#include "codec/protobuf.h"

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
                     ? mqc__protobuf_event_size(event)
                     : 0,
    };
    mqc__telemetry_count(backend->telemetry, &counted);
}
