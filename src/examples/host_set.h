#ifndef MQC_EXAMPLES_HOST_SET_H
#define MQC_EXAMPLES_HOST_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set of IP addresses, IPv4 as ::ffff:a.b.c.d, that holds at most a given number: then the oldest
 * makes room. One thread. */
struct host_set;

/* Makes an empty set for at most `limit` addresses, at least 1; NULL when memory runs out. The
 * caller frees it with host_set_free(). */
struct host_set *host_set_new(size_t limit);

bool host_set_has(const struct host_set *set, const uint8_t address[16]);

/* Adds an address that is not there yet. */
void host_set_add(struct host_set *set, const uint8_t address[16]);

size_t host_set_count(const struct host_set *set);

/* Frees it and sets the caller's pointer to NULL; a NULL inside is fine. */
void host_set_free(struct host_set **set);

#endif
