#include "mqtt/batch.h"

#include "mqtt/hash.h"

#include <stdlib.h>

/* How much the pool keeps: about what is in flight at once when much is published. */
#define SPARE_COUNT_MAX 16
#define SPARE_BYTES_MAX ((size_t)1 << 20)
#define SPARE_SINGLE_BYTES_MAX ((size_t)256 << 10)

/* Memory this many times too large is better kept for others. */
#define LEND_FACTOR 4

#define LEAST_ENTRIES 16

/* NOLINTBEGIN(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */
static void add_spare(struct mqc__batch_pool *pool, struct mqc__batch *batch)
{
    LL_PREPEND(pool->spare, batch);
    pool->spare_count++;
    pool->spare_bytes += batch->memory.capacity;
}

static void remove_spare(struct mqc__batch_pool *pool, struct mqc__batch *batch)
{
    LL_DELETE(pool->spare, batch);
    pool->spare_count--;
    pool->spare_bytes -= batch->memory.capacity;
}
/* NOLINTEND(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */

static void destroy(struct mqc__batch *batch)
{
    mqc__buffer_fini(&batch->memory);
    free(batch->entries);
    free(batch);
}

/* Empties it but for its memory. */
static void reset(struct mqc__batch *batch)
{
    mqc__buffer_clear(&batch->memory);
    *batch = (struct mqc__batch){
        .token = -1,
        .memory = batch->memory,
        .entries = batch->entries,
        .entry_capacity = batch->entry_capacity,
    };
}

/* Makes room for the entry of one more event. */
static bool has_entry_room(struct mqc__batch *batch)
{
    if (batch->entry_count < batch->entry_capacity)
        return true;
    const size_t capacity = batch->entry_capacity != 0 ? 2 * batch->entry_capacity : LEAST_ENTRIES;
    struct mqc__batch_entry *entries = realloc(batch->entries, capacity * sizeof *entries);
    if (entries == NULL)
        return false;
    batch->entries = entries;
    batch->entry_capacity = capacity;
    return true;
}

static void count_event(struct mqc__batch *batch, size_t size, uint32_t number)
{
    batch->entries[batch->entry_count++] =
        (struct mqc__batch_entry){.size = (uint32_t)size, .number = number};
    batch->event_count++;
    batch->event_bytes += size;
}

/* A spare batch with memory or, for one that brings its own, without. */
static struct mqc__batch *take_spare(struct mqc__batch_pool *pool, bool has_memory)
{
    struct mqc__batch *batch = pool->spare;
    while (batch != NULL && (batch->memory.capacity != 0) != has_memory)
        batch = batch->next;
    if (batch == NULL)
        return calloc(1, sizeof *batch);
    remove_spare(pool, batch);
    reset(batch);
    return batch;
}

struct mqc__batch *mqc__batch_new(struct mqc__batch_pool *pool, size_t bytes)
{
    struct mqc__batch *batch = take_spare(pool, true);
    if (batch == NULL)
        return NULL;
    batch->token = -1;
    batch->memory.limit_bytes = pool->headroom + bytes;
    batch->start = pool->headroom;
    if (pool->headroom == 0 || mqc__buffer_extend(&batch->memory, pool->headroom) != NULL)
        return batch;
    destroy(batch);
    return NULL;
}

struct mqc__batch *mqc__batch_new_bare(struct mqc__batch_pool *pool)
{
    struct mqc__batch *batch = take_spare(pool, false);
    if (batch != NULL)
        batch->token = -1;
    return batch;
}

struct mqc__batch *mqc__batch_adopt(struct mqc__batch_pool *pool, struct mqc__buffer *event,
                                    uint64_t number)
{
    struct mqc__batch *batch = mqc__batch_new_bare(pool);
    if (batch == NULL)
        return NULL;
    if (!has_entry_room(batch)) {
        destroy(batch);
        return NULL;
    }
    batch->memory = *event;
    batch->memory.limit_bytes = SIZE_MAX / 2;
    batch->memory.scratch = NULL;
    count_event(batch, event->size, (uint32_t)number);
    mqc__buffer_init(event, event->limit_bytes);
    return batch;
}

