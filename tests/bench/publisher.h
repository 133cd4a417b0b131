#ifndef TESTS_BENCH_PUBLISHER_H
#define TESTS_BENCH_PUBLISHER_H

#include "bench/clock.h"
#include "bench/pair.h"
#include "bench/plan.h"

/* What publishes, as a bench drives it. One thread. Where a function returns false, a
 * message could not be published, and standard error tells why. */
struct publisher {
    const struct plan *plan;
    struct pair *pair; /* its own, and those of its other receivers */
    unsigned index;    /* of the pair */
    void *session;
    char *payload;
    unsigned phase;
    uint64_t sent; /* accepted in all phases, but for what was given up as lost */
};

/* Makes the payload, of `size` bytes at most; false when memory runs out. publisher_close() frees
 * it. */
bool publisher_open(struct publisher *publisher, size_t size);
void publisher_close(struct publisher *publisher);

/* Begins a phase, from 0. */
void publisher_begin(struct publisher *publisher, unsigned phase);

/* Publishes one message and counts it, waiting while the subject is busy. Does not look at how far
 * the receiver is. */
bool publisher_send(struct publisher *publisher, size_t size);

/*
 * Publishes messages until a time: as fast as they can be, or evenly. Never more than the plan says
 * ahead of the receiver; ends early when messages were lost, or when the record is full.
 */
bool publisher_flood(struct publisher *publisher, size_t size, int64_t end_ns);
bool publisher_pace(struct publisher *publisher, size_t size, double per_s, int64_t end_ns);

/* Waits until everything has arrived. What has not when nothing arrived for PATIENCE_NS is lost,
 * and no longer waited for. */
void publisher_drain(struct publisher *publisher);

#define PATIENCE_NS (5 * NS_PER_S)

#endif
