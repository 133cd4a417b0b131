#include "mqtt/session_priv.h"

#include "base/clock.h"
#include "mqtt/reason.h"

/* What the node says of itself on its presence topic, and when its owner wants to be called. */

/* Presence is small; this bounds what a bug can do. */
#define ANNOUNCEMENT_BYTES_MAX ((size_t)64 << 10)

/* How long it waits for the acknowledgement of the one before, or for room. */
#define ACKNOWLEDGEMENT_WAIT_MS 1000

void mqc__session_presence_init(struct mqc__session *session)
{
    mqc__buffer_init(&session->announcement, ANNOUNCEMENT_BYTES_MAX);
    session->announcement_token = -1;
    session->tick_ms = INT64_MAX;
}

enum mqc_error mqc__session_announce(struct mqc__session *session, struct mqc_view payload,
                                     bool is_retained)
{
    if (session->options->presence.topic == NULL)
        return MQC_EINVAL;
    enum mqc_error error = MQC_ECLOSED;
    pthread_mutex_lock(&session->mutex);
    if (!session->has_left) {
        if (!session->has_announcement)
            session->announced_ms = mqc__clock_monotonic_ms();
        session->is_announcement_retained = is_retained;
        mqc__buffer_clear(&session->announcement);
        session->has_announcement =
            mqc__buffer_append(&session->announcement, payload.data, payload.size);
        error = session->has_announcement ? MQC_OK : MQC_ENOMEM;
        pthread_cond_signal(&session->wake);
    }
    pthread_mutex_unlock(&session->mutex);
    return error;
}

void mqc__session_give_way(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    session->gives_way = true;
    pthread_cond_signal(&session->wake);
    pthread_mutex_unlock(&session->mutex);
}

void mqc__session_tick_at(struct mqc__session *session, int64_t at_ms)
{
    pthread_mutex_lock(&session->mutex);
    session->tick_ms = at_ms;
    if (at_ms < session->idle_until_ms)
        pthread_cond_signal(&session->wake);
    pthread_mutex_unlock(&session->mutex);
}

/* Says whether it can be sent so that the broker acknowledges it. */
static bool has_room(const struct mqc__session *session)
{
    return session->announcement_token < 0 &&
           (session->outbox.in_flight_count == 0 || mqc__session_has_slot_locked(session));
}

/*
 * While the owner holds a message back, the client hears nothing and sends no pings, perhaps for
 * longer than the keep-alive time and the node's lease. What was announced last keeps the broker
 * from closing the connection, and what is new is for the other nodes to hear at once.
 */
int64_t mqc__session_announce_ms_locked(const struct mqc__session *session)
{
    const int64_t keep_alive_ms = (int64_t)session->answer.keep_alive_s * 1000;
    if (session->has_announcement)
        return session->announced_ms + (has_room(session) ? 0 : ACKNOWLEDGEMENT_WAIT_MS);
    if (session->announcement.size == 0 || keep_alive_ms == 0 || session->has_left)
        return INT64_MAX;
    const int64_t deaf_since_ms =
        session->message_count != 0 ? session->message_ms : mqc__clock_monotonic_ms();
    const int64_t since_ms =
        deaf_since_ms > session->announced_ms ? deaf_since_ms : session->announced_ms;
    /* The broker waits for one and a half of it, and the client may have been silent for one. */
    return since_ms + keep_alive_ms / 4;
}

static struct mqc__client_message message_of(const struct mqc__session_presence *presence,
                                             struct mqc_view payload)
{
    return (struct mqc__client_message){
        .topic = presence->topic,
        .payload = payload,
        .content_type = presence->content_type,
        .qos = MQC__QOS_1,
        .is_retained = true,
        .is_presence = true,
        .expiry_s = presence->expiry_s,
    };
}

struct mqc__client_message mqc__session_will(const struct mqc__session *session)
{
    const struct mqc__session_presence *presence = &session->options->presence;
    struct mqc__client_message will = {.topic = NULL};
    if (presence->topic == NULL || session->events.will == NULL)
        return will;
    const struct mqc_view payload = session->events.will(session->events.context);
    if (payload.size != 0)
        will = message_of(presence, payload);
    return will;
}

