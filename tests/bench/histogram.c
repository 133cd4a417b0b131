#include "bench/histogram.h"

#include <stddef.h>

#define CUT_BITS 8

/* Below twice HISTOGRAM_CUTS each value has a bucket of its own; from there on each bucket of a
 * power of two is twice as wide as those of the one before. */
static size_t bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_CUTS)
        return (size_t)value;
    const unsigned shift = 63U - (unsigned)__builtin_clzll(value) - CUT_BITS;
    return (size_t)shift * HISTOGRAM_CUTS + (size_t)(value >> shift);
}

static uint64_t greatest_of(size_t bucket)
{
    if (bucket < HISTOGRAM_CUTS)
        return bucket;
    const size_t shift = bucket / HISTOGRAM_CUTS - 1;
    const uint64_t cut = bucket - shift * HISTOGRAM_CUTS;
    return (cut << shift) + ((UINT64_C(1) << shift) - 1);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->count++;
    histogram->buckets[bucket_of(value)]++;
    if (value > histogram->max)
        histogram->max = value;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    histogram->count += other->count;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->buckets[i] += other->buckets[i];
    if (other->max > histogram->max)
        histogram->max = other->max;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille)
{
    const uint64_t rank = (histogram->count * per_mille + 999) / 1000;
    uint64_t passed = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS && rank > 0; i++) {
        passed += histogram->buckets[i];
        if (passed >= rank)
            return greatest_of(i) < histogram->max ? greatest_of(i) : histogram->max;
    }
    return 0;
}
