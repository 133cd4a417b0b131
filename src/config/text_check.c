#include "config/text_check.h"

#include "base/fail.h"
#include "base/utf8.h"
#include "ws/options_check.h"

#include <arpa/inet.h>
#include <stdio.h>

#define LEVEL_BYTES_MAX 255
/* RFC 1035 2.3.4, written with dots */
#define HOST_BYTES_MAX 253
#define ALPN_BYTES_MAX 255
/* The longest in the registry has about 50. */
#define CIPHER_BYTES_MAX 79

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

/* Says whether the text has 1 to `max` bytes: letters, digits and what is in `more`. */
static bool is_made_of(const char *text, const char *more, size_t max)
{
    for (const char *at = text; *at != '\0'; at++)
        if (!is_letter(*at) && !is_digit(*at) && strchr(more, *at) == NULL)
            return false;
    return text[0] != '\0' && strlen(text) <= max;
}

enum mqc_error mqc__check_server_name(const char *text, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    struct in6_addr address;
    if (is_made_of(text, "-.", HOST_BYTES_MAX) || inet_pton(AF_INET6, text, &address) == 1)
        return MQC_OK;
    return mqc__fail(info, MQC_ECONFIG,
                     "%s is neither a host name nor an IP address; expected at most %d letters, "
                     "digits, '-', '_' and '.', or an IPv6 address, without mqtts:// and without "
                     "the port",
                     mqc__excerpt(mqc_view_text(text), excerpt), HOST_BYTES_MAX);
}

enum mqc_error mqc__check_alpn(const char *text, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    if (is_made_of(text, "!#$%&*+-./:;<=>?@^|~", ALPN_BYTES_MAX))
        return MQC_OK;
    return mqc__fail(info, MQC_ECONFIG,
                     "%s is no protocol name; expected at most %d letters, digits and signs as in "
                     "mqtt or x-amzn-mqtt-ca, one name in each entry",
                     mqc__excerpt(mqc_view_text(text), excerpt), ALPN_BYTES_MAX);
}

enum mqc_error mqc__check_cipher(const char *text, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    if (is_made_of(text, "-", CIPHER_BYTES_MAX))
        return MQC_OK;
    return mqc__fail(info, MQC_ECONFIG,
                     "%s is no cipher suite; expected a name such as "
                     "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, one in each entry",
                     mqc__excerpt(mqc_view_text(text), excerpt));
}

enum mqc_error mqc__check_cipher_list(const char *text, struct mqc_error_info *info)
{
    char name[CIPHER_BYTES_MAX + 2]; /* one byte more than fits, so that a long one is refused */
    for (;;) {
        const size_t size = strcspn(text, ":");
        (void)snprintf(name, sizeof name, "%.*s", (int)(size < sizeof name ? size : sizeof name),
                       text);
        const enum mqc_error error = mqc__check_cipher(name, info);
        if (error != MQC_OK || text[size] == '\0')
            return error;
        text += size + 1;
    }
}

enum mqc_error mqc__check_listen_addr(const char *text, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    if (mqc__websocket_check_address(text, NULL) == MQC_OK)
        return MQC_OK;
    return mqc__fail(info, MQC_ECONFIG,
                     "%s is no IPv4 or IPv6 address; expected one of this host's, or 127.0.0.1, "
                     "::1, 0.0.0.0 or ::, without a port",
                     mqc__excerpt(mqc_view_text(text), excerpt));
}

enum mqc_error mqc__check_directory(const char *text, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    const size_t size = strlen(text);
    if (text[0] != '/')
        return mqc__fail(info, MQC_ECONFIG,
                         "%s is no absolute path; expected one that begins with "
                         "'/'",
                         mqc__excerpt(mqc_view_text(text), excerpt));
    if (size > MQC__DIRECTORY_BYTES_MAX)
        return mqc__fail(info, MQC_ECONFIG, "the path has %zu bytes, at most %d are possible", size,
                         MQC__DIRECTORY_BYTES_MAX);
    return MQC_OK;
}
