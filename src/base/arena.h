#ifndef MQC_BASE_ARENA_H
#define MQC_BASE_ARENA_H

#include "base/view.h"

#include <stddef.h>

/*
 * Memory that is handed out piece by piece and freed all at once, with an upper bound: what decodes
 * foreign bytes takes its memory here, so that no input can make it grow without limit.
 * Not thread-safe; one owner at a time.
 */
struct mqc__arena {
    struct mqc__arena_block *blocks;
    size_t used_bytes;
    size_t limit_bytes;
    bool is_over_limit; /* the limit, not the lack of memory, made the last allocation fail */
};

/* Prepares an arena that hands out at most limit_bytes, the gaps for alignment included; takes no
 * memory yet. */
void mqc__arena_init(struct mqc__arena *arena, size_t limit_bytes);

/* Has the next pieces, `bytes` in all with the gaps for alignment, come from one piece of memory of
 * just that size. false: memory is exhausted. */
bool mqc__arena_reserve(struct mqc__arena *arena, size_t bytes);

/* Returns zeroed memory aligned for any object, or NULL when the limit or memory is exhausted.
 * size 0 gives a valid pointer. */
void *mqc__arena_alloc(struct mqc__arena *arena, size_t size);

/* As mqc__arena_alloc for count objects of size bytes, safe against overflow. */
void *mqc__arena_array(struct mqc__arena *arena, size_t count, size_t size);

/* Copies the bytes and terminates them with NUL (not counted); false when there is no room. */
bool mqc__arena_copy(struct mqc__arena *arena, struct mqc_view bytes, struct mqc_view *copy_out);

/* Where an arena stood. */
struct mqc__arena_mark {
    struct mqc__arena_block *block;
    size_t block_used;
    size_t used_bytes;
};

/* Notes what was handed out so far, and forgets what was handed out after that; a mark is of use
 * until the arena is reset or goes back to an earlier one. */
struct mqc__arena_mark mqc__arena_mark(const struct mqc__arena *arena);
void mqc__arena_rewind(struct mqc__arena *arena, struct mqc__arena_mark mark);

/* Forgets everything handed out, keeps one block for the next use. */
void mqc__arena_reset(struct mqc__arena *arena);

/* Frees everything; the arena may be used again after that. */
void mqc__arena_fini(struct mqc__arena *arena);

#endif
