/* How many messages a second go through, or how long one big message holds up the others. */
#include "bench/bench.h"
#include "bench/clock.h"
#include "bench/report.h"

#include <float.h>

/* Of the messages around a big one. */
#define SLOW_PER_S 1000.0

static int64_t after(double seconds)
{
    return clock_now_ns() + (int64_t)(seconds * (double)NS_PER_S);
}

static bool publish_around(struct publisher *publisher)
{
    const struct plan *plan = publisher->plan;
    const double half = plan->seconds / 2;
    return publisher_pace(publisher, plan->payload_bytes, SLOW_PER_S, after(half)) &&
           publisher_send(publisher, plan->big_bytes) &&
           publisher_pace(publisher, plan->payload_bytes, SLOW_PER_S, after(half));
}

static bool throughput_publish(struct publisher *publisher)
{
    const struct plan *plan = publisher->plan;
    publisher_begin(publisher, 0);
    const bool is_done =
        plan->big_bytes > 0 ? publish_around(publisher)
                            : publisher_flood(publisher, plan->payload_bytes, after(plan->seconds));
    publisher_drain(publisher);
    return is_done;
}

/* A publisher with its receivers, each of which is to get every message. */
struct sum {
    uint64_t received;   /* by who got the fewest */
    uint64_t duplicates; /* of all */
    double events_per_s; /* of the slowest */
    int64_t max_gap_ns;
    double cpu_s;
    long peak_rss_kb;
};

static void add_usage(struct sum *sum, const struct usage *usage)
{
    sum->cpu_s += usage->cpu_s;
    if (usage->peak_rss_kb > sum->peak_rss_kb)
        sum->peak_rss_kb = usage->peak_rss_kb;
}

static void add_receiver(struct sum *sum, const struct pair *pair)
{
    const struct arrivals *arrivals = &pair->phases[0].arrivals;
    const double rate = arrivals_rate(arrivals);
    if (arrivals->received < sum->received)
        sum->received = arrivals->received;
    if (rate < sum->events_per_s)
        sum->events_per_s = rate;
    if (arrivals->max_gap_ns > sum->max_gap_ns)
        sum->max_gap_ns = arrivals->max_gap_ns;
    sum->duplicates += arrivals->duplicates;
    add_usage(sum, &pair->receiver);
}

static struct sum add_up(const struct plan *plan, const struct pair *pairs)
{
    struct sum sum = {.received = UINT64_MAX, .events_per_s = DBL_MAX};
    for (unsigned i = 0; i < plan->receiver_count; i++)
        add_receiver(&sum, &pairs[i]);
    add_usage(&sum, &pairs[0].publisher);
    return sum;
}

/* What is paced says nothing about a rate or its price. */
static void report_flood(struct report *report, const struct sum *sum)
{
    if (sum->events_per_s > 0)
        report_number(report, "events_per_s", sum->events_per_s);
    if (sum->received > 0)
        report_number(report, "cpu_s_per_million", sum->cpu_s * 1e6 / (double)sum->received);
}

static void report_publisher(const struct plan *plan, const struct pair *pairs)
{
    const struct sum sum = add_up(plan, pairs);
    struct report report;
    report_begin(&report);
    report_count(&report, "accepted", pairs[0].phases[0].accepted);
    report_count(&report, "received", sum.received);
    report_count(&report, "duplicates", sum.duplicates);
    if (plan->big_bytes == 0)
        report_flood(&report, &sum);
    if (sum.received > 1)
        report_number(&report, "max_gap_ms", (double)sum.max_gap_ns / 1e6);
    report_count(&report, "peak_rss_kb", (uint64_t)sum.peak_rss_kb);
    report_end(&report);
}

static void throughput_report(const struct plan *plan, const struct pair *pairs)
{
    for (unsigned i = 0; i < plan->pair_count; i += plan->receiver_count)
        report_publisher(plan, &pairs[i]);
}

const struct bench bench_throughput = {
    .name = "throughput",
    .publish = throughput_publish,
    .report = throughput_report,
};
