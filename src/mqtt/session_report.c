#include "mqtt/session_priv.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>

/* How often the same kind of trouble may be reported. */
#define ATTEMPT_INTERVAL_MS 60000
#define LOSS_WINDOW_MS 10000
#define OVERFLOW_BURST 1
#define REFUSED_BURST 5

void mqc__session_report(struct mqc__session *session, const char *tag, const char *format, ...)
{
    if (session->events.error == NULL)
        return;
    char text[1200];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    session->events.error(session->events.context, tag, text);
}

void mqc__session_note_overflow_locked(struct mqc__session *session, uint64_t refused,
                                       uint64_t dropped)
{
    session->losses.overflow.unreported_count += refused + dropped;
    session->losses.overflow_dropped += dropped;
}

void mqc__session_note_refused_locked(struct mqc__session *session, struct mqc_view topic,
                                      const char *reason, size_t event_count)
{
    struct mqc__session_losses *losses = &session->losses;
    losses->refused.unreported_count++;
    losses->refused_events += event_count;
    (void)snprintf(losses->refused_topic, sizeof losses->refused_topic, "%.*s",
                   topic.size < sizeof losses->refused_topic ? (int)topic.size
                                                             : (int)sizeof losses->refused_topic,
                   topic.data);
    (void)snprintf(losses->refused_reason, sizeof losses->refused_reason, "%s", reason);
}

void mqc__session_note_given_up_locked(struct mqc__session *session)
{
    const uint64_t count = session->outbox.keep.given_up - session->stats.given_up_events;
    session->losses.given_up.unreported_count += count;
    session->stats.given_up_events += count;
    session->stats.dropped_events += count;
}

int64_t mqc__session_report_ms_locked(const struct mqc__session *session)
{
    const int64_t now_ms = mqc__clock_monotonic_ms();
    const struct mqc__session_losses *losses = &session->losses;
    if (losses->presence_reason != 0 ||
        mqc__throttle_is_due(&losses->overflow, now_ms, OVERFLOW_BURST, LOSS_WINDOW_MS) ||
        mqc__throttle_is_due(&losses->refused, now_ms, REFUSED_BURST, LOSS_WINDOW_MS) ||
        mqc__throttle_is_due(&losses->given_up, now_ms, OVERFLOW_BURST, LOSS_WINDOW_MS))
        return now_ms;
    const int64_t overflow_ms = mqc__throttle_due_ms(&losses->overflow, LOSS_WINDOW_MS);
    const int64_t refused_ms = mqc__throttle_due_ms(&losses->refused, LOSS_WINDOW_MS);
    const int64_t given_up_ms = mqc__throttle_due_ms(&losses->given_up, LOSS_WINDOW_MS);
    const int64_t first_ms = overflow_ms < refused_ms ? overflow_ms : refused_ms;
    return first_ms < given_up_ms ? first_ms : given_up_ms;
}

static void report_overflow(struct mqc__session *session, bool is_last)
{
    pthread_mutex_lock(&session->mutex);
    struct mqc__throttle *throttle = &session->losses.overflow;
    const int64_t now_ms = mqc__clock_monotonic_ms();
    const bool is_due = mqc__throttle_is_due(throttle, now_ms,
                                             is_last ? UINT32_MAX : OVERFLOW_BURST, LOSS_WINDOW_MS);
    const uint64_t count = is_due ? mqc__throttle_take(throttle, now_ms, LOSS_WINDOW_MS) : 0;
    const uint64_t dropped = session->losses.overflow_dropped;
    const struct mqc__session_stats stats = session->stats;
    if (is_due)
        session->losses.overflow_dropped = 0;
    pthread_mutex_unlock(&session->mutex);
    if (!is_due)
        return;
    mqc__session_report(
        session, "outbox_overflow",
        "the outbox is full (%zu events, %zu bytes allowed): %llu new events refused and %llu of "
        "the "
        "oldest dropped since the last report; in total %llu refused, %llu dropped; the broker is "
        "not reached or takes less than is published: check the connection, or allow a larger "
        "outbox",
        session->options->outbox_events_max, session->options->outbox_bytes_max,
        (unsigned long long)(count - dropped), (unsigned long long)dropped,
        (unsigned long long)stats.refused_events, (unsigned long long)stats.dropped_events);
}

