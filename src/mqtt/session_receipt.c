#include "mqtt/session_priv.h"

#include "base/clock.h"
#include "base/hash.h"

/* Whether something of the instance may still come from the disk, or waits for the broker. */
static bool may_come_locked(const struct mqc__session *session, struct mqc_view mqtt_topic)
{
    const struct mqc__topic *topic = mqc__topic_table_find(&session->outbox.topics, mqtt_topic);
    return (topic != NULL && topic->waiting != NULL) ||
           mqc__session_unfed_locked(session) <= mqc__session_last_number_locked(session);
}

static void repeat_locked(struct mqc__session *session, struct mqc__kept_stream *stream,
                          const struct mqc__session_receipt *receipt,
                          const struct mqc__stream_out_actions *actions)
{
    if (actions->repeat_from == 0 && actions->tell_kept_from == 0)
        return;
    const struct mqc__repeat_request request = {
        .requester = mqc__hash(receipt->requester, session->outbox.topics.seed),
        .from = actions->repeat_from,
        .to = actions->repeat_to,
        .tell_kept_from = actions->tell_kept_from,
        .reply_topic = receipt->reply_topic,
        .topic = receipt->topic,
        .instance = receipt->instance,
    };
    if (session->machine.state == MQC__MACHINE_ONLINE)
        (void)mqc__outbox_repeat(&session->outbox, stream, &request); /* it asks again */
}

static void receipt_locked(struct mqc__session *session, struct mqc__kept_stream *stream,
                           const struct mqc__session_receipt *receipt)
{
    struct mqc__stream_out_actions actions;
    const struct mqc__stream_out_receipt told = {
        .requester = mqc__hash(receipt->requester, session->outbox.topics.seed),
        .handled_to = receipt->handled_to,
        .wants_repeat = receipt->wants_repeat,
    };
    if (stream->origin != NULL && !may_come_locked(session, receipt->mqtt_topic))
        mqc__stream_out_ended(&stream->machine);
    mqc__outbox_receipt(&session->outbox, stream, &told, mqc__clock_monotonic_ms(), &actions);
    mqc__session_tell_spool_locked(session);
    mqc__session_changed_locked(session);
    repeat_locked(session, stream, receipt, &actions);
}

/* The receiver need not wait for what is gone. */
static void unknown_locked(struct mqc__session *session, const struct mqc__session_receipt *receipt)
{
    const struct mqc__stream_out_actions actions = {.tell_kept_from = UINT64_MAX};
    if (receipt->wants_repeat && !may_come_locked(session, receipt->mqtt_topic))
        repeat_locked(session, NULL, receipt, &actions);
}

static struct mqc__kept_stream *find_stream_locked(const struct mqc__session *session,
                                                   const struct mqc__session_receipt *receipt)
{
    const struct mqc__outbox *outbox = &session->outbox;
    if (mqc_view_equal(receipt->instance, mqc_view_text(session->options->instance)))
        return mqc__outbox_stream(outbox, receipt->mqtt_topic, NULL);
    const struct mqc__origin *origin = mqc__outbox_known_origin(outbox, receipt->instance);
    return origin != NULL ? mqc__outbox_stream(outbox, receipt->mqtt_topic, origin) : NULL;
}

void mqc__session_receipt(struct mqc__session *session, const struct mqc__session_receipt *receipt)
{
    pthread_mutex_lock(&session->mutex);
    struct mqc__kept_stream *stream = find_stream_locked(session, receipt);
    if (stream != NULL)
        receipt_locked(session, stream, receipt);
    else
        unknown_locked(session, receipt);
    pthread_cond_signal(&session->wake);
    pthread_mutex_unlock(&session->mutex);
}
