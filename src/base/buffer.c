#include "base/buffer.h"

#include "base/pages.h"

#include <stdlib.h>

#define SMALLEST_CAPACITY ((size_t)256)

void mqc__buffer_init(struct mqc__buffer *buffer, size_t limit_bytes)
{
    *buffer = (struct mqc__buffer){.limit_bytes = limit_bytes};
}

void mqc__buffer_init_scratch(struct mqc__buffer *buffer, void *scratch, size_t scratch_bytes,
                              size_t limit_bytes)
{
    *buffer = (struct mqc__buffer){
        .data = scratch,
        .capacity = scratch_bytes < limit_bytes ? scratch_bytes : limit_bytes,
        .limit_bytes = limit_bytes,
        .scratch = scratch,
    };
}

bool mqc__buffer_is_on_heap(const struct mqc__buffer *buffer)
{
    return buffer->data != NULL && buffer->data != buffer->scratch;
}

/* What is known to be large seldom grows much. */
static size_t first_capacity(const struct mqc__buffer *buffer, size_t least)
{
    const size_t some_more = least / 16 + SMALLEST_CAPACITY;
    return least < SMALLEST_CAPACITY                 ? SMALLEST_CAPACITY
           : some_more < buffer->limit_bytes - least ? least + some_more
                                                     : buffer->limit_bytes;
}

static char *new_memory(const struct mqc__buffer *buffer, size_t capacity)
{
    if (buffer->data != buffer->scratch)
        return realloc(buffer->data, capacity);
    char *data = malloc(capacity);
    if (data != NULL && buffer->size != 0)
        memcpy(data, buffer->data, buffer->size);
    return data;
}

static bool grow(struct mqc__buffer *buffer, size_t least)
{
    const bool is_first = !mqc__buffer_is_on_heap(buffer);
    size_t capacity = is_first ? first_capacity(buffer, least) : buffer->capacity;
    while (capacity < least)
        capacity = capacity > buffer->limit_bytes / 2 ? buffer->limit_bytes : capacity * 2;
    char *data = new_memory(buffer, capacity);
    if (data == NULL)
        return false;
    mqc__pages_prefer_huge(data, least);
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void *mqc__buffer_extend(struct mqc__buffer *buffer, size_t size)
{
    if (buffer->has_failed)
        return NULL;
    const bool fits = size <= buffer->limit_bytes - buffer->size;
    if (!fits || (size > buffer->capacity - buffer->size && !grow(buffer, buffer->size + size))) {
        buffer->has_failed = true;
        return NULL;
    }
    char *start = buffer->data + buffer->size;
    buffer->size += size;
    return start;
}

bool mqc__buffer_append(struct mqc__buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0)
        return !buffer->has_failed;
    char *start = mqc__buffer_extend(buffer, size);
    if (start == NULL)
        return false;
    memcpy(start, bytes, size);
    return true;
}

bool mqc__buffer_append_text(struct mqc__buffer *buffer, const char *text)
{
    return mqc__buffer_append(buffer, text, strlen(text));
}

bool mqc__buffer_failed(const struct mqc__buffer *buffer)
{
    return buffer->has_failed;
}

struct mqc_view mqc__buffer_view(const struct mqc__buffer *buffer)
{
    return mqc_view_bytes(buffer->data, buffer->size);
}

void mqc__buffer_clear(struct mqc__buffer *buffer)
{
    buffer->size = 0;
    buffer->has_failed = false;
}

void mqc__buffer_fini(struct mqc__buffer *buffer)
{
    if (mqc__buffer_is_on_heap(buffer))
        free(buffer->data);
    mqc__buffer_init(buffer, buffer->limit_bytes);
}
