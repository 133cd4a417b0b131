#ifndef MQC_CLI_BENCH_TALLY_H
#define MQC_CLI_BENCH_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What arrived of events that are numbered from 0, and when: each number is counted once, however
 * often it comes. Not thread-safe.
 */
struct mqc__bench_tally {
    uint64_t limit;      /* numbers from here on are not counted */
    uint64_t received;   /* each event once */
    uint64_t duplicates; /* came again */
    int64_t first_ns;
    int64_t last_ns;
    int64_t max_gap_ns; /* the longest time between two that followed each other */
    uint64_t *seen;
};

/* Prepares an empty tally for numbers below `limit`; false when memory runs out. The caller calls
 * mqc__bench_tally_fini() in any case. */
bool mqc__bench_tally_init(struct mqc__bench_tally *tally, uint64_t limit);

/* Counts an arrival at a time that never goes back; false when the event has come before or its
 * number is not below the limit. */
bool mqc__bench_tally_note(struct mqc__bench_tally *tally, uint64_t number, int64_t now_ns);

/* Events per second between the first arrival and the last; 0 when there is no time between. */
double mqc__bench_tally_rate(const struct mqc__bench_tally *tally);

void mqc__bench_tally_fini(struct mqc__bench_tally *tally);

/* Sorts times, for the next one. */
void mqc__bench_sort(int64_t *times, size_t count);

/* The smallest of sorted times that at least `per_mille` thousandths (1 to 1000) of them do not
 * exceed: 500 is the median, 1000 the longest. 0 when there is none. */
int64_t mqc__bench_quantile(const int64_t *sorted, size_t count, unsigned per_mille);

#endif
