#include "config/source.h"

#include "base/fail.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#define FIRST_READ_BYTES ((size_t)16 << 10)

static enum mqc_error fail_read(int number, struct mqc_error_info *info)
{
    char reason[128];
    return mqc__fail(info, MQC_EIO, "the file cannot be read: %s",
                     strerror_r(number, reason, sizeof reason));
}

/* Makes room for at least one more byte. */
static bool grow(struct mqc__source *source, size_t *capacity)
{
    if (source->size < *capacity)
        return true;
    /* One byte more than allowed shows that there is too much. */
    const size_t larger = *capacity < MQC__SOURCE_BYTES_MAX / 2 ? *capacity * 2 + FIRST_READ_BYTES
                                                                : MQC__SOURCE_BYTES_MAX + 1;
    char *text = realloc(source->text, larger);
    if (text == NULL)
        return false;
    source->text = text;
    *capacity = larger;
    return true;
}

static enum mqc_error read_all(struct mqc__source *source, int file, struct mqc_error_info *info)
{
    size_t capacity = 0;
    while (source->size <= MQC__SOURCE_BYTES_MAX) {
        if (!grow(source, &capacity))
            return mqc__fail(info, MQC_ENOMEM, "out of memory");
        const ssize_t count = read(file, source->text + source->size, capacity - source->size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail_read(errno, info);
        if (count == 0)
            return MQC_OK;
        source->size += (size_t)count;
    }
    return mqc__fail(info, MQC_ECONFIG, "the file is larger than %zu bytes", MQC__SOURCE_BYTES_MAX);
}

enum mqc_error mqc__source_read(struct mqc__source *source, const char *path,
                                struct mqc_error_info *info)
{
    *source = (struct mqc__source){0};
    if (strcmp(path, "-") == 0)
        return read_all(source, STDIN_FILENO, info);
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return fail_read(errno, info);
    const enum mqc_error error = read_all(source, file, info);
    (void)close(file);
    return error;
}

void mqc__source_fini(struct mqc__source *source)
{
    /* It may have held a password. */
    if (source->text != NULL)
        explicit_bzero(source->text, source->size);
    free(source->text);
    *source = (struct mqc__source){0};
}

/* "\r\n" and a lone "\r" end lines as well as "\n". Returns where the next line starts. */
static size_t next_line(const struct mqc__source *source, size_t start)
{
    while (start < source->size && source->text[start] != '\n' && source->text[start] != '\r')
        start++;
    if (start + 1 < source->size && source->text[start] == '\r' && source->text[start + 1] == '\n')
        return start + 2;
    return start < source->size ? start + 1 : start;
}

static struct mqc_view line_from(const struct mqc__source *source, size_t start)
{
    size_t end = start;
    while (end < source->size && source->text[end] != '\n' && source->text[end] != '\r')
        end++;
    return mqc_view_bytes(source->text + start, end - start);
}

struct mqc_view mqc__source_line(const struct mqc__source *source, unsigned line)
{
    size_t start = 0;
    for (; line > 1 && start < source->size; line--)
        start = next_line(source, start);
    return line_from(source, start);
}

static bool is_allowed(struct mqc_view text, size_t length)
{
    if (length == 0)
        return false;
    const char first = text.data[0];
    return first == '\t' || first == '\n' || first == '\r' || !mqc__utf8_is_control(text);
}

static void clean_line(struct mqc__source *source, size_t start, unsigned line,
                       struct mqc__problems *problems)
{
    const struct mqc_view whole = line_from(source, start);
    bool is_reported = false;
    unsigned column = 1;
    for (size_t at = 0; at < whole.size; column++) {
        char *place = source->text + start + at;
        const struct mqc_view rest = mqc_view_bytes(place, whole.size - at);
        const size_t length = mqc__utf8_next(rest);
        at += length != 0 ? length : 1;
        if (is_allowed(rest, length))
            continue;
        const struct mqc__spot spot = {line, column, ""};
        if (!is_reported)
            mqc__problems_add(problems, &spot,
                              length == 0 ? "byte 0x%02x is not UTF-8"
                                          : "a control character, 0x%02x, cannot stand here",
                              (unsigned)(unsigned char)place[length > 1 ? 1 : 0]);
        is_reported = true;
        memset(place, '_', length != 0 ? length : 1);
    }
}

void mqc__source_clean(struct mqc__source *source, struct mqc__problems *problems)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    const struct mqc_view whole = mqc_view_bytes(source->text, source->size);
    if (mqc_view_starts_with(whole, mqc_view_text(byte_order_mark))) {
        source->size -= 3;
        memmove(source->text, source->text + 3, source->size);
    }
    unsigned line = 1;
    for (size_t start = 0; start < source->size; line++) {
        clean_line(source, start, line, problems);
        start = next_line(source, start);
    }
}
