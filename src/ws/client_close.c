#include "ws/client.h"

static void on_grace_over(uv_timer_t *timer)
{
    mqc__ws_client_drop(timer->data);
}

void mqc__ws_client_note_end(struct mqc__ws_client *client, unsigned code, const char *reason)
{
    if (client->has_code)
        return;
    const size_t size = strnlen(reason, sizeof client->reason - 1);
    client->has_code = true;
    client->code = code;
    memcpy(client->reason, reason, size);
    client->reason[size] = '\0';
}

static void send_close(struct mqc__ws_client *client, unsigned code, struct mqc_view reason)
{
    unsigned char frame[MQC__WS_CONTROL_FRAME_BYTES_MAX];
    const size_t size = mqc__ws_frame_close(code, reason, frame);
    mqc__ws_wire_send(&client->wire, mqc__ws_outgoing_bytes(mqc_view_bytes(frame, size)));
}

/* From here on it gets no events, and what it says is not looked at but for its close. */
static void begin_closing(struct mqc__ws_client *client)
{
    struct mqc__ws_server *server = client->server;
    client->state = MQC__WS_CLOSING;
    mqc__ws_server_let_go(server, client);
    mqc__ws_client_forget_pending(client);
    if (client->is_in_hub)
        mqc__ws_hub_remove(server->hub, &client->outlet);
    client->is_in_hub = false;
    (void)uv_timer_start(&client->timer, on_grace_over, client->listener->options->grace_ms, 0);
}

void mqc__ws_client_close(struct mqc__ws_client *client, unsigned code, const char *reason)
{
    if (client->stage != MQC__WS_STAGE_TALKING || client->state == MQC__WS_CLOSING)
        return;
    mqc__ws_client_note_end(client, code, reason);
    begin_closing(client);
    send_close(client, code, mqc_view_text(reason));
    if (client->has_peer_closed)
        mqc__ws_wire_finish(&client->wire);
    mqc__ws_client_steer(client);
}

/* A reason may hold NUL; the copy ends there. */
static void note_peers_end(struct mqc__ws_client *client, const struct mqc__ws_input *input)
{
    char reason[MQC__WS_CONTROL_BYTES_MAX] = "";
    if (input->payload.size != 0 && input->payload.size < sizeof reason)
        memcpy(reason, input->payload.data, input->payload.size);
    if (input->code == MQC__WS_CODE_NONE)
        mqc__ws_client_note_end(client, input->code, "No status code");
    else
        mqc__ws_client_note_end(client, input->code, reason);
}

static void answer_close(struct mqc__ws_client *client)
{
    const bool has_code = client->peer_code != MQC__WS_CODE_NONE;
    begin_closing(client);
    send_close(client, client->peer_code, mqc_view_text(has_code ? client->reason : ""));
    if (client->stage == MQC__WS_STAGE_TALKING)
        mqc__ws_wire_finish(&client->wire);
    mqc__ws_client_steer(client);
}

void mqc__ws_client_answer_close(struct mqc__ws_client *client)
{
    if (client->has_peer_closed && client->first_pending == NULL &&
        client->stage == MQC__WS_STAGE_TALKING && client->state == MQC__WS_OPEN)
        answer_close(client);
}

/* Its subscriptions take long to become active: its events are given up. */
static void on_patience_over(uv_timer_t *timer)
{
    struct mqc__ws_client *client = timer->data;
    if (client->state == MQC__WS_AWAITS_ACK)
        answer_close(client);
}

/* What it sent before its close is not lost because there was no room for it, or because it did not
 * wait for its acknowledgement. */
void mqc__ws_client_peer_closes(struct mqc__ws_client *client, const struct mqc__ws_input *input)
{
    client->has_peer_closed = true;
    client->peer_code = input->code;
    if (client->state == MQC__WS_CLOSING) {
        mqc__ws_wire_finish(&client->wire);
        return;
    }
    note_peers_end(client, input);
    if (client->first_pending == NULL)
        answer_close(client);
    else
        (void)uv_timer_start(&client->timer, on_patience_over, client->listener->options->grace_ms,
                             0);
}
