#include "ws/protocol.h"

#include "base/fail.h"

#include <stdlib.h>

/* Zeek keeps this word for itself and takes it for no topic. */
#define RESERVED_TOPIC "<$>"

int mqc__ws_compare_bytes(struct mqc_view left, struct mqc_view right)
{
    const size_t least = left.size < right.size ? left.size : right.size;
    const int order = least != 0 ? memcmp(left.data, right.data, least) : 0;
    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

static int compare_views(const void *left, const void *right)
{
    const struct mqc_view *a = left;
    const struct mqc_view *b = right;
    return mqc__ws_compare_bytes(*a, *b);
}

size_t mqc__ws_cover_prefixes(const struct mqc_view *prefixes, size_t count,
                              struct mqc_view *cover_out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !mqc_view_starts_with(prefixes[i], cover_out[kept - 1]))
            cover_out[kept++] = prefixes[i];
    return kept;
}

/* Sorts the views and keeps each once; returns how many are left. */
static size_t sort_unique(struct mqc_view *views, size_t count)
{
    size_t kept = 0;
    qsort(views, count, sizeof *views, compare_views);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !mqc_view_equal(views[kept - 1], views[i]))
            views[kept++] = views[i];
    return kept;
}

static const char *subscriptions_context(enum mqc_error error)
{
    switch (error) {
    case MQC_OK: return NULL;
    case MQC_ETYPE: return MQC__WS_CONTEXT_NO_STRING;
    default: return MQC__WS_CONTEXT_NO_ARRAY;
    }
}

enum mqc_error mqc__ws_read_subscriptions(struct mqc__arena *arena, struct mqc_view json,
                                          struct mqc_view **prefixes_out, size_t *count_out,
                                          const char **context_out)
{
    *count_out = 0;
    *context_out = MQC__WS_CONTEXT_TOO_MANY;
    if (json.size > MQC__WS_SUBSCRIPTION_BYTES_MAX)
        return MQC_ETOOLARGE;
    size_t count = 0;
    const enum mqc_error error = mqc__json_read_strings(arena, json, prefixes_out, &count, NULL);
    if (error == MQC_OK && count > MQC__WS_SUBSCRIPTIONS_MAX)
        return MQC_ETOOLARGE;
    *context_out = subscriptions_context(error);
    if (error == MQC_OK)
        *count_out = sort_unique(*prefixes_out, count);
    return error == MQC_ETYPE ? MQC_EMALFORMED : error;
}

static bool has_topic(const struct mqc__json_message *message)
{
    return message->has_topic && !mqc_view_equal(message->topic, mqc_view_text(RESERVED_TOPIC));
}

enum mqc_error mqc__ws_read_event(struct mqc__arena *arena, struct mqc_view json,
                                  struct mqc__json_message *message_out, const char **context_out,
                                  struct mqc_error_info *info)
{
    const enum mqc_error error = mqc__json_read_message(arena, json, message_out, info);
    *context_out = NULL;
    /* MQC_ETYPE comes after everything was decoded, and with the topic. */
    if (error != MQC_OK && error != MQC_ETYPE) {
        *context_out = MQC__WS_CONTEXT_NO_JSON;
        return error;
    }
    if (!has_topic(message_out)) {
        *context_out = MQC__WS_CONTEXT_NO_TOPIC;
        return mqc__fail(info, MQC_EMALFORMED, "there is no topic");
    }
    if (error == MQC_ETYPE)
        *context_out = MQC__WS_CONTEXT_NO_EVENT;
    return error;
}

/* What a buffer's failure was. */
static enum mqc_error append_error(const struct mqc__buffer *buffer, size_t size)
{
    if (!mqc__buffer_failed(buffer))
        return MQC_OK;
    return size > buffer->limit_bytes - buffer->size ? MQC_ETOOLARGE : MQC_ENOMEM;
}

static enum mqc_error put_text(struct mqc__buffer *buffer, const char *text)
{
    (void)mqc__buffer_append_text(buffer, text);
    return append_error(buffer, strlen(text));
}

/* Appends two members whose names come first and last between their values, with quotes. */
static enum mqc_error write_members(const char *head, struct mqc_view first, const char *middle,
                                    struct mqc_view second, struct mqc__buffer *buffer)
{
    enum mqc_error error = put_text(buffer, head);
    if (error == MQC_OK)
        error = mqc__json_write_string(first, buffer);
    if (error == MQC_OK)
        error = put_text(buffer, middle);
    if (error == MQC_OK)
        error = mqc__json_write_string(second, buffer);
    return error == MQC_OK ? put_text(buffer, "}") : error;
}

enum mqc_error mqc__ws_write_ack(struct mqc_view endpoint, const char *version,
                                 struct mqc__buffer *buffer)
{
    return write_members("{\"type\":\"ack\",\"endpoint\":", endpoint,
                         ",\"version\":", mqc_view_text(version), buffer);
}

enum mqc_error mqc__ws_write_error(const char *code, struct mqc_view context,
                                   struct mqc__buffer *buffer)
{
    return write_members("{\"type\":\"error\",\"code\":", mqc_view_text(code),
                         ",\"context\":", context, buffer);
}
