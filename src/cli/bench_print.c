#include "cli/bench_print.h"

#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>

#define LINE_BYTES 600

static const struct mqc__bench_tally *tally_of(const struct mqc__bench_report *report,
                                               enum mqc__bench_kind kind)
{
    return &report->pair->tallies[kind];
}

static uint64_t sum(const uint64_t *counts)
{
    return counts[MQC__BENCH_KIND_LONE] + counts[MQC__BENCH_KIND_FLOW];
}

/* A time of the lone events in milliseconds. */
static double lone_ms(const struct mqc__bench_report *report, unsigned per_mille)
{
    const struct mqc__bench_tally *lone = tally_of(report, MQC__BENCH_KIND_LONE);
    return (double)mqc__bench_quantile(report->pair->lone_ns, lone->received, per_mille) / 1e6;
}

/* A cost of the flow for each event that arrived. */
static double per_event(const struct mqc__bench_report *report, double cost)
{
    return cost / (double)tally_of(report, MQC__BENCH_KIND_FLOW)->received;
}

static bool has_rate(const struct mqc__bench_report *report)
{
    return mqc__bench_tally_rate(tally_of(report, MQC__BENCH_KIND_FLOW)) > 0;
}

static bool print_lone(const struct mqc__bench_report *report)
{
    char line[LINE_BYTES];
    (void)snprintf(line, sizeof line,
                   "round trip  p50 %.3f ms, p90 %.3f ms, p99 %.3f ms, longest %.3f ms, of %" PRIu64
                   " lone events",
                   lone_ms(report, 500), lone_ms(report, 900), lone_ms(report, 990),
                   lone_ms(report, 1000), tally_of(report, MQC__BENCH_KIND_LONE)->received);
    return mqc__output_line(report->who, line);
}

static bool print_flow(const struct mqc__bench_report *report)
{
    const struct mqc__bench_tally *flow = tally_of(report, MQC__BENCH_KIND_FLOW);
    char line[LINE_BYTES];
    (void)snprintf(line, sizeof line,
                   "rate        %.0f events/s, longest gap %.1f ms\n"
                   "bytes       %.0f sent for an event of %zu\n"
                   "processor   %.2f s for a million events, of both ends",
                   mqc__bench_tally_rate(flow), (double)flow->max_gap_ns / 1e6,
                   per_event(report, (double)report->cost->out_bytes), report->size,
                   per_event(report, report->cost->cpu_s) * 1e6);
    return mqc__output_line(report->who, line);
}

bool mqc__bench_print_text(const struct mqc__bench_report *report)
{
    const struct mqc__bench_tally *lone = tally_of(report, MQC__BENCH_KIND_LONE);
    const struct mqc__bench_tally *flow = tally_of(report, MQC__BENCH_KIND_FLOW);
    const uint64_t accepted = sum(report->pair->accepted);
    const uint64_t received = lone->received + flow->received;
    char line[LINE_BYTES];
    (void)snprintf(line, sizeof line,
                   "broker      %s, guarantee %s\n"
                   "events      %" PRIu64 " accepted, %" PRIu64 " received, %" PRIu64
                   " lost, %" PRIu64 " twice",
                   report->broker, report->guarantee, accepted, received, accepted - received,
                   lone->duplicates + flow->duplicates);
    return mqc__output_line(report->who, line) && (lone->received == 0 || print_lone(report)) &&
           (!has_rate(report) || print_flow(report));
}

/* What describes both kinds of events: the head of an object. */
static int write_head(const struct mqc__bench_report *report, const char *bench, char *line_out)
{
    return snprintf(line_out, LINE_BYTES,
                    "{\"bench\": \"%s\", \"subject\": \"mqcluster\", \"qos\": %d, \"tls\": %s",
                    bench, strcmp(report->guarantee, "best_effort") == 0 ? 0 : 1,
                    report->is_tls ? "true" : "false");
}

static bool print_throughput(const struct mqc__bench_report *report)
{
    const struct mqc__bench_tally *flow = tally_of(report, MQC__BENCH_KIND_FLOW);
    char line[LINE_BYTES];
    int end = write_head(report, "throughput", line);
    end += snprintf(line + end, sizeof line - (size_t)end,
                    ", \"payload_bytes\": %zu, \"topics\": 1, \"receivers\": 1, \"durability\": "
                    "\"memory\", \"guarantee\": \"%s\", \"accepted\": %" PRIu64
                    ", \"received\": %" PRIu64 ", \"duplicates\": %" PRIu64,
                    report->size, report->guarantee, report->pair->accepted[MQC__BENCH_KIND_FLOW],
                    flow->received, flow->duplicates);
    if (has_rate(report))
        end += snprintf(line + end, sizeof line - (size_t)end,
                        ", \"events_per_s\": %.3f, \"max_gap_ms\": %.3f, \"cpu_s_per_million\": "
                        "%.3f, \"peak_rss_kb\": %ld",
                        mqc__bench_tally_rate(flow), (double)flow->max_gap_ns / 1e6,
                        per_event(report, report->cost->cpu_s) * 1e6, report->cost->peak_rss_kb);
    (void)snprintf(line + end, sizeof line - (size_t)end, "}");
    return mqc__output_line(report->who, line);
}

static bool print_latency(const struct mqc__bench_report *report)
{
    char line[LINE_BYTES];
    const int end = write_head(report, "latency", line);
    (void)snprintf(line + end, sizeof line - (size_t)end,
                   ", \"load\": \"low\", \"p50_us\": %.3f, \"p90_us\": %.3f, \"p99_us\": %.3f, "
                   "\"max_us\": %.3f, \"samples\": %" PRIu64 "}",
                   lone_ms(report, 500) * 1e3, lone_ms(report, 900) * 1e3,
                   lone_ms(report, 990) * 1e3, lone_ms(report, 1000) * 1e3,
                   tally_of(report, MQC__BENCH_KIND_LONE)->received);
    return mqc__output_line(report->who, line);
}

static bool print_wire(const struct mqc__bench_report *report)
{
    char line[LINE_BYTES];
    (void)snprintf(line, sizeof line,
                   "{\"bench\": \"wire\", \"subject\": \"mqcluster\", \"compressed\": %s, "
                   "\"bytes_per_event\": %.3f}",
                   report->is_compressed ? "true" : "false",
                   per_event(report, (double)report->cost->out_bytes));
    return mqc__output_line(report->who, line);
}

bool mqc__bench_print_json(const struct mqc__bench_report *report)
{
    return (tally_of(report, MQC__BENCH_KIND_LONE)->received == 0 || print_latency(report)) &&
           (report->pair->accepted[MQC__BENCH_KIND_FLOW] == 0 || print_throughput(report)) &&
           (!has_rate(report) || print_wire(report));
}
