#ifndef MQC_LINK_LINK_PRIV_H
#define MQC_LINK_LINK_PRIV_H

#include "link/link.h"
#include "link/loopback.h"
#include "link/relay.h"

#include <pthread.h>

struct mqc__link {
    struct mqc__loopback loopback;
    struct mqc__wire client;
    struct mqc__wire broker;
    struct mqc__relay relay;
    int stop_fd;   /* an eventfd */
    int wake_fd;   /* the same; -1: there is no filter */
    bool is_proxy; /* as in the options */
    bool is_relay; /* never hand the socket over */
    int64_t started_ms;
    atomic_bool is_direct; /* the client has the broker's socket itself */
    char description[300];
    pthread_t thread;
    bool is_running;       /* the thread is to be joined */
    pthread_mutex_t mutex; /* guards the failure */
    struct mqc__link_failure failure;
};

/* Makes a link without connections; NULL when memory or files run out. */
struct mqc__link *mqc__link_new(size_t buffer_bytes);

/* Connects it to the broker, with TLS if that is asked for. As mqc__link_open. */
enum mqc_error mqc__link_connect(struct mqc__link *link, const struct mqc__link_options *options,
                                 const char **tag_out, struct mqc_error_info *info);

/* Keeps the first failure that is told. */
void mqc__link_keep_failure(void *link, const struct mqc__link_failure *failure);

/* Opens the client's port and starts the thread. */
enum mqc_error mqc__link_start(struct mqc__link *link, struct mqc_error_info *info);

#endif
