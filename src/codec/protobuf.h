#ifndef MQC_CODEC_PROTOBUF_H
#define MQC_CODEC_PROTOBUF_H

#include "base/arena.h"
#include "base/buffer.h"
#include "value/event.h"

/*
 * The wire form, proto/mqcluster/v1/event.proto: an Envelope carries the sender, the sequence
 * number of its first event, and events. An event is encoded once, as one complete `events` field
 * of an Envelope, so that a batch is made by putting such pieces one after another behind a header.
 */

/* The content type of an Envelope (MQTT 5, 3.3.2.3.9). */
#define MQC__CONTENT_TYPE_PROTOBUF "application/x-protobuf; msg=mqcluster.v1.Envelope"

/* Who sent an envelope. */
struct mqc__sender {
    struct mqc_view instance; /* the node id, new at every start */
    struct mqc_view node;     /* the node's name */
};

/* What the sender of a stream, the events of one instance on one topic, wants to hear of it. */
enum mqc__receipt_kind {
    MQC__RECEIPT_NONE = 0,
    MQC__RECEIPT_ONE = 1,  /* the only receiver says how far it has handled it */
    MQC__RECEIPT_MANY = 2, /* every receiver says what it misses */
};

/* What a receiver says about one stream to its sender. */
struct mqc__receipt {
    struct mqc_view instance;
    struct mqc_view topic; /* of the events, not of MQTT */
    uint64_t handled_to;
    bool wants_repeat; /* of everything above handled_to */
};

/* So many are read of one envelope at most. */
#define MQC__RECEIPTS_MAX 10000

/* The events of an earlier start of the sender after which those of an envelope come. */
struct mqc__after {
    struct mqc_view instance; /* empty: there are none */
    uint64_t sequence;        /* their last number */
    uint64_t kept_from;       /* as in an envelope of their own */
    uint64_t count_age_ms;    /* likewise */
};

/* A piece of the `events` field of one large event, see mqcluster.v1.Piece. */
struct mqc__piece {
    uint64_t total;  /* bytes of all pieces; 0: it is none */
    uint64_t offset; /* bytes before this one */
    struct mqc_view content;
};

/* What stands before the events of an envelope. Fields that are 0, false or empty are left out. */
struct mqc__envelope_header {
    struct mqc__sender sender;
    uint64_t first_sequence;
    bool starts_count;
    enum mqc__receipt_kind receipt;
    uint64_t kept_from;      /* the lowest number that the sender can repeat; 0: not said */
    uint64_t count_age_ms;   /* how long before it is sent the count began; 0: not said */
    struct mqc_view topic;   /* of the events, where the message's is another one */
    struct mqc__piece piece; /* instead of events */
    struct mqc__after after;
};

/* A decoded envelope: values and lists live in the arena it was decoded into, text in the payload.
 */
struct mqc__envelope {
    struct mqc__sender sender;
    uint64_t first_sequence;
    bool starts_count; /* smaller sequence numbers are not missing: the count (re)starts here */
    enum mqc__receipt_kind receipt; /* NONE if it is of a kind that this version does not know */
    uint64_t kept_from;             /* the lowest number that the sender can repeat; 0: not said */
    uint64_t count_age_ms;          /* how long before it was sent the count began; 0: not said */
    struct mqc_view topic;          /* of the events, if it is not that of the message */
    struct mqc__after after;
    struct mqc__piece piece; /* instead of events; its content is never empty */
    const struct mqc__receipt *receipts;
    size_t receipt_count;
    const struct mqc_event *events;
    size_t event_count;
    uint64_t compression;              /* how events are compressed, 0: they are not */
    struct mqc_view compressed_events; /* in the payload, for mqc__decompress() */
    size_t unknown_count; /* values of a kind that this version does not know, decoded as none */
};

/*
 * Appends one event as an `events` field. The event must have passed mqc__event_check().
 * MQC_ETOOLARGE: the buffer's limit is reached; MQC_ENOMEM. On failure the buffer is as it was.
 */
enum mqc_error mqc__protobuf_event(const struct mqc_event *event, struct mqc__buffer *buffer);

/* Tells how many bytes that are, for who wants to have memory ready; and appends them, with the
 * size that was told. */
size_t mqc__protobuf_event_size(const struct mqc_event *event);
enum mqc_error mqc__protobuf_event_sized(const struct mqc_event *event, size_t size,
                                         struct mqc__buffer *buffer);

/* Appends the fields of an Envelope that stand beside its events; errors as above. */
enum mqc_error mqc__protobuf_header(const struct mqc__envelope_header *header,
                                    struct mqc__buffer *buffer);

/* Appends receipts as they stand in an Envelope, behind a header that needs no more than the
 * sender; errors as above. No reader takes more than MQC__RECEIPTS_MAX of one
 * Envelope. */
enum mqc_error mqc__protobuf_receipts(const struct mqc__receipt *receipts, size_t count,
                                      struct mqc__buffer *buffer);

/* Tells how many bytes one of them is. */
size_t mqc__protobuf_receipt_size(const struct mqc__receipt *receipt);

/*
 * Decodes an Envelope into the arena, whose limit bounds the memory that any payload can take.
 * Text stays in the payload, which must live as long as the envelope is used, and so do compressed
 * events: they are not among `events`.
 * Sets and tables come out sorted. MQC_EMALFORMED: not an Envelope, or an element or key twice;
 * MQC_ETOOLARGE: nested deeper than MQC_MAX_DEPTH, or over the arena's limit, or more than
 * MQC__RECEIPTS_MAX receipts; *info says what.
 */
enum mqc_error mqc__protobuf_decode(struct mqc__arena *arena, struct mqc_view payload,
                                    struct mqc__envelope *envelope_out,
                                    struct mqc_error_info *info);

/* Says whether a decoded envelope has events that are to be decompressed. */
static inline bool mqc__envelope_is_compressed(const struct mqc__envelope *envelope)
{
    return envelope->compression != 0 || envelope->compressed_events.size != 0;
}

/* Says whether a decoded envelope has a piece of an event instead of events. */
static inline bool mqc__envelope_is_piece(const struct mqc__envelope *envelope)
{
    return envelope->piece.total != 0;
}

/* Decodes events that were decompressed, or put together of pieces, into their envelope, in the
 * same way: their text stays where it is. On failure the envelope is as it was. */
enum mqc_error mqc__protobuf_decode_events(struct mqc__arena *arena, struct mqc_view events,
                                           struct mqc__envelope *envelope,
                                           struct mqc_error_info *info);

#endif