void mqc__batch_free(struct mqc__batch_pool *pool, struct mqc__batch *batch)
{
    const size_t bytes = batch->memory.capacity;
    if (pool->spare_count == SPARE_COUNT_MAX || bytes > SPARE_SINGLE_BYTES_MAX ||
        bytes > SPARE_BYTES_MAX - pool->spare_bytes) {
        destroy(batch);
        return;
    }
    reset(batch);
    add_spare(pool, batch);
}

void mqc__batch_lend(struct mqc__batch_pool *pool, size_t bytes, struct mqc__buffer *buffer)
{
    for (struct mqc__batch *batch = pool->spare; batch != NULL; batch = batch->next) {
        const size_t capacity = batch->memory.capacity;
        if (capacity < bytes || capacity / LEND_FACTOR > bytes || capacity > buffer->limit_bytes)
            continue;
        remove_spare(pool, batch);
        buffer->data = batch->memory.data;
        buffer->capacity = capacity;
        mqc__buffer_init(&batch->memory, 0);
        add_spare(pool, batch);
        return;
    }
}

void mqc__batch_pool_fini(struct mqc__batch_pool *pool)
{
    while (pool->spare != NULL) {
        struct mqc__batch *batch = pool->spare;
        remove_spare(pool, batch);
        destroy(batch);
    }
}

static bool append(struct mqc__batch *batch, struct mqc_view event, uint32_t number)
{
    if (!has_entry_room(batch))
        return false;
    if (!mqc__buffer_append(&batch->memory, event.data, event.size)) {
        batch->memory.has_failed = false;
        return false;
    }
    count_event(batch, event.size, number);
    return true;
}

bool mqc__batch_append(struct mqc__batch *batch, struct mqc_view event, uint64_t number)
{
    return append(batch, event, (uint32_t)number);
}

struct mqc_view mqc__batch_events(const struct mqc__batch *batch)
{
    return mqc_view_bytes(batch->memory.data + batch->start, batch->event_bytes);
}

size_t mqc__batch_first_size(const struct mqc__batch *batch)
{
    return batch->entries[batch->first].size;
}

uint64_t mqc__batch_number(const struct mqc__batch *batch, size_t index)
{
    const uint32_t number = batch->entries[batch->first + index].number;
    return batch->number + (uint32_t)(number - (uint32_t)batch->number);
}

void mqc__batch_drop_first(struct mqc__batch *batch)
{
    const size_t size = mqc__batch_first_size(batch);
    batch->first++;
    batch->start += size;
    batch->sequence++;
    batch->event_count--;
    batch->event_bytes -= size;
}

bool mqc__batch_move(struct mqc__batch *from, struct mqc__batch *to, size_t bytes_max)
{
    size_t moved = 0;
    do {
        const size_t size = mqc__batch_first_size(from);
        if (!append(to, mqc_view_bytes(from->memory.data + from->start, size),
                    from->entries[from->first].number))
            return moved != 0;
        mqc__batch_drop_first(from);
        moved += size;
    } while (from->event_count != 0 && moved < bytes_max &&
             mqc__batch_first_size(from) <= bytes_max - moved);
    return true;
}

bool mqc__batch_enclose(struct mqc__batch *batch, struct mqc_view header,
                        struct mqc_view *payload_out)
{
    const size_t size = batch->event_bytes + header.size;
    if (header.size <= batch->start) {
        char *start = batch->memory.data + batch->start - header.size;
        if (header.size != 0)
            memcpy(start, header.data, header.size);
        *payload_out = mqc_view_bytes(start, size);
        return true;
    }
    /* What stands behind the events is written over the next time. */
    const size_t end = batch->memory.size;
    batch->memory.limit_bytes = SIZE_MAX / 2;
    const bool is_done = mqc__buffer_append(&batch->memory, header.data, header.size);
    batch->memory.size = end;
    batch->memory.has_failed = false;
    *payload_out = mqc_view_bytes(batch->memory.data + batch->start, size);
    return is_done;
}
