#ifndef TESTS_BENCH_FLOW_H
#define TESTS_BENCH_FLOW_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tells a publisher how far its receiver is, in memory that both processes share. */
struct flow {
    sem_t wake;
    _Atomic uint64_t arrived;
    _Atomic uint64_t wake_at; /* the publisher sleeps until so many have arrived */
};

/* Makes it ready for two processes; false when the system cannot. */
bool flow_init(struct flow *flow);

/* Counts one more arrival. The receiver's callback alone. */
void flow_note(struct flow *flow);

/* Returns how many have arrived. Any thread. */
uint64_t flow_arrived(struct flow *flow);

/* Sleeps until `count` have arrived; false when for timeout_ns none did. The publisher alone. */
bool flow_wait(struct flow *flow, uint64_t count, int64_t timeout_ns);

/* Returns how many messages of a size may be under way at once: as many as fit into max_bytes, at
 * most max_messages, at least one. */
uint64_t flow_window(size_t size, uint64_t max_messages, uint64_t max_bytes);

#endif
