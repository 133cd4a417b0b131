#ifndef MQC_BACKEND_STREAMS_H
#define MQC_BACKEND_STREAMS_H

#include "backend/stream_in.h"
#include "backend/subscribed.h"
#include "spool/positions.h"

/*
 * What has arrived from each sender instance on each topic, by sequence number: so nothing that is
 * sent again reaches a handler twice, a gap is noticed, and the sender is told what it wants to
 * hear. Remembers a bounded number of streams, with their positions on the disk if there is a file
 * of them; the one that was silent longest is forgotten first, and what it repeats after that is
 * new again. Not thread-safe. Times are of mqc__clock_monotonic_ms().
 */
struct mqc__streams;

/* Creates it for the positions' streams. Both are borrowed for as long as it lives. NULL: out of
 * memory. */
struct mqc__streams *mqc__streams_new(struct mqc__positions *positions,
                                      struct mqc__subscribed *subscribed);
void mqc__streams_free(struct mqc__streams **streams);

/* A batch as it arrived; without events it is a probe. */
struct mqc__stream_batch {
    struct mqc_view instance;
    struct mqc_view topic;      /* of the events */
    struct mqc_view mqtt_topic; /* that of the topic */
    uint64_t first;             /* the number of its first event; numbers begin at 1 */
    uint64_t count;
    bool starts_count;  /* earlier numbers are not missing */
    bool is_for_others; /* one other node's stream, in which this one only listens */
    enum mqc__receipt_kind receipt;
    uint64_t kept_from;
    uint64_t count_age_ms;

    /* What comes before it is not there yet: the stream in this place has to go on first. */
    bool is_held;
    size_t held_by;
};

/* When something of a stream came in so many different seconds, and was held while the other stream
 * has not moved, it is let through all the same: its sender is there, and only says that something
 * comes before. */
#define MQC__STREAMS_HELD_SECONDS 60

/* What a batch means for its stream. */
struct mqc__stream_verdict {
    size_t place;       /* of the stream, until the next batch arrives */
    uint64_t repeated;  /* this many of its first events were there before */
    uint64_t missing;   /* this many events before it never came, and never will */
    uint64_t last;      /* the stream's: its last number that was handled, or is given up */
    uint64_t forgotten; /* this many were waited for of a stream that is forgotten now */
    bool is_discarded;  /* nothing of it may be handled */
};

/* Takes note of a batch, see mqc__stream_in_arrive(). MQC_EMALFORMED: impossible numbers; nothing
 * is noted. */
enum mqc_error mqc__streams_arrive(struct mqc__streams *streams,
                                   const struct mqc__stream_batch *batch, int64_t now_ms,
                                   struct mqc__stream_verdict *verdict_out);

/* Notes that something arrived on a topic that nobody wants at present: if somebody did before, and
 * will again, his streams lack it, and it is not missing. */
void mqc__streams_unwanted(struct mqc__streams *streams, struct mqc_view topic);

/* Around the handlers of each event of the batch that is to be handled; begin returns whether they
 * may have had it before, in an earlier process that ended meanwhile. */
bool mqc__streams_begin(struct mqc__streams *streams, size_t place, uint64_t number);
void mqc__streams_done(struct mqc__streams *streams, size_t place, uint64_t number);

/* The handlers have had the batch, up to this number. */
void mqc__streams_handled(struct mqc__streams *streams, size_t place, uint64_t to, int64_t now_ms);

/* When mqc__streams_receipts() may have something to do next, or MQC__STREAM_IN_NEVER. */
int64_t mqc__streams_due_ms(const struct mqc__streams *streams);

/* Calls `emit` for each receipt that is due; its texts are valid until the next batch arrives. It
 * must not call back. */
void mqc__streams_receipts(struct mqc__streams *streams, int64_t now_ms,
                           void (*emit)(void *context, const struct mqc__receipt *receipt),
                           void *context);

/* The session to the broker is up again: what was asked meanwhile is asked again at once. */
void mqc__streams_connected(struct mqc__streams *streams, int64_t now_ms);

#endif
