#include "base/buffer.h"

#include <stdlib.h>

#define SMALLEST_CAPACITY ((size_t)256)

void mqc__buffer_init(struct mqc__buffer *buffer, size_t limit_bytes)
{
    *buffer = (struct mqc__buffer){.limit_bytes = limit_bytes};
}

/* What is known to be large seldom grows much. */
static size_t first_capacity(const struct mqc__buffer *buffer, size_t least)
{
    const size_t some_more = least / 16 + SMALLEST_CAPACITY;
    return least < SMALLEST_CAPACITY                 ? SMALLEST_CAPACITY
           : some_more < buffer->limit_bytes - least ? least + some_more
                                                     : least;
}

static bool grow(struct mqc__buffer *buffer, size_t least)
{
    size_t capacity = buffer->capacity;
    if (capacity == 0)
        capacity = first_capacity(buffer, least);
    while (capacity < least)
        capacity = capacity > buffer->limit_bytes / 2 ? buffer->limit_bytes : capacity * 2;
    char *data = realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
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
    free(buffer->data);
    mqc__buffer_init(buffer, buffer->limit_bytes);
}
