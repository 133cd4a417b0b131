#ifndef MQC_BACKEND_BACKEND_PRIV_H
#define MQC_BACKEND_BACKEND_PRIV_H

#include "backend/backend.h"
#include "backend/declarations.h"
#include "backend/gateway.h"
#include "backend/handlers.h"
#include "backend/inbox.h"
#include "backend/interests.h"
#include "backend/pieces.h"
#include "backend/receipts.h"
#include "backend/streams.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "codec/decompress.h"
#include "codec/protobuf.h"

#include <pthread.h>
#include <stdatomic.h>

#define MQC__BACKEND_ERROR_TEXT 512

/* Longest node id, in bytes. */
#define MQC__NODE_ID_BYTES 255

/* The kinds of trouble with what arrives. Each is reported at once and then, with a total, at most
 * once in a while. */
enum mqc__trouble {
    MQC__TROUBLE_MALFORMED,
    MQC__TROUBLE_MISMATCH,
    MQC__TROUBLE_MISSING,
    MQC__TROUBLE_TOO_LARGE,
    MQC__TROUBLE_MEMORY,
    MQC__TROUBLE_POSITIONS,
    MQC__TROUBLE_DISK,
    MQC__TROUBLE_COUNT,
};

/* When a kind of trouble was reported last, and how often it came since. */
struct mqc__trouble_state {
    int64_t reported_ms;
    uint64_t since;
    bool was_reported;
};

/* A function that was registered for errors or changes of state. */
struct mqc__error_listener {
    mqc_error_fn function;
    void *context;
};

struct mqc__state_listener {
    mqc_state_fn function;
    void *context;
};

#define MQC__LISTENERS_MAX 16

/* So many acknowledgements wait for the disk at most. */
#define MQC__BACKEND_ACKS_MAX 64

struct mqc_backend {
    /* Fixed after mqc__backend_new(). */
    struct mqc__arena texts; /* where the texts below live */
    const char *root;
    const char *node;
    const char *state_directory; /* NULL: what is received is kept in memory only */
    struct mqc__session_options session_options;
    struct mqc__service_rule *service_rules;
    size_t service_rule_count;
    size_t event_bytes_max;
    struct mqc__service default_service;
    unsigned flush_timeout_ms;
    struct mqc__declarations *declarations;
    struct mqc__handlers *handlers;
    struct mqc__inbox *inbox;
    struct mqc__members *members;
    bool delivers_to_self;
    char separator;                   /* of the cluster's own topics */
    bool has_end_to_end;              /* some topics are */
    struct mqc__telemetry *telemetry; /* NULL: none */
    void *attached;                   /* the caller's */

    /* Guards the calls that start and end the backend, and what they set. */
    pthread_mutex_t life_mutex;
    char node_id[MQC__NODE_ID_BYTES + 1];
    pthread_t dispatcher;
    bool has_dispatcher;
    bool is_closing;           /* a close has begun */
    bool is_closed;            /* and ended */
    pthread_cond_t has_closed; /* is_closed was set */
    struct mqc__error_listener error_listeners[MQC__LISTENERS_MAX];
    size_t error_listener_count;
    struct mqc__state_listener state_listeners[MQC__LISTENERS_MAX];
    size_t state_listener_count;
    /* Set by init before the session is open: what its callbacks use. */
    struct mqc__session *own_session;
    /* Set once by init, with release order; NULL before. */
    struct mqc__session *_Atomic session;
    atomic_bool is_polled; /* the application runs the handlers */
    /* Among those that the session has, perhaps; guarded by the next. */
    bool has_refused_filters;
    /* Held for a change of what is wanted, and until the session has the filters for it. */
    pthread_mutex_t subscriptions_mutex;
    struct mqc__interests *interests;

    struct mqc__gateway gateway_parts;
    /* Set once, to the above, with release order; NULL before. */
    const struct mqc__gateway *_Atomic gateway;

    pthread_mutex_t trouble_mutex; /* guards troubles */
    struct mqc__trouble_state troubles[MQC__TROUBLE_COUNT];

    /* Set by init before the session is open, for good. */
    struct mqc__positions *positions;
    struct mqc__subscribed *subscribed; /* with the subscriptions' mutex held */
    struct mqc_view id_topic;           /* where what is for this node's id comes */

