/* The time from just before publish to the receiver's callback, under different loads. */
#include "bench/bench.h"
#include "bench/pacing.h"
#include "bench/report.h"

enum { PHASE_FULL, PHASE_HALF, PHASE_LOW, PHASE_LOW_BACK, PHASE_IDLE };

/* The phases of each load. */
static const struct {
    const char *name;
    unsigned first;
    unsigned last;
} loads[] = {
    {"idle", PHASE_IDLE, PHASE_IDLE},
    {"low", PHASE_LOW, PHASE_LOW_BACK},
    {"half", PHASE_HALF, PHASE_HALF},
    {"full", PHASE_FULL, PHASE_FULL},
};

static int64_t end_of_phase(const struct publisher *publisher)
{
    return clock_now_ns() + (int64_t)(publisher->plan->seconds * (double)NS_PER_S);
}

static bool run_full(struct publisher *publisher)
{
    publisher_begin(publisher, PHASE_FULL);
    const bool is_done =
        publisher_flood(publisher, publisher->plan->payload_bytes, end_of_phase(publisher));
    publisher_drain(publisher);
    return is_done;
}

/* At half the rate of before. */
static bool run_half(struct publisher *publisher)
{
    const double full_per_s = arrivals_rate(&publisher->pair->phases[PHASE_FULL].arrivals);
    publisher_begin(publisher, PHASE_HALF);
    const bool is_done = publisher_pace(publisher, publisher->plan->payload_bytes, full_per_s / 2,
                                        end_of_phase(publisher));
    publisher_drain(publisher);
    return is_done;
}

/* One message at a time, there and back in turn: each side answers what has come, as nodes do,
 * which publish and receive on one connection. */
static bool run_low(struct publisher *publisher)
{
    const struct plan *plan = publisher->plan;
    const int64_t end_ns = end_of_phase(publisher);
    publisher_begin(publisher, PHASE_LOW);
    for (uint64_t i = 1; i <= plan->samples / 2 && clock_now_ns() < end_ns; i++) {
        if (!publisher_send(publisher, plan->payload_bytes))
            return false;
        if (!flow_wait(&publisher->pair->back, i, PATIENCE_NS))
            break;
    }
    publisher_drain(publisher);
    return true;
}

/* One message a second, each pair at its own time. */
static bool run_idle(struct publisher *publisher)
{
    const struct plan *plan = publisher->plan;
    /* Nothing is sent in the first period, so that the connection has come to rest. */
    const uint64_t first = (uint64_t)(clock_now_ns() / NS_PER_S) + 2;
    publisher_begin(publisher, PHASE_IDLE);
    for (uint64_t period = first; period < first + (uint64_t)plan->seconds; period++) {
        clock_sleep_until(
            pacing_slot_ns(period, NS_PER_S, plan->slot + publisher->index, plan->slot_count));
        if (!publisher_send(publisher, plan->payload_bytes))
            return false;
    }
    publisher_drain(publisher);
    return true;
}

static bool latency_publish(struct publisher *publisher)
{
    if (publisher->plan->is_idle)
        return run_idle(publisher);
    return run_full(publisher) && run_half(publisher) && run_low(publisher);
}

/* What the phases of one load brought together. */
struct sum {
    uint64_t accepted;
    uint64_t duplicates;
    struct histogram latency_ns;
};

static void add_phase(struct sum *sum, const struct phase *phase)
{
    sum->accepted += phase->accepted;
    sum->duplicates += phase->arrivals.duplicates;
    histogram_merge(&sum->latency_ns, &phase->latency_ns);
}

static void report_load(const char *load, const struct sum *sum)
{
    const struct histogram *latency_ns = &sum->latency_ns;
    struct report report;
    report_begin(&report);
    report_text(&report, "load", load);
    report_count(&report, "accepted", sum->accepted);
    report_count(&report, "received", latency_ns->count);
    report_count(&report, "duplicates", sum->duplicates);
    if (latency_ns->count > 0) {
        report_number(&report, "p50_us", (double)histogram_quantile(latency_ns, 500) / 1e3);
        report_number(&report, "p90_us", (double)histogram_quantile(latency_ns, 900) / 1e3);
        report_number(&report, "p99_us", (double)histogram_quantile(latency_ns, 990) / 1e3);
        report_number(&report, "max_us", (double)latency_ns->max / 1e3);
    }
    report_end(&report);
}

static void latency_report(const struct plan *plan, const struct pair *pairs)
{
    static struct sum sum; /* too large for a stack */
    for (size_t load = 0; load < sizeof loads / sizeof loads[0]; load++) {
        sum = (struct sum){.accepted = 0};
        for (unsigned i = 0; i < plan->pair_count; i++) {
            for (unsigned phase = loads[load].first; phase <= loads[load].last; phase++)
                add_phase(&sum, &pairs[i].phases[phase]);
        }
        if (sum.accepted > 0)
            report_load(loads[load].name, &sum);
    }
}

const struct bench bench_latency = {
    .name = "latency",
    .asking_phase = PHASE_LOW,
    .reply_phase = PHASE_LOW_BACK,
    .publish = latency_publish,
    .report = latency_report,
};
