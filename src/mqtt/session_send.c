#include "mqtt/session_priv.h"

#include "base/clock.h"
#include "codec/protobuf.h"
#include "mqtt/reason.h"

/* What stands around the topic, the content type and the envelope's header in a PUBLISH: fixed
 * header, lengths, packet identifier, properties (MQTT 5, 3.3). */
#define PACKET_OVERHEAD_BYTES 32

/* A connection on which nothing was acknowledged for this many keep-alive times is given up: the
 * client's keep-alive has found the broker alive more than once by then. Doubled with every time in
 * a row, so that a link on which one message needs so long is not cut for ever. */
#define STALL_KEEP_ALIVES 3
#define STALL_DOUBLINGS_MAX 8

size_t mqc__session_event_bytes_max(const struct mqc__session *session, size_t topic_size)
{
    const size_t packet_max = session->packet_bytes_max;
    if (packet_max == UINT32_MAX)
        return MQC__EVENT_BYTES_MAX;
    const size_t around = PACKET_OVERHEAD_BYTES + MQC__ENVELOPE_OVERHEAD_BYTES + topic_size +
                          strlen(MQC__CONTENT_TYPE_PROTOBUF) +
                          2 * strlen(session->options->instance) + strlen(session->options->node);
    if (packet_max <= around)
        return 0;
    return packet_max - around < MQC__EVENT_BYTES_MAX ? packet_max - around : MQC__EVENT_BYTES_MAX;
}

bool mqc__session_has_slot_locked(const struct mqc__session *session)
{
    const size_t window = session->options->in_flight_max < session->answer.receive_max
                              ? session->options->in_flight_max
                              : session->answer.receive_max;
    return session->outbox.in_flight_count + (session->announcement_token >= 0 ? 1 : 0) +
               (session->probe_token >= 0 ? 1 : 0) <
           window;
}

static bool has_window(const struct mqc__session *session, const struct mqc__batch *head)
{
    const struct mqc__outbox *outbox = &session->outbox;
    const bool is_first =
        outbox->in_flight_count == 0 && session->announcement_token < 0 && session->probe_token < 0;
    if (head->qos == MQC__QOS_0 || is_first)
        return true;
    return mqc__session_has_slot_locked(session) &&
           outbox->in_flight_bytes + mqc__outbox_head_bytes(outbox, head) <=
               session->options->in_flight_bytes_max;
}

/* What is kept for receivers has no room for more, but is about to. */
static bool must_wait(const struct mqc__session *session, const struct mqc__batch *head)
{
    return head->receipt != MQC__RECEIPT_NONE &&
           mqc__outbox_waits_for_receipts(&session->outbox, mqc__clock_monotonic_ms());
}

bool mqc__session_can_send_locked(const struct mqc__session *session)
{
    const struct mqc__batch *head = mqc__outbox_head(&session->outbox);
    return head != NULL && session->machine.state == MQC__MACHINE_ONLINE && !session->is_lost &&
           !session->has_filter_work && has_window(session, head) && !must_wait(session, head) &&
           mqc__clock_monotonic_ms() >= session->machine.quiet_until_ms;
}

int64_t mqc__session_stall_ms_locked(const struct mqc__session *session)
{
    const int64_t keep_alive_ms = (int64_t)session->answer.keep_alive_s * 1000;
    if (session->outbox.in_flight_count == 0 || keep_alive_ms == 0)
        return INT64_MAX;
    const unsigned doublings =
        session->stall_count < STALL_DOUBLINGS_MAX ? session->stall_count : STALL_DOUBLINGS_MAX;
    /* While the owner holds a message back, nothing can be heard of the broker. */
    const int64_t deaf_ms =
        session->message_count != 0 ? mqc__clock_monotonic_ms() - session->message_ms : 0;
    return session->progress_ms + deaf_ms + (STALL_KEEP_ALIVES * keep_alive_ms << doublings);
}

/* The head alone is more than the broker ever takes. */
static void drop_head_locked(struct mqc__session *session, const struct mqc__batch *head)
{
    mqc__session_note_refused_locked(session, mqc_view_bytes(head->topic->text, head->topic->size),
                                     "larger than the broker's maximum packet size", 1);
    mqc__outbox_drop_head(&session->outbox);
    session->stats.dropped_events++;
    mqc__session_changed_locked(session);
}

/* The batch whose events a message carries, or a piece of them. */
static struct mqc__batch *whole_of(struct mqc__batch *batch)
{
    return batch->whole != NULL ? batch->whole : batch;
}

static struct mqc__piece piece_of(const struct mqc__batch *batch)
{
    const struct mqc_view events = mqc__batch_events(batch->whole);
    return (struct mqc__piece){
        .total = events.size,
        .offset = batch->piece_offset,
        .content = mqc_view_bytes(events.data + batch->piece_offset, batch->event_bytes),
    };
}

/* Gets ready what stands around the batch; NULL: no memory, it waits again. */
static struct mqc__batch *follow_locked(struct mqc__session *session, struct mqc__batch *batch)
{
    struct mqc__batch *whole = whole_of(batch);
    if (mqc__outbox_follow(&session->outbox, whole, mqc__clock_monotonic_ms()) != MQC_OK) {
        mqc__outbox_put_back(&session->outbox, batch);
        return NULL;
    }
    session->header = mqc__session_header_locked(session, whole);
    if (batch->whole != NULL)
        session->header.piece = piece_of(batch);
    return batch;
}

/* Takes what the next message is to carry out of the queue; NULL when there is nothing to send
 * after all, or no memory. */
