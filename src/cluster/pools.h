#ifndef MQC_CLUSTER_POOLS_H
#define MQC_CLUSTER_POOLS_H

#include "cluster/assign.h"
#include "cluster/pool.h"

/*
 * A node's pools: they are registered, then the nodes of the layout are assigned to them, and from
 * then on each node that comes or goes is told to all of them. Not thread-safe.
 */
struct mqc__pools;

struct mqc__pools_options {
    struct mqc_view self; /* this process's node; empty: none, and no pool gets a node then */
    size_t keys_max;      /* of round robin, in each pool; 0: MQC__POOL_KEYS_MAX */
    char separator;       /* of topics: '/', which 0 means too, or '.' */
};

/* Makes an empty set of pools. Copies the options. NULL: out of memory. */
struct mqc__pools *mqc__pools_new(const struct mqc__pools_options *options);
void mqc__pools_free(struct mqc__pools **pools);

/*
 * Registers a pool; it gets its nodes by the next mqc__pools_assign(). Copies the specification. A
 * specification that is there already is registered no second time. MQC_ECONFIG: the specification
 * is wrong in itself; MQC_EEXIST: another pool has the topic; MQC_ENOMEM.
 */
enum mqc_error mqc__pools_register(struct mqc__pools *pools, const struct mqc__pool_spec *spec,
                                   struct mqc_error_info *info);

/* Registers Zeek's own pools, of all workers, all proxies and all loggers, except those whose topic
 * is taken: that is how their specification is changed. MQC_ENOMEM. */
enum mqc_error mqc__pools_register_builtin(struct mqc__pools *pools, struct mqc_error_info *info);

/*
 * Gives every pool its nodes out of the layout, which need not live on. Only this process counts as
 * alive then; round robin goes on where it was. The errors are those of mqc__assign(), and leave
 * all as it was.
 */
enum mqc_error mqc__pools_assign(struct mqc__pools *pools, const struct mqc__layout *layout,
                                 struct mqc_error_info *info);

/* Take note that a node came or went. Nothing happens when that was known, when no pool has the
 * node, and for this process. */
void mqc__pools_node_up(struct mqc__pools *pools, struct mqc_view name);
void mqc__pools_node_down(struct mqc__pools *pools, struct mqc_view name);

/* Returns the pool with this topic, or NULL; it lives as long as the set. */
struct mqc__pool *mqc__pools_find(const struct mqc__pools *pools, struct mqc_view topic);

/* How many pools there are, and each of them, in the order of their topics. */
size_t mqc__pools_count(const struct mqc__pools *pools);
struct mqc__pool *mqc__pools_at(const struct mqc__pools *pools, size_t index);

/* What a node subscribes to. */
struct mqc__topic_list {
    struct mqc_view *topics;
    size_t count;
};

/*
 * Lists what this process subscribes to as a node of this type and with this id, in Zeek's order:
 * its pools, its class, its id, its name; nothing for NONE but the pools. The arena keeps the list,
 * the topics of pools live as long as the set. MQC_ENOMEM.
 */
enum mqc_error mqc__pools_own_topics(const struct mqc__pools *pools, enum mqc__node_type type,
                                     struct mqc_view id, struct mqc__arena *arena,
                                     struct mqc__topic_list *list_out);

#endif
