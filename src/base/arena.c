#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

struct mqc__arena_block {
    struct mqc__arena_block *next;
    size_t capacity;
    size_t used;
    max_align_t bytes[];
};

#define FIRST_BLOCK_BYTES ((size_t)4096)
#define LARGEST_STEP_BYTES ((size_t)1 << 20)

static size_t align_up(size_t size)
{
    const size_t step = alignof(max_align_t);
    return (size + step - 1) / step * step;
}

void mqc__arena_init(struct mqc__arena *arena, size_t limit_bytes)
{
    *arena = (struct mqc__arena){.limit_bytes = limit_bytes};
}

static struct mqc__arena_block *add_block_of(struct mqc__arena *arena, size_t capacity)
{
    if (capacity > SIZE_MAX - sizeof(struct mqc__arena_block))
        return NULL;
    struct mqc__arena_block *block = malloc(sizeof *block + capacity);
    if (block == NULL)
        return NULL;
    *block = (struct mqc__arena_block){.next = arena->blocks, .capacity = capacity};
    arena->blocks = block;
    return block;
}

bool mqc__arena_reserve(struct mqc__arena *arena, size_t bytes)
{
    const struct mqc__arena_block *block = arena->blocks;
    return (block != NULL && block->capacity - block->used >= bytes) ||
           add_block_of(arena, bytes) != NULL;
}

/* Blocks grow, so that there are few. */
static struct mqc__arena_block *add_block(struct mqc__arena *arena, size_t least)
{
    size_t capacity = FIRST_BLOCK_BYTES;
    if (arena->blocks != NULL && arena->blocks->capacity >= FIRST_BLOCK_BYTES)
        capacity = arena->blocks->capacity < LARGEST_STEP_BYTES ? arena->blocks->capacity * 2
                                                                : LARGEST_STEP_BYTES;
    return add_block_of(arena, capacity < least ? least : capacity);
}

void *mqc__arena_alloc(struct mqc__arena *arena, size_t size)
{
    const size_t room = arena->limit_bytes - arena->used_bytes;
    const size_t taken = align_up(size != 0 ? size : 1);
    arena->is_over_limit = size > room || taken < size || taken > room;
    if (arena->is_over_limit)
        return NULL;
    struct mqc__arena_block *block = arena->blocks;
    if (block == NULL || block->capacity - block->used < taken) {
        block = add_block(arena, taken);
        if (block == NULL)
            return NULL;
    }
    char *memory = (char *)block->bytes + block->used;
    block->used += taken;
    arena->used_bytes += taken;
    memset(memory, 0, size);
    return memory;
}

void *mqc__arena_array(struct mqc__arena *arena, size_t count, size_t size)
{
    arena->is_over_limit = size != 0 && count > SIZE_MAX / size;
    if (arena->is_over_limit)
        return NULL;
    return mqc__arena_alloc(arena, count * size);
}

bool mqc__arena_copy(struct mqc__arena *arena, struct mqc_view bytes, struct mqc_view *copy_out)
{
    if (bytes.size == SIZE_MAX)
        return false;
    char *copy = mqc__arena_alloc(arena, bytes.size + 1);
    if (copy == NULL)
        return false;
    if (bytes.size != 0)
        memcpy(copy, bytes.data, bytes.size);
    *copy_out = mqc_view_bytes(copy, bytes.size);
    return true;
}

struct mqc__arena_mark mqc__arena_mark(const struct mqc__arena *arena)
{
    return (struct mqc__arena_mark){
        .block = arena->blocks,
        .block_used = arena->blocks != NULL ? arena->blocks->used : 0,
        .used_bytes = arena->used_bytes,
    };
}

void mqc__arena_rewind(struct mqc__arena *arena, struct mqc__arena_mark mark)
{
    while (arena->blocks != mark.block) {
        struct mqc__arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    if (mark.block != NULL)
        mark.block->used = mark.block_used;
    arena->used_bytes = mark.used_bytes;
    arena->is_over_limit = false;
}

void mqc__arena_reset(struct mqc__arena *arena)
{
    struct mqc__arena_block *kept = arena->blocks;
    if (kept == NULL)
        return;
    struct mqc__arena_block *rest = kept->next;
    while (rest != NULL) {
        struct mqc__arena_block *next = rest->next;
        free(rest);
        rest = next;
    }
    kept->next = NULL;
    kept->used = 0;
    arena->used_bytes = 0;
}

void mqc__arena_fini(struct mqc__arena *arena)
{
    mqc__arena_reset(arena);
    free(arena->blocks);
    arena->blocks = NULL;
    arena->used_bytes = 0;
}
