#include "base/fail.h"
#include "codec/json_priv.h"
#include "value/sort.h"

#include <stdarg.h>
#include <stdio.h>

static void fill_place(const struct mqc__json_reader *reader)
{
    char place[sizeof reader->info->place];
    size_t size = 0;
    place[0] = '\0';
    for (unsigned i = 0; i < reader->path_size && size < sizeof place; i++)
        size += (size_t)snprintf(place + size, sizeof place - size, "[%zu]", reader->path[i]);
    mqc__fail_place(reader->info, "%s", place);
}

enum mqc_error mqc__json_reader_fail(const struct mqc__json_reader *reader, enum mqc_error code,
                                     const char *format, ...)
{
    char text[sizeof reader->info->text];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *separator = reader->what[0] != '\0' ? ": " : "";
    (void)mqc__fail(reader->info, code, "%s%s%s", reader->what, separator, text);
    fill_place(reader);
    return code;
}

enum mqc_error mqc__json_reader_alloc(const struct mqc__json_reader *reader, size_t count,
                                      size_t size, void **memory_out)
{
    *memory_out = mqc__arena_array(reader->arena, count, size);
    if (*memory_out != NULL)
        return MQC_OK;
    if (reader->arena->is_over_limit)
        return mqc__json_reader_fail(reader, MQC_ETOOLARGE, "over the limit of %zu bytes",
                                     reader->arena->limit_bytes);
    return mqc__fail(reader->info, MQC_ENOMEM, "out of memory");
}

enum mqc_error mqc__json_reader_text(const struct mqc__json_reader *reader, struct mqc_view text,
                                     struct mqc_view *text_out)
{
    void *copy = NULL;
    const enum mqc_error error = mqc__json_reader_alloc(reader, text.size + 1, 1, &copy);
    if (error != MQC_OK)
        return error;
    if (text.size != 0)
        memcpy(copy, text.data, text.size);
    *text_out = mqc_view_bytes(copy, mqc__json_restore_bytes(copy, text.size));
    return MQC_OK;
}

enum mqc_error mqc__json_finish_set(const struct mqc__json_reader *reader, struct mqc_value *items,
                                    size_t count, struct mqc_value *value_out)
{
    if (!mqc__values_sort(items, count))
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "an element stands twice in a set");
    *value_out = mqc_set(items, count);
    return MQC_OK;
}

enum mqc_error mqc__json_finish_table(const struct mqc__json_reader *reader,
                                      struct mqc_entry *entries, size_t count,
                                      struct mqc_value *value_out)
{
    if (!mqc__entries_sort(entries, count))
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "a key stands twice in a table");
    *value_out = mqc_table(entries, count);
    return MQC_OK;
}
