#ifndef MQC_MQTT_SESSION_H
#define MQC_MQTT_SESSION_H

#include "base/error.h"
#include "base/view.h"
#include "spool/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One node's MQTT session: connects and stays connected, keeps a desired set of subscriptions,
 * and brings what was accepted to the broker in order. One thread of its own does all of it;
 * the functions below may be called from any thread, also from the callbacks, unless they say
 * otherwise.
 */
struct mqc__session;
struct mqc__client_ops;
struct mqc__tls_source;
struct mqc__buffer;

/* Which MQTT version to speak. */
enum mqc__mqtt_version {
    MQC__MQTT_AUTO, /* 5, then 3.1.1 where the broker refuses 5 */
    MQC__MQTT_5,
    MQC__MQTT_311,
};

/* What to do with a new event when the outbox is full. */
enum mqc__when_full {
    MQC__WHEN_FULL_REFUSE,      /* refuse it: MQC_EFULL */
    MQC__WHEN_FULL_DROP_OLDEST, /* drop the oldest that is not in flight, count and report it */
};

/* MQTT quality of service (MQTT 4.3). */
enum mqc__qos {
    MQC__QOS_0 = 0,
    MQC__QOS_1 = 1,
};

/* What happens to a running connection when there are new certificates. */
enum mqc__tls_on_change {
    MQC__TLS_KEEP,  /* it goes on; the next one uses them */
    MQC__TLS_RENEW, /* it is ended and made anew */
};

/* How an event travels; all but is_retried is the same for every event of a topic. */
struct mqc__service {
    enum mqc__qos qos;
    bool is_end_to_end; /* done when its receivers have it, not when the broker has; with QoS 1 */
    bool is_to_one;     /* with it: there is one receiver, which says how far it has come */
    bool is_urgent;     /* goes ahead of what is not */
    bool is_retried; /* when the outbox is full it comes again: that is no refusal to be counted */
};

/* Who is told what became of an event. */
struct mqc__session_done {
    void (*function)(void *context, enum mqc_error error);
    void *context;
};

/* TLS, for the URIs with mqtts://. */
struct mqc__session_tls {
    struct mqc__tls_source *source; /* NULL: no TLS; else referenced */
    const char *server_name;        /* what the broker proves to be; NULL: the URI's host */
    enum mqc__tls_on_change on_change;
    unsigned watch_interval_ms; /* how often to look for new files; 0: never */
    /* The own certificate's expiry is reported once a day from so long before. */
    uint64_t expiry_warning_s;
};

/* Where a node says what it is, with QoS 1. A session with it also asks its broker for its version
 * ($SYS/broker/version) and warns in the log of what is known to go wrong with it. */
struct mqc__session_presence {
    const char *topic;        /* NULL: it says nothing */
    const char *content_type; /* not sent with MQTT 3.1.1 */
    uint32_t expiry_s; /* the broker forgets what it retains after so long, with MQTT 5; 0: never */
};

/* What outlives the process, and what is kept for receivers. */
struct mqc__durability {
    bool is_on_disk;
    bool is_spool_only;    /* what was left is sent, and nothing else of the directory is touched */
    const char *directory; /* the node's own, absolute, perhaps not there yet; NULL: in memory */
    uint64_t spool_bytes;
    enum mqc__spool_fsync fsync;
    unsigned fsync_interval_ms;
    /* With is_end_to_end: how long and how much may be asked for again. */
    int64_t keep_ms;
    size_t keep_bytes;
};

/* What the spool is called in that directory. */
#define MQC__SESSION_SPOOL_NAME "spool.db"

/* How an event travels that stands in a spool with this `service`. Pure. */
struct mqc__service mqc__session_spool_service(uint32_t service);

