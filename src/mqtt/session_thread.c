#include "mqtt/session_priv.h"

#include "base/clock.h"
#include "base/log.h"

#include <time.h>

#define NO_MEMORY_PAUSE_NS 100000000
#define LOSS_NOTICE_MS 1000

/* What the thread does next. */
enum task {
    TASK_WAIT,
    TASK_ATTEMPT,
    TASK_RESUME,
    TASK_LOST,
    TASK_ANNOUNCE,
    TASK_TELL_ANNOUNCED,
    TASK_GIVE_WAY,
    TASK_TICK,
    TASK_LOOK_AT_TLS,
    TASK_GIVE_UP,
    TASK_SUBSCRIBE,
    TASK_LOOK_AT_BROKER,
    TASK_SEND,
    TASK_NOTE,
    TASK_REPEAT,
    TASK_PROBE,
    TASK_REPORT,
    TASK_CLOSE,
    TASK_LEAVE,
};

void mqc__session_step_locked(struct mqc__session *session, struct mqc__machine_event event)
{
    const enum mqc__machine_state before = session->machine.state;
    mqc__machine_step(&session->machine, &event);
    const enum mqc__machine_state after = session->machine.state;
    if (after == before)
        return;
    mqc__log(MQC_LOG_DEBUG, "session %s: %s -> %s", session->options->client_id,
             mqc__machine_state_name(before), mqc__machine_state_name(after));
    mqc__session_changed_locked(session);
}

static void step(struct mqc__session *session, enum mqc__machine_event_kind kind)
{
    const struct mqc__machine_event event = {
        .kind = kind, .now_ms = mqc__clock_monotonic_ms(), .random = mqc__random_bits()};
    pthread_mutex_lock(&session->mutex);
    mqc__session_step_locked(session, event);
    pthread_mutex_unlock(&session->mutex);
}

void mqc__session_enter_call(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    session->is_in_call = true;
    if (session->is_closing)
        pthread_cond_broadcast(&session->changed);
    pthread_mutex_unlock(&session->mutex);
}

bool mqc__session_leave_call(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    session->is_in_call = false;
    const bool goes_on = !session->is_abandoned;
    pthread_mutex_unlock(&session->mutex);
    return goes_on;
}

bool mqc__session_drop_client(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    mqc__session_add_traffic_locked(session, &session->stats);
    session->traffic_client = NULL;
    session->ack_client = NULL;
    pthread_mutex_unlock(&session->mutex);
    mqc__session_enter_call(session);
    session->ops->free(session->client);
    session->client = NULL;
    return mqc__session_leave_call(session);
}

void mqc__session_await_loss(struct mqc__session *session)
{
    const int64_t until_ms = mqc__clock_monotonic_ms() + LOSS_NOTICE_MS;
    pthread_mutex_lock(&session->mutex);
    while (!session->is_lost && mqc__clock_monotonic_ms() < until_ms)
        mqc__session_wait_locked(session, &session->wake, until_ms);
    session->is_lost = true;
    pthread_mutex_unlock(&session->mutex);
}

void mqc__session_await_memory(void)
{
    const struct timespec pause = {.tv_nsec = NO_MEMORY_PAUSE_NS};
    (void)nanosleep(&pause, NULL);
}

/* What is on disk need not wait for the receivers: it is sent again at the next start. */
static bool is_flushed_locked(const struct mqc__session *session)
{
    if (session->outbox.event_count != 0)
        return false;
    return session->spool != NULL
               ? mqc__session_unfed_locked(session) > mqc__session_last_number_locked(session)
               : session->outbox.keep.awaited_count == 0;
}

/* Says whether close has nothing more to wait for. */
static bool may_close_locked(const struct mqc__session *session)
{
    return session->is_closing &&
           (is_flushed_locked(session) || session->machine.state == MQC__MACHINE_TAKEN ||
            mqc__clock_monotonic_ms() >= session->close_deadline_ms);
}

