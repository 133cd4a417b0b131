#ifndef MQC_BASE_BUFFER_H
#define MQC_BASE_BUFFER_H

#include "base/view.h"

#include <stddef.h>

/*
 * Bytes that grow, up to a bound. A failed append is remembered: the caller may append on and ask
 * once at the end with mqc__buffer_failed(). Not thread-safe.
 */
struct mqc__buffer {
    char *data;
    size_t size;
    size_t capacity;
    size_t limit_bytes;
    bool has_failed;
    char *scratch; /* memory of the user's, NULL when there is none */
};

/* Prepares an empty buffer that holds at most limit_bytes; takes no memory yet. */
void mqc__buffer_init(struct mqc__buffer *buffer, size_t limit_bytes);

/* As mqc__buffer_init, with memory for the beginning, such as an array on the stack: the heap is
 * used only by contents that outgrow it. The memory must live as long as the buffer is used. */
void mqc__buffer_init_scratch(struct mqc__buffer *buffer, void *scratch, size_t scratch_bytes,
                              size_t limit_bytes);

/* Says whether the contents are on the heap, where they may be taken from. */
bool mqc__buffer_is_on_heap(const struct mqc__buffer *buffer);

/* Appends bytes; false (and remembered) when the limit or memory is exhausted. */
bool mqc__buffer_append(struct mqc__buffer *buffer, const void *bytes, size_t size);

/* Appends NUL-terminated text. */
bool mqc__buffer_append_text(struct mqc__buffer *buffer, const char *text);

/* Makes room for size more bytes and returns where they go, or NULL; their contents are the
 * caller's to write. */
void *mqc__buffer_extend(struct mqc__buffer *buffer, size_t size);

/* Says whether any append since init or clear failed. */
bool mqc__buffer_failed(const struct mqc__buffer *buffer);

/* The contents, valid until the next append. */
struct mqc_view mqc__buffer_view(const struct mqc__buffer *buffer);

/* Empties the buffer and keeps its memory. */
void mqc__buffer_clear(struct mqc__buffer *buffer);

/* Frees the memory; the buffer may be used again after that. */
void mqc__buffer_fini(struct mqc__buffer *buffer);

#endif
