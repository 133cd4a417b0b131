#include "topic/topic.h"

#include "base/fail.h"
#include "topic/topic_priv.h"

static const char event_level[] = "/event/";

static bool needs_escape(unsigned char byte)
{
    return byte < 0x20 || byte > 0x7e || byte == '+' || byte == '#' || byte == '%';
}

/* Appends the text from there on. An empty view may be NULL, to which C lets nothing be added. */
static bool append_from(struct mqc__buffer *buffer, struct mqc_view text, size_t from)
{
    if (from == text.size)
        return !mqc__buffer_failed(buffer);
    return mqc__buffer_append(buffer, text.data + from, text.size - from);
}

bool mqc__topic_encode(struct mqc_view topic, struct mqc__buffer *buffer)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t plain_from = 0;
    for (size_t i = 0; i < topic.size; i++) {
        const unsigned char byte = (unsigned char)topic.data[i];
        if (!needs_escape(byte))
            continue;
        const char escape[] = {'%', digits[byte >> 4], digits[byte & 0xfU]};
        if (!mqc__buffer_append(buffer, topic.data + plain_from, i - plain_from) ||
            !mqc__buffer_append(buffer, escape, sizeof escape))
            return false;
        plain_from = i + 1;
    }
    return append_from(buffer, topic, plain_from);
}

/* The value of an upper-case hex digit, or -1. */
static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Reads the two digits behind a '%'. */
static bool decode_escape(struct mqc_view digits, unsigned char *byte_out)
{
    if (digits.size < 2)
        return false;
    const int high = hex_value(digits.data[0]);
    const int low = hex_value(digits.data[1]);
    if (high < 0 || low < 0)
        return false;
    *byte_out = (unsigned char)(high * 16 + low);
    return needs_escape(*byte_out);
}

bool mqc__topic_decode(struct mqc_view encoded, struct mqc__buffer *buffer)
{
    size_t plain_from = 0;
    for (size_t i = 0; i < encoded.size; i++) {
        unsigned char byte = (unsigned char)encoded.data[i];
        if (!needs_escape(byte))
            continue;
        const struct mqc_view rest = mqc_view_bytes(encoded.data + i + 1, encoded.size - i - 1);
        if (byte != '%' || !decode_escape(rest, &byte) ||
            !mqc__buffer_append(buffer, encoded.data + plain_from, i - plain_from) ||
            !mqc__buffer_append(buffer, &byte, 1))
            return false;
        i += 2;
        plain_from = i + 1;
    }
    return append_from(buffer, encoded, plain_from);
}

static size_t encoded_size(struct mqc_view topic)
{
    size_t size = topic.size;
    for (size_t i = 0; i < topic.size; i++)
        if (needs_escape((unsigned char)topic.data[i]))
            size += 2;
    return size;
}

static size_t slash_count(struct mqc_view text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '/')
            count++;
    return count;
}

/* Encoding leaves every '/' as it is, so levels can be counted before. */
static enum mqc_error check_limits(const char *root, struct mqc_view topic, const char *end,
                                   struct mqc_error_info *info)
{
    const struct mqc_view ends[] = {mqc_view_text(root), mqc_view_text(event_level),
                                    mqc_view_text(end)};
    size_t size = encoded_size(topic);
    size_t levels = slash_count(topic) + 1;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size += ends[i].size;
        levels += slash_count(ends[i]);
    }
    const char *what = *end != '\0' ? "filter" : "topic";
    if (size > MQC__TOPIC_BYTES_MAX)
        return mqc__fail(info, MQC_ETOPIC, "the MQTT %s would be %zu bytes long, the limit is %d",
                         what, size, MQC__TOPIC_BYTES_MAX);
    if (levels > MQC__TOPIC_LEVELS_MAX)
        return mqc__fail(info, MQC_ETOPIC, "the MQTT %s would have %zu levels, the limit is %d",
                         what, levels, MQC__TOPIC_LEVELS_MAX);
    return MQC_OK;
}

enum mqc_error mqc__topic_compose(const char *root, struct mqc_view topic, const char *end,
                                  struct mqc__buffer *buffer, struct mqc_error_info *info)
{
    const enum mqc_error error = check_limits(root, topic, end, info);
    if (error != MQC_OK)
        return error;
    const struct mqc__buffer before = *buffer;
    if (mqc__buffer_append_text(buffer, root) && mqc__buffer_append_text(buffer, event_level) &&
        mqc__topic_encode(topic, buffer) && mqc__buffer_append_text(buffer, end))
        return MQC_OK;
    buffer->size = before.size;
    buffer->has_failed = before.has_failed;
    return mqc__fail(info, MQC_ENOMEM, "no room for an MQTT topic");
}

enum mqc_error mqc__topic_event(const char *root, struct mqc_view topic, struct mqc__buffer *buffer,
                                struct mqc_error_info *info)
{
    return mqc__topic_compose(root, topic, "", buffer, info);
}

bool mqc__topic_event_part(const char *root, struct mqc_view mqtt_topic,
                           struct mqc_view *encoded_out)
{
    const struct mqc_view parts[] = {mqc_view_text(root), mqc_view_text(event_level)};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!mqc_view_starts_with(mqtt_topic, parts[i]))
            return false;
        mqtt_topic.data += parts[i].size;
        mqtt_topic.size -= parts[i].size;
    }
    *encoded_out = mqtt_topic;
    return true;
}
