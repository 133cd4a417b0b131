#include "spool/spool_priv.h"

uint64_t mqc__spool_last_number(const struct mqc__spool *spool)
{
    return atomic_load(&spool->last_number);
}

uint64_t mqc__spool_next_to_feed(const struct mqc__spool *spool)
{
    return atomic_load(&spool->next_to_feed);
}

void mqc__spool_stats(struct mqc__spool *spool, struct mqc__spool_stats *stats_out)
{
    (void)pthread_mutex_lock(&spool->mutex);
    *stats_out = spool->stats;
    stats_out->bytes += spool->pending_bytes;
    stats_out->pending = spool->pending_events;
    stats_out->is_behind = stats_out->unfed_events != 0;
    (void)pthread_mutex_unlock(&spool->mutex);
}

struct mqc_view mqc__spool_left_instance(const struct mqc__spool *spool, size_t index)
{
    const char *at = spool->left.data;
    const char *end = at + spool->left.size;
    for (size_t i = 0; at != end; i++) {
        const struct mqc_view name = mqc_view_text(at);
        if (i == index)
            return name;
        at += name.size + 1;
    }
    return mqc_view_text(NULL);
}
