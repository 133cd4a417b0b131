#ifndef MQC_MQTT_OUTBOX_PRIV_H
#define MQC_MQTT_OUTBOX_PRIV_H

#include "mqtt/outbox.h"

/* From here on a copy costs more than the place in a batch with others brings. */
#define MQC__OUTBOX_LARGE_BYTES ((size_t)16 << 10)

/* outbox.c: the lists, and what is counted. */

/* Puts a batch at the end of those that wait, without counting it. */
void mqc__outbox_append_waiting(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Takes a batch out of those that wait, and counts it out. */
void mqc__outbox_unlink_waiting(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Count the events of a batch as waiting, and not any more. */
void mqc__outbox_count_waiting(struct mqc__outbox *outbox, const struct mqc__batch *batch);
void mqc__outbox_discount_waiting(struct mqc__outbox *outbox, const struct mqc__batch *batch);

void mqc__outbox_append_in_flight(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* The batch that leaves next, NULL when none waits. */
struct mqc__batch *mqc__outbox_next(const struct mqc__outbox *outbox);

/* Forgets the instances from before. */
void mqc__outbox_free_origins(struct mqc__outbox *outbox);

/* Drops the first event of a batch that is the first of its topic to wait. */
void mqc__outbox_drop_first(struct mqc__outbox *outbox, struct mqc__batch *batch);

void mqc__outbox_take_from_flight(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Events of one batch are in the other now. */
void mqc__outbox_widen(struct mqc__batch *batch, const struct mqc__batch *moved);

/* Frees a batch that is in no list and counted nowhere. */
void mqc__outbox_dispose(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Counts out what is in the batch, which is in no list, and frees it. */
void mqc__outbox_free_batch(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Says whether so many more events of so many bytes may join the batch. */
bool mqc__outbox_fits(const struct mqc__outbox *outbox, const struct mqc__batch *batch,
                      size_t event_count, size_t event_bytes);

/* outbox_pieces.c */

/* Says whether an event leaves in pieces, so that its batch has no other. */
bool mqc__outbox_is_large_size(const struct mqc__outbox *outbox, size_t event_bytes);

/* Says whether a batch that waits leaves in pieces. */
bool mqc__outbox_is_large(const struct mqc__outbox *outbox, const struct mqc__batch *batch);

/* Says whether a batch that waits may leave now: not while another large one, or one of its own
 * topic, is on its way. */
bool mqc__outbox_is_free(const struct mqc__outbox *outbox, const struct mqc__batch *batch);

/* Puts the next piece of the head in flight, which leaves in pieces. NULL: no memory; all is as it
 * was. */
struct mqc__batch *mqc__outbox_take_piece(struct mqc__outbox *outbox);

/* Frees a piece that was not sent. */
void mqc__outbox_untake_piece(struct mqc__outbox *outbox, struct mqc__batch *piece);

/* A batch, of which no piece is in flight any more, does not leave in pieces any longer. */
void mqc__outbox_stop_pieces(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* outbox_keep.c: what is kept for receivers. */

/* The batch is of this stream, of none if NULL; and not any more. */
void mqc__outbox_join_stream(struct mqc__batch *batch, struct mqc__kept_stream *stream);
void mqc__outbox_leave_stream(struct mqc__batch *batch);

/* The batch never arrives: nor does what its stream has before it. */
void mqc__outbox_given_up(struct mqc__outbox *outbox, const struct mqc__batch *batch);

void mqc__outbox_keep_fini(struct mqc__outbox *outbox);

/* outbox_repeat.c */

/* Ends all repetitions of a stream; NULL: of every stream. */
void mqc__outbox_end_repetitions(struct mqc__outbox *outbox, const struct mqc__kept_stream *stream);

#endif
