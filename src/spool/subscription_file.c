#include "spool/subscription_file.h"

#include "base/buffer.h"
#include "base/fail.h"
#include "base/file.h"
#include "spool/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * A line "mqcluster subscriptions 1"; for each filter a line with '+' if it is at the broker, else
 * '-', its time, its epoch, its size in bytes, and itself; a line "end" and the number of filters.
 * Numbers are decimal, one space is between words.
 */
static const char heading[] = "mqcluster subscriptions 1\n";

static enum mqc_error fail_errno(const char *path, const char *what, int number,
                                 struct mqc_error_info *info)
{
    char reason[128];
    return mqc__fail(info, MQC_EIO,
                     "the file of subscriptions %s cannot be %s: %s; check that the folder of "
                     "delivery.directory can be made, that this user may write there, and that the "
                     "disk has room",
                     path, what, strerror_r(number, reason, sizeof reason));
}

/* What stands before a filter in its line. Returns its size. */
static size_t write_numbers(char *text, size_t size, const struct mqc__subscription_entry *entry)
{
    return (size_t)snprintf(text, size, "%c %" PRId64 " %" PRId64 " %zu ",
                            entry->is_at_broker ? '+' : '-', entry->since_ns, entry->epoch,
                            entry->filter.size);
}

static size_t contents_size(const struct mqc__subscription_entry *entries, size_t count)
{
    size_t size = sizeof heading - 1 + (size_t)snprintf(NULL, 0, "end %zu\n", count);
    for (size_t i = 0; i < count; i++)
        size += write_numbers(NULL, 0, &entries[i]) + entries[i].filter.size + 1;
    return size;
}

/* The buffer remembers a failure. */
static void append_all(struct mqc__buffer *buffer, const struct mqc__subscription_entry *entries,
                       size_t count)
{
    char numbers[80];
    (void)mqc__buffer_append_text(buffer, heading);
    for (size_t i = 0; i < count; i++) {
        (void)write_numbers(numbers, sizeof numbers, &entries[i]);
        (void)mqc__buffer_append_text(buffer, numbers);
        (void)mqc__buffer_append(buffer, entries[i].filter.data, entries[i].filter.size);
        (void)mqc__buffer_append_text(buffer, "\n");
    }
    (void)snprintf(numbers, sizeof numbers, "end %zu\n", count);
    (void)mqc__buffer_append_text(buffer, numbers);
}

static bool write_all(int fd, struct mqc_view bytes)
{
    while (bytes.size > 0) {
        const ssize_t written = write(fd, bytes.data, bytes.size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            bytes = mqc_view_bytes(bytes.data + written, bytes.size - (size_t)written);
    }
    return true;
}

/* Returns 0 or an errno. */
static int write_file(const char *path, struct mqc_view contents)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno;
    const int number = write_all(fd, contents) && fsync(fd) == 0 ? 0 : errno;
    (void)close(fd);
    return number;
}

static int replace(const char *path, struct mqc_view contents)
{
    char new_path[PATH_MAX];
    if ((size_t)snprintf(new_path, sizeof new_path, "%s.new", path) >= sizeof new_path)
        return ENAMETOOLONG;
    int number = write_file(new_path, contents);
    if (number == 0 && rename(new_path, path) != 0)
        number = errno;
    if (number != 0)
        (void)unlink(new_path);
    return number != 0 ? number : mqc__folder_sync(path);
}

enum mqc_error mqc__subscription_file_write(const char *path,
                                            const struct mqc__subscription_entry *entries,
                                            size_t count, struct mqc_error_info *info)
{
    const size_t size = contents_size(entries, count);
    if (size > MQC__SUBSCRIPTION_FILE_BYTES_MAX)
        return mqc__fail(info, MQC_ETOOLARGE,
                         "%zu subscriptions take %zu bytes in the file %s, which has room for %zu",
                         count, size, path, MQC__SUBSCRIPTION_FILE_BYTES_MAX);
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, size);
    append_all(&buffer, entries, count);
    int number = ENOMEM;
    if (!mqc__buffer_failed(&buffer))
        number = replace(path, mqc__buffer_view(&buffer));
    mqc__buffer_fini(&buffer);
    if (number == ENOMEM)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    return number == 0 ? MQC_OK : fail_errno(path, "written", number, info);
}

