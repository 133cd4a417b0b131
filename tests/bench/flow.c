#include "bench/flow.h"

#include "bench/clock.h"

#include <errno.h>

bool flow_init(struct flow *flow)
{
    atomic_store(&flow->arrived, 0);
    atomic_store(&flow->wake_at, UINT64_MAX);
    return sem_init(&flow->wake, 1, 0) == 0;
}

void flow_note(struct flow *flow)
{
    const uint64_t arrived = atomic_fetch_add(&flow->arrived, 1) + 1;
    if (arrived >= atomic_load(&flow->wake_at) &&
        atomic_exchange(&flow->wake_at, UINT64_MAX) != UINT64_MAX)
        (void)sem_post(&flow->wake);
}

uint64_t flow_arrived(struct flow *flow)
{
    return atomic_load(&flow->arrived);
}

/* Sleeps until woken, but no longer than until `time_ns`; a wake-up too many does no harm. */
static void sleep_until(struct flow *flow, int64_t time_ns)
{
    const struct timespec time = {time_ns / NS_PER_S, time_ns % NS_PER_S};
    (void)sem_clockwait(&flow->wake, CLOCK_MONOTONIC, &time);
}

bool flow_wait(struct flow *flow, uint64_t count, int64_t timeout_ns)
{
    uint64_t before = flow_arrived(flow);
    int64_t deadline_ns = clock_now_ns() + timeout_ns;
    for (;;) {
        atomic_store(&flow->wake_at, count);
        /* After the store: the receiver looks at wake_at after it has counted. */
        const uint64_t arrived = flow_arrived(flow);
        if (arrived >= count)
            return true;
        if (arrived != before)
            deadline_ns = clock_now_ns() + timeout_ns;
        else if (clock_now_ns() >= deadline_ns)
            return false;
        before = arrived;
        sleep_until(flow, deadline_ns);
    }
}

uint64_t flow_window(size_t size, uint64_t max_messages, uint64_t max_bytes)
{
    const uint64_t fitting = size > 0 ? max_bytes / size : max_messages;
    const uint64_t window = fitting < max_messages ? fitting : max_messages;
    return window > 0 ? window : 1;
}
