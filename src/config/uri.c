#include "config/text_check.h"

#include "base/fail.h"
#include "base/utf8.h"

#include <arpa/inet.h>
#include <stdint.h>

#define SCHEME "mqtt://"
#define HOST_BYTES_MAX ((size_t)253)

static enum mqc_error refuse(struct mqc_view uri, const char *why, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    return mqc__fail(info, MQC_ECONFIG, "%s is no broker address: %s; expected mqtt://HOST[:PORT]",
                     mqc__excerpt(uri, excerpt), why);
}

static bool is_word(struct mqc_view text, const char *more)
{
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        const bool is_plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && (c == '\0' || strchr(more, c) == NULL))
            return false;
    }
    return text.size > 0;
}

static bool is_address(int family, struct mqc_view text)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    if (text.size >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return inet_pton(family, copy, bytes) == 1;
}

/* Digits and dots only must be a whole IPv4 address: 10.0.0 would be taken for 10.0.0.0. */
static const char *find_host_mistake(struct mqc_view host)
{
    if (host.size == 0)
        return "the host is missing";
    if (host.size > HOST_BYTES_MAX)
        return "the host name is too long";
    if (!is_word(host, "-._"))
        return "the host contains a character that no host name has (an IPv6 address needs "
               "brackets)";
    bool is_numeric = true;
    for (size_t i = 0; i < host.size; i++)
        is_numeric = is_numeric && strchr("0123456789.", host.data[i]) != NULL;
    return is_numeric && !is_address(AF_INET, host) ? "the IPv4 address is malformed" : NULL;
}

/* An IPv6 address, for a link-local one with %INTERFACE. */
static const char *find_bracket_mistake(struct mqc_view inside)
{
    const char *percent = inside.size > 0 ? memchr(inside.data, '%', inside.size) : NULL;
    if (percent != NULL) {
        const size_t size = (size_t)(percent - inside.data);
        if (!is_word(mqc_view_bytes(percent + 1, inside.size - size - 1), "-._"))
            return "the interface after '%' is malformed";
        inside.size = size;
    }
    return inside.size > 0 && is_address(AF_INET6, inside) ? NULL : "the IPv6 address is malformed";
}

static const char *find_port_mistake(struct mqc_view rest)
{
    if (rest.size == 0)
        return NULL;
    if (rest.data[0] != ':')
        return "nothing may follow host and port";
    uint32_t port = 0;
    for (size_t i = 1; i < rest.size; i++) {
        if (rest.data[i] == '/')
            return "nothing may follow host and port";
        if (rest.data[i] < '0' || rest.data[i] > '9' || i > 5)
            return "the port is no number from 1 to 65535";
        port = port * 10 + (uint32_t)(rest.data[i] - '0');
    }
    return port >= 1 && port <= 65535 ? NULL : "the port is no number from 1 to 65535";
}

static const char *find_mistake(struct mqc_view rest)
{
    if (rest.size > 0 && rest.data[0] == '[') {
        const char *end = memchr(rest.data, ']', rest.size);
        if (end == NULL)
            return "']' is missing";
        const size_t size = (size_t)(end - rest.data) + 1;
        const char *mistake = find_bracket_mistake(mqc_view_bytes(rest.data + 1, size - 2));
        if (mistake != NULL)
            return mistake;
        return find_port_mistake(mqc_view_bytes(end + 1, rest.size - size));
    }
    size_t size = 0;
    while (size < rest.size && rest.data[size] != ':' && rest.data[size] != '/')
        size++;
    const char *mistake = find_host_mistake(mqc_view_bytes(rest.data, size));
    if (mistake != NULL)
        return mistake;
    return find_port_mistake(mqc_view_bytes(rest.data + size, rest.size - size));
}

enum mqc_error mqc__check_uri(const char *text, struct mqc_error_info *info)
{
    const struct mqc_view uri = mqc_view_text(text);
    if (strchr(text, '@') != NULL)
        return mqc__fail(info, MQC_ECONFIG,
                         "the address contains a user name or password ('@'); give them in "
                         "broker.username and broker.password_file");
    if (mqc_view_starts_with(uri, mqc_view_text("mqtts://")))
        return refuse(uri, "mqtts:// needs TLS, which this version cannot speak yet", info);
    if (!mqc_view_starts_with(uri, mqc_view_text(SCHEME)))
        return refuse(uri, "it does not begin with mqtt://", info);
    const char *mistake = find_mistake(mqc_view_text(text + strlen(SCHEME)));
    return mistake != NULL ? refuse(uri, mistake, info) : MQC_OK;
}
