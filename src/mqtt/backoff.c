#include "mqtt/backoff.h"

static uint64_t cap_ms(unsigned min_ms, unsigned max_ms, unsigned failures)
{
    uint64_t cap = min_ms;
    for (unsigned i = 0; i < failures && cap < max_ms; i++)
        cap *= 2;
    return cap < max_ms ? cap : max_ms;
}

unsigned mqc__backoff_ms(unsigned min_ms, unsigned max_ms, unsigned failures, uint64_t random)
{
    return (unsigned)(random % (cap_ms(min_ms, max_ms, failures) + 1));
}
