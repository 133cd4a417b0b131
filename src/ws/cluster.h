#ifndef MQC_WS_CLUSTER_H
#define MQC_WS_CLUSTER_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/event.h"

#include <stdbool.h>
#include <stdint.h>

/* One client as the cluster gets to know it: Zeek's Cluster::EndpointInfo. */
struct mqc__ws_endpoint {
    struct mqc_view id;      /* <node id>-websocket-<n> */
    struct mqc_view address; /* of its host, without a port */
    uint16_t port;           /* its source port */
    bool has_application_name;
    struct mqc_view application_name;
};

/* An event that a client publishes. */
struct mqc__ws_publication {
    uint64_t client; /* its number, as given to mqc__ws_server_deliver() */
    struct mqc_view endpoint;
    struct mqc_view topic;
    const struct mqc_event *event;
    void (*handled)(void *context); /* any thread */
    void *context;
};

/* What the server needs of the cluster. Called on the loop's thread; none may block. */
struct mqc__ws_cluster {
    void *context;
    /* This instance of the node; "" before it was started. */
    const char *(*node_id)(void *context);
    /* Subscribes to one client's prefixes, all or none, counted for each prefix; and back. */
    enum mqc_error (*subscribe)(void *context, const struct mqc_view *prefixes, size_t count,
                                struct mqc_error_info *info);
    void (*unsubscribe)(void *context, const struct mqc_view *prefixes, size_t count);
    /* Says whether the node can publish and its subscriptions to the prefixes are active.
     * MQC_ETIMEOUT: not yet, look again after mqc__ws_server_ready(); any other error: never. */
    enum mqc_error (*ready)(void *context, const struct mqc_view *prefixes, size_t count);
    /* Publishes an event for the cluster, the node's handlers and the other clients. All or
     * nothing; MQC_EFULL: try again later. With *is_handled_later_out the node's own handlers get
     * it, and `handled` is called once when they are done. */
    enum mqc_error (*publish)(void *context, const struct mqc__ws_publication *publication,
                              bool *is_handled_later_out, struct mqc_error_info *info);
    /* No more follows at once of what the node's own handlers get: they may begin. May be NULL. */
    void (*published)(void *context);
    /* A client has got its acknowledgement; a client whose subscriptions were read is gone. */
    void (*client_added)(void *context, const struct mqc__ws_endpoint *endpoint,
                         const struct mqc_view *subscriptions, size_t count);
    void (*client_lost)(void *context, const struct mqc__ws_endpoint *endpoint, unsigned code,
                        struct mqc_view reason);
    /* Append the bodies of /healthz, a JSON object, and /metrics, Prometheus text; the first says
     * whether the node is well. */
    bool (*health)(void *context, struct mqc__buffer *body);
    void (*metrics)(void *context, struct mqc__buffer *body);
};

#endif