static struct mqc__batch *take_batch(struct mqc__session *session)
{
    struct mqc__batch *batch = NULL;
    enum mqc_error error = MQC_ENOTFOUND;
    pthread_mutex_lock(&session->mutex);
    struct mqc__outbox *outbox = &session->outbox;
    const struct mqc__batch *head = mqc__outbox_head(outbox);
    const size_t limit =
        head != NULL ? mqc__session_event_bytes_max(session, head->topic->size) : 0;
    if (head != NULL && !head->is_in_pieces && mqc__batch_first_size(head) > limit) {
        drop_head_locked(session, head);
    } else if (head != NULL) {
        const size_t in_flight_max = session->options->in_flight_bytes_max;
        const size_t room =
            outbox->in_flight_bytes < in_flight_max ? in_flight_max - outbox->in_flight_bytes : 0;
        if (outbox->in_flight_count == 0)
            session->progress_ms = mqc__clock_monotonic_ms();
        error = mqc__outbox_take(outbox, room < limit ? room : limit, &batch);
    }
    if (batch != NULL)
        batch = follow_locked(session, batch);
    pthread_mutex_unlock(&session->mutex);
    if (error == MQC_ENOMEM)
        mqc__session_await_memory();
    return batch;
}

/* Writes the envelope. A batch in flight is the thread's alone. */
static bool build_payload(struct mqc__session *session, struct mqc__batch *batch,
                          struct mqc_view *payload_out)
{
    struct mqc__buffer *payload = &session->payload;
    mqc__buffer_clear(payload);
    if (mqc__protobuf_header(&session->header, payload) != MQC_OK)
        return false;
    if (batch->whole != NULL) {
        *payload_out = mqc__buffer_view(payload);
        return true;
    }
    if (session->compressor == NULL ||
        !mqc__compress(session->compressor, mqc__batch_events(batch), payload))
        return mqc__batch_enclose(batch, mqc__buffer_view(payload), payload_out);
    *payload_out = mqc__buffer_view(payload);
    return true;
}

static enum mqc__client_result publish(struct mqc__session *session, struct mqc__batch *batch,
                                       enum mqc__qos qos, int *token_out)
{
    struct mqc_view payload;
    if (!build_payload(session, batch, &payload))
        return MQC__CLIENT_NOMEM;
    const struct mqc__client_message message = {
        .topic = batch->topic->text,
        .payload = payload,
        .content_type = MQC__CONTENT_TYPE_PROTOBUF,
        .qos = qos,
        .expiry_s = session->options->event_expiry_s,
    };
    return session->ops->publish(session->client, &message, token_out);
}

static void complete_locked(struct mqc__session *session, struct mqc__batch *batch)
{
    if (batch->whole != NULL)
        batch = mqc__outbox_piece_done(&session->outbox, batch);
    if (batch == NULL)
        return;
    session->stats.delivered_events +=
        mqc__outbox_acknowledged(&session->outbox, batch, mqc__clock_monotonic_ms());
    mqc__session_changed_locked(session);
}

static void refuse_locked(struct mqc__session *session, struct mqc__batch *batch,
                          const char *reason)
{
    if (batch->whole != NULL)
        batch = mqc__outbox_end_pieces(&session->outbox, batch);
    const struct mqc_view topic = mqc_view_bytes(batch->topic->text, batch->topic->size);
    mqc__session_note_refused_locked(session, topic, reason, batch->event_count);
    session->stats.dropped_events += mqc__outbox_drop_batch(&session->outbox, batch);
    mqc__session_changed_locked(session);
}

static void sent_locked(struct mqc__session *session, struct mqc__batch *batch, enum mqc__qos qos,
                        int token)
{
    struct mqc__batch *whole = whole_of(batch);
    session->stats.sent_messages++;
    if (!whole->is_in_pieces || whole->sent_bytes == whole->event_bytes)
        mqc__outbox_sent(&session->outbox, whole, mqc__clock_monotonic_ms());
    if (qos == MQC__QOS_0)
        complete_locked(session, batch);
    else
        batch->token = token;
}

void mqc__session_send(struct mqc__session *session)
{
    struct mqc__batch *batch = take_batch(session);
    if (batch == NULL)
        return;
    const enum mqc__qos qos = (int)batch->qos <= session->answer.qos_max ? batch->qos : MQC__QOS_0;
    int token = -1;
    mqc__session_enter_call(session);
    const enum mqc__client_result result = publish(session, batch, qos, &token);
    const bool goes_on = mqc__session_leave_call(session);
    pthread_mutex_lock(&session->mutex);
    if (goes_on && result == MQC__CLIENT_OK)
        sent_locked(session, batch, qos, token);
    else if (goes_on && result == MQC__CLIENT_UNUSABLE)
        refuse_locked(session, batch, "not a valid topic name");
    else if (goes_on)
        mqc__outbox_put_back(&session->outbox, batch);
    pthread_mutex_unlock(&session->mutex);
    if (result == MQC__CLIENT_LOST)
        mqc__session_await_loss(session);
    else if (result == MQC__CLIENT_NOMEM)
        mqc__session_await_memory();
}

void mqc__session_settle_locked(struct mqc__session *session)
{
    for (size_t i = 0; i < session->ack_count; i++) {
        const struct mqc__ack *ack = &session->acks[i];
        if (mqc__session_settle_announcement_locked(session, ack) ||
            mqc__session_settle_probe_locked(session, ack))
            continue;
        struct mqc__batch *batch = mqc__outbox_find(&session->outbox, ack->token);
        if (batch == NULL)
            continue;
        session->progress_ms = mqc__clock_monotonic_ms();
        session->stall_count = 0;
        if (ack->reason >= MQC__REASON_FAILURE)
            refuse_locked(session, batch, mqc__reason_text(ack->reason));
        else
            complete_locked(session, batch);
    }
    if (session->ack_count != 0)
        mqc__session_tell_spool_locked(session);
    session->ack_count = 0;
}
