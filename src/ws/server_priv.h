#ifndef MQC_WS_SERVER_PRIV_H
#define MQC_WS_SERVER_PRIV_H

#include "base/arena.h"
#include "link/tls_source.h"
#include "loop/loop.h"
#include "ws/hub.h"
#include "ws/server.h"

#include <pthread.h>
#include <stdatomic.h>

struct mqc__ws_client;

/* As much is read from a client at once. libuv reads up to 32 times before it looks at the next
 * client, so that one who sends without end delays the others by what 32 times that holds. */
#define MQC__WS_INPUT_BYTES ((size_t)4 * 1024)

/* One address where clients connect. The loop's thread, but for the counter. */
struct mqc__ws_listener {
    struct mqc__ws_listener *next;
    struct mqc__ws_server *server;
    struct mqc_websocket_options *options;
    struct mqc__tls_source *tls; /* NULL: no TLS */
    uv_tcp_t tcp;
    uv_tcp_t stranger;       /* a connection that is being turned away */
    bool is_turning_away;    /* it is in use */
    bool has_more_strangers; /* another connection waits to be taken from the system */
    char place[80];          /* address and port, for people */
    size_t connections;
    bool is_open;
    bool is_withdrawn;           /* closed before the others; changed as the list of listeners is */
    uint64_t silent_until_ms;    /* no more complaints about strangers before */
    atomic_size_t waiting;       /* events of its clients with the node's handlers */
    atomic_uint_fast64_t blocks; /* times a client was held back */
};

struct mqc__ws_server {
    /* Fixed. */
    struct mqc__ws_cluster cluster;
    const char *version;
    struct mqc__telemetry *telemetry;
    struct mqc__loop *loop;
    struct mqc__ws_hub *hub;

    /* Any thread. */
    atomic_bool has_news;     /* subscriptions may have become active */
    atomic_bool wants_resume; /* the node's handlers have room again */
    atomic_size_t held_count; /* clients that wait for that */
    atomic_bool is_closed;    /* no more listeners */
    atomic_uint_fast64_t accepted;
    atomic_uint_fast64_t refused;
    atomic_uint_fast64_t clients_now;
    atomic_uint_fast64_t too_slow;
    atomic_uint_fast64_t rejected;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t emptied;
    size_t open_handles; /* of listeners, clients and the timer */
    /* Changed on the loop's thread alone, which so needs no mutex to read it. */
    struct mqc__ws_listener *listeners;

    /* The loop's thread. */
    struct mqc__ws_client *clients;
    struct mqc__ws_client *first_held;
    struct mqc__ws_client **last_held;
    uv_timer_t retry;
    unsigned published;      /* events that the node's handlers have not been told of yet */
    struct mqc__arena arena; /* one message of one client */
    char *input;
};

/* server.c */

/* Counts a handle that must be closed before the server can be freed. */
void mqc__ws_server_handle_opened(struct mqc__ws_server *server);
void mqc__ws_server_handle_closed(struct mqc__ws_server *server);

/* server_held.c: clients that are held back until there is room for their events. */

/* Puts a client at the end of those that wait. */
void mqc__ws_server_hold(struct mqc__ws_server *server, struct mqc__ws_client *client);

/* Takes a client out of them, if it is one. */
void mqc__ws_server_let_go(struct mqc__ws_server *server, struct mqc__ws_client *client);

/* Lets each one try again. */
void mqc__ws_server_resume_held(struct mqc__ws_server *server);

/* The node's handlers are done with an event of a client of this listener. Any thread. */
void mqc__ws_listener_handled(void *listener);

/* listener.c */

/* Opens a listener; the server takes it. */
enum mqc_error mqc__ws_listener_open(struct mqc__ws_server *server,
                                     const struct mqc_websocket_options *options,
                                     struct mqc_error_info *info);

/* listener_tls.c: loads what the options name. Errors as mqc__tls_source_new(). */
enum mqc_error mqc__ws_listener_tls(const struct mqc_websocket_tls *from,
                                    struct mqc__tls_source **source_out,
                                    struct mqc_error_info *info);

/* Closes it; its memory stays for the clients that are left. */
void mqc__ws_listener_close(struct mqc__ws_listener *listener);

void mqc__ws_listener_free(struct mqc__ws_listener *listener);

#endif
