#include "spool/spool_priv.h"

#include "spool/record.h"

bool mqc__spool_is_behind(const struct mqc__spool *spool)
{
    return atomic_load(&spool->next_to_feed) <= spool->last_kept;
}

/* Hands over records, the first of which is the next; false: there is no room for more. */
static bool feed(struct mqc__spool *spool, size_t count)
{
    for (size_t at = 0; at != count;) {
        const unsigned signals = atomic_load(&spool->room_signals);
        const size_t taken =
            spool->owner.feed(spool->owner.context, spool->records + at, count - at);
        at += taken < count - at ? taken : count - at;
        atomic_store(&spool->next_to_feed,
                     at != count ? spool->records[at].number : spool->records[at - 1].number + 1);
        if (at == count)
            break;
        atomic_store(&spool->is_blocked, true);
        /* Room that came before the owner could see that it is waited for. */
        if (atomic_load(&spool->room_signals) == signals)
            return false;
        atomic_store(&spool->is_blocked, false);
    }
    return true;
}

void mqc__spool_settle(struct mqc__spool *spool)
{
    if (!mqc__spool_is_behind(spool))
        atomic_store(&spool->next_to_feed, spool->last_done + 1);
}

static size_t count_fed(const struct mqc__spool *spool, size_t count)
{
    const uint64_t next = atomic_load(&spool->next_to_feed);
    size_t fed = 0;
    while (fed != count && spool->records[fed].number < next)
        fed++;
    return fed;
}

void mqc__spool_feed_group(struct mqc__spool *spool, size_t count)
{
    const bool was_behind = mqc__spool_is_behind(spool);
    spool->last_kept = spool->records[count - 1].number;
    size_t fed = 0;
    if (!was_behind) {
        atomic_store(&spool->next_to_feed, spool->records[0].number);
        (void)feed(spool, count);
        fed = count_fed(spool, count);
        mqc__spool_settle(spool);
    }
    if (fed == count)
        return;
    (void)pthread_mutex_lock(&spool->mutex);
    spool->stats.unfed_events += count - fed;
    (void)pthread_mutex_unlock(&spool->mutex);
}

static void count_read_back(struct mqc__spool *spool, size_t fed)
{
    (void)pthread_mutex_lock(&spool->mutex);
    spool->stats.read_back += fed;
    spool->stats.unfed_events -= fed < spool->stats.unfed_events ? fed : spool->stats.unfed_events;
    (void)pthread_mutex_unlock(&spool->mutex);
    spool->turn_room -= fed < spool->turn_room ? fed : spool->turn_room;
}

/* Feeds what is in the array; false: enough. */
static bool feed_some(struct mqc__spool *spool, size_t count)
{
    if (count == 0)
        return true;
    const bool has_room = feed(spool, count);
    count_read_back(spool, count_fed(spool, count));
    /* Not asked again: mqc__spool_resume() may have been called since. */
    if (!has_room)
        spool->turn_room = 0;
    return spool->turn_room != 0;
}

static bool feed_stored(void *context, const struct mqc__store_group *group)
{
    struct mqc__spool *spool = context;
    const uint64_t next = atomic_load(&spool->next_to_feed);
    struct mqc__spool_record record = {.instance = group->instance};
    size_t count = 0;
    size_t at = 0;
    for (size_t i = 0; i < group->event_count; i++) {
        record.number = group->first_number + i;
        if (!mqc__record_read(group->records, &at, &record))
            break;
        if (record.number < next)
            continue;
        spool->records[count++] = record;
        if (count == SPOOL_RECORDS_MAX) {
            if (!feed_some(spool, count))
                return false;
            count = 0;
        }
    }
    return feed_some(spool, count);
}

/* What is missing up to the last number was dropped. */
static void note_all_seen(struct mqc__spool *spool)
{
    atomic_store(&spool->next_to_feed, spool->last_kept + 1);
    (void)pthread_mutex_lock(&spool->mutex);
    spool->stats.unfed_events = 0;
    (void)pthread_mutex_unlock(&spool->mutex);
}

void mqc__spool_feed_back(struct mqc__spool *spool)
{
    if (!mqc__spool_is_behind(spool) || atomic_load(&spool->is_blocked) || spool->store == NULL)
        return;
    spool->turn_room = SPOOL_RECORDS_MAX;
    struct mqc_error_info info = {.code = MQC_OK};
    const enum mqc_error error = spool->ops->read(spool->store, atomic_load(&spool->next_to_feed),
                                                  feed_stored, spool, &info);
    if (error != MQC_OK) {
        mqc__spool_store_failed(spool, error, &info);
        return;
    }
    if (spool->turn_room != 0)
        note_all_seen(spool);
    mqc__spool_settle(spool);
}
