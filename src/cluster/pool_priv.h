#ifndef MQC_CLUSTER_POOL_PRIV_H
#define MQC_CLUSTER_POOL_PRIV_H

#include "base/arena.h"
#include "cluster/assign.h"
#include "cluster/pool.h"

/* A pool's nodes before they take the place of the old ones. */
struct mqc__pool_table {
    struct mqc__pool_node *nodes;
    size_t node_count;
    struct mqc__site *sites;
};

/* Makes an empty pool; copies the specification. NULL: out of memory. */
struct mqc__pool *mqc__pool_new(const struct mqc__pool_spec *spec, size_t positions_max);
void mqc__pool_free(struct mqc__pool **pool);

/* Makes the table of the nodes that a pool was assigned, of which only this process is alive, in
 * the arena. MQC_ENOMEM. */
enum mqc_error mqc__pool_make_table(struct mqc__arena *arena,
                                    const struct mqc__assignment *assignment, struct mqc_view self,
                                    char separator, struct mqc__pool_table *table_out);

/* Takes the table, which stays the arena's. */
void mqc__pool_set_table(struct mqc__pool *pool, const struct mqc__pool_table *table);

/* Takes note that a node came or went. Nothing happens when the pool does not have it, when that
 * was known, and for this process. */
void mqc__pool_set_alive(struct mqc__pool *pool, struct mqc_view name, bool is_alive);

#endif
