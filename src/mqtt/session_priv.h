#ifndef MQC_MQTT_SESSION_PRIV_H
#define MQC_MQTT_SESSION_PRIV_H

#include "mqtt/client.h"
#include "mqtt/filters.h"
#include "mqtt/outbox.h"
#include "mqtt/session_machine.h"
#include "mqtt/throttle.h"

#include "base/buffer.h"
#include "codec/compress.h"
#include "codec/protobuf.h"

#include <pthread.h>

/*
 * A session is one thread and what it shares with the callers and the client's callbacks under one
 * mutex. No lock is held while the thread calls the client or the owner. Functions named _locked
 * want the mutex held, all others want it free.
 */

/* Larger events do not fit into any MQTT packet (MQTT 2.1.4), with some room for what stands around
 * them. */
#define MQC__EVENT_BYTES_MAX ((size_t)200 << 20)

/* An envelope's header has at most this many bytes beside its texts, the node and the instance
 * twice, and a piece. */
#define MQC__ENVELOPE_OVERHEAD_BYTES ((size_t)160)

/* An acknowledgement as the client told it. */
struct mqc__ack {
    int token;
    int reason;
};

/* Events that came to nothing and are not reported yet; kept apart by what is to be said. */
struct mqc__session_losses {
    struct mqc__throttle overflow; /* refused to the caller or dropped to make room */
    uint64_t overflow_dropped;     /* of those: accepted before */
    struct mqc__throttle refused;  /* refused by the broker, or never acceptable to it */
    uint64_t refused_events;
    char refused_topic[200]; /* the latest */
    char refused_reason[100];
    struct mqc__throttle given_up; /* kept for a receiver that has not acknowledged them */
    int presence_reason; /* the broker refuses presence for the first time; 0: it does not */
};

/* An event to be accepted: its bytes, and the buffer that they may be taken from. */
struct mqc__offer {
    struct mqc_view topic;
    struct mqc__service service;
    struct mqc_view event;
    struct mqc__buffer *buffer;                        /* NULL: they must be copied */
    void (*done)(void *context, enum mqc_error error); /* NULL: the caller waits */
    void *done_context;
};

/* Longer versions are cut. */
#define MQC__BROKER_ANSWER_BYTES 100

/* The question for a broker's version, on the present connection. */
struct mqc__session_broker {
    bool is_asked;
    bool is_subscribed; /* the broker may know the subscription to it, from this connection or one
                           before */
    bool has_answer;    /* it came, and was not looked at */
    char answer[MQC__BROKER_ANSWER_BYTES];
    int64_t deadline_ms; /* of the answer; INT64_MAX: none is awaited */
    /* A bit for each URI whose broker was asked and has not answered: it is not asked again. */
    uint32_t silent;
};
_Static_assert(MQC__MACHINE_URIS_MAX <= 32, "each URI has a bit");

/* What a broker has said so far. */
struct mqc__broker_record {
    char version[MQC__BROKER_ANSWER_BYTES]; /* "": nothing */
    unsigned told;                          /* bits of the traps that were told */
};

struct mqc__session {
    /* Fixed at creation. */
    struct mqc__session_options *options;
    struct mqc__session_events events;
    const struct mqc__client_ops *ops;
    struct mqc__client_sink sink;
    struct mqc__spool *spool; /* NULL: events are in memory only */
    pthread_mutex_t mutex;
    pthread_cond_t wake;    /* there is something for the thread to do */
    pthread_cond_t changed; /* there is something for waiting callers to look at */

