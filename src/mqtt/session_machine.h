#ifndef MQC_MQTT_SESSION_MACHINE_H
#define MQC_MQTT_SESSION_MACHINE_H

#include "mqtt/session.h"

/* The decisions of a session, as a pure function: (state, event, now) -> next state. What is to be
 * done follows from the state; there is nothing else to carry out. */

/* What the session is doing. */
enum mqc__machine_state {
    /* Was not opened. OPEN -> CONNECTING; CLOSE -> CLOSED. */
    MQC__MACHINE_IDLE,
    /* Makes one attempt, at uri_index with MQTT 3.1.1 or 5, and waits for its end. CONNECTED ->
     * ONLINE; a failure -> CONNECTING (the next URI, or 3.1.1 instead of 5) or PAUSE; CLOSE,
     * between two attempts -> CLOSED. */
    MQC__MACHINE_CONNECTING,
    /* Is connected and waits for work and for the end of the connection. LOST -> PAUSE or TAKEN;
     * CLOSE -> CLOSING. */
    MQC__MACHINE_ONLINE,
    /* Waits until resume_at_ms. RESUME -> CONNECTING; CLOSE -> CLOSED. */
    MQC__MACHINE_PAUSE,
    /* Gave way to another client of the same id and waits to be closed. CLOSE -> CLOSED. */
    MQC__MACHINE_TAKEN,
    /* Takes leave of the broker. DISCONNECTED -> CLOSED. */
    MQC__MACHINE_CLOSING,
    /* Nothing follows. */
    MQC__MACHINE_CLOSED,
};

/* What happened. */
enum mqc__machine_event_kind {
    MQC__MACHINE_OPEN,
    MQC__MACHINE_CONNECTED,
    MQC__MACHINE_FAILED,       /* the attempt, for whatever reason */
    MQC__MACHINE_REFUSED_5,    /* the broker said that it does not speak MQTT 5 */
    MQC__MACHINE_HUNG_UP,      /* the broker closed the connection without an answer */
    MQC__MACHINE_OTHER_TERMS,  /* the broker wants the same connection with other parameters */
    MQC__MACHINE_LOST,         /* the connection broke */
    MQC__MACHINE_LEFT,         /* the connection was given up by this side */
    MQC__MACHINE_TAKEN_OVER,   /* the broker said that another client took the session */
    MQC__MACHINE_RESUME,       /* resume_at_ms has come */
    MQC__MACHINE_CLOSE,        /* there is nothing more to wait for before closing */
    MQC__MACHINE_DISCONNECTED, /* leave was taken */
};

struct mqc__machine_event {
    enum mqc__machine_event_kind kind;
    int64_t now_ms;
    uint64_t random;   /* for pauses */
    bool is_explained; /* LOST: the broker gave a reason, or does not accept connections now */
};

/* As many URIs as a session may have. */
#define MQC__MACHINE_URIS_MAX 32

struct mqc__machine {
    enum mqc__machine_state state;
    /* Fixed. */
    enum mqc__mqtt_version version;
    size_t uri_count;
    unsigned backoff_min_ms;
    unsigned backoff_max_ms;
    /* The present or next attempt. */
    size_t uri_index;
    bool is_311;      /* MQTT 3.1.1, not 5 */
    bool has_hung_up; /* the broker did so at the attempt before */
    /* Memory. */
    uint32_t only_311;      /* a bit for each URI whose broker said that it does not speak 5 */
    size_t untried_count;   /* URIs to try before the next pause */
    unsigned failure_count; /* pauses since the last connection that lasted */
    unsigned brief_count;   /* connections in a row that another client may have ended */
    int64_t online_since_ms;
    int64_t quiet_until_ms; /* publish nothing before */
    int64_t resume_at_ms;
};

/*
 * Most brokers that hand the session to another client with the same id just close the connection:
 * with MQTT 3.1.1 all do, with 5 some (Mosquitto 2.0.11). That is assumed when
 * MQC__MACHINE_BRIEF_MAX connections in a row each broke within MQC__MACHINE_BRIEF_MS without a
 * reason from the broker, while every attempt succeeded and the broker stayed reachable. A broker
 * that dies or restarts is unreachable in between. One that closes because of something this client
 * publishes is told apart too: the last of the connections begins with a time in which nothing is
 * published, and if it lasts through that the count starts again.
 *
 * Of two clients, the one whose connection had lasted before loses one connection more until it
 * counts to the maximum, so that the newcomer gives way. The pauses in between are short and do not
 * grow, else the connections would not be brief; a backoff_min_ms above MQC__MACHINE_BRIEF_MS
 * hides a duplicate all the same.
 */
#define MQC__MACHINE_BRIEF_MAX 3
#define MQC__MACHINE_BRIEF_MS 5000
#define MQC__MACHINE_BRIEF_PAUSE_MS 1000

/* A connection that lasted this long makes the next pause a short one again. */
#define MQC__MACHINE_LASTING_MS 10000

void mqc__machine_init(struct mqc__machine *machine, const struct mqc__session_options *options);

/* Takes an event; one that does not belong to the state changes nothing. */
void mqc__machine_step(struct mqc__machine *machine, const struct mqc__machine_event *event);

/* Says whether the loss of the connection now could mean that another client took the session, so
 * that LOST wants to know whether the broker can be reached. */
bool mqc__machine_suspects_takeover(const struct mqc__machine *machine, int64_t now_ms);

/* "CONNECTING" and so on, for the log. */
const char *mqc__machine_state_name(enum mqc__machine_state state);

#endif
