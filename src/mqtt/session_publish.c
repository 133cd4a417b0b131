#include "mqtt/session_priv.h"

/* Says why nothing can be accepted, or that this could be. */
static enum mqc_error check_offer_locked(const struct mqc__session *session,
                                         const struct mqc__offer *offer)
{
    if (session->is_closing)
        return MQC_ECLOSED;
    if (session->machine.state == MQC__MACHINE_TAKEN)
        return MQC_ETAKEN;
    const bool is_too_large =
        offer->event.size > mqc__session_event_bytes_max(session, offer->topic.size);
    return is_too_large ? MQC_ETOOLARGE : MQC_OK;
}

static enum mqc_error accept_locked(struct mqc__session *session, const struct mqc__offer *offer)
{
    size_t dropped = 0;
    enum mqc_error error = check_offer_locked(session, offer);
    if (error != MQC_OK)
        return error;
    error = offer->buffer != NULL
                ? mqc__outbox_accept_buffer(&session->outbox, offer->topic, offer->service,
                                            offer->buffer, &dropped)
                : mqc__outbox_accept(&session->outbox, offer->topic, offer->service, offer->event,
                                     &dropped);
    const size_t refused = error == MQC_EFULL && !offer->service.is_retried ? 1 : 0;
    session->stats.accepted_events += error == MQC_OK ? 1 : 0;
    session->stats.refused_events += refused;
    session->stats.dropped_events += dropped;
    if (refused + dropped != 0)
        mqc__session_note_overflow_locked(session, refused, dropped);
    return error;
}

bool mqc__session_has_work_locked(struct mqc__session *session)
{
    const bool has_work =
        session->is_idle && (mqc__session_can_send_locked(session) ||
                             mqc__session_report_ms_locked(session) < session->idle_until_ms);
    if (has_work)
        session->is_idle = false; /* once is enough */
    return has_work;
}

static enum mqc_error publish_in_memory(struct mqc__session *session,
                                        const struct mqc__offer *offer)
{
    pthread_mutex_lock(&session->mutex);
    const enum mqc_error error = accept_locked(session, offer);
    const bool has_work = mqc__session_has_work_locked(session);
    pthread_mutex_unlock(&session->mutex);
    /* The thread would run into the mutex otherwise. */
    if (has_work)
        pthread_cond_signal(&session->wake);
    if (error == MQC_OK && offer->done != NULL)
        offer->done(offer->done_context, MQC_OK);
    return error;
}

/* Best effort needs no disk. */
static enum mqc_error publish(struct mqc__session *session, const struct mqc__offer *offer)
{
    if (offer->event.size == 0)
        return MQC_EINVAL;
    if (session->spool == NULL || offer->service.qos == MQC__QOS_0)
        return publish_in_memory(session, offer);
    if (!mqc__outbox_is_topic_name(offer->topic))
        return MQC_EINVAL;
    pthread_mutex_lock(&session->mutex);
    enum mqc_error error = check_offer_locked(session, offer);
    if (error == MQC_OK && !mqc__outbox_may_take(&session->outbox, offer->event.size))
        error = MQC_ETOOLARGE;
    pthread_mutex_unlock(&session->mutex);
    return error == MQC_OK ? mqc__session_publish_durably(session, offer, NULL) : error;
}

enum mqc_error mqc__session_publish(struct mqc__session *session, struct mqc_view mqtt_topic,
                                    enum mqc__qos qos, struct mqc_view event)
{
    const struct mqc__offer offer = {.topic = mqtt_topic, .service = {.qos = qos}, .event = event};
    return publish(session, &offer);
}

enum mqc_error mqc__session_publish_buffer(struct mqc__session *session, struct mqc_view mqtt_topic,
                                           struct mqc__service service, struct mqc__buffer *event)
{
    const struct mqc__session_done nobody = {NULL, NULL};
    return mqc__session_publish_async(session, mqtt_topic, service, event, &nobody);
}

enum mqc_error mqc__session_publish_async(struct mqc__session *session, struct mqc_view mqtt_topic,
                                          struct mqc__service service, struct mqc__buffer *event,
                                          const struct mqc__session_done *done)
{
    const struct mqc__offer offer = {
        .topic = mqtt_topic,
        .service = service,
        .event = mqc__buffer_view(event),
        .buffer = event,
        .done = done->function,
        .done_context = done->context,
    };
    return publish(session, &offer);
}

void mqc__session_lend(struct mqc__session *session, size_t event_bytes, struct mqc__buffer *buffer)
{
    pthread_mutex_lock(&session->mutex);
    mqc__outbox_lend(&session->outbox, event_bytes, buffer);
    pthread_mutex_unlock(&session->mutex);
}
