#include "mqtt/outbox_priv.h"

#include <stdlib.h>

/* How many streams are looked at for each new one. */
#define IDLE_LOOKS 4

/* NOLINTBEGIN(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */
static void append_stream(struct mqc__keep *keep, struct mqc__kept_stream *stream)
{
    DL_APPEND(keep->streams, stream);
}

static void remove_stream(struct mqc__keep *keep, struct mqc__kept_stream *stream)
{
    DL_DELETE(keep->streams, stream);
}

static void append_to_topic(struct mqc__kept_stream *stream)
{
    LL_PREPEND2(stream->topic->streams, stream, topic_next);
}

static void remove_from_topic(struct mqc__kept_stream *stream)
{
    LL_DELETE2(stream->topic->streams, stream, topic_next);
}

static void insert_kept(struct mqc__keep *keep, struct mqc__batch *before, struct mqc__batch *batch)
{
    if (before != NULL)
        DL_APPEND_ELEM(keep->batches, before, batch);
    else
        DL_PREPEND(keep->batches, batch);
}

static void remove_kept(struct mqc__keep *keep, struct mqc__batch *batch)
{
    DL_DELETE(keep->batches, batch);
}

static void insert_into_stream(struct mqc__kept_stream *stream, struct mqc__batch *before,
                               struct mqc__batch *batch)
{
    if (before != NULL)
        DL_APPEND_ELEM2(stream->kept, before, batch, topic_prev, topic_next);
    else
        DL_PREPEND2(stream->kept, batch, topic_prev, topic_next);
}

static void remove_from_stream(struct mqc__kept_stream *stream, struct mqc__batch *batch)
{
    DL_DELETE2(stream->kept, batch, topic_prev, topic_next);
}
/* NOLINTEND(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */

static uint64_t last_of(const struct mqc__batch *batch)
{
    return batch->sequence + batch->event_count - 1;
}

static bool is_awaited(const struct mqc__batch *batch)
{
    return batch->receipt == MQC__RECEIPT_ONE;
}

static void free_kept(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    struct mqc__keep *keep = &outbox->keep;
    remove_from_stream(batch->stream, batch);
    remove_kept(keep, batch);
    keep->event_count -= batch->event_count;
    keep->awaited_count -= is_awaited(batch) ? batch->event_count : 0;
    keep->byte_count -= batch->cost;
    mqc__outbox_dispose(outbox, batch);
}

static bool is_done(const struct mqc__batch *batch)
{
    return last_of(batch) < batch->stream->machine.kept_from;
}

static void free_done(struct mqc__outbox *outbox, const struct mqc__kept_stream *stream)
{
    while (stream->kept != NULL && is_done(stream->kept))
        free_kept(outbox, stream->kept);
}

static void note_due(struct mqc__keep *keep, const struct mqc__kept_stream *stream)
{
    const int64_t due_ms = mqc__stream_out_due_ms(&stream->machine);
    if (due_ms < keep->due_ms)
        keep->due_ms = due_ms;
}

struct mqc__kept_stream *mqc__outbox_stream(const struct mqc__outbox *outbox, struct mqc_view topic,
                                            const struct mqc__origin *origin)
{
    const struct mqc__topic *known = mqc__topic_table_find(&outbox->topics, topic);
    struct mqc__kept_stream *stream = known != NULL ? known->streams : NULL;
    while (stream != NULL && stream->origin != origin)
        stream = stream->topic_next;
    return stream;
}

const struct mqc__kept_stream *mqc__outbox_stream_before(const struct mqc__kept_stream *stream)
{
    const struct mqc__kept_stream *before = stream->topic_next;
    while (before != NULL && mqc__stream_out_is_over(&before->machine))
        before = before->topic_next;
    return before;
}

static void free_stream(struct mqc__outbox *outbox, struct mqc__kept_stream *stream)
{
    mqc__outbox_end_repetitions(outbox, stream);
    remove_stream(&outbox->keep, stream);
    outbox->keep.stream_count--;
    remove_from_topic(stream);
    mqc__topic_table_leave(&outbox->topics, stream->topic);
    free(stream);
}

/* Those that were sent longest ago go first. Few are looked at, since more are here than are idle.
 */
static void forget_idle_streams(struct mqc__outbox *outbox)
{
    struct mqc__kept_stream *stream = outbox->keep.streams;
    for (int i = 0;
         i < IDLE_LOOKS && stream != NULL && outbox->keep.stream_count > MQC__KEEP_IDLE_STREAMS_MAX;
         i++) {
        struct mqc__kept_stream *next = stream->next;
        if (stream->batch_count == 0)
            free_stream(outbox, stream);
        stream = next;
    }
}

