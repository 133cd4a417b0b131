#ifndef MQC_CLUSTER_POOL_H
#define MQC_CLUSTER_POOL_H

#include "base/error.h"
#include "base/map.h"
#include "cluster/node_type.h"

#include <stdint.h>

/*
 * A pool: nodes of one type among which the owner of a key is chosen, by its hash (HRW: highest
 * random weight) or in turn (round robin). Which node is chosen is Zeek's choice, bit for bit. Each
 * node chooses alone, so all have to know the same layout. Not thread-safe.
 */

/* What somebody registers. */
struct mqc__pool_spec {
    struct mqc_view topic; /* names the pool; all its nodes subscribe to it */
    enum mqc__node_type node_type;
    uint32_t max_nodes; /* if has_max_nodes */
    bool has_max_nodes;
    bool is_exclusive; /* its nodes are in no other pool; needs max_nodes */
};

/* A node in a pool. */
struct mqc__pool_node {
    struct mqc_view name;
    struct mqc_view topic; /* reaches this node alone */
    uint32_t site_id;      /* what the weights are made from */
    bool is_self;          /* this process */
    bool is_alive;
};

/*
 * One place in the table for HRW, which holds the nodes that are alive but for this process: Zeek
 * puts a node there when it hears that the node came up, and of itself it hears nothing. Round
 * robin counts this process as alive from the start, and may choose it.
 */
struct mqc__site {
    uint32_t id;
    uint32_t node; /* index into `nodes` */
};

/* For reading only. */
struct mqc__pool {
    struct mqc__pool_spec spec;
    struct mqc__pool_node *nodes; /* in Zeek's order; until the next mqc__pools_assign() */
    size_t node_count;
    struct mqc__site *sites;
    size_t site_count;
    struct mqc__map positions; /* of round robin, by key; the longest unused is the oldest */
    size_t positions_max;
};

/* A node and its weight for a key. */
struct mqc__pool_choice {
    const struct mqc__pool_node *node;
    uint32_t weight;
};

/* Returns the node that owns a key with this hash; `node` is NULL when none but this process is
 * alive. */
struct mqc__pool_choice mqc__pool_hrw(const struct mqc__pool *pool, uint32_t key_hash);

/* Writes all nodes, also those that are not alive, into an array of node_count, in the order in
 * which they own a key with this hash: each if those before it are down. */
void mqc__pool_rank(const struct mqc__pool *pool, uint32_t key_hash,
                    struct mqc__pool_choice *choices_out);

/* A longer key of round robin is refused, so that what is kept has a bound. */
#define MQC__POOL_KEY_BYTES_MAX 512

/* The usual number of keys whose position is kept. */
#define MQC__POOL_KEYS_MAX 4096

/*
 * Chooses the next node that is alive, in turn for each key; the first time the first one. When
 * more keys than the pool may keep were used, the one that was unused longest is forgotten and
 * begins again with the first node. MQC_ENOTFOUND: nobody is alive; MQC_ETOOLARGE: the key;
 * MQC_ENOMEM; then the next call chooses as if this one had not been.
 */
enum mqc_error mqc__pool_rr(struct mqc__pool *pool, struct mqc_view key,
                            const struct mqc__pool_node **node_out);

#endif
