/* Events in one direction, as many as go through. */
#include "bench/clock.h"
#include "bench/report.h"
#include "bench/websocket_run.h"

/* The node hears so often how far its slowest client is. */
#define SEEN_EACH 500

/* Sends one event, after those before. */
static bool tell(const struct websocket_run *run, const char *event, uint64_t number)
{
    struct websocket_wire *wire = &run->clients[0].wire;
    struct websocket_frame frame;
    websocket_frame_make(&frame, event, false);
    while (!websocket_wire_put(wire, &frame, number)) {
        if (!websocket_run_step(run, WEBSOCKET_PATIENCE_MS))
            return false;
    }
    return websocket_wire_flush(wire);
}

static void report_flow(uint64_t sent, uint64_t received, double rate)
{
    struct report report;
    report_begin(&report);
    if (rate > 0)
        report_number(&report, "events_per_s", rate);
    report_count(&report, "sent", sent);
    report_count(&report, "lost", sent - received);
    report_end(&report);
}

bool websocket_run_to_node(const struct websocket_run *run)
{
    struct websocket_wire *wire = &run->clients[0].wire;
    struct websocket_frame count;
    struct websocket_event told = {.kind = '\0'};
    const int64_t start_ns = clock_now_ns();
    const int64_t end_ns = start_ns + (int64_t)(run->seconds * (double)NS_PER_S);
    uint64_t sent = 0;
    websocket_frame_make(&count, "bench_count", true);
    while (clock_now_ns() < end_ns) {
        while (websocket_wire_put(wire, &count, sent))
            sent++;
        if (!websocket_wire_flush(wire) ||
            !websocket_run_step(run, websocket_wire_has_output(wire) ? WEBSOCKET_PATIENCE_MS : 0))
            return false;
        (void)websocket_wire_next(wire, &told); /* pings */
    }
    if (!tell(run, "bench_ask", 0))
        return false;
    while (!websocket_wire_next(wire, &told) || told.kind != 't') {
        if (!websocket_run_step(run, WEBSOCKET_PATIENCE_MS))
            return false;
    }
    report_flow(sent, told.number,
                (double)told.number * (double)NS_PER_S / (double)(clock_now_ns() - start_ns));
    return true;
}

/* What all clients together know of a flood. */
struct flood {
    uint64_t sent; /* once one has heard it */
    uint64_t least;
    uint64_t seen; /* as told to the node */
    size_t ended;
    int64_t first_ns;
    int64_t last_ns;
};

static void take_flow(struct websocket_client *client, struct flood *flood)
{
    struct websocket_event event;
    while (websocket_wire_next(&client->wire, &event)) {
        if (event.kind == 'f') {
            client->received++;
        } else if (event.kind == 'e' && !client->has_ended) {
            client->has_ended = true;
            flood->sent = event.number;
            flood->ended++;
        }
    }
    if (!client->has_ended && client->received < flood->least)
        flood->least = client->received;
}

static bool take_flows(const struct websocket_run *run, struct flood *flood)
{
    flood->least = UINT64_MAX;
    for (size_t i = 0; i < run->client_count; i++)
        take_flow(&run->clients[i], flood);
    flood->last_ns = clock_now_ns();
    if (flood->first_ns == 0)
        flood->first_ns = flood->last_ns;
    if (flood->least == UINT64_MAX || flood->least < flood->seen + SEEN_EACH)
        return true;
    flood->seen = flood->least;
    return tell(run, "bench_seen", flood->seen);
}

bool websocket_run_from_node(const struct websocket_run *run)
{
    struct flood flood = {.sent = 0};
    uint64_t received = 0;
    if (!tell(run, "bench_flood", (uint64_t)(run->seconds * 1000)))
        return false;
    while (flood.ended < run->client_count) {
        if (!websocket_run_step(run, WEBSOCKET_PATIENCE_MS) || !take_flows(run, &flood))
            break;
    }
    for (size_t i = 0; i < run->client_count; i++)
        received += run->clients[i].received;
    if (flood.ended == 0 || flood.sent == 0)
        return false;
    report_flow(flood.sent * run->client_count, received,
                (double)flood.sent * (double)NS_PER_S / (double)(flood.last_ns - flood.first_ns));
    return true;
}
