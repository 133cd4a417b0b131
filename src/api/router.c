#include "api/mqcluster.h"

#include "api/options.h"
#include "base/fail.h"
#include "cluster/membership.h"

#include <stdint.h>
#include <stdlib.h>

/* The members of a backend that has no session: nothing happens to them but what the caller says.
 */
struct mqc_router {
    struct mqc__members *members;
};

static enum mqc_error make_members(const struct mqc_config *config, struct mqc__arena *arena,
                                   struct mqc__members **members_out, struct mqc_error_info *info)
{
    /* Only inputs cause what an owner is told, and there are none. */
    const struct mqc__members_owner owner = {.context = NULL};
    struct mqc__backend_options options;
    enum mqc_error error = mqc__api_backend_options(config, arena, &options, info);
    if (error != MQC_OK)
        return error;
    options.members.root = options.root;
    options.members.type = MQC__NODE_NONE;
    options.members.watch = MQC__TYPES_ALL;
    error = mqc__members_new(&options.members, &owner, members_out, info);
    if (error == MQC_OK)
        error = mqc__members_start(*members_out, "router", info);
    return error;
}

enum mqc_error mqc_router_new(const struct mqc_config *config, struct mqc_router **router_out,
                              struct mqc_error_info *info)
{
    if (config == NULL || router_out == NULL)
        return mqc__fail(info, MQC_EINVAL, "mqc_router_new: an argument is NULL");
    *router_out = NULL;
    struct mqc_router *router = calloc(1, sizeof *router);
    if (router == NULL)
        return mqc__fail(info, MQC_ENOMEM, "%s", mqc_error_text(MQC_ENOMEM));
    struct mqc__arena arena;
    mqc__arena_init(&arena, SIZE_MAX / 2);
    const enum mqc_error error = make_members(config, &arena, &router->members, info);
    mqc__arena_fini(&arena);
    if (error != MQC_OK)
        mqc_router_free(&router);
    *router_out = router;
    return error;
}

static enum mqc_error fail_argument(struct mqc_error_info *info)
{
    return mqc__fail(info, MQC_EINVAL, "an argument is NULL");
}

enum mqc_error mqc_router_set_up(struct mqc_router *router, struct mqc_view node, bool is_up,
                                 struct mqc_error_info *info)
{
    if (router == NULL || node.data == NULL)
        return fail_argument(info);
    return mqc__members_assume(router->members, node, is_up, info);
}

enum mqc_error mqc_router_hrw(struct mqc_router *router, struct mqc_view pool,
                              const struct mqc_key *key, struct mqc_route *route_out,
                              struct mqc_error_info *info)
{
    if (router == NULL || key == NULL || route_out == NULL)
        return fail_argument(info);
    return mqc__members_hrw(router->members, pool, key, route_out, info);
}

enum mqc_error mqc_router_rr(struct mqc_router *router, struct mqc_view pool, struct mqc_view key,
                             struct mqc_route *route_out, struct mqc_error_info *info)
{
    if (router == NULL || route_out == NULL)
        return fail_argument(info);
    return mqc__members_rr(router->members, pool, key, route_out, info);
}

void mqc_router_free(struct mqc_router **router)
{
    if (router == NULL || *router == NULL)
        return;
    mqc__members_free(&(*router)->members);
    free(*router);
    *router = NULL;
}
