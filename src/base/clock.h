#ifndef MQC_BASE_CLOCK_H
#define MQC_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds that never jump and that go on while the machine sleeps (CLOCK_BOOTTIME); for
 * timers only, the start is arbitrary. Any thread. */
int64_t mqc__clock_monotonic_ms(void);

/* Nanoseconds since the Unix epoch, UTC; may jump when the clock is set. Any thread. */
int64_t mqc__clock_wall_ns(void);

/* 64 random bits from the kernel; they do not repeat after a fork. Any thread. */
uint64_t mqc__random_bits(void);

#endif
