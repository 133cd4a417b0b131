#include "config/check_priv.h"

#include "base/utf8.h"
#include "cluster/assign.h"
#include "cluster/compare.h"
#include "cluster/topics.h"

#include <stdio.h>

#define TEXT_BYTES ((size_t)600)

/* The pools, and what the check of them needs. */
struct pool_check {
    const struct mqc__settings *settings;
    const struct mqc__finder *finder;
    struct mqc__arena arena;
    struct mqc__pool_spec *specs; /* of settings->pools, with their topics */
    struct mqc__layout layout;
};

struct mqc__pool_spec mqc__pool_settings_spec(const struct mqc__pool_settings *pool)
{
    return (struct mqc__pool_spec){
        .topic = pool->topic != NULL ? mqc_view_text(pool->topic) : mqc_view_bytes(NULL, 0),
        .node_type = (enum mqc__node_type)pool->type,
        .max_nodes = pool->max_nodes,
        .has_max_nodes = pool->has_max_nodes,
        .is_exclusive = pool->is_exclusive,
    };
}

static bool list_specs(struct pool_check *check)
{
    const struct mqc__settings *settings = check->settings;
    check->specs = mqc__arena_array(&check->arena, settings->pool_count, sizeof *check->specs);
    if (check->specs == NULL)
        return false;
    for (size_t i = 0; i < settings->pool_count; i++) {
        const struct mqc__pool_settings *pool = &settings->pools[i];
        check->specs[i] = mqc__pool_settings_spec(pool);
        if (pool->topic == NULL &&
            !mqc__topic_of_pool(&check->arena, settings->cluster.topic_separator,
                                mqc_view_text(pool->name), &check->specs[i].topic))
            return false;
    }
    return true;
}

static void check_topic(const struct pool_check *check, size_t i)
{
    char text[TEXT_BYTES];
    char name[MQC__EXCERPT_BYTES];
    char topic[MQC__EXCERPT_BYTES];
    for (size_t j = 0; j < i; j++) {
        if (!mqc_view_equal(check->specs[i].topic, check->specs[j].topic))
            continue;
        (void)snprintf(text, sizeof text, "the topic %s is that of the pool %s already",
                       mqc__excerpt(check->specs[i].topic, topic),
                       mqc__excerpt(mqc_view_text(check->settings->pools[j].name), name));
        check->finder->found_in_pool(check->finder->context, &check->settings->pools[i],
                                     MQC__KEYS("cluster.topic_separator"), text);
        return;
    }
}

static bool list_nodes(struct pool_check *check)
{
    const struct mqc__settings *settings = check->settings;
    struct mqc__layout_node *nodes =
        mqc__arena_array(&check->arena, settings->node_count, sizeof *nodes);
    if (nodes == NULL)
        return false;
    for (size_t i = 0; i < settings->node_count; i++)
        nodes[i] = (struct mqc__layout_node){
            .name = mqc_view_text(settings->nodes[i].name),
            .type = (enum mqc__node_type)settings->nodes[i].type,
        };
    check->layout = (struct mqc__layout){
        .nodes = nodes,
        .count = settings->node_count,
        .manager_is_logger = settings->manager_is_logger,
    };
    return true;
}

/* Adds a pool to those that are sorted by topic, and returns its place. */
static size_t insert(struct mqc__assignment *assignments, size_t count,
                     const struct mqc__pool_spec *spec)
{
    size_t at = count;
    for (; at > 0 && mqc__compare_bytes(spec->topic, assignments[at - 1].spec->topic) < 0; at--)
        assignments[at] = assignments[at - 1];
    assignments[at] = (struct mqc__assignment){.spec = spec};
    return at;
}

/* The nodes that a call needs are forgotten after it. */
static enum mqc_error assign(const struct pool_check *check, struct mqc__assignment *assignments,
                             size_t count, struct mqc_error_info *info)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, MQC__CONFIG_BYTES_MAX);
    const enum mqc_error error = mqc__assign(&check->layout, assignments, count, &arena, info);
    mqc__arena_fini(&arena);
    return error;
}

static void report_exclusive(const struct pool_check *check, size_t i, const char *reason)
{
    char text[TEXT_BYTES];
    (void)snprintf(text, sizeof text, "%s; lower max_nodes, or list more in nodes", reason);
    check->finder->found_in_pool(check->finder->context, &check->settings->pools[i],
                                 MQC__KEYS("nodes", "membership", "manager_is_logger"), text);
}

/* Adds one exclusive pool after the other, so that each that has not enough nodes left is named.
 * The others get what these leave, so they always fit. */
static enum mqc_error check_exclusive(struct pool_check *check)
{
    const size_t pool_count = check->settings->pool_count;
    struct mqc__assignment *assignments =
        mqc__arena_array(&check->arena, pool_count, sizeof *assignments);
    size_t count = 0;
    if (assignments == NULL || !list_nodes(check))
        return MQC_ENOMEM;
    for (size_t i = 0; i < pool_count; i++) {
        struct mqc_error_info info;
        if (!check->specs[i].is_exclusive)
            continue;
        const size_t at = insert(assignments, count, &check->specs[i]);
        const enum mqc_error error = assign(check, assignments, count + 1, &info);
        if (error == MQC_ENOMEM)
            return error;
        if (error == MQC_OK) {
            count++;
            continue;
        }
        report_exclusive(check, i, info.text);
        memmove(&assignments[at], &assignments[at + 1], (count - at) * sizeof *assignments);
    }
    return MQC_OK;
}

static enum mqc_error check_pools(struct pool_check *check)
{
    if (!list_specs(check))
        return MQC_ENOMEM;
    for (size_t i = 0; i < check->settings->pool_count; i++)
        check_topic(check, i);
    return check->settings->is_dynamic ? MQC_OK : check_exclusive(check);
}

enum mqc_error mqc__check_pools(const struct mqc__settings *settings,
                                const struct mqc__finder *finder)
{
    struct pool_check check = {.settings = settings, .finder = finder};
    if (settings->pool_count == 0)
        return MQC_OK;
    mqc__arena_init(&check.arena, MQC__CONFIG_BYTES_MAX);
    const enum mqc_error error = check_pools(&check);
    mqc__arena_fini(&check.arena);
    return error;
}
