#ifndef MQC_CLUSTER_ASSIGN_H
#define MQC_CLUSTER_ASSIGN_H

#include "base/arena.h"
#include "cluster/pool.h"

/* A node of the cluster's layout. */
struct mqc__layout_node {
    struct mqc_view name;
    enum mqc__node_type type;
};

/* All of them, in any order. */
struct mqc__layout {
    const struct mqc__layout_node *nodes;
    size_t count;
    bool manager_is_logger; /* the first manager by name also belongs to the pools of loggers */
};

/* A pool's specification, and the nodes that it gets. */
struct mqc__assignment {
    const struct mqc__pool_spec *spec;
    const struct mqc__layout_node *const *nodes;
    size_t node_count;
};

/* Says whether a specification is right in itself. MQC_ECONFIG, in Zeek's words: a type of nodes
 * that no pool can have, or an exclusive pool without max_nodes. */
enum mqc_error mqc__pool_spec_check(const struct mqc__pool_spec *spec, struct mqc_error_info *info);

/*
 * Gives the pools, which are sorted by topic and right in themselves, their nodes, as Zeek does.
 * The arena keeps the lists, which point to the nodes of the layout. MQC_ECONFIG: too few nodes for
 * the exclusive pools; MQC_EINVAL: two nodes of one name; MQC_ENOMEM.
 */
enum mqc_error mqc__assign(const struct mqc__layout *layout, struct mqc__assignment *assignments,
                           size_t count, struct mqc__arena *arena, struct mqc_error_info *info);

#endif
