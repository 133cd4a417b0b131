#ifndef MQC_LINK_LINK_DEADLINE_H
#define MQC_LINK_LINK_DEADLINE_H

#include "base/clock.h"

#include <limits.h>

/* Milliseconds until a time of mqc__clock_monotonic_ms, 0 when it has passed; fit for poll. */
static inline int mqc__deadline_left_ms(int64_t deadline_ms)
{
    const int64_t left_ms = deadline_ms - mqc__clock_monotonic_ms();
    if (left_ms <= 0)
        return 0;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

#endif