/* How the session behaves. All texts are copied. */
struct mqc__session_options {
    const char *const *uris; /* mqtt://host[:port] or mqtts://host[:port], tried in turn */
    size_t uri_count;
    struct mqc__session_tls tls;
    struct mqc__session_presence presence;
    struct mqc__durability durability;
    unsigned tcp_timeout_ms;   /* sent and unacknowledged for so long: lost; 0: the system's */
    unsigned tcp_keep_alive_s; /* silence after which TCP probes; 0: never */
    bool tcp_quick_ack;        /* acknowledge at once */
    const char *client_id;
    const char *username; /* NULL: none */
    const char *password; /* NULL: none */
    const char *instance; /* sender's instance id, in every envelope */
    const char *node;     /* sender's name, in every envelope */
    enum mqc__mqtt_version version;
    unsigned keep_alive_s;
    unsigned connect_timeout_ms;
    unsigned backoff_min_ms; /* first pause after a failure; doubles, with jitter, up to max */
    unsigned backoff_max_ms;
    uint32_t session_expiry_s; /* how long the broker keeps the session; 0: not at all */
    unsigned in_flight_max;    /* messages sent and not acknowledged */
    size_t in_flight_bytes_max;
    /* With MQTT 5: */
    unsigned receive_max;    /* messages sent to here and not acknowledged; 0: the broker's limit */
    bool uses_topic_aliases; /* topics are sent once a connection, as far as the broker agrees */
    /* The broker gets the acknowledgement of a message only after mqc__session_handled(); what was
     * not handled it sends again, in order, with the next connection of a lasting session. */
    bool holds_acks;
    /* The first connection to each broker, too, goes on with what that kept for the client id, if
     * session_expiry_s is not 0; else it begins a new session. */
    bool resumes;
    /* With it: filters of an earlier session, which the brokers may still have; those that are not
     * desired after the first connect are unsubscribed. */
    const char *const *stale_filters;
    size_t stale_filter_count;
    uint32_t event_expiry_s;  /* the broker forgets events after so long; 0: never */
    size_t outbox_events_max; /* events accepted and not yet acknowledged */
    size_t outbox_bytes_max;
    size_t batch_events_max; /* events in one MQTT message */
    size_t batch_bytes_max;  /* a message grows up to this by adding events; larger ones go alone */
    size_t piece_bytes; /* an event with more is sent in pieces of so many; 0: none is, whatever its
                         * size */
    int compression_level; /* of zstd; 0: messages are not compressed. Pieces never are. */
    enum mqc__when_full when_full;
};

/* The memory that the payload of a message lives in. Who wants to keep it sets is_taken, and calls
 * release(memory) when it is done with it, on any thread. */
struct mqc__message_memory {
    void *memory;
    void (*release)(void *memory);
    bool is_taken;
};

/* An MQTT message as it arrived; everything is borrowed for the call, but for the payload, if its
 * memory is taken. */
struct mqc__mqtt_message {
    struct mqc_view topic;
    struct mqc_view payload;
    struct mqc_view content_type; /* empty with MQTT 3.1.1 or when not set */
    bool is_retained;
    struct mqc__message_memory *memory; /* of the payload; NULL: cannot be taken */
    int64_t expiry_s; /* until the broker would have forgotten it; -1: never, or MQTT 3.1.1 */
    uint64_t ack;     /* for mqc__session_handled(); 0: there is nothing to acknowledge */
};

/* Where the session stands, as others see it. */
enum mqc__session_state {
    MQC__SESSION_DOWN,   /* no connection; trying, or not opened yet */
    MQC__SESSION_UP,     /* connected */
    MQC__SESSION_TAKEN,  /* another client took the session: no more attempts */
    MQC__SESSION_CLOSED, /* closed: nothing follows */
};

/* What the session tells its owner. Every call is made without a lock held. */
struct mqc__session_events {
    void *context;
    /* One message. On the MQTT client's receive thread, one call at a time. May block: that holds
     * back the broker, but also acknowledgements, pings and every other session of the process,
     * since the client has one such thread. A session with a presence topic says again what it
     * announced last while it is held up, so that the connection stays; without one, blocking for
     * longer than the keep-alive time costs it, and so does a change of the filters that has not
     * been answered for 10 s. Must return soon after mqc__session_close() was called. */
    void (*message)(void *context, const struct mqc__mqtt_message *message);
    /* A change of state. On the session's thread, the last one perhaps on that of close; must not
     * block. */
    void (*state)(void *context, enum mqc__session_state state);
    /* Before each attempt to connect: what the broker is to say on the presence topic, retained,
     * when the connection breaks (MQTT 5, 3.1.2.5). Valid until the next call; empty, or NULL as
     * the function: nothing. On the session's thread; must not block. */
    struct mqc_view (*will)(void *context);
    /* The broker has acknowledged what was announced on the present connection. NULL: not wanted.
     * As above. */
    void (*announced)(void *context);
    /* The session is about to disconnect of its own will: what is announced now still goes out.
     * NULL: not wanted. As above. */
    void (*leaving)(void *context);
    /* The time of mqc__session_tick_at() has come, or a little later; NULL: not wanted. On the
     * session's thread, which is busy for as long as an attempt to connect takes; must not block.
     */
    void (*tick)(void *context, int64_t now_ms);
    /* The broker has answered to filters, after which others may be desired: it has refused one, or
     * has not. NULL: not wanted. As above. */
    void (*answered)(void *context, bool is_refused);
    /* All filters that a broker may know for this client id, desired or not, whenever they have
     * changed; before one is subscribed, and after one is unsubscribed: who stores them stores what
     * stale_filters is to be at the next start. Valid for the call. NULL: not wanted. On the
     * session's thread; may write a file. */
    void (*filters)(void *context, const char *const *filters, size_t count);
    /* Something went wrong: a stable tag and a sentence that names the broker, the reason and what
     * to check. On the session's thread, or on that of close; must not block. The tags of an
     * attempt to connect are those of mqc__link_open(), and mqtt_timeout, mqtt_closed,
     * mqtt_malformed (no answer, the end instead of an answer, something else) and refused. Later
     * come connection_lost and the tls_* of mqc__link_failure(), duplicate_node, subscribe_refused,
     * publish_refused, presence_refused, publish_stalled, protocol_error, outbox_overflow,
     * undelivered, qos_reduced, broker_unfit, tls_reload_failed, certificate_expires. */
    void (*error)(void *context, const char *tag, const char *text);
};

