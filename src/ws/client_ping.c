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

/* The pong of one who is held back is not read. */
static void on_interval(uv_timer_t *timer)
{
    struct mqc__ws_client *client = timer->data;
    if (client->wire.is_paused)
        return;
    if (client->awaits_pong)
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
