#include "spool/spool_priv.h"

#include "base/clock.h"

#include <stdlib.h>

/*
 * The store is half full: what was fed and is done with is deleted wherever it stands, in steps
 * between the commits. The later one needs what was asked for at the beginning, the more is kept
 * that could go by now, never less.
 */

/* From one beginning to the next. */
#define PAUSE_MS 1000

/* The same when events are refused or dropped. */
#define PAUSE_FULL_MS 100

/* At most one in so many parts of the time is spent on it, so that it does not go on all the time
 * where all is needed. */
#define SHARE 4

static uint64_t stored_bytes(struct mqc__spool *spool)
{
    (void)pthread_mutex_lock(&spool->mutex);
    const uint64_t bytes = spool->stats.bytes;
    (void)pthread_mutex_unlock(&spool->mutex);
    return bytes;
}

/* `added` are about to be in the store. The last time need not be long ago if much is there that
 * was not then. */
static bool is_due(const struct mqc__spool *spool, uint64_t stored, size_t added)
{
    const struct mqc__spool_sifting *last = &spool->sifting;
    const uint64_t max = spool->options.bytes_max;
    if (stored + added <= max / 2)
        return false;
    if (last->began_ms == 0 || stored >= last->bytes_left + max / 8)
        return true;
    const int64_t pause_ms = stored + added > max - max / 8 ? PAUSE_FULL_MS : PAUSE_MS;
    const int64_t now_ms = mqc__clock_monotonic_ms();
    return now_ms - last->began_ms >= (last->pause_ms > pause_ms ? last->pause_ms : pause_ms);
}

void mqc__spool_end_sifting(struct mqc__spool *spool)
{
    struct mqc__spool_sifting *sifting = &spool->sifting;
    if (!sifting->is_active)
        return;
    sifting->is_active = false;
    free(sifting->needed);
    sifting->needed = NULL;
    sifting->pause_ms = SHARE * (mqc__clock_monotonic_ms() - sifting->began_ms);
    sifting->bytes_left = stored_bytes(spool);
}

static void begin(struct mqc__spool *spool)
{
    struct mqc__spool_sifting *sifting = &spool->sifting;
    /* What is fed after this is not among what the owner is asked about. */
    sifting->below = atomic_load(&spool->next_to_feed);
    sifting->next = 0;
    sifting->began_ms = mqc__clock_monotonic_ms();
    sifting->pause_ms = 0;
    sifting->bytes_left = stored_bytes(spool);
    sifting->needed = NULL;
    sifting->needed_count = 0;
    sifting->is_active = spool->owner.needed(spool->owner.context, &sifting->needed,
                                             &sifting->needed_count) == MQC_OK;
}

static void step(struct mqc__spool *spool)
{
    const struct mqc__spool_sifting *sifting = &spool->sifting;
    const struct mqc__store_sift sift = {
        .from = sifting->next,
        .below = sifting->below,
        .needed = sifting->needed,
        .needed_count = sifting->needed_count,
    };
    const struct mqc__store_change change = {.sift = &sift};
    struct mqc_error_info info = {.code = MQC_OK};
    const enum mqc_error error = mqc__spool_change(spool, &change, &info);
    if (error != MQC_OK)
        mqc__spool_store_failed(spool, error, &info);
    if (error != MQC_OK || sifting->next >= sifting->below)
        mqc__spool_end_sifting(spool);
}

/* Goes on, or begins if it is time; false: there is nothing to do. */
static bool go_on(struct mqc__spool *spool, size_t added)
{
    const struct mqc__spool_sifting *sifting = &spool->sifting;
    if (spool->store == NULL)
        return false;
    if (!sifting->is_active && is_due(spool, stored_bytes(spool), added))
        begin(spool);
    if (!sifting->is_active)
        return false;
    step(spool);
    return true;
}

void mqc__spool_sift(struct mqc__spool *spool)
{
    (void)go_on(spool, 0);
}

void mqc__spool_sift_for_room(struct mqc__spool *spool, size_t bytes)
{
    if (spool->options.when_full != MQC__SPOOL_DROP_OLDEST ||
        mqc__clock_monotonic_ms() < spool->retry_ms)
        return;
    while (stored_bytes(spool) + bytes > spool->options.bytes_max && go_on(spool, bytes)) {
    }
}
