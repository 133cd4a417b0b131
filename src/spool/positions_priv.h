#ifndef MQC_SPOOL_POSITIONS_PRIV_H
#define MQC_SPOOL_POSITIONS_PRIV_H

#include "spool/positions.h"
#include "spool/positions_hash.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>

/*
 * The file: one page with the header, then the slots, all in the byte order of the host. Whoever is
 * killed leaves a beginning of the stores as they stand in the program, which are all made with
 * release order; after a power cut single pages are older than others.
 */
#define MQC__POSITIONS_MAGIC UINT64_C(0x6d71632d706f730a) /* "mqc-pos\n" */
#define MQC__POSITIONS_VERSION 1
#define MQC__POSITIONS_HEADER_BYTES 4096

struct mqc__positions_header {
    /* Magic and version keep their places in later versions. */
    uint64_t magic;
    uint32_t version;
    uint32_t slot_bytes;
    uint64_t slot_count;
    uint64_t seed[2];
    uint64_t check; /* hash of what stands before it */
    /* The event in the handlers. The number is 0 while there is none and while the key is set. */
    alignas(64) _Atomic uint64_t handling_number;
    _Atomic uint64_t handling_key[2];
};

/* One stream. While `last` and `uncertain` are 0 it says nothing, whatever its key is. */
struct mqc__positions_slot {
    alignas(64) _Atomic uint64_t key[2];
    _Atomic uint64_t last;
    _Atomic uint64_t uncertain; /* the number of an event that may have been handled, or 0 */
    _Atomic uint64_t mark;
    _Atomic uint64_t use; /* greater than that of every stream that is unused for longer */
};

static_assert(sizeof(struct mqc__positions_slot) == 64, "slots are cache lines");
static_assert(sizeof(struct mqc__positions_header) <= MQC__POSITIONS_HEADER_BYTES, "a page");

/* The memory of the header and the slots, and the file behind it. */
struct mqc__positions_mapping {
    void *memory;
    size_t size;
    int fd; /* -1: none */
};

#define MQC__POSITIONS_NONE UINT32_MAX

/* How a place hangs in the lists. */
struct mqc__positions_links {
    uint32_t next;  /* in the same bucket, or MQC__POSITIONS_NONE */
    uint32_t older; /* or MQC__POSITIONS_NONE */
    uint32_t newer; /* or MQC__POSITIONS_NONE */
};

struct mqc__positions {
    struct mqc__positions_mapping mapping;
    struct mqc__positions_header *header;
    struct mqc__positions_slot *slots;
    size_t slot_count;
    size_t fresh;      /* from this place on no slot was ever used */
    uint32_t *buckets; /* the first place of each plus 1, 0: none */
    size_t bucket_mask;
    struct mqc__positions_links *links;
    uint32_t oldest; /* or MQC__POSITIONS_NONE */
    uint32_t newest; /* or MQC__POSITIONS_NONE */
    uint64_t use;    /* the greatest so far */
};

static inline size_t mqc__positions_bytes(size_t slot_count)
{
    return MQC__POSITIONS_HEADER_BYTES + slot_count * sizeof(struct mqc__positions_slot);
}

static inline void mqc__positions_store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

/* Only the thread that loads stores. */
static inline uint64_t mqc__positions_load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

struct mqc__positions_key mqc__positions_key_of(const struct mqc__positions_slot *slot);

/* Returns the place of a key, or NONE; adds a place to those that are found, under its slot's key;
 * and removes it, if it is there. */
uint32_t mqc__positions_find(const struct mqc__positions *positions, struct mqc__positions_key key);
void mqc__positions_index(struct mqc__positions *positions, uint32_t place);
void mqc__positions_unindex(struct mqc__positions *positions, uint32_t place);

/* Makes a place that is in no list of ages the youngest. */
void mqc__positions_append(struct mqc__positions *positions, uint32_t place);

/* Has a slot say nothing, with a key of its own. */
void mqc__positions_clear(struct mqc__positions_slot *slot, struct mqc__positions_key key);

/* As mqc__positions_take(). */
uint32_t mqc__positions_take_key(struct mqc__positions *positions, struct mqc__positions_key key,
                                 bool *is_new_out);

/* Writes the header of an empty table, with a new seed. */
void mqc__positions_fill_header(struct mqc__positions_header *header, size_t slot_count);

/* As mqc__positions_open(): makes the file's memory, in which the header is as it should be. */
enum mqc_error mqc__positions_map(const char *path, struct mqc__positions_mapping *mapping_out,
                                  struct mqc_error_info *info);
void mqc__positions_unmap(struct mqc__positions_mapping *mapping);

#endif
