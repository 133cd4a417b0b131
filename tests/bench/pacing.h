#ifndef TESTS_BENCH_PACING_H
#define TESTS_BENCH_PACING_H

#include <stdint.h>

/* A plan to send at an even rate, which catches up on what could not be sent in time. */
struct pacing {
    int64_t start_ns;
    double interval_ns;
    uint64_t sent; /* counted by the caller */
};

/* Begins a plan of `per_s` messages a second; the first is due at start_ns. A rate of 0 or less
 * counts as the lowest, one message in a thousand seconds. */
void pacing_start(struct pacing *pacing, int64_t start_ns, double per_s);

/* Returns how many messages are due at a time and not sent. */
uint64_t pacing_due(const struct pacing *pacing, int64_t now_ns);

/* Returns when the next message will be due, at the earliest `least_ns` from now: a sleep that is
 * shorter than a wake-up costs would take the processor from what is measured. */
int64_t pacing_wake_ns(const struct pacing *pacing, int64_t now_ns, int64_t least_ns);

/* Many that send once in each period take turns, so that no two send at once: returns when it is
 * the turn of `slot` (from 0) of `slot_count` in a period, numbered from the start of the clock.
 * From one period to the next it comes up to a quarter earlier or later, so that it does not keep
 * step with a timer in what is measured. */
int64_t pacing_slot_ns(uint64_t period, int64_t period_ns, unsigned slot, unsigned slot_count);

#endif