/* Takes what is to be said into the thread's payload buffer. */
static bool take_announcement(struct mqc__session *session, bool *is_retained_out,
                              enum mqc__qos *qos_out)
{
    mqc__buffer_clear(&session->payload);
    pthread_mutex_lock(&session->mutex);
    *qos_out = session->answer.qos_max >= MQC__QOS_1 && has_room(session) ? MQC__QOS_1 : MQC__QOS_0;
    const struct mqc_view waiting = mqc__buffer_view(&session->announcement);
    (void)mqc__buffer_append(&session->payload, waiting.data, waiting.size);
    const bool is_taken = !mqc__buffer_failed(&session->payload);
    *is_retained_out = session->is_announcement_retained;
    session->has_announcement = !is_taken;
    session->announced_ms = mqc__clock_monotonic_ms();
    pthread_mutex_unlock(&session->mutex);
    return is_taken;
}

void mqc__session_report_presence(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    const int reason = session->losses.presence_reason;
    session->losses.presence_reason = 0;
    pthread_mutex_unlock(&session->mutex);
    if (reason == 0)
        return;
    mqc__session_report(
        session, "presence_refused",
        "broker %s does not take what this node says of itself on topic %s: %s; the "
        "other nodes do not learn that it is up; check the broker's access rights",
        session->options->uris[session->machine.uri_index], session->options->presence.topic,
        mqc__reason_text(reason));
}

void mqc__session_send_announcement(struct mqc__session *session)
{
    bool is_retained = true;
    enum mqc__qos qos = MQC__QOS_1;
    if (!take_announcement(session, &is_retained, &qos)) {
        mqc__session_await_memory();
        return;
    }
    struct mqc__client_message message =
        message_of(&session->options->presence, mqc__buffer_view(&session->payload));
    message.is_retained = is_retained;
    message.qos = qos;
    int token = -1;
    mqc__session_enter_call(session);
    const enum mqc__client_result result = session->ops->publish(session->client, &message, &token);
    const bool goes_on = mqc__session_leave_call(session);
    if (!goes_on)
        return;
    pthread_mutex_lock(&session->mutex);
    if (result == MQC__CLIENT_OK && message.qos == MQC__QOS_1)
        session->announcement_token = token;
    else if (result == MQC__CLIENT_OK && session->answer.qos_max < MQC__QOS_1)
        session->was_announced = true; /* nothing better will come */
    else if (result == MQC__CLIENT_NOMEM)
        session->has_announcement = true;
    pthread_mutex_unlock(&session->mutex);
    if (result == MQC__CLIENT_LOST)
        mqc__session_await_loss(session);
    else if (result == MQC__CLIENT_NOMEM)
        mqc__session_await_memory();
}

bool mqc__session_settle_announcement_locked(struct mqc__session *session,
                                             const struct mqc__ack *ack)
{
    if (session->announcement_token < 0 || ack->token != session->announcement_token)
        return false;
    session->announcement_token = -1;
    const bool is_refused = ack->reason >= MQC__REASON_FAILURE;
    if (is_refused && !session->is_presence_refused)
        session->losses.presence_reason = ack->reason;
    session->is_presence_refused = is_refused;
    session->was_announced = true;
    return true;
}

void mqc__session_forget_announcement_locked(struct mqc__session *session)
{
    session->announcement_token = -1;
    mqc__buffer_clear(&session->announcement);
    session->has_announcement = false;
    session->was_announced = false;
}

void mqc__session_tell_announced(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    session->was_announced = false;
    pthread_mutex_unlock(&session->mutex);
    if (session->events.announced != NULL)
        session->events.announced(session->events.context);
}

void mqc__session_take_leave(struct mqc__session *session)
{
    if (session->events.leaving != NULL)
        session->events.leaving(session->events.context);
    pthread_mutex_lock(&session->mutex);
    const bool has_words = session->has_announcement;
    session->has_left = true;
    pthread_mutex_unlock(&session->mutex);
    if (has_words)
        mqc__session_send_announcement(session);
}
