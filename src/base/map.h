#ifndef MQC_BASE_MAP_H
#define MQC_BASE_MAP_H

#include "base/error.h"
#include "base/view.h"

#include <stdint.h>

/*
 * From bytes to pointers, by hashing. Remembers the order in which entries were added or touched.
 * Owns copies of the keys, not the values. Zeroed memory is an empty map. Not thread-safe.
 */
struct mqc__map {
    struct mqc__map_entry *entries;
    uint64_t seed; /* of the hash; 0 until there was an entry */
};

/* Makes an empty map. */
void mqc__map_init(struct mqc__map *map);

/* Forgets every entry; calls `forget`, unless it is NULL, with each value, the oldest first. */
void mqc__map_fini(struct mqc__map *map, void (*forget)(void *value));

/* Returns the value of a key, or NULL. */
void *mqc__map_find(const struct mqc__map *map, struct mqc_view key);

/* Adds an entry as the youngest, for a key that is not there yet; value is not NULL. MQC_ENOMEM:
 * the map is as it was. */
enum mqc_error mqc__map_add(struct mqc__map *map, struct mqc_view key, void *value);

/* Removes an entry and returns its value, or NULL when there is none. */
void *mqc__map_remove(struct mqc__map *map, struct mqc_view key);

/* Makes an entry the youngest. */
void mqc__map_touch(struct mqc__map *map, struct mqc_view key);

/* The key of the oldest entry; false when there is none. Valid until the entry is removed. */
bool mqc__map_oldest(const struct mqc__map *map, struct mqc_view *key_out);

/* Calls `visit` with each value, the oldest first, and removes the entries for which it returns
 * false. `visit` must not change the map. */
void mqc__map_filter(struct mqc__map *map, bool (*visit)(void *context, void *value),
                     void *context);

size_t mqc__map_count(const struct mqc__map *map);

#endif
