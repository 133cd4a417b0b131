#include "mqtt/outbox_priv.h"

/*
 * A large event leaves in pieces, one such event at a time, since its receivers have to keep what
 * they have of it. It is in flight from its first piece on, and each piece beside it, as a batch
 * without events that borrows the bytes.
 */

bool mqc__outbox_is_large_size(const struct mqc__outbox *outbox, size_t event_bytes)
{
    return outbox->limits.piece_bytes_max != 0 && event_bytes > outbox->limits.piece_bytes_max;
}

bool mqc__outbox_is_large(const struct mqc__outbox *outbox, const struct mqc__batch *batch)
{
    return batch->event_count == 1 && mqc__outbox_is_large_size(outbox, batch->event_bytes);
}

bool mqc__outbox_is_free(const struct mqc__outbox *outbox, const struct mqc__batch *batch)
{
    const struct mqc__batch *whole = outbox->in_pieces;
    return whole == NULL || (batch->topic->waiting == batch && batch->topic != whole->topic &&
                             !mqc__outbox_is_large(outbox, batch));
}

const struct mqc__batch *mqc__outbox_head(const struct mqc__outbox *outbox)
{
    const struct mqc__batch *next = mqc__outbox_next(outbox);
    const bool is_piece_next =
        outbox->in_pieces != NULL && (next == NULL || !outbox->is_others_turn);
    return is_piece_next ? outbox->in_pieces : next;
}

static size_t next_piece_bytes(const struct mqc__outbox *outbox, const struct mqc__batch *whole)
{
    const size_t left = whole->event_bytes - whole->sent_bytes;
    return left < outbox->limits.piece_bytes_max ? left : outbox->limits.piece_bytes_max;
}

size_t mqc__outbox_head_bytes(const struct mqc__outbox *outbox, const struct mqc__batch *head)
{
    return head->is_in_pieces || mqc__outbox_is_large(outbox, head) ? next_piece_bytes(outbox, head)
                                                                    : mqc__batch_first_size(head);
}

/* The head, which was waiting till now. */
static struct mqc__batch *begin(struct mqc__outbox *outbox)
{
    struct mqc__batch *whole = mqc__outbox_next(outbox);
    mqc__outbox_unlink_waiting(outbox, whole);
    whole->is_in_pieces = true;
    outbox->in_pieces = whole;
    mqc__outbox_append_in_flight(outbox, whole);
    return whole;
}

struct mqc__batch *mqc__outbox_take_piece(struct mqc__outbox *outbox)
{
    struct mqc__batch *piece = mqc__batch_new_bare(&outbox->pool);
    if (piece == NULL)
        return NULL;
    struct mqc__batch *whole = outbox->in_pieces != NULL ? outbox->in_pieces : begin(outbox);
    piece->whole = whole;
    piece->topic = whole->topic;
    piece->qos = whole->qos;
    piece->number = whole->number;
    piece->piece_offset = whole->sent_bytes;
    piece->event_bytes = next_piece_bytes(outbox, whole);
    whole->sent_bytes += piece->event_bytes;
    whole->piece_count++;
    mqc__outbox_append_in_flight(outbox, piece);
    if (whole->sent_bytes == whole->event_bytes)
        outbox->in_pieces = NULL;
    outbox->is_others_turn = true;
    return piece;
}

static void free_piece(struct mqc__outbox *outbox, struct mqc__batch *piece)
{
    mqc__outbox_take_from_flight(outbox, piece);
    piece->whole->piece_count--;
    mqc__batch_free(&outbox->pool, piece);
}

void mqc__outbox_untake_piece(struct mqc__outbox *outbox, struct mqc__batch *piece)
{
    struct mqc__batch *whole = piece->whole;
    whole->sent_bytes = piece->piece_offset;
    outbox->in_pieces = whole;
    free_piece(outbox, piece);
}

struct mqc__batch *mqc__outbox_piece_done(struct mqc__outbox *outbox, struct mqc__batch *piece)
{
    struct mqc__batch *whole = piece->whole;
    free_piece(outbox, piece);
    const bool has_arrived = whole->sent_bytes == whole->event_bytes && whole->piece_count == 0;
    return has_arrived ? whole : NULL;
}

struct mqc__batch *mqc__outbox_end_pieces(struct mqc__outbox *outbox, struct mqc__batch *piece)
{
    struct mqc__batch *whole = piece->whole;
    struct mqc__batch *batch = outbox->in_flight;
    while (batch != NULL) {
        struct mqc__batch *next = batch->next;
        if (batch->whole == whole)
            free_piece(outbox, batch);
        batch = next;
    }
    return whole;
}

void mqc__outbox_stop_pieces(struct mqc__outbox *outbox, struct mqc__batch *batch)
{
    batch->is_in_pieces = false;
    batch->sent_bytes = 0;
    if (outbox->in_pieces == batch)
        outbox->in_pieces = NULL;
}
