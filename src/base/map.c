#include "base/map.h"

#include "base/clock.h"
#include "base/hash.h"

#include <stdlib.h>

/* Without this uthash ends the process when memory runs out; with it an entry that could not be
 * added has no table. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* uthash is macros: each use counts as many statements, and the analyzer, which cannot follow the
 * links, sees freed memory used.
 * NOLINTBEGIN(readability-function-size,clang-analyzer-unix.Malloc,clang-analyzer-core.*) */

struct mqc__map_entry {
    UT_hash_handle hh;
    void *value;
    size_t key_size;
    char key[];
};

void mqc__map_init(struct mqc__map *map)
{
    *map = (struct mqc__map){.entries = NULL};
}

void mqc__map_fini(struct mqc__map *map, void (*forget)(void *value))
{
    struct mqc__map_entry *entry;
    struct mqc__map_entry *next;
    HASH_ITER (hh, map->entries, entry, next) {
        HASH_DEL(map->entries, entry);
        if (forget != NULL)
            forget(entry->value);
        free(entry);
    }
}

static struct mqc__map_entry *find_entry(const struct mqc__map *map, struct mqc_view key)
{
    struct mqc__map_entry *entry = NULL;
    const char *bytes = key.size != 0 ? key.data : "";
    if (map->entries != NULL) {
        const unsigned hash = mqc__hash(key, map->seed);
        HASH_FIND_BYHASHVALUE(hh, map->entries, bytes, key.size, hash, entry);
    }
    return entry;
}

void *mqc__map_find(const struct mqc__map *map, struct mqc_view key)
{
    const struct mqc__map_entry *entry = find_entry(map, key);
    return entry != NULL ? entry->value : NULL;
}

static void add_entry(struct mqc__map *map, struct mqc__map_entry *entry)
{
    const unsigned hash = mqc__hash(mqc_view_bytes(entry->key, entry->key_size), map->seed);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, map->entries, entry->key, entry->key_size, hash, entry);
}

enum mqc_error mqc__map_add(struct mqc__map *map, struct mqc_view key, void *value)
{
    struct mqc__map_entry *entry = calloc(1, sizeof *entry + key.size);
    if (entry == NULL)
        return MQC_ENOMEM;
    entry->value = value;
    entry->key_size = key.size;
    if (key.size != 0)
        memcpy(entry->key, key.data, key.size);
    if (map->seed == 0)
        map->seed = mqc__random_bits();
    add_entry(map, entry);
    if (entry->hh.tbl != NULL)
        return MQC_OK;
    free(entry);
    return MQC_ENOMEM;
}

void *mqc__map_remove(struct mqc__map *map, struct mqc_view key)
{
    struct mqc__map_entry *entry = find_entry(map, key);
    if (entry == NULL)
        return NULL;
    void *value = entry->value;
    HASH_DEL(map->entries, entry);
    free(entry);
    return value;
}

void mqc__map_touch(struct mqc__map *map, struct mqc_view key)
{
    struct mqc__map_entry *entry = find_entry(map, key);
    if (entry == NULL || entry->hh.next == NULL)
        return;
    /* There is another entry, so the table stays and adding needs no memory. */
    HASH_DEL(map->entries, entry);
    add_entry(map, entry);
}

bool mqc__map_oldest(const struct mqc__map *map, struct mqc_view *key_out)
{
    if (map->entries == NULL)
        return false;
    *key_out = mqc_view_bytes(map->entries->key, map->entries->key_size);
    return true;
}

void mqc__map_filter(struct mqc__map *map, bool (*visit)(void *context, void *value), void *context)
{
    struct mqc__map_entry *entry;
    struct mqc__map_entry *next;
    HASH_ITER (hh, map->entries, entry, next) {
        if (visit(context, entry->value))
            continue;
        HASH_DEL(map->entries, entry);
        free(entry);
    }
}

size_t mqc__map_count(const struct mqc__map *map)
{
    return HASH_COUNT(map->entries);
}

/* NOLINTEND(readability-function-size,clang-analyzer-unix.Malloc,clang-analyzer-core.*) */
