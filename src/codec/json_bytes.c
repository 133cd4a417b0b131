#include "codec/json_priv.h"

/*
 * Bytes that are no UTF-8 stand in JSON as characters of a private-use area, U+10FE00 plus the
 * byte. In UTF-8 those of the bytes 0x80..0xFF are F4 8F BA 80 .. F4 8F BB BF.
 */
#define STAND_IN_SIZE 4
#define STAND_IN_FIRST 0xf4

bool mqc__json_is_stand_in(struct mqc_view text)
{
    if (text.size < STAND_IN_SIZE)
        return false;
    const unsigned char *byte = (const unsigned char *)text.data;
    return byte[0] == STAND_IN_FIRST && byte[1] == 0x8f && (byte[2] == 0xba || byte[2] == 0xbb) &&
           byte[3] >= 0x80 && byte[3] <= 0xbf;
}

void mqc__json_stand_in(unsigned char byte, char text_out[STAND_IN_SIZE])
{
    const unsigned char text[STAND_IN_SIZE] = {STAND_IN_FIRST, 0x8f,
                                               (unsigned char)(0xba | (byte >> 6 & 1)),
                                               (unsigned char)(0x80 | (byte & 0x3f))};
    memcpy(text_out, text, sizeof text);
}

static char byte_of(const char *stand_in)
{
    const unsigned char *text = (const unsigned char *)stand_in;
    return (char)(0x80 | (text[2] & 1) << 6 | (text[3] & 0x3f));
}

size_t mqc__json_restore_bytes(char *text, size_t size)
{
    /* Nearly no text has one. */
    const char *first = memchr(text, STAND_IN_FIRST, size);
    if (first == NULL)
        return size;
    size_t from = (size_t)(first - text);
    size_t to = from;
    while (from < size) {
        if (mqc__json_is_stand_in(mqc_view_bytes(text + from, size - from))) {
            text[to++] = byte_of(text + from);
            from += STAND_IN_SIZE;
        } else {
            text[to++] = text[from++];
        }
    }
    return to;
}