static enum task online_task_locked(struct mqc__session *session)
{
    mqc__session_settle_locked(session);
    if (session->is_lost)
        return TASK_LOST;
    if (session->is_flooded || mqc__clock_monotonic_ms() >= mqc__session_stall_ms_locked(session))
        return TASK_GIVE_UP;
    if (may_close_locked(session))
        return TASK_CLOSE;
    if (session->was_announced)
        return TASK_TELL_ANNOUNCED;
    if (mqc__session_announce_ms_locked(session) <= mqc__clock_monotonic_ms())
        return TASK_ANNOUNCE;
    if (session->gives_way && !session->has_announcement)
        return TASK_GIVE_WAY;
    if (session->has_filter_work)
        return TASK_SUBSCRIBE;
    if (session->notes != NULL)
        return TASK_NOTE;
    if (session->outbox.keep.repetitions != NULL)
        return TASK_REPEAT; /* nothing later of the stream may leave before */
    if (mqc__session_broker_ms_locked(session) <= mqc__clock_monotonic_ms())
        return TASK_LOOK_AT_BROKER;
    return mqc__session_can_send_locked(session) ? TASK_SEND : TASK_WAIT;
}

static enum task pause_task_locked(const struct mqc__session *session)
{
    if (may_close_locked(session))
        return TASK_CLOSE;
    if (session->gives_way && session->machine.state == MQC__MACHINE_PAUSE)
        return TASK_GIVE_WAY;
    const bool is_over = session->machine.state == MQC__MACHINE_PAUSE &&
                         mqc__clock_monotonic_ms() >= session->machine.resume_at_ms;
    return is_over ? TASK_RESUME : TASK_WAIT;
}

static enum task attempt_task_locked(const struct mqc__session *session)
{
    if (may_close_locked(session))
        return TASK_CLOSE;
    return session->gives_way ? TASK_GIVE_WAY : TASK_ATTEMPT;
}

