#include "topic/topic.h"

#include "base/fail.h"
#include "topic/topic_priv.h"

#include <stdint.h>

static const char event_level[] = "/event/";

static bool needs_escape(unsigned char byte)
{
    return byte < 0x20 || byte > 0x7e || byte == '+' || byte == '#' || byte == '%';
}

static uint64_t eight_times(unsigned char byte)
{
    return byte * UINT64_C(0x0101010101010101);
}

/* Has the highest bit of a byte set if that byte is below the limit, which is at most 0x80; and
 * perhaps also of one behind it. */
static uint64_t below(uint64_t eight, unsigned char limit)
{
    return (eight - eight_times(limit)) & ~eight;
}

/* The same for the bytes that are this one. */
static uint64_t equal(uint64_t eight, unsigned char byte)
{
    return below(eight ^ eight_times(byte), 1);
}

/* Says whether none of eight bytes needs an escape. */
static bool are_plain(const char *bytes)
{
    uint64_t eight = 0;
    memcpy(&eight, bytes, sizeof eight);
    const uint64_t from_7f = eight | (eight + eight_times(1));
    const uint64_t found =
        from_7f | below(eight, 0x20) | equal(eight, '+') | equal(eight, '#') | equal(eight, '%');
    return (found & eight_times(0x80)) == 0;
}

/* How many bytes from there on need no escape. */
static size_t plain_run(struct mqc_view text, size_t from)
{
    size_t i = from;
    while (text.size - i >= sizeof(uint64_t) && are_plain(text.data + i))
        i += sizeof(uint64_t);
    while (i < text.size && !needs_escape((unsigned char)text.data[i]))
        i++;
    return i - from;
}

/* Appends what of the text needs no escape, and moves behind it. An empty view may be NULL. */
static bool append_plain(struct mqc__buffer *buffer, struct mqc_view text, size_t *at)
{
    const size_t size = plain_run(text, *at);
    const bool is_done = size == 0 || mqc__buffer_append(buffer, text.data + *at, size);
    *at += size;
    return is_done;
}

bool mqc__topic_encode(struct mqc_view topic, struct mqc__buffer *buffer)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t at = 0;
    while (append_plain(buffer, topic, &at)) {
        if (at == topic.size)
            return !mqc__buffer_failed(buffer);
        const unsigned char byte = (unsigned char)topic.data[at++];
        const char escape[] = {'%', digits[byte >> 4], digits[byte & 0xfU]};
        if (!mqc__buffer_append(buffer, escape, sizeof escape))
            return false;
    }
    return false;
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
    size_t at = 0;
    while (append_plain(buffer, encoded, &at)) {
        if (at == encoded.size)
            return !mqc__buffer_failed(buffer);
        unsigned char byte = (unsigned char)encoded.data[at++];
        const struct mqc_view digits = mqc_view_bytes(encoded.data + at, encoded.size - at);
        if (byte != '%' || !decode_escape(digits, &byte) || !mqc__buffer_append(buffer, &byte, 1))
            return false;
        at += 2;
    }
    return false;
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

/* What stands around the topic. */
struct surroundings {
    struct mqc_view root;
    struct mqc_view level;
    struct mqc_view end;
};

static size_t size_of(const struct surroundings *around)
{
    return around->root.size + around->level.size + around->end.size;
}

/* Encoding leaves every '/' as it is, so levels can be counted before. */
static enum mqc_error check_limits(const struct surroundings *around, struct mqc_view topic,
                                   struct mqc_error_info *info)
{
    const size_t size = size_of(around) + encoded_size(topic);
    const size_t levels = slash_count(around->root) + slash_count(around->level) +
                          slash_count(topic) + slash_count(around->end) + 1;
    const char *what = around->end.size != 0 ? "filter" : "topic";
    if (size > MQC__TOPIC_BYTES_MAX)
        return mqc__fail(info, MQC_ETOPIC, "the MQTT %s would be %zu bytes long, the limit is %d",
                         what, size, MQC__TOPIC_BYTES_MAX);
    if (levels > MQC__TOPIC_LEVELS_MAX)
        return mqc__fail(info, MQC_ETOPIC, "the MQTT %s would have %zu levels, the limit is %d",
                         what, levels, MQC__TOPIC_LEVELS_MAX);
    return MQC_OK;
}

static char *put(char *at, struct mqc_view text)
{
    if (text.size != 0)
        memcpy(at, text.data, text.size);
    return at + text.size;
}

static bool append_plain_topic(struct mqc__buffer *buffer, const struct surroundings *around,
                               struct mqc_view topic)
{
    char *at = mqc__buffer_extend(buffer, size_of(around) + topic.size);
    if (at == NULL)
        return false;
    at = put(at, around->root);
    at = put(at, around->level);
    at = put(at, topic);
    (void)put(at, around->end);
    return true;
}

static bool append_topic(struct mqc__buffer *buffer, const struct surroundings *around,
                         struct mqc_view topic)
{
    return mqc__buffer_append(buffer, around->root.data, around->root.size) &&
           mqc__buffer_append(buffer, around->level.data, around->level.size) &&
           mqc__topic_encode(topic, buffer) &&
           mqc__buffer_append(buffer, around->end.data, around->end.size);
}

enum mqc_error mqc__topic_compose(const char *root, struct mqc_view topic, const char *end,
                                  struct mqc__buffer *buffer, struct mqc_error_info *info)
{
    const struct surroundings around = {
        .root = mqc_view_text(root),
        .level = mqc_view_bytes(event_level, sizeof event_level - 1),
        .end = mqc_view_text(end),
    };
    /* So few bytes reach no limit: one makes three of them, or one level, at most. */
    if (size_of(&around) + topic.size >= MQC__TOPIC_LEVELS_MAX) {
        const enum mqc_error error = check_limits(&around, topic, info);
        if (error != MQC_OK)
            return error;
    }
    const struct mqc__buffer before = *buffer;
    const bool is_plain = plain_run(topic, 0) == topic.size;
    if (is_plain ? append_plain_topic(buffer, &around, topic)
                 : append_topic(buffer, &around, topic))
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
