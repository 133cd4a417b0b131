#ifndef MQC_METRICS_SERIES_H
#define MQC_METRICS_SERIES_H

#include "base/error.h"
#include "base/view.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The label sets of one metric with what was counted for each. Sets are added and never removed, so
 * finding one takes no lock.
 */

/* Clean text; a metric without a label leaves it empty. */
struct mqc__series_labels {
    struct mqc_view app;
    struct mqc_view topic;
    struct mqc_view handler;
};

/* As many as the histogram of sizes has; a counter uses the first. */
#define MQC__SERIES_COUNTS ((size_t)9)

struct mqc__series {
    struct mqc__series *next; /* in its bucket; older than this one */
    uint64_t hash;
    struct mqc__series_labels labels;
    atomic_uint_fast64_t counts[MQC__SERIES_COUNTS];
    atomic_uint_fast64_t sum;
    char text[]; /* that the labels show */
};

struct mqc__series_table {
    _Atomic(struct mqc__series *) *buckets;
    size_t bucket_count; /* a power of two */
    size_t series_max;
    atomic_size_t series_count;
    struct mqc__series *overflow; /* counts for the sets that found no place */
    pthread_mutex_t mutex;        /* who adds a set */
};

/* Makes an empty table for at most series_max sets and the one for overflow. MQC_ENOMEM: fini is
 * not needed, and harmless. */
enum mqc_error mqc__series_init(struct mqc__series_table *table, size_t series_max,
                                const struct mqc__series_labels *overflow);

/* Frees what the table holds; a zeroed table is fine. */
void mqc__series_fini(struct mqc__series_table *table);

/* Returns the set with these labels, which is added when it is new, or the one for overflow when
 * there is no room or memory for it. Any thread. */
struct mqc__series *mqc__series_find(struct mqc__series_table *table,
                                     const struct mqc__series_labels *labels);

/* Calls `visit` with each set, and with the one for overflow when it was used or has no labels. Any
 * thread, while others find and count. */
void mqc__series_each(const struct mqc__series_table *table,
                      void (*visit)(void *context, struct mqc__series *series), void *context);

#endif
