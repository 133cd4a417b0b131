#include "bench/arrivals.h"

#include "bench/clock.h"

static bool mark_seen(struct arrivals *arrivals, uint64_t sequence)
{
    uint64_t *word = &arrivals->seen[sequence / 64];
    const uint64_t bit = UINT64_C(1) << (sequence % 64);
    const bool is_new = (*word & bit) == 0;
    *word |= bit;
    return is_new;
}

bool arrivals_note(struct arrivals *arrivals, uint64_t sequence, int64_t now_ns)
{
    if (sequence >= ARRIVALS_LIMIT)
        return false;
    if (!mark_seen(arrivals, sequence)) {
        arrivals->duplicates++;
        return false;
    }
    if (arrivals->received++ == 0)
        arrivals->first_ns = now_ns;
    else if (now_ns - arrivals->last_ns > arrivals->max_gap_ns)
        arrivals->max_gap_ns = now_ns - arrivals->last_ns;
    arrivals->last_ns = now_ns;
    return true;
}

double arrivals_rate(const struct arrivals *arrivals)
{
    const int64_t time_ns = arrivals->last_ns - arrivals->first_ns;
    if (time_ns <= 0)
        return 0;
    return (double)(arrivals->received - 1) * (double)NS_PER_S / (double)time_ns;
}