static enum task state_task_locked(struct mqc__session *session)
{
    switch (session->machine.state) {
    case MQC__MACHINE_CONNECTING: return attempt_task_locked(session);
    case MQC__MACHINE_ONLINE: return online_task_locked(session);
    case MQC__MACHINE_IDLE:
    case MQC__MACHINE_PAUSE:
    case MQC__MACHINE_TAKEN: return pause_task_locked(session);
    case MQC__MACHINE_CLOSING: return TASK_LEAVE;
    case MQC__MACHINE_CLOSED: break; /* the thread does not come here then */
    }
    return TASK_WAIT;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When to look again even if nobody calls. */
static int64_t look_again_ms_locked(const struct mqc__session *session)
{
    const struct mqc__machine *machine = &session->machine;
    int64_t until_ms =
        earlier(mqc__session_report_ms_locked(session), mqc__session_tls_ms_locked(session));
    until_ms = earlier(until_ms, session->tick_ms);
    until_ms = earlier(until_ms, mqc__session_keep_ms_locked(session));
    if (session->is_closing)
        until_ms = earlier(until_ms, session->close_deadline_ms);
    if (machine->state == MQC__MACHINE_PAUSE)
        until_ms = earlier(until_ms, machine->resume_at_ms);
    if (machine->state != MQC__MACHINE_ONLINE)
        return until_ms;
    until_ms = earlier(until_ms, mqc__session_stall_ms_locked(session));
    until_ms = earlier(until_ms, mqc__session_announce_ms_locked(session));
    until_ms = earlier(until_ms, mqc__session_broker_ms_locked(session));
    if (mqc__clock_monotonic_ms() < machine->quiet_until_ms)
        until_ms = earlier(until_ms, machine->quiet_until_ms);
    return until_ms;
}

static enum task await_task(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    enum task task = TASK_WAIT;
    while (task == TASK_WAIT) {
        task = state_task_locked(session);
        if (task != TASK_WAIT && task != TASK_SEND)
            break;
        const int64_t now_ms = mqc__clock_monotonic_ms();
        if (session->tick_ms <= now_ms)
            task = TASK_TICK;
        else if (mqc__session_report_ms_locked(session) <= now_ms)
            task = TASK_REPORT;
        else if (mqc__session_tls_ms_locked(session) <= now_ms)
            task = TASK_LOOK_AT_TLS;
        else if (mqc__session_keep_ms_locked(session) <= now_ms)
            task = TASK_PROBE;
        if (task != TASK_WAIT)
            break;
        session->is_idle = true;
        session->idle_until_ms = look_again_ms_locked(session);
        mqc__session_wait_locked(session, &session->wake, session->idle_until_ms);
        session->is_idle = false;
    }
    pthread_mutex_unlock(&session->mutex);
    return task;
}

static void tick(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    session->tick_ms = INT64_MAX;
    pthread_mutex_unlock(&session->mutex);
    if (session->events.tick != NULL)
        session->events.tick(session->events.context, mqc__clock_monotonic_ms());
}

static void leave_broker(struct mqc__session *session)
{
    mqc__session_take_leave(session);
    mqc__session_enter_call(session);
    session->ops->disconnect(session->client);
    if (mqc__session_leave_call(session) && mqc__session_drop_client(session))
        step(session, MQC__MACHINE_DISCONNECTED);
}

/* Without a connection none may be made: it would take the session from the other one. */
static void give_way(struct mqc__session *session)
{
    if (session->client != NULL)
        mqc__session_leave_to_other(session);
    else
        step(session, MQC__MACHINE_TAKEN_OVER);
}

static void perform(struct mqc__session *session, enum task task)
{
    switch (task) {
    case TASK_ATTEMPT: mqc__session_attempt(session); break;
    case TASK_RESUME: step(session, MQC__MACHINE_RESUME); break;
    case TASK_LOST: mqc__session_connection_lost(session); break;
    case TASK_ANNOUNCE: mqc__session_send_announcement(session); break;
    case TASK_TELL_ANNOUNCED: mqc__session_tell_announced(session); break;
    case TASK_GIVE_WAY: give_way(session); break;
    case TASK_TICK: tick(session); break;
    case TASK_LOOK_AT_TLS: mqc__session_look_at_tls(session); break;
    case TASK_GIVE_UP: mqc__session_give_up_connection(session); break;
    case TASK_SUBSCRIBE: mqc__session_subscribe(session); break;
    case TASK_LOOK_AT_BROKER: mqc__session_look_at_broker(session); break;
    case TASK_SEND: mqc__session_send(session); break;
    case TASK_NOTE: mqc__session_send_note(session); break;
    case TASK_REPEAT: mqc__session_repeat(session); break;
    case TASK_PROBE: mqc__session_probe(session); break;
    case TASK_REPORT: mqc__session_report_losses(session, false); break;
    case TASK_CLOSE: step(session, MQC__MACHINE_CLOSE); break;
    case TASK_LEAVE: leave_broker(session); break;
    case TASK_WAIT: break;
    }
}

/* The owner learns about CLOSED last of all, from mqc__session_end. */
static bool is_over(struct mqc__session *session, bool *is_abandoned_out)
{
    pthread_mutex_lock(&session->mutex);
    const bool is_closed = session->machine.state == MQC__MACHINE_CLOSED;
    *is_abandoned_out = session->is_abandoned;
    pthread_mutex_unlock(&session->mutex);
    return is_closed;
}

void *mqc__session_run(void *argument)
{
    struct mqc__session *session = argument;
    bool is_abandoned = false;
    step(session, MQC__MACHINE_OPEN);
    while (!is_over(session, &is_abandoned)) {
        mqc__session_tell_state(session);
        perform(session, await_task(session));
    }
    if (!is_abandoned)
        mqc__session_end(session);
    else if (session->client != NULL)
        (void)mqc__session_drop_client(session);
    mqc__session_unref(session);
    return NULL;
}