/* When the count of a stream began, as late as it can have been. */
static int64_t count_began_ms(const struct mqc__outbox *outbox, const struct mqc__batch *batch)
{
    if (batch->origin != NULL)
        return outbox->origins_ms;
    return batch->topic->count_first != 0 ? batch->topic->count_began_ms : MQC__STREAM_OUT_NEVER;
}

static void init_machine(const struct mqc__outbox *outbox, struct mqc__kept_stream *stream,
                         const struct mqc__batch *batch, int64_t now_ms)
{
    const bool knows_first = batch->origin == NULL && batch->topic->count_first != 0;
    const uint64_t first = batch->starts_count ? batch->sequence : 1;
    mqc__stream_out_init(&stream->machine, batch->receipt,
                         knows_first ? batch->topic->count_first : first,
                         count_began_ms(outbox, batch), batch->sequence);
    if (outbox->keep.is_online)
        mqc__stream_out_connected(&stream->machine, now_ms);
}

static struct mqc__kept_stream *begin_stream(struct mqc__outbox *outbox,
                                             const struct mqc__batch *batch, int64_t now_ms)
{
    struct mqc__kept_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->topic = mqc__topic_table_use(&outbox->topics,
                                         mqc_view_bytes(batch->topic->text, batch->topic->size));
    stream->origin = batch->origin;
    init_machine(outbox, stream, batch, now_ms);
    append_stream(&outbox->keep, stream);
    outbox->keep.stream_count++;
    append_to_topic(stream);
    return stream;
}

/* What receivers that hear of the stream for the first time are told. */
static void note_count(const struct mqc__batch *batch, int64_t now_ms)
{
    struct mqc__topic *topic = batch->topic;
    if (batch->origin != NULL || !batch->starts_count || topic->count_first == batch->sequence)
        return;
    topic->count_first = batch->sequence;
    topic->count_began_ms = now_ms;
}

/* What was dropped while it waited is missing between what is kept and this. */
static void note_hole(struct mqc__outbox *outbox, struct mqc__kept_stream *stream,
                      uint64_t sequence)
{
    if (stream->machine.last == 0 || sequence <= stream->machine.last + 1)
        return;
    mqc__stream_out_evicted(&stream->machine, sequence - 1);
    free_done(outbox, stream);
}

enum mqc_error mqc__outbox_follow(struct mqc__outbox *outbox, struct mqc__batch *batch,
                                  int64_t now_ms)
{
    note_count(batch, now_ms);
    if (batch->receipt == MQC__RECEIPT_NONE || batch->stream != NULL)
        return MQC_OK;
    const struct mqc_view topic = mqc_view_bytes(batch->topic->text, batch->topic->size);
    struct mqc__kept_stream *stream = mqc__outbox_stream(outbox, topic, batch->origin);
    if (stream == NULL)
        stream = begin_stream(outbox, batch, now_ms);
    if (stream == NULL)
        return MQC_ENOMEM;
    mqc__outbox_join_stream(batch, stream);
    note_hole(outbox, stream, batch->sequence);
    forget_idle_streams(outbox);
    return MQC_OK;
}

void mqc__outbox_join_stream(struct mqc__batch *batch, struct mqc__kept_stream *stream)
{
    batch->stream = stream;
    if (stream != NULL)
        stream->batch_count++;
}

void mqc__outbox_leave_stream(struct mqc__batch *batch)
{
    if (batch->stream != NULL)
        batch->stream->batch_count--;
    batch->stream = NULL;
}

void mqc__outbox_sent(struct mqc__outbox *outbox, struct mqc__batch *batch, int64_t now_ms)
{
    struct mqc__kept_stream *stream = batch->stream;
    if (stream == NULL)
        return;
    mqc__stream_out_sent(&stream->machine, batch->sequence, batch->event_count, now_ms);
    remove_stream(&outbox->keep, stream);
    append_stream(&outbox->keep, stream);
    note_due(&outbox->keep, stream);
}

