#ifndef TESTS_BENCH_ARRIVALS_H
#define TESTS_BENCH_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

/* How many messages one record has room for. */
#define ARRIVALS_LIMIT (UINT64_C(1) << 24)

/* What arrived of messages that are numbered from 0, and when. All zero is the empty record. One
 * thread. */
struct arrivals {
    uint64_t received;   /* each message once */
    uint64_t duplicates; /* arrived again */
    int64_t first_ns;
    int64_t last_ns;
    int64_t max_gap_ns; /* the longest time between two that followed each other */
    uint64_t seen[ARRIVALS_LIMIT / 64];
};

/* Records one arrival; false when the message has arrived before, or its number is beyond
 * ARRIVALS_LIMIT, which is not recorded at all. Times never go back. */
bool arrivals_note(struct arrivals *arrivals, uint64_t sequence, int64_t now_ns);

/* Returns the messages per second between the first arrival and the last; 0 when there is no time
 * between them. */
double arrivals_rate(const struct arrivals *arrivals);

#endif
