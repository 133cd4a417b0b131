#ifndef MQC_BACKEND_BACKEND_H
#define MQC_BACKEND_BACKEND_H

#include "backend/members.h"
#include "backend/message.h"
#include "backend/status.h"
#include "metrics/telemetry.h"
#include "mqtt/session.h"
#include "topic/match.h"
#include "value/signature.h"

/*
 * The cluster backend: composes session, topics, codec, signatures and handlers. The functions have
 * the contracts of their namesakes in api/mqcluster.h, which only checks arguments before it calls
 * them.
 */
struct mqc_backend;

/* A topic prefix and its quality of service; the longest matching prefix counts. */
struct mqc__service_rule {
    struct mqc_view prefix;
    struct mqc__service service;
};

/* What a backend is made of. Everything is copied. */
struct mqc__backend_options {
    const char *cluster;                 /* its name */
    const char *root;                    /* MQTT topic root */
    const char *node;                    /* NULL: a tool without a place in the layout */
    struct mqc__session_options session; /* instance and node are filled in at init; client_id may
                                          * be NULL */
    struct mqc__members_options members; /* root and node as above */
    bool delivers_to_self;               /* what publish_rr chooses this node itself for */
    const struct mqc__service_rule *service_rules;
    size_t service_rule_count;
    struct mqc__service default_service; /* of topics that no rule is for */
    const struct mqc__signature *signatures;
    size_t signature_count;
    bool is_strict;
    size_t event_bytes_max;
    size_t inbox_messages_max;
    size_t inbox_bytes_max;
    unsigned flush_timeout_ms;
    /* Counts what the node publishes and what its handlers get. NULL: nothing does; else it is not
     * copied, and must outlive the backend. */
    struct mqc__telemetry *telemetry;
};

enum mqc_error mqc__backend_new(const struct mqc__backend_options *options,
                                struct mqc_backend **backend_out, struct mqc_error_info *info);
enum mqc_error mqc__backend_init(struct mqc_backend *backend, const char *node_id,
                                 struct mqc_error_info *info);
uint64_t mqc__backend_close(struct mqc_backend *backend, unsigned flush_ms);
void mqc__backend_free(struct mqc_backend **backend);

/* What the caller keeps with a backend, NULL at first. Set it before other threads know the
 * backend.
 */
void mqc__backend_attach(struct mqc_backend *backend, void *attached);
void *mqc__backend_attached(const struct mqc_backend *backend);

const char *mqc__backend_node_id(const struct mqc_backend *backend);
/* The node's name in the layout; a tool's may be any. */
const char *mqc__backend_node(const struct mqc_backend *backend);
/* Says whether the caller is inside a handler of this backend. */
bool mqc__backend_is_handling(const struct mqc_backend *backend);
unsigned mqc__backend_flush_timeout_ms(const struct mqc_backend *backend);
enum mqc_state mqc__backend_state(const struct mqc_backend *backend);
enum mqc_error mqc__backend_wait_ready(struct mqc_backend *backend, unsigned timeout_ms);
enum mqc_error mqc__backend_flush(struct mqc_backend *backend, unsigned timeout_ms);
void mqc__backend_reload_tls(struct mqc_backend *backend);
void mqc__backend_stats(const struct mqc_backend *backend, struct mqc_stats *stats_out);
/* Says whether what is published goes to disk first. */
bool mqc__backend_has_spool(const struct mqc_backend *backend);
/* Before init: has the backend send what was left in the spool of this directory, and take no
 * events. MQC_EEXIST: it is too late; MQC_ECLOSED; MQC_ENOMEM. */
enum mqc_error mqc__backend_adopt_spool(struct mqc_backend *backend, const char *directory);

enum mqc_error mqc__backend_declare(struct mqc_backend *backend, struct mqc_view name,
                                    struct mqc_view params, struct mqc_error_info *info);
/* Returns a declared event's signature, or NULL; it lives as long as the backend. Any thread. */
const struct mqc__signature *mqc__backend_signature(const struct mqc_backend *backend,
                                                    struct mqc_view event);
/* Checks an event as publishing does: well-formed, and as declared. */
enum mqc_error mqc__backend_check_event(const struct mqc_backend *backend,
                                        const struct mqc_event *event, struct mqc_error_info *info);
enum mqc_error mqc__backend_publish(struct mqc_backend *backend, struct mqc_view topic,
                                    const struct mqc_event *event, struct mqc_error_info *info);

/* With durability on disk it does not wait until the event is there; see
 * mqc__session_publish_async(). */
enum mqc_error mqc__backend_publish_async(struct mqc_backend *backend, struct mqc_view topic,
                                          const struct mqc_event *event,
                                          const struct mqc__session_done *done,
                                          struct mqc_error_info *info);

enum mqc_error mqc__backend_publish_hrw(struct mqc_backend *backend, struct mqc_view pool,
                                        const struct mqc_key *key, const struct mqc_event *event,
                                        struct mqc_error_info *info);
enum mqc_error mqc__backend_publish_rr(struct mqc_backend *backend, struct mqc_view pool,
                                       struct mqc_view key, const struct mqc_event *event,
                                       struct mqc_error_info *info);

/* Who is in the cluster. */
struct mqc__members *mqc__backend_members(const struct mqc_backend *backend);

enum mqc_error mqc__backend_subscribe(struct mqc_backend *backend, struct mqc_view text,
                                      enum mqc_match match, struct mqc_error_info *info);
enum mqc_error mqc__backend_unsubscribe(struct mqc_backend *backend, struct mqc_view text,
                                        enum mqc_match match, struct mqc_error_info *info);
enum mqc_error mqc__backend_on_event(struct mqc_backend *backend, struct mqc_view name,
                                     mqc_message_fn handler, void *context);
enum mqc_error mqc__backend_on_prefix(struct mqc_backend *backend, struct mqc_view prefix,
                                      mqc_message_fn handler, void *context);
void mqc__backend_off(struct mqc_backend *backend, mqc_message_fn handler, void *context);
enum mqc_error mqc__backend_on_error(struct mqc_backend *backend, mqc_error_fn handler,
                                     void *context);
enum mqc_error mqc__backend_on_state(struct mqc_backend *backend, mqc_state_fn handler,
                                     void *context);

int mqc__backend_fd(struct mqc_backend *backend);
size_t mqc__backend_process(struct mqc_backend *backend, size_t most);

#endif
