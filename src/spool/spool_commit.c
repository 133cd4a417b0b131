#include "spool/spool_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "spool/record.h"

#include <stdio.h>

/* Between deletions while groups come. */
#define ERASE_MS 100

static struct mqc__spool_group *take_group(struct mqc__spool *spool)
{
    (void)pthread_mutex_lock(&spool->mutex);
    struct mqc__spool_group *group = spool->head;
    if (group != NULL) {
        spool->head = group->next;
        if (spool->head == NULL)
            spool->tail = NULL;
    }
    (void)pthread_mutex_unlock(&spool->mutex);
    return group;
}

static void read_records(struct mqc__spool *spool, const struct mqc__spool_group *group)
{
    const struct mqc_view records = mqc_view_bytes(group->records, group->size);
    size_t at = 0;
    for (size_t i = 0; i < group->count; i++) {
        spool->records[i].number = group->first_number + i;
        spool->records[i].instance = mqc_view_text(spool->options.instance);
        (void)mqc__record_read(records, &at, &spool->records[i]);
    }
}

static void number_records(struct mqc__spool *spool, const struct mqc__spool_group *group)
{
    spool->owner.number(spool->owner.context, spool->records, group->count);
    for (size_t i = 0; i < group->count; i++)
        mqc__record_amend(&spool->records[i]);
}

/* What a commit deletes beside what it adds. */
static void plan_erasing(struct mqc__spool *spool, size_t bytes, struct mqc__store_change *change)
{
    const uint64_t released = atomic_load(&spool->released);
    const int64_t now_ms = mqc__clock_monotonic_ms();
    (void)pthread_mutex_lock(&spool->mutex);
    const uint64_t stored = spool->stats.bytes;
    (void)pthread_mutex_unlock(&spool->mutex);
    const bool is_tight = stored + bytes > spool->options.bytes_max / 2;
    if (spool->has_more_to_erase ||
        (released > spool->erased_below && (is_tight || now_ms - spool->erase_ms >= ERASE_MS)))
        change->released = released;
    if (spool->options.when_full == MQC__SPOOL_DROP_OLDEST &&
        stored + bytes > spool->options.bytes_max) {
        change->room_bytes = stored + bytes - spool->options.bytes_max;
        change->room_from = atomic_load(&spool->next_to_feed);
    }
}

static void tell_dropped(struct mqc__spool *spool, const struct mqc__store_erased *erased,
                         bool was_fed)
{
    if (erased->event_count == 0)
        return;
    const struct mqc__spool_drop drop = {.first_number = erased->first_number,
                                         .last_number = erased->last_number,
                                         .event_count = erased->event_count,
                                         .was_fed = was_fed};
    spool->owner.dropped(spool->owner.context, &drop);
}

static void count_erased(struct mqc__spool *spool, const struct mqc__store_erased *erased)
{
    spool->stats.bytes -= erased->bytes;
    spool->stats.events -= erased->event_count;
}

