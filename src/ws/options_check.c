#include "ws/options_check.h"

#include "base/fail.h"
#include "base/utf8.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

struct address {
    int family; /* 0: it is none */
    unsigned char bytes[sizeof(struct in6_addr)];
};

static struct address read_address(const char *text)
{
    struct address address = {.family = 0};
    if (text != NULL && inet_pton(AF_INET, text, address.bytes) == 1)
        address.family = AF_INET;
    else if (text != NULL && inet_pton(AF_INET6, text, address.bytes) == 1)
        address.family = AF_INET6;
    return address;
}

enum mqc_error mqc__websocket_check_address(const char *text, struct mqc_error_info *info)
{
    if (read_address(text).family == 0)
        return mqc__fail(info, MQC_ECONFIG, "WebSocket: Host is not a valid IP %s",
                         text != NULL ? text : "");
    return MQC_OK;
}

/* RFC 6750 2.1 allows less, but clients exist that do not care. Nothing else fits into a header. */
enum mqc_error mqc__websocket_check_token(const char *text, struct mqc_error_info *info)
{
    const size_t size = strlen(text);
    if (size == 0 || size > MQC__WS_TOKEN_BYTES_MAX)
        return mqc__fail(info, MQC_ECONFIG, "the token has %zu bytes; it may have 1 to %d", size,
                         MQC__WS_TOKEN_BYTES_MAX);
    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return mqc__fail(info, MQC_ECONFIG,
                             "the token has other characters than letters, digits and signs of "
                             "ASCII, which a client cannot send");
    return MQC_OK;
}

/* RFC 6454 6.2: scheme://host or scheme://host:port, and nothing behind. */
enum mqc_error mqc__websocket_check_origin(const char *text, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    const char *host = strstr(text, "://");
    const bool is_origin =
        host != NULL && host != text && host[3] != '\0' && strpbrk(host + 3, "/?#@*, ") == NULL;
    if (is_origin || strcmp(text, "null") == 0)
        return MQC_OK;
    return mqc__fail(info, MQC_ECONFIG,
                     "%s is no origin; expected https://HOST or https://HOST:PORT as "
                     "browsers send it, with nothing behind it",
                     mqc__excerpt(mqc_view_text(text), excerpt));
}

struct range {
    const char *name;
    uint64_t value;
    uint64_t least;
    uint64_t most;
};

static enum mqc_error check_ranges(const struct mqc_websocket_options *o,
                                   struct mqc_error_info *info)
{
    const struct range ranges[] = {
        {"max_event_queue_size", o->max_event_queue_size, 0, MQC__WS_QUEUE_SIZE_MAX},
        {"max_connections", o->max_connections, MQC__WS_CONNECTIONS_MIN, MQC__WS_CONNECTIONS_MAX},
        {"handshake_timeout in ms", o->handshake_timeout_ms, MQC__WS_HANDSHAKE_TIMEOUT_MS_MIN,
         MQC__WS_HANDSHAKE_TIMEOUT_MS_MAX},
        {"max_message_bytes", o->max_message_bytes, MQC__WS_BYTES_MIN, MQC__WS_BYTES_MAX},
        {"max_pending_bytes", o->max_pending_bytes, MQC__WS_BYTES_MIN, MQC__WS_BYTES_MAX},
        {"max_outbound_bytes", o->max_outbound_bytes, MQC__WS_BYTES_MIN, MQC__WS_BYTES_MAX},
        {"grace in ms", o->grace_ms, 0, MQC__WS_GRACE_MS_MAX},
        {"number of allowed_origins", o->allowed_origin_count, 0, MQC__WS_ORIGINS_MAX},
        {"ping_interval in ms",
         o->ping_interval_ms > 0 ? (uint64_t)o->ping_interval_ms : UINT64_MAX,
         MQC__WS_PING_INTERVAL_MS_MIN, MQC__WS_PING_INTERVAL_MS_MAX},
    };
    const size_t count = sizeof ranges / sizeof ranges[0] - (o->ping_interval_ms > 0 ? 0 : 1);
    for (size_t i = 0; i < count; i++) {
        const struct range *r = &ranges[i];
        if (r->value < r->least || r->value > r->most)
            return mqc__fail(info, MQC_ECONFIG,
                             "WebSocket: %s is %" PRIu64 ", must be %" PRIu64 " to %" PRIu64,
                             r->name, r->value, r->least, r->most);
    }
    return MQC_OK;
}

bool mqc__websocket_options_has_tls(const struct mqc_websocket_options *options)
{
    return options->tls_options.cert_file != NULL && options->tls_options.key_file != NULL;
}

const char *mqc__websocket_options_tls_mistake(const struct mqc_websocket_tls *tls)
{
    if (tls->cert_file != NULL && tls->key_file == NULL)
        return "Invalid tls_options: No key_file field";
    if (tls->cert_file == NULL && tls->key_file != NULL)
        return "Invalid tls_options: No cert_file field";
    /* Who asks for certificates believes that nobody gets in without. */
    if (tls->cert_file == NULL && tls->enable_peer_verification)
        return "Invalid tls_options: enable_peer_verification without cert_file and key_file";
    return NULL;
}

