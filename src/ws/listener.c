#include "ws/client.h"

#include "base/fail.h"
#include "base/log.h"
#include "ws/options_check.h"

#include <stdio.h>
#include <stdlib.h>

#define BACKLOG 128

#define SILENCE_MS 10000

/* Whoever connects often enough could fill the log. */
static bool may_complain(struct mqc__ws_listener *listener)
{
    const uint64_t now_ms = uv_now(mqc__loop_uv(listener->server->loop));
    if (now_ms < listener->silent_until_ms)
        return false;
    listener->silent_until_ms = now_ms + SILENCE_MS;
    return true;
}

static void refuse_connection(struct mqc__ws_listener *listener)
{
    atomic_fetch_add(&listener->server->refused, 1);
    if (may_complain(listener))
        mqc__log(MQC_LOG_WARNING,
                 "WebSocket server on %s: more than max_connections (%zu) connections; the new "
                 "ones are closed",
                 listener->place, listener->options->max_connections);
}

static void take_connection(struct mqc__ws_listener *listener);

static void on_turned_away(uv_handle_t *handle)
{
    struct mqc__ws_listener *listener = handle->data;
    listener->is_turning_away = false;
    if (listener->has_more_strangers && listener->is_open)
        take_connection(listener);
    mqc__ws_server_handle_closed(listener->server);
}

/* Accepted and closed before a word of HTTP, as Zeek does it. One at a time, and without memory of
 * its own: a connection that is not accepted keeps libuv from looking for the next one. */
static void turn_away(struct mqc__ws_listener *listener)
{
    listener->has_more_strangers = listener->is_turning_away;
    if (listener->is_turning_away)
        return;
    listener->is_turning_away = true;
    (void)uv_tcp_init(mqc__loop_uv(listener->server->loop), &listener->stranger);
    listener->stranger.data = listener;
    mqc__ws_server_handle_opened(listener->server);
    (void)uv_accept((uv_stream_t *)&listener->tcp, (uv_stream_t *)&listener->stranger);
    uv_close((uv_handle_t *)&listener->stranger, on_turned_away);
}

static void take_connection(struct mqc__ws_listener *listener)
{
    listener->has_more_strangers = false;
    if (listener->connections >= listener->options->max_connections) {
        if (!listener->is_turning_away)
            refuse_connection(listener);
        turn_away(listener);
        return;
    }
    if (!mqc__ws_client_accept(listener))
        turn_away(listener);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct mqc__ws_listener *listener = stream->data;
    if (status != 0) {
        if (may_complain(listener))
            mqc__log(MQC_LOG_ERROR, "WebSocket server on %s cannot accept a connection: %s",
                     listener->place, uv_strerror(status));
        return;
    }
    take_connection(listener);
}

/* The address was checked before. */
static int bind_and_listen(struct mqc__ws_listener *listener)
{
    const struct mqc_websocket_options *options = listener->options;
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    unsigned flags = 0;
    if (uv_ip4_addr(options->listen_addr, options->listen_port, (struct sockaddr_in *)&name) != 0) {
        flags = UV_TCP_IPV6ONLY;
        (void)uv_ip6_addr(options->listen_addr, options->listen_port, (struct sockaddr_in6 *)&name);
    }
    int error = uv_tcp_bind(&listener->tcp, (const struct sockaddr *)&name, flags);
    if (error == 0)
        error = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
    return error;
}

static void on_closed(uv_handle_t *handle)
{
    struct mqc__ws_listener *listener = handle->data;
    struct mqc__ws_server *server = listener->server;
    /* One that never opened belongs to nobody. */
    if (listener->next == listener)
        mqc__ws_listener_free(listener);
    mqc__ws_server_handle_closed(server);
}

/* The port that the system has chosen, where that was left to it. */
static void note_place(struct mqc__ws_listener *listener)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    int size = sizeof name;
    unsigned port = listener->options->listen_port;
    const char *address = listener->options->listen_addr;
    if (uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&name, &size) == 0)
        port = ntohs(((const struct sockaddr_in *)&name)->sin_port);
    (void)snprintf(listener->place, sizeof listener->place,
                   strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u", address, port);
}

static enum mqc_error start(struct mqc__ws_listener *listener, struct mqc_error_info *info)
{
    struct mqc__ws_server *server = listener->server;
    (void)uv_tcp_init(mqc__loop_uv(server->loop), &listener->tcp);
    listener->tcp.data = listener;
    mqc__ws_server_handle_opened(server);
    note_place(listener);
    const int error = bind_and_listen(listener);
    if (error == 0) {
        note_place(listener);
        listener->is_open = true;
        return MQC_OK;
    }
    (void)mqc__fail(info, MQC_EIO, "WebSocket: Unable to listen on %s: %s", listener->place,
                    uv_strerror(error));
    listener->next = listener;
    uv_close((uv_handle_t *)&listener->tcp, on_closed);
    return MQC_EIO;
}

static enum mqc_error load_tls(struct mqc__ws_listener *listener, struct mqc_error_info *info)
{
    const struct mqc_websocket_options *options = listener->options;
    if (!mqc__websocket_options_has_tls(options))
        return MQC_OK;
    return mqc__ws_listener_tls(&options->tls_options, &listener->tls, info);
}

static void tell(const struct mqc__ws_listener *listener)
{
    const char *warning = mqc__websocket_options_warning(listener->options);
    mqc__log(MQC_LOG_INFO, "WebSocket server on %s%s", listener->place,
             listener->tls != NULL ? " with TLS" : "");
    if (warning != NULL)
        mqc__log(MQC_LOG_WARNING, "WebSocket server on %s: %s", listener->place, warning);
}

enum mqc_error mqc__ws_listener_open(struct mqc__ws_server *server,
                                     const struct mqc_websocket_options *options,
                                     struct mqc_error_info *info)
{
    struct mqc__ws_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    listener->server = server;
    enum mqc_error error = mqc__websocket_options_copy(options, &listener->options);
    if (error != MQC_OK)
        (void)mqc__fail(info, error, "out of memory");
    else
        error = load_tls(listener, info);
    if (error != MQC_OK) {
        mqc__ws_listener_free(listener);
        return error;
    }
    /* From here on the loop has a handle in it. */
    error = start(listener, info);
    if (error != MQC_OK)
        return error;
    pthread_mutex_lock(&server->mutex);
    listener->next = server->listeners;
    server->listeners = listener;
    pthread_mutex_unlock(&server->mutex);
    tell(listener);
    return MQC_OK;
}

void mqc__ws_listener_close(struct mqc__ws_listener *listener)
{
    if (listener->is_open)
        uv_close((uv_handle_t *)&listener->tcp, on_closed);
    listener->is_open = false;
}

void mqc__ws_listener_free(struct mqc__ws_listener *listener)
{
    mqc__tls_source_unref(&listener->tls);
    mqc__websocket_options_free(&listener->options);
    free(listener);
}
