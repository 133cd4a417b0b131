#include "http/request_line.h"

/* RFC 9110 5.6.2: the punctuation of a token. */
static const char token_marks[] = "!#$%&'*+-.^_`|~";

static bool is_control(char byte)
{
    const unsigned char code = (unsigned char)byte;
    return code < 0x20 || code == 0x7f;
}

bool mqc__http_request_line_allows(struct mqc_view bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (is_control(bytes.data[i]) && bytes.data[i] != '\r' && bytes.data[i] != '\n')
            return false;
    return true;
}

bool mqc__http_line_trim(struct mqc_view *line)
{
    if (line->size < 2 || memchr(line->data, '\r', line->size) != line->data + line->size - 2)
        return false;
    line->size -= 2;
    return true;
}

/* Takes the bytes before the next blank, or all, off the front. */
static struct mqc_view next_part(struct mqc_view *line)
{
    const char *blank = line->size > 0 ? memchr(line->data, ' ', line->size) : NULL;
    const size_t size = blank != NULL ? (size_t)(blank - line->data) : line->size;
    const size_t taken = blank != NULL ? size + 1 : size;
    const struct mqc_view part = mqc_view_bytes(line->data, size);
    *line = mqc_view_bytes(line->data + taken, line->size - taken);
    return part;
}

bool mqc__http_request_line_split(struct mqc_view line, struct mqc__http_request_line *parts_out)
{
    parts_out->method = next_part(&line);
    parts_out->target = next_part(&line);
    parts_out->version = line;
    return parts_out->method.size > 0 && parts_out->target.size > 0 && line.size > 0 &&
           memchr(line.data, ' ', line.size) == NULL;
}

static bool is_token(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr(token_marks, byte) != NULL);
}

bool mqc__http_header_line_is_valid(struct mqc_view line)
{
    size_t at = 0;
    while (at < line.size && is_token(line.data[at]))
        at++;
    if (at == 0 || at == line.size || line.data[at] != ':')
        return false;
    for (; at < line.size; at++)
        if (is_control(line.data[at]) && line.data[at] != '\t')
            return false;
    return true;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

struct mqc_view mqc__http_strip(struct mqc_view text)
{
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    while (text.size > 0 && is_blank(text.data[0]))
        text = mqc_view_bytes(text.data + 1, text.size - 1);
    return text;
}

void mqc__http_printable(struct mqc_view text, char *text_out, size_t size)
{
    size_t used = 0;
    for (; used < text.size && used + 1 < size; used++) {
        const unsigned char byte = (unsigned char)text.data[used];
        text_out[used] = (char)(byte >= 0x20 && byte < 0x7f ? byte : '?');
    }
    text_out[used] = '\0';
}
