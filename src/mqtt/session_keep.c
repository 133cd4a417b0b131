#include "mqtt/session_priv.h"

#include "base/clock.h"

#include <stdlib.h>

/* What may wait to be said to other nodes; they ask again for what is lost. */
#define NOTES_MAX 1000

/* Something to be said to another node that is no event and may get lost. */
struct mqc__note {
    struct mqc__note *next;
    struct mqc_view payload; /* behind this struct and the topic */
    char topic[];
};

static struct mqc__note *new_note(struct mqc_view topic, struct mqc_view payload)
{
    struct mqc__note *note = calloc(1, sizeof *note + topic.size + 1 + payload.size);
    if (note == NULL)
        return NULL;
    memcpy(note->topic, topic.data, topic.size);
    char *bytes = note->topic + topic.size + 1;
    memcpy(bytes, payload.data, payload.size);
    note->payload = mqc_view_bytes(bytes, payload.size);
    return note;
}

static enum mqc_error append_note_locked(struct mqc__session *session, struct mqc_view topic,
                                         struct mqc_view payload)
{
    if (session->is_closing)
        return MQC_ECLOSED;
    if (session->machine.state != MQC__MACHINE_ONLINE || session->note_count == NOTES_MAX)
        return MQC_EFULL;
    struct mqc__note *note = new_note(topic, payload);
    if (note == NULL)
        return MQC_ENOMEM;
    *session->last_note = note;
    session->last_note = &note->next;
    session->note_count++;
    pthread_cond_signal(&session->wake);
    return MQC_OK;
}

enum mqc_error mqc__session_say(struct mqc__session *session, struct mqc_view mqtt_topic,
                                struct mqc_view payload)
{
    if (!mqc__outbox_is_topic_name(mqtt_topic) || payload.size == 0)
        return MQC_EINVAL;
    pthread_mutex_lock(&session->mutex);
    const enum mqc_error error = append_note_locked(session, mqtt_topic, payload);
    pthread_mutex_unlock(&session->mutex);
    return error;
}

static struct mqc__note *take_note_locked(struct mqc__session *session)
{
    struct mqc__note *note = session->notes;
    if (note == NULL)
        return NULL;
    session->notes = note->next;
    if (session->notes == NULL)
        session->last_note = &session->notes;
    session->note_count--;
    return note;
}

void mqc__session_keep_init(struct mqc__session *session)
{
    session->last_note = &session->notes;
    session->probe_token = -1;
}

void mqc__session_forget_notes_locked(struct mqc__session *session)
{
    struct mqc__note *note;
    while ((note = take_note_locked(session)) != NULL)
        free(note);
    session->probe_token = -1;
}

/* Sends what nobody tracks; false: the session was abandoned meanwhile, or nothing was sent. */
static bool send_message(struct mqc__session *session, const struct mqc__client_message *message,
                         int *token_out)
{
    mqc__session_enter_call(session);
    const enum mqc__client_result result =
        session->ops->publish(session->client, message, token_out);
    if (!mqc__session_leave_call(session))
        return false;
    if (result == MQC__CLIENT_LOST)
        mqc__session_await_loss(session);
    else if (result == MQC__CLIENT_NOMEM)
        mqc__session_await_memory();
    return result == MQC__CLIENT_OK;
}

void mqc__session_send_note(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    struct mqc__note *note = take_note_locked(session);
    pthread_mutex_unlock(&session->mutex);
    if (note == NULL)
        return;
    const struct mqc__client_message message = {
        .topic = note->topic,
        .payload = note->payload,
        .content_type = MQC__CONTENT_TYPE_PROTOBUF,
        .qos = MQC__QOS_0,
    };
    int token = -1;
    (void)send_message(session, &message, &token);
    free(note);
}

static struct mqc__sender sender_of(const struct mqc__session *session,
                                    const struct mqc__origin *origin)
{
    return (struct mqc__sender){
        .instance = origin != NULL ? mqc_view_bytes(origin->instance, origin->size)
                                   : mqc_view_text(session->options->instance),
        .node = mqc_view_text(session->options->node),
    };
}

