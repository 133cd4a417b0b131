#include "ws/client.h"

#include "base/log.h"

#define MESSAGE_BYTES_MAX ((size_t)1 << 20)

static void send_text(struct mqc__ws_client *client, struct mqc__buffer *message)
{
    /* Without memory there is nothing to send, which ends the connection. */
    mqc__ws_wire_send(&client->wire, !mqc__buffer_failed(message)
                                         ? mqc__ws_outgoing_answer(mqc__buffer_view(message))
                                         : NULL);
    mqc__buffer_fini(message);
}

void mqc__ws_client_send_error(struct mqc__ws_client *client, const char *code,
                               struct mqc_view context)
{
    struct mqc__buffer message;
    mqc__buffer_init(&message, MESSAGE_BYTES_MAX);
    (void)mqc__ws_write_error(code, context, &message);
    atomic_fetch_add(&client->server->rejected, 1);
    send_text(client, &message);
}

static void on_grace_over(uv_timer_t *timer)
{
    struct mqc__ws_client *client = timer->data;
    mqc__ws_client_close(client, MQC__WS_CODE_POLICY, client->refusal);
}

/* There is no second chance, as with Zeek; but the client is not left waiting for ever. */
static void refuse_subscriptions(struct mqc__ws_client *client, const char *context)
{
    client->state = MQC__WS_REFUSED;
    client->refusal = context;
    mqc__ws_client_send_error(client, MQC__WS_ERROR_DESERIALIZATION, mqc_view_text(context));
    if (client->stage == MQC__WS_STAGE_TALKING)
        (void)uv_timer_start(&client->timer, on_grace_over, client->listener->options->grace_ms, 0);
}

static void refuse_by_cluster(struct mqc__ws_client *client, const char *text)
{
    mqc__log(MQC_LOG_WARNING, "a WebSocket client from %s cannot subscribe: %s",
             client->endpoint.address.data, text);
    mqc__ws_client_close(client, MQC__WS_CODE_INTERNAL,
                         "Could not subscribe. Something bad happened!");
}

static void subscribe(struct mqc__ws_client *client)
{
    const struct mqc__ws_cluster *cluster = &client->server->cluster;
    struct mqc_error_info info = {.text = ""};
    client->state = MQC__WS_AWAITS_ACK;
    const enum mqc_error error =
        cluster->subscribe(cluster->context, client->prefixes, client->prefix_count, &info);
    client->is_subscribed = error == MQC_OK;
    if (error == MQC_OK)
        mqc__ws_client_acknowledge(client);
    else
        refuse_by_cluster(client, info.text);
}

static void take_subscriptions(struct mqc__ws_client *client, struct mqc_view message)
{
    const char *context = NULL;
    const enum mqc_error error = mqc__ws_read_subscriptions(
        &client->texts, message, &client->prefixes, &client->prefix_count, &context);
    if (error == MQC_OK)
        subscribe(client);
    else if (error == MQC_ENOMEM)
        mqc__ws_client_close(client, MQC__WS_CODE_INTERNAL, "Internal error");
    else
        refuse_subscriptions(client, context);
}

static bool enter_hub(struct mqc__ws_client *client)
{
    struct mqc_view *cover = mqc__arena_array(&client->texts, client->prefix_count, sizeof *cover);
    if (cover == NULL)
        return false;
    client->outlet = (struct mqc__ws_outlet){
        .client = client->number,
        .prefixes = cover,
        .prefix_count = mqc__ws_cover_prefixes(client->prefixes, client->prefix_count, cover),
        .application = client->endpoint.application_name,
        .bytes_max = client->listener->options->max_outbound_bytes,
        .owner = client,
    };
    mqc__ws_hub_add(client->server->hub, &client->outlet);
    client->is_in_hub = true;
    return true;
}

/* In the hub before the node hears of it, so that what the node then publishes reaches it; the
 * acknowledgement is before that in its line, since only this thread takes from the hub. */
