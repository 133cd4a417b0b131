#ifndef MQC_CLI_BENCH_RUN_H
#define MQC_CLI_BENCH_RUN_H

#include "cli/bench_pair.h"

/* What `mqcluster bench` is to do. */
struct mqc__bench_plan {
    int64_t time_ms;    /* how long to publish; -1: until `events` are sent */
    uint64_t events;    /* after which to end */
    uint64_t rate;      /* events per second; 0: as many as possible */
    int64_t timeout_ms; /* to wait for the broker, for room, and for what is late */
};

/* What it used between the first event of the flow and the last. */
struct mqc__bench_cost {
    double cpu_s; /* of the process, which holds both ends */
    long peak_rss_kb;
    uint64_t out_bytes; /* from the publishing end to the broker */
};

/* How many events are due by a time after the start: at `rate` a second, the first at once. */
uint64_t mqc__bench_due(uint64_t rate, int64_t passed_ns);

/* Publishes lone events, one after the other has arrived, then all others, and waits until they
 * have arrived. Ends early on a signal, or when events do not arrive. False when that is all that
 * can be measured, which it reports. */
bool mqc__bench_run(struct mqc__bench_pair *pair, const struct mqc__bench_plan *plan,
                    struct mqc__bench_cost *cost_out);

#endif
