#include "ws/options.h"

#define MIB ((size_t)1 << 20)

void mqc_websocket_options_init(struct mqc_websocket_options *options_out)
{
    *options_out = (struct mqc_websocket_options){
        .listen_addr = "127.0.0.1",
        .listen_port = 27759,
        .max_event_queue_size = 32,
        .ping_interval_ms = 5000,
        .max_connections = 1000,
        .handshake_timeout_ms = 3000,
        .max_message_bytes = 8 * MIB,
        .max_pending_bytes = 8 * MIB,
        .max_outbound_bytes = 64 * MIB,
        .grace_ms = 1000,
        .serves_websocket = true,
        .serves_healthz = true,
        .serves_metrics = true,
    };
}
