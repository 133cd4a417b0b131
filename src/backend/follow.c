#include "backend/backend_priv.h"

#include "base/clock.h"

#include <inttypes.h>

/* Streams of events as they arrive, in the order of their senders' numbers. */

static bool is_for_this_node(const struct mqc_backend *backend, struct mqc_view topic)
{
    struct mqc__members_texts texts;
    mqc__members_texts(backend->members, &texts);
    for (size_t i = 0; i < texts.topic_count; i++)
        if (mqc_view_starts_with(topic, texts.topics[i]))
            return true;
    return false;
}

/* What this node asks for again comes on the topic of its id: who does not listen there would wait
 * for ever. */
static enum mqc__receipt_kind receipt_of(struct mqc_backend *backend,
                                         const struct mqc__envelope *envelope)
{
    const bool can_ask =
        envelope->receipt != MQC__RECEIPT_NONE &&
        mqc__interests_match(backend->interests, MQC__INTEREST_NODE, backend->id_topic) != 0;
    return can_ask ? envelope->receipt : MQC__RECEIPT_NONE;
}

static void report_missing(struct mqc_backend *backend, const struct mqc__stream_batch *batch,
                           uint64_t missing)
{
    if (missing == 0)
        return;
    atomic_fetch_add(&backend->missing_events, missing);
    mqc__backend_trouble(backend, MQC__TROUBLE_MISSING,
                         "%" PRIu64 " events from %.*s on topic %.*s never arrived: the sender or "
                         "the broker dropped them",
                         missing, mqc__backend_shown(batch->instance), batch->instance.data,
                         mqc__backend_shown(batch->topic), batch->topic.data);
}

static void report_forgotten(struct mqc_backend *backend, uint64_t forgotten)
{
    if (forgotten == 0)
        return;
    atomic_fetch_add(&backend->missing_events, forgotten);
    mqc__backend_trouble(backend, MQC__TROUBLE_MISSING,
                         "%" PRIu64 " events never arrived that were asked for again: too many "
                         "other senders and topics came meanwhile",
                         forgotten);
}

static enum mqc_error arrive(struct mqc_backend *backend, const struct mqc__stream_batch *batch,
                             int64_t now_ms, struct mqc__stream_verdict *verdict_out)
{
    const enum mqc_error error = mqc__streams_arrive(backend->streams, batch, now_ms, verdict_out);
    if (error != MQC_OK)
        return error;
    report_missing(backend, batch, verdict_out->missing);
    report_forgotten(backend, verdict_out->forgotten);
    return MQC_OK;
}

/* What an envelope says of the events that its own come after counts as if it came from their own
 * sender: this node asks for what it misses of them. Until that is there it takes nothing of the
 * envelope. */
static void follow_earlier(struct mqc_backend *backend, const struct mqc__after *after,
                           struct mqc__stream_batch *batch, int64_t now_ms)
{
    if (batch->receipt == MQC__RECEIPT_NONE || batch->is_for_others || after->instance.size == 0 ||
        mqc_view_equal(after->instance, batch->instance) ||
        mqc_view_equal(after->instance, mqc_view_text(backend->node_id)))
        return;
    struct mqc__stream_batch earlier = *batch;
    earlier.instance = after->instance;
    earlier.first = after->sequence;
    earlier.count = 0;
    earlier.starts_count = false;
    earlier.kept_from = after->kept_from;
    earlier.count_age_ms = after->count_age_ms;
    struct mqc__stream_verdict verdict;
    if (arrive(backend, &earlier, now_ms, &verdict) != MQC_OK)
        return;
    batch->is_held = verdict.last < after->sequence;
    batch->held_by = verdict.place;
}

struct mqc__followed mqc__backend_follow(struct mqc_backend *backend,
                                         const struct mqc__envelope *envelope,
                                         struct mqc_view topic, struct mqc_view mqtt_topic)
{
    const int64_t now_ms = mqc__clock_monotonic_ms();
    struct mqc__stream_batch batch = {
        .instance = envelope->sender.instance,
        .topic = topic,
        .mqtt_topic = mqtt_topic,
        .first = envelope->first_sequence,
        .count = mqc__envelope_is_piece(envelope) ? 1 : envelope->event_count,
        .starts_count = envelope->starts_count,
        .is_for_others = envelope->receipt == MQC__RECEIPT_ONE && !is_for_this_node(backend, topic),
        .receipt = receipt_of(backend, envelope),
        .kept_from = envelope->kept_from,
        .count_age_ms = envelope->count_age_ms,
    };
    struct mqc__stream_verdict verdict;
    if (batch.instance.size == 0)
        return (struct mqc__followed){.repeated = 0};
    follow_earlier(backend, &envelope->after, &batch, now_ms);
    if (arrive(backend, &batch, now_ms, &verdict) != MQC_OK)
        return (struct mqc__followed){.repeated = 0};
    atomic_fetch_add(&backend->duplicate_events, verdict.repeated);
    return (struct mqc__followed){
        .place = verdict.place,
        .arrived_ms = now_ms,
        .repeated = verdict.repeated,
        .is_numbered = true,
        .is_discarded = verdict.is_discarded,
    };
}

void mqc__backend_follow_handled(struct mqc_backend *backend, const struct mqc__envelope *envelope,
                                 const struct mqc__followed *followed)
{
    if (envelope->event_count <= followed->repeated)
        return;
    const uint64_t to = envelope->first_sequence + envelope->event_count - 1;
    /* Receipts have their times, everything else has none. */
    const int64_t now_ms =
        envelope->receipt != MQC__RECEIPT_NONE ? mqc__clock_monotonic_ms() : followed->arrived_ms;
    mqc__streams_handled(backend->streams, followed->place, to, now_ms);
}