/* So that who hears of the count for the first time can tell whether it missed its beginning. */
static uint64_t count_age_ms(const struct mqc__session *session, const struct mqc__batch *batch)
{
    const int64_t now_ms = mqc__clock_monotonic_ms();
    if (batch->origin != NULL)
        return (uint64_t)(now_ms - session->outbox.origins_ms) + 1;
    return batch->topic->count_first != 0 ? (uint64_t)(now_ms - batch->topic->count_began_ms) + 1
                                          : 0;
}

/* What an envelope of this stream says of it, and of the one before. */
static void describe(const struct mqc__session *session, const struct mqc__kept_stream *stream,
                     struct mqc__envelope_header *header)
{
    const int64_t now_ms = mqc__clock_monotonic_ms();
    mqc__stream_out_describe(&stream->machine, now_ms, header);
    const struct mqc__kept_stream *before = mqc__outbox_stream_before(stream);
    if (before == NULL)
        return;
    struct mqc__envelope_header said = {.first_sequence = before->machine.last};
    mqc__stream_out_describe(&before->machine, now_ms, &said);
    header->after = (struct mqc__after){
        .instance = sender_of(session, before->origin).instance,
        .sequence = said.first_sequence,
        .kept_from = said.kept_from,
        .count_age_ms = said.count_age_ms,
    };
}

struct mqc__envelope_header mqc__session_header_locked(const struct mqc__session *session,
                                                       const struct mqc__batch *batch)
{
    struct mqc__envelope_header header = {
        .sender = sender_of(session, batch->origin),
        .first_sequence = batch->sequence,
        .starts_count = batch->starts_count,
    };
    if (batch->stream != NULL)
        describe(session, batch->stream, &header);
    else if (batch->qos == MQC__QOS_1 && !batch->starts_count)
        header.count_age_ms = count_age_ms(session, batch);
    return header;
}

/* Writes an envelope without events into the thread's buffer. */
static bool write_probe(struct mqc__session *session, const struct mqc__envelope_header *header)
{
    mqc__buffer_clear(&session->payload);
    return mqc__protobuf_header(header, &session->payload) == MQC_OK;
}

static struct mqc__envelope_header probe_header(const struct mqc__session *session,
                                                const struct mqc__kept_stream *stream)
{
    struct mqc__envelope_header header = {
        .sender = sender_of(session, stream->origin),
        .first_sequence = stream->machine.last,
    };
    describe(session, stream, &header);
    return header;
}

static bool can_probe_locked(const struct mqc__session *session)
{
    return session->machine.state == MQC__MACHINE_ONLINE && !session->is_lost &&
           session->probe_token < 0 && mqc__session_has_slot_locked(session);
}

int64_t mqc__session_keep_ms_locked(const struct mqc__session *session)
{
    const struct mqc__outbox *outbox = &session->outbox;
    const int64_t expiry_ms = mqc__outbox_expiry_ms(outbox);
    if (!can_probe_locked(session))
        return expiry_ms;
    return outbox->keep.due_ms < expiry_ms ? outbox->keep.due_ms : expiry_ms;
}

/* Copies the topic to be probed, for the time without the lock. */
static bool copy_topic(struct mqc__buffer *copy, const struct mqc__topic *topic)
{
    mqc__buffer_clear(copy);
    return mqc__buffer_append(copy, topic->text, topic->size + 1);
}

static bool take_probe(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    const int64_t now_ms = mqc__clock_monotonic_ms();
    mqc__outbox_expire(&session->outbox, now_ms);
    mqc__session_note_given_up_locked(session);
    mqc__session_tell_spool_locked(session);
    struct mqc__kept_stream *stream =
        can_probe_locked(session) ? mqc__outbox_probe(&session->outbox, now_ms) : NULL;
    bool is_ready = stream != NULL && copy_topic(&session->topic, stream->topic);
    if (is_ready) {
        const struct mqc__envelope_header header = probe_header(session, stream);
        is_ready = write_probe(session, &header);
    }
    pthread_mutex_unlock(&session->mutex);
    return is_ready;
}

