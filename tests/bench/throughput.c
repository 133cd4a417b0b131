/* How many messages a second go through, or how long one big message holds up the others. */
#include "bench/bench.h"
#include "bench/clock.h"
#include "bench/report.h"

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

/* What is paced says nothing about a rate or its price. */
static void report_flood(struct report *report, const struct pair *pair)
{
    const struct phase *phase = &pair->phases[0];
    const double rate = arrivals_rate(&phase->arrivals);
    if (rate > 0)
        report_number(report, "events_per_s", rate);
    if (phase->arrivals.received > 0)
        report_number(report, "cpu_s_per_million",
                      (pair->publisher.cpu_s + pair->receiver.cpu_s) * 1e6 /
                          (double)phase->arrivals.received);
}

static void report_pair(const struct plan *plan, const struct pair *pair)
{
    const struct arrivals *arrivals = &pair->phases[0].arrivals;
    const long peaks[] = {pair->publisher.peak_rss_kb, pair->receiver.peak_rss_kb};
    struct report report;
    report_begin(&report);
    report_count(&report, "accepted", pair->phases[0].accepted);
    report_count(&report, "received", arrivals->received);
    report_count(&report, "duplicates", arrivals->duplicates);
    if (plan->big_bytes == 0)
        report_flood(&report, pair);
    if (arrivals->received > 1)
        report_number(&report, "max_gap_ms", (double)arrivals->max_gap_ns / 1e6);
    report_count(&report, "peak_rss_kb", (uint64_t)(peaks[0] > peaks[1] ? peaks[0] : peaks[1]));
    report_end(&report);
}

static void throughput_report(const struct plan *plan, const struct pair *pairs)
{
    for (unsigned i = 0; i < plan->pair_count; i++)
        report_pair(plan, &pairs[i]);
}

const struct bench bench_throughput = {
    .name = "throughput",
    .publish = throughput_publish,
    .report = throughput_report,
};
