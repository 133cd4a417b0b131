#include "api/options.h"

#include "base/fail.h"
#include "config/state_directory.h"

#include <limits.h>

static unsigned clamp(uint64_t value)
{
    return value < UINT_MAX ? (unsigned)value : UINT_MAX;
}

static struct mqc__service service_of(int guarantee, bool is_urgent)
{
    return (struct mqc__service){
        .qos = guarantee == MQC__GUARANTEE_BEST_EFFORT ? MQC__QOS_0 : MQC__QOS_1,
        .is_end_to_end = guarantee == MQC__GUARANTEE_END_TO_END,
        .is_urgent = is_urgent,
    };
}

static enum mqc__mqtt_version version_of(int protocol)
{
    switch (protocol) {
    case 5: return MQC__MQTT_5;
    case 311: return MQC__MQTT_311;
    default: return MQC__MQTT_AUTO;
    }
}

/* NULL: out of memory. */
static const char *make_root(struct mqc__arena *arena, const struct mqc_config *config)
{
    char root[MQC_ROOT_BYTES];
    struct mqc_view copy = {NULL, 0};
    if (mqc_config_root(config, root, sizeof root) == MQC_OK)
        (void)mqc__arena_copy(arena, mqc_view_text(root), &copy);
    return copy.data;
}

static const struct mqc__service_rule *make_rules(struct mqc__arena *arena,
                                                  const struct mqc__settings *settings)
{
    struct mqc__service_rule *rules =
        mqc__arena_array(arena, settings->delivery.prefix_count, sizeof *rules);
    for (size_t i = 0; rules != NULL && i < settings->delivery.prefix_count; i++) {
        const struct mqc__prefix_settings *from = &settings->delivery.prefixes[i];
        rules[i].prefix = mqc_view_text(from->prefix);
        rules[i].service = service_of(from->guarantee, from->is_urgent);
    }
    return rules;
}

/* Without the source, which is loaded from files. */
static struct mqc__session_tls session_tls(const struct mqc__settings *settings)
{
    return (struct mqc__session_tls){
        .server_name = settings->tls.server_name,
        .on_change = settings->tls.on_change == MQC__TLS_RENEW ? MQC__TLS_RENEW : MQC__TLS_KEEP,
        .watch_interval_ms = clamp(settings->tls.watch_interval_ms),
        .expiry_warning_s = settings->tls.expiry_warning_ms / 1000,
    };
}

/* Without the directory, which is made of several settings. */
static struct mqc__durability durability(const struct mqc__settings *settings)
{
    return (struct mqc__durability){
        /* A guest may go by the name of a node that runs, whose state is not the guest's. */
        .is_on_disk = settings->delivery.durability == 1 && !settings->cluster.is_guest,
        .spool_bytes = settings->delivery.spool_bytes,
        .fsync = (enum mqc__spool_fsync)settings->delivery.fsync,
        .fsync_interval_ms = clamp(settings->delivery.fsync_interval_ms),
        .keep_ms = (int64_t)settings->delivery.keep_time_ms,
        .keep_bytes = settings->delivery.keep_bytes,
    };
}

static enum mqc_error make_directory(struct mqc__arena *arena, const struct mqc__settings *settings,
                                     struct mqc__durability *durability,
                                     struct mqc_error_info *info)
{
    char path[PATH_MAX];
    struct mqc_view copy;
    if (!durability->is_on_disk)
        return MQC_OK;
    if (settings->node == NULL) {
        (void)mqc__fail(info, MQC_ECONFIG,
                        "delivery.durability is disk, which needs a name to find its state again; "
                        "set node");
        mqc__fail_place(info, "node");
        return MQC_ECONFIG;
    }
    const enum mqc_error error =
        mqc__state_directory(settings->delivery.directory, settings->node, path, info);
    if (error != MQC_OK)
        return error;
    if (!mqc__arena_copy(arena, mqc_view_text(path), &copy))
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    durability->directory = copy.data;
    return MQC_OK;
}

static struct mqc__session_options session_options(const struct mqc__settings *settings)
{
    return (struct mqc__session_options){
        .uris = settings->broker.uris,
        .uri_count = settings->broker.uri_count,
        .client_id = settings->broker.client_id,
        .username = settings->broker.username,
        .password = settings->broker.password,
        .version = version_of(settings->broker.protocol),
        .keep_alive_s = clamp(settings->broker.keep_alive_ms / 1000),
        .tls = session_tls(settings),
        .durability = durability(settings),
        .tcp_timeout_ms = clamp(settings->broker.tcp_timeout_ms),
        .tcp_keep_alive_s = clamp(settings->broker.tcp_keep_alive_ms / 1000),
        .tcp_quick_ack = settings->broker.tcp_quick_ack,
        .connect_timeout_ms = clamp(settings->broker.connect_timeout_ms),
        .backoff_min_ms = clamp(settings->broker.backoff_min_ms),
        .backoff_max_ms = clamp(settings->broker.backoff_max_ms),
        .session_expiry_s = clamp(settings->broker.session_expiry_ms / 1000),
        .in_flight_max = clamp(settings->broker.max_in_flight),
        .in_flight_bytes_max = settings->broker.max_in_flight_bytes,
        .receive_max = clamp(settings->broker.receive_maximum),
        .uses_topic_aliases = settings->broker.topic_aliases,
        .event_expiry_s = clamp(settings->delivery.expiry_ms / 1000),
        .outbox_events_max = settings->delivery.outbox_events,
        .outbox_bytes_max = settings->delivery.outbox_bytes,
        .batch_events_max = settings->delivery.batch_events,
        .batch_bytes_max = settings->delivery.batch_bytes,
        .piece_bytes = settings->delivery.piece_bytes,
        .compression_level =
            settings->delivery.compression == 1 ? (int)settings->delivery.compression_level : 0,
        .when_full =
            settings->delivery.when_full == 1 ? MQC__WHEN_FULL_DROP_OLDEST : MQC__WHEN_FULL_REFUSE,
    };
}

enum mqc_error mqc__api_backend_options(const struct mqc_config *config, struct mqc__arena *arena,
                                        struct mqc__backend_options *options_out,
                                        struct mqc_error_info *info)
{
    enum mqc_error error = mqc_config_check(config, info);
    if (error != MQC_OK)
        return error;
    const struct mqc__settings *settings = mqc__config_settings(config);
    *options_out = (struct mqc__backend_options){
        .cluster = settings->cluster.name,
        .root = make_root(arena, config),
        .node = settings->node,
        .session = session_options(settings),
        .delivers_to_self = settings->deliver_to_self,
        .service_rule_count = settings->delivery.prefix_count,
        .default_service = service_of(settings->delivery.guarantee, false),
        .signatures = settings->signatures,
        .signature_count = settings->signature_count,
        .is_strict = settings->strict_events,
        .event_bytes_max = settings->delivery.max_event_bytes,
        .inbox_messages_max = settings->delivery.inbox_messages,
        .inbox_bytes_max = settings->delivery.inbox_bytes,
        .flush_timeout_ms = clamp(settings->delivery.flush_timeout_ms),
    };
    options_out->service_rules = make_rules(arena, settings);
    if (options_out->root == NULL || options_out->service_rules == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    error = make_directory(arena, settings, &options_out->session.durability, info);
    if (error != MQC_OK)
        return error;
    return mqc__api_members_options(settings, arena, &options_out->members, info);
}