    /* Guarded by the mutex. */
    pthread_t thread;
    unsigned reference_count; /* the owner, the thread */
    bool is_open;             /* the thread was started */
    bool is_closing;          /* no more work is taken */
    bool has_ended;           /* the thread, or what close does without one */
    bool is_abandoned;        /* close went without waiting for a call of the client */
    bool is_in_call;          /* the thread is inside the client */
    bool is_idle;             /* the thread waits for `wake` */
    int64_t idle_until_ms;    /* but not longer than until then */
    unsigned waiter_count;    /* callers that wait for `changed` */
    unsigned message_count;   /* message callbacks that run now */
    int64_t message_ms;       /* when the latest of them began */
    int64_t progress_ms;      /* when something was last acknowledged, or put in flight first */
    int64_t close_deadline_ms;
    uint64_t leftover_count;
    struct mqc__machine machine;
    struct mqc__outbox outbox;
    struct mqc__filters filters;
    struct mqc__ack *acks; /* told and not yet processed */
    size_t ack_count;
    size_t ack_capacity;
    bool has_filter_work; /* filters may differ from what the broker knows */
    bool is_flooded;      /* more acknowledgements than messages: the broker is out of its mind */
    bool is_lost;
    bool wants_tls_reload; /* the owner asks for it */
    bool gives_way;        /* the owner wants it */
    bool has_announcement; /* not sent yet */
    int64_t announced_ms;  /* when it came, or when the last one was sent */
    bool is_announcement_retained;
    bool was_announced; /* acknowledged, and the owner does not know */
    bool is_presence_refused;
    bool has_left; /* there is nothing to be announced any more */
    int lost_reason;
    int announcement_token;  /* of the one in flight, -1: none */
    int probe_token;         /* likewise */
    struct mqc__note *notes; /* to be said to other nodes */
    struct mqc__note **last_note;
    size_t note_count;
    uint32_t packet_bytes_max; /* of the present or last connection */
    int64_t tls_look_ms;       /* when to look at the files of TLS; INT64_MAX: never */
    const struct mqc__client *traffic_client; /* connected: counts bytes of its own */
    struct mqc__client *ack_client;           /* whose messages are acknowledged; NULL: none */
    uint32_t connection_count;                /* attempts so far, the present one included */
    struct mqc__buffer announcement;          /* to be said on the presence topic, or said last */
    int64_t tick_ms; /* when the owner wants to be called; INT64_MAX: never */
    struct mqc__session_broker broker;
    struct mqc__session_stats stats;
    struct mqc__session_losses losses;

    /* The thread's own. */
    struct mqc__client *client;
    struct mqc__connect_request request;
    struct mqc__connect_answer answer;
    size_t
        session_uri; /* whose broker keeps the session of the connection before; URIS_MAX: none */
    uint32_t keep_alive_s[MQC__MACHINE_URIS_MAX];                 /* what to ask which broker for */
    struct mqc__tls_session *tls_sessions[MQC__MACHINE_URIS_MAX]; /* to be resumed */
    struct mqc__broker_record brokers[MQC__MACHINE_URIS_MAX];
    int64_t expiry_report_ms; /* when the certificate's expiry may be reported next */
    struct mqc__repeat connect_reports[MQC__MACHINE_URIS_MAX];
    struct mqc__buffer topic;   /* of what is said */
    struct mqc__buffer payload; /* of what is said, or an envelope's header, or a compressed one */
    struct mqc__envelope_header header; /* of the batch to be sent */
    struct mqc__compressor *compressor; /* NULL: batches are sent as they are */
    enum mqc__session_state told_state;
    unsigned stall_count; /* connections in a row given up because nothing was acknowledged */
};

/* session.c */

/* Lets the waiting callers look again. */
void mqc__session_changed_locked(struct mqc__session *session);
/* One user less; frees the session with the last. */
void mqc__session_unref(struct mqc__session *session);
/* Waits on a condition until the time has come; INT64_MAX: for ever. Any clock but the wall's. */
void mqc__session_wait_locked(struct mqc__session *session, pthread_cond_t *condition,
                              int64_t until_ms);

/* Says whether the thread sleeps though it has something to do; then it is to be woken, once. */
bool mqc__session_has_work_locked(struct mqc__session *session);

/* session_spool.c: events on disk, which come into the outbox from there. */

/* Opens the spool, if events are to be on disk. */
enum mqc_error mqc__session_spool_open(struct mqc__session *session, struct mqc_error_info *info);
void mqc__session_spool_close(struct mqc__session *session);
/* Accepts an event on disk; waits for that unless the offer says who is to be told. */
enum mqc_error mqc__session_publish_durably(struct mqc__session *session,
                                            const struct mqc__offer *offer,
                                            struct mqc_error_info *info);
