#include "config/text_check.h"

#include "base/fail.h"
#include "base/utf8.h"

#define LEVEL_BYTES_MAX 255

enum mqc_error mqc__check_level(const char *text, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    const struct mqc_view view = mqc_view_text(text);
    if (view.size == 0)
        return mqc__fail(info, MQC_ECONFIG, "the name is empty");
    if (view.size > LEVEL_BYTES_MAX)
        return mqc__fail(info, MQC_ECONFIG, "the name has %zu bytes, at most %d are possible",
                         view.size, LEVEL_BYTES_MAX);
    const char *wrong = strpbrk(text, "/+#");
    if (wrong != NULL)
        return mqc__fail(info, MQC_ECONFIG,
                         "%s contains '%c'; the name is a level of MQTT topics, where '/', '+' and "
                         "'#' cannot stand",
                         mqc__excerpt(view, excerpt), *wrong);
    if (mqc__utf8_has_control(view))
        return mqc__fail(info, MQC_ECONFIG, "%s contains a control character or is not UTF-8",
                         mqc__excerpt(view, excerpt));
    return MQC_OK;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The length of the identifier that the text begins with, 0 for none. */
static size_t identifier_length(struct mqc_view text)
{
    if (text.size == 0 || !is_letter(text.data[0]))
        return 0;
    size_t length = 1;
    while (length < text.size && (is_letter(text.data[length]) || is_digit(text.data[length])))
        length++;
    return length;
}

static bool is_scoped_name(struct mqc_view name)
{
    for (;;) {
        const size_t length = identifier_length(name);
        if (length == 0)
            return false;
        name = mqc_view_bytes(name.data + length, name.size - length);
        if (name.size == 0)
            return true;
        if (!mqc_view_starts_with(name, mqc_view_text("::")))
            return false;
        name = mqc_view_bytes(name.data + 2, name.size - 2);
    }
}

enum mqc_error mqc__check_event_name(struct mqc_view name, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    if (is_scoped_name(name) && name.size <= LEVEL_BYTES_MAX)
        return MQC_OK;
    return mqc__fail(info, MQC_ECONFIG,
                     "%s is no event name; expected a name as in Zeek, ping or Module::ping, of at "
                     "most %d bytes",
                     mqc__excerpt(name, excerpt), LEVEL_BYTES_MAX);
}

enum mqc_error mqc__check_parameter_name(struct mqc_view name, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    if (name.size > 0 && identifier_length(name) == name.size && name.size <= LEVEL_BYTES_MAX)
        return MQC_OK;
    return mqc__fail(info, MQC_ECONFIG,
                     "%s is no parameter name; expected letters, digits and '_', at most %d of "
                     "them, the first no digit",
                     mqc__excerpt(name, excerpt), LEVEL_BYTES_MAX);
}
