#ifndef MQC_MQTT_OUTBOX_H
#define MQC_MQTT_OUTBOX_H

#include "base/buffer.h"
#include "base/error.h"
#include "mqtt/batch.h"
#include "mqtt/keep.h"
#include "mqtt/session.h"
#include "mqtt/topic_table.h"

/*
 * The events that were accepted and are not done with: first waiting, then in flight, in batches,
 * each of which one MQTT message carries. Bounded in events and in bytes, where events and batches
 * count with their overhead, so that the bound is one on memory; a batch that still grows may have
 * as much room again.
 *
 * The events of a topic are numbered when they are accepted and leave in that order. Batches leave
 * in the order in which their first events were accepted; later events of the topic join the batch
 * that waits. Batches of urgent topics go ahead of all others, but while both wait, one of the
 * others goes after MQC__OUTBOX_URGENT_RUN urgent ones: nothing waits for ever. An event that is
 * dropped leaves a gap in the numbers of its topic; no batch spans a gap, since it names its first
 * number only.
 *
 * A large event leaves in pieces. After each of them one message of another topic has its turn, if
 * one waits that is not large, too; what is of its own topic waits for the last piece.
 *
 * Not thread-safe, no clock, no input or output.
 */

/* Bounds; all at least 1. */
struct mqc__outbox_limits {
    size_t events_max;
    size_t bytes_max;
    size_t batch_events_max;
    size_t batch_bytes_max;  /* event bytes in a batch */
    size_t topics_max;       /* sequence counters of topics with nothing in the outbox */
    size_t header_bytes_max; /* of an envelope; one that is longer costs a copy */
    size_t piece_bytes_max;  /* an event with more leaves in pieces of so many; 0: none does */
    enum mqc__when_full when_full;
    size_t kept_bytes_max; /* of what the broker has and receivers may ask for, with overhead */
    int64_t keep_ms;       /* and for how long */
    bool is_fed;           /* numbers come from elsewhere; an event without one shares the latest */
};

/* An instance of this node from before, some of whose events are left. */
struct mqc__origin {
    struct mqc__origin *next;
    size_t size;
    char instance[]; /* NUL-terminated */
};

/* What an event that was numbered elsewhere is called. */
struct mqc__numbering {
    uint64_t number; /* in the order of acceptance over all topics; never falls */
    uint64_t sequence;
    bool starts_count;
    const struct mqc__origin *origin; /* whose number it is; NULL: this instance's */
};

/* What events and batches count in the bounds beside the events' bytes. */
#define MQC__OUTBOX_EVENT_COST (2 * sizeof(struct mqc__batch_entry))
#define MQC__OUTBOX_BATCH_COST (sizeof(struct mqc__batch) + 256)

/* So many urgent batches leave in a row at most while others wait. */
#define MQC__OUTBOX_URGENT_RUN 8

struct mqc__outbox {
    struct mqc__outbox_limits limits;
    struct mqc__topic_table topics;
    struct mqc__batch_pool pool;
    struct mqc__batch *waiting;   /* those that are not urgent, ascending by number */
    struct mqc__batch *urgent;    /* those that are, likewise */
    unsigned urgent_run;          /* how many urgent ones left while others waited */
    struct mqc__batch *in_pieces; /* the one in flight of which not all was sent; NULL: none */
    bool is_others_turn;          /* a piece has left last */
    size_t waiting_count;         /* events, of both */
    size_t waiting_bytes;         /* with overhead, of both */
    struct mqc__batch *in_flight; /* in the order of sending */
    size_t in_flight_count;
    size_t in_flight_bytes; /* event bytes */
    size_t event_count;     /* waiting and in flight */
    size_t byte_count;      /* with overhead */
    uint64_t last_number;
    struct mqc__origin *origins;
    int64_t origins_ms; /* the latest that their counts can have begun: when this instance did */
    struct mqc__keep keep;
};

void mqc__outbox_init(struct mqc__outbox *outbox, const struct mqc__outbox_limits *limits);

/*
 * Copies one event to the end of the queue. With drop_oldest, drops events from the batch that
 * waits longest, urgent ones last, until it fits and says how many in *dropped_out (else 0). A
 * topic becomes urgent or not when nothing of it is in the outbox. MQC_EFULL: at a limit,
 * and nothing waits that may be dropped; MQC_ETOOLARGE: it would never fit; MQC_EINVAL: no topic
 * name; MQC_ENOMEM: events may have been dropped. Nothing was queued then.
 */
enum mqc_error mqc__outbox_accept(struct mqc__outbox *outbox, struct mqc_view topic,
                                  struct mqc__service service, struct mqc_view event,
                                  size_t *dropped_out);

