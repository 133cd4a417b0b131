#include "cluster/assign.h"

#include "base/fail.h"
#include "cluster/compare.h"

#include <inttypes.h>
#include <stdlib.h>

/* The types of nodes that pools can have, in the order in which Zeek looks at them. */
static const enum mqc__node_type pool_types[] = {
    MQC__NODE_WORKER,
    MQC__NODE_PROXY,
    MQC__NODE_LOGGER,
};

#define POOL_TYPE_COUNT (sizeof pool_types / sizeof pool_types[0])

/* The nodes of one type that are still to be had. */
struct eligible {
    const struct mqc__layout_node **nodes;
    size_t count;
    size_t next; /* where the next pool that is not exclusive begins */
    uint64_t exclusive_count;
};

struct assigner {
    const struct mqc__layout *layout;
    const struct mqc__layout_node **sorted;
    struct eligible by_type[MQC__NODE_WORKER + 1];
    struct mqc__arena *arena;
    struct mqc_error_info *info;
};

enum mqc_error mqc__pool_spec_check(const struct mqc__pool_spec *spec, struct mqc_error_info *info)
{
    bool is_pool_type = false;
    for (size_t i = 0; i < POOL_TYPE_COUNT; i++)
        is_pool_type |= spec->node_type == pool_types[i];
    if (!is_pool_type)
        return mqc__fail(info, MQC_ECONFIG, "invalid pool node type: %s",
                         mqc__node_type_name(spec->node_type));
    if (spec->is_exclusive && !spec->has_max_nodes)
        return mqc__fail(info, MQC_ECONFIG,
                         "Cluster::PoolSpec 'max_nodes' field must be set when using the "
                         "'exclusive' flag");
    return MQC_OK;
}

static int compare_nodes(const void *a, const void *b)
{
    return mqc__compare_bytes((*(const struct mqc__layout_node *const *)a)->name,
                              (*(const struct mqc__layout_node *const *)b)->name);
}

static bool sort_layout(struct assigner *assigner)
{
    const size_t count = assigner->layout->count;
    assigner->sorted = mqc__arena_array(assigner->arena, count, sizeof(void *));
    if (assigner->sorted == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        assigner->sorted[i] = &assigner->layout->nodes[i];
    qsort(assigner->sorted, count, sizeof(void *), compare_nodes);
    return true;
}

static enum mqc_error check_names(const struct assigner *assigner)
{
    for (size_t i = 1; i < assigner->layout->count; i++) {
        const struct mqc_view name = assigner->sorted[i]->name;
        if (mqc_view_equal(name, assigner->sorted[i - 1]->name))
            return mqc__fail(assigner->info, MQC_EINVAL,
                             "two nodes of the layout have the name \"%.*s\"",
                             (int)(name.size < 200 ? name.size : 200), name.data);
    }
    return MQC_OK;
}

static void append_nodes(struct assigner *assigner, enum mqc__node_type type, size_t max,
                         struct eligible *eligible)
{
    for (size_t i = 0; i < assigner->layout->count && max > 0; i++) {
        if (assigner->sorted[i]->type != type)
            continue;
        eligible->nodes[eligible->count++] = assigner->sorted[i];
        max--;
    }
}

static bool list_eligible(struct assigner *assigner)
{
    for (size_t i = 0; i < POOL_TYPE_COUNT; i++) {
        struct eligible *eligible = &assigner->by_type[pool_types[i]];
        eligible->nodes =
            mqc__arena_array(assigner->arena, assigner->layout->count, sizeof(void *));
        if (eligible->nodes == NULL)
            return false;
        append_nodes(assigner, pool_types[i], SIZE_MAX, eligible);
    }
    if (assigner->layout->manager_is_logger)
        append_nodes(assigner, MQC__NODE_MANAGER, 1, &assigner->by_type[MQC__NODE_LOGGER]);
    return true;
}

static enum mqc_error check_exclusive(struct assigner *assigner,
                                      const struct mqc__assignment *assignments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct mqc__pool_spec *spec = assignments[i].spec;
        if (spec->is_exclusive)
            assigner->by_type[spec->node_type].exclusive_count += spec->max_nodes;
    }
    for (size_t i = 0; i < POOL_TYPE_COUNT; i++) {
        const struct eligible *eligible = &assigner->by_type[pool_types[i]];
        if (eligible->exclusive_count > eligible->count)
            return mqc__fail(assigner->info, MQC_ECONFIG,
                             "not enough %s nodes to satisfy pool exclusivity requirements: need "
                             "%" PRIu64 " nodes",
                             mqc__node_type_name(pool_types[i]), eligible->exclusive_count);
    }
    return MQC_OK;
}

/* The first nodes are the pool's, and nobody else's. */
static void assign_exclusive(struct eligible *eligible, struct mqc__assignment *assignment)
{
    const size_t count = assignment->spec->max_nodes;
    assignment->nodes = eligible->nodes;
    assignment->node_count = count;
    eligible->nodes += count;
    eligible->count -= count;
}

/* Pools share what is left; each begins where the one before it ended, so that small pools lie on
 * different nodes. */
static bool assign_shared(struct assigner *assigner, struct eligible *eligible,
                          struct mqc__assignment *assignment)
{
    const struct mqc__pool_spec *spec = assignment->spec;
    size_t count = eligible->count;
    if (spec->has_max_nodes && spec->max_nodes < count)
        count = spec->max_nodes;
    const struct mqc__layout_node **nodes =
        mqc__arena_array(assigner->arena, count, sizeof(void *));
    if (nodes == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        nodes[i] = eligible->nodes[eligible->next];
        eligible->next = (eligible->next + 1) % eligible->count;
    }
    assignment->nodes = nodes;
    assignment->node_count = count;
    return true;
}

static bool assign_all(struct assigner *assigner, struct mqc__assignment *assignments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct mqc__pool_spec *spec = assignments[i].spec;
        if (spec->is_exclusive)
            assign_exclusive(&assigner->by_type[spec->node_type], &assignments[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const struct mqc__pool_spec *spec = assignments[i].spec;
        if (!spec->is_exclusive &&
            !assign_shared(assigner, &assigner->by_type[spec->node_type], &assignments[i]))
            return false;
    }
    return true;
}

enum mqc_error mqc__assign(const struct mqc__layout *layout, struct mqc__assignment *assignments,
                           size_t count, struct mqc__arena *arena, struct mqc_error_info *info)
{
    struct assigner assigner = {.layout = layout, .arena = arena, .info = info};
    if (!sort_layout(&assigner) || !list_eligible(&assigner))
        return mqc__fail(info, MQC_ENOMEM, "no memory for the pools");
    enum mqc_error error = check_names(&assigner);
    if (error == MQC_OK)
        error = check_exclusive(&assigner, assignments, count);
    if (error != MQC_OK)
        return error;
    if (!assign_all(&assigner, assignments, count))
        return mqc__fail(info, MQC_ENOMEM, "no memory for the pools");
    return MQC_OK;
}
