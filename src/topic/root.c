#include "base/fail.h"
#include "topic/topic.h"

#include <stdint.h>

#define ROOT_BYTES_MAX 1000

/* Reads one UTF-8 character (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). Returns
 * its length, 0 when there is none. */
static size_t read_character(struct mqc_view text, uint32_t *character_out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char first = (unsigned char)text.data[0];
    *character_out = first;
    if (first < 0x80)
        return 1;
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc0 || first > 0xf7 || text.size < length)
        return 0;
    uint32_t character = first & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        if ((byte & 0xc0U) != 0x80)
            return 0;
        character = character << 6 | (byte & 0x3fU);
    }
    *character_out = character;
    const bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
    return character < least[length] || character > 0x10ffff || is_surrogate ? 0 : length;
}

/* What a broker closes the connection for (MQTT 1.5.4): control characters and noncharacters. */
static bool is_refused_by_brokers(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character <= 0x9f) ||
           (character >= 0xfdd0 && character <= 0xfdef) || (character & 0xfffeU) == 0xfffe;
}

static const char *root_problem(struct mqc_view root)
{
    if (root.size == 0)
        return "is empty";
    if (root.size > ROOT_BYTES_MAX)
        return "is longer than 1000 bytes";
    if (root.data[0] == '/' || root.data[root.size - 1] == '/')
        return "begins or ends with '/'";
    if (root.data[0] == '$')
        return "begins with '$', which belongs to the broker";
    if (memchr(root.data, '+', root.size) != NULL || memchr(root.data, '#', root.size) != NULL)
        return "contains '+' or '#', MQTT's wildcards";
    while (root.size != 0) {
        uint32_t character = 0;
        const size_t length = read_character(root, &character);
        if (length == 0)
            return "is not valid UTF-8";
        if (is_refused_by_brokers(character))
            return "contains a character that brokers refuse";
        root = mqc_view_bytes(root.data + length, root.size - length);
    }
    return NULL;
}

enum mqc_error mqc__topic_check_root(const char *root, struct mqc_error_info *info)
{
    const char *problem = root_problem(mqc_view_text(root));
    if (problem == NULL)
        return MQC_OK;
    return mqc__fail(info, MQC_ETOPIC, "the topic root %s", problem);
}
