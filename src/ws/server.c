#include "ws/server_priv.h"

#include "base/fail.h"
#include "base/log.h"
#include "ws/client.h"
#include "ws/options_check.h"
#include "ws/protocol.h"

#include <stdio.h>
#include <stdlib.h>

#define ERROR_BYTES_MAX ((size_t)64 * 1024)

void mqc__ws_server_handle_opened(struct mqc__ws_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->open_handles++;
    pthread_mutex_unlock(&server->mutex);
}

void mqc__ws_server_handle_closed(struct mqc__ws_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->open_handles--;
    pthread_cond_broadcast(&server->emptied);
    pthread_mutex_unlock(&server->mutex);
}

static void acknowledge_ready(struct mqc__ws_server *server)
{
    struct mqc__ws_client *client = server->clients;
    while (client != NULL) {
        struct mqc__ws_client *next = mqc__ws_client_next(client);
        mqc__ws_client_acknowledge(client);
        client = next;
    }
}

/* Each client that has something once, and then the sockets again: whoever publishes fast enough
 * could keep the thread here for ever. */
static void drain(struct mqc__ws_server *server)
{
    struct mqc__ws_outlet *outlet = mqc__ws_hub_take_filled(server->hub);
    while (outlet != NULL) {
        struct mqc__ws_outlet *next = outlet->next_taken;
        mqc__ws_client_drain(outlet->owner);
        outlet = next;
    }
}

static void on_wake(void *context)
{
    struct mqc__ws_server *server = context;
    if (atomic_exchange(&server->has_news, false))
        acknowledge_ready(server);
    drain(server);
    if (atomic_exchange(&server->wants_resume, false))
        mqc__ws_server_resume_held(server);
}

static void wake(void *context)
{
    struct mqc__ws_server *server = context;
    mqc__loop_wake(server->loop);
}

static void free_server(struct mqc__ws_server *server)
{
    mqc__loop_free(&server->loop);
    while (server->listeners != NULL) {
        struct mqc__ws_listener *next = server->listeners->next;
        mqc__ws_listener_free(server->listeners);
        server->listeners = next;
    }
    mqc__ws_hub_free(&server->hub);
    mqc__arena_fini(&server->arena);
    free(server->input);
    pthread_cond_destroy(&server->emptied);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

static void open_timer(void *context)
{
    struct mqc__ws_server *server = context;
    (void)uv_timer_init(mqc__loop_uv(server->loop), &server->retry);
    server->retry.data = server;
    mqc__ws_server_handle_opened(server);
}

static enum mqc_error start(struct mqc__ws_server *server)
{
    server->hub = mqc__ws_hub_new(server->telemetry, wake, server);
    server->input = malloc(MQC__WS_INPUT_BYTES);
    if (server->hub == NULL || server->input == NULL)
        return MQC_ENOMEM;
    const enum mqc_error error = mqc__loop_new(on_wake, server, &server->loop);
    if (error == MQC_OK)
        mqc__loop_call(server->loop, open_timer, server);
    return error;
}

enum mqc_error mqc__ws_server_new(const struct mqc__ws_cluster *cluster, const char *version,
                                  struct mqc__telemetry *telemetry,
                                  struct mqc__ws_server **server_out)
{
    *server_out = NULL;
    struct mqc__ws_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return MQC_ENOMEM;
    server->cluster = *cluster;
    server->version = version;
    server->telemetry = telemetry;
    server->last_held = &server->first_held;
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->emptied, NULL);
    const enum mqc_error error = start(server);
    if (error == MQC_OK)
        *server_out = server;
    else
        free_server(server);
    return error;
}

/* What mqc__ws_server_listen() has done on the loop's thread. */
struct listening {
    struct mqc__ws_server *server;
    const struct mqc_websocket_options *options;
    struct mqc_error_info *info;
    enum mqc_error error;
};

static struct mqc__ws_listener *find_place(struct mqc__ws_server *server,
                                           const struct mqc_websocket_options *options)
{
    struct mqc__ws_listener *listener = server->listeners;
    while (listener != NULL && (listener->is_withdrawn ||
                                !mqc__websocket_options_same_place(listener->options, options)))
        listener = listener->next;
    return listener;
}

static void listen_here(void *context)
{
    struct listening *listening = context;
    struct mqc__ws_server *server = listening->server;
    const struct mqc__ws_listener *there = find_place(server, listening->options);
    if (atomic_load(&server->is_closed))
        listening->error = mqc__fail(listening->info, MQC_ECLOSED, "the backend is closed");
    else if (there == NULL)
        listening->error = mqc__ws_listener_open(server, listening->options, listening->info);
    else if (mqc__websocket_options_equal(there->options, listening->options))
        listening->error = MQC_OK;
    else
        listening->error =
            mqc__fail(listening->info, MQC_EEXIST, "Already listening on %s", there->place);
}

enum mqc_error mqc__ws_server_listen(struct mqc__ws_server *server,
                                     const struct mqc_websocket_options *options,
                                     struct mqc_error_info *info)
{
    const enum mqc_error error = mqc__websocket_options_check(options, info);
    if (error != MQC_OK)
        return error;
    struct listening listening = {.server = server, .options = options, .info = info};
    mqc__loop_call(server->loop, listen_here, &listening);
    return listening.error;
}

static void look_for_place(void *context)
{
    struct listening *listening = context;
    const bool is_there = find_place(listening->server, listening->options) != NULL;
    listening->error = is_there ? MQC_EEXIST : MQC_OK;
}

