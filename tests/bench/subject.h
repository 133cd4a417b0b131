#ifndef TESTS_BENCH_SUBJECT_H
#define TESTS_BENCH_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A library under measurement. Each program of the benchmark has one, in a file of its own that
 * defines `subject`; everything else knows it through these functions only. The libraries cannot
 * share a program: those of Paho have the same names inside.
 */

enum subject_result {
    SUBJECT_DONE,
    SUBJECT_BUSY,        /* no room now: try again in a moment */
    SUBJECT_UNSUPPORTED, /* it cannot do what was asked; it has said why on standard error */
    SUBJECT_FAILED,      /* likewise */
};

/* Takes one message as it arrives. One call at a time, on a thread of the library. */
typedef void (*subject_message_fn)(void *context, const void *payload, size_t size);

/* What a session is to be. Everything is borrowed and lives as long as the session. */
struct subject_settings {
    const char *host;
    uint16_t port;
    const char *ca_file; /* NULL: without TLS; else the two below are set too */
    const char *certificate_file;
    const char *key_file;
    const char *folder;  /* for files that the subject needs */
    const char *cluster; /* of nobody else */
    const char *name;    /* of nobody else in the cluster */
    const char *variant; /* one of subject.variants, or "" */
    int qos;             /* 0 or 1 */
    size_t max_payload_bytes;
    unsigned topic_count;        /* 1 to TOPICS_MOST */
    const char *publish_topic;   /* event topics, which subject_topic() makes of these */
    const char *subscribe_topic; /* NULL: nothing is subscribed to */
    subject_message_fn on_message;
    void *context;
};

struct subject {
    const char *name;
    const char *server;   /* which server it needs: "mosquitto" or "nats" */
    const char *variants; /* other ways to run it, "a=1 b=2", or "" */
    int qos_most;         /* 0 or 1 */
    bool is_plain;        /* it is measured without TLS */
    bool is_tls;          /* with */

    /* Connects and subscribes; waits for both, at most SUBJECT_CONNECT_MS each. On failure there is
     * no session. The main thread, once in a process. */
    enum subject_result (*connect)(const struct subject_settings *settings, void **session_out);

    /* Takes one message to be sent on a topic, numbered from 0; copies it. May wait for room, but
     * for a second at most, and not for an answer to this message. The main thread. */
    enum subject_result (*publish)(void *session, unsigned topic, const void *payload, size_t size);

    /* Disconnects and frees the session. No callback runs when it returns. The main thread. */
    void (*close)(void *session);
};

extern const struct subject subject;

#define SUBJECT_CONNECT_MS 15000
#define TOPICS_MOST 8
#define RECEIVERS_MOST 8

/* What subject_settings.name is for one of them, and for who publishes. */
#define RECEIVER_NAME "receiver-%u"
#define PUBLISHER_NAME "publisher"

#define TOPIC_BYTES 256

/* Writes the event topic of a number below `event_topic`, and the MQTT topic of that, which is the
 * same for all subjects. Both have room for TOPIC_BYTES. */
void subject_event_topic(const char *event_topic, unsigned number, char *text_out);
void subject_topic(const struct subject_settings *settings, const char *event_topic,
                   unsigned number, char *text_out);

/* Writes the MQTT filter of all topics below `event_topic`, at most TOPIC_BYTES. */
void subject_filter(const struct subject_settings *settings, const char *event_topic,
                    char *text_out);

/* Writes a client id that no other session has. */
void subject_client_id(const struct subject_settings *settings, char *text_out, size_t size);

/* Writes one line to standard error, after the subject's name. Any thread. */
__attribute__((format(printf, 1, 2))) void subject_complain(const char *format, ...);

#endif
