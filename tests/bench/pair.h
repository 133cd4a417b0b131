#ifndef TESTS_BENCH_PAIR_H
#define TESTS_BENCH_PAIR_H

#include "bench/arrivals.h"
#include "bench/flow.h"
#include "bench/histogram.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PAIRS_MOST 64
#define PHASES_MOST 5

/* What happened in one phase of a run. Who publishes in it writes the first line, the callback on
 * the other side the rest. */
struct phase {
    uint64_t accepted;
    struct arrivals arrivals;
    struct histogram latency_ns;
};

/* What a process used between the start of the first phase and the end of the last. */
struct usage {
    double cpu_s;
    long peak_rss_kb; /* since the process began */
};

/*
 * A publisher and a receiver, each in a process of its own, as nodes are: Paho's clients of one
 * process share locks and threads. This is the memory that they and the main process share.
 */
struct pair {
    sem_t is_receiver_ready;
    sem_t receiver_work; /* a message wants a reply, or is_over was set */
    atomic_bool is_over;
    struct flow there; /* from the publisher to the receiver */
    struct flow back;  /* the replies */
    struct phase phases[PHASES_MOST];
    struct usage publisher;
    struct usage receiver;
};

/* Makes `count` pairs in shared memory, all zero and ready for use; the end of the process frees
 * them. Returns NULL on failure. */
struct pair *pair_new(unsigned count);

/* Fills in what the process used since `before`, which this function filled in too. */
void usage_read(struct usage *usage_out, const struct usage *before);

#endif
