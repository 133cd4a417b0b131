#ifndef TESTS_UNIT_MQTT_FAKE_CLIENT_H
#define TESTS_UNIT_MQTT_FAKE_CLIENT_H

#include "mqtt/client.h"

/*
 * A client that does what it is told and remembers what it was asked. One session uses it at a
 * time. Answers are given in the session's thread, everything else in the test's.
 */

/* What publish does. */
enum fake_publish {
    FAKE_ACK_EARLY, /* acknowledges before publish returns */
    FAKE_ACK_TWICE, /* the same, two times */
    FAKE_ACK_NEVER, /* until fake_acknowledge */
    FAKE_PUBLISH_LOST,
    FAKE_PUBLISH_LOST_UNTOLD, /* and never calls `lost` */
    FAKE_PUBLISH_UNUSABLE,
    FAKE_PUBLISH_NOMEM,
};

/* How it behaves; changed at any time with fake_script. */
struct fake_script {
    enum mqc__client_result connect_result;
    int connect_reason;
    unsigned fail_connects; /* so many attempts fail as above, the next ones succeed; 0: all fail */
    bool refuses_5;         /* attempts with MQTT 5 are refused as unsupported */
    bool hangs_up_on_5;
    bool is_reachable;                 /* what probe finds */
    bool connect_blocks;               /* until fake_unblock */
    struct mqc__connect_answer answer; /* zeros mean: no limit */
    enum mqc__client_result subscribe_result;
    int subscribe_reason; /* 0: granted */
    /* What the broker answers when it is asked for its version: in time, or "" nothing. */
    char version[200];
    int version_reason;       /* as subscribe_reason */
    bool hangs_up_on_version; /* instead of an answer */
    enum fake_publish publish;
    int ack_reason;
    unsigned lose_after_publishes; /* calls `lost` after so many, once; 0: never */
};

/* What it was asked. */
struct fake_log {
    unsigned creates;
    unsigned frees;
    unsigned connects;
    unsigned connects_311;
    unsigned connects_clean;
    char last_uri[100];
    unsigned last_keep_alive_s;
    unsigned subscribes;
    unsigned unsubscribes;
    char filters[400]; /* "+a ~b -a ": subscribed, the same without what is retained, and not */
    /* Not counted above: */
    unsigned version_subscribes;
    unsigned version_unsubscribes;
    unsigned handled;
    uint32_t last_handled;
    unsigned publishes;
    unsigned publishes_qos_1;
    unsigned in_flight_now;
    unsigned in_flight_max;
    size_t in_flight_bytes_max;
    unsigned disconnects;
    unsigned probes;
};

/* Forgets everything: a client that accepts and acknowledges. */
void fake_reset(void);

struct fake_script *fake_script_lock(void);
void fake_script_unlock(void);

struct fake_log fake_log(void);

/* The payload of the nth publish (from 0) in a string of its own, NULL if there was none yet. */
char *fake_payload(unsigned index);

/* Acknowledges the oldest message that is not; false when there is none. */
bool fake_acknowledge(int reason);
/* Acknowledges a message that was never sent. */
void fake_acknowledge_token(int token);
/* Ends the connection. */
void fake_lose(int reason);
/* Delivers a message. */
void fake_deliver(const char *topic, const char *payload);
void fake_unblock(void);

const struct mqc__client_ops *fake_ops(void);

#endif
