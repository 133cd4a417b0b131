#include "base/utf8.h"

#include <stdio.h>

#define EXCERPT_TEXT_BYTES ((size_t)60)

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0U) == 0x80U;
}

/* The second byte's range depends on the first: it excludes over-long forms, surrogates and what
 * is above U+10FFFF. */
static bool is_second(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0: return second >= 0xa0 && second <= 0xbf;
    case 0xed: return second >= 0x80 && second <= 0x9f;
    case 0xf0: return second >= 0x90 && second <= 0xbf;
    case 0xf4: return second >= 0x80 && second <= 0x8f;
    default: return is_continuation(second);
    }
}

static size_t length_from_first(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

size_t mqc__utf8_next(struct mqc_view text)
{
    if (text.size == 0)
        return 0;
    const uint8_t *bytes = (const uint8_t *)text.data;
    const size_t length = length_from_first(bytes[0]);
    if (length == 0 || length > text.size)
        return 0;
    if (length > 1 && !is_second(bytes[0], bytes[1]))
        return 0;
    for (size_t i = 2; i < length; i++)
        if (!is_continuation(bytes[i]))
            return 0;
    return length;
}

uint32_t mqc__utf8_code_point(struct mqc_view text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *)text.data;
    if (length <= 1)
        return bytes[0];
    uint32_t point = bytes[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++)
        point = point << 6 | (bytes[i] & 0x3fU);
    return point;
}

/* The size of what is ASCII, eight bytes at a time, hence perhaps not all that is. */
static size_t ascii_size(struct mqc_view text)
{
    size_t size = 0;
    uint64_t eight;
    while (text.size - size >= sizeof eight) {
        memcpy(&eight, text.data + size, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
        size += sizeof eight;
    }
    return size;
}

size_t mqc__utf8_valid_size(struct mqc_view text)
{
    size_t size = 0;
    while (size < text.size) {
        const struct mqc_view rest = mqc_view_bytes(text.data + size, text.size - size);
        const size_t ascii = ascii_size(rest);
        const size_t more = ascii != 0 ? ascii : mqc__utf8_next(rest);
        if (more == 0)
            break;
        size += more;
    }
    return size;
}

bool mqc__utf8_is_valid(struct mqc_view text)
{
    return mqc__utf8_valid_size(text) == text.size;
}

bool mqc__utf8_is_unfinished(struct mqc_view text)
{
    const uint8_t *bytes = (const uint8_t *)text.data;
    if (text.size == 0 || text.size >= length_from_first(bytes[0]))
        return false;
    if (text.size > 1 && !is_second(bytes[0], bytes[1]))
        return false;
    return text.size < 3 || is_continuation(bytes[2]);
}

bool mqc__utf8_is_control(struct mqc_view text)
{
    const uint8_t first = (uint8_t)text.data[0];
    if (first < 0x20 || first == 0x7f)
        return true;
    return first == 0xc2 && text.size > 1 && (uint8_t)text.data[1] < 0xa0;
}

bool mqc__utf8_has_control(struct mqc_view text)
{
    while (text.size > 0) {
        const size_t length = mqc__utf8_next(text);
        if (length == 0 || mqc__utf8_is_control(text))
            return true;
        text = mqc_view_bytes(text.data + length, text.size - length);
    }
    return false;
}

const char *mqc__excerpt(struct mqc_view text, char excerpt_out[MQC__EXCERPT_BYTES])
{
    size_t used = 0;
    excerpt_out[used++] = '\'';
    while (text.size > 0 && used < EXCERPT_TEXT_BYTES) {
        size_t length = mqc__utf8_next(text);
        if (length == 0 || mqc__utf8_is_control(text)) {
            length = 1;
            (void)snprintf(excerpt_out + used, 5, "\\x%02x", (unsigned)(uint8_t)text.data[0]);
            used += 4;
        } else {
            memcpy(excerpt_out + used, text.data, length);
            used += length;
        }
        text = mqc_view_bytes(text.data + length, text.size - length);
    }
    (void)snprintf(excerpt_out + used, MQC__EXCERPT_BYTES - used, "%s",
                   text.size > 0 ? "...'" : "'");
    return excerpt_out;
}
