#include "value/sort.h"

#include <stdint.h>
#include <stdlib.h>

static int compare_items(const void *a, const void *b)
{
    return mqc_value_compare(a, b);
}

static int compare_keys(const void *a, const void *b)
{
    const struct mqc_entry *left = a;
    const struct mqc_entry *right = b;
    return mqc_value_compare(&left->key, &right->key);
}

static int compare_sorted_items(const void *a, const void *b)
{
    return mqc__value_compare_sorted(a, b);
}

static int compare_sorted_keys(const void *a, const void *b)
{
    const struct mqc_entry *left = a;
    const struct mqc_entry *right = b;
    return mqc__value_compare_sorted(&left->key, &right->key);
}

/* What comes from a peer is in order already: one pass then shows it. */
static bool is_strictly_rising(const void *items, size_t count, size_t size,
                               int (*compare)(const void *, const void *))
{
    const char *item = items;
    for (size_t i = 1; i < count; i++, item += size)
        if (compare(item, item + size) >= 0)
            return false;
    return true;
}

static bool sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (is_strictly_rising(items, count, size, compare))
        return true;
    qsort(items, count, size, compare);
    return is_strictly_rising(items, count, size, compare);
}

bool mqc__values_sort(struct mqc_value *items, size_t count)
{
    return sort(items, count, sizeof *items, compare_sorted_items);
}

bool mqc__entries_sort(struct mqc_entry *entries, size_t count)
{
    return sort(entries, count, sizeof *entries, compare_sorted_keys);
}

static void *sorted_copy(const void *items, size_t count, size_t size,
                         int (*compare)(const void *, const void *))
{
    if (is_strictly_rising(items, count, size, compare) || count > SIZE_MAX / size)
        return NULL;
    void *copy = malloc(count * size);
    if (copy == NULL)
        return NULL;
    memcpy(copy, items, count * size);
    qsort(copy, count, size, compare);
    return copy;
}

struct mqc_value *mqc__values_sorted(struct mqc_list list)
{
    return sorted_copy(list.items, list.count, sizeof *list.items, compare_items);
}

struct mqc_entry *mqc__entries_sorted(struct mqc_entries entries)
{
    return sorted_copy(entries.items, entries.count, sizeof *entries.items, compare_keys);
}

static bool are_sorted(struct mqc_list list)
{
    for (size_t i = 0; i < list.count; i++)
        if (!mqc__value_is_sorted(&list.items[i]))
            return false;
    return true;
}

static bool are_entries_sorted(struct mqc_entries entries)
{
    for (size_t i = 0; i < entries.count; i++)
        if (!mqc__value_is_sorted(&entries.items[i].key) ||
            !mqc__value_is_sorted(&entries.items[i].value))
            return false;
    return is_strictly_rising(entries.items, entries.count, sizeof *entries.items,
                              compare_sorted_keys);
}

bool mqc__value_is_sorted(const struct mqc_value *value)
{
    const struct mqc_list list = value->as.list;
    switch (value->type) {
    case MQC_TYPE_VECTOR: return are_sorted(list);
    case MQC_TYPE_SET:
        return are_sorted(list) &&
               is_strictly_rising(list.items, list.count, sizeof *list.items, compare_sorted_items);
    case MQC_TYPE_TABLE: return are_entries_sorted(value->as.entries);
    default: return true;
    }
}
