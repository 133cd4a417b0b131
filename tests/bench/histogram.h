#ifndef TESTS_BENCH_HISTOGRAM_H
#define TESTS_BENCH_HISTOGRAM_H

#include <stdint.h>

/* Each power of two is cut into this many buckets: what comes out is at most 0.4 % too large. */
#define HISTOGRAM_CUTS 256
#define HISTOGRAM_BUCKETS 14592 /* 57 times HISTOGRAM_CUTS: enough for 64 bits */

/* How often each value occurred, in memory that does not grow with the number of values. All zero
 * is the empty one. One thread. */
struct histogram {
    uint64_t count;
    uint64_t max;
    uint32_t buckets[HISTOGRAM_BUCKETS];
};

/* Counts one value. */
void histogram_add(struct histogram *histogram, uint64_t value);

/* Counts all values of another histogram. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* Returns the smallest value that at least `per_mille` thousandths (1 to 1000) of all values do not
 * exceed, by nearest rank: 500 is the median, 1000 the greatest. 0 when there is none. */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille);

#endif
