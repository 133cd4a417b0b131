#include "mqtt/uri.h"

#include "base/fail.h"

#include <ctype.h>
#include <string.h>

#define SCHEME "mqtt://"
#define DEFAULT_PORT 1883

/* Takes the digits of a port; 0 when they are none. */
static uint16_t parse_port(const char *digits)
{
    unsigned long port = 0;
    const size_t length = strlen(digits);
    if (length == 0 || length > 5)
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)digits[i]))
            return 0;
        port = port * 10 + (unsigned long)(digits[i] - '0');
    }
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static bool is_host_char(char c, bool is_ipv6)
{
    if (is_ipv6)
        return isxdigit((unsigned char)c) || c == ':' || c == '.' || c == '%';
    return isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_';
}

static bool is_host(const char *host, size_t size, bool is_ipv6)
{
    if (size == 0 || size > MQC__URI_HOST_BYTES_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!is_host_char(host[i], is_ipv6))
            return false;
    }
    return true;
}

/* Finds the host behind the scheme; returns what stands behind it, NULL when there is no end. */
static const char *split_host(const char *rest, const char **host_out, size_t *size_out)
{
    if (rest[0] == '[') {
        const char *end = strchr(rest, ']');
        if (end == NULL)
            return NULL;
        *host_out = rest + 1;
        *size_out = (size_t)(end - rest - 1);
        return end + 1;
    }
    *host_out = rest;
    *size_out = strcspn(rest, ":/");
    return rest + *size_out;
}

enum mqc_error mqc__uri_parse(const char *text, struct mqc__uri *uri_out,
                              struct mqc_error_info *info)
{
    if (text == NULL || strncmp(text, SCHEME, sizeof SCHEME - 1) != 0)
        return mqc__fail(info, MQC_EINVAL, "broker URI must begin with " SCHEME);
    const char *rest = text + sizeof SCHEME - 1;
    struct mqc__uri uri = {.port = DEFAULT_PORT, .is_ipv6 = rest[0] == '['};
    const char *host = NULL;
    size_t size = 0;
    const char *behind = split_host(rest, &host, &size);
    if (behind == NULL || !is_host(host, size, uri.is_ipv6))
        return mqc__fail(info, MQC_EINVAL, "broker URI %s has no usable host name", text);
    memcpy(uri.host, host, size);
    if (behind[0] == ':')
        uri.port = parse_port(behind + 1);
    else if (behind[0] != '\0')
        return mqc__fail(info, MQC_EINVAL, "broker URI %s has something behind the host: \"%s\"",
                         text, behind);
    if (uri.port == 0)
        return mqc__fail(info, MQC_EINVAL, "broker URI %s: the port must be 1 to 65535", text);
    *uri_out = uri;
    return MQC_OK;
}
