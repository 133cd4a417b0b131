#include "backend/stream_in.h"

void mqc__stream_in_init(struct mqc__stream_in *stream)
{
    *stream = (struct mqc__stream_in){
        .ask_ms = MQC__STREAM_IN_NEVER,
        .receipt_ms = MQC__STREAM_IN_NEVER,
        .receipted_ms = INT64_MIN,
    };
}

static void begin_at(struct mqc__stream_in *stream, uint64_t last)
{
    stream->last = last;
    stream->known_to = last;
    stream->receipted_to = last;
    stream->is_known = true;
}

void mqc__stream_in_restore(struct mqc__stream_in *stream, uint64_t last, uint64_t epoch)
{
    mqc__stream_in_init(stream);
    begin_at(stream, last);
    stream->epoch = epoch;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The last number that a batch tells of. */
static uint64_t last_of(const struct mqc__stream_in_batch *batch)
{
    return batch->count != 0 ? batch->first + batch->count - 1 : batch->first;
}

/* Where a stream stands of which nothing before this batch counts. */
static uint64_t before(const struct mqc__stream_in_batch *batch)
{
    return batch->count != 0 ? batch->first - 1 : batch->first;
}

static bool began_after_subscribing(const struct mqc__stream_in_batch *batch)
{
    return batch->count_age_ms != 0 && batch->subscribed_for_ms >= 0 &&
           batch->count_age_ms <= (uint64_t)batch->subscribed_for_ms;
}

/* Where a stream stands that is heard of for the first time. */
static uint64_t first_place(const struct mqc__stream_in *stream,
                            const struct mqc__stream_in_batch *batch)
{
    if (batch->starts_count)
        return batch->first - 1;
    if (began_after_subscribing(batch))
        return 0;
    /* What is kept for this node alone it has not receipted yet. */
    if (stream->receipt == MQC__RECEIPT_ONE)
        return batch->kept_from != 0 ? least(batch->kept_from - 1, before(batch)) : 0;
    return before(batch);
}

/* Goes ahead over numbers that never were, or were not meant for this node. Returns how many are
 * missing all the same. */
static uint64_t skip_ahead(struct mqc__stream_in *stream, const struct mqc__stream_in_batch *batch)
{
    uint64_t missing = 0;
    if (batch->starts_count && batch->first > stream->last + 1) {
        /* What the earlier count still owed. */
        missing = stream->known_to < batch->first ? stream->known_to - stream->last : 0;
        stream->last = batch->first - 1;
    } else if (batch->epoch != stream->epoch && stream->receipt != MQC__RECEIPT_ONE &&
               stream->known_to == stream->last && before(batch) > stream->last) {
        stream->last = before(batch);
    }
    return missing;
}

/* Goes ahead over numbers that will not come any more. Returns how many. */
static uint64_t skip_gone(struct mqc__stream_in *stream, const struct mqc__stream_in_batch *batch)
{
    /* A probe may speak of numbers above its own: the sender has lost them. */
    const uint64_t limit = batch->count != 0 ? batch->first - 1 : stream->known_to;
    uint64_t gone = limit;
    if (stream->receipt != MQC__RECEIPT_NONE)
        gone = batch->kept_from != 0 ? least(batch->kept_from - 1, limit) : 0;
    if (gone <= stream->last)
        return 0;
    const uint64_t missing = gone - stream->last;
    stream->last = gone;
    return missing;
}

static void plan_asking(struct mqc__stream_in *stream, int64_t now_ms)
{
    if (stream->ask_ms != MQC__STREAM_IN_NEVER)
        return;
    stream->ask_ms = now_ms;
    stream->ask_pause_ms = 0;
}

static void plan_receipt(struct mqc__stream_in *stream, int64_t due_ms)
{
    if (stream->receipt == MQC__RECEIPT_ONE && due_ms < stream->receipt_ms)
        stream->receipt_ms = due_ms;
}

/* The sender seems not to know how far this node has come. */
static void plan_receipt_at_once(struct mqc__stream_in *stream, int64_t now_ms)
{
    int64_t due_ms = now_ms;
    if (stream->receipted_ms != INT64_MIN &&
        stream->receipted_ms + MQC__STREAM_IN_RECEIPT_MS > now_ms)
        due_ms = stream->receipted_ms + MQC__STREAM_IN_RECEIPT_MS;
    plan_receipt(stream, due_ms);
}

/* Draws the conclusions from a `last` that has become higher. */
static void note_progress(struct mqc__stream_in *stream, int64_t now_ms)
{
    if (stream->known_to < stream->last)
        stream->known_to = stream->last;
    if (stream->known_to == stream->last) {
        stream->ask_ms = MQC__STREAM_IN_NEVER;
    } else if (stream->ask_ms != MQC__STREAM_IN_NEVER) {
        stream->ask_ms = now_ms + MQC__STREAM_IN_ASK_MIN_MS;
        stream->ask_pause_ms = 0;
    }
    const bool is_much = stream->last - stream->receipted_to >= MQC__STREAM_IN_RECEIPT_EVENTS;
    plan_receipt(stream, is_much ? now_ms : now_ms + MQC__STREAM_IN_RECEIPT_MS);
}

/* What is held comes again when its time has come: nothing is missing yet. */
static void plan_asking_later(struct mqc__stream_in *stream, int64_t now_ms)
{
    if (stream->ask_ms != MQC__STREAM_IN_NEVER)
        return;
    stream->ask_ms = now_ms + MQC__STREAM_IN_ASK_MIN_MS;
    stream->ask_pause_ms = MQC__STREAM_IN_ASK_MIN_MS;
}

static bool is_held(const struct mqc__stream_in *stream, const struct mqc__stream_in_batch *batch)
{
    return batch->is_held && stream->receipt != MQC__RECEIPT_NONE && last_of(batch) > stream->last;
}

/* Judges a batch, after what is gone was skipped. */
static void judge(struct mqc__stream_in *stream, const struct mqc__stream_in_batch *batch,
                  int64_t now_ms, struct mqc__stream_in_verdict *verdict)
{
    if (is_held(stream, batch)) {
        verdict->is_discarded = true;
        plan_asking_later(stream, now_ms);
    } else if (batch->count == 0) {
        if (stream->known_to > stream->last)
            plan_asking(stream, now_ms);
        plan_receipt_at_once(stream, now_ms);
    } else if (batch->first > stream->last + 1) {
        verdict->is_discarded = true;
        plan_asking(stream, now_ms);
    } else {
        verdict->repeated = least(stream->last - batch->first + 1, batch->count);
        if (verdict->repeated == batch->count)
            plan_receipt_at_once(stream, now_ms);
    }
}

struct mqc__stream_in_verdict mqc__stream_in_arrive(struct mqc__stream_in *stream,
                                                    const struct mqc__stream_in_batch *batch,
                                                    int64_t now_ms)
{
    struct mqc__stream_in_verdict verdict = {.repeated = 0};
    stream->receipt = batch->is_for_others ? MQC__RECEIPT_NONE : batch->receipt;
    if (!stream->is_known)
        begin_at(stream, first_place(stream, batch));
    const uint64_t last_before = stream->last;
    verdict.missing = skip_ahead(stream, batch);
    stream->epoch = batch->epoch;
    if (last_of(batch) > stream->known_to)
        stream->known_to = last_of(batch);
    verdict.missing += skip_gone(stream, batch);
    if (stream->last > last_before)
        note_progress(stream, now_ms);
    judge(stream, batch, now_ms, &verdict);
    return verdict;
}

void mqc__stream_in_handled(struct mqc__stream_in *stream, uint64_t to, int64_t now_ms)
{
    if (to <= stream->last)
        return;
    stream->last = to;
    note_progress(stream, now_ms);
}

bool mqc__stream_in_receipt(struct mqc__stream_in *stream, int64_t now_ms,
                            struct mqc__stream_in_receipt *receipt_out)
{
    const int64_t due_ms = mqc__stream_in_due_ms(stream);
    if (due_ms == MQC__STREAM_IN_NEVER || now_ms < due_ms)
        return false;
    *receipt_out = (struct mqc__stream_in_receipt){
        .handled_to = stream->last,
        .wants_repeat = stream->ask_ms <= now_ms,
    };
    stream->receipted_to = stream->last;
    stream->receipted_ms = now_ms;
    stream->receipt_ms = MQC__STREAM_IN_NEVER;
    if (!receipt_out->wants_repeat)
        return true;
    const unsigned pause_ms = 2U * stream->ask_pause_ms;
    stream->ask_pause_ms =
        (uint16_t)(pause_ms == 0                          ? MQC__STREAM_IN_ASK_MIN_MS
                   : pause_ms < MQC__STREAM_IN_ASK_MAX_MS ? pause_ms
                                                          : MQC__STREAM_IN_ASK_MAX_MS);
    stream->ask_ms = now_ms + stream->ask_pause_ms;
    return true;
}

void mqc__stream_in_connected(struct mqc__stream_in *stream, int64_t now_ms)
{
    if (stream->ask_ms == MQC__STREAM_IN_NEVER)
        return;
    stream->ask_ms = now_ms;
    stream->ask_pause_ms = 0;
}

uint64_t mqc__stream_in_give_up(struct mqc__stream_in *stream)
{
    const uint64_t missing = mqc__stream_in_awaited(stream);
    stream->last = stream->known_to;
    stream->ask_ms = MQC__STREAM_IN_NEVER;
    return missing;
}
