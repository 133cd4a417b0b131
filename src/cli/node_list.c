#include "cli/node_list.h"

#include <stdlib.h>

static char *copy(struct mqc_view text)
{
    char *bytes = malloc(text.size + 1);
    if (bytes == NULL)
        return NULL;
    if (text.size != 0)
        memcpy(bytes, text.data, text.size);
    bytes[text.size] = '\0';
    return bytes;
}

static struct mqc__listed_node *add_item(struct mqc__node_list *list)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct mqc__listed_node *items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL)
            return NULL;
        list->items = items;
        list->capacity = capacity;
    }
    struct mqc__listed_node *item = &list->items[list->count++];
    *item = (struct mqc__listed_node){.name = NULL};
    return item;
}

static void add_node(void *context, const struct mqc_node *node)
{
    struct mqc__node_list *list = context;
    if (list->has_failed || (list->only.size != 0 && !mqc_view_equal(node->name, list->only)))
        return;
    struct mqc__listed_node *item = add_item(list);
    if (item != NULL) {
        item->name = copy(node->name);
        item->type = copy(mqc_view_text(node->type));
        item->id = copy(node->id);
        item->is_up = node->is_up;
        item->since_ns = node->since_ns;
        item->last_seen_ns = node->last_seen_ns;
    }
    list->has_failed = item == NULL || item->name == NULL || item->type == NULL || item->id == NULL;
}

static int compare_items(const void *a, const void *b)
{
    const struct mqc__listed_node *left = a;
    const struct mqc__listed_node *right = b;
    return strcmp(left->name, right->name);
}

static struct mqc__listed_node *find(const struct mqc__node_list *list, struct mqc_view name)
{
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const char *there = list->items[middle].name;
        int order = strncmp(there, name.data, name.size);
        if (order == 0 && there[name.size] == '\0')
            return &list->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void add_pool(void *context, struct mqc_view topic, struct mqc_view node)
{
    struct mqc__node_list *list = context;
    struct mqc__listed_node *item = list->has_failed ? NULL : find(list, node);
    if (item == NULL)
        return;
    char **pools = realloc(item->pools, (item->pool_count + 1) * sizeof *pools);
    if (pools != NULL) {
        item->pools = pools;
        pools[item->pool_count] = copy(topic);
    }
    list->has_failed = pools == NULL || pools[item->pool_count] == NULL;
    item->pool_count += list->has_failed ? 0 : 1;
}

bool mqc__node_list_fill(struct mqc__node_list *list, struct mqc_backend *backend,
                         struct mqc_view only)
{
    *list = (struct mqc__node_list){.only = only};
    (void)mqc_nodes(backend, add_node, list);
    if (list->has_failed)
        return false;
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare_items);
    (void)mqc_pool_nodes(backend, add_pool, list);
    return !list->has_failed;
}

void mqc__node_list_free(struct mqc__node_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct mqc__listed_node *item = &list->items[i];
        for (size_t j = 0; j < item->pool_count; j++)
            free(item->pools[j]);
        free(item->pools);
        free(item->name);
        free(item->type);
        free(item->id);
    }
    free(list->items);
    *list = (struct mqc__node_list){.items = NULL};
}