/* Lets the spool delete what is done with, and go on if the outbox has room. */
void mqc__session_tell_spool_locked(struct mqc__session *session);
/* The lowest number that the outbox does not have yet; UINT64_MAX: it has all. */
uint64_t mqc__session_unfed_locked(const struct mqc__session *session);
/* The number of the last event that was accepted. */
uint64_t mqc__session_last_number_locked(const struct mqc__session *session);

/* session_close.c */

/* Adds what the present connection has carried. */
void mqc__session_add_traffic_locked(const struct mqc__session *session,
                                     struct mqc__session_stats *stats);

/* The last reports; nothing is told to the owner afterwards. */
void mqc__session_end(struct mqc__session *session);

/* session_thread.c */

/* The thread. */
void *mqc__session_run(void *session);
/* Gives the machine an event: the only place where a state ends. */
void mqc__session_step_locked(struct mqc__session *session, struct mqc__machine_event event);
/* Before and after a call to the client; the second returns false when the session was abandoned
 * meanwhile: then nothing may be done but to clean up. */
void mqc__session_enter_call(struct mqc__session *session);
bool mqc__session_leave_call(struct mqc__session *session);
/* After a call that found no connection: the client tells in a callback why, which may be under
 * way. Waits for it a moment; is_lost is set afterwards in any case. */
void mqc__session_await_loss(struct mqc__session *session);
/* Waits a moment, after memory ran out. */
void mqc__session_await_memory(void);
/* Frees the client, if there is one; returns false when the session was abandoned meanwhile. */
bool mqc__session_drop_client(struct mqc__session *session);

/* session_connect.c: CONNECTING, and the end of a connection. */

/* Makes one attempt. */
void mqc__session_attempt(struct mqc__session *session);
/* Finds out what the end of the connection means. */
void mqc__session_connection_lost(struct mqc__session *session);
/* Leaves a broker that does not do its part. */
void mqc__session_give_up_connection(struct mqc__session *session);
/* Leaves the broker to another client of the same name. */
void mqc__session_leave_to_other(struct mqc__session *session);
/* Leaves a broker to connect to it anew. */
void mqc__session_renew_connection(struct mqc__session *session);

/* session_presence.c */

void mqc__session_presence_init(struct mqc__session *session);
/* When something is to be said on the presence topic; INT64_MAX: nothing. */
int64_t mqc__session_announce_ms_locked(const struct mqc__session *session);
/* Reports that the broker does not take it, once. */
void mqc__session_report_presence(struct mqc__session *session);
/* Says it. */
void mqc__session_send_announcement(struct mqc__session *session);
/* Takes an acknowledgement if it is for what was said; false: it is for something else. */
bool mqc__session_settle_announcement_locked(struct mqc__session *session,
                                             const struct mqc__ack *ack);
/* Forgets what was said or was to be said on the connection that ended. */
void mqc__session_forget_announcement_locked(struct mqc__session *session);
/* Lets the owner take leave of those who watch, and sends what it says. */
void mqc__session_take_leave(struct mqc__session *session);
/* The will for the next attempt; its topic is NULL when there is none. */
struct mqc__client_message mqc__session_will(const struct mqc__session *session);
/* Tells the owner that what it announced was acknowledged. */
void mqc__session_tell_announced(struct mqc__session *session);

/* session_tls.c */

/* Gets ready to watch the files of TLS. */
void mqc__session_tls_init(struct mqc__session *session);
void mqc__session_tls_fini(struct mqc__session *session);
/* When to look at the files of TLS, INT64_MAX: never. */
int64_t mqc__session_tls_ms_locked(const struct mqc__session *session);
/* Looks at them, and at the certificate's expiry. */
void mqc__session_look_at_tls(struct mqc__session *session);

/* session_subscribe.c */

/* Brings the broker's filters in line with the desired ones, one packet each way at most. */
void mqc__session_subscribe(struct mqc__session *session);