    pthread_mutex_t tick_mutex; /* guards when the session is to call */
    int64_t members_at_ms;
    int64_t notice_at_ms; /* puts a notice into the inbox */

    /* Only the thread that runs handlers uses these. */
    struct mqc__streams *streams;
    struct mqc__receipts receipts;        /* about to leave */
    int64_t planned_ms;                   /* when the session was asked for a notice */
    int64_t sync_at_ms;                   /* when the positions have to be on the disk */
    uint64_t acks[MQC__BACKEND_ACKS_MAX]; /* to be given when they are */
    size_t ack_count;
    struct mqc__arena arena;
    struct mqc__decompressor decompressor;
    struct mqc__pieces pieces;
    struct mqc__buffer topic;
    struct mqc__buffer mqtt_topic;

    atomic_int state;              /* enum mqc_state */
    atomic_uint_fast64_t handling; /* the thread that runs handlers, 0 when none does */
    atomic_uint_fast64_t received_events;
    atomic_uint_fast64_t duplicate_events;
    atomic_uint_fast64_t missing_events;
    atomic_uint_fast64_t unwanted_messages;
    atomic_uint_fast64_t malformed_messages;
    atomic_uint_fast64_t mismatched_events;
    atomic_uint_fast64_t unhandled_messages;
};

/* Raises Backend::error: a log line now, the error handlers in their turn. Any thread. */
void mqc__backend_raise(struct mqc_backend *backend, const char *tag, const char *text);

/* Raises an error of a kind that may come in floods. Any thread. */
void mqc__backend_trouble(struct mqc_backend *backend, enum mqc__trouble trouble,
                          const char *format, ...) MQC_PRINTF(3, 4);

/* How much of a name to show in a text. */
static inline int mqc__backend_shown(struct mqc_view name)
{
    return (int)(name.size < 120 ? name.size : 120);
}

/* Raises what is_due() has held back. Any thread. */
void mqc__backend_report_troubles(struct mqc_backend *backend);

/* Hands one message to the handlers that want it. On the thread that runs handlers. */
void mqc__backend_receive(struct mqc_backend *backend, const struct mqc__inbox_item *item);

/* Where an envelope stands in its stream. */
struct mqc__followed {
    size_t place; /* of the stream */
    int64_t arrived_ms;
    uint64_t repeated;
    bool is_numbered; /* it has a stream */
    bool is_discarded;
};

/* Finds out what of an envelope to hand over, and reports what is missing before it; and notes that
 * it was handled. On the thread that runs handlers. */
struct mqc__followed mqc__backend_follow(struct mqc_backend *backend,
                                         const struct mqc__envelope *envelope,
                                         struct mqc_view topic, struct mqc_view mqtt_topic);
void mqc__backend_follow_handled(struct mqc_backend *backend, const struct mqc__envelope *envelope,
                                 const struct mqc__followed *followed);

/* A message was handled, or dropped: acknowledges it, at once or when its position is on the disk.
 * On the thread that runs handlers, and so are the next three. */
void mqc__backend_done(struct mqc_backend *backend, uint64_t ack);
void mqc__backend_acknowledge_all(struct mqc_backend *backend);

/* Brings the positions to the disk; may block for long. */
void mqc__backend_sync_positions(struct mqc_backend *backend);

/* Does what is due at this time, and has the session give notice when there is more; and that when
 * it was given. */
void mqc__backend_do_due(struct mqc_backend *backend);
void mqc__backend_noticed(struct mqc_backend *backend);

/* Has the session call for the members at a time; and what it calls. */
void mqc__backend_tick_members_at(struct mqc_backend *backend, int64_t at_ms);
void mqc__backend_tick(struct mqc_backend *backend, int64_t now_ms);

/* Opens what a receiver keeps, unless it is open; *info says what cannot be used. With the life
 * mutex held. */
enum mqc_error mqc__backend_open_state(struct mqc_backend *backend, struct mqc_error_info *info);
void mqc__backend_close_state(struct mqc_backend *backend);