/* Totals since the session was made. */
struct mqc__session_stats {
    uint64_t accepted_events;   /* publish returned MQC_OK */
    uint64_t refused_events;    /* publish returned MQC_EFULL */
    uint64_t delivered_events;  /* acknowledged by the broker (QoS 1) or written (QoS 0) */
    uint64_t dropped_events;    /* accepted, then dropped by drop_oldest, refused by the broker, or
                                 * left over at close */
    uint64_t sent_messages;     /* MQTT messages handed to the client, repeats included */
    uint64_t repeated_messages; /* sent once more because a receiver asked for them */
    uint64_t
        given_up_events; /* to one node, which has not acknowledged them in time; dropped, too */
    size_t kept_events;  /* now: at the broker, and kept for receivers */
    size_t kept_bytes;   /* now */
    uint64_t received_messages;
    uint64_t connects;             /* successful ones */
    size_t outbox_events;          /* now */
    size_t outbox_bytes;           /* now */
    struct mqc__spool_stats spool; /* all 0: events are in memory only */
    uint64_t broker_in_bytes;      /* over all connections, TLS included */
    uint64_t broker_out_bytes;
    int64_t certificate_expiry_s; /* of the own chain, since the Unix epoch; 0: there is none */
};

/*
 * Creates a session; nothing happens before open. `client` is how MQTT is spoken: NULL means Paho.
 * Copies options and events. The caller frees it with mqc__session_free().
 * MQC_EINVAL: an option is out of range or a URI malformed, *info says which; MQC_ENOMEM.
 */
enum mqc_error mqc__session_new(const struct mqc__session_options *options,
                                const struct mqc__session_events *events,
                                const struct mqc__client_ops *client,
                                struct mqc__session **session_out, struct mqc_error_info *info);

/* Starts the thread, which connects and stays connected. Once only. MQC_ENOMEM, MQC_EINVAL. */
enum mqc_error mqc__session_open(struct mqc__session *session);

/*
 * Replaces the desired set of MQTT filters (all at QoS 1, without what this client published itself
 * where MQTT 5 can say so); the session subscribes and unsubscribes what differs, now or after the
 * next connect, and again after every connect. Copies the texts. MQC_ENOMEM, MQC_ECLOSED: the old
 * set stays.
 */
enum mqc_error mqc__session_set_filters(struct mqc__session *session, const char *const *filters,
                                        size_t filter_count);

/*
 * Accepts one encoded event (an `events` field, see codec/protobuf.h) for an MQTT topic, into the
 * outbox; events of one topic that wait together leave in one message. It is not urgent. Copies
 * both. Never blocks on the network. May be called before open. MQC_EFULL: at the limit;
 * MQC_ETOOLARGE: larger than the outbox or than the broker's maximum packet size; MQC_ECLOSED;
 * MQC_ETAKEN; MQC_ENOMEM.
 */
enum mqc_error mqc__session_publish(struct mqc__session *session, struct mqc_view mqtt_topic,
                                    enum mqc__qos qos, struct mqc_view event);

/*
 * Says `payload` on the presence topic, ahead of the events that wait. One that has not left yet is
 * replaced, and forgotten when the connection ends: say it again when the session is up. Copies it.
 * Any thread, also inside a callback. MQC_EINVAL: there is no presence topic; MQC_ECLOSED: the
 * session has taken leave; MQC_ENOMEM.
 */
enum mqc_error mqc__session_announce(struct mqc__session *session, struct mqc_view payload,
                                     bool is_retained);

/* Says what was announced last, and ends the connection for good, as if another client had taken
 * the session over (MQC__SESSION_TAKEN). Any thread, also inside a callback. */
void mqc__session_give_way(struct mqc__session *session);

/* Asks for a call of `tick` at a time of mqc__clock_monotonic_ms(), instead of the one asked for
 * before; INT64_MAX: none. Any thread, also inside a callback. */
void mqc__session_tick_at(struct mqc__session *session, int64_t at_ms);

/* Loads the files of TLS again, in the background, even if they look the same; without TLS nothing
 * happens. What comes of it is told as after a change that the session has found by itself. */
