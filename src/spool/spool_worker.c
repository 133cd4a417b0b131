#include "spool/spool_priv.h"

#include "base/clock.h"
#include "base/fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Between deletions while no groups come. */
#define ERASE_MS 1000

/* Between attempts at what failed without a group that would be told. */
#define RETRY_MS 1000

#define TROUBLE_MS 60000

void mqc__spool_tell_trouble(struct mqc__spool *spool, const struct mqc_error_info *info)
{
    struct mqc__spool_trouble *trouble = &spool->trouble;
    const int64_t now_ms = mqc__clock_monotonic_ms();
    if (trouble->told_ms != 0 && now_ms - trouble->told_ms < TROUBLE_MS) {
        trouble->untold++;
        return;
    }
    char text[sizeof info->text + 64];
    if (trouble->untold != 0)
        (void)snprintf(text, sizeof text, "%s (and %ju times more since the last report)",
                       info->text, (uintmax_t)trouble->untold);
    else
        (void)snprintf(text, sizeof text, "%s", info->text);
    trouble->told_ms = now_ms;
    trouble->untold = 0;
    spool->owner.error(spool->owner.context, "spool_failed", text);
}

void mqc__spool_store_failed(struct mqc__spool *spool, enum mqc_error error,
                             const struct mqc_error_info *info)
{
    spool->retry_ms = mqc__clock_monotonic_ms() + RETRY_MS;
    if (error == MQC_EMALFORMED)
        spool->is_store_damaged = true;
    (void)pthread_mutex_lock(&spool->mutex);
    spool->stats.is_failing = true;
    (void)pthread_mutex_unlock(&spool->mutex);
    mqc__spool_tell_trouble(spool, info);
}

/* Opens a store again that was lost or is damaged. */
static void mend_store(struct mqc__spool *spool)
{
    if (spool->store != NULL && !spool->is_store_damaged)
        return;
    if (spool->store == NULL && mqc__clock_monotonic_ms() < spool->retry_ms)
        return;
    spool->ops->close(spool->store);
    spool->store = NULL;
    struct mqc__store_state state;
    struct mqc_error_info info = {.code = MQC_OK};
    const enum mqc_error error =
        spool->ops->open(spool->store_context, &spool->options, spool->is_store_damaged,
                         &spool->store, &state, &info);
    if (error != MQC_OK) {
        spool->store = NULL;
        mqc__spool_store_failed(spool, error, &info);
        return;
    }
    free((char *)state.left.data);
    spool->is_store_damaged = false;
    spool->retry_ms = 0;
    spool->last_kept = state.last_kept;
    (void)pthread_mutex_lock(&spool->mutex);
    spool->stats.bytes = state.bytes;
    spool->stats.events = state.event_count;
    if (!mqc__spool_is_behind(spool))
        spool->stats.unfed_events = 0;
    spool->stats.is_failing = false;
    (void)pthread_mutex_unlock(&spool->mutex);
    mqc__spool_settle(spool);
    if (state.damage[0] != '\0')
        spool->owner.error(spool->owner.context, "spool_damaged", state.damage);
}

static void sync_store(struct mqc__spool *spool)
{
    spool->sync_due_ms = SPOOL_NEVER;
    if (spool->store == NULL)
        return;
    struct mqc_error_info info = {.code = MQC_OK};
    const enum mqc_error error = spool->ops->sync(spool->store, &info);
    if (error != MQC_OK) {
        mqc__spool_store_failed(spool, error, &info);
        spool->sync_due_ms = spool->retry_ms;
    }
    (void)pthread_mutex_lock(&spool->mutex);
    spool->stats.syncs++;
    (void)pthread_mutex_unlock(&spool->mutex);
}

static void erase_released(struct mqc__spool *spool)
{
    struct mqc_error_info info = {.code = MQC_OK};
    const struct mqc__store_change change = {.released = atomic_load(&spool->released)};
    const enum mqc_error error = mqc__spool_change(spool, &change, &info);
    if (error != MQC_OK)
        mqc__spool_store_failed(spool, error, &info);
}

