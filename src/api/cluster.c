#include "api/mqcluster.h"

#include "api/require.h"
#include "backend/backend.h"

enum mqc_error mqc_register_pool(struct mqc_backend *backend, const struct mqc_pool_spec *spec,
                                 struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    REQUIRE_ARGUMENT(spec != NULL, info);
    REQUIRE_ARGUMENT(spec->type != NULL, info);
    REQUIRE_ARGUMENT(spec->topic.size != 0, info);
    struct mqc__pool_spec pool = {
        .topic = spec->topic,
        .max_nodes = spec->max_nodes,
        .has_max_nodes = spec->max_nodes != 0,
        .is_exclusive = spec->is_exclusive,
    };
    if (!mqc__node_type_parse(mqc_view_text(spec->type), &pool.node_type))
        return mqc__fail(info, MQC_ECONFIG, "invalid pool node type: %.100s", spec->type);
    return mqc__members_register(mqc__backend_members(backend), &pool, info);
}

enum mqc_error mqc_hrw_topic(struct mqc_backend *backend, struct mqc_view pool,
                             const struct mqc_key *key, struct mqc_route *route_out,
                             struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    REQUIRE_ARGUMENT(key != NULL, info);
    REQUIRE_ARGUMENT(route_out != NULL, info);
    return mqc__members_hrw(mqc__backend_members(backend), pool, key, route_out, info);
}

enum mqc_error mqc_rr_topic(struct mqc_backend *backend, struct mqc_view pool, struct mqc_view key,
                            struct mqc_route *route_out, struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    REQUIRE_ARGUMENT(route_out != NULL, info);
    return mqc__members_rr(mqc__backend_members(backend), pool, key, route_out, info);
}

static enum mqc_error publish_hrw(struct mqc_backend *backend, struct mqc_view pool,
                                  const struct mqc_key *key, const struct mqc_event *event,
                                  struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    REQUIRE_ARGUMENT(key != NULL, info);
    REQUIRE_ARGUMENT(event != NULL, info);
    return mqc__backend_publish_hrw(backend, pool, key, event, info);
}

bool mqc_publish_hrw(struct mqc_backend *backend, struct mqc_view pool, const struct mqc_key *key,
                     const struct mqc_event *event, struct mqc_error_info *info)
{
    return publish_hrw(backend, pool, key, event, info) == MQC_OK;
}

static enum mqc_error publish_rr(struct mqc_backend *backend, struct mqc_view pool,
                                 struct mqc_view key, const struct mqc_event *event,
                                 struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    REQUIRE_ARGUMENT(event != NULL, info);
    return mqc__backend_publish_rr(backend, pool, key, event, info);
}

bool mqc_publish_rr(struct mqc_backend *backend, struct mqc_view pool, struct mqc_view key,
                    const struct mqc_event *event, struct mqc_error_info *info)
{
    return publish_rr(backend, pool, key, event, info) == MQC_OK;
}

void mqc_watch_nodes(struct mqc_backend *backend)
{
    if (backend != NULL)
        mqc__members_watch_all(mqc__backend_members(backend));
}

size_t mqc_nodes(struct mqc_backend *backend, mqc_node_fn function, void *context)
{
    if (backend == NULL || function == NULL)
        return 0;
    return mqc__members_each(mqc__backend_members(backend), function, context);
}

size_t mqc_pool_nodes(struct mqc_backend *backend, mqc_pool_node_fn function, void *context)
{
    if (backend == NULL || function == NULL)
        return 0;
    return mqc__members_each_in_pools(mqc__backend_members(backend), function, context);
}

size_t mqc_active_node_count(struct mqc_backend *backend, const char *type)
{
    enum mqc__node_type node_type = MQC__NODE_NONE;
    if (backend == NULL || type == NULL || !mqc__node_type_parse(mqc_view_text(type), &node_type))
        return 0;
    return mqc__members_active_count(mqc__backend_members(backend), node_type);
}
