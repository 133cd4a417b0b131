/* Echoes: what a client publishes, the node's handler publishes again. */
#include "bench/arrivals.h"
#include "bench/clock.h"
#include "bench/histogram.h"
#include "bench/report.h"
#include "bench/websocket_run.h"

#define BURST_COUNT 20000
#define STREAM_AHEAD 5000
#define ROUND_TRIPS_MOST 20000

/* More than can be under way. */
#define TIMES ((size_t)1 << 15)

static int64_t after_ns(double seconds)
{
    return clock_now_ns() + (int64_t)(seconds * (double)NS_PER_S);
}

/* How many are asked for, how fast. */
struct echoing {
    uint64_t ahead; /* at most so many are under way */
    uint64_t most;
    int64_t end_ns;
};

static struct arrivals arrivals;
static struct histogram latency_ns;
static int64_t sent_ns[TIMES];

/* Returns whether something was put. */
static bool put_some(struct websocket_wire *wire, const struct websocket_frame *ping,
                     const struct echoing *echoing, uint64_t *sent)
{
    const uint64_t before = *sent;
    const int64_t now_ns = clock_now_ns();
    while (*sent < echoing->most && *sent - arrivals.received < echoing->ahead &&
           now_ns < echoing->end_ns && websocket_wire_put(wire, ping, *sent)) {
        sent_ns[*sent % TIMES] = now_ns;
        (*sent)++;
    }
    return *sent > before;
}

/* As many as may be under way, and as the connection takes. */
static bool ask_for_more(struct websocket_wire *wire, const struct websocket_frame *ping,
                         const struct echoing *echoing, uint64_t *sent)
{
    while (put_some(wire, ping, echoing, sent)) {
        if (!websocket_wire_flush(wire))
            return false;
        if (websocket_wire_has_output(wire))
            break;
    }
    return true;
}

static void take_echoes(struct websocket_wire *wire)
{
    struct websocket_event event;
    const int64_t now_ns = clock_now_ns();
    while (websocket_wire_next(wire, &event)) {
        if (event.kind == 'p' && arrivals_note(&arrivals, event.number, now_ns))
            histogram_add(&latency_ns, (uint64_t)(now_ns - sent_ns[event.number % TIMES]));
    }
}

/* Returns how many were asked for. */
static uint64_t echo(const struct websocket_run *run, const struct echoing *echoing)
{
    struct websocket_wire *wire = &run->clients[0].wire;
    struct websocket_frame ping;
    uint64_t sent = 0;
    websocket_frame_make(&ping, "bench_ping", true);
    do {
        if (!ask_for_more(wire, &ping, echoing, &sent) ||
            !websocket_run_step(run, WEBSOCKET_PATIENCE_MS))
            break;
        take_echoes(wire);
    } while (arrivals.received < sent ||
             (sent < echoing->most && clock_now_ns() < echoing->end_ns));
    return sent;
}

static void report_echoes(uint64_t sent, int64_t start_ns)
{
    struct report report;
    report_begin(&report);
    if (arrivals.received > 0) {
        report_number(&report, "events_per_s",
                      (double)arrivals.received * (double)NS_PER_S /
                          (double)(arrivals.last_ns - start_ns));
        report_number(&report, "p50_us", (double)histogram_quantile(&latency_ns, 500) / 1e3);
        report_number(&report, "p99_us", (double)histogram_quantile(&latency_ns, 990) / 1e3);
    }
    report_count(&report, "sent", sent);
    report_count(&report, "lost", sent - arrivals.received);
    report_count(&report, "duplicates", arrivals.duplicates);
    report_end(&report);
}

static bool run_echo(const struct websocket_run *run, const struct echoing *echoing)
{
    const int64_t start_ns = clock_now_ns();
    report_echoes(echo(run, echoing), start_ns);
    return true;
}

bool websocket_run_round_trip(const struct websocket_run *run)
{
    return run_echo(run, &(struct echoing){1, ROUND_TRIPS_MOST, after_ns(run->seconds)});
}

bool websocket_run_burst(const struct websocket_run *run)
{
    return run_echo(run, &(struct echoing){BURST_COUNT, BURST_COUNT, INT64_MAX});
}

bool websocket_run_stream(const struct websocket_run *run)
{
    return run_echo(run, &(struct echoing){STREAM_AHEAD, ARRIVALS_LIMIT, after_ns(run->seconds)});
}