/* Makes the session, which goes on with an earlier one if this node's state is on the disk. */
enum mqc_error mqc__backend_make_session(struct mqc_backend *backend,
                                         struct mqc__session **session_out,
                                         struct mqc_error_info *info);

/* The broker may have exactly these filters now. On the session's thread. */
void mqc__backend_filters_changed(struct mqc_backend *backend, const char *const *filters,
                                  size_t count);

/* Somebody has unsubscribed. With the subscriptions' mutex held. */
void mqc__backend_unsubscribed(struct mqc_backend *backend, struct mqc_view text,
                               enum mqc_match match);

/* Runs handlers for one item, of any kind, and frees it. On the thread that runs handlers. */
void mqc__backend_handle(struct mqc_backend *backend, struct mqc__inbox_item *item);

/* Where the application runs the handlers: waits until none runs, and runs them for all that waits.
 */
void mqc__backend_drain(struct mqc_backend *backend);

/* Starts and ends the thread that runs handlers. */
enum mqc_error mqc__backend_start_dispatcher(struct mqc_backend *backend);
void mqc__backend_stop_dispatcher(struct mqc_backend *backend);

/* What happens in the cluster, told to this backend. */
struct mqc__members_owner mqc__backend_members_owner(struct mqc_backend *backend);

/* Hands all filters to the session: those of the subscriptions and of presence. What the broker
 * refuses does not stand in the way of narrower ones. With the subscriptions' mutex held, so that
 * the session gets the sets in the order of the changes. */
enum mqc_error mqc__backend_hand_over_filters(struct mqc_backend *backend,
                                              struct mqc__session *session);

/* The same where there is a session already. */
enum mqc_error mqc__backend_change_filters(struct mqc_backend *backend,
                                           struct mqc_error_info *info);

/* The broker has answered to filters. On the session's thread. */
void mqc__backend_filters_answered(struct mqc_backend *backend, bool is_refused);

/* Waits until the broker serves what the node itself has subscribed to, and presence, whatever its
 * gateway wants. */
enum mqc_error mqc__backend_wait_filters(struct mqc_backend *backend, struct mqc__session *session,
                                         unsigned timeout_ms);

/* How events of a topic travel, as the rules say. */
struct mqc__service mqc__backend_service(const struct mqc_backend *backend, struct mqc_view topic);

/* An event on its way to the broker. */
struct mqc__departure {
    struct mqc_view topic;
    const struct mqc_event *event;
    struct mqc__service service;
    struct mqc__session_done done; /* without a function the caller waits for the disk */
};

/* Brings an event to the broker, and to nobody else. */
enum mqc_error mqc__backend_send(struct mqc_backend *backend,
                                 const struct mqc__departure *departure,
                                 struct mqc_error_info *info);

/* Counts an event that came from outside and hands it to the node's handlers. On the thread that
 * runs handlers. */
void mqc__backend_deliver(struct mqc_backend *backend, const struct mqc_message *message);

/* Counts an event between this node and the cluster. */
void mqc__backend_count(const struct mqc_backend *backend, enum mqc__telemetry_direction direction,
                        struct mqc_view topic, const struct mqc_event *event);

/* Returns the gateway, or NULL. */
static inline const struct mqc__gateway *mqc__backend_gateway(struct mqc_backend *backend)
{
    return atomic_load_explicit(&backend->gateway, memory_order_acquire);
}

/* Tells the gateway, if there is one: of an event that it may want; to ask whether it is ready; of
 * an error that may concern it. */
void mqc__backend_tap(struct mqc_backend *backend, struct mqc_view topic,
                      const struct mqc_event *event, uint64_t origin);
void mqc__backend_tell_ready(struct mqc_backend *backend);
void mqc__backend_tell_error(struct mqc_backend *backend, const char *tag, const char *text);

/* Hands the event of one of its clients to the node's handlers. On the thread that runs them. */
void mqc__backend_handle_client(struct mqc_backend *backend, const struct mqc__inbox_item *item);

/* Says whether a Backend::error with this tag is one for the gateway. */
bool mqc__gateway_error_is_for_clients(const char *tag);

/* What the session calls. */
struct mqc__session_events mqc__backend_session_events(struct mqc_backend *backend);

#endif
