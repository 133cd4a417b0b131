#include "mqtt/session_priv.h"

#include "mqtt/reason.h"

#include <stdlib.h>

/* Collects the next packet's filters: first to subscribe, so that nothing is missed in between. */
static enum mqc_error collect_locked(struct mqc__session *session, struct mqc__filter_batch *batch,
                                     bool *is_subscribe_out)
{
    *is_subscribe_out = true;
    const enum mqc_error error = mqc__filters_to_subscribe(&session->filters, batch);
    if (error != MQC_OK || batch->count != 0)
        return error;
    *is_subscribe_out = false;
    return mqc__filters_to_unsubscribe(&session->filters, batch);
}

/* Tells the owner what the brokers may know, if that has changed. MQC_ENOMEM: it has not been told,
 * and is to be before the broker is. */
static enum mqc_error tell_filters(struct mqc__session *session)
{
    struct mqc__filter_batch batch;
    if (session->events.filters == NULL)
        return MQC_OK;
    pthread_mutex_lock(&session->mutex);
    const enum mqc_error error = mqc__filters_remaining(&session->filters, &batch);
    pthread_mutex_unlock(&session->mutex);
    if (error == MQC_OK && batch.texts != NULL)
        session->events.filters(session->events.context, (const char *const *)batch.texts,
                                batch.count);
    mqc__filter_batch_fini(&batch);
    return error;
}

static const char *refusal_words(enum mqc__client_result result, int reason)
{
    if (result == MQC__CLIENT_UNUSABLE)
        return "not a valid filter";
    return mqc__reason_text(reason);
}

static bool is_refused(enum mqc__client_result result, int reason)
{
    return result == MQC__CLIENT_UNUSABLE || reason >= MQC__REASON_FAILURE;
}

static void note_answers(struct mqc__session *session, const struct mqc__filter_batch *batch,
                         enum mqc__client_result result, const int *reasons)
{
    bool is_any_refused = false;
    pthread_mutex_lock(&session->mutex);
    for (size_t i = 0; i < batch->count; i++)
        mqc__filters_subscribed(&session->filters, batch->texts[i],
                                !is_refused(result, reasons[i]));
    mqc__session_changed_locked(session);
    const char *uri = session->options->uris[session->machine.uri_index];
    pthread_mutex_unlock(&session->mutex);
    for (size_t i = 0; i < batch->count; i++) {
        if (!is_refused(result, reasons[i]))
            continue;
        is_any_refused = true;
        mqc__session_report(session, "subscribe_refused",
                            "broker %s refused the subscription to %s: %s; check which topics "
                            "the broker lets this user read; tried again after the next connect",
                            uri, batch->texts[i], refusal_words(result, reasons[i]));
    }
    if (session->events.answered != NULL)
        session->events.answered(session->events.context, is_any_refused);
}

static enum mqc__client_result subscribe(struct mqc__session *session,
                                         struct mqc__filter_batch *batch)
{
    const struct mqc__filter_batch filters = *batch;
    const bool asks_broker = mqc__session_broker_ask(session, batch);
    int *reasons = calloc(batch->count, sizeof *reasons);
    if (reasons == NULL)
        return MQC__CLIENT_NOMEM;
    mqc__session_enter_call(session);
    const enum mqc__client_result result = session->ops->subscribe(
        session->client, batch->texts, batch->count, batch->wants_retained, reasons);
    const bool goes_on = mqc__session_leave_call(session);
    if (goes_on && (result == MQC__CLIENT_OK || result == MQC__CLIENT_UNUSABLE)) {
        note_answers(session, &filters, result, reasons);
        if (asks_broker)
            mqc__session_broker_asked(session, !is_refused(result, reasons[filters.count]));
    }
    free(reasons);
    return result;
}

static enum mqc__client_result unsubscribe(struct mqc__session *session,
                                           const struct mqc__filter_batch *batch)
{
    mqc__session_enter_call(session);
    const enum mqc__client_result result =
        session->ops->unsubscribe(session->client, batch->texts, batch->count);
    const bool is_done = result == MQC__CLIENT_OK || result == MQC__CLIENT_UNUSABLE;
    if (!mqc__session_leave_call(session) || !is_done)
        return result;
    pthread_mutex_lock(&session->mutex);
    for (size_t i = 0; i < batch->count; i++)
        mqc__filters_unsubscribed(&session->filters, batch->texts[i]);
    pthread_mutex_unlock(&session->mutex);
    return result;
}

void mqc__session_subscribe(struct mqc__session *session)
{
    struct mqc__filter_batch batch = {0};
    bool is_subscribe = true;
    pthread_mutex_lock(&session->mutex);
    session->has_filter_work = false; /* until there is more, also through set_filters meanwhile */
    enum mqc_error error = collect_locked(session, &batch, &is_subscribe);
    pthread_mutex_unlock(&session->mutex);
    if (error == MQC_OK)
        error = tell_filters(session);
    pthread_mutex_lock(&session->mutex);
    session->has_filter_work = session->has_filter_work || error != MQC_OK || batch.count != 0;
    pthread_mutex_unlock(&session->mutex);
    enum mqc__client_result result = error == MQC_OK ? MQC__CLIENT_OK : MQC__CLIENT_NOMEM;
    if (error == MQC_OK && batch.count != 0)
        result = is_subscribe ? subscribe(session, &batch) : unsubscribe(session, &batch);
    mqc__filter_batch_fini(&batch);
    if (result == MQC__CLIENT_LOST)
        mqc__session_await_loss(session);
    else if (result == MQC__CLIENT_NOMEM)
        mqc__session_await_memory();
}
