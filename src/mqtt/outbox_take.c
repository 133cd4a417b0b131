#include "mqtt/outbox_priv.h"

/* Moves events from the beginning of a batch that waits to the end of one that does not. false: no
 * memory for any. */
static bool move_events(struct mqc__outbox *outbox, struct mqc__batch *from, struct mqc__batch *to,
                        size_t bytes_max)
{
    const size_t count = from->event_count;
    const size_t bytes = from->event_bytes;
    mqc__outbox_discount_waiting(outbox, from);
    const bool is_moved = mqc__batch_move(from, to, bytes_max);
    const size_t cost =
        bytes - from->event_bytes + (count - from->event_count) * MQC__OUTBOX_EVENT_COST;
    from->cost -= cost;
    to->cost += cost;
    mqc__outbox_count_waiting(outbox, from);
    return is_moved;
}

/* Takes what fits from the beginning of the head. NULL: no memory. */
static struct mqc__batch *split_head(struct mqc__outbox *outbox, size_t event_bytes_max)
{
    struct mqc__batch *head = mqc__outbox_next(outbox);
    struct mqc__batch *batch = mqc__batch_new(&outbox->pool, head->event_bytes);
    if (batch == NULL)
        return NULL;
    batch->sequence = head->sequence;
    if (!move_events(outbox, head, batch, event_bytes_max)) {
        mqc__batch_free(&outbox->pool, batch);
        return NULL;
    }
    batch->topic =
        mqc__topic_table_use(&outbox->topics, mqc_view_bytes(head->topic->text, head->topic->size));
    batch->origin = head->origin;
    batch->receipt = head->receipt;
    batch->qos = head->qos;
    mqc__outbox_join_stream(batch, head->stream);
    batch->number = head->number;
    batch->starts_count = head->starts_count;
    batch->is_closed = true;
    /* What stays keeps its place, and must come to an end: see mqc__outbox_oldest(). */
    head->starts_count = false;
    head->is_closed = true;
    return batch;
}

static bool may_join(const struct mqc__outbox *outbox, const struct mqc__batch *batch,
                     const struct mqc__batch *next, size_t event_bytes_max)
{
    return next != NULL && next->qos == batch->qos && next->origin == batch->origin &&
           next->receipt == batch->receipt && !next->starts_count &&
           next->sequence == batch->sequence + batch->event_count &&
           next->event_bytes < MQC__OUTBOX_LARGE_BYTES && !mqc__outbox_is_large(outbox, next) &&
           mqc__outbox_fits(outbox, batch, next->event_count, next->event_bytes) &&
           next->event_bytes + batch->event_bytes <= event_bytes_max;
}

/* After a connection was lost there may be many small batches, which leave together now. */
static void take_along(struct mqc__outbox *outbox, struct mqc__batch *batch, size_t event_bytes_max)
{
    const struct mqc__topic *topic = batch->topic;
    while (may_join(outbox, batch, topic->waiting, event_bytes_max)) {
        struct mqc__batch *next = topic->waiting;
        (void)move_events(outbox, next, batch, next->event_bytes);
        mqc__outbox_widen(batch, next);
        if (next->event_count != 0)
            return;
        mqc__outbox_unlink_waiting(outbox, next);
        mqc__outbox_free_batch(outbox, next);
    }
}

/* One more has left. */
static void count_run(struct mqc__outbox *outbox, const struct mqc__batch *batch)
{
    const bool is_run = batch->topic->is_urgent && outbox->waiting != NULL;
    outbox->urgent_run = is_run ? outbox->urgent_run + 1 : 0;
}

enum mqc_error mqc__outbox_take(struct mqc__outbox *outbox, size_t event_bytes_max,
                                struct mqc__batch **batch_out)
{
    const struct mqc__batch *head = mqc__outbox_head(outbox);
    if (head == NULL)
        return MQC_ENOTFOUND;
    if (head->is_in_pieces || mqc__outbox_is_large(outbox, head)) {
        *batch_out = mqc__outbox_take_piece(outbox);
        return *batch_out != NULL ? MQC_OK : MQC_ENOMEM;
    }
    struct mqc__batch *batch = mqc__outbox_next(outbox);
    if (batch->event_count > 1 && batch->event_bytes > event_bytes_max) {
        batch = split_head(outbox, event_bytes_max);
        if (batch == NULL)
            return MQC_ENOMEM;
    } else {
        mqc__outbox_unlink_waiting(outbox, batch);
        take_along(outbox, batch, event_bytes_max);
    }
    mqc__outbox_append_in_flight(outbox, batch);
    count_run(outbox, batch);
    outbox->is_others_turn = false;
    *batch_out = batch;
    return MQC_OK;
}
