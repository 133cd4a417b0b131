#ifndef TESTS_BENCH_WEBSOCKET_RUN_H
#define TESTS_BENCH_WEBSOCKET_RUN_H

#include "bench/websocket_wire.h"

#include <poll.h>

/* So long nothing may come before what is missing counts as lost. */
#define WEBSOCKET_PATIENCE_MS 15000

struct websocket_client {
    struct websocket_wire wire;
    uint64_t received;
    bool has_ended; /* it knows how many were sent */
};

/* One measurement with its clients, which are connected. */
struct websocket_run {
    struct websocket_client *clients;
    struct pollfd *polls; /* as many */
    size_t client_count;
    double seconds;
};

/* Waits until a connection can go on, and reads and sends what it can. False when nothing happened
 * for too long, or a connection is gone. */
bool websocket_run_step(const struct websocket_run *run, int wait_ms);

/* Each measures one thing and prints one JSON object: see websocket_client.c. False when it could
 * not. */
bool websocket_run_round_trip(const struct websocket_run *run);
bool websocket_run_burst(const struct websocket_run *run);
bool websocket_run_stream(const struct websocket_run *run);
bool websocket_run_to_node(const struct websocket_run *run);
bool websocket_run_from_node(const struct websocket_run *run);

#endif
