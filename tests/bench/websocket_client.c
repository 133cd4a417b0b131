/*
 * The client of tests/bench/bench_websocket.py, made to cost little itself:
 *
 *     websocket_client WHAT PORT SECONDS CLIENTS
 *
 * Measures one thing and prints one JSON object:
 *
 *     to-node      one client floods the node, which counts
 *     from-node    the node floods its clients, never far ahead of the slowest
 *     round-trip   a client has one event echoed at a time
 *     burst        it asks for 20,000 echoes at once
 *     stream       it asks for more whenever fewer than so many are under way
 */
#include "bench/websocket_run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define CLIENTS_MOST 1000

bool websocket_run_step(const struct websocket_run *run, int wait_ms)
{
    for (size_t i = 0; i < run->client_count; i++) {
        const struct websocket_wire *wire = &run->clients[i].wire;
        const short output = websocket_wire_has_output(wire) ? POLLOUT : 0;
        run->polls[i] = (struct pollfd){.fd = wire->fd, .events = (short)(POLLIN | output)};
    }
    if (poll(run->polls, run->client_count, wait_ms) <= 0)
        return wait_ms == 0;
    for (size_t i = 0; i < run->client_count; i++) {
        struct websocket_wire *wire = &run->clients[i].wire;
        const short events = run->polls[i].revents;
        if (((events & POLLOUT) != 0 && !websocket_wire_flush(wire)) ||
            ((events & ~POLLOUT) != 0 && !websocket_wire_fill(wire)))
            return false;
    }
    return true;
}

static const struct {
    const char *name;
    bool (*run)(const struct websocket_run *run);
} things[] = {
    {"to-node", websocket_run_to_node},       {"from-node", websocket_run_from_node},
    {"round-trip", websocket_run_round_trip}, {"burst", websocket_run_burst},
    {"stream", websocket_run_stream},
};

static bool run_thing(const char *name, const struct websocket_run *run)
{
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
        if (strcmp(things[i].name, name) == 0)
            return things[i].run(run);
    }
    websocket_complain("nothing to measure is called %s", name);
    return false;
}

static bool connect_all(struct websocket_run *run, size_t count, uint16_t port)
{
    run->clients = calloc(count, sizeof *run->clients);
    run->polls = calloc(count, sizeof *run->polls);
    if (run->clients == NULL || run->polls == NULL)
        return false;
    while (run->client_count < count &&
           websocket_wire_open(&run->clients[run->client_count].wire, port))
        run->client_count++;
    return run->client_count == count;
}

static void close_all(struct websocket_run *run)
{
    for (size_t i = 0; i < run->client_count; i++)
        websocket_wire_close(&run->clients[i].wire);
    free(run->clients);
    free(run->polls);
}

int main(int argc, char **argv)
{
    struct websocket_run run = {.client_count = 0};
    if (argc != 5) {
        websocket_complain("usage: websocket_client WHAT PORT SECONDS CLIENTS");
        return 2;
    }
    /* Whoever has started it and is gone needs no figures. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    const unsigned long port = strtoul(argv[2], NULL, 10);
    const unsigned long clients = strtoul(argv[4], NULL, 10);
    run.seconds = strtod(argv[3], NULL);
    if (port > UINT16_MAX || clients < 1 || clients > CLIENTS_MOST || !(run.seconds > 0)) {
        websocket_complain("no port, no time, or not from 1 to %d clients", CLIENTS_MOST);
        return 2;
    }
    const bool is_done = connect_all(&run, clients, (uint16_t)port) && run_thing(argv[1], &run);
    close_all(&run);
    return is_done ? 0 : 1;
}
