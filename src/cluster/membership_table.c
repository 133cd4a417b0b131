#include "cluster/membership_table.h"

#include <stdlib.h>

static void free_member(void *value)
{
    struct mqc__member *member = value;
    mqc__rivals_free(&member->rivals);
    free(member->instance);
    free(member);
}

void mqc__member_table_fini(struct mqc__member_table *table)
{
    mqc__map_fini(&table->by_name, free_member);
    free(table->items);
    *table = (struct mqc__member_table){.items = NULL};
}

struct mqc__member *mqc__member_find(const struct mqc__member_table *table, struct mqc_view name)
{
    return mqc__map_find(&table->by_name, name);
}

static bool has_room(struct mqc__member_table *table)
{
    if (table->count < table->capacity)
        return true;
    const size_t capacity = table->capacity != 0 ? 2 * table->capacity : 16;
    struct mqc__member **items = realloc(table->items, capacity * sizeof(struct mqc__member *));
    if (items == NULL)
        return false;
    table->items = items;
    table->capacity = capacity;
    return true;
}

struct mqc__member *mqc__member_add(struct mqc__member_table *table, struct mqc_view name,
                                    enum mqc__node_type type)
{
    if (!has_room(table))
        return NULL;
    struct mqc__member *member = calloc(1, sizeof *member + name.size + 1);
    if (member == NULL)
        return NULL;
    member->type = type;
    member->name_size = name.size;
    memcpy(member->name, name.data, name.size);
    if (mqc__map_add(&table->by_name, name, member) != MQC_OK) {
        free(member);
        return NULL;
    }
    member->index = table->count;
    table->items[table->count++] = member;
    return member;
}

static void put(struct mqc__member_table *table, size_t index, struct mqc__member *member)
{
    table->items[index] = member;
    member->index = index;
}

static void swap(struct mqc__member_table *table, size_t a, size_t b)
{
    struct mqc__member *member = table->items[a];
    put(table, a, table->items[b]);
    put(table, b, member);
}

void mqc__member_remove(struct mqc__member_table *table, struct mqc__member *member)
{
    swap(table, member->index, table->count - 1);
    table->count--;
    (void)mqc__map_remove(&table->by_name, mqc__member_name(member));
    free_member(member);
}

static bool is_earlier(const struct mqc__member_table *table, size_t a, size_t b)
{
    return table->items[a]->deadline_ms < table->items[b]->deadline_ms;
}

static void sift_up(struct mqc__member_table *table, size_t index)
{
    while (index != 0 && is_earlier(table, index, (index - 1) / 2)) {
        swap(table, index, (index - 1) / 2);
        index = (index - 1) / 2;
    }
}

static void sift_down(struct mqc__member_table *table, size_t index)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child + 1 < table->up_count && is_earlier(table, child + 1, child))
            child++;
        if (child >= table->up_count || !is_earlier(table, child, index))
            return;
        swap(table, index, child);
        index = child;
    }
}

void mqc__member_set_up(struct mqc__member_table *table, struct mqc__member *member,
                        int64_t deadline_ms)
{
    if (!member->is_up) {
        swap(table, member->index, table->up_count++);
        table->up_by_type[member->type]++;
        member->is_up = true;
    }
    member->deadline_ms = deadline_ms;
    sift_up(table, member->index);
    sift_down(table, member->index);
}

void mqc__member_set_down(struct mqc__member_table *table, struct mqc__member *member)
{
    const size_t index = member->index;
    swap(table, index, --table->up_count);
    table->up_by_type[member->type]--;
    member->is_up = false;
    if (index < table->up_count) {
        sift_up(table, index);
        sift_down(table, index);
    }
}

struct mqc__member *mqc__member_first(const struct mqc__member_table *table)
{
    return table->up_count != 0 ? table->items[0] : NULL;
}

struct mqc__member *mqc__member_longest_down(const struct mqc__member_table *table)
{
    enum { LOOKED_AT = 16 };
    struct mqc__member *longest = NULL;
    for (size_t i = table->up_count; i < table->count && i < table->up_count + LOOKED_AT; i++)
        if (longest == NULL || table->items[i]->since_ms < longest->since_ms)
            longest = table->items[i];
    return longest;
}
