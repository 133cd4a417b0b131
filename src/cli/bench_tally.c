#include "cli/bench_tally.h"

#include <stdlib.h>

#define WORD_BITS 64

bool mqc__bench_tally_init(struct mqc__bench_tally *tally, uint64_t limit)
{
    /* Pages that no number falls into are never touched. */
    *tally = (struct mqc__bench_tally){.limit = limit,
                                       .seen = calloc(limit / WORD_BITS + 1, sizeof *tally->seen)};
    return tally->seen != NULL;
}

static bool mark_seen(struct mqc__bench_tally *tally, uint64_t number)
{
    uint64_t *word = &tally->seen[number / WORD_BITS];
    const uint64_t bit = UINT64_C(1) << (number % WORD_BITS);
    const bool is_new = (*word & bit) == 0;
    *word |= bit;
    return is_new;
}

bool mqc__bench_tally_note(struct mqc__bench_tally *tally, uint64_t number, int64_t now_ns)
{
    if (number >= tally->limit)
        return false;
    if (!mark_seen(tally, number)) {
        tally->duplicates++;
        return false;
    }
    if (tally->received++ == 0)
        tally->first_ns = now_ns;
    else if (now_ns - tally->last_ns > tally->max_gap_ns)
        tally->max_gap_ns = now_ns - tally->last_ns;
    tally->last_ns = now_ns;
    return true;
}

double mqc__bench_tally_rate(const struct mqc__bench_tally *tally)
{
    const int64_t time_ns = tally->last_ns - tally->first_ns;
    if (time_ns <= 0)
        return 0;
    return (double)(tally->received - 1) * 1e9 / (double)time_ns;
}

void mqc__bench_tally_fini(struct mqc__bench_tally *tally)
{
    free(tally->seen);
    tally->seen = NULL;
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void mqc__bench_sort(int64_t *times, size_t count)
{
    qsort(times, count, sizeof *times, compare);
}

int64_t mqc__bench_quantile(const int64_t *sorted, size_t count, unsigned per_mille)
{
    const size_t rank = (count * per_mille + 999) / 1000;
    return rank > 0 ? sorted[rank - 1] : 0;
}
