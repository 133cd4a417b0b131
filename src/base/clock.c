#include "base/clock.h"

#include <sys/random.h>
#include <time.h>

int64_t mqc__clock_monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t mqc__clock_wall_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

uint64_t mqc__random_bits(void)
{
    uint64_t bits = 0;
    /* Early in boot the pool may not be seeded; the clock is then better than to block. */
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits)
        bits = (uint64_t)mqc__clock_wall_ns() * UINT64_C(0x9e3779b97f4a7c15);
    return bits;
}
