#include "ws/handshake.h"

#include "link/digest.h"

#include <stdio.h>
#include <strings.h>

/* Headers that decide who comes in: two of one kind may be read as either. */
static const char *const single_headers[] = {
    "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Upgrade", "Origin",
    "Authorization",     "X-Application-Name",
};

static bool is_text_of_any_case(struct mqc_view view, const char *text)
{
    return view.size == strlen(text) && strncasecmp(view.data, text, view.size) == 0;
}

static bool refuse(struct mqc__ws_handshake *handshake, unsigned code, const char *reason)
{
    handshake->code = code;
    (void)snprintf(handshake->reason, sizeof handshake->reason, "%s", reason);
    return false;
}

/* Ends a reason with what the client sent, cut after some bytes. */
static bool refuse_value(struct mqc__ws_handshake *handshake, const char *reason,
                         struct mqc_view value)
{
    const int size = value.size < 64 ? (int)value.size : 64;
    handshake->code = 400;
    (void)snprintf(handshake->reason, sizeof handshake->reason, "%s%.*s", reason, size,
                   value.size != 0 ? value.data : "");
    return false;
}

static bool are_headers_single(const struct mqc__http_request *request,
                               struct mqc__ws_handshake *handshake)
{
    for (size_t i = 0; i < sizeof single_headers / sizeof single_headers[0]; i++) {
        const char *name = single_headers[i];
        if (mqc__http_request_header_count(request, name) > 1)
            return refuse_value(handshake, "More than one header ", mqc_view_text(name));
    }
    return true;
}

/* What an upgrade needs, in the order in which Zeek's server looks for it. */
static bool is_upgrade_right(const struct mqc__http_request *request,
                             struct mqc__ws_handshake *handshake)
{
    const struct mqc_view method = mqc__http_request_method(request);
    struct mqc_view value;
    if (!mqc_view_equal(method, mqc_view_text("GET")))
        return refuse_value(handshake, "Invalid HTTP method, need GET, got ", method);
    if (!mqc__http_request_header(request, "Sec-WebSocket-Key", &value) || value.size == 0)
        return refuse(handshake, 400, "Missing Sec-WebSocket-Key value");
    if (!mqc__http_request_header(request, "Upgrade", &value))
        return refuse(handshake, 400, "Missing Upgrade header");
    if (!is_text_of_any_case(value, "websocket"))
        return refuse_value(handshake, "Invalid Upgrade header, need WebSocket, got ", value);
    if (!mqc__http_request_header(request, "Sec-WebSocket-Version", &value) || value.size == 0)
        return refuse(handshake, 400, "Missing Sec-WebSocket-Version value");
    if (mqc_view_equal(value, mqc_view_text("13")))
        return true;
    /* RFC 6455 4.4: say which one is spoken here. */
    (void)snprintf(handshake->headers, sizeof handshake->headers, "Sec-WebSocket-Version: 13\r\n");
    return refuse_value(handshake, "Invalid Sec-WebSocket-Version, need 13, got ", value);
}

static bool is_origin_right(const struct mqc__ws_handshake_rules *rules,
                            const struct mqc__http_request *request,
                            struct mqc__ws_handshake *handshake)
{
    struct mqc_view origin;
    if (rules->origin_count == 0 || !mqc__http_request_header(request, "Origin", &origin))
        return true;
    for (size_t i = 0; i < rules->origin_count; i++)
        if (is_text_of_any_case(origin, rules->origins[i]))
            return true;
    return refuse(handshake, 403, "Origin not allowed");
}

/* Finds the token in "Bearer token" (RFC 6750 2.1). */
static bool find_token(const struct mqc__http_request *request, struct mqc_view *token_out)
{
    static const char scheme[] = "Bearer";
    const size_t size = sizeof scheme - 1;
    struct mqc_view value;
    if (!mqc__http_request_header(request, "Authorization", &value) || value.size <= size ||
        strncasecmp(value.data, scheme, size) != 0 || value.data[size] != ' ')
        return false;
    value = mqc_view_bytes(value.data + size, value.size - size);
    while (value.size != 0 && value.data[0] == ' ')
        value = mqc_view_bytes(value.data + 1, value.size - 1);
    *token_out = value;
    return true;
}

static bool is_token_right(const struct mqc__ws_handshake_rules *rules,
                           const struct mqc__http_request *request,
                           struct mqc__ws_handshake *handshake)
{
    if (rules->bearer_token.size == 0)
        return true;
    struct mqc_view token;
    const char *error = "";
    if (find_token(request, &token)) {
        if (mqc__digest_is_equal(token, rules->bearer_token))
            return true;
        error = " error=\"invalid_token\"";
    }
    (void)snprintf(handshake->headers, sizeof handshake->headers, "WWW-Authenticate: Bearer%s\r\n",
                   error);
    return refuse(handshake, 401, "");
}

static bool accept_upgrade(const struct mqc__http_request *request,
                           struct mqc__ws_handshake *handshake)
{
    struct mqc_view key;
    char accept[MQC__DIGEST_ACCEPT_BYTES];
    (void)mqc__http_request_header(request, "Sec-WebSocket-Key", &key);
    if (mqc__digest_websocket_accept(key, accept) != MQC_OK)
        return refuse(handshake, 503, "");
    handshake->code = 101;
    (void)snprintf(handshake->headers, sizeof handshake->headers,
                   "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
                   accept);
    return true;
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("/_-.=:*@", c) != NULL);
}

static void learn_client(const struct mqc__http_request *request,
                         struct mqc__ws_handshake *handshake)
{
    handshake->is_path_right =
        mqc_view_equal(mqc__http_request_target(request), mqc_view_text(MQC__WS_PATH));
    struct mqc_view name;
    handshake->has_application_name =
        mqc__http_request_header(request, "X-Application-Name", &name);
    handshake->is_application_name_right = true;
    if (!handshake->has_application_name)
        return;
    handshake->application_name = name;
    for (size_t i = 0; i < name.size && handshake->is_application_name_right; i++)
        handshake->is_application_name_right = is_name_character(name.data[i]);
}

static bool is_upgrade_asked_for(const struct mqc__http_request *request)
{
    return mqc__http_request_header_count(request, "Upgrade") != 0 ||
           mqc__http_request_header_count(request, "Sec-WebSocket-Key") != 0;
}

enum mqc__ws_handshake_result mqc__ws_handshake_judge(const struct mqc__ws_handshake_rules *rules,
                                                      const struct mqc__http_request *request,
                                                      struct mqc__ws_handshake *handshake_out)
{
    *handshake_out = (struct mqc__ws_handshake){.code = 0};
    learn_client(request, handshake_out);
    const bool is_right =
        are_headers_single(request, handshake_out) && is_upgrade_right(request, handshake_out) &&
        is_origin_right(rules, request, handshake_out) &&
        is_token_right(rules, request, handshake_out) && accept_upgrade(request, handshake_out);
    if (is_right)
        return MQC__WS_UPGRADE;
    return is_upgrade_asked_for(request) ? MQC__WS_REFUSE : MQC__WS_PLAIN;
}

bool mqc__ws_handshake_has_token(const struct mqc__ws_handshake_rules *rules,
                                 const struct mqc__http_request *request)
{
    struct mqc__ws_handshake unused;
    return is_token_right(rules, request, &unused);
}
