#ifndef MQC_BASE_VIEW_H
#define MQC_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * Borrowed bytes: any bytes, NUL allowed, no terminator promised. Passed by value; whoever made it
 * says how long the bytes live. `data` may be NULL when `size` is 0.
 */
struct mqc_view {
    const char *data;
    size_t size;
};

/* Makes a view of NUL-terminated text; NULL gives the empty view. */
static inline struct mqc_view mqc_view_text(const char *text)
{
    struct mqc_view view = {text, text != NULL ? strlen(text) : 0};
    return view;
}

/* Makes a view of `size` bytes. */
static inline struct mqc_view mqc_view_bytes(const void *data, size_t size)
{
    struct mqc_view view = {(const char *)data, size};
    return view;
}

/* Says whether both views hold the same bytes. */
static inline bool mqc_view_equal(struct mqc_view a, struct mqc_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Says whether the bytes of `view` begin with those of `prefix`; every view begins with the empty
 * one. */
static inline bool mqc_view_starts_with(struct mqc_view view, struct mqc_view prefix)
{
    return prefix.size <= view.size &&
           (prefix.size == 0 || memcmp(view.data, prefix.data, prefix.size) == 0);
}

#endif
