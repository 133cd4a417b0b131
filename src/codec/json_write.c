#include "base/utf8.h"
#include "codec/json_priv.h"
#include "value/sort.h"
#include "value/text.h"

#include <stdio.h>
#include <stdlib.h>

/* Where text goes, and the first thing that went wrong; after that nothing more is written. */
struct writer {
    struct mqc__buffer *buffer;
    enum mqc_error error;
    bool is_sorted; /* what is being written stands in a set or table that is sorted inside too */
};

static void put_into_more(struct writer *w, const char *bytes, size_t size)
{
    if (size > w->buffer->limit_bytes - w->buffer->size)
        w->error = MQC_ETOOLARGE;
    else if (!mqc__buffer_append(w->buffer, bytes, size))
        w->error = MQC_ENOMEM;
}

/* An event is many short pieces, nearly all of which find room in the memory that is there. */
static void put(struct writer *w, const char *bytes, size_t size)
{
    struct mqc__buffer *buffer = w->buffer;
    const size_t most =
        buffer->capacity < buffer->limit_bytes ? buffer->capacity : buffer->limit_bytes;
    if (w->error != MQC_OK || size == 0)
        return;
    if (size > most - buffer->size || buffer->has_failed) {
        put_into_more(w, bytes, size);
        return;
    }
    memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
}

static void put_text(struct writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void put_escaped(struct writer *w, unsigned char c)
{
    static const char codes[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    char escape[8];
    const char *found = c != '\0' ? strchr(codes, c) : NULL;
    if (found != NULL)
        (void)snprintf(escape, sizeof escape, "\\%c", letters[found - codes]);
    else
        (void)snprintf(escape, sizeof escape, "\\u%04x", c);
    put_text(w, escape);
}

/* Writes what a string begins with when it is not plain; returns how many bytes that were. */
static size_t put_special(struct writer *w, struct mqc_view rest)
{
    const unsigned char first = (unsigned char)rest.data[0];
    if (first < 0x80) {
        put_escaped(w, first);
        return 1;
    }
    const size_t size = mqc__utf8_next(rest);
    if (size != 0 && !mqc__json_is_stand_in(rest)) {
        put(w, rest.data, size);
        return size;
    }
    char stand_in[4];
    mqc__json_stand_in(first, stand_in);
    put(w, stand_in, sizeof stand_in);
    return 1;
}

static size_t plain_size(struct mqc_view text)
{
    size_t size = 0;
    while (size < text.size && is_plain((unsigned char)text.data[size]))
        size++;
    return size;
}

static void put_string(struct writer *w, struct mqc_view bytes)
{
    put_text(w, "\"");
    while (bytes.size != 0 && w->error == MQC_OK) {
        size_t size = plain_size(bytes);
        if (size != 0)
            put(w, bytes.data, size);
        else
            size = put_special(w, bytes);
        bytes = mqc_view_bytes(bytes.data + size, bytes.size - size);
    }
    put_text(w, "\"");
}

static void put_real(struct writer *w, double real)
{
    char text[MQC__TEXT_BYTES];
    const size_t size = mqc__real_format(real, text);
    if (real != real) /* NaN */
        put_string(w, mqc_view_bytes(text, size));
    else
        put(w, text, size);
}

static void put_scalar(struct writer *w, const struct mqc_value *value)
{
    char text[MQC__TEXT_BYTES];
    size_t size = 0;
    switch (value->type) {
    case MQC_TYPE_ADDRESS: size = mqc__address_format(&value->as.address, text); break;
    case MQC_TYPE_SUBNET: size = mqc__subnet_format(&value->as.subnet, text); break;
    case MQC_TYPE_PORT: size = mqc__port_format(&value->as.port, text); break;
    case MQC_TYPE_TIMESTAMP: size = mqc__timestamp_format(value->as.ns, text); break;
    default: size = mqc__timespan_format(value->as.ns, text); break;
    }
    put_string(w, mqc_view_bytes(text, size));
}

static void put_value(struct writer *w, const struct mqc_value *value, int depth);

static void put_items(struct writer *w, struct mqc_list list, int depth)
{
    put_text(w, "[");
    for (size_t i = 0; i < list.count && w->error == MQC_OK; i++) {
        put_text(w, i != 0 ? "," : "");
        put_value(w, &list.items[i], depth + 1);
    }
    put_text(w, "]");
}

static void put_set(struct writer *w, struct mqc_list list, int depth)
{
    struct mqc_value *sorted = w->is_sorted ? NULL : mqc__values_sorted(list);
    put_items(w, sorted != NULL ? (struct mqc_list){sorted, list.count} : list, depth);
    free(sorted);
}

static void put_table(struct writer *w, struct mqc_entries entries, int depth)
{
    struct mqc_entry *sorted = w->is_sorted ? NULL : mqc__entries_sorted(entries);
    const struct mqc_entry *items = sorted != NULL ? sorted : entries.items;
    put_text(w, "[");
    for (size_t i = 0; i < entries.count && w->error == MQC_OK; i++) {
        put_text(w, i != 0 ? ",{\"key\":" : "{\"key\":");
        put_value(w, &items[i].key, depth + 1);
        put_text(w, ",\"value\":");
        put_value(w, &items[i].value, depth + 1);
        put_text(w, "}");
    }
    put_text(w, "]");
    free(sorted);
}

/* What was read from a peer is sorted already, and finding that out first keeps writing it linear:
 * comparing sets that may not be sorted sorts them again each time. */
static void put_set_or_table(struct writer *w, const struct mqc_value *value, int depth)
{
    const bool was_sorted = w->is_sorted;
    w->is_sorted = was_sorted || mqc__value_is_sorted(value);
    if (value->type == MQC_TYPE_SET)
        put_set(w, value->as.list, depth);
    else
        put_table(w, value->as.entries, depth);
    w->is_sorted = was_sorted;
}

static void put_count(struct writer *w, uint64_t count)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + count % 10);
        count /= 10;
    } while (count != 0);
    put(w, digits + at, sizeof digits - at);
}

