#ifndef TESTS_UNIT_BACKEND_RECEIVE_DRIVER_H
#define TESTS_UNIT_BACKEND_RECEIVE_DRIVER_H

#include "backend/backend.h"
#include "codec/protobuf.h"

/*
 * A backend whose broker does not exist, and which runs its handlers in receive_run(): messages are
 * given to it as its session would. It has subscribed to "t/" and its own topics, and handles the
 * event "e". For programs that are linked with -Wl,--wrap for mqc__session_handled,
 * mqc__receipts_send, mqc__receipts_take and mqc__positions_sync.
 */

#define RECEIVE_INBOX_BYTES 100000
#define RECEIVE_ACKS_MAX 1000

struct receive_driver {
    struct mqc_backend *backend;
    char seen[4000];     /* "topic number[?]; " each, ? if it is uncertain */
    char receipts[4000]; /* "instance: topic number[ repeat]; " each */
    char errors[1000];   /* "tag; " each */
    size_t receipt_count;
    size_t taken_receipts;
    unsigned syncs;         /* of positions */
    unsigned unsynced_acks; /* acknowledgements before the first of them */
    void (*handled)(const struct mqc_message *message); /* called in the handler; may be NULL */
};

/* Events "e" without arguments, as they come in one message. */
struct receive_batch {
    const char *topic;
    const char *original_topic; /* NULL: none */
    uint64_t first;
    uint64_t count;
    enum mqc__receipt_kind receipt;
    const char *instance; /* NULL: worker-1-a */
    struct mqc__after after;
    const char *event; /* NULL: e */
};

struct mqc__backend_options receive_options(const char *state_directory);

/* Make and initialise it; state_directory may be NULL. */
void receive_new(struct receive_driver *driver, const char *state_directory);
void receive_new_with(struct receive_driver *driver, const struct mqc__backend_options *options);
void receive_free(struct receive_driver *driver);

/* Removes the files of a state directory. */
void receive_remove_state(const char *folder);

/* Give it a message, with what is to be acknowledged. */
void receive_put(struct receive_driver *driver, const struct receive_batch *batch, uint64_t ack);
void receive_put_bytes(struct receive_driver *driver, const char *mqtt_topic, const char *payload,
                       uint64_t ack);
void receive_put_receipts(struct receive_driver *driver, const char *topic, size_t count,
                          uint64_t ack);

/* Runs the handlers for all that waits. */
void receive_run(struct receive_driver *driver);

/* Runs the handlers until so many receipts were sent. */
void receive_wait_receipts(struct receive_driver *driver, size_t count);

/* Runs the handlers until so often positions were brought to the disk. */
void receive_wait_syncs(struct receive_driver *driver, unsigned count);

/* How often this was acknowledged since receive_new(). */
unsigned receive_acks(const struct receive_driver *driver, uint64_t ack);

/* Called instead of counting, if it is set. */
extern void (*receive_on_ack)(uint64_t ack);

#endif