static bool may_merge(const struct mqc__outbox *outbox, const struct mqc__batch *last,
                      const struct mqc__batch *batch, int64_t now_ms)
{
    return last_of(last) + 1 == batch->sequence && !batch->starts_count &&
           now_ms - last->kept_ms < MQC__KEEP_MERGE_MS &&
           batch->event_bytes < MQC__OUTBOX_LARGE_BYTES &&
           last->event_bytes < MQC__OUTBOX_LARGE_BYTES &&
           mqc__outbox_fits(outbox, last, batch->event_count, batch->event_bytes);
}

/* Lone events would take their memory many times over. Without memory some may stay behind. */
static void merge(struct mqc__outbox *outbox, struct mqc__batch *last, struct mqc__batch *batch)
{
    const size_t count = batch->event_count;
    const size_t bytes = batch->event_bytes;
    (void)mqc__batch_move(batch, last, bytes);
    const size_t moved = count - batch->event_count;
    const size_t cost = bytes - batch->event_bytes + moved * MQC__OUTBOX_EVENT_COST;
    batch->cost -= cost;
    last->cost += cost;
    mqc__outbox_widen(last, batch);
    outbox->keep.event_count += moved;
    outbox->keep.awaited_count += is_awaited(last) ? moved : 0;
    outbox->keep.byte_count += cost;
}

/* The batch after which one has its place among those of the stream. */
static struct mqc__batch *place_in_stream(const struct mqc__kept_stream *stream, uint64_t sequence)
{
    struct mqc__batch *place = stream->kept != NULL ? stream->kept->topic_prev : NULL;
    while (place != NULL && place->sequence > sequence)
        place = place != stream->kept ? place->topic_prev : NULL;
    return place;
}

/* And among all. */
static struct mqc__batch *place_in_keep(const struct mqc__keep *keep, uint64_t number)
{
    struct mqc__batch *place = keep->batches != NULL ? keep->batches->prev : NULL;
    while (place != NULL && place->number > number)
        place = place != keep->batches ? place->prev : NULL;
    return place;
}

static void put_in(struct mqc__outbox *outbox, struct mqc__batch *batch, int64_t now_ms)
{
    struct mqc__keep *keep = &outbox->keep;
    batch->kept_ms = now_ms;
    batch->token = -1;
    insert_into_stream(batch->stream, place_in_stream(batch->stream, batch->sequence), batch);
    insert_kept(keep, place_in_keep(keep, batch->number), batch);
    keep->event_count += batch->event_count;
    keep->awaited_count += is_awaited(batch) ? batch->event_count : 0;
    keep->byte_count += batch->cost;
}

/* The first of its stream: it is given up, whether its receivers have it or not. */
static void evict(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    struct mqc__kept_stream *stream = batch->stream;
    if (is_awaited(batch))
        outbox->keep.given_up += batch->event_count;
    mqc__stream_out_evicted(&stream->machine, last_of(batch));
    free_kept(outbox, batch);
}

bool mqc__outbox_waits_for_receipts(const struct mqc__outbox *outbox, int64_t now_ms)
{
    const struct mqc__batch *oldest = outbox->keep.batches;
    return oldest != NULL && outbox->keep.byte_count > outbox->limits.kept_bytes_max &&
           is_awaited(oldest) && now_ms - oldest->kept_ms < MQC__KEEP_PATIENCE_MS;
}

static void keep_to_limit(struct mqc__outbox *outbox, int64_t now_ms)
{
    const struct mqc__keep *keep = &outbox->keep;
    while (keep->batches != NULL && keep->byte_count > outbox->limits.kept_bytes_max &&
           !mqc__outbox_waits_for_receipts(outbox, now_ms))
        evict(outbox, keep->batches);
}

size_t mqc__outbox_acknowledged(struct mqc__outbox *outbox, struct mqc__batch *batch,
                                int64_t now_ms)
{
    const size_t count = batch->event_count;
    if (batch->stream == NULL || is_done(batch))
        return mqc__outbox_complete(outbox, batch);
    mqc__outbox_take_from_flight(outbox, batch);
    outbox->event_count -= count;
    outbox->byte_count -= batch->cost;
    struct mqc__batch *kept = batch->stream->kept;
    if (kept != NULL && may_merge(outbox, kept->topic_prev, batch, now_ms))
        merge(outbox, kept->topic_prev, batch);
    if (batch->event_count != 0)
        put_in(outbox, batch, now_ms);
    else
        mqc__outbox_dispose(outbox, batch);
    keep_to_limit(outbox, now_ms);
    return count;
}