bool mqc__ws_server_listens(struct mqc__ws_server *server,
                            const struct mqc_websocket_options *options)
{
    struct listening listening = {.server = server, .options = options};
    mqc__loop_call(server->loop, look_for_place, &listening);
    return listening.error != MQC_OK;
}

/* All clients, or those of one listener. */
static void terminate_clients(struct mqc__ws_server *server,
                              const struct mqc__ws_listener *listener)
{
    struct mqc__ws_client *client = server->clients;
    while (client != NULL) {
        struct mqc__ws_client *next = mqc__ws_client_next(client);
        if (listener == NULL || client->listener == listener)
            mqc__ws_client_terminate(client);
        client = next;
    }
}

static void withdraw(void *context)
{
    const struct listening *listening = context;
    struct mqc__ws_server *server = listening->server;
    struct mqc__ws_listener *listener = find_place(server, listening->options);
    if (listener == NULL)
        return;
    pthread_mutex_lock(&server->mutex);
    listener->is_withdrawn = true;
    pthread_mutex_unlock(&server->mutex);
    mqc__ws_listener_close(listener);
    terminate_clients(server, listener);
}

void mqc__ws_server_unlisten(struct mqc__ws_server *server,
                             const struct mqc_websocket_options *options)
{
    struct listening listening = {.server = server, .options = options};
    mqc__loop_call(server->loop, withdraw, &listening);
}

static void reload_tls(void *context)
{
    struct mqc__ws_server *server = context;
    struct mqc_error_info info;
    for (struct mqc__ws_listener *l = server->listeners; l != NULL; l = l->next) {
        if (l->tls != NULL && mqc__tls_source_look(l->tls, true, &info) == MQC__TLS_LOOK_FAILED)
            mqc__log(MQC_LOG_ERROR, "WebSocket server on %s keeps its old certificate: %s",
                     l->place, info.text);
    }
}

void mqc__ws_server_reload_tls(struct mqc__ws_server *server)
{
    mqc__loop_call(server->loop, reload_tls, server);
}

void mqc__ws_server_deliver(struct mqc__ws_server *server, struct mqc_view topic,
                            const struct mqc_event *event, uint64_t origin)
{
    mqc__ws_hub_deliver(server->hub, topic, event, origin);
}

void mqc__ws_server_ready(struct mqc__ws_server *server)
{
    atomic_store(&server->has_news, true);
    mqc__loop_wake(server->loop);
}

void mqc__ws_server_error(struct mqc__ws_server *server, const char *tag, const char *text)
{
    struct mqc__buffer message;
    mqc__buffer_init(&message, ERROR_BYTES_MAX);
    if (mqc__ws_write_error(tag, mqc_view_text(text), &message) == MQC_OK)
        mqc__ws_hub_tell_all(server->hub, mqc__buffer_view(&message));
    mqc__buffer_fini(&message);
}

static uint64_t count_blocks(struct mqc__ws_server *server)
{
    uint64_t blocks = 0;
    pthread_mutex_lock(&server->mutex);
    for (struct mqc__ws_listener *l = server->listeners; l != NULL; l = l->next)
        blocks += atomic_load(&l->blocks);
    pthread_mutex_unlock(&server->mutex);
    return blocks;
}

static void write_blocks(struct mqc__prometheus *writer, const struct mqc__ws_listener *listener)
{
    char tag[120];
    (void)snprintf(tag, sizeof tag, "WebSocketEventDispatcher:%s", listener->place);
    const struct mqc__prometheus_label label = {"tag", mqc_view_text(tag)};
    const struct mqc__prometheus_labels labels = {&label, 1};
    mqc__prometheus_count(writer, labels, atomic_load(&listener->blocks));
}

void mqc__ws_server_write_blocks(struct mqc__ws_server *server, struct mqc__prometheus *writer)
{
    mqc__prometheus_begin_counter(writer, "zeek_cluster_onloop_queue_blocks",
                                  "Times a client was held back until there was room for its "
                                  "event.");
    pthread_mutex_lock(&server->mutex);
    for (const struct mqc__ws_listener *l = server->listeners; l != NULL; l = l->next)
        if (!l->is_withdrawn)
            write_blocks(writer, l);
    pthread_mutex_unlock(&server->mutex);
}

void mqc__ws_server_stats(struct mqc__ws_server *server, struct mqc__ws_stats *stats_out)
{
    *stats_out = (struct mqc__ws_stats){
        .held = count_blocks(server),
        .accepted = atomic_load(&server->accepted),
        .refused = atomic_load(&server->refused),
        .clients = atomic_load(&server->clients_now),
        .too_slow = atomic_load(&server->too_slow),
        .rejected = atomic_load(&server->rejected),
    };
}

static void on_timer_closed(uv_handle_t *handle)
{
    mqc__ws_server_handle_closed(handle->data);
}

static void close_all(void *context)
{
    struct mqc__ws_server *server = context;
    for (struct mqc__ws_listener *l = server->listeners; l != NULL; l = l->next)
        mqc__ws_listener_close(l);
    terminate_clients(server, NULL);
    uv_close((uv_handle_t *)&server->retry, on_timer_closed);
}

void mqc__ws_server_close(struct mqc__ws_server *server)
{
    if (!atomic_exchange(&server->is_closed, true))
        mqc__loop_call(server->loop, close_all, server);
    pthread_mutex_lock(&server->mutex);
    while (server->open_handles != 0)
        pthread_cond_wait(&server->emptied, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
}

void mqc__ws_server_free(struct mqc__ws_server **server)
{
    if (*server == NULL)
        return;
    mqc__ws_server_close(*server);
    free_server(*server);
    *server = NULL;
}
