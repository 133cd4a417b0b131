#ifndef MQC_MQTT_BATCH_H
#define MQC_MQTT_BATCH_H

#include "base/buffer.h"
#include "codec/protobuf.h"
#include "mqtt/session.h"

/*
 * Events of one topic in a row, in the memory from which one MQTT message is sent: each event is
 * copied there once, when it is accepted, and the envelope's header is put around them when they
 * leave. Numbers of events are consecutive. Not thread-safe.
 */
struct mqc__batch_entry {
    uint32_t size;
    uint32_t number; /* the lower half */
};

struct mqc__batch {
    struct mqc__batch *prev; /* in the outbox's waiting list, in flight, or in the pool */
    struct mqc__batch *next;
    struct mqc__batch *topic_prev; /* in the waiting list of its topic */
    struct mqc__batch *topic_next;
    struct mqc__topic *topic;
    const struct mqc__origin *origin; /* NULL: this instance has accepted them */
    struct mqc__kept_stream *stream;  /* end_to_end, from sending on; else NULL */
    int64_t kept_ms;                  /* since when it is kept for its receivers */
    uint64_t number;   /* not above that of any event in it, in the order of acceptance over all
                        * topics, from 1 */
    uint64_t sequence; /* of its first event, in its topic */
    size_t event_count;
    size_t event_bytes;
    size_t cost; /* what it counts in the outbox's bounds */
    enum mqc__qos qos;
    enum mqc__receipt_kind receipt;
    bool starts_count; /* the topic's count starts here */
    bool is_closed;    /* takes no more events */
    int token;         /* the client's, -1 until it was sent */

    /* A large event in flight that leaves in pieces, see outbox_pieces.c; it has no token. */
    bool is_in_pieces;
    size_t sent_bytes;  /* of its events, so far */
    size_t piece_count; /* pieces in flight */
    /* Such a piece: event_bytes of that one's events, from piece_offset on; it has none itself. */
    struct mqc__batch *whole; /* NULL: it is no piece */
    size_t piece_offset;

    /* Only batch.c looks at these. */
    struct mqc__buffer memory;
    size_t start;                     /* of the first event in it */
    struct mqc__batch_entry *entries; /* of the events, those included that left it */
    size_t entry_count;               /* how many are there */
    size_t entry_capacity;            /* how many have room */
    size_t first;                     /* the first event's place among them */
};

/* Batches that are done with, kept for their memory. Zeroed memory with headroom set is ready. */
struct mqc__batch_pool {
    size_t headroom; /* in front of the first event, for an envelope's header */
    struct mqc__batch *spare;
    size_t spare_count;
    size_t spare_bytes;
};

/* Returns an empty batch, in which `bytes` of events will have room; NULL: no memory. */
struct mqc__batch *mqc__batch_new(struct mqc__batch_pool *pool, size_t bytes);

/* Returns a batch of one event that is taken with its memory, which is on the heap: the buffer is
 * empty afterwards. NULL: no memory; the buffer is as it was. */
struct mqc__batch *mqc__batch_adopt(struct mqc__batch_pool *pool, struct mqc__buffer *event,
                                    uint64_t number);

/* Returns a batch without memory for events; NULL: no memory. */
struct mqc__batch *mqc__batch_new_bare(struct mqc__batch_pool *pool);

/* Forgets what is in it and keeps it for another time, or frees it. */
void mqc__batch_free(struct mqc__batch_pool *pool, struct mqc__batch *batch);

/* Gives an empty buffer memory for at least `bytes` out of the pool; nothing happens when there is
 * none that suits. */
void mqc__batch_lend(struct mqc__batch_pool *pool, size_t bytes, struct mqc__buffer *buffer);

void mqc__batch_pool_fini(struct mqc__batch_pool *pool);

/* Copies one event to the end. false: no memory; all is as it was. */
bool mqc__batch_append(struct mqc__batch *batch, struct mqc_view event, uint64_t number);

/* The events as they stand in an envelope, valid until the batch is changed. */
struct mqc_view mqc__batch_events(const struct mqc__batch *batch);

/* The size of the first event; the batch is not empty. */
size_t mqc__batch_first_size(const struct mqc__batch *batch);

/* The number of the event at an index in the order of acceptance over all topics; the batch's
 * number must be right. */
uint64_t mqc__batch_number(const struct mqc__batch *batch, size_t index);

/* Removes the first event. */
void mqc__batch_drop_first(struct mqc__batch *batch);

/* Moves as many events from the beginning of a batch to the end of another as have together at most
 * bytes_max, but at least one. false: no memory; nothing was moved. */
bool mqc__batch_move(struct mqc__batch *from, struct mqc__batch *to, size_t bytes_max);

/* Puts the header in front of the events, or behind them, since the fields of an envelope may come
 * in any order. The payload is valid until the batch is changed. false: no memory. */
bool mqc__batch_enclose(struct mqc__batch *batch, struct mqc_view header,
                        struct mqc_view *payload_out);

#endif
