#include "ws/client.h"

#include "base/log.h"
#include "http/request.h"
#include "ws/options_check.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* A client's texts: its address, names, and subscriptions with what stands around them. */
#define TEXT_BYTES_MAX ((size_t)8 << 20)

/* Pongs and the like that a client has not read yet: what it says is not read meanwhile. */
#define ANSWER_BYTES_MAX ((size_t)64 * 1024)

struct mqc__ws_client *mqc__ws_client_next(const struct mqc__ws_client *client)
{
    return client->next;
}

static void link_client(struct mqc__ws_server *server, struct mqc__ws_client *client)
{
    client->next = server->clients;
    if (server->clients != NULL)
        server->clients->previous = client;
    server->clients = client;
}

static void unlink_client(struct mqc__ws_server *server, const struct mqc__ws_client *client)
{
    if (client->next != NULL)
        client->next->previous = client->previous;
    if (client->previous != NULL)
        client->previous->next = client->next;
    else
        server->clients = client->next;
}

static void free_client(struct mqc__ws_client *client)
{
    struct mqc__ws_server *server = client->server;
    unlink_client(server, client);
    client->listener->connections--;
    mqc__ws_client_forget_pending(client);
    mqc__http_request_free(&client->request);
    mqc__ws_frames_free(&client->frames);
    mqc__arena_fini(&client->texts);
    free(client);
    mqc__ws_server_handle_closed(server);
}

static void handle_closed(struct mqc__ws_client *client)
{
    if (--client->open_handles == 0)
        free_client(client);
}

static void on_wire_closed(void *context)
{
    handle_closed(context);
}

static void on_timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void leave_hub(struct mqc__ws_client *client)
{
    if (client->is_in_hub)
        mqc__ws_hub_remove(client->server->hub, &client->outlet);
    client->is_in_hub = false;
}

/* Takes back what it had of the cluster. */
static void leave(struct mqc__ws_client *client)
{
    struct mqc__ws_server *server = client->server;
    const struct mqc__ws_cluster *cluster = &server->cluster;
    mqc__ws_server_let_go(server, client);
    leave_hub(client);
    if (client->is_subscribed)
        cluster->unsubscribe(cluster->context, client->prefixes, client->prefix_count);
    client->is_subscribed = false;
}

static void tell_lost(struct mqc__ws_client *client)
{
    const struct mqc__ws_cluster *cluster = &client->server->cluster;
    const struct mqc__ws_endpoint *endpoint = mqc__ws_client_endpoint(client);
    if (!client->has_code)
        mqc__ws_client_note_end(client, MQC__WS_CODE_ABNORMAL, "Abnormal closure");
    mqc__ws_client_log_lost(client);
    cluster->client_lost(cluster->context, endpoint, client->code, mqc_view_text(client->reason));
}

void mqc__ws_client_drop(struct mqc__ws_client *client)
{
    if (client->stage == MQC__WS_STAGE_GONE)
        return;
    if (client->stage == MQC__WS_STAGE_TALKING)
        atomic_fetch_sub(&client->server->clients_now, 1);
    client->stage = MQC__WS_STAGE_GONE;
    leave(client);
    if (client->is_known)
        tell_lost(client);
    mqc__ws_wire_close(&client->wire);
    uv_close((uv_handle_t *)&client->timer, on_timer_closed);
}

static void on_bytes(void *context, struct mqc_view bytes)
{
    struct mqc__ws_client *client = context;
    if (client->stage == MQC__WS_STAGE_REQUEST) {
        const size_t used = mqc__ws_client_take_head(client, bytes);
        bytes = (struct mqc_view){bytes.data + used, bytes.size - used};
    }
    if (client->stage == MQC__WS_STAGE_TALKING && bytes.size != 0)
        mqc__ws_client_take_frames(client, bytes);
    mqc__ws_client_steer(client);
}

static void on_written(void *context, size_t event_bytes)
{
    struct mqc__ws_client *client = context;
    client->is_stuck = false;
    if (client->is_in_hub)
        mqc__ws_hub_written(&client->outlet, event_bytes);
    if (client->wire.is_deaf) {
        leave_hub(client);
    } else if (client->is_in_hub && client->wire.line.count == 0) {
        mqc__ws_hub_take(client->server->hub, &client->outlet, MQC__WS_HUB_PORTION);
        mqc__ws_client_drain(client);
    }
    mqc__ws_client_steer(client);
}

/* Nobody hears of it any more, nor does it hear anything. */
static void linger(struct mqc__ws_client *client)
{
    client->has_left = true;
    leave_hub(client);
    (void)uv_timer_stop(&client->timer);
}

static void on_ended(void *context, const char *reason)
{
    struct mqc__ws_client *client = context;
    mqc__log(MQC_LOG_DEBUG, "WebSocket connection from %s on %s ended: %s",
             client->endpoint.address.data, client->listener->place, reason);
    /* What it said before is handled all the same. */
    if (client->state == MQC__WS_OPEN && client->first_pending != NULL)
        linger(client);
    else
        mqc__ws_client_drop(client);
}

static void on_handshake_timeout(uv_timer_t *timer)
{
    struct mqc__ws_client *client = timer->data;
    mqc__log(MQC_LOG_DEBUG, "WebSocket connection from %s on %s ended: no complete request in time",
             client->endpoint.address.data, client->listener->place);
    mqc__ws_client_drop(client);
}

