#include "mqtt/session_priv.h"

#include "base/clock.h"

/* How long close waits beyond the flush time for a call of the client to return. */
#define GRACE_MS 2000

void mqc__session_end(struct mqc__session *session)
{
    mqc__session_report_losses(session, true);
    mqc__session_report_leftover(session);
    mqc__session_tell_state(session);
    pthread_mutex_lock(&session->mutex);
    session->has_ended = true;
    pthread_cond_broadcast(&session->changed);
    pthread_mutex_unlock(&session->mutex);
}

static void await_end_locked(struct mqc__session *session)
{
    while (!session->has_ended)
        mqc__session_wait_locked(session, &session->changed, INT64_MAX);
}

/* Waits until the thread has ended, or, when the time is over, until it is inside the client, where
 * it can be left alone: false. */
static bool await_thread_locked(struct mqc__session *session)
{
    while (!session->has_ended) {
        const int64_t until_ms = session->close_deadline_ms + GRACE_MS;
        const bool is_late = mqc__clock_monotonic_ms() >= until_ms;
        if (is_late && session->is_in_call && session->message_count == 0)
            return false;
        mqc__session_wait_locked(session, &session->changed, is_late ? INT64_MAX : until_ms);
    }
    return true;
}

/* Ends the thread, or leaves it alone: then what it would have reported is reported here. */
static void end_thread(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    const pthread_t thread = session->thread;
    const bool has_ended = await_thread_locked(session);
    if (!has_ended) {
        session->is_abandoned = true;
        session->machine.state = MQC__MACHINE_CLOSED;
    }
    pthread_mutex_unlock(&session->mutex);
    if (has_ended) {
        (void)pthread_join(thread, NULL);
        return;
    }
    mqc__session_end(session);
    (void)pthread_detach(thread);
}

/* Returns whether this is the first call, which does the work. */
static bool begin_close(struct mqc__session *session, unsigned flush_ms, bool *has_thread_out)
{
    const int64_t deadline_ms = mqc__clock_monotonic_ms() + (int64_t)flush_ms;
    pthread_mutex_lock(&session->mutex);
    const bool is_first = !session->is_closing;
    if (is_first || deadline_ms < session->close_deadline_ms)
        session->close_deadline_ms = deadline_ms;
    session->is_closing = true;
    session->waiter_count += is_first ? 1 : 0;
    *has_thread_out = session->is_open;
    if (!session->is_open)
        session->machine.state = MQC__MACHINE_CLOSED;
    pthread_cond_signal(&session->wake);
    pthread_cond_broadcast(&session->changed);
    pthread_mutex_unlock(&session->mutex);
    return is_first;
}

uint64_t mqc__session_close(struct mqc__session *session, unsigned flush_ms)
{
    bool has_thread = false;
    const bool is_first = begin_close(session, flush_ms, &has_thread);
    if (is_first && has_thread)
        end_thread(session);
    else if (is_first)
        mqc__session_end(session);
    if (is_first)
        mqc__session_spool_close(session);
    pthread_mutex_lock(&session->mutex);
    session->waiter_count += is_first ? 0 : 1;
    await_end_locked(session);
    session->waiter_count--;
    const uint64_t leftover_count = session->leftover_count;
    pthread_mutex_unlock(&session->mutex);
    return leftover_count;
}

void mqc__session_add_traffic_locked(const struct mqc__session *session,
                                     struct mqc__session_stats *stats)
{
    struct mqc__client_traffic traffic;
    if (session->traffic_client == NULL)
        return;
    session->ops->traffic(session->traffic_client, &traffic);
    stats->broker_in_bytes += traffic.in_bytes;
    stats->broker_out_bytes += traffic.out_bytes;
}

void mqc__session_stats(struct mqc__session *session, struct mqc__session_stats *stats_out)
{
    pthread_mutex_lock(&session->mutex);
    *stats_out = session->stats;
    stats_out->outbox_events = session->has_ended ? 0 : session->outbox.event_count;
    stats_out->outbox_bytes = session->has_ended ? 0 : session->outbox.byte_count;
    stats_out->kept_events = session->outbox.keep.event_count;
    stats_out->kept_bytes = session->outbox.keep.byte_count;
    if (session->spool != NULL)
        mqc__spool_stats(session->spool, &stats_out->spool);
    mqc__session_add_traffic_locked(session, stats_out);
    pthread_mutex_unlock(&session->mutex);
}

void mqc__session_free(struct mqc__session **session)
{
    if (*session == NULL)
        return;
    (void)mqc__session_close(*session, 0);
    mqc__session_unref(*session);
    *session = NULL;
}
