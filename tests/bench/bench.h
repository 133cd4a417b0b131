#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "bench/pair.h"
#include "bench/plan.h"
#include "bench/publisher.h"

/* Something to measure between a publisher and a receiver: one file each, listed in bench.c. What
 * is measured otherwise has a program of its own, and a bench_NAME.py that calls it. */
struct bench {
    const char *name;

    /* The phase in which the receiver answers each message with one like it, and the phase to which
     * the answers belong; both 0: there is none. */
    unsigned asking_phase;
    unsigned reply_phase;

    /* Publishes, phase after phase. In the publisher's process, when its receiver is ready. False
     * when it could not be measured, of which standard error tells. */
    bool (*publish)(struct publisher *publisher);

    /* Prints one JSON object for each phase. In the main process, when all pairs have ended. */
    void (*report)(const struct plan *plan, const struct pair *pairs);
};

extern const struct bench bench_latency;
extern const struct bench bench_throughput;

/* Returns the bench of a name, NULL when there is none. */
const struct bench *bench_find(const char *name);

#endif