static void write_address(const struct sockaddr *name, char text_out[INET6_ADDRSTRLEN],
                          uint16_t *port_out)
{
    const struct sockaddr_in *ipv4 = (const void *)name;
    const struct sockaddr_in6 *ipv6 = (const void *)name;
    text_out[0] = '\0';
    if (name->sa_family == AF_INET)
        (void)uv_ip4_name(ipv4, text_out, INET6_ADDRSTRLEN);
    if (name->sa_family == AF_INET6)
        (void)uv_ip6_name(ipv6, text_out, INET6_ADDRSTRLEN);
    *port_out = name->sa_family == AF_INET ? ntohs(ipv4->sin_port) : ntohs(ipv6->sin6_port);
}

static bool note_address(struct mqc__ws_client *client)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    char text[INET6_ADDRSTRLEN];
    int size = sizeof name;
    (void)uv_tcp_getpeername(&client->wire.tcp, (struct sockaddr *)&name, &size);
    write_address((const struct sockaddr *)&name, text, &client->endpoint.port);
    return mqc__arena_copy(&client->texts, mqc_view_text(text), &client->endpoint.address);
}

static struct mqc__ws_client *new_client(struct mqc__ws_listener *listener)
{
    struct mqc__ws_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->server = listener->server;
    client->listener = listener;
    client->number = atomic_fetch_add(&listener->server->accepted, 1) + 1;
    client->last_pending = &client->first_pending;
    mqc__arena_init(&client->texts, TEXT_BYTES_MAX);
    listener->connections++;
    link_client(listener->server, client);
    mqc__ws_server_handle_opened(listener->server);
    return client;
}

static enum mqc_error open_wire(struct mqc__ws_client *client)
{
    struct mqc__ws_listener *listener = client->listener;
    const struct mqc__ws_wire_options options = {
        .loop = mqc__loop_uv(client->server->loop),
        .listener = (uv_stream_t *)&listener->tcp,
        .tls = listener->tls != NULL ? mqc__tls_source_config(listener->tls) : NULL,
        .input = client->server->input,
        .input_bytes = MQC__WS_INPUT_BYTES,
    };
    const struct mqc__ws_wire_events events = {
        .context = client,
        .bytes = on_bytes,
        .written = on_written,
        .ended = on_ended,
        .closed = on_wire_closed,
    };
    return mqc__ws_wire_open(&client->wire, &options, &events);
}

bool mqc__ws_client_accept(struct mqc__ws_listener *listener)
{
    struct mqc__ws_client *client = new_client(listener);
    if (client == NULL) {
        mqc__log(MQC_LOG_ERROR, "no memory for a WebSocket client on %s", listener->place);
        return false;
    }
    client->open_handles = 2;
    (void)uv_timer_init(mqc__loop_uv(client->server->loop), &client->timer);
    client->timer.data = client;
    const enum mqc_error error = open_wire(client);
    client->request = mqc__http_request_new();
    if (error != MQC_OK || client->request == NULL || !note_address(client)) {
        mqc__ws_client_drop(client);
        return true;
    }
    (void)uv_timer_start(&client->timer, on_handshake_timeout,
                         listener->options->handshake_timeout_ms, 0);
    return true;
}

void mqc__ws_client_drain(struct mqc__ws_client *client)
{
    mqc__ws_wire_send_line(&client->wire, &client->outlet.taken);
    /* While it is, the events wait in the hub; there will be a call of on_written(). */
    client->outlet.is_busy = client->wire.is_writing;
    if (!client->outlet.was_over || !client->is_in_hub)
        return;
    atomic_fetch_add(&client->server->too_slow, 1);
    mqc__ws_wire_drop(&client->wire);
    mqc__ws_client_close(client, MQC__WS_CODE_POLICY,
                         "Too slow: more is waiting for this client than max_outbound_bytes");
}

bool mqc__ws_client_owes_reading(const struct mqc__ws_client *client)
{
    return mqc__ws_wire_answer_bytes(&client->wire) > ANSWER_BYTES_MAX;
}

/* One who is closing says nothing more that would cost anything, and its close must be seen. */
static bool wants_input(const struct mqc__ws_client *client)
{
    if (client->state == MQC__WS_CLOSING)
        return true;
    return !client->is_held && !client->has_peer_closed && !mqc__ws_client_owes_reading(client) &&
           client->pending_bytes < client->listener->options->max_pending_bytes;
}

void mqc__ws_client_steer(struct mqc__ws_client *client)
{
    if (client->stage != MQC__WS_STAGE_TALKING)
        return;
    if (wants_input(client)) {
        mqc__ws_wire_resume(&client->wire);
    } else {
        client->was_paused = true;
        mqc__ws_wire_pause(&client->wire);
    }
}

void mqc__ws_client_go_on(struct mqc__ws_client *client)
{
    mqc__ws_client_take_pending(client);
    mqc__ws_client_end_publishing(client);
    mqc__ws_client_answer_close(client);
    if (client->has_left && client->first_pending == NULL)
        mqc__ws_client_drop(client);
    mqc__ws_client_steer(client);
}

void mqc__ws_client_terminate(struct mqc__ws_client *client)
{
    if (client->stage == MQC__WS_STAGE_REQUEST || client->has_left)
        mqc__ws_client_drop(client);
    if (client->stage != MQC__WS_STAGE_TALKING)
        return;
    if (client->is_in_hub) {
        mqc__ws_hub_take(client->server->hub, &client->outlet, SIZE_MAX);
        mqc__ws_client_drain(client);
    }
    mqc__ws_client_close(client, MQC__WS_CODE_GOING_AWAY, "Terminating");
}
