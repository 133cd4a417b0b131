#include "cli/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define FIRST_BYTES ((size_t)64 * 1024)

void mqc__lines_init(struct mqc__lines *lines, size_t limit_bytes)
{
    *lines = (struct mqc__lines){.limit_bytes = limit_bytes};
}

static struct mqc_view without_cr(const char *data, size_t size)
{
    if (size != 0 && data[size - 1] == '\r')
        size--;
    return mqc_view_bytes(data, size);
}

/* Hands out the `size` bytes at the start, of which the line end takes `end_size` more. */
static enum mqc__lines_result take(struct mqc__lines *lines, size_t size, size_t end_size,
                                   struct mqc_view *line_out)
{
    const char *data = lines->data + lines->start;
    const bool was_skipping = lines->is_skipping;
    lines->start += size + end_size;
    lines->searched = lines->start;
    lines->is_skipping = false;
    if (was_skipping)
        return mqc__lines_next(lines, line_out);
    lines->number++;
    *line_out = without_cr(data, size);
    return line_out->size <= lines->limit_bytes ? MQC__LINES_LINE : MQC__LINES_TOO_LONG;
}

/* No line end is in sight. */
static enum mqc__lines_result take_rest(struct mqc__lines *lines, struct mqc_view *line_out)
{
    const size_t size = lines->end - lines->start;
    if (lines->is_at_end)
        return size != 0 ? take(lines, size, 0, line_out) : MQC__LINES_END;
    /* One byte over the limit may be the CR of a line end. */
    if (size <= lines->limit_bytes + 1 && !lines->is_skipping)
        return MQC__LINES_MORE;
    const bool was_skipping = lines->is_skipping;
    lines->start = lines->searched = lines->end = 0;
    lines->is_skipping = true;
    if (was_skipping)
        return MQC__LINES_MORE;
    lines->number++;
    return MQC__LINES_TOO_LONG;
}

enum mqc__lines_result mqc__lines_next(struct mqc__lines *lines, struct mqc_view *line_out)
{
    *line_out = mqc_view_bytes(NULL, 0);
    const size_t unseen = lines->end - lines->searched;
    const char *line_end = unseen != 0 ? memchr(lines->data + lines->searched, '\n', unseen) : NULL;
    lines->searched = lines->end;
    if (line_end == NULL)
        return take_rest(lines, line_out);
    return take(lines, (size_t)(line_end - lines->data) - lines->start, 1, line_out);
}

bool mqc__lines_is_done(const struct mqc__lines *lines)
{
    return lines->is_at_end && lines->start == lines->end;
}

static void move_to_front(struct mqc__lines *lines)
{
    if (lines->start == 0)
        return;
    memmove(lines->data, lines->data + lines->start, lines->end - lines->start);
    lines->end -= lines->start;
    lines->searched -= lines->start;
    lines->start = 0;
}

static bool make_room(struct mqc__lines *lines)
{
    move_to_front(lines);
    if (lines->end < lines->capacity)
        return true;
    const size_t capacity = lines->capacity == 0 ? FIRST_BYTES : lines->capacity * 2;
    char *data = realloc(lines->data, capacity);
    if (data == NULL)
        return false;
    lines->data = data;
    lines->capacity = capacity;
    return true;
}

enum mqc_error mqc__lines_read(struct mqc__lines *lines, int fd)
{
    if (!make_room(lines))
        return MQC_ENOMEM;
    const ssize_t got = read(fd, lines->data + lines->end, lines->capacity - lines->end);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? MQC_OK : MQC_EIO;
    lines->end += (size_t)got;
    lines->is_at_end = got == 0;
    return MQC_OK;
}

void mqc__lines_fini(struct mqc__lines *lines)
{
    free(lines->data);
    mqc__lines_init(lines, lines->limit_bytes);
}
