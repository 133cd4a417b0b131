#include "cluster/pool.h"

#include <stdlib.h>

/* Where a key goes on: an index into the pool's nodes. */
struct position {
    size_t next;
};

/* Returns the first node alive from *index on, once around, or NULL; *index is then behind it. */
static const struct mqc__pool_node *next_alive(const struct mqc__pool *pool, size_t *index)
{
    for (size_t i = 0; i < pool->node_count; i++) {
        const struct mqc__pool_node *node = &pool->nodes[*index];
        *index = *index + 1 < pool->node_count ? *index + 1 : 0;
        if (node->is_alive)
            return node;
    }
    return NULL;
}

static void forget_longest_unused(struct mqc__pool *pool)
{
    struct mqc_view oldest;
    if (mqc__map_count(&pool->positions) > pool->positions_max &&
        mqc__map_oldest(&pool->positions, &oldest))
        free(mqc__map_remove(&pool->positions, oldest));
}

static enum mqc_error remember(struct mqc__pool *pool, struct mqc_view key, size_t next)
{
    struct position *position = malloc(sizeof *position);
    if (position == NULL)
        return MQC_ENOMEM;
    *position = (struct position){next};
    const enum mqc_error error = mqc__map_add(&pool->positions, key, position);
    if (error != MQC_OK)
        free(position);
    else
        forget_longest_unused(pool);
    return error;
}

enum mqc_error mqc__pool_rr(struct mqc__pool *pool, struct mqc_view key,
                            const struct mqc__pool_node **node_out)
{
    if (key.size > MQC__POOL_KEY_BYTES_MAX)
        return MQC_ETOOLARGE;
    struct position *position = mqc__map_find(&pool->positions, key);
    /* A layout that became smaller may have left the position behind its end. */
    size_t next = position != NULL && position->next < pool->node_count ? position->next : 0;
    const struct mqc__pool_node *node = next_alive(pool, &next);
    if (node == NULL)
        return MQC_ENOTFOUND;
    if (position == NULL) {
        const enum mqc_error error = remember(pool, key, next);
        if (error != MQC_OK)
            return error;
    } else {
        position->next = next;
        mqc__map_touch(&pool->positions, key);
    }
    *node_out = node;
    return MQC_OK;
}