static enum mqc_error check_access(const struct mqc_websocket_options *options,
                                   struct mqc_error_info *info)
{
    enum mqc_error error = MQC_OK;
    if (options->bearer_token != NULL)
        error = mqc__websocket_check_token(options->bearer_token, info);
    if (error != MQC_OK || options->allowed_origin_count == 0)
        return error;
    if (options->allowed_origins == NULL)
        return mqc__fail(info, MQC_ECONFIG, "WebSocket: allowed_origins is missing");
    for (size_t i = 0; error == MQC_OK && i < options->allowed_origin_count; i++)
        error = mqc__websocket_check_origin(options->allowed_origins[i], info);
    return error;
}

enum mqc_error mqc__websocket_options_check(const struct mqc_websocket_options *options,
                                            struct mqc_error_info *info)
{
    const char *mistake = mqc__websocket_options_tls_mistake(&options->tls_options);
    if (mistake != NULL)
        return mqc__fail(info, MQC_ECONFIG, "%s", mistake);
    if (!options->serves_websocket && !options->serves_healthz && !options->serves_metrics)
        return mqc__fail(info, MQC_ECONFIG, "WebSocket: Nothing to serve");
    enum mqc_error error = mqc__websocket_check_address(options->listen_addr, info);
    if (error == MQC_OK)
        error = check_ranges(options, info);
    return error == MQC_OK ? check_access(options, info) : error;
}

static bool is_same_address(const char *a, const char *b)
{
    const struct address x = read_address(a);
    const struct address y = read_address(b);
    return x.family == y.family && memcmp(x.bytes, y.bytes, sizeof x.bytes) == 0;
}

bool mqc__websocket_options_same_place(const struct mqc_websocket_options *a,
                                       const struct mqc_websocket_options *b)
{
    return a->listen_port != 0 && a->listen_port == b->listen_port &&
           is_same_address(a->listen_addr, b->listen_addr);
}

/* Only for texts where a missing one is not the same as an empty one. */
static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_or_empty(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool has_same_tls(const struct mqc_websocket_tls *a, const struct mqc_websocket_tls *b)
{
    return is_same_text(a->cert_file, b->cert_file) && is_same_text(a->key_file, b->key_file) &&
           a->enable_peer_verification == b->enable_peer_verification &&
           is_same_or_empty(a->ca_file, b->ca_file) && is_same_or_empty(a->ciphers, b->ciphers);
}

static bool has_same_limits(const struct mqc_websocket_options *a,
                            const struct mqc_websocket_options *b)
{
    const bool pings_alike = a->ping_interval_ms == b->ping_interval_ms ||
                             (a->ping_interval_ms <= 0 && b->ping_interval_ms <= 0);
    return pings_alike && a->max_event_queue_size == b->max_event_queue_size &&
           a->max_connections == b->max_connections &&
           a->handshake_timeout_ms == b->handshake_timeout_ms &&
           a->max_message_bytes == b->max_message_bytes &&
           a->max_pending_bytes == b->max_pending_bytes &&
           a->max_outbound_bytes == b->max_outbound_bytes && a->grace_ms == b->grace_ms;
}

static bool has_same_access(const struct mqc_websocket_options *a,
                            const struct mqc_websocket_options *b)
{
    if (!is_same_text(a->bearer_token, b->bearer_token) ||
        a->allowed_origin_count != b->allowed_origin_count)
        return false;
    for (size_t i = 0; i < a->allowed_origin_count; i++)
        if (strcmp(a->allowed_origins[i], b->allowed_origins[i]) != 0)
            return false;
    return true;
}

bool mqc__websocket_options_equal(const struct mqc_websocket_options *a,
                                  const struct mqc_websocket_options *b)
{
    return a->listen_port == b->listen_port && is_same_address(a->listen_addr, b->listen_addr) &&
           has_same_tls(&a->tls_options, &b->tls_options) && has_same_limits(a, b) &&
           has_same_access(a, b) && a->serves_websocket == b->serves_websocket &&
           a->serves_healthz == b->serves_healthz && a->serves_metrics == b->serves_metrics;
}

static bool is_loopback(const char *text)
{
    static const unsigned char mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
    const struct address address = read_address(text);
    if (address.family == AF_INET)
        return address.bytes[0] == 127;
    return address.family == AF_INET6 &&
           (memcmp(address.bytes, &in6addr_loopback, sizeof in6addr_loopback) == 0 ||
            memcmp(address.bytes, mapped, sizeof mapped) == 0);
}

const char *mqc__websocket_options_warning(const struct mqc_websocket_options *options)
{
    const bool has_tls = mqc__websocket_options_has_tls(options);
    const bool knows_clients =
        options->bearer_token != NULL || (has_tls && options->tls_options.enable_peer_verification);
    if (is_loopback(options->listen_addr) || (has_tls && knows_clients))
        return NULL;
    if (has_tls)
        return "other hosts can reach it, and it asks for neither a token nor a certificate: "
               "anybody may take part in the cluster";
    if (knows_clients)
        return "other hosts can reach it, and it has no TLS: events and the token go over the "
               "network in the clear";
    return "other hosts can reach it, it has no TLS and asks for no token: events go over the "
           "network in the clear, and anybody may take part in the cluster";
}
