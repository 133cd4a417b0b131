#include "backend/backend_priv.h"

#include "base/clock.h"

/* What the thread that runs handlers has to do at certain times: to tell senders how far this node
 * has come, and to bring that to the disk. It looks when a message has been handled, or when the
 * session's thread, which can wait, has put a notice into the inbox. */

/* When the inbox has no room for a notice, the next one is tried after so long. */
#define AGAIN_MS 100

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* With the tick's mutex held. */
static void plan_tick_locked(const struct mqc_backend *backend)
{
    mqc__session_tick_at(backend->own_session,
                         least(backend->members_at_ms, backend->notice_at_ms));
}

void mqc__backend_tick_members_at(struct mqc_backend *backend, int64_t at_ms)
{
    pthread_mutex_lock(&backend->tick_mutex);
    backend->members_at_ms = at_ms;
    plan_tick_locked(backend);
    pthread_mutex_unlock(&backend->tick_mutex);
}

static void notice_at(struct mqc_backend *backend, int64_t at_ms)
{
    pthread_mutex_lock(&backend->tick_mutex);
    backend->notice_at_ms = at_ms;
    plan_tick_locked(backend);
    pthread_mutex_unlock(&backend->tick_mutex);
}

/* Says whether it is time, and then no more. With the tick's mutex held. */
static bool pass_locked(int64_t *at_ms, int64_t now_ms)
{
    const bool is_due = *at_ms <= now_ms;
    if (is_due)
        *at_ms = INT64_MAX;
    return is_due;
}

void mqc__backend_tick(struct mqc_backend *backend, int64_t now_ms)
{
    pthread_mutex_lock(&backend->tick_mutex);
    const bool is_for_members = pass_locked(&backend->members_at_ms, now_ms);
    const bool is_for_notice = pass_locked(&backend->notice_at_ms, now_ms);
    plan_tick_locked(backend);
    pthread_mutex_unlock(&backend->tick_mutex);
    if (is_for_members)
        mqc__members_tick(backend->members, now_ms);
    if (is_for_notice && !mqc__inbox_put_due(backend->inbox))
        notice_at(backend, now_ms + AGAIN_MS);
}

static void collect(void *context, const struct mqc__receipt *receipt)
{
    struct mqc_backend *backend = context;
    mqc__receipts_add(&backend->receipts, receipt);
}

static int64_t next_due(const struct mqc_backend *backend)
{
    return least(mqc__streams_due_ms(backend->streams), backend->sync_at_ms);
}

static void do_due(struct mqc_backend *backend, int64_t now_ms)
{
    if (backend->sync_at_ms <= now_ms)
        mqc__backend_sync_positions(backend);
    if (mqc__streams_due_ms(backend->streams) > now_ms)
        return;
    mqc__streams_receipts(backend->streams, now_ms, collect, backend);
    mqc__receipts_send(&backend->receipts, backend);
}

void mqc__backend_do_due(struct mqc_backend *backend)
{
    int64_t due_ms = next_due(backend);
    if (due_ms == MQC__STREAM_IN_NEVER)
        return;
    const int64_t now_ms = mqc__clock_monotonic_ms();
    if (due_ms <= now_ms) {
        do_due(backend, now_ms);
        due_ms = next_due(backend);
    }
    if (due_ms == backend->planned_ms)
        return;
    backend->planned_ms = due_ms;
    notice_at(backend, due_ms);
}

void mqc__backend_noticed(struct mqc_backend *backend)
{
    backend->planned_ms = MQC__STREAM_IN_NEVER;
    mqc__backend_do_due(backend);
}