/* The same, but takes the memory of a large event instead of copying it: the buffer is empty then.
 * On failure it is as it was. */
enum mqc_error mqc__outbox_accept_buffer(struct mqc__outbox *outbox, struct mqc_view topic,
                                         struct mqc__service service, struct mqc__buffer *event,
                                         size_t *dropped_out);

/*
 * The next number of a topic, for an event that is accepted elsewhere and comes here later with
 * mqc__outbox_accept_numbered(). MQC_EINVAL: no topic name; MQC_ENOMEM.
 */
enum mqc_error mqc__outbox_number(struct mqc__outbox *outbox, struct mqc_view topic,
                                  struct mqc__numbering *numbering_out);

/* Takes numbers back that nobody has seen, the latest first. */
void mqc__outbox_unnumber(struct mqc__outbox *outbox, struct mqc_view topic,
                          const struct mqc__numbering *numbering);

/* Returns the instance with this name, which lives as long as the outbox. NULL: no memory. */
const struct mqc__origin *mqc__outbox_origin(struct mqc__outbox *outbox, struct mqc_view instance);

/* The same if it is known already, else NULL. */
const struct mqc__origin *mqc__outbox_known_origin(const struct mqc__outbox *outbox,
                                                   struct mqc_view instance);

/* Says whether a message may be published on it. */
bool mqc__outbox_is_topic_name(struct mqc_view topic);

/* As mqc__outbox_accept(), but for an event that has its numbers; nothing is dropped to make room.
 * The events of an instance and topic come in the order of their numbers. */
enum mqc_error mqc__outbox_accept_numbered(struct mqc__outbox *outbox, struct mqc_view topic,
                                           struct mqc__service service, struct mqc_view event,
                                           const struct mqc__numbering *numbering);

/* Says whether an event of this size would ever fit. */
bool mqc__outbox_may_take(const struct mqc__outbox *outbox, size_t event_bytes);

/* Gives an empty buffer, for an event of that size, memory that is done with, if there is some. */
void mqc__outbox_lend(struct mqc__outbox *outbox, size_t event_bytes, struct mqc__buffer *buffer);

/* The batch that leaves next, or of which the next piece does. NULL: none. */
const struct mqc__batch *mqc__outbox_head(const struct mqc__outbox *outbox);

/* How many bytes of it leave at least. */
size_t mqc__outbox_head_bytes(const struct mqc__outbox *outbox, const struct mqc__batch *head);

/*
 * Puts in flight the head, or as many of its events as event_bytes_max allows, or the events of its
 * topic, too, that wait further behind, as far as they have the same QoS, consecutive numbers and
 * fit the limits; the first event goes in any case, but if it is large as a piece, which is a batch
 * without events. The outbox owns the batch. MQC_ENOTFOUND: none waits; MQC_ENOMEM.
 */
enum mqc_error mqc__outbox_take(struct mqc__outbox *outbox, size_t event_bytes_max,
                                struct mqc__batch **batch_out);

/* The batch in flight with this token, NULL when there is none. */
struct mqc__batch *mqc__outbox_find(const struct mqc__outbox *outbox, int token);

/* How many events there are that need no acknowledgement. */
size_t mqc__outbox_best_effort_count(const struct mqc__outbox *outbox);

/* The lowest number that is not done with, those that are kept included; UINT64_MAX: all are. */
uint64_t mqc__outbox_frontier(const struct mqc__outbox *outbox);

/*
 * The numbers that are not done with, for the case that a few old ones keep many that are done with
 * from being deleted: all others below the last number may be. The ranges are in no order: see
 * mqc__outbox_order_ranges(). The caller frees *ranges_out with free(). MQC_ENOMEM.
 */
enum mqc_error mqc__outbox_needed(const struct mqc__outbox *outbox,
                                  struct mqc__spool_range **ranges_out, size_t *count_out);

/* Makes ranges ascending and apart from each other; returns how many are left. Pure, and takes a
 * while if there are many. */
size_t mqc__outbox_order_ranges(struct mqc__spool_range *ranges, size_t count);

/* The lowest number that its guarantee is not kept for yet: as mqc__outbox_oldest(), with what the
 * one node that it is for has not acknowledged. */
uint64_t mqc__outbox_oldest_undone(const struct mqc__outbox *outbox);

/*
 * A piece in flight was acknowledged, or needs no acknowledgement: frees it. Returns the batch that
 * it is a piece of when that has arrived with it, and is to be acknowledged itself, else NULL.
 */
struct mqc__batch *mqc__outbox_piece_done(struct mqc__outbox *outbox, struct mqc__batch *piece);

/* A piece that will never arrive: frees all pieces of its batch, and returns that, which is in
 * flight, to be dropped. */
