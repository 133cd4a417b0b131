#include "mqtt/uri.h"

#include "base/fail.h"
#include "base/utf8.h"

#include <arpa/inet.h>
#include <string.h>

static const struct scheme {
    const char *prefix;
    uint16_t port;
    bool is_tls;
} schemes[] = {{"mqtt://", 1883, false}, {"mqtts://", 8883, true}};

static enum mqc_error refuse(const char *uri, const char *why, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    return mqc__fail(info, MQC_EINVAL,
                     "%s is no broker address: %s; expected mqtt://HOST[:PORT] or "
                     "mqtts://HOST[:PORT]",
                     mqc__excerpt(mqc_view_text(uri), excerpt), why);
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

/* Takes the host off the beginning of *rest. Returns what is wrong with it, or NULL. */
static const char *take_host(const char **rest, struct mqc__uri *uri)
{
    uri->is_ipv6 = (*rest)[0] == '[';
    const char *begin = *rest + (uri->is_ipv6 ? 1 : 0);
    const struct mqc_view host = mqc_view_bytes(begin, strcspn(begin, uri->is_ipv6 ? "]" : ":/"));
    if (uri->is_ipv6 && begin[host.size] == '\0')
        return "']' is missing";
    if (host.size > MQC__URI_HOST_BYTES_MAX)
        return "the host name is too long";
    memcpy(uri->host, host.data, host.size);
    uri->host[host.size] = '\0';
    *rest = begin + host.size + (uri->is_ipv6 ? 1 : 0);
    return uri->is_ipv6 ? find_bracket_mistake(host) : find_host_mistake(host);
}

/* Reads what stands behind the host, which may be nothing. Returns what is wrong with it, or NULL.
 */
static const char *take_port(const char *rest, struct mqc__uri *uri)
{
    if (rest[0] == '\0')
        return NULL;
    if (rest[0] != ':' || strchr(rest, '/') != NULL)
        return "nothing may follow host and port";
    uint32_t port = 0;
    for (size_t i = 1; rest[i] != '\0'; i++) {
        if (rest[i] < '0' || rest[i] > '9' || i > 5)
            return "the port is no number from 1 to 65535";
        port = port * 10 + (uint32_t)(rest[i] - '0');
    }
    if (port < 1 || port > UINT16_MAX)
        return "the port is no number from 1 to 65535";
    uri->port = (uint16_t)port;
    return NULL;
}

static const struct scheme *find_scheme(const char *text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
            return &schemes[i];
    return NULL;
}

enum mqc_error mqc__uri_parse(const char *text, struct mqc__uri *uri_out,
                              struct mqc_error_info *info)
{
    if (text == NULL)
        return mqc__fail(info, MQC_EINVAL, "the broker's address is missing");
    if (strchr(text, '@') != NULL)
        return mqc__fail(info, MQC_EINVAL,
                         "the address contains a user name or password ('@'); give them in "
                         "broker.username and broker.password_file");
    const struct scheme *scheme = find_scheme(text);
    if (scheme == NULL)
        return refuse(text, "it does not begin with mqtt:// or mqtts://", info);
    struct mqc__uri uri = {.port = scheme->port, .is_tls = scheme->is_tls};
    const char *rest = text + strlen(scheme->prefix);
    const char *mistake = take_host(&rest, &uri);
    if (mistake == NULL)
        mistake = take_port(rest, &uri);
    if (mistake != NULL)
        return refuse(text, mistake, info);
    *uri_out = uri;
    return MQC_OK;
}