/* What is still to be read. */
struct reader {
    const char *at;
    const char *end;
};

static bool read_text(struct reader *reader, const char *text)
{
    const size_t size = strlen(text);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, text, size) != 0)
        return false;
    reader->at += size;
    return true;
}

/* A number as snprintf() writes it, and the character behind it. */
static bool read_number(struct reader *reader, char end, int64_t *number_out)
{
    const char *start = reader->at;
    int64_t number = 0;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        const int digit = *reader->at - '0';
        if (number > (INT64_MAX - digit) / 10 || (number == 0 && reader->at != start))
            return false;
        number = number * 10 + digit;
    }
    *number_out = number;
    return reader->at != start && reader->at < reader->end && *reader->at++ == end;
}

static bool read_entry(struct reader *reader, struct mqc__subscription_entry *entry_out)
{
    int64_t size;
    entry_out->is_at_broker = read_text(reader, "+ ");
    if (!entry_out->is_at_broker && !read_text(reader, "- "))
        return false;
    if (!read_number(reader, ' ', &entry_out->since_ns) ||
        !read_number(reader, ' ', &entry_out->epoch) || !read_number(reader, ' ', &size) ||
        size == 0 || size >= reader->end - reader->at)
        return false;
    entry_out->filter = mqc_view_bytes(reader->at, (size_t)size);
    reader->at += size;
    return memchr(entry_out->filter.data, '\0', entry_out->filter.size) == NULL &&
           *reader->at++ == '\n';
}

/* Reads everything; `entries` may be NULL, to count them. */
static bool read_contents(struct mqc_view contents, struct mqc__subscription_entry *entries,
                          size_t *count_out)
{
    struct reader reader = {contents.data, contents.data + contents.size};
    if (!read_text(&reader, heading))
        return false;
    size_t count = 0;
    int64_t said = 0;
    while (!read_text(&reader, "end ")) {
        struct mqc__subscription_entry entry;
        if (!read_entry(&reader, &entry))
            return false;
        if (entries != NULL)
            entries[count] = entry;
        count++;
    }
    *count_out = count;
    return read_number(&reader, '\n', &said) && said == (int64_t)count && reader.at == reader.end;
}

static enum mqc_error make_list(const char *path, const struct mqc__file *file,
                                struct mqc__subscription_list *list, struct mqc_error_info *info)
{
    const struct mqc_view contents = mqc_view_bytes(file->data, file->size);
    if (!read_contents(contents, NULL, &list->count))
        return mqc__fail(info, MQC_EMALFORMED,
                         "the file of subscriptions %s is damaged, or a newer version wrote it; it "
                         "counts as empty and will be replaced",
                         path);
    list->entries = calloc(list->count + 1, sizeof *list->entries);
    if (list->entries == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    (void)read_contents(contents, list->entries, &list->count);
    return MQC_OK;
}

enum mqc_error mqc__subscription_file_read(const char *path,
                                           struct mqc__subscription_list *list_out,
                                           struct mqc_error_info *info)
{
    *list_out = (struct mqc__subscription_list){.count = 0};
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return MQC_OK;
    struct mqc__file file;
    enum mqc_error error = mqc__file_read(path, MQC__FILE_PUBLIC, &file, info);
    /* It is no part of the configuration. */
    if (error == MQC_ECONFIG && info != NULL)
        info->code = MQC_EIO;
    if (error != MQC_OK)
        return error == MQC_ECONFIG ? MQC_EIO : error;
    struct mqc__subscription_list list = {.memory = file.data};
    error = make_list(path, &file, &list, info);
    if (error != MQC_OK)
        mqc__subscription_list_fini(&list);
    *list_out = list;
    return error;
}

void mqc__subscription_list_fini(struct mqc__subscription_list *list)
{
    free(list->entries);
    free(list->memory);
    *list = (struct mqc__subscription_list){.count = 0};
}
