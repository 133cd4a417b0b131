#include "spool/spool_priv.h"

#include "base/fail.h"
#include "spool/record.h"

#define TOPIC_BYTES_MAX ((size_t)UINT16_MAX)
#define EVENT_BYTES_MAX ((size_t)UINT32_MAX / 2)

/* Groups that wait with their memory for the next use. */
#define IDLE_GROUPS_MAX 4

void mqc__spool_wake(struct mqc__spool *spool)
{
    if (!spool->is_asleep)
        return;
    spool->is_asleep = false;
    (void)pthread_cond_signal(&spool->work);
}

static bool is_too_much(const struct mqc__spool *spool, size_t bytes)
{
    if (spool->pending_events >= spool->options.pending_events_max ||
        spool->pending_bytes + bytes > spool->options.pending_bytes_max)
        return true;
    return spool->options.when_full == MQC__SPOOL_REFUSE &&
           spool->stats.bytes + spool->pending_bytes + bytes > spool->options.bytes_max;
}

/* Returns the group to add to; NULL: out of memory. */
static struct mqc__spool_group *open_group(struct mqc__spool *spool)
{
    if (spool->tail != NULL && !mqc__group_is_full(spool->tail))
        return spool->tail;
    struct mqc__spool_group *group = spool->idle;
    if (group != NULL) {
        spool->idle = group->next;
        spool->idle_count--;
        group->next = NULL;
    } else {
        group = mqc__group_new();
    }
    return group;
}

static void queue_group(struct mqc__spool *spool, struct mqc__spool_group *group)
{
    group->first_number = spool->last_number + 1;
    if (spool->tail != NULL)
        spool->tail->next = group;
    else
        spool->head = group;
    spool->tail = group;
}

static enum mqc_error put_locked(struct mqc__spool *spool, const struct mqc__spool_offer *offer,
                                 size_t bytes, struct mqc__spool_ticket *ticket_out)
{
    if (spool->is_closing)
        return MQC_ECLOSED;
    if (is_too_much(spool, bytes)) {
        /* What was released may make room. */
        spool->is_woken = true;
        mqc__spool_wake(spool);
        return MQC_EFULL;
    }
    struct mqc__spool_group *group = open_group(spool);
    if (group == NULL)
        return MQC_ENOMEM;
    const bool is_added = mqc__group_add(group, offer);
    if (group != spool->tail)
        queue_group(spool, group);
    if (!is_added)
        return MQC_ENOMEM;
    (void)atomic_fetch_add(&spool->last_number, 1);
    spool->pending_bytes += bytes;
    spool->pending_events++;
    spool->stats.accepted++;
    if (ticket_out != NULL) {
        (void)atomic_fetch_add(&group->refs, 1);
        ticket_out->group = group;
    }
    mqc__spool_wake(spool);
    return MQC_OK;
}

enum mqc_error mqc__spool_put(struct mqc__spool *spool, const struct mqc__spool_offer *offer,
                              struct mqc__spool_ticket *ticket_out)
{
    if (offer->topic.size > TOPIC_BYTES_MAX || offer->event.size > EVENT_BYTES_MAX)
        return MQC_ETOOLARGE;
    const size_t bytes = mqc__record_bytes(offer);
    if (bytes > spool->options.pending_bytes_max || bytes > spool->options.bytes_max)
        return MQC_ETOOLARGE;
    (void)pthread_mutex_lock(&spool->mutex);
    const enum mqc_error error = put_locked(spool, offer, bytes, ticket_out);
    (void)pthread_mutex_unlock(&spool->mutex);
    return error;
}

enum mqc_error mqc__spool_wait(struct mqc__spool *spool, struct mqc__spool_ticket *ticket,
                               struct mqc_error_info *info)
{
    struct mqc__spool_group *group = ticket->group;
    ticket->group = NULL;
    enum mqc_error error = MQC_OK;
    if (mqc__latch_wait(&group->latch) != MQC__GROUP_COMMITTED)
        error = mqc__fail(info, MQC_EIO, "%s", group->failure);
    mqc__spool_unref_group(spool, group);
    return error;
}

void mqc__spool_unref_group(struct mqc__spool *spool, struct mqc__spool_group *group)
{
    if (atomic_fetch_sub(&group->refs, 1) != 1)
        return;
    const bool is_reusable = mqc__group_reuse(group);
    (void)pthread_mutex_lock(&spool->mutex);
    if (is_reusable && spool->idle_count < IDLE_GROUPS_MAX) {
        group->next = spool->idle;
        spool->idle = group;
        spool->idle_count++;
        group = NULL;
    }
    (void)pthread_mutex_unlock(&spool->mutex);
    mqc__group_free(&group);
}

void mqc__spool_resume(struct mqc__spool *spool)
{
    (void)atomic_fetch_add(&spool->room_signals, 1);
    if (!atomic_load(&spool->is_blocked))
        return;
    (void)pthread_mutex_lock(&spool->mutex);
    atomic_store(&spool->is_blocked, false);
    mqc__spool_wake(spool);
    (void)pthread_mutex_unlock(&spool->mutex);
}

void mqc__spool_release(struct mqc__spool *spool, uint64_t number)
{
    /* What is not put yet cannot be done with. */
    const uint64_t next = atomic_load(&spool->last_number) + 1;
    if (number > next)
        number = next;
    uint_least64_t before = atomic_load(&spool->released);
    while (before < number && !atomic_compare_exchange_weak(&spool->released, &before, number)) {
    }
}