/* session_broker.c: asks the broker of a node for its version, and warns of what is known to go
 * wrong with it. The question travels with the first filters of a connection, and is taken back
 * when nothing else is to be done. */

/* A connection begins. */
void mqc__session_broker_connected(struct mqc__session *session);
/* Adds the question to what is to be subscribed, once; says whether it did. */
bool mqc__session_broker_ask(struct mqc__session *session, struct mqc__filter_batch *batch);
/* Notes what the broker answered to the subscription. */
void mqc__session_broker_asked(struct mqc__session *session, bool is_accepted);
/* Takes a message if it is the answer; false: it is something else. On the receive thread. */
bool mqc__session_broker_take(struct mqc__session *session,
                              const struct mqc__mqtt_message *message);
/* When something is to be done about it; INT64_MAX: nothing. */
int64_t mqc__session_broker_ms_locked(const struct mqc__session *session);
/* Does it. */
void mqc__session_look_at_broker(struct mqc__session *session);

/* session_send.c */

/* Says whether one more message may be in flight. */
bool mqc__session_has_slot_locked(const struct mqc__session *session);
/* Says whether a message could leave now. */
bool mqc__session_can_send_locked(const struct mqc__session *session);
/* Sends one message. */
void mqc__session_send(struct mqc__session *session);
/* Processes the acknowledgements that came in. */
void mqc__session_settle_locked(struct mqc__session *session);
/* How large an event may be for this topic, as far as the broker has said. */
size_t mqc__session_event_bytes_max(const struct mqc__session *session, size_t topic_size);
/* When the connection counts as stalled, INT64_MAX when nothing is in flight. */
int64_t mqc__session_stall_ms_locked(const struct mqc__session *session);

/* session_keep.c: what is said to other nodes beside events. */

void mqc__session_keep_init(struct mqc__session *session);
/* Forgets what was to be said on the connection that ended. */
void mqc__session_forget_notes_locked(struct mqc__session *session);
/* When something kept is to be given up, or a stream to be probed; INT64_MAX: never. */
int64_t mqc__session_keep_ms_locked(const struct mqc__session *session);
/* Does that, for one stream. */
void mqc__session_probe(struct mqc__session *session);
/* Takes an acknowledgement if it is for a probe; false: it is for something else. */
bool mqc__session_settle_probe_locked(struct mqc__session *session, const struct mqc__ack *ack);
/* Sends one message of what receivers have asked for. */
void mqc__session_repeat(struct mqc__session *session);
/* Sends one thing that the owner wants said. */
void mqc__session_send_note(struct mqc__session *session);
/* What the envelope of a batch says, but for its events. */
struct mqc__envelope_header mqc__session_header_locked(const struct mqc__session *session,
                                                       const struct mqc__batch *batch);

/* session_report.c */

/* Tells the owner. */
void mqc__session_report(struct mqc__session *session, const char *tag, const char *format, ...)
    MQC_PRINTF(3, 4);
/* Notes losses to be reported by the thread, at most so often. */
void mqc__session_note_overflow_locked(struct mqc__session *session, uint64_t refused,
                                       uint64_t dropped);
void mqc__session_note_refused_locked(struct mqc__session *session, struct mqc_view topic,
                                      const char *reason, size_t event_count);
/* Notes what was given up since the last time. */
void mqc__session_note_given_up_locked(struct mqc__session *session);
/* When a report of losses becomes due, INT64_MAX when there is none to make. */
int64_t mqc__session_report_ms_locked(const struct mqc__session *session);
/* Reports the losses that are due; all of them when `is_last`. */
void mqc__session_report_losses(struct mqc__session *session, bool is_last);
/* Reports an attempt that failed, unless the same was just reported. */
void mqc__session_report_attempt(struct mqc__session *session, const char *tag, const char *text);
/* Tells the owner the state, if it is a new one. */
void mqc__session_tell_state(struct mqc__session *session);
/* Counts what is left in the outbox as dropped and reports it, at the end. */
void mqc__session_report_leftover(struct mqc__session *session);

#endif