void mqc__session_reload_tls(struct mqc__session *session);

/* The same, but it may be urgent, and the memory of the event may be taken instead of being copied:
 * the buffer is empty then. On failure it is as it was. */
enum mqc_error mqc__session_publish_buffer(struct mqc__session *session, struct mqc_view mqtt_topic,
                                           struct mqc__service service, struct mqc__buffer *event);

/*
 * As above, but with durability on disk it does not wait until the event is there: `done` is called
 * once with what came of it (MQC_OK, MQC_EIO), on a thread that must not be held up and may not
 * publish without `done`. In memory it is called before this returns. On failure it is not called.
 */
enum mqc_error mqc__session_publish_async(struct mqc__session *session, struct mqc_view mqtt_topic,
                                          struct mqc__service service, struct mqc__buffer *event,
                                          const struct mqc__session_done *done);

/* Instances of this node from before, of which events are left on disk, by index from 0; empty:
 * there are no more. Any thread; lives as long as the session. */
struct mqc_view mqc__session_left_instance(const struct mqc__session *session, size_t index);

/* Gives an empty buffer, for an event of that size, memory of an event that is done with, if there
 * is some that suits: new memory for each large event is dear. The caller owns it. */
void mqc__session_lend(struct mqc__session *session, size_t event_bytes,
                       struct mqc__buffer *buffer);

/* What a receiver has said of a stream of this node; everything is borrowed. */
struct mqc__session_receipt {
    struct mqc_view instance;    /* whose stream it is */
    struct mqc_view mqtt_topic;  /* which one */
    struct mqc_view topic;       /* of its events */
    struct mqc_view requester;   /* the receiver's instance */
    struct mqc_view reply_topic; /* of MQTT, where it alone gets what it asks for */
    uint64_t handled_to;
    bool wants_repeat; /* of everything above that */
};

/* Takes note of it. Any thread; never blocks. */
void mqc__session_receipt(struct mqc__session *session, const struct mqc__session_receipt *receipt);

/* Says something to other nodes that is no event: QoS 0, once, and only while the session is up.
 * Copies both. Any thread; never blocks. MQC_EFULL: it is not up, or too much waits; MQC_EINVAL: no
 * topic name; MQC_ECLOSED; MQC_ENOMEM. */
enum mqc_error mqc__session_say(struct mqc__session *session, struct mqc_view mqtt_topic,
                                struct mqc_view payload);

/*
 * Says that a message was handled, or that nobody wants it: with the option holds_acks it is
 * acknowledged once all that came before it were handled too. `ack` is that of the message; 0 and
 * those of earlier connections, whose messages come again, are ignored. To be called for every
 * message, else the broker sends no more. Any thread, also inside a callback; cheap, never blocks.
 */
void mqc__session_handled(struct mqc__session *session, uint64_t ack);

/* Waits until the session is up and every desired filter is acknowledged by the broker. Not from a
 * callback. MQC_ETIMEOUT, MQC_ETAKEN, MQC_ECLOSED; MQC_EREFUSED: the broker refused a filter. */
enum mqc_error mqc__session_wait_ready(struct mqc__session *session, unsigned timeout_ms);

/* The same for these filters alone, each of which a wider one may serve, whatever becomes of
 * others; filters that are not desired any more count as acknowledged. With a time of 0 it never
 * waits, and may be called from anywhere. MQC_ENOMEM too. */
enum mqc_error mqc__session_wait_filters(struct mqc__session *session, const char *const *filters,
                                         size_t count, unsigned timeout_ms);

/* Says whether the broker has refused a desired filter on this connection. */
bool mqc__session_is_refused(struct mqc__session *session, const char *filter);

/* Waits until everything accepted before the call was acknowledged (QoS 1) or written (QoS 0). Not
 * from a callback. MQC_ETIMEOUT, MQC_ETAKEN, MQC_ECLOSED. */
enum mqc_error mqc__session_flush(struct mqc__session *session, unsigned timeout_ms);

/*
 * Accepts no more, brings what was accepted to the broker for at most flush_ms, disconnects, and
 * ends the thread; waits for all of that. What is left over is counted as dropped and reported by
 * the error callback before it returns. Idempotent. Not from a callback. Returns the number of
 * events left over. A call of the client that hangs, such as a connect without an answer, delays
 * this by two seconds at most: then it is left to end by itself, and nothing is told any more.
 */
uint64_t mqc__session_close(struct mqc__session *session, unsigned flush_ms);

void mqc__session_stats(struct mqc__session *session, struct mqc__session_stats *stats_out);

/* Closes with no flush time if that was not done, frees, sets the caller's pointer to NULL. */
void mqc__session_free(struct mqc__session **session);

#endif
