#ifndef TESTS_UNIT_SPOOL_MEMORY_STORE_H
#define TESTS_UNIT_SPOOL_MEMORY_STORE_H

#include "spool/store.h"

/* A store in memory, which outlives being closed. Each of its calls can be made to fail. */

#define MEMORY_GROUPS_MAX 4096

/* It sifts so many at a time. */
#define MEMORY_SIFT_GROUPS 4

enum memory_call {
    MEMORY_OPEN,
    MEMORY_COMMIT,
    MEMORY_READ,
    MEMORY_SYNC,
    MEMORY_CALLS,
};

struct memory_group {
    uint64_t first_number;
    size_t event_count;
    char instance[32];
    char *records;
    size_t size;
};

struct memory_store {
    struct memory_group groups[MEMORY_GROUPS_MAX];
    size_t group_count;
    uint64_t released;
    uint64_t last_number;
    unsigned calls[MEMORY_CALLS];
    unsigned failures[MEMORY_CALLS]; /* so many of the next calls fail */
    enum mqc_error failure;          /* in this way */
    unsigned set_asides;
    bool is_open;
};

void memory_store_init(struct memory_store *store);
void memory_store_fini(struct memory_store *store);

/* To open a spool with; the context is the memory_store. */
extern const struct mqc__spool_store_ops memory_store_ops;

#endif