void mqc__outbox_expire(struct mqc__outbox *outbox, int64_t now_ms)
{
    const struct mqc__keep *keep = &outbox->keep;
    while (keep->is_online && keep->batches != NULL &&
           now_ms - keep->batches->kept_ms >= outbox->limits.keep_ms)
        evict(outbox, keep->batches);
    if (keep->is_online)
        keep_to_limit(outbox, now_ms);
}

int64_t mqc__outbox_expiry_ms(const struct mqc__outbox *outbox)
{
    const struct mqc__batch *oldest = outbox->keep.is_online ? outbox->keep.batches : NULL;
    if (oldest == NULL)
        return INT64_MAX;
    const bool is_over = outbox->keep.byte_count > outbox->limits.kept_bytes_max;
    const int64_t keep_ms = outbox->limits.keep_ms;
    return oldest->kept_ms +
           (is_over && keep_ms > MQC__KEEP_PATIENCE_MS ? MQC__KEEP_PATIENCE_MS : keep_ms);
}

struct mqc__kept_stream *mqc__outbox_probe(struct mqc__outbox *outbox, int64_t now_ms)
{
    struct mqc__keep *keep = &outbox->keep;
    if (now_ms < keep->due_ms)
        return NULL;
    keep->due_ms = MQC__STREAM_OUT_NEVER;
    for (struct mqc__kept_stream *stream = keep->streams; stream != NULL; stream = stream->next) {
        if (mqc__stream_out_tick(&stream->machine, now_ms)) {
            keep->due_ms = now_ms; /* the others are looked at next */
            return stream;
        }
        note_due(keep, stream);
    }
    return NULL;
}

/* While nobody can be heard no time runs for those who may ask. */
static void stop_clock(struct mqc__keep *keep, bool is_online, int64_t now_ms)
{
    if (is_online && !keep->is_online)
        for (struct mqc__batch *batch = keep->batches; batch != NULL; batch = batch->next)
            batch->kept_ms += now_ms - keep->offline_ms;
    if (!is_online && keep->is_online)
        keep->offline_ms = now_ms;
    keep->is_online = is_online;
}

void mqc__outbox_set_online(struct mqc__outbox *outbox, bool is_online, int64_t now_ms)
{
    struct mqc__keep *keep = &outbox->keep;
    stop_clock(keep, is_online, now_ms);
    keep->due_ms = MQC__STREAM_OUT_NEVER;
    for (struct mqc__kept_stream *stream = keep->streams; stream != NULL; stream = stream->next) {
        if (is_online)
            mqc__stream_out_connected(&stream->machine, now_ms);
        else
            mqc__stream_out_disconnected(&stream->machine);
        note_due(keep, stream);
    }
    if (!is_online)
        mqc__outbox_end_repetitions(outbox, NULL);
}

void mqc__outbox_receipt(struct mqc__outbox *outbox, struct mqc__kept_stream *stream,
                         const struct mqc__stream_out_receipt *receipt, int64_t now_ms,
                         struct mqc__stream_out_actions *actions_out)
{
    mqc__stream_out_receipt(&stream->machine, receipt, now_ms, actions_out);
    free_done(outbox, stream);
    note_due(&outbox->keep, stream);
}

void mqc__outbox_given_up(struct mqc__outbox *outbox, const struct mqc__batch *batch)
{
    if (batch->stream == NULL)
        return;
    mqc__stream_out_evicted(&batch->stream->machine, last_of(batch));
    free_done(outbox, batch->stream);
}

void mqc__outbox_keep_fini(struct mqc__outbox *outbox)
{
    mqc__outbox_end_repetitions(outbox, NULL);
    while (outbox->keep.batches != NULL)
        free_kept(outbox, outbox->keep.batches);
    while (outbox->keep.streams != NULL)
        free_stream(outbox, outbox->keep.streams);
}

uint64_t mqc__outbox_oldest_undone(const struct mqc__outbox *outbox)
{
    const uint64_t oldest = mqc__outbox_oldest(outbox);
    const struct mqc__batch *kept = outbox->keep.awaited_count != 0 ? outbox->keep.batches : NULL;
    while (kept != NULL && !is_awaited(kept))
        kept = kept->next;
    return kept != NULL && kept->number < oldest ? kept->number : oldest;
}

uint64_t mqc__outbox_frontier(const struct mqc__outbox *outbox)
{
    const uint64_t oldest = mqc__outbox_oldest(outbox);
    const struct mqc__batch *kept = outbox->keep.batches;
    return kept != NULL && kept->number < oldest ? kept->number : oldest;
}
