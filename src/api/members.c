#include "api/options.h"

#include "base/fail.h"
#include "cluster/membership.h"
#include "cluster/topics.h"

#include <limits.h>
#include <string.h>

/* What a configuration says about the cluster. */

static enum mqc__node_type type_of(const struct mqc__settings *settings)
{
    if (settings->cluster.is_guest)
        return MQC__NODE_NONE;
    for (size_t i = 0; i < settings->node_count && settings->node != NULL; i++)
        if (strcmp(settings->nodes[i].name, settings->node) == 0)
            return (enum mqc__node_type)settings->nodes[i].type;
    return MQC__NODE_NONE;
}

/* A worker does not watch the other workers, unless a pool of its own is made of them. */
static unsigned watch_of(const struct mqc__settings *settings, enum mqc__node_type type)
{
    if (settings->cluster.has_watch && !settings->cluster.is_guest)
        return settings->cluster.watch;
    unsigned watch = type != MQC__NODE_NONE ? MQC__TYPES_ALL : 0;
    if (type == MQC__NODE_WORKER)
        watch &= ~MQC__TYPE_BIT(MQC__NODE_WORKER);
    for (size_t i = 0; i < settings->pool_count && type != MQC__NODE_NONE; i++)
        watch |= MQC__TYPE_BIT(settings->pools[i].type);
    return watch;
}

static const struct mqc__layout_node *make_nodes(struct mqc__arena *arena,
                                                 const struct mqc__settings *settings)
{
    struct mqc__layout_node *nodes = mqc__arena_array(arena, settings->node_count, sizeof *nodes);
    for (size_t i = 0; nodes != NULL && i < settings->node_count; i++)
        nodes[i] = (struct mqc__layout_node){mqc_view_text(settings->nodes[i].name),
                                             (enum mqc__node_type)settings->nodes[i].type};
    return nodes;
}

static const struct mqc__pool_spec *make_pools(struct mqc__arena *arena,
                                               const struct mqc__settings *settings)
{
    struct mqc__pool_spec *pools = mqc__arena_array(arena, settings->pool_count, sizeof *pools);
    for (size_t i = 0; pools != NULL && i < settings->pool_count; i++) {
        const struct mqc__pool_settings *from = &settings->pools[i];
        pools[i] = (struct mqc__pool_spec){
            .topic = mqc_view_text(from->topic),
            .node_type = (enum mqc__node_type)from->type,
            .max_nodes = from->max_nodes,
            .has_max_nodes = from->has_max_nodes,
            .is_exclusive = from->is_exclusive,
        };
        if (from->topic == NULL && !mqc__topic_of_pool(arena, settings->cluster.topic_separator,
                                                       mqc_view_text(from->name), &pools[i].topic))
            return NULL;
    }
    return pools;
}

enum mqc_error mqc__api_members_options(const struct mqc__settings *settings,
                                        struct mqc__arena *arena,
                                        struct mqc__members_options *options_out,
                                        struct mqc_error_info *info)
{
    const enum mqc__node_type type = type_of(settings);
    if (settings->is_dynamic && settings->node != NULL && type == MQC__NODE_NONE &&
        !settings->cluster.is_guest)
        return mqc__fail(info, MQC_ECONFIG,
                         "membership is dynamic, and nodes does not tell the type of this node, "
                         "%s: list it there",
                         settings->node);
    *options_out = (struct mqc__members_options){
        .type = type,
        .nodes = make_nodes(arena, settings),
        .node_count = settings->node_count,
        .is_dynamic = settings->is_dynamic,
        .manager_is_logger = settings->manager_is_logger,
        .separator = settings->cluster.topic_separator,
        .lease_ms = settings->cluster.lease_ms < UINT32_MAX ? (uint32_t)settings->cluster.lease_ms
                                                            : UINT32_MAX,
        .watch = watch_of(settings, type),
        .pools = make_pools(arena, settings),
        .pool_count = settings->pool_count,
    };
    if (options_out->nodes == NULL || options_out->pools == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    return MQC_OK;
}
