/*
 * libmqcluster: Zeek's Cluster API over an MQTT broker.
 *
 * A program makes a configuration (from YAML or option by option), a backend from it, registers
 * handlers and subscriptions, and calls mqc_backend_init(). From then on it publishes from any
 * thread and gets its handlers called on one thread. mqc_backend_close() brings what was accepted
 * to the broker, for a bounded time; mqc_backend_free() ends it.
 *
 *     struct mqc_error_info info;
 *     struct mqc_config *config = NULL;
 *     struct mqc_backend *backend = NULL;
 *     if (mqc_config_load("node.yaml", NULL, NULL, &config) != MQC_OK ||
 *         mqc_backend_new(config, &backend, &info) != MQC_OK ||
 *         mqc_on_event(backend, "ping", on_ping, NULL, &info) != MQC_OK ||
 *         mqc_subscribe(backend, mqc_view_text("app/"), MQC_MATCH_PREFIX, &info) != MQC_OK ||
 *         mqc_backend_init(backend, NULL, &info) != MQC_OK)
 *         return complain(&info);
 *     const struct mqc_value args[] = {mqc_string_text("hello"), mqc_count(1)};
 *     struct mqc_event event;
 *     if (mqc_make_event(backend, "ping", args, 2, &event, &info) != MQC_OK ||
 *         !mqc_publish(backend, mqc_view_text("app/x"), &event, &info))
 *         complain(&info);
 *
 * Everywhere: arguments are borrowed for the call, `info` may be NULL, and a function that fails
 * has changed nothing. Functions that return a code fill *info only when they fail.
 */
#ifndef MQC_API_MQCLUSTER_H
#define MQC_API_MQCLUSTER_H