struct mqc__batch *mqc__outbox_end_pieces(struct mqc__outbox *outbox, struct mqc__batch *piece);

/* Before a batch in flight is sent: finds or begins its stream, if it is end_to_end, and notes when
 * its topic's count began. MQC_ENOMEM. */
enum mqc_error mqc__outbox_follow(struct mqc__outbox *outbox, struct mqc__batch *batch,
                                  int64_t now_ms);

/* It was sent. */
void mqc__outbox_sent(struct mqc__outbox *outbox, struct mqc__batch *batch, int64_t now_ms);

/* As mqc__outbox_complete(), but an end_to_end batch is kept until its receivers have it, or may
 * not ask for it any more. */
size_t mqc__outbox_acknowledged(struct mqc__outbox *outbox, struct mqc__batch *batch,
                                int64_t now_ms);

/* Gives up what was kept for its time. */
void mqc__outbox_expire(struct mqc__outbox *outbox, int64_t now_ms);

/* The session is up, or is not: then nothing is repeated, and receivers must ask again. */
void mqc__outbox_set_online(struct mqc__outbox *outbox, bool is_online, int64_t now_ms);

/* Says whether no more is to be sent that would have to be kept, because there is no room and what
 * is there is probably about to be acknowledged. */
bool mqc__outbox_waits_for_receipts(const struct mqc__outbox *outbox, int64_t now_ms);

/* When to call it next; INT64_MAX: never. */
int64_t mqc__outbox_expiry_ms(const struct mqc__outbox *outbox);

/* A stream whose probe is to be sent now; it counts as sent. NULL: none before keep.due_ms. */
struct mqc__kept_stream *mqc__outbox_probe(struct mqc__outbox *outbox, int64_t now_ms);

/* The stream of an instance (NULL: this one) on a topic, NULL when nothing is known of it. */
struct mqc__kept_stream *mqc__outbox_stream(const struct mqc__outbox *outbox, struct mqc_view topic,
                                            const struct mqc__origin *origin);

/* The stream of the instance before this one on the same topic, if some of it may still come, or
 * come again, to a receiver; else NULL. */
const struct mqc__kept_stream *mqc__outbox_stream_before(const struct mqc__kept_stream *stream);

/* A receipt came: frees what is done with, and says what is to be done. */
void mqc__outbox_receipt(struct mqc__outbox *outbox, struct mqc__kept_stream *stream,
                         const struct mqc__stream_out_receipt *receipt, int64_t now_ms,
                         struct mqc__stream_out_actions *actions_out);

/* What a receiver is to get once more, and where; borrowed. */
struct mqc__repeat_request {
    uint64_t requester;
    uint64_t from;
    uint64_t to;
    uint64_t tell_kept_from;     /* not 0: a probe that says this is all that it gets */
    struct mqc_view reply_topic; /* of MQTT */
    struct mqc_view topic;       /* of the events, as the envelope says it */
    struct mqc_view instance;    /* whose they are */
};

/* Notes that it is to be repeated, behind what is to be repeated already; the stream is NULL where
 * nothing is known of it, and nothing but a probe can be sent. MQC_EINVAL: no topic name;
 * MQC_EFULL: too many receivers at once; MQC_ENOMEM. */
enum mqc_error mqc__outbox_repeat(struct mqc__outbox *outbox, struct mqc__kept_stream *stream,
                                  const struct mqc__repeat_request *request);

/* The batch that a repetition goes on with, NULL: it is complete. The outbox owns it. */
struct mqc__batch *mqc__outbox_next_repeated(const struct mqc__outbox *outbox,
                                             const struct mqc__repetition *repetition);

void mqc__outbox_end_repetition(struct mqc__outbox *outbox, struct mqc__repetition *repetition);

/* Frees a batch whose events arrived; returns how many. */
size_t mqc__outbox_complete(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Frees a batch whose events never will arrive; returns how many. */
size_t mqc__outbox_drop_batch(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Drops the first event of the head. */
void mqc__outbox_drop_head(struct mqc__outbox *outbox);

/* Makes the events of one batch wait again, in their old places; nothing of its topic may have been
 * taken after it. A piece, which must be the latest of its batch, is to be taken again. */
void mqc__outbox_put_back(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Makes everything in flight wait again, in its old place. */
void mqc__outbox_requeue(struct mqc__outbox *outbox);

/* A number that no event in the outbox is below, the highest that is known; UINT64_MAX when it is
 * empty. */
uint64_t mqc__outbox_oldest(const struct mqc__outbox *outbox);

/* Frees everything. */
void mqc__outbox_fini(struct mqc__outbox *outbox);

#endif
