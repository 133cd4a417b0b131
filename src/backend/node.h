#ifndef MQC_BACKEND_NODE_H
#define MQC_BACKEND_NODE_H

#include "base/view.h"
#include "value/value.h"

#include <stdint.h>

/* A pool of nodes, Zeek's Cluster::PoolSpec. */
struct mqc_pool_spec {
    struct mqc_view topic; /* names the pool, and reaches all its nodes */
    const char *type;      /* of its nodes: "proxy", "worker" or "logger" */
    uint32_t max_nodes;    /* 0: all of that type */
    bool is_exclusive;     /* its nodes are in no other pool; needs max_nodes */
};

/* What an owner is to be found for. */
struct mqc_key {
    struct mqc_value value;
    /* Its declared type in Zeek's syntax, where the value does not carry all that Zeek hashes: an
     * enum needs "enum NAME", a vector, a record and a pattern their whole type. NULL: no need. */
    const char *type;
};

/* Room for any node name, and for the topic that is made of it, with the NUL. */
#define MQC_NODE_NAME_BYTES 256
#define MQC_NODE_TOPIC_BYTES 320

/* The node that was chosen for a key. */
struct mqc_route {
    char node[MQC_NODE_NAME_BYTES];
    char topic[MQC_NODE_TOPIC_BYTES]; /* reaches this node alone */
    uint32_t key_hash;                /* hrw */
    uint32_t site_id;
    uint32_t weight; /* hrw */
    bool is_self;
};

/* One node of the cluster, as this one knows it. The texts live for the call. */
struct mqc_node {
    struct mqc_view name;
    const char *type;
    struct mqc_view id; /* its instance; empty: never heard of */
    bool is_up;
    bool is_self;
    int64_t since_ns;     /* up: when its instance started, by its clock; down: when that was
                           * noticed; nanoseconds since the Unix epoch, 0: unknown */
    int64_t last_seen_ns; /* when it was last heard of; 0: never */
};

/* Takes one node of a list. It must not call the backend. */
typedef void (*mqc_node_fn)(void *context, const struct mqc_node *node);

/* Takes one node of one pool. The texts live for the call. It must not call the backend. */
typedef void (*mqc_pool_node_fn)(void *context, struct mqc_view pool_topic, struct mqc_view node);

#endif