static void put_integer(struct writer *w, int64_t integer)
{
    if (integer < 0)
        put_text(w, "-");
    /* The least one has no opposite. */
    put_count(w, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer);
}

static void put_data(struct writer *w, const struct mqc_value *value, int depth)
{
    switch (value->type) {
    case MQC_TYPE_NONE: put_text(w, "{}"); break;
    case MQC_TYPE_BOOLEAN: put_text(w, value->as.boolean ? "true" : "false"); break;
    case MQC_TYPE_COUNT: put_count(w, value->as.count); break;
    case MQC_TYPE_INTEGER: put_integer(w, value->as.integer); break;
    case MQC_TYPE_REAL: put_real(w, value->as.real); break;
    case MQC_TYPE_STRING:
    case MQC_TYPE_ENUM: put_string(w, value->as.text); break;
    case MQC_TYPE_SET:
    case MQC_TYPE_TABLE: put_set_or_table(w, value, depth); break;
    case MQC_TYPE_VECTOR: put_items(w, value->as.list, depth); break;
    case MQC_TYPE_ADDRESS:
    case MQC_TYPE_SUBNET:
    case MQC_TYPE_PORT:
    case MQC_TYPE_TIMESTAMP:
    case MQC_TYPE_TIMESPAN: put_scalar(w, value); break;
    default: w->error = MQC_EINVAL; break;
    }
}

static void put_tag(struct writer *w, enum mqc_type type)
{
    put_text(w, "\"@data-type\":\"");
    put_text(w, mqc_type_name(type));
    put_text(w, "\",\"data\":");
}

static void put_value(struct writer *w, const struct mqc_value *value, int depth)
{
    if (depth > MQC_MAX_DEPTH && w->error == MQC_OK)
        w->error = MQC_ETOOLARGE;
    if (w->error != MQC_OK)
        return;
    put_text(w, "{");
    put_tag(w, value->type);
    put_data(w, value, depth);
    put_text(w, "}");
}

/* Each piece is [id, value], a vector itself: the value is one level further down. */
static void put_metadata(struct writer *w, const struct mqc_event *event)
{
    put_text(w, "[");
    for (size_t i = 0; i < event->metadata_count && w->error == MQC_OK; i++) {
        const struct mqc_value pair[] = {mqc_count(event->metadata[i].id),
                                         event->metadata[i].value};
        const struct mqc_value entry = mqc_vector(pair, 2);
        put_text(w, i != 0 ? "," : "");
        put_value(w, &entry, 1);
    }
    put_text(w, "]");
}

static void put_event(struct writer *w, const struct mqc_event *event)
{
    put_text(w, "[{\"@data-type\":\"count\",\"data\":1},{\"@data-type\":\"count\",\"data\":1},{");
    put_tag(w, MQC_TYPE_VECTOR);
    put_text(w, "[");
    const struct mqc_value name = mqc_string(event->name);
    put_value(w, &name, 1);
    put_text(w, ",{");
    put_tag(w, MQC_TYPE_VECTOR);
    put_items(w, (struct mqc_list){event->args, event->arg_count}, 0);
    if (event->metadata_count != 0) {
        put_text(w, "},{");
        put_tag(w, MQC_TYPE_VECTOR);
        put_metadata(w, event);
    }
    put_text(w, "}]}]");
}

enum mqc_error mqc__json_write_value(const struct mqc_value *value, struct mqc__buffer *buffer)
{
    struct writer writer = {.buffer = buffer};
    put_value(&writer, value, 1);
    return writer.error;
}

enum mqc_error mqc__json_write_args(const struct mqc_event *event, struct mqc__buffer *buffer)
{
    struct writer writer = {.buffer = buffer};
    put_items(&writer, (struct mqc_list){event->args, event->arg_count}, 0);
    return writer.error;
}

enum mqc_error mqc__json_write_metadata(const struct mqc_event *event, struct mqc__buffer *buffer)
{
    struct writer writer = {.buffer = buffer};
    put_metadata(&writer, event);
    return writer.error;
}

enum mqc_error mqc__json_write_string(struct mqc_view bytes, struct mqc__buffer *buffer)
{
    struct writer writer = {.buffer = buffer};
    put_string(&writer, bytes);
    return writer.error;
}

enum mqc_error mqc__json_write_message(struct mqc_view topic, const struct mqc_event *event,
                                       struct mqc__buffer *buffer)
{
    struct writer writer = {.buffer = buffer};
    put_text(&writer, "{\"type\":\"data-message\",\"topic\":");
    put_string(&writer, topic);
    put_text(&writer, ",");
    put_tag(&writer, MQC_TYPE_VECTOR);
    put_event(&writer, event);
    put_text(&writer, "}");
    return writer.error;
}