#ifdef __cplusplus
extern "C" {
#endif

#include "api/spool.h"
#include "backend/message.h"
#include "backend/node.h"
#include "backend/status.h"
#include "base/error.h"
#include "base/export.h"
#include "base/log.h"
#include "base/view.h"
#include "config/config.h"
#include "topic/match.h"
#include "value/event.h"
#include "value/value.h"
#include "ws/options.h"

/* The version of the library that runs, "0.1.0". */
MQC_API const char *mqc_version(void);

/* --- The backend ---------------------------------------------------------------------------- */

/* One node of the cluster and its connection to the broker. */
struct mqc_backend;

/*
 * Creates a backend from a configuration, of which it copies what it needs, the declared events
 * among it, and loads certificates and keys. Nothing is connected yet. The caller frees it with
 * mqc_backend_free(). MQC_ECONFIG: the configuration is incomplete or contradicts itself, or a file
 * that it names cannot be used; MQC_EUNSUPPORTED: the mbedTLS of this build cannot do what it asks
 * for; MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_backend_new(const struct mqc_config *config,
                                                    struct mqc_backend **backend_out,
                                                    struct mqc_error_info *info);

/*
 * Zeek's Cluster::Backend::__init: starts to connect, and stays connected, in the background. It
 * does not wait: mqc_backend_wait_ready() does. `node_id` names this instance of the node and must
 * be new at every start; NULL makes one of the node's name and random bits. Once per backend, any
 * thread. A proxy in the environment (http_proxy) is not used. After a fork the child must not use
 * the backend, nor free it. MQC_EEXIST: called before; MQC_ECLOSED; MQC_EINVAL: the id is empty,
 * over 255 bytes, or not UTF-8; MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_backend_init(struct mqc_backend *backend,
                                                     const char *node_id,
                                                     struct mqc_error_info *info);

/*
 * Stops taking events, brings what was accepted to the broker for at most flush_ms milliseconds
 * (MQC_FLUSH_CONFIGURED: as delivery.flush_timeout says), and disconnects. Waits for that. What
 * could not be delivered is counted, reported to the error handlers and returned, but for what
 * waits on disk for the next start (delivery.durability). What has arrived is handled first,
 * however long the handlers take; they run until it returns and not after. Idempotent. Any thread,
 * but not from inside a handler (returns 0 and does nothing there).
 */
MQC_API uint64_t mqc_backend_close(struct mqc_backend *backend, unsigned flush_ms);

#define MQC_FLUSH_CONFIGURED 0xffffffffU

/* Closes without flushing if mqc_backend_close() was not called, frees everything and sets the
 * caller's pointer to NULL; a NULL inside is fine. Not from inside a handler. No other call may be
 * under way. */
MQC_API void mqc_backend_free(struct mqc_backend **backend);

/* The node id given to or made by mqc_backend_init(), "" before. Lives as long as the backend. Any
 * thread. */
MQC_API const char *mqc_backend_node_id(const struct mqc_backend *backend);

/* Waits until the node is connected and the broker has acknowledged every subscription made so far.
 * Any thread, but not from inside a handler. MQC_ETIMEOUT; MQC_EREFUSED: the broker refused a
 * subscription; MQC_ETAKEN; MQC_ENOTINIT; MQC_ECLOSED. */
MQC_API MQC_MUST_USE enum mqc_error mqc_backend_wait_ready(struct mqc_backend *backend,
                                                           unsigned timeout_ms);

/* Waits until every event accepted before the call was acknowledged by the broker (guarantee
 * broker, and end_to_end to many), by the node that it is for (end_to_end to one) or written to the
 * connection (best_effort), or was given up. Any thread, but not from inside a handler. Errors as
 * mqc_backend_wait_ready(). */
MQC_API MQC_MUST_USE enum mqc_error mqc_backend_flush(struct mqc_backend *backend,
                                                      unsigned timeout_ms);

/*
 * Loads certificates, keys and revocation lists again, in the background, also when the files look
 * the same; without TLS nothing happens. What tls.on_change says holds for the running connection.
 * Files that cannot be used raise Backend::error("tls_reload_failed"), and those loaded before stay
 * in use. Changed files are found without this too, where tls.watch_interval is not 0. Before
 * mqc_backend_init() it does nothing. Any thread.
 */
MQC_API void mqc_backend_reload_tls(struct mqc_backend *backend);

/* Fills in the totals. Any thread. */
MQC_API void mqc_backend_stats(const struct mqc_backend *backend, struct mqc_stats *stats_out);

/* --- Events --------------------------------------------------------------------------------- */

/*
 * Declares an event's parameters in Zeek's syntax, "orig_h: addr, seen: set[port]"; the empty text
 * declares an event without any. From then on events of that name are checked on publishing and on
 * arrival as Zeek does it (Zeek: Broker data to Val conversion): exact types, record fields by
 * position. Any thread. MQC_EINVAL: the syntax is wrong, *info says at which column; MQC_EEXIST:
 * declared with other parameters; MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_declare_event(struct mqc_backend *backend, const char *name,
                                                      const char *params,
                                                      struct mqc_error_info *info);

/*
 * Zeek's Cluster::make_event: puts a name and arguments together and checks them. *event_out
 * borrows the name and the arguments, which must live as long as it is used; nothing is allocated.
 * Any thread. MQC_ETYPE: the number or the type of the arguments is not what was declared;
 * MQC_EUNDECLARED: strict_events is on and the event is not declared; MQC_EINVAL: a value is
 * malformed (an element twice in a set, ...); MQC_ETOOLARGE: nested deeper than MQC_MAX_DEPTH.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_make_event(const struct mqc_backend *backend,
                                                   const char *name, const struct mqc_value *args,
                                                   size_t arg_count, struct mqc_event *event_out,
                                                   struct mqc_error_info *info);

/*
 * Zeek's Cluster::publish: queues one event for every node subscribed to the topic, this one
 * excepted. Copies topic and event. Never waits for the network; any thread, also from inside a
 * handler. True: accepted, it will be delivered as its guarantee says, or counted and reported;
 * with delivery.durability: disk it is on disk then and survives the end of the process, which this
 * waits for. False: nothing was queued, and info->code says why: MQC_ENOTINIT, MQC_ECLOSED,
 * MQC_ETAKEN; MQC_ETOPIC: over 65,535 bytes or 200 levels; the errors of mqc_make_event();
 * MQC_ETOOLARGE: over delivery.max_event_bytes; MQC_EFULL: the outbox, or the spool on disk, is at
 * its limit; MQC_EIO: the disk takes it not; MQC_ENOMEM.
 */
MQC_API bool mqc_publish(struct mqc_backend *backend, struct mqc_view topic,
                         const struct mqc_event *event, struct mqc_error_info *info);

/* Says what became of an event: MQC_OK: accepted, as mqc_publish() means it; MQC_EIO: it is not,
 * since it could not be written to disk. */
typedef void (*mqc_done_fn)(void *context, enum mqc_error error);

/*
 * mqc_publish() for those who must not wait for the disk: true means that the event was taken and
 * `done` will be called once, with delivery.durability: disk on a thread of the backend, which must
 * not be held up; in memory before this returns. False, as for mqc_publish(): it is not called.
 * Inside `done` use this function only, not mqc_publish(). Any thread.
 */
MQC_API bool mqc_publish_async(struct mqc_backend *backend, struct mqc_view topic,
                               const struct mqc_event *event, mqc_done_fn done, void *context,
                               struct mqc_error_info *info);

/* --- The cluster ---------------------------------------------------------------------------- */

/*
 * Zeek's Cluster::register_pool, before mqc_backend_init(): from then on every node of the layout
 * knows by itself which nodes belong to the pool, as long as all of them register the same pools.
 * The pools zeek/cluster/pool/worker, .../proxy and .../logger are there already; those of the
 * configuration's `pools` too. Any thread. MQC_ECONFIG: the specification is wrong, *info says how;
 * MQC_EEXIST: another pool has the topic, or it is too late; MQC_ENOMEM. Too few nodes for
 * exclusive pools is an error of mqc_backend_init().
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_register_pool(struct mqc_backend *backend,
                                                      const struct mqc_pool_spec *spec,
                                                      struct mqc_error_info *info);

/*
 * Zeek's Cluster::hrw_topic and Cluster::rr_topic: choose the node of a pool that owns a key, or
 * that is next in turn for it, among those that are up; bit for bit as Zeek does. `pool` is the
 * pool's topic, or its name if that makes the topic (proxy: zeek/cluster/pool/proxy).
 * mqc_rr_topic() takes the turn; it may choose this node, mqc_hrw_topic() never does. At most 4,096
 * keys of a pool are remembered by round robin, the one unused for longest is forgotten. Any
 * thread. MQC_ENOTFOUND: no such pool, or none of its nodes is up; MQC_ETYPE: the key cannot be
 * hashed as Zeek does (sets, tables, what its type does not tell); MQC_EINVAL: the type is not in
 * Zeek's syntax; MQC_ETOOLARGE: a round robin key over 512 bytes; MQC_ENOTINIT; MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_hrw_topic(struct mqc_backend *backend, struct mqc_view pool,
                                                  const struct mqc_key *key,
                                                  struct mqc_route *route_out,
                                                  struct mqc_error_info *info);
MQC_API MQC_MUST_USE enum mqc_error mqc_rr_topic(struct mqc_backend *backend, struct mqc_view pool,
                                                 struct mqc_view key, struct mqc_route *route_out,
                                                 struct mqc_error_info *info);

/*
 * Zeek's Cluster::publish_hrw and Cluster::publish_rr: choose a node as above and publish to that
 * node's own topic. False: nothing was queued; info->code is one of the above or of mqc_publish().
 * When it is this node's own turn, the event goes to its own handlers, or with delivery.to_self off
 * to nobody, as in Zeek.
 */
MQC_API bool mqc_publish_hrw(struct mqc_backend *backend, struct mqc_view pool,
                             const struct mqc_key *key, const struct mqc_event *event,
                             struct mqc_error_info *info);
MQC_API bool mqc_publish_rr(struct mqc_backend *backend, struct mqc_view pool, struct mqc_view key,
                            const struct mqc_event *event, struct mqc_error_info *info);

/*
 * Asks for the presence of nodes of every type, also where cluster.watch does not say so, and for a
 * program without a place in the layout. Before mqc_backend_init(). What happens to the nodes is
 * raised as the events Cluster::hello, Cluster::node_up and Cluster::node_down, with name and id.
 */
MQC_API void mqc_watch_nodes(struct mqc_backend *backend);

/* Calls a function for every node that is known, this one among them, and returns how many there
 * are: those of the layout, or with dynamic membership all that were heard of. Any thread. */
MQC_API size_t mqc_nodes(struct mqc_backend *backend, mqc_node_fn function, void *context);

/* Calls a function for every node of every pool, up or not, and returns how often: pools in the
 * order of their topics, nodes in Zeek's order. Nothing before mqc_backend_init(). Any thread. */
MQC_API size_t mqc_pool_nodes(struct mqc_backend *backend, mqc_pool_node_fn function,
                              void *context);

/* How many nodes of a type ("worker") are up, this one included; 0 for what is no type. Only types
 * that are watched are counted. Any thread. */
MQC_API size_t mqc_active_node_count(struct mqc_backend *backend, const char *type);

/*
 * The pools of a configuration without a connection: tells which node would own a key if those that
 * the caller says were up, as a program outside the cluster sees it. One router takes one call at a
 * time; different ones are independent.
 */
struct mqc_router;

/* Makes a router in which no node is up, with the pools and the nodes of the configuration, of
 * which it copies what it needs. The caller frees it with mqc_router_free(). MQC_ECONFIG: the
 * configuration is incomplete or contradicts itself; MQC_ENOMEM. */
MQC_API MQC_MUST_USE enum mqc_error mqc_router_new(const struct mqc_config *config,
                                                   struct mqc_router **router_out,
                                                   struct mqc_error_info *info);

/* Lets a node be up, or down again. MQC_ENOTFOUND: the configuration lists no such node. */
MQC_API MQC_MUST_USE enum mqc_error mqc_router_set_up(struct mqc_router *router,
                                                      struct mqc_view node, bool is_up,
                                                      struct mqc_error_info *info);

/* As mqc_hrw_topic() and mqc_rr_topic(). A router's turns are its own: it begins with each pool's
 * first node. */
MQC_API MQC_MUST_USE enum mqc_error mqc_router_hrw(struct mqc_router *router, struct mqc_view pool,
                                                   const struct mqc_key *key,
                                                   struct mqc_route *route_out,
                                                   struct mqc_error_info *info);
MQC_API MQC_MUST_USE enum mqc_error mqc_router_rr(struct mqc_router *router, struct mqc_view pool,
                                                  struct mqc_view key, struct mqc_route *route_out,
                                                  struct mqc_error_info *info);

/* Frees a router and sets the caller's pointer to NULL; a NULL inside is fine. */
MQC_API void mqc_router_free(struct mqc_router **router);

/* --- Subscriptions and handlers ------------------------------------------------------------- */

/*
 * Zeek's Cluster::subscribe: asks for every event whose topic begins with `prefix` (or, with
 * MQC_MATCH_LEVEL, for the topic itself and those below it). May be called before
 * mqc_backend_init(). Takes effect in the background; asking twice changes nothing. Any thread.
 * MQC_ETOPIC: over a limit of MQTT; MQC_ECLOSED; MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_subscribe(struct mqc_backend *backend,
                                                  struct mqc_view prefix, enum mqc_match match,
                                                  struct mqc_error_info *info);

/* Zeek's Cluster::unsubscribe: takes back exactly one subscription; others that overlap stay. When
 * it returns, no event is handed to a handler any more for its sake alone, but the one being
 * handled. Any thread. MQC_ENOTFOUND: there was no such subscription. */
MQC_API MQC_MUST_USE enum mqc_error mqc_unsubscribe(struct mqc_backend *backend,
                                                    struct mqc_view prefix, enum mqc_match match,
                                                    struct mqc_error_info *info);

/*
 * A handler is a function with its context. It may be registered for any number of event names and
 * topic prefixes; an event for which several of them match reaches it once. Registering does not
 * subscribe, except to what the node raises itself. Any thread. MQC_ENOMEM; MQC_EINVAL: an empty
 * name.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_on_event(struct mqc_backend *backend, const char *name,
                                                 mqc_message_fn handler, void *context,
                                                 struct mqc_error_info *info);
MQC_API MQC_MUST_USE enum mqc_error mqc_on_prefix(struct mqc_backend *backend,
                                                  struct mqc_view prefix, mqc_message_fn handler,
                                                  void *context, struct mqc_error_info *info);

/* Takes back every registration of a handler. When it returns, the handler does not run and will
 * not be called; from inside a handler it returns at once. Any thread. */
MQC_API void mqc_off(struct mqc_backend *backend, mqc_message_fn handler, void *context);

/*
 * Registers for errors that no call could return: Zeek's Cluster::Backend::error(tag, message),
 * which is also raised as an event of that name. Up to 16 functions may be registered, before
 * mqc_backend_init() only. Any thread. MQC_EEXIST: too late; MQC_EFULL: 16 are registered.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_on_error(struct mqc_backend *backend, mqc_error_fn handler,
                                                 void *context);

/* Where the connection stands now. Any thread. */
MQC_API enum mqc_state mqc_backend_state(const struct mqc_backend *backend);

/* Registers for each change of state, under the rules of mqc_on_error(). */
MQC_API MQC_MUST_USE enum mqc_error mqc_on_state(struct mqc_backend *backend, mqc_state_fn handler,
                                                 void *context);

/* --- Programs that take part by WebSocket ----------------------------------------------------- */

/*
 * Zeek's Cluster::listen_websocket: opens an address where programs can take part in the cluster
 * through this node, by Zeek's WebSocket API at /v1/messages/json (zeek docs: WebSocket API). They
 * get their acknowledgement once the node is connected and their subscriptions are active. What
 * this node publishes reaches them directly; what they publish reaches this node's handlers where
 * it has subscribed to the topic, every other client, and the cluster. Before or after
 * mqc_backend_init(), which opens the addresses of the configuration's `websocket`. The events
 * Cluster::websocket_client_added and Cluster::websocket_client_lost tell of the clients. Copies
 * the options. Any thread, but not from inside a handler of the log. The same address and port
 * again with equal options has no effect. MQC_EEXIST: it is open with other options; MQC_ECONFIG:
 * the options are wrong, or a file that they name cannot be used; MQC_EIO: the address cannot be
 * had; MQC_ECLOSED; MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_listen_websocket(
    struct mqc_backend *backend, const struct mqc_websocket_options *options,
    struct mqc_error_info *info);

/* Writes what /metrics serves: the node's totals as Prometheus text, under Zeek's names where Zeek
 * has them. The caller frees *text_out with free(). Any thread. MQC_EINVAL; MQC_ENOMEM. */
MQC_API MQC_MUST_USE enum mqc_error mqc_metrics_to_text(struct mqc_backend *backend,
                                                        char **text_out);

/* --- What waits on disk ---------------------------------------------------------------------- */

/* Writes the path of the spool, in which the configuration's node keeps events with
 * delivery.durability: disk, into path_out, which has room for `size` bytes with the NUL.
 * MQC_ECONFIG: node is not set, or it makes too long a path; MQC_ETOOLARGE; MQC_EINVAL. */
MQC_API MQC_MUST_USE enum mqc_error mqc_spool_path(const struct mqc_config *config, char *path_out,
                                                   size_t size, struct mqc_error_info *info);

/*
 * Calls a function for every event in the spool of the configuration's node, the oldest first, and
 * changes nothing. The node must not run. Any thread. MQC_ENOTFOUND: there is no spool; MQC_EIO: it
 * cannot be read, or another process uses it; MQC_EUNSUPPORTED: a newer version wrote it;
 * MQC_EMALFORMED: it is damaged, and what could be read up to there was told; MQC_ECONFIG: node or
 * cluster.name is not set; MQC_ENOMEM; MQC_EINVAL.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_spool_walk(const struct mqc_config *config,
                                                   mqc_spool_fn visit, void *context,
                                                   struct mqc_error_info *info);

/*
 * Has a guest send what the node that it goes by has left in its spool, in that node's name and
 * number by number as the node would do it; the node must not run. The backend takes no events
 * then, and the node's MQTT session and what it has received stay as they are. It is done when
 * mqc_stats.spool_events is 0. `config` is what the backend was made of. Before
 * mqc_backend_init(), which fails with MQC_EIO if another process uses the spool. MQC_ECONFIG: it
 * is no guest (cluster.guest), or node is not set; MQC_EEXIST: it is too late; MQC_ECLOSED;
 * MQC_ENOMEM; MQC_EINVAL.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_spool_adopt(struct mqc_backend *backend,
                                                    const struct mqc_config *config,
                                                    struct mqc_error_info *info);

/* --- For applications with a loop of their own ---------------------------------------------- */

/*
 * Returns a descriptor that is readable while something waits for a handler. Asked for before
 * mqc_backend_init(), handlers run only in mqc_backend_process(); otherwise on a thread of the
 * backend, and it returns -1. The descriptor is the backend's: do not read or close it.
 */
MQC_API int mqc_backend_fd(struct mqc_backend *backend);

/* Handles what waits, at most `most` events (0: all that is there now), and returns how many it
 * handled. One thread at a time. Returns 0 at once when the backend has a thread of its own, or
 * from inside a handler. */
MQC_API size_t mqc_backend_process(struct mqc_backend *backend, size_t most);

/* --- Text forms ----------------------------------------------------------------------------- */

/*
 * Reads an event's arguments from text, as on a command line. Each is, in this order: the tagged
 * JSON of a value,
 * {"@data-type":"count","data":5}; a tagged text, count:5, addr:10.0.0.1 (Zeek's type names); plain
 * text, typed by the declared signature; else guessed (T and F, numbers, addresses, subnets, ports,
 * intervals, times, and anything else as a string). The caller frees *event_out with
 * mqc_event_free(). Any thread. MQC_ETYPE, MQC_EMALFORMED: *info says which argument; the other
 * errors of mqc_make_event(); MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_event_from_text(const struct mqc_backend *backend,
                                                        const char *name, const char *const *args,
                                                        size_t arg_count,
                                                        struct mqc_event **event_out,
                                                        struct mqc_error_info *info);

/*
 * Reads a key from text: as an argument of mqc_event_from_text(), where the type before the colon
 * may be any of Zeek's, since Zeek hashes all of it: enum transport_proto:tcp, and with the value
 * in JSON vector of string:["a","b"]. A `type` that is not NULL is the declared type of all keys,
 * as for a declared event's argument: with string any text is taken as it is, which is what round
 * robin needs. The caller frees *key_out with mqc_key_free(). Any thread. MQC_ETYPE,
 * MQC_EMALFORMED: *info says what was expected; MQC_EINVAL: `type` is no type; MQC_ETOOLARGE,
 * MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_key_from_text(const char *text, const char *type,
                                                      struct mqc_key **key_out,
                                                      struct mqc_error_info *info);

/* Frees a key and sets the caller's pointer to NULL; a NULL inside is fine. */
MQC_API void mqc_key_free(struct mqc_key **key);

/*
 * Writes the MQTT topic that an event topic travels on, for other MQTT tools and a broker's access
 * list: <root>/event/<topic>, in which '+', '#', '%' and every byte that is no printable ASCII are
 * written as %XX. The caller frees *text_out with free(). MQC_ETOPIC: over 65,535 bytes or 200
 * levels; MQC_ECONFIG: cluster.name is not set; MQC_EINVAL; MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_mqtt_topic(const struct mqc_config *config,
                                                   struct mqc_view topic, char **text_out,
                                                   struct mqc_error_info *info);

/* Writes the MQTT topic on which a node announces itself: <root>/node/<type>/<name>, the name
 * written as above. Memory and errors as above; MQC_ETOPIC: name or type is empty, over 255 bytes
 * or has a '/'. */
MQC_API MQC_MUST_USE enum mqc_error mqc_mqtt_presence_topic(const struct mqc_config *config,
                                                            const struct mqc_config_node *node,
                                                            char **text_out,
                                                            struct mqc_error_info *info);

/* Where a publication goes. */
enum mqc_target {
    MQC_TARGET_TOPIC, /* mqc_publish() */
    MQC_TARGET_HRW,   /* mqc_publish_hrw() */
    MQC_TARGET_RR,    /* mqc_publish_rr(); the key is a string */
};

/* A publication read from JSON. */
struct mqc_request {
    enum mqc_target target;
    struct mqc_view topic; /* TOPIC */
    struct mqc_view pool;  /* HRW, RR */
    struct mqc_key key;    /* HRW, RR */
    struct mqc_event event;
};

/*
 * Reads {"topic": .., "event": .., "args": [..]}, arguments tagged or plain and typed by the
 * declared signature, or a data message of Zeek's WebSocket API. In place of the topic there may be
 * "hrw": {"pool": .., "key": ..}, the key tagged or plain, or "rr", whose key is a string and may
 * be missing. The caller frees *request_out with mqc_request_free(). Any thread. MQC_EMALFORMED:
 * *info says what and where; MQC_ETYPE, MQC_ETOOLARGE, MQC_EUNDECLARED, MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_request_from_json(const struct mqc_backend *backend,
                                                          struct mqc_view json,
                                                          struct mqc_request **request_out,
                                                          struct mqc_error_info *info);

/* Frees a request and sets the caller's pointer to NULL; a NULL inside is fine. */
MQC_API void mqc_request_free(struct mqc_request **request);

/*
 * Writes an event as one line of JSON without a line end: {"topic", "event", "args": [tagged
 * values], "metadata", "sender": {"node", "instance"}, "received"}; what is empty is null. The
 * caller frees *text_out with free(). Any thread. MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_message_to_json(const struct mqc_message *message,
                                                        char **text_out);

/* Write a value as tagged JSON, {"@data-type":"count","data":5}, and any bytes as a JSON string.
 * The caller frees *text_out with free(). Any thread. MQC_ETOOLARGE: nested deeper than
 * MQC_MAX_DEPTH; MQC_EINVAL; MQC_ENOMEM. */
MQC_API MQC_MUST_USE enum mqc_error mqc_value_to_json(const struct mqc_value *value,
                                                      char **text_out);
MQC_API MQC_MUST_USE enum mqc_error mqc_text_to_json(struct mqc_view bytes, char **text_out);

/*
 * Reads one MQTT payload, protobuf or JSON as the content type says (NULL: found out by looking),
 * and calls `handler` for each event in it before it returns. Any thread. MQC_EMALFORMED,
 * MQC_ETOOLARGE, MQC_ETYPE: *info says what is wrong, and the handler was not called; MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_payload_decode(struct mqc_view payload,
                                                       const char *content_type,
                                                       mqc_message_fn handler, void *context,
                                                       struct mqc_error_info *info);

#ifdef __cplusplus
}
#endif

#endif
