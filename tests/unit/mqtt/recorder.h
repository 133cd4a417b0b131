#ifndef TESTS_UNIT_MQTT_RECORDER_H
#define TESTS_UNIT_MQTT_RECORDER_H

#include "mqtt/session.h"

#include <pthread.h>

/* What a session told its owner. */
struct recorder {
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    char **messages; /* "topic payload" */
    size_t message_count;
    uint64_t *acks;     /* of the messages */
    bool keeps_acks;    /* the test says which of them are handled, else all are at once */
    char filters[1000]; /* each time that they were told: "a b |b |" */
    char **errors;      /* "tag: text" */
    size_t error_count;
    enum mqc__session_state states[256];
    size_t state_count;
    int64_t last_expiry_s; /* of the latest message, and whether it was a retained one */
    bool was_last_retained;
    size_t tick_count;
    size_t announced_count;
    size_t answered_count;
    size_t refused_count;         /* of those */
    const char *will;             /* NULL: none */
    const char *farewell;         /* announced when the session leaves; NULL: nothing */
    struct mqc__session *session; /* for that */
    bool is_blocked;              /* the message callback waits while it is set */
    unsigned blocked_count;
};

void recorder_init(struct recorder *recorder);
void recorder_fini(struct recorder *recorder);

/* Callbacks that record. */
struct mqc__session_events recorder_events(struct recorder *recorder);

/* How long a test waits for what must come. */
#define RECORDER_PATIENCE_MS 60000

/* Wait until so many are there (or the text of one begins with the tag, or the state came); false
 * when that does not happen. */
bool recorder_wait_messages(struct recorder *recorder, size_t count);
bool recorder_wait_error(struct recorder *recorder, const char *tag);
bool recorder_wait_state(struct recorder *recorder, enum mqc__session_state state);
/* Waits until the state was told so many times. */
bool recorder_wait_states(struct recorder *recorder, enum mqc__session_state state, size_t count);
bool recorder_wait_ticks(struct recorder *recorder, size_t count);
bool recorder_wait_blocked(struct recorder *recorder);
/* Waits until these filters were told, one time after the other: "a b |b |". */
bool recorder_wait_filters(struct recorder *recorder, const char *filters);
/* Waits until these were told last, whatever came before: a connection that is made anew tells
 * some of them again. */
bool recorder_wait_last_filters(struct recorder *recorder, const char *filters);

/* The acknowledgement of a message that came, from 0. */
uint64_t recorder_ack(struct recorder *recorder, size_t index);

size_t recorder_count_errors(struct recorder *recorder, const char *tag);
size_t recorder_count_messages(struct recorder *recorder);
size_t recorder_count_ticks(struct recorder *recorder);
/* The latest error with the tag, "" if there is none; valid until the next one. */
const char *recorder_error(struct recorder *recorder, const char *tag);

/* Makes the message callback wait, or go on. */
void recorder_block(struct recorder *recorder, bool is_blocked);

/* Options for tests: short pauses, everything else roomy. */
struct mqc__session_options test_session_options(const char *const *uris, size_t uri_count);

/* Creates and opens; ends the test on failure. */
struct mqc__session *test_session_open(const struct mqc__session_options *options,
                                       struct recorder *recorder,
                                       const struct mqc__client_ops *client);

/* Publishes a text event with QoS 1. */
enum mqc_error test_session_publish(struct mqc__session *session, const char *topic,
                                    const char *event);

/*
 * Reads the recorded messages of one MQTT topic and sender as a receiver that drops repeats does;
 * returns how many different events came. *missing_out counts the numbers that were left out. Fails
 * the test when an event has other contents than its number: "<number>;".
 */
size_t recorder_receive(struct recorder *recorder, const char *topic, size_t *missing_out);

#endif
