#include "backend/members_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/utf8.h"
#include "cluster/key.h"
#include "cluster/topics.h"

#include <stdio.h>

/* The choice of nodes, and the list of them. */

#define TOPIC_ROOM ((size_t)4096)

/* Memory for the declared type of a key. */
#define TYPE_ROOM ((size_t)1 << 20)

/* By its topic, or by the name that makes the topic of Zeek's own pools. */
static struct mqc__pool *find_pool_locked(struct mqc__members *members, struct mqc_view pool)
{
    struct mqc__pool *found = mqc__pools_find(members->pools, pool);
    if (found != NULL)
        return found;
    struct mqc__arena arena;
    struct mqc_view topic;
    mqc__arena_init(&arena, TOPIC_ROOM);
    if (mqc__topic_of_pool(&arena, members->options.separator, pool, &topic))
        found = mqc__pools_find(members->pools, topic);
    mqc__arena_fini(&arena);
    return found;
}

static int shown(struct mqc_view text)
{
    return (int)(text.size < 120 ? text.size : 120);
}

static bool has_self(const struct mqc__pool *pool)
{
    for (size_t i = 0; i < pool->node_count; i++)
        if (pool->nodes[i].is_self)
            return true;
    return false;
}

static enum mqc_error fail_empty(const struct mqc__members *members, const struct mqc__pool *pool,
                                 struct mqc_error_info *info)
{
    const enum mqc__node_type type = pool->spec.node_type;
    const struct mqc_view topic = pool->spec.topic;
    if (pool->node_count == 0)
        return mqc__fail(info, MQC_ENOTFOUND,
                         "pool %.*s has no nodes: no %s in the layout is left for it", shown(topic),
                         topic.data, mqc__node_type_name(type));
    if ((members->options.watch & MQC__TYPE_BIT(type)) == 0)
        return mqc__fail(info, MQC_ENOTFOUND,
                         "this node does not watch the %ss of pool %.*s: add %s to cluster.watch",
                         mqc__node_type_name(type), shown(topic), topic.data,
                         mqc__node_type_name(type));
    if (has_self(pool))
        return mqc__fail(info, MQC_ENOTFOUND,
                         "of the %zu nodes of pool %.*s only this one is up, which hrw never "
                         "chooses",
                         pool->node_count, shown(topic), topic.data);
    return mqc__fail(info, MQC_ENOTFOUND, "none of the %zu nodes of pool %.*s is up",
                     pool->node_count, shown(topic), topic.data);
}

static enum mqc_error get_pool_locked(struct mqc__members *members, struct mqc_view pool,
                                      struct mqc__pool **pool_out, struct mqc_error_info *info)
{
    if (members->membership == NULL) {
        (void)mqc__fail(info, MQC_ENOTINIT, "mqc_backend_init() was not called");
        return MQC_ENOTINIT;
    }
    const enum mqc_error error = mqc__members_refresh_locked(members, info);
    if (error != MQC_OK)
        return error;
    *pool_out = find_pool_locked(members, pool);
    if (*pool_out != NULL)
        return MQC_OK;
    char excerpt[MQC__EXCERPT_BYTES];
    (void)mqc__fail(info, MQC_ENOTFOUND, "there is no pool %s", mqc__excerpt(pool, excerpt));
    return MQC_ENOTFOUND;
}

static void fill_route(const struct mqc__pool_node *node, struct mqc_route *route_out)
{
    *route_out = (struct mqc_route){.site_id = node->site_id, .is_self = node->is_self};
    (void)snprintf(route_out->node, sizeof route_out->node, "%.*s", (int)node->name.size,
                   node->name.data);
    (void)snprintf(route_out->topic, sizeof route_out->topic, "%.*s", (int)node->topic.size,
                   node->topic.data);
}

static enum mqc_error hash_key(const struct mqc_key *key, uint32_t *hash_out,
                               struct mqc_error_info *info)
{
    if (key->type == NULL)
        return mqc__key_hash(&key->value, NULL, hash_out, info);
    struct mqc__arena arena;
    struct mqc__type_spec type;
    mqc__arena_init(&arena, TYPE_ROOM);
    enum mqc_error error = mqc__type_parse(&arena, mqc_view_text(key->type), &type, info);
    if (error == MQC_OK)
        error = mqc__key_hash(&key->value, &type, hash_out, info);
    mqc__arena_fini(&arena);
    return error;
}

enum mqc_error mqc__members_hrw(struct mqc__members *members, struct mqc_view pool,
                                const struct mqc_key *key, struct mqc_route *route_out,
                                struct mqc_error_info *info)
{
    uint32_t hash = 0;
    struct mqc__pool *found = NULL;
    enum mqc_error error = hash_key(key, &hash, info);
    if (error != MQC_OK)
        return error;
    pthread_mutex_lock(&members->mutex);
    error = get_pool_locked(members, pool, &found, info);
    if (error == MQC_OK) {
        const struct mqc__pool_choice choice = mqc__pool_hrw(found, hash);
        if (choice.node == NULL) {
            error = fail_empty(members, found, info);
        } else {
            fill_route(choice.node, route_out);
            route_out->key_hash = hash;
            route_out->weight = choice.weight;
        }
    }
    pthread_mutex_unlock(&members->mutex);
    return error;
}