static uint64_t min_number(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Accounts for a change that was done. */
static void note_change(struct mqc__spool *spool, const struct mqc__store_change *change,
                        const struct mqc__store_effect *effect)
{
    if (change->released != 0) {
        spool->erased_below = change->released;
        spool->has_more_to_erase = effect->has_more;
        spool->erase_ms = mqc__clock_monotonic_ms();
    }
    struct mqc__spool_stats *stats = &spool->stats;
    (void)pthread_mutex_lock(&spool->mutex);
    count_erased(spool, &effect->released);
    count_erased(spool, &effect->room_above);
    count_erased(spool, &effect->room_below);
    count_erased(spool, &effect->sifted);
    stats->sifted += effect->sifted.event_count;
    stats->unfed_events -= min_number(effect->room_above.event_count, stats->unfed_events);
    stats->dropped += effect->room_above.event_count + effect->room_below.event_count;
    stats->is_failing = false;
    if (change->group != NULL) {
        stats->bytes += change->group->records.size;
        stats->events += change->group->event_count;
    }
    (void)pthread_mutex_unlock(&spool->mutex);
    if (change->sift != NULL)
        spool->sifting.next = effect->sifted_to;
    tell_dropped(spool, &effect->room_above, false);
    tell_dropped(spool, &effect->room_below, true);
    if (spool->sync_due_ms == SPOOL_NEVER && spool->options.fsync == MQC__SPOOL_FSYNC_INTERVAL)
        spool->sync_due_ms = mqc__clock_monotonic_ms() + spool->options.fsync_interval_ms;
}

enum mqc_error mqc__spool_change(struct mqc__spool *spool, const struct mqc__store_change *change,
                                 struct mqc_error_info *info)
{
    if (spool->store == NULL)
        return mqc__fail(info, MQC_EIO, "the spool %s is not open", spool->options.path);
    struct mqc__store_effect effect = {.released = {.event_count = 0}};
    const enum mqc_error error = spool->ops->commit(spool->store, change, &effect, info);
    if (error == MQC_OK)
        note_change(spool, change, &effect);
    return error;
}

static enum mqc_error commit_records(struct mqc__spool *spool, const struct mqc__spool_group *group,
                                     struct mqc_error_info *info)
{
    const struct mqc__store_group stored = {
        .first_number = group->first_number,
        .event_count = group->count,
        .instance = mqc_view_text(spool->options.instance),
        .records = mqc_view_bytes(group->records, group->size),
    };
    struct mqc__store_change change = {.group = &stored};
    plan_erasing(spool, group->size, &change);
    return mqc__spool_change(spool, &change, info);
}

/* The end of a group's time as pending. */
static void count_group(struct mqc__spool *spool, const struct mqc__spool_group *group,
                        enum mqc_error error)
{
    struct mqc__spool_stats *stats = &spool->stats;
    (void)pthread_mutex_lock(&spool->mutex);
    spool->pending_bytes -= group->size;
    spool->pending_events -= group->count;
    if (error == MQC_OK) {
        stats->groups++;
        stats->committed += group->count;
    } else {
        stats->failed_groups++;
        stats->failed_events += group->count;
    }
    (void)pthread_mutex_unlock(&spool->mutex);
}

static void end_group(struct mqc__spool *spool, struct mqc__spool_group *group,
                      enum mqc_error error, const struct mqc_error_info *info)
{
    spool->last_done = group->first_number + group->count - 1;
    if (error == MQC_OK) {
        mqc__spool_feed_group(spool, group->count);
        spool->retry_ms = 0;
    } else {
        spool->owner.failed(spool->owner.context, spool->records, group->count);
        mqc__spool_settle(spool);
        mqc__spool_store_failed(spool, error, info);
        (void)snprintf(group->failure, sizeof group->failure, "%s", info->text);
    }
    const enum mqc_error outcome = error == MQC_OK ? MQC_OK : MQC_EIO;
    mqc__latch_open(&group->latch, error == MQC_OK ? MQC__GROUP_COMMITTED : MQC__GROUP_FAILED);
    mqc__group_tell(group, outcome);
    mqc__spool_unref_group(spool, group);
}

bool mqc__spool_commit_next(struct mqc__spool *spool)
{
    struct mqc__spool_group *group = take_group(spool);
    if (group == NULL)
        return false;
    if (group->count == 0) {
        /* Memory ran out for its first event. */
        mqc__spool_unref_group(spool, group);
        return true;
    }
    struct mqc_error_info info = {.code = MQC_OK};
    mqc__spool_sift_for_room(spool, group->size);
    read_records(spool, group);
    number_records(spool, group);
    const enum mqc_error error = commit_records(spool, group, &info);
    count_group(spool, group, error);
    end_group(spool, group, error, &info);
    return true;
}

void mqc__spool_fail_pending(struct mqc__spool *spool, const char *reason)
{
    for (struct mqc__spool_group *group; (group = take_group(spool)) != NULL;) {
        count_group(spool, group, MQC_EIO);
        (void)snprintf(group->failure, sizeof group->failure, "%s", reason);
        mqc__latch_open(&group->latch, MQC__GROUP_FAILED);
        mqc__group_tell(group, MQC_EIO);
        mqc__spool_unref_group(spool, group);
    }
}
