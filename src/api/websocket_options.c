#include "api/options.h"

#include "base/fail.h"

static bool serves(const struct mqc__websocket_settings *settings, enum mqc__serve serve)
{
    return (settings->serve & 1U << serve) != 0;
}

/* The ranges of the options are those of the table, which are narrower than the types here. */
static struct mqc_websocket_options make_options(const struct mqc__websocket_settings *settings)
{
    struct mqc_websocket_options options;
    mqc_websocket_options_init(&options);
    options.listen_addr = settings->listen_addr;
    options.listen_port = (uint16_t)settings->listen_port;
    options.max_event_queue_size = settings->max_event_queue_size;
    options.ping_interval_ms = (int64_t)settings->ping_interval_ms;
    options.tls_options = (struct mqc_websocket_tls){
        .cert_file = settings->tls.cert_file,
        .key_file = settings->tls.key_file,
        .enable_peer_verification = settings->tls.enable_peer_verification,
        .ca_file = settings->tls.ca_file,
        .ciphers = settings->tls.ciphers,
    };
    options.max_connections = settings->max_connections;
    options.handshake_timeout_ms = (unsigned)settings->handshake_timeout_ms;
    options.grace_ms = (unsigned)settings->grace_ms;
    options.max_message_bytes = settings->max_message_bytes;
    options.max_pending_bytes = settings->max_pending_bytes;
    options.max_outbound_bytes = settings->max_outbound_bytes;
    options.bearer_token = settings->bearer_token;
    options.allowed_origins = settings->allowed_origins;
    options.allowed_origin_count = settings->allowed_origin_count;
    options.serves_websocket = serves(settings, MQC__SERVE_WEBSOCKET);
    options.serves_healthz = serves(settings, MQC__SERVE_HEALTHZ);
    options.serves_metrics = serves(settings, MQC__SERVE_METRICS);
    return options;
}

enum mqc_error mqc__api_websocket_options(const struct mqc_config *config, struct mqc__arena *arena,
                                          struct mqc_websocket_options **options_out,
                                          size_t *count_out, struct mqc_error_info *info)
{
    const struct mqc__settings *settings = mqc__config_settings(config);
    const size_t count = settings->websocket_count;
    *options_out = mqc__arena_array(arena, count, sizeof **options_out);
    *count_out = 0;
    if (*options_out == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        (*options_out)[i] = make_options(&settings->websockets[i]);
    *count_out = count;
    return MQC_OK;
}

_Static_assert(1U << MQC__METRICS_INFO == MQC__TELEMETRY_INFO &&
                   1U << MQC__METRICS_VERBOSE == MQC__TELEMETRY_VERBOSE &&
                   1U << MQC__METRICS_DEBUG == MQC__TELEMETRY_DEBUG,
               "the settings have the bits of telemetry");

struct mqc__telemetry_options mqc__api_telemetry_options(const struct mqc_config *config)
{
    const struct mqc__settings *settings = mqc__config_settings(config);
    return (struct mqc__telemetry_options){
        .core_levels = settings->metrics.core,
        .websocket_levels = settings->metrics.websocket,
        .series_max = settings->metrics.max_series,
        .topic_separator = settings->cluster.topic_separator,
    };
}
