#include "config/interpolate.h"

#include "base/fail.h"
#include "base/utf8.h"

#include <stdlib.h>

#define NAME_BYTES_MAX ((size_t)128)

static size_t name_length(struct mqc_view text)
{
    size_t length = 0;
    while (length < text.size) {
        const char c = text.data[length];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (length == 0 || c < '0' || c > '9'))
            break;
        length++;
    }
    return length;
}

static enum mqc_error append(struct mqc__buffer *buffer, struct mqc_view text,
                             struct mqc_error_info *info)
{
    if (text.size > buffer->limit_bytes - buffer->size)
        return mqc__fail(info, MQC_ECONFIG, "the value is over %zu bytes with its ${VAR} replaced",
                         buffer->limit_bytes);
    if (!mqc__buffer_append(buffer, text.data, text.size))
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    return MQC_OK;
}

/* `inside` is what stands between the braces. */
static enum mqc_error append_variable(struct mqc_view inside, struct mqc__buffer *buffer,
                                      struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    char name[NAME_BYTES_MAX + 1];
    const size_t length = name_length(inside);
    const struct mqc_view rest = mqc_view_bytes(inside.data + length, inside.size - length);
    const bool has_default = mqc_view_starts_with(rest, mqc_view_text(":-"));
    if (length == 0 || length > NAME_BYTES_MAX || (rest.size > 0 && !has_default))
        return mqc__fail(info, MQC_ECONFIG,
                         "%s between ${ and } is no variable; expected ${NAME} or "
                         "${NAME:-default}, and $$ for a plain '$'",
                         mqc__excerpt(inside, excerpt));
    memcpy(name, inside.data, length);
    name[length] = '\0';
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): as documented */
    if (has_default && (value == NULL || value[0] == '\0'))
        return append(buffer, mqc_view_bytes(rest.data + 2, rest.size - 2), info);
    if (value == NULL)
        return mqc__fail(info, MQC_ECONFIG,
                         "the environment variable %s is not set; set it, or give a default with "
                         "${%s:-default}",
                         name, name);
    return append(buffer, mqc_view_text(value), info);
}

/* `text` begins with '$'. Appends what it stands for and returns in *used_out how much it was. */
static enum mqc_error append_dollar(struct mqc_view text, struct mqc__buffer *buffer,
                                    size_t *used_out, struct mqc_error_info *info)
{
    if (!mqc_view_starts_with(text, mqc_view_text("${"))) {
        *used_out = mqc_view_starts_with(text, mqc_view_text("$$")) ? 2 : 1;
        return append(buffer, mqc_view_text("$"), info);
    }
    const char *end = memchr(text.data, '}', text.size);
    if (end == NULL)
        return mqc__fail(info, MQC_ECONFIG,
                         "\"${\" has no \"}\"; expected ${NAME} or ${NAME:-default}, and $$ for a "
                         "plain '$'");
    const struct mqc_view inside = mqc_view_bytes(text.data + 2, (size_t)(end - text.data) - 2);
    if (inside.size > 0 && memchr(inside.data, '$', inside.size) != NULL)
        return mqc__fail(info, MQC_ECONFIG, "a '$' cannot stand between ${ and }");
    *used_out = inside.size + 3;
    return append_variable(inside, buffer, info);
}

enum mqc_error mqc__interpolate(struct mqc_view text, struct mqc__buffer *buffer,
                                struct mqc_error_info *info)
{
    while (text.size > 0) {
        const char *dollar = memchr(text.data, '$', text.size);
        size_t used = dollar != NULL ? (size_t)(dollar - text.data) : text.size;
        enum mqc_error error = append(buffer, mqc_view_bytes(text.data, used), info);
        if (error == MQC_OK && dollar != NULL) {
            text = mqc_view_bytes(dollar, text.size - used);
            error = append_dollar(text, buffer, &used, info);
        }
        if (error != MQC_OK)
            return error;
        text = mqc_view_bytes(text.data + used, text.size - used);
    }
    return MQC_OK;
}
