#include "bench/pacing.h"

#include "bench/clock.h"

#define LOWEST_PER_S 0.001

void pacing_start(struct pacing *pacing, int64_t start_ns, double per_s)
{
    const double rate = per_s > LOWEST_PER_S ? per_s : LOWEST_PER_S;
    *pacing = (struct pacing){.start_ns = start_ns, .interval_ns = (double)NS_PER_S / rate};
}

uint64_t pacing_due(const struct pacing *pacing, int64_t now_ns)
{
    if (now_ns < pacing->start_ns)
        return 0;
    const double passed_ns = (double)(now_ns - pacing->start_ns);
    const uint64_t due = 1 + (uint64_t)(passed_ns / pacing->interval_ns);
    return due > pacing->sent ? due - pacing->sent : 0;
}

int64_t pacing_wake_ns(const struct pacing *pacing, int64_t now_ns, int64_t least_ns)
{
    const int64_t next_ns =
        pacing->start_ns + (int64_t)((double)pacing->sent * pacing->interval_ns) + 1;
    return next_ns > now_ns + least_ns ? next_ns : now_ns + least_ns;
}

/* splitmix64 */
static uint64_t mix(uint64_t number)
{
    uint64_t z = number + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* All slots move by the same time, and share three quarters of the period: so they stay apart. */
int64_t pacing_slot_ns(uint64_t period, int64_t period_ns, unsigned slot, unsigned slot_count)
{
    const int64_t shift_ns = (int64_t)(mix(period) % (uint64_t)(period_ns / 4));
    return (int64_t)period * period_ns + period_ns * 3 / 4 * slot / slot_count + shift_ns;
}
