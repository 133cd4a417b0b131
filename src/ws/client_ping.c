#include "ws/client.h"

#include <inttypes.h>
#include <stdio.h>

static void send_ping(struct mqc__ws_client *client)
{
    char payload[40];
    unsigned char frame[MQC__WS_CONTROL_FRAME_BYTES_MAX];
    const int length =
        snprintf(payload, sizeof payload, "mqcluster %" PRIu64, client->ping_count++);
    const size_t size =
        mqc__ws_frame_control(MQC__WS_OPCODE_PING, mqc_view_bytes(payload, (size_t)length), frame);
    client->awaits_pong = true;
    mqc__ws_wire_send(&client->wire, mqc__ws_outgoing_bytes(mqc_view_bytes(frame, size)));
}

/* It has sent a lot, and for an interval has read nothing of what it got for that. */
static void give_up_stuck(struct mqc__ws_client *client)
{
    mqc__ws_client_note_end(client, MQC__WS_CODE_ABNORMAL, "Send timeout");
    mqc__ws_client_drop(client);
}

/* The pong of one who is held back is not read, and once it is read again stands behind all that it
 * has sent meanwhile. */
static void on_interval(uv_timer_t *timer)
{
    struct mqc__ws_client *client = timer->data;
    const bool is_to_blame = mqc__ws_client_owes_reading(client);
    const bool was_stuck = client->is_stuck;
    const bool was_paused = client->was_paused;
    client->is_stuck = is_to_blame;
    client->was_paused = client->wire.is_paused;
    if (is_to_blame && was_stuck)
        give_up_stuck(client);
    else if (was_paused)
        return;
    else if (client->awaits_pong)
        mqc__ws_client_close(client, MQC__WS_CODE_INTERNAL, "Ping timeout");
    else
        send_ping(client);
}

void mqc__ws_client_begin_pings(struct mqc__ws_client *client)
{
    const int64_t interval_ms = client->listener->options->ping_interval_ms;
    (void)uv_timer_stop(&client->timer);
    if (interval_ms <= 0)
        return;
    (void)uv_timer_start(&client->timer, on_interval, (uint64_t)interval_ms, (uint64_t)interval_ms);
    send_ping(client);
}