/* When the worker has to act without being woken. */
static int64_t erase_due_ms(const struct mqc__spool *spool)
{
    if (!spool->has_more_to_erase && atomic_load(&spool->released) <= spool->erased_below)
        return SPOOL_NEVER;
    const int64_t due_ms = spool->has_more_to_erase ? 0 : spool->erase_ms + ERASE_MS;
    return due_ms > spool->retry_ms ? due_ms : spool->retry_ms;
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* With the lock held. */
static int64_t due_ms(const struct mqc__spool *spool)
{
    int64_t due = earlier(spool->sync_due_ms, erase_due_ms(spool));
    if (spool->store == NULL || spool->sifting.is_active)
        due = earlier(due, spool->retry_ms);
    if (mqc__spool_is_behind(spool) && !atomic_load(&spool->is_blocked))
        due = earlier(due, spool->retry_ms);
    /* mqc__spool_release() wakes nobody. */
    if (spool->stats.events != 0)
        due = earlier(due, mqc__clock_monotonic_ms() + ERASE_MS);
    return due;
}

/* What put waits for may go at once. */
static bool is_tight(struct mqc__spool *spool)
{
    (void)pthread_mutex_lock(&spool->mutex);
    const uint64_t bytes = spool->stats.bytes + spool->pending_bytes;
    (void)pthread_mutex_unlock(&spool->mutex);
    return bytes > spool->options.bytes_max / 2 &&
           atomic_load(&spool->released) > spool->erased_below;
}

void mqc__spool_turn(struct mqc__spool *spool)
{
    mend_store(spool);
    const bool had_group = mqc__spool_commit_next(spool);
    const int64_t now_ms = mqc__clock_monotonic_ms();
    if (now_ms >= spool->retry_ms)
        mqc__spool_feed_back(spool);
    if (now_ms >= spool->sync_due_ms)
        sync_store(spool);
    if (now_ms >= erase_due_ms(spool) || (!had_group && is_tight(spool)))
        erase_released(spool);
    if (now_ms >= spool->retry_ms)
        mqc__spool_sift(spool);
}

/* Sleeps until it is woken or something is due; with the lock held. */
static void sleep_until(struct mqc__spool *spool, int64_t due)
{
    spool->is_asleep = true;
    if (due == SPOOL_NEVER) {
        (void)pthread_cond_wait(&spool->work, &spool->mutex);
    } else {
        const int64_t wait_ms = due - mqc__clock_monotonic_ms() + 1;
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        const int64_t ns = until.tv_nsec + wait_ms % 1000 * 1000000;
        until.tv_sec += (time_t)(wait_ms / 1000 + ns / 1000000000);
        until.tv_nsec = (long)(ns % 1000000000);
        (void)pthread_cond_timedwait(&spool->work, &spool->mutex, &until);
    }
    spool->is_asleep = false;
}

/* Returns false when it is time to end. */
static bool wait_for_work(struct mqc__spool *spool)
{
    (void)pthread_mutex_lock(&spool->mutex);
    bool has_work = true;
    while (spool->head == NULL && !spool->is_woken) {
        if (spool->is_closing) {
            has_work = false;
            break;
        }
        const int64_t due = due_ms(spool);
        if (mqc__clock_monotonic_ms() >= due)
            break;
        sleep_until(spool, due);
    }
    spool->is_woken = false;
    (void)pthread_mutex_unlock(&spool->mutex);
    return has_work;
}

void mqc__spool_finish(struct mqc__spool *spool)
{
    mqc__spool_end_sifting(spool);
    if (spool->store == NULL)
        return;
    struct mqc_error_info info = {.code = MQC_OK};
    if (atomic_load(&spool->released) > spool->erased_below)
        erase_released(spool);
    if (spool->options.fsync != MQC__SPOOL_FSYNC_NEVER &&
        spool->ops->sync(spool->store, &info) != MQC_OK)
        mqc__spool_tell_trouble(spool, &info);
    spool->ops->close(spool->store);
    spool->store = NULL;
}

static void tell_damage(struct mqc__spool *spool)
{
    if (spool->damage == NULL)
        return;
    spool->owner.error(spool->owner.context, "spool_damaged", spool->damage);
    free(spool->damage);
    spool->damage = NULL;
}

void *mqc__spool_run(void *context)
{
    struct mqc__spool *spool = context;
    tell_damage(spool);
    while (wait_for_work(spool))
        mqc__spool_turn(spool);
    mqc__spool_finish(spool);
    return NULL;
}
