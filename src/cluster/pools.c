#include "cluster/pools.h"

#include "base/fail.h"
#include "cluster/compare.h"
#include "cluster/pool_priv.h"
#include "cluster/topics.h"

#include <stdlib.h>

struct mqc__pools {
    struct mqc__pool **items; /* sorted by topic */
    size_t count;
    struct mqc__arena tables; /* of all pools */
    struct mqc__pools_options options;
    char self[];
};

struct mqc__pools *mqc__pools_new(const struct mqc__pools_options *options)
{
    struct mqc__pools *pools = calloc(1, sizeof *pools + options->self.size);
    if (pools == NULL)
        return NULL;
    if (options->self.size != 0)
        memcpy(pools->self, options->self.data, options->self.size);
    pools->options = (struct mqc__pools_options){
        .self = mqc_view_bytes(pools->self, options->self.size),
        .keys_max = options->keys_max != 0 ? options->keys_max : MQC__POOL_KEYS_MAX,
        .separator = (char)(options->separator != 0 ? options->separator : '/'),
    };
    mqc__arena_init(&pools->tables, SIZE_MAX);
    return pools;
}

void mqc__pools_free(struct mqc__pools **pools)
{
    if (*pools == NULL)
        return;
    for (size_t i = 0; i < (*pools)->count; i++)
        mqc__pool_free(&(*pools)->items[i]);
    free((*pools)->items);
    mqc__arena_fini(&(*pools)->tables);
    free(*pools);
    *pools = NULL;
}

static enum mqc_error fail_memory(struct mqc_error_info *info)
{
    (void)mqc__fail(info, MQC_ENOMEM, "no memory for the pools");
    return MQC_ENOMEM;
}

static size_t count_before(const struct mqc__pools *pools, struct mqc_view topic)
{
    size_t count = 0;
    while (count < pools->count && mqc__compare_bytes(pools->items[count]->spec.topic, topic) < 0)
        count++;
    return count;
}

struct mqc__pool *mqc__pools_find(const struct mqc__pools *pools, struct mqc_view topic)
{
    const size_t index = count_before(pools, topic);
    const bool is_there =
        index < pools->count && mqc_view_equal(pools->items[index]->spec.topic, topic);
    return is_there ? pools->items[index] : NULL;
}

size_t mqc__pools_count(const struct mqc__pools *pools)
{
    return pools->count;
}

struct mqc__pool *mqc__pools_at(const struct mqc__pools *pools, size_t index)
{
    return pools->items[index];
}

static bool is_same(const struct mqc__pool_spec *a, const struct mqc__pool_spec *b)
{
    return a->node_type == b->node_type && a->has_max_nodes == b->has_max_nodes &&
           (!a->has_max_nodes || a->max_nodes == b->max_nodes) &&
           a->is_exclusive == b->is_exclusive;
}

static enum mqc_error insert(struct mqc__pools *pools, const struct mqc__pool_spec *spec)
{
    struct mqc__pool **items = realloc(pools->items, (pools->count + 1) * sizeof(void *));
    if (items == NULL)
        return MQC_ENOMEM;
    pools->items = items;
    struct mqc__pool *pool = mqc__pool_new(spec, pools->options.keys_max);
    if (pool == NULL)
        return MQC_ENOMEM;
    struct mqc__pool **place = items + count_before(pools, spec->topic);
    memmove(place + 1, place, (size_t)(items + pools->count - place) * sizeof(void *));
    *place = pool;
    pools->count++;
    return MQC_OK;
}

static enum mqc_error register_pool(struct mqc__pools *pools, const struct mqc__pool_spec *spec,
                                    struct mqc_error_info *info)
{
    const enum mqc_error error = mqc__pool_spec_check(spec, info);
    if (error != MQC_OK)
        return error;
    const struct mqc__pool *known = mqc__pools_find(pools, spec->topic);
    if (known == NULL)
        return insert(pools, spec) == MQC_OK ? MQC_OK : fail_memory(info);
    if (is_same(&known->spec, spec))
        return MQC_OK;
    return mqc__fail(info, MQC_EEXIST, "another pool with this topic is registered already");
}

enum mqc_error mqc__pools_register(struct mqc__pools *pools, const struct mqc__pool_spec *spec,
                                   struct mqc_error_info *info)
{
    const enum mqc_error error = register_pool(pools, spec, info);
    if (error != MQC_OK)
        mqc__fail_place(info, "pool %.*s", (int)(spec->topic.size < 150 ? spec->topic.size : 150),
                        spec->topic.size != 0 ? spec->topic.data : "");
    return error;
}

