#include "metrics/series.h"

#include <stdlib.h>

#define BUCKETS_MIN ((size_t)16)
#define BUCKETS_MAX ((size_t)4096)

/* FNV-1a, with an end mark that no clean text contains. */
static uint64_t hash_part(uint64_t hash, struct mqc_view part)
{
    for (size_t i = 0; i < part.size; i++)
        hash = (hash ^ (unsigned char)part.data[i]) * UINT64_C(0x100000001b3);
    return (hash ^ 0xffU) * UINT64_C(0x100000001b3);
}

static uint64_t hash_labels(const struct mqc__series_labels *labels)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    hash = hash_part(hash, labels->app);
    hash = hash_part(hash, labels->topic);
    return hash_part(hash, labels->handler);
}

static struct mqc_view copy_part(char **at, struct mqc_view part)
{
    const struct mqc_view copy = mqc_view_bytes(*at, part.size);
    if (part.size > 0)
        memcpy(*at, part.data, part.size);
    *at += part.size;
    return copy;
}

static struct mqc__series *new_series(const struct mqc__series_labels *labels, uint64_t hash)
{
    const size_t text_bytes = labels->app.size + labels->topic.size + labels->handler.size;
    struct mqc__series *series = calloc(1, sizeof *series + text_bytes);
    if (series == NULL)
        return NULL;
    char *at = series->text;
    series->hash = hash;
    series->labels.app = copy_part(&at, labels->app);
    series->labels.topic = copy_part(&at, labels->topic);
    series->labels.handler = copy_part(&at, labels->handler);
    return series;
}

enum mqc_error mqc__series_init(struct mqc__series_table *table, size_t series_max,
                                const struct mqc__series_labels *overflow)
{
    *table = (struct mqc__series_table){.series_max = series_max, .bucket_count = BUCKETS_MIN};
    while (table->bucket_count < series_max && table->bucket_count < BUCKETS_MAX)
        table->bucket_count *= 2;
    table->buckets = calloc(table->bucket_count, sizeof *table->buckets);
    table->overflow = new_series(overflow, hash_labels(overflow));
    if (table->buckets == NULL || table->overflow == NULL) {
        free(table->buckets);
        free(table->overflow);
        *table = (struct mqc__series_table){.series_max = 0};
        return MQC_ENOMEM;
    }
    (void)pthread_mutex_init(&table->mutex, NULL);
    return MQC_OK;
}

void mqc__series_fini(struct mqc__series_table *table)
{
    if (table->buckets == NULL)
        return;
    for (size_t i = 0; i < table->bucket_count; i++)
        for (struct mqc__series *series = atomic_load(&table->buckets[i]); series != NULL;) {
            struct mqc__series *next = series->next;
            free(series);
            series = next;
        }
    (void)pthread_mutex_destroy(&table->mutex);
    free(table->overflow);
    free(table->buckets);
    *table = (struct mqc__series_table){.series_max = 0};
}

static _Atomic(struct mqc__series *) *bucket_of(const struct mqc__series_table *table,
                                                uint64_t hash)
{
    return &table->buckets[(hash ^ hash >> 32) & (table->bucket_count - 1)];
}

static bool has_labels(const struct mqc__series *series, const struct mqc__series_labels *labels)
{
    return mqc_view_equal(series->labels.app, labels->app) &&
           mqc_view_equal(series->labels.topic, labels->topic) &&
           mqc_view_equal(series->labels.handler, labels->handler);
}

/* The set for overflow is looked at too: there must not be another one with its labels. */
static struct mqc__series *look_up(const struct mqc__series_table *table, uint64_t hash,
                                   const struct mqc__series_labels *labels)
{
    if (table->overflow->hash == hash && has_labels(table->overflow, labels))
        return table->overflow;
    struct mqc__series *series = atomic_load_explicit(bucket_of(table, hash), memory_order_acquire);
    while (series != NULL && (series->hash != hash || !has_labels(series, labels)))
        series = series->next;
    return series;
}

/* With the mutex held. Another thread may have added it meanwhile. */
static struct mqc__series *add(struct mqc__series_table *table, uint64_t hash,
                               const struct mqc__series_labels *labels)
{
    struct mqc__series *series = look_up(table, hash, labels);
    if (series != NULL || atomic_load(&table->series_count) == table->series_max)
        return series;
    series = new_series(labels, hash);
    if (series == NULL)
        return NULL;
    _Atomic(struct mqc__series *) *bucket = bucket_of(table, hash);
    series->next = atomic_load_explicit(bucket, memory_order_relaxed);
    atomic_store_explicit(bucket, series, memory_order_release);
    atomic_fetch_add(&table->series_count, 1);
    return series;
}

struct mqc__series *mqc__series_find(struct mqc__series_table *table,
                                     const struct mqc__series_labels *labels)
{
    const uint64_t hash = hash_labels(labels);
    struct mqc__series *series = look_up(table, hash, labels);
    if (series == NULL && atomic_load(&table->series_count) < table->series_max) {
        (void)pthread_mutex_lock(&table->mutex);
        series = add(table, hash, labels);
        (void)pthread_mutex_unlock(&table->mutex);
    }
    return series != NULL ? series : table->overflow;
}

/* Without labels there is but one set, which is there from the start. */
static bool is_shown(const struct mqc__series *series)
{
    if (series->labels.app.size == 0 && series->labels.topic.size == 0)
        return true;
    for (size_t i = 0; i < MQC__SERIES_COUNTS; i++)
        if (atomic_load_explicit(&series->counts[i], memory_order_relaxed) > 0)
            return true;
    return false;
}

void mqc__series_each(const struct mqc__series_table *table,
                      void (*visit)(void *context, struct mqc__series *series), void *context)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct mqc__series *series = atomic_load_explicit(&table->buckets[i], memory_order_acquire);
        for (; series != NULL; series = series->next)
            visit(context, series);
    }
    if (is_shown(table->overflow))
        visit(context, table->overflow);
}