void mqc__session_probe(struct mqc__session *session)
{
    if (!take_probe(session))
        return;
    const struct mqc__client_message message = {
        .topic = session->topic.data,
        .payload = mqc__buffer_view(&session->payload),
        .content_type = MQC__CONTENT_TYPE_PROTOBUF,
        .qos = session->answer.qos_max >= MQC__QOS_1 ? MQC__QOS_1 : MQC__QOS_0,
    };
    int token = -1;
    if (!send_message(session, &message, &token) || message.qos == MQC__QOS_0)
        return;
    pthread_mutex_lock(&session->mutex);
    session->probe_token = token;
    pthread_mutex_unlock(&session->mutex);
}

bool mqc__session_settle_probe_locked(struct mqc__session *session, const struct mqc__ack *ack)
{
    if (session->probe_token < 0 || ack->token != session->probe_token)
        return false;
    session->probe_token = -1;
    return true;
}

/* Copies the events under a header of their own: a receipt may free them meanwhile. */
static bool build_repetition_locked(struct mqc__session *session,
                                    const struct mqc__repetition *repetition,
                                    const struct mqc__batch *batch)
{
    struct mqc__envelope_header header = mqc__session_header_locked(session, batch);
    header.topic = repetition->topic;
    struct mqc__buffer *payload = &session->payload;
    mqc__buffer_clear(payload);
    if (mqc__protobuf_header(&header, payload) != MQC_OK)
        return false;
    const struct mqc_view events = mqc__batch_events(batch);
    return mqc__buffer_append(payload, events.data, events.size);
}

/* Says that what was asked for is gone. */
static bool build_gone_locked(struct mqc__session *session,
                              const struct mqc__repetition *repetition)
{
    struct mqc__envelope_header header = {
        .sender = {.instance = repetition->instance, .node = mqc_view_text(session->options->node)},
        .first_sequence = 1,
        .receipt = MQC__RECEIPT_MANY,
    };
    if (repetition->stream != NULL)
        header = probe_header(session, repetition->stream);
    header.kept_from = repetition->tell_kept_from;
    header.topic = repetition->topic;
    return write_probe(session, &header);
}

static bool build_next_locked(struct mqc__session *session, struct mqc__repetition *repetition)
{
    if (repetition->tell_kept_from != 0) {
        const bool is_built = build_gone_locked(session, repetition);
        repetition->tell_kept_from = 0;
        repetition->to = 0;
        return is_built;
    }
    const struct mqc__batch *batch = mqc__outbox_next_repeated(&session->outbox, repetition);
    if (batch == NULL)
        return false;
    repetition->from = batch->sequence + batch->event_count;
    return build_repetition_locked(session, repetition, batch);
}

/* Builds the next message of the repetition at the head, or ends it: false. */
static bool take_repetition(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    struct mqc__repetition *repetition = session->outbox.keep.repetitions;
    bool is_ready = repetition != NULL && build_next_locked(session, repetition);
    if (is_ready) {
        mqc__buffer_clear(&session->topic);
        is_ready = mqc__buffer_append(&session->topic, repetition->reply_topic,
                                      strlen(repetition->reply_topic) + 1);
    } else if (repetition != NULL) {
        mqc__outbox_end_repetition(&session->outbox, repetition);
    }
    pthread_mutex_unlock(&session->mutex);
    return is_ready;
}

void mqc__session_repeat(struct mqc__session *session)
{
    if (!take_repetition(session))
        return;
    const struct mqc__client_message message = {
        .topic = session->topic.data,
        .payload = mqc__buffer_view(&session->payload),
        .content_type = MQC__CONTENT_TYPE_PROTOBUF,
        .qos = MQC__QOS_0,
    };
    int token = -1;
    if (send_message(session, &message, &token)) {
        pthread_mutex_lock(&session->mutex);
        session->stats.repeated_messages++;
        pthread_mutex_unlock(&session->mutex);
    }
}