enum mqc_error mqc__pools_register_builtin(struct mqc__pools *pools, struct mqc_error_info *info)
{
    static const enum mqc__node_type types[] = {
        MQC__NODE_WORKER,
        MQC__NODE_PROXY,
        MQC__NODE_LOGGER,
    };
    enum mqc_error error = MQC_OK;
    struct mqc__arena arena;
    mqc__arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < sizeof types / sizeof types[0] && error == MQC_OK; i++) {
        struct mqc__pool_spec spec = {.node_type = types[i]};
        const struct mqc_view name = mqc_view_text(mqc__node_type_name(types[i]));
        if (!mqc__topic_of_pool(&arena, pools->options.separator, name, &spec.topic))
            error = fail_memory(info);
        else if (mqc__pools_find(pools, spec.topic) == NULL)
            error = mqc__pools_register(pools, &spec, info);
    }
    mqc__arena_fini(&arena);
    return error;
}

/* Makes the tables of all pools in the arena. */
static enum mqc_error make_tables(const struct mqc__pools *pools, const struct mqc__layout *layout,
                                  struct mqc__arena *arena, struct mqc__pool_table **tables_out,
                                  struct mqc_error_info *info)
{
    struct mqc__pool_table *tables = mqc__arena_array(arena, pools->count, sizeof *tables);
    struct mqc__assignment *assignments =
        mqc__arena_array(arena, pools->count, sizeof *assignments);
    if (tables == NULL || assignments == NULL)
        return fail_memory(info);
    *tables_out = tables;
    for (size_t i = 0; i < pools->count; i++)
        assignments[i].spec = &pools->items[i]->spec;
    /* Zeek assigns nodes only in a process that is one. */
    if (pools->options.self.size == 0)
        return MQC_OK;
    const enum mqc_error error = mqc__assign(layout, assignments, pools->count, arena, info);
    if (error != MQC_OK)
        return error;
    for (size_t i = 0; i < pools->count; i++)
        if (mqc__pool_make_table(arena, &assignments[i], pools->options.self,
                                 pools->options.separator, &tables[i]) != MQC_OK)
            return fail_memory(info);
    return MQC_OK;
}

enum mqc_error mqc__pools_assign(struct mqc__pools *pools, const struct mqc__layout *layout,
                                 struct mqc_error_info *info)
{
    struct mqc__arena arena;
    struct mqc__pool_table *tables = NULL;
    mqc__arena_init(&arena, SIZE_MAX);
    const enum mqc_error error = make_tables(pools, layout, &arena, &tables, info);
    if (error != MQC_OK) {
        mqc__arena_fini(&arena);
        return error;
    }
    for (size_t i = 0; i < pools->count; i++)
        mqc__pool_set_table(pools->items[i], &tables[i]);
    mqc__arena_fini(&pools->tables);
    pools->tables = arena;
    return MQC_OK;
}

static void set_alive(struct mqc__pools *pools, struct mqc_view name, bool is_alive)
{
    for (size_t i = 0; i < pools->count; i++)
        mqc__pool_set_alive(pools->items[i], name, is_alive);
}

void mqc__pools_node_up(struct mqc__pools *pools, struct mqc_view name)
{
    set_alive(pools, name, true);
}

void mqc__pools_node_down(struct mqc__pools *pools, struct mqc_view name)
{
    set_alive(pools, name, false);
}

static bool has_self(const struct mqc__pool *pool)
{
    for (size_t i = 0; i < pool->node_count; i++)
        if (pool->nodes[i].is_self)
            return true;
    return false;
}

static void append_topic(struct mqc__topic_list *list, struct mqc_view topic)
{
    list->topics[list->count++] = topic;
}

enum mqc_error mqc__pools_own_topics(const struct mqc__pools *pools, enum mqc__node_type type,
                                     struct mqc_view id, struct mqc__arena *arena,
                                     struct mqc__topic_list *list_out)
{
    const char separator = pools->options.separator;
    struct mqc_view class_topic;
    struct mqc_view id_topic;
    struct mqc_view name_topic;
    list_out->count = 0;
    list_out->topics = mqc__arena_array(arena, pools->count + 3, sizeof *list_out->topics);
    if (list_out->topics == NULL || !mqc__topic_of_class(arena, separator, type, &class_topic) ||
        !mqc__topic_of_node_id(arena, separator, id, &id_topic) ||
        !mqc__topic_of_node(arena, separator, pools->options.self, &name_topic))
        return MQC_ENOMEM;
    for (size_t i = 0; i < pools->count; i++)
        if (has_self(pools->items[i]))
            append_topic(list_out, pools->items[i]->spec.topic);
    if (class_topic.size != 0)
        append_topic(list_out, class_topic);
    if (type == MQC__NODE_NONE)
        return MQC_OK;
    append_topic(list_out, id_topic);
    append_topic(list_out, name_topic);
    return MQC_OK;
}
