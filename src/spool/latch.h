#ifndef MQC_SPOOL_LATCH_H
#define MQC_SPOOL_LATCH_H

#include <stdatomic.h>

/*
 * Something that many threads wait for and that comes once. A word and a futex: one call wakes all
 * that sleep, and they need no lock to go on.
 */
struct mqc__latch {
    atomic_uint word;
};

/* Prepares a closed latch. */
void mqc__latch_init(struct mqc__latch *latch);

/* Opens it with a value, at least 2, and wakes those who wait. Once. What was written before is
 * seen by those who waited. */
void mqc__latch_open(struct mqc__latch *latch, unsigned value);

/* Blocks until it is open; returns the value. Any thread. */
unsigned mqc__latch_wait(struct mqc__latch *latch);

#endif
