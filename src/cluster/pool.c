#include "cluster/pool_priv.h"

#include "cluster/hash.h"
#include "cluster/topics.h"

#include <stdio.h>
#include <stdlib.h>

struct mqc__pool *mqc__pool_new(const struct mqc__pool_spec *spec, size_t positions_max)
{
    struct mqc__pool *pool = malloc(sizeof *pool + spec->topic.size);
    if (pool == NULL)
        return NULL;
    *pool = (struct mqc__pool){.spec = *spec, .positions_max = positions_max};
    mqc__map_init(&pool->positions);
    char *topic = (char *)(pool + 1);
    if (spec->topic.size != 0)
        memcpy(topic, spec->topic.data, spec->topic.size);
    pool->spec.topic.data = topic;
    return pool;
}

void mqc__pool_free(struct mqc__pool **pool)
{
    if (*pool == NULL)
        return;
    mqc__map_fini(&(*pool)->positions, free);
    free(*pool);
    *pool = NULL;
}

static bool has_site(const struct mqc__pool_table *table, uint32_t site_id)
{
    for (size_t i = 0; i < table->node_count; i++)
        if (table->nodes[i].site_id == site_id)
            return true;
    return false;
}

/* The hash of NAME.0; of NAME.1 and so on if another node of the pool has that one already. */
static uint32_t choose_site_id(const struct mqc__pool_table *table, struct mqc_view name)
{
    const uint32_t start = mqc__fnv1a32(name);
    uint32_t site_id = 0;
    unsigned attempt = 0;
    do {
        char suffix[16];
        const int size = snprintf(suffix, sizeof suffix, ".%u", attempt++);
        site_id = mqc__fnv1a32_add(start, suffix, (size_t)size);
    } while (has_site(table, site_id));
    return site_id;
}

static bool make_node(struct mqc__arena *arena, struct mqc_view name, char separator,
                      struct mqc__pool_node *node)
{
    return mqc__arena_copy(arena, name, &node->name) &&
           mqc__topic_of_node(arena, separator, name, &node->topic);
}

enum mqc_error mqc__pool_make_table(struct mqc__arena *arena,
                                    const struct mqc__assignment *assignment, struct mqc_view self,
                                    char separator, struct mqc__pool_table *table_out)
{
    struct mqc__pool_table table = {
        .nodes = mqc__arena_array(arena, assignment->node_count, sizeof *table.nodes),
        .sites = mqc__arena_array(arena, assignment->node_count, sizeof *table.sites),
    };
    if (table.nodes == NULL || table.sites == NULL)
        return MQC_ENOMEM;
    for (size_t i = 0; i < assignment->node_count; i++) {
        struct mqc__pool_node *node = &table.nodes[i];
        const struct mqc_view name = assignment->nodes[i]->name;
        if (!make_node(arena, name, separator, node))
            return MQC_ENOMEM;
        node->site_id = choose_site_id(&table, name);
        node->is_self = mqc_view_equal(name, self);
        node->is_alive = node->is_self;
        table.node_count++;
    }
    *table_out = table;
    return MQC_OK;
}

void mqc__pool_set_table(struct mqc__pool *pool, const struct mqc__pool_table *table)
{
    pool->nodes = table->nodes;
    pool->node_count = table->node_count;
    pool->sites = table->sites;
    pool->site_count = 0;
}

static void renew_sites(struct mqc__pool *pool)
{
    pool->site_count = 0;
    for (size_t i = 0; i < pool->node_count; i++) {
        const struct mqc__pool_node *node = &pool->nodes[i];
        if (node->is_alive && !node->is_self)
            pool->sites[pool->site_count++] = (struct mqc__site){node->site_id, (uint32_t)i};
    }
}

void mqc__pool_set_alive(struct mqc__pool *pool, struct mqc_view name, bool is_alive)
{
    for (size_t i = 0; i < pool->node_count; i++) {
        struct mqc__pool_node *node = &pool->nodes[i];
        if (node->is_self || node->is_alive == is_alive || !mqc_view_equal(node->name, name))
            continue;
        node->is_alive = is_alive;
        renew_sites(pool);
        return;
    }
}

/* A weight with its tie-break: of equal weights the greater site id wins. */
static uint64_t rank_of(uint32_t key_hash, uint32_t site_id)
{
    return (uint64_t)mqc__hrw_weight(key_hash, site_id) << 32 | site_id;
}

struct mqc__pool_choice mqc__pool_hrw(const struct mqc__pool *pool, uint32_t key_hash)
{
    const struct mqc__site *best = NULL;
    uint64_t best_rank = 0;
    for (size_t i = 0; i < pool->site_count; i++) {
        const uint64_t rank = rank_of(key_hash, pool->sites[i].id);
        if (rank < best_rank)
            continue;
        best_rank = rank;
        best = &pool->sites[i];
    }
    return (struct mqc__pool_choice){
        .node = best != NULL ? &pool->nodes[best->node] : NULL,
        .weight = (uint32_t)(best_rank >> 32),
    };
}

static int compare_choices(const void *a, const void *b)
{
    const struct mqc__pool_choice *left = a;
    const struct mqc__pool_choice *right = b;
    if (left->weight != right->weight)
        return left->weight > right->weight ? -1 : 1;
    return (left->node->site_id < right->node->site_id) -
           (left->node->site_id > right->node->site_id);
}

void mqc__pool_rank(const struct mqc__pool *pool, uint32_t key_hash,
                    struct mqc__pool_choice *choices_out)
{
    for (size_t i = 0; i < pool->node_count; i++) {
        const struct mqc__pool_node *node = &pool->nodes[i];
        choices_out[i] = (struct mqc__pool_choice){node, mqc__hrw_weight(key_hash, node->site_id)};
    }
    if (pool->node_count > 1)
        qsort(choices_out, pool->node_count, sizeof *choices_out, compare_choices);
}