static void report_refused(struct mqc__session *session, bool is_last)
{
    pthread_mutex_lock(&session->mutex);
    struct mqc__throttle *throttle = &session->losses.refused;
    const int64_t now_ms = mqc__clock_monotonic_ms();
    const bool is_due = mqc__throttle_is_due(throttle, now_ms, is_last ? UINT32_MAX : REFUSED_BURST,
                                             LOSS_WINDOW_MS);
    const uint64_t count = is_due ? mqc__throttle_take(throttle, now_ms, LOSS_WINDOW_MS) : 0;
    const struct mqc__session_losses losses = session->losses;
    const char *uri = session->options->uris[session->machine.uri_index];
    if (is_due)
        session->losses.refused_events = 0;
    pthread_mutex_unlock(&session->mutex);
    if (!is_due)
        return;
    mqc__session_report(session, "publish_refused",
                        "broker %s does not take what is published on topic %s: %s; %llu messages "
                        "with %llu events dropped since the last report; check the broker's access "
                        "rights and limits",
                        uri, losses.refused_topic, losses.refused_reason, (unsigned long long)count,
                        (unsigned long long)losses.refused_events);
}

static void report_given_up(struct mqc__session *session, bool is_last)
{
    pthread_mutex_lock(&session->mutex);
    struct mqc__throttle *throttle = &session->losses.given_up;
    const int64_t now_ms = mqc__clock_monotonic_ms();
    const bool is_due = mqc__throttle_is_due(throttle, now_ms,
                                             is_last ? UINT32_MAX : OVERFLOW_BURST, LOSS_WINDOW_MS);
    const uint64_t count = is_due ? mqc__throttle_take(throttle, now_ms, LOSS_WINDOW_MS) : 0;
    const struct mqc__durability durability = session->options->durability;
    pthread_mutex_unlock(&session->mutex);
    if (is_due)
        mqc__session_report(
            session, "receiver_silent",
            "%llu events to single nodes are given up since the last report: the broker has them, "
            "but their receivers have not said within %lld s (delivery.keep_time) or %zu bytes "
            "(delivery.keep_bytes) that they were handled; check whether those nodes run",
            (unsigned long long)count, (long long)(durability.keep_ms / 1000),
            durability.keep_bytes);
}

void mqc__session_report_losses(struct mqc__session *session, bool is_last)
{
    report_overflow(session, is_last);
    report_given_up(session, is_last);
    report_refused(session, is_last);
    mqc__session_report_presence(session);
}

void mqc__session_report_attempt(struct mqc__session *session, const char *tag, const char *text)
{
    struct mqc__repeat *repeat = &session->connect_reports[session->machine.uri_index];
    if (!mqc__repeat_note(repeat, text, mqc__clock_monotonic_ms(), ATTEMPT_INTERVAL_MS))
        return;
    if (repeat->count == 1)
        mqc__session_report(session, tag, "%s", text);
    else
        mqc__session_report(session, tag, "%s (attempt %llu)", text,
                            (unsigned long long)repeat->count);
}

/* The state as others see it. */
static enum mqc__session_state public_state(enum mqc__machine_state state)
{
    switch (state) {
    case MQC__MACHINE_ONLINE:
    case MQC__MACHINE_CLOSING: return MQC__SESSION_UP;
    case MQC__MACHINE_TAKEN: return MQC__SESSION_TAKEN;
    case MQC__MACHINE_CLOSED: return MQC__SESSION_CLOSED;
    default: return MQC__SESSION_DOWN;
    }
}

void mqc__session_tell_state(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    const enum mqc__session_state state = public_state(session->machine.state);
    pthread_mutex_unlock(&session->mutex);
    if (state == session->told_state)
        return;
    session->told_state = state;
    if (session->events.state != NULL)
        session->events.state(session->events.context, state);
}

/* How many events die with the process. */
static uint64_t count_leftover_locked(const struct mqc__session *session)
{
    return session->spool != NULL ? mqc__outbox_best_effort_count(&session->outbox)
                                  : session->outbox.event_count;
}

void mqc__session_report_leftover(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    const uint64_t count = count_leftover_locked(session);
    const uint64_t awaited = session->spool == NULL ? session->outbox.keep.awaited_count : 0;
    session->leftover_count = count;
    session->stats.dropped_events += count;
    pthread_mutex_unlock(&session->mutex);
    if (count != 0)
        mqc__session_report(session, "undelivered",
                            "%llu events were not acknowledged by a broker when the session was "
                            "closed, and are dropped; allow more time to flush them",
                            (unsigned long long)count);
    if (awaited != 0)
        mqc__session_report(session, "receiver_silent",
                            "%llu events to single nodes had not been acknowledged by these when "
                            "the session was closed; the broker has them, but nobody will repeat "
                            "what it loses; allow more time to flush them, or have durability on "
                            "disk",
                            (unsigned long long)awaited);
}
