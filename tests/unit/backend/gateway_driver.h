#ifndef TESTS_UNIT_BACKEND_GATEWAY_DRIVER_H
#define TESTS_UNIT_BACKEND_GATEWAY_DRIVER_H

#include "backend/gateway.h"

#include <pthread.h>

/*
 * A backend whose broker does not exist, so that everything that is published stays in its outbox,
 * with a gateway and handlers that record.
 */
struct gateway_driver {
    struct mqc_backend *backend;
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    char seen[4000];    /* by the gateway: "topic name origin; " each */
    char handled[4000]; /* by the handlers: "topic name instance local|remote; " each */
    char errors[1000];  /* tags for the gateway: "tag; " each */
    unsigned seen_count;
    unsigned handled_count;
    unsigned ready_count;
    unsigned done_count; /* calls of `handled` */
    bool is_blocked;     /* handlers wait while it is set */
    unsigned blocked_count;
};

/* Options of such a backend; it has no handlers or gateway then. */
struct mqc__backend_options gateway_options(void);

/* Makes the backend with a gateway, whose handlers record every event; not initialised. */
void gateway_new(struct gateway_driver *driver, const struct mqc__backend_options *options);
void gateway_free(struct gateway_driver *driver);

/* Lets handlers wait, or go on. */
void gateway_block(struct gateway_driver *driver, bool is_blocked);

/* Wait until so many events were handled; until a handler waits. */
void gateway_wait_handled(struct gateway_driver *driver, unsigned count);
void gateway_wait_blocked(struct gateway_driver *driver);

/* Subscribes the node, the gateway. */
void gateway_node_wants(struct gateway_driver *driver, const char *prefix);
void gateway_wants(struct gateway_driver *driver, const char *prefix);

/* Publishes an event without arguments for client `origin`, whose endpoint is "client-<origin>"; a
 * call of `handled` counts. */
enum mqc_error gateway_publish(struct gateway_driver *driver, uint64_t origin, const char *topic,
                               const char *name, bool *is_later_out);

/* What was recorded since the last call; lives until the next one. */
const char *gateway_take(struct gateway_driver *driver, char *record);

unsigned gateway_done_count(struct gateway_driver *driver);

#endif
