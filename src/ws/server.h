#ifndef MQC_WS_SERVER_H
#define MQC_WS_SERVER_H

#include "metrics/telemetry.h"
#include "ws/cluster.h"
#include "ws/options.h"

/*
 * The WebSocket server of a node: Zeek's WebSocket API for programs that take part in the cluster
 * through it. One thread serves all listeners and clients.
 */
struct mqc__ws_server;

/* What has happened since the server was made, and how many clients there are now. */
struct mqc__ws_stats {
    uint64_t accepted; /* connections */
    uint64_t refused;  /* of those: over the limit of connections */
    uint64_t clients;  /* now: upgraded */
    uint64_t too_slow; /* closed because their line was full */
    uint64_t rejected; /* messages that were answered with an error */
    uint64_t held;     /* times a message had to wait for room, which holds its client back */
};

/* Makes a server without a listener. `cluster` is copied; `version` goes into the acknowledgements
 * and stays the caller's, as `telemetry` does, which may be NULL. MQC_ENOMEM. */
enum mqc_error mqc__ws_server_new(const struct mqc__ws_cluster *cluster, const char *version,
                                  struct mqc__telemetry *telemetry,
                                  struct mqc__ws_server **server_out);

/*
 * Opens a listener; copies the options. With the same address and port as an open one it does
 * nothing if the options are equal. Any thread but the loop's. MQC_EEXIST: they are not;
 * MQC_ECONFIG: the options, or the files that they name, cannot be used; MQC_EIO: the address
 * cannot be had; MQC_ECLOSED; MQC_ENOMEM.
 */
enum mqc_error mqc__ws_server_listen(struct mqc__ws_server *server,
                                     const struct mqc_websocket_options *options,
                                     struct mqc_error_info *info);

/* Says whether there is a listener at this address and port. Any thread but the loop's. */
bool mqc__ws_server_listens(struct mqc__ws_server *server,
                            const struct mqc_websocket_options *options);

/* Closes that listener again, and the connections that it has; nothing happens when there is none.
 * Any thread but the loop's. */
void mqc__ws_server_unlisten(struct mqc__ws_server *server,
                             const struct mqc_websocket_options *options);

/* Loads the listeners' certificates and keys again, for the clients that come then; what cannot be
 * used is logged, and the old ones stay. Any thread. */
void mqc__ws_server_reload_tls(struct mqc__ws_server *server);

/* Brings an event to the clients that want it, but not to the one with the number `origin`. Any
 * thread. */
void mqc__ws_server_deliver(struct mqc__ws_server *server, struct mqc_view topic,
                            const struct mqc_event *event, uint64_t origin);

/* Has the server look again which clients' subscriptions are active. Any thread. */
void mqc__ws_server_ready(struct mqc__ws_server *server);

/* Tells every client of an error: Zeek's Backend::error. Any thread. */
void mqc__ws_server_error(struct mqc__ws_server *server, const char *tag, const char *text);

/* Writes Zeek's zeek_cluster_onloop_queue_blocks, a sample for each listener. Any thread. */
void mqc__ws_server_write_blocks(struct mqc__ws_server *server, struct mqc__prometheus *writer);

void mqc__ws_server_stats(struct mqc__ws_server *server, struct mqc__ws_stats *stats_out);

/* Closes the listeners, and every client with 1001 "Terminating", and waits until they are gone,
 * for each client's time of grace at most. Idempotent. Any thread but the loop's. */
void mqc__ws_server_close(struct mqc__ws_server *server);

/* Frees a closed server, when nobody calls it any more and `handled` was called for every event. */
void mqc__ws_server_free(struct mqc__ws_server **server);

#endif
