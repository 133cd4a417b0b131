#ifndef MQC_CONFIG_SETTINGS_H
#define MQC_CONFIG_SETTINGS_H

#include "base/arena.h"
#include "base/log.h"
#include "cluster/node_type.h"
#include "config/config.h"
#include "value/signature.h"

#include <stdbool.h>
#include <stdint.h>

/* What a configuration says, as plain data. Texts live in the configuration. */

/* One entry of `nodes`. */
struct mqc__node_settings {
    const char *name;
    int type; /* enum mqc__node_type */
};

/* One entry of `pools`. */
struct mqc__pool_settings {
    const char *name;
    const char *topic;  /* NULL: made from the name */
    int type;           /* enum mqc__node_type: worker, proxy or logger */
    uint32_t max_nodes; /* if has_max_nodes */
    bool has_max_nodes;
    bool is_exclusive;
};

/* What an entry of `websocket` serves, as bits 1U << serve. */
enum mqc__serve {
    MQC__SERVE_WEBSOCKET,
    MQC__SERVE_HEALTHZ,
    MQC__SERVE_METRICS,
};

/* One entry of `websocket`. */
struct mqc__websocket_settings {
    const char *listen_addr;
    uint64_t listen_port;
    uint64_t max_event_queue_size; /* 0: no limit */
    uint64_t ping_interval_ms;     /* 0: none */
    struct {
        const char *cert_file; /* NULL: not given */
        const char *key_file;
        const char *ca_file;
        const char *ciphers;
        bool enable_peer_verification;
    } tls;
    uint64_t max_connections;
    uint64_t handshake_timeout_ms;
    uint64_t grace_ms;
    uint64_t max_message_bytes;
    uint64_t max_pending_bytes;
    uint64_t max_outbound_bytes;
    const char *bearer_token; /* also what bearer_token_file holds; NULL: none */
    const char **allowed_origins;
    size_t allowed_origin_count;
    unsigned serve; /* a bit 1U << enum mqc__serve for each */
    bool has_serve; /* by its default at least */
};

/* A level of Cluster::Telemetry, as bits 1U << level. */
enum mqc__metrics_level {
    MQC__METRICS_INFO,
    MQC__METRICS_VERBOSE,
    MQC__METRICS_DEBUG,
};

/* What delivery promises for a topic prefix. */
enum mqc__guarantee {
    MQC__GUARANTEE_BEST_EFFORT, /* MQTT QoS 0 */
    MQC__GUARANTEE_BROKER,      /* MQTT QoS 1 */
    MQC__GUARANTEE_END_TO_END,  /* MQTT QoS 1, kept until the receivers have it */
};

/* One entry of delivery.prefixes; the longest matching prefix counts. */
struct mqc__prefix_settings {
    const char *prefix;
    int guarantee;  /* enum mqc__guarantee */
    bool is_urgent; /* passes events that wait and are not */
};

struct mqc__settings {
    struct {
        const char *name;     /* NULL: not set */
        const char *root;     /* NULL: mqcluster/<name> */
        char topic_separator; /* '/' or '.' */
        uint64_t lease_ms;    /* whole seconds */
        unsigned watch;       /* if has_watch: a bit 1U << enum mqc__node_type for each type */
        bool has_watch;
        bool is_guest;
    } cluster;
    const char *node; /* NULL: not set */
    struct {
        const char **uris;
        size_t uri_count;
        const char *client_id; /* NULL: made from cluster and node */
        const char *username;
        const char *password; /* also what password_file holds */
        int protocol;         /* 0 auto, 5, 311 */
        uint64_t keep_alive_ms;
        uint64_t connect_timeout_ms;
        uint64_t backoff_min_ms;
        uint64_t backoff_max_ms;
        uint64_t session_expiry_ms;
        uint64_t max_in_flight;
        uint64_t max_in_flight_bytes;
        uint64_t receive_maximum; /* 0: not said */
        bool topic_aliases;
        uint64_t tcp_timeout_ms;    /* 0: the system's */
        uint64_t tcp_keep_alive_ms; /* whole seconds, 0: none */
        bool tcp_quick_ack;
    } broker;
    struct {
        const char *ca_file; /* all texts: NULL when not set */
        const char *ca_path;
        const char *certificate_file;
        const char *key_file;
        const char *key_password_file;
        const char *crl_file;
        const char *psk_identity;
        const char *psk_file;
        const char *server_name; /* NULL: the host of the URI */
        const char **alpn;
        size_t alpn_count;
        const char **ciphers;
        size_t cipher_count; /* 0: the default order */
        int minimum_version; /* enum mqc__tls_version of link/tls_config.h */
        bool insecure;
        bool allow_readable_key;
        int on_change;              /* enum mqc__tls_on_change of mqtt/session.h */
        uint64_t watch_interval_ms; /* 0: the files are not watched */
        uint64_t expiry_warning_ms;
    } tls;
    struct {
        int guarantee; /* enum mqc__guarantee, for topics that no prefix matches */
        struct mqc__prefix_settings *prefixes;
        size_t prefix_count;
        uint64_t keep_time_ms;
        uint64_t keep_bytes;
        uint64_t max_event_bytes;
        uint64_t outbox_events;
        uint64_t outbox_bytes;
        int when_full;         /* enum mqc__when_full: 0 refuse, 1 drop_oldest */
        int durability;        /* 0 memory, 1 disk */
        const char *directory; /* absolute; see config/state_directory.h */
        uint64_t spool_bytes;
        int fsync; /* enum mqc__spool_fsync of mqtt/session.h */
        uint64_t fsync_interval_ms;
        uint64_t batch_events;
        uint64_t batch_bytes;
        uint64_t piece_bytes; /* 0: no pieces */
        int compression;      /* 0 none, 1 zstd */
        uint64_t compression_level;
        uint64_t inbox_messages;
        uint64_t inbox_bytes;
        uint64_t flush_timeout_ms;
        uint64_t expiry_ms; /* whole seconds, 0: never */
    } delivery;
    bool deliver_to_self; /* delivery.to_self */
    struct mqc__node_settings *nodes;
    size_t node_count;
    bool is_dynamic; /* `membership`: others than `nodes` may be members */
    bool manager_is_logger;
    struct mqc__pool_settings *pools;
    size_t pool_count;
    struct mqc__signature *signatures; /* `events` */
    size_t signature_count;
    bool strict_events;
    struct mqc__websocket_settings *websockets; /* `websocket` */
    size_t websocket_count;
    struct {
        unsigned core;      /* a bit 1U << enum mqc__metrics_level for each */
        unsigned websocket; /* likewise */
        bool has_core;      /* by their defaults at least */
        bool has_websocket;
        uint64_t max_series;
    } metrics;
    struct {
        int level; /* enum mqc_log_level */
    } log;
};

/* The settings of a configuration, valid as long as it is and is not changed. */
const struct mqc__settings *mqc__config_settings(const struct mqc_config *config);

#endif
