#ifndef TESTS_UNIT_WS_SERVER_DRIVER_H
#define TESTS_UNIT_WS_SERVER_DRIVER_H

#include "ws/server.h"

#include <pthread.h>

/* The real server on a free port, before a cluster that does what the test says. */

#define DRIVER_HELD_MAX 4096

struct server_driver {
    struct mqc__ws_server *server;
    struct mqc_websocket_options options; /* of the listener */
    pthread_mutex_t mutex;                /* guards everything below */
    pthread_cond_t changed;

    /* What the cluster answers. */
    enum mqc_error subscribe_error;
    enum mqc_error ready_error;
    enum mqc_error publish_error;
    bool is_handled_later; /* kept until driver_handle() */
    bool is_echoed;        /* other clients get what one publishes */
    size_t answer_bytes;   /* the size of what /metrics says */

    /* What it saw. */
    size_t subscribed; /* prefixes, less those unsubscribed */
    size_t published;  /* events that it took */
    size_t publishes;  /* times that it was asked to */
    char names[2048];  /* of the first events that it took, each with a blank after it */
    size_t added;
    size_t lost;
    unsigned code; /* of the last one that was lost */
    char reason[128];
    void (*handled)(void *context);
    void *handled_contexts[DRIVER_HELD_MAX];
    size_t handled_count;
};

/* Fills in options: no pings, and times that suit a test. */
void driver_init(struct server_driver *driver);

/* Makes the server and opens the listener on a free port of 127.0.0.1. */
void driver_start(struct server_driver *driver);

/* driver_init() and driver_start(). */
void driver_open(struct server_driver *driver);

/* Has the handlers be done with so many of the events that they hold. */
void driver_handle(struct server_driver *driver, size_t count);

/* Changes an answer, seen by the loop's thread from then on. */
void driver_set(struct server_driver *driver, enum mqc_error *answer, enum mqc_error error);

/* The code and the reason of the last client that was lost, as "1000 bye"; valid until the next
 * call. */
const char *driver_end(struct server_driver *driver);

/* Reads a number under `mutex`. */
size_t driver_get(struct server_driver *driver, const size_t *number);

/* Wait until a number under `mutex` is what it should be; the last one, also of other threads'. */
bool driver_wait(struct server_driver *driver, const size_t *number, size_t expected);

/* Wait until so many connections, of those that spoke WebSocket, are there. */
bool driver_wait_clients(struct server_driver *driver, uint64_t expected);

/* Delivers an event with one string argument to every client that wants it. */
void driver_deliver(struct server_driver *driver, const char *topic, const char *text);

/* The JSON of an event message without arguments; valid until the next call of the thread. */
const char *driver_event_text(const char *topic, const char *name);

/* Closes the server, checks that nothing is left, and frees it. */
void driver_close(struct server_driver *driver);

#endif