enum mqc_error mqc__members_rr(struct mqc__members *members, struct mqc_view pool,
                               struct mqc_view key, struct mqc_route *route_out,
                               struct mqc_error_info *info)
{
    struct mqc__pool *found = NULL;
    const struct mqc__pool_node *node = NULL;
    pthread_mutex_lock(&members->mutex);
    enum mqc_error error = get_pool_locked(members, pool, &found, info);
    if (error == MQC_OK) {
        error = mqc__pool_rr(found, key, &node);
        if (error == MQC_OK)
            fill_route(node, route_out);
        else if (error == MQC_ENOTFOUND)
            error = fail_empty(members, found, info);
        else
            (void)mqc__fail(info, error, "round robin key: %s", mqc_error_text(error));
    }
    pthread_mutex_unlock(&members->mutex);
    return error;
}

/* From the monotonic clock to the wall's; 0 stays what it is. */
static int64_t wall_ns(int64_t at_ms, int64_t now_ms, int64_t now_ns)
{
    return at_ms != 0 ? now_ns - (now_ms - at_ms) * 1000000 : 0;
}

/* A node that is up may have been so long before this one heard of it; its own clock may be ahead.
 */
static int64_t since_ns(const struct mqc__membership_member *member, int64_t now_ms, int64_t now_ns)
{
    const int64_t noticed_ns = wall_ns(member->since_ms, now_ms, now_ns);
    if (!member->is_up || member->start_ms == 0 ||
        member->start_ms > (uint64_t)noticed_ns / 1000000)
        return noticed_ns;
    return (int64_t)member->start_ms * 1000000;
}

size_t mqc__members_each(struct mqc__members *members, mqc_node_fn function, void *context)
{
    const int64_t now_ms = mqc__clock_monotonic_ms();
    const int64_t now_ns = mqc__clock_wall_ns();
    size_t count = 0;
    pthread_mutex_lock(&members->mutex);
    if (members->self.size != 0) {
        const struct mqc_node self = {.name = members->self,
                                      .type = mqc__node_type_name(members->options.type),
                                      .id = mqc_view_text(members->instance),
                                      .is_up = members->instance != NULL,
                                      .is_self = true,
                                      .since_ns = wall_ns(members->started_ms, now_ms, now_ns),
                                      .last_seen_ns = now_ns};
        function(context, &self);
        count++;
    }
    const size_t known =
        members->membership != NULL ? mqc__membership_count(members->membership) : 0;
    for (size_t i = 0; i < known; i++) {
        struct mqc__membership_member member;
        mqc__membership_at(members->membership, i, &member);
        const struct mqc_node node = {.name = member.name,
                                      .type = mqc__node_type_name(member.type),
                                      .id = member.instance,
                                      .is_up = member.is_up,
                                      .since_ns = since_ns(&member, now_ms, now_ns),
                                      .last_seen_ns = wall_ns(member.last_seen_ms, now_ms, now_ns)};
        function(context, &node);
    }
    pthread_mutex_unlock(&members->mutex);
    return count + known;
}

size_t mqc__members_each_in_pools(struct mqc__members *members, mqc_pool_node_fn function,
                                  void *context)
{
    size_t count = 0;
    pthread_mutex_lock(&members->mutex);
    /* Without memory for new members, those from before are told. */
    (void)mqc__members_refresh_locked(members, NULL);
    for (size_t i = 0; i < mqc__pools_count(members->pools); i++) {
        const struct mqc__pool *pool = mqc__pools_at(members->pools, i);
        for (size_t j = 0; j < pool->node_count; j++)
            function(context, pool->spec.topic, pool->nodes[j].name);
        count += pool->node_count;
    }
    pthread_mutex_unlock(&members->mutex);
    return count;
}

static bool has_node(const struct mqc__members *members, struct mqc_view name)
{
    for (size_t i = 0; i < members->options.node_count; i++)
        if (mqc_view_equal(members->options.nodes[i].name, name))
            return true;
    return false;
}

enum mqc_error mqc__members_assume(struct mqc__members *members, struct mqc_view node, bool is_up,
                                   struct mqc_error_info *info)
{
    if (!has_node(members, node))
        return mqc__fail(info, MQC_ENOTFOUND, "there is no node '%.*s' in nodes", shown(node),
                         node.data);
    pthread_mutex_lock(&members->mutex);
    if (is_up)
        mqc__pools_node_up(members->pools, node);
    else
        mqc__pools_node_down(members->pools, node);
    pthread_mutex_unlock(&members->mutex);
    return MQC_OK;
}

size_t mqc__members_active_count(struct mqc__members *members, enum mqc__node_type type)
{
    pthread_mutex_lock(&members->mutex);
    size_t count = members->self.size != 0 && members->options.type == type ? 1 : 0;
    if (members->membership != NULL)
        count += mqc__membership_up_count(members->membership, type);
    pthread_mutex_unlock(&members->mutex);
    return count;
}
