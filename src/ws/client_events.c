#include "ws/client.h"

#include "base/log.h"

#include <stdlib.h>

/* What decoding a message may take: see codec/json.h. */
#define MEMORY_PER_BYTE ((size_t)32)
#define LEAST_MEMORY_BYTES ((size_t)64 * 1024)

/* What a client has pending is handled in portions: the other clients wait meanwhile. */
#define MESSAGES_AT_ONCE ((size_t)256)

/* So many events are published before the node's handlers are woken, if they come at once. */
#define PUBLISHED_MOST 16

/* The log shows so many rejections of one client. */
#define REJECTIONS_SHOWN 10

static bool has_room(const struct mqc__ws_listener *listener)
{
    const uint64_t most = listener->options->max_event_queue_size;
    return most == 0 || atomic_load(&listener->waiting) < most;
}

static void reject(struct mqc__ws_client *client, const char *code, const char *context,
                   const char *reason)
{
    if (client->rejected++ < REJECTIONS_SHOWN)
        mqc__log(MQC_LOG_WARNING, "WebSocket client '%.*s': %s (%s)", (int)client->endpoint.id.size,
                 client->endpoint.id.data, context, reason);
    mqc__ws_client_send_error(client, code, mqc_view_text(context));
}

/* Zeek's three contexts are all that its clients know; what cannot happen there has words of its
 * own. */
static void reject_event(struct mqc__ws_client *client, const struct mqc_error_info *info)
{
    const bool is_no_event = info->code == MQC_ETYPE || info->code == MQC_EUNDECLARED ||
                             info->code == MQC_EINVAL || info->code == MQC_EMALFORMED;
    if (is_no_event)
        reject(client, MQC__WS_ERROR_DESERIALIZATION, MQC__WS_CONTEXT_NO_EVENT, info->text);
    else
        reject(client, MQC__WS_ERROR_PUBLISH, info->text, mqc_error_name(info->code));
}

static void count_event(const struct mqc__ws_client *client,
                        const struct mqc__json_message *message, size_t bytes)
{
    const struct mqc__telemetry_event counted = {
        .side = MQC__TELEMETRY_WEBSOCKET,
        .direction = MQC__TELEMETRY_OUTGOING,
        .app = client->endpoint.application_name,
        .topic = message->topic,
        .handler = message->event.name,
        .bytes = bytes,
    };
    if (client->server->telemetry != NULL)
        mqc__telemetry_count(client->server->telemetry, &counted);
}

static enum mqc_error publish(struct mqc__ws_client *client,
                              const struct mqc__json_message *message, struct mqc_error_info *info)
{
    const struct mqc__ws_cluster *cluster = &client->server->cluster;
    struct mqc__ws_listener *listener = client->listener;
    const struct mqc__ws_publication publication = {
        .client = client->number,
        .endpoint = client->endpoint.id,
        .topic = message->topic,
        .event = &message->event,
        .handled = mqc__ws_listener_handled,
        .context = listener,
    };
    bool is_handled_later = false;
    atomic_fetch_add(&listener->waiting, 1);
    const enum mqc_error error =
        cluster->publish(cluster->context, &publication, &is_handled_later, info);
    if (!is_handled_later)
        atomic_fetch_sub(&listener->waiting, 1);
    else if (++client->server->published == PUBLISHED_MOST)
        mqc__ws_client_end_publishing(client);
    return error;
}

void mqc__ws_client_end_publishing(struct mqc__ws_client *client)
{
    struct mqc__ws_server *server = client->server;
    if (server->published != 0 && server->cluster.published != NULL)
        server->cluster.published(server->cluster.context);
    server->published = 0;
}

bool mqc__ws_client_take_event(struct mqc__ws_client *client, struct mqc_view text)
{
    struct mqc__arena *arena = &client->server->arena;
    struct mqc__json_message message;
    struct mqc_error_info info = {.text = ""};
    const char *context = NULL;
    if (!has_room(client->listener))
        return false;
    mqc__arena_reset(arena);
    arena->limit_bytes = LEAST_MEMORY_BYTES + text.size * MEMORY_PER_BYTE;
    const enum mqc_error error = mqc__ws_read_event(arena, text, &message, &context, &info);
    if (error != MQC_OK) {
        reject(client, MQC__WS_ERROR_DESERIALIZATION,
               context != NULL ? context : MQC__WS_CONTEXT_NO_JSON, info.text);
        return true;
    }
    info.code = publish(client, &message, &info);
    if (info.code == MQC_EFULL || info.code == MQC_ECLOSED)
        return false;
    if (info.code == MQC_OK)
        count_event(client, &message, text.size);
    else
        reject_event(client, &info);
    return true;
}

/* Holds the client back as soon as it cannot go on. */
static void hold_back(struct mqc__ws_client *client)
{
    if (client->state != MQC__WS_OPEN || client->is_held)
        return;
    if (!client->is_blocked)
        atomic_fetch_add(&client->listener->blocks, 1);
    client->is_blocked = true;
    mqc__ws_server_hold(client->server, client);
}

void mqc__ws_client_keep(struct mqc__ws_client *client, struct mqc_view message)
{
    struct mqc__ws_pending *pending = malloc(sizeof *pending + message.size);
    if (pending == NULL) {
        mqc__ws_client_close(client, MQC__WS_CODE_INTERNAL, "Internal error");
        return;
    }
    pending->next = NULL;
    pending->size = message.size;
    if (message.size != 0)
        memcpy(pending->bytes, message.data, message.size);
    *client->last_pending = pending;
    client->last_pending = &pending->next;
    client->pending_bytes += sizeof *pending + message.size;
    hold_back(client);
}

static void drop_first(struct mqc__ws_client *client)
{
    struct mqc__ws_pending *pending = client->first_pending;
    client->first_pending = pending->next;
    if (client->first_pending == NULL)
        client->last_pending = &client->first_pending;
    client->pending_bytes -= sizeof *pending + pending->size;
    client->is_blocked = false;
    free(pending);
}

/* Lets the other clients have their turn. */
static void make_way(struct mqc__ws_client *client)
{
    struct mqc__ws_server *server = client->server;
    mqc__ws_server_hold(server, client);
    atomic_store(&server->wants_resume, true);
    mqc__loop_wake(server->loop);
}

/* The client may close, and so forget what is pending, because of what it said. */
void mqc__ws_client_take_pending(struct mqc__ws_client *client)
{
    for (size_t taken = 0; client->first_pending != NULL && client->stage == MQC__WS_STAGE_TALKING;
         taken++) {
        if (taken == MESSAGES_AT_ONCE) {
            make_way(client);
            return;
        }
        const struct mqc__ws_pending *pending = client->first_pending;
        if (!mqc__ws_client_take_event(client, mqc_view_bytes(pending->bytes, pending->size))) {
            hold_back(client);
            return;
        }
        if (client->first_pending == pending)
            drop_first(client);
    }
}

void mqc__ws_client_forget_pending(struct mqc__ws_client *client)
{
    while (client->first_pending != NULL)
        drop_first(client);
}
