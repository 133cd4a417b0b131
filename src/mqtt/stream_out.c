#include "mqtt/stream_out.h"

#include <stddef.h>

void mqc__stream_out_init(struct mqc__stream_out *stream, enum mqc__receipt_kind kind,
                          uint64_t began, int64_t began_ms, uint64_t kept_from)
{
    *stream = (struct mqc__stream_out){
        .kind = kind,
        .began = began,
        .began_ms = began_ms,
        .kept_from = kept_from,
        .probe_ms = MQC__STREAM_OUT_NEVER,
    };
}

/* The last probe of a stream of which nothing is left; it waits for the connection only. */
static bool is_last_word_due(const struct mqc__stream_out *stream)
{
    return stream->probe_ms == INT64_MIN;
}

/* The stream falls silent now, as far as is known. */
static void plan_probe(struct mqc__stream_out *stream, int64_t now_ms)
{
    if (mqc__stream_out_is_done(stream))
        return;
    stream->probe_pause_ms = MQC__STREAM_OUT_PROBE_MIN_MS;
    stream->probe_ms = now_ms + stream->probe_pause_ms;
}

void mqc__stream_out_connected(struct mqc__stream_out *stream, int64_t now_ms)
{
    stream->is_connected = true;
    plan_probe(stream, now_ms);
}

void mqc__stream_out_disconnected(struct mqc__stream_out *stream)
{
    stream->is_connected = false;
}

void mqc__stream_out_sent(struct mqc__stream_out *stream, uint64_t first, uint64_t count,
                          int64_t now_ms)
{
    const uint64_t end = first + count - 1;
    if (end > stream->last)
        stream->last = end;
    plan_probe(stream, now_ms);
}

/* Takes note that a receiver has handled what it says. Returns up to where that is news, or 0. */
static uint64_t note_handled(struct mqc__stream_out *stream, uint64_t handled_to, int64_t now_ms)
{
    const uint64_t to = handled_to < stream->last ? handled_to : stream->last;
    if (to < stream->kept_from)
        return 0;
    stream->kept_from = to + 1;
    stream->probe_ms = MQC__STREAM_OUT_NEVER;
    plan_probe(stream, now_ms);
    return to;
}

/* Finds the requester among those that were answered, or the one whose place it may take. */
static struct mqc__stream_requester *find_requester(struct mqc__stream_out *stream, uint64_t id)
{
    struct mqc__stream_requester *oldest = &stream->requesters[0];
    for (size_t i = 0; i < MQC__STREAM_OUT_REQUESTERS; i++) {
        struct mqc__stream_requester *requester = &stream->requesters[i];
        if (requester->from != 0 && requester->id == id)
            return requester;
        if (oldest->from != 0 &&
            (requester->from == 0 || requester->answered_ms < oldest->answered_ms))
            oldest = requester;
    }
    return oldest;
}

static bool is_too_soon(const struct mqc__stream_requester *requester, uint64_t id, uint64_t from,
                        int64_t now_ms)
{
    if (requester->from == 0 || requester->id != id)
        return false;
    const int64_t pause_ms =
        from > requester->from ? MQC__STREAM_OUT_PROGRESS_MS : MQC__STREAM_OUT_AGAIN_MS;
    return now_ms - requester->answered_ms < pause_ms;
}

/* Counts an answer within the current second; false: there were enough. */
static bool count_answer(struct mqc__stream_out *stream, int64_t now_ms)
{
    if (stream->answer_count == 0 || now_ms - stream->answers_ms >= 1000) {
        stream->answers_ms = now_ms;
        stream->answer_count = 0;
    }
    if (stream->answer_count == MQC__STREAM_OUT_ANSWERS_PER_S)
        return false;
    stream->answer_count++;
    return true;
}

/* Says whether a request is answered now. */
static bool admit(struct mqc__stream_out *stream, uint64_t id, uint64_t from, int64_t now_ms)
{
    struct mqc__stream_requester *requester = find_requester(stream, id);
    if (is_too_soon(requester, id, from, now_ms) || !count_answer(stream, now_ms))
        return false;
    const bool is_same = requester->from != 0 && requester->id == id;
    requester->id = id;
    requester->from = is_same && requester->from > from ? requester->from : from;
    requester->answered_ms = now_ms;
    return true;
}

static void answer(struct mqc__stream_out *stream, const struct mqc__stream_out_receipt *receipt,
                   int64_t now_ms, struct mqc__stream_out_actions *actions)
{
    const bool is_beyond = receipt->handled_to >= stream->last;
    if (is_beyond && (!stream->has_ended || receipt->handled_to == UINT64_MAX))
        return;
    const uint64_t from = receipt->handled_to + 1;
    if (!admit(stream, receipt->requester, from, now_ms))
        return;
    if (is_beyond) {
        actions->tell_kept_from = UINT64_MAX;
    } else if (mqc__stream_out_is_done(stream)) {
        actions->tell_kept_from = stream->kept_from;
    } else {
        actions->repeat_from = from > stream->kept_from ? from : stream->kept_from;
        actions->repeat_to = stream->last;
        plan_probe(stream, now_ms);
    }
}

void mqc__stream_out_receipt(struct mqc__stream_out *stream,
                             const struct mqc__stream_out_receipt *receipt, int64_t now_ms,
                             struct mqc__stream_out_actions *actions_out)
{
    *actions_out = (struct mqc__stream_out_actions){.done_to = 0};
    if (stream->kind == MQC__RECEIPT_ONE)
        actions_out->done_to = note_handled(stream, receipt->handled_to, now_ms);
    if (receipt->wants_repeat)
        answer(stream, receipt, now_ms, actions_out);
}

void mqc__stream_out_evicted(struct mqc__stream_out *stream, uint64_t to)
{
    if (to < stream->kept_from)
        return;
    stream->kept_from = to + 1;
    if (to > stream->last)
        stream->last = to;
    if (mqc__stream_out_is_done(stream))
        stream->probe_ms = INT64_MIN;
}

void mqc__stream_out_ended(struct mqc__stream_out *stream)
{
    stream->has_ended = true;
}

int64_t mqc__stream_out_due_ms(const struct mqc__stream_out *stream)
{
    return stream->is_connected ? stream->probe_ms : MQC__STREAM_OUT_NEVER;
}

bool mqc__stream_out_tick(struct mqc__stream_out *stream, int64_t now_ms)
{
    const int64_t due_ms = mqc__stream_out_due_ms(stream);
    if (due_ms == MQC__STREAM_OUT_NEVER || now_ms < due_ms)
        return false;
    if (is_last_word_due(stream)) {
        stream->probe_ms = MQC__STREAM_OUT_NEVER;
        return true;
    }
    const unsigned pause_ms = 2 * stream->probe_pause_ms;
    stream->probe_pause_ms =
        pause_ms < MQC__STREAM_OUT_PROBE_MAX_MS ? pause_ms : MQC__STREAM_OUT_PROBE_MAX_MS;
    stream->probe_ms = now_ms + stream->probe_pause_ms;
    return true;
}

void mqc__stream_out_describe(const struct mqc__stream_out *stream, int64_t now_ms,
                              struct mqc__envelope_header *header)
{
    header->receipt = stream->kind;
    /* What would be below the first number of a count never was: none of it is missing. */
    header->kept_from = stream->kept_from > stream->began ? stream->kept_from : 0;
    header->count_age_ms = 0;
    if (stream->began_ms != MQC__STREAM_OUT_NEVER)
        header->count_age_ms =
            now_ms > stream->began_ms ? (uint64_t)(now_ms - stream->began_ms) : 1;
}
