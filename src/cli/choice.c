#include "cli/choice.h"

#include <stdio.h>

struct mqc_view mqc__choice_pool(const struct mqc_config *config, struct mqc_view pool)
{
    struct mqc_config_pool entry;
    for (size_t i = 0; mqc_config_pool(config, i, &entry) == MQC_OK; i++)
        if (entry.topic != NULL && mqc_view_equal(pool, mqc_view_text(entry.name)))
            return mqc_view_text(entry.topic);
    return pool;
}

enum mqc_error mqc__choice_offline(const struct mqc__choice *choice, struct mqc_router *router,
                                   struct mqc_route *route_out, struct mqc_error_info *info)
{
    if (choice->is_in_turn)
        return mqc_router_rr(router, choice->pool, choice->key->value.as.text, route_out, info);
    return mqc_router_hrw(router, choice->pool, choice->key, route_out, info);
}

static enum mqc_error choose(const struct mqc__choice *choice, struct mqc_backend *backend,
                             struct mqc_route *route_out, struct mqc_error_info *info)
{
    if (choice->is_in_turn)
        return mqc_rr_topic(backend, choice->pool, choice->key->value.as.text, route_out, info);
    return mqc_hrw_topic(backend, choice->pool, choice->key, route_out, info);
}

static enum mqc_error fail(struct mqc_error_info *info, enum mqc_error code, const char *text)
{
    *info = (struct mqc_error_info){.code = code};
    (void)snprintf(info->text, sizeof info->text, "%s", text);
    return code;
}

/* When to give up: the broker's part of the wait, then the nodes'. */
static int64_t deadline_of(const struct mqc__roster *roster, int64_t timeout_ms)
{
    if (roster->ready_ms < 0)
        return roster->started_ms + (timeout_ms >= 0 ? timeout_ms : MQC__ROSTER_CONNECT_MS);
    return roster->ready_ms + (timeout_ms >= 0 ? timeout_ms : MQC__ROSTER_NOBODY_MS);
}

enum mqc_error mqc__choice_live(const struct mqc__choice *choice, struct mqc__roster *roster,
                                int64_t timeout_ms, struct mqc_route *route_out,
                                struct mqc_error_info *info)
{
    struct mqc__client *client = roster->client;
    while (!client->was_stopped) {
        enum mqc_error error = mqc__roster_look(roster);
        if (error != MQC_OK && error != MQC_ETIMEOUT)
            return fail(info, error, mqc_error_text(error));
        const int step_ms =
            mqc__client_left_ms(deadline_of(roster, timeout_ms), MQC__ROSTER_STEP_MS);
        if (step_ms == 0 && roster->ready_ms < 0)
            return fail(info, MQC_ETIMEOUT, mqc__roster_unreached);
        if (error == MQC_OK || step_ms == 0) {
            error = choose(choice, client->backend, route_out, info);
            if (error != MQC_ENOTFOUND || step_ms == 0)
                return error;
        }
        (void)mqc__client_wait(client, -1, step_ms);
    }
    return fail(info, MQC_ECLOSED, "stopped");
}

static enum mqc_error set_all_up(const struct mqc_config *config, struct mqc_router *router,
                                 struct mqc_error_info *info)
{
    struct mqc_config_node node;
    for (size_t i = 0; mqc_config_node(config, i, &node) == MQC_OK; i++) {
        const enum mqc_error error =
            mqc_router_set_up(router, mqc_view_text(node.name), true, info);
        if (error != MQC_OK)
            return error;
    }
    return MQC_OK;
}

enum mqc_error mqc__choice_check(const struct mqc__choice *choice, const struct mqc_config *config,
                                 struct mqc_error_info *info)
{
    struct mqc_router *router = NULL;
    struct mqc_route route;
    if (!mqc__roster_is_static(config))
        return MQC_OK;
    enum mqc_error error = mqc_router_new(config, &router, info);
    if (error == MQC_OK)
        error = set_all_up(config, router, info);
    if (error == MQC_OK)
        error = mqc__choice_offline(choice, router, &route, info);
    mqc_router_free(&router);
    return error;
}