static void open_client(struct mqc__ws_client *client)
{
    const struct mqc__ws_server *server = client->server;
    const struct mqc__ws_cluster *cluster = &server->cluster;
    const struct mqc__ws_endpoint *endpoint = mqc__ws_client_endpoint(client);
    struct mqc__buffer ack;
    client->state = MQC__WS_OPEN;
    mqc__buffer_init(&ack, MESSAGE_BYTES_MAX);
    (void)mqc__ws_write_ack(endpoint->id, server->version, &ack);
    if (!enter_hub(client)) {
        mqc__buffer_fini(&ack);
        mqc__ws_client_close(client, MQC__WS_CODE_INTERNAL, "Internal error");
        return;
    }
    send_text(client, &ack);
    if (client->stage != MQC__WS_STAGE_TALKING)
        return;
    mqc__ws_client_log_added(client);
    cluster->client_added(cluster->context, endpoint, client->prefixes, client->prefix_count);
}

void mqc__ws_client_acknowledge(struct mqc__ws_client *client)
{
    const struct mqc__ws_cluster *cluster = &client->server->cluster;
    if (client->stage != MQC__WS_STAGE_TALKING || client->state != MQC__WS_AWAITS_ACK)
        return;
    const enum mqc_error error =
        cluster->ready(cluster->context, client->prefixes, client->prefix_count);
    if (error == MQC_ETIMEOUT)
        return;
    if (error != MQC_OK) {
        refuse_by_cluster(client, mqc_error_text(error));
        return;
    }
    open_client(client);
    if (client->stage == MQC__WS_STAGE_TALKING)
        mqc__ws_client_go_on(client);
}

static void take_message(struct mqc__ws_client *client, struct mqc_view message)
{
    switch (client->state) {
    case MQC__WS_AWAITS_SUBSCRIPTIONS: take_subscriptions(client, message); break;
    case MQC__WS_AWAITS_ACK: mqc__ws_client_keep(client, message); break;
    case MQC__WS_OPEN:
        if (client->first_pending != NULL || !mqc__ws_client_take_event(client, message))
            mqc__ws_client_keep(client, message);
        break;
    case MQC__WS_REFUSED:
    case MQC__WS_CLOSING: break;
    }
}

static void send_pong(struct mqc__ws_client *client, struct mqc_view payload)
{
    unsigned char frame[MQC__WS_CONTROL_FRAME_BYTES_MAX];
    const size_t size = mqc__ws_frame_control(MQC__WS_OPCODE_PONG, payload, frame);
    mqc__ws_wire_send(&client->wire, mqc__ws_outgoing_bytes(mqc_view_bytes(frame, size)));
}

static void take_input(struct mqc__ws_client *client, const struct mqc__ws_input *input)
{
    switch (input->kind) {
    case MQC__WS_NOTHING: break;
    case MQC__WS_MESSAGE: take_message(client, input->payload); break;
    case MQC__WS_PING:
        if (client->state != MQC__WS_CLOSING)
            send_pong(client, input->payload);
        break;
    case MQC__WS_PONG: client->awaits_pong = false; break;
    case MQC__WS_CLOSE: mqc__ws_client_peer_closes(client, input); break;
    case MQC__WS_BROKEN: mqc__ws_client_close(client, input->code, input->reason); break;
    }
}

void mqc__ws_client_take_frames(struct mqc__ws_client *client, struct mqc_view bytes)
{
    struct mqc__ws_input input = {.kind = MQC__WS_PONG};
    while (client->stage == MQC__WS_STAGE_TALKING && input.kind != MQC__WS_NOTHING) {
        const size_t used = mqc__ws_frames_feed(client->frames, bytes, &input);
        bytes = (struct mqc_view){bytes.data + used, bytes.size - used};
        take_input(client, &input);
    }
    mqc__ws_client_end_publishing(client);
}
