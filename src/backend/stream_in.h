#ifndef MQC_BACKEND_STREAM_IN_H
#define MQC_BACKEND_STREAM_IN_H

#include "codec/protobuf.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What a receiver knows of one stream, the events of one sender instance on one topic: which ones
 * its handlers have had, and which ones it has heard of but misses. From that it judges what
 * arrives, so that the handlers get each event once and in order, and tells the sender how far it
 * has come and what is to be sent again. The other end is mqtt/stream_out.h.
 *
 * Without a promise of the sender (MQC__RECEIPT_NONE) what is missing is counted, and the rest is
 * delivered. With one, a batch behind a gap is discarded, and the sender is asked to send
 * everything from the gap on again (go-back-N): nothing has to be kept here, and the memory for a
 * stream stays small. What the sender cannot repeat it says (kept_from): then that is counted, and
 * no more. A batch that comes after those of another stream is discarded, too, until these are
 * there (is_held), and asked for later than they are.
 *
 * Pure: no clock, no input or output, no memory beside itself; plain data, which may be copied.
 * Times are of one clock that does not go back, in ms. Not thread-safe.
 */

/* While nothing comes of it, the sender is asked again, after pauses that double. */
#define MQC__STREAM_IN_ASK_MIN_MS 1000
#define MQC__STREAM_IN_ASK_MAX_MS 30000

/* To the only receiver: a receipt is due after so many events, or so long after the first of them;
 * one that answers a probe or a repetition comes at once, but so long after the last one. */
#define MQC__STREAM_IN_RECEIPT_EVENTS 8000
#define MQC__STREAM_IN_RECEIPT_MS 100

#define MQC__STREAM_IN_NEVER INT64_MAX

struct mqc__stream_in {
    uint64_t last;         /* handled, or missing for good, up to here. All that is worth keeping */
    uint64_t known_to;     /* the highest number heard of; above `last`: these are waited for */
    uint64_t receipted_to; /* the `last` that the sender was told */
    uint64_t epoch;        /* of what arrived last */
    int64_t ask_ms;        /* when to ask (again), or NEVER */
    int64_t receipt_ms;    /* when a receipt is due, or NEVER */
    int64_t receipted_ms;  /* when the last one left; INT64_MIN: never */
    uint16_t ask_pause_ms; /* before asking again */
    uint8_t receipt;       /* enum mqc__receipt_kind, as the sender said last */
    bool is_known;         /* there is a `last` */
};

/* A stream that nothing is known of. */
void mqc__stream_in_init(struct mqc__stream_in *stream);

/* A stream that was handled, or given up, up to `last` by an earlier run of this node. */
void mqc__stream_in_restore(struct mqc__stream_in *stream, uint64_t last, uint64_t epoch);

/* A batch as it arrived; without events it is a probe: `first` is the stream's last number. */
struct mqc__stream_in_batch {
    uint64_t first;
    uint64_t count;
    bool starts_count;     /* earlier numbers are not missing */
    bool is_for_others;    /* this node only listens in on a stream to one other node */
    bool is_held;          /* what comes before it, of another stream, is not there yet */
    uint8_t receipt;       /* enum mqc__receipt_kind */
    uint64_t kept_from;    /* the sender cannot repeat what is below; 0: not said */
    uint64_t count_age_ms; /* how long ago the count began when this was sent; 0: not said */

    /* For how long this node has been subscribed to the topic, without a break that its session
     * with the broker has not bridged. No longer than its memory of streams goes back: to its
     * start if that is not on disk, and to when it last heard of one that it has forgotten since.
     */
    int64_t subscribed_for_ms;

    /* Changes whenever a filter that covers the topic is unsubscribed: what came in between was
     * not asked for, and is not missing. A change for the sake of other topics would do harm:
     * together with a loss, the loss goes unnoticed. */
    uint64_t epoch;
};

/* What is to be done with it. */
struct mqc__stream_in_verdict {
    uint64_t repeated; /* so many of its first events the handlers have had: skip them */
    uint64_t missing;  /* so many events before it never came and never will: report them */
    bool is_discarded; /* nothing of it may be handled: it comes again, with what is missing */
};

/* Says whether its numbers are possible; nothing else may be asked about a batch with others. */
static inline bool mqc__stream_in_is_possible(const struct mqc__stream_in_batch *batch)
{
    return batch->first != 0 && batch->count < UINT64_MAX - batch->first;
}

/*
 * Judges what arrived. What the verdict lets through is to be handled, and
 * mqc__stream_in_handled() called, before the next batch of the stream is judged; until then it
 * counts as not handled. Afterwards a receipt may be due. A batch that was discarded may be kept
 * and judged again when `last` has moved, as if it had arrived once more.
 *
 * A stream that is heard of for the first time, and that began after this node subscribed, is
 * waited for from number 1 on. Else, if it is to this node alone, from the lowest number on that
 * the sender keeps: an earlier run of the node has had the others. If it is to many, the node has
 * joined late, and begins with this batch, or behind this probe.
 */
struct mqc__stream_in_verdict mqc__stream_in_arrive(struct mqc__stream_in *stream,
                                                    const struct mqc__stream_in_batch *batch,
                                                    int64_t now_ms);

/* The handlers have run for everything up to this number: a batch, or each event of it alone.
 * Numbers up to `last` have no effect. */
void mqc__stream_in_handled(struct mqc__stream_in *stream, uint64_t to, int64_t now_ms);

/* When to call mqc__stream_in_receipt() next, or NEVER: only then has the stream to be looked at.
 */
static inline int64_t mqc__stream_in_due_ms(const struct mqc__stream_in *stream)
{
    return stream->ask_ms < stream->receipt_ms ? stream->ask_ms : stream->receipt_ms;
}

/* What to tell the sender; the stream is named beside it in struct mqc__receipt. */
struct mqc__stream_in_receipt {
    uint64_t handled_to;
    bool wants_repeat;
};

/* Says whether the sender is to be told something now, and what. Counts as told: if it gets lost,
 * the sender's probe or the next asking makes up for it. */
bool mqc__stream_in_receipt(struct mqc__stream_in *stream, int64_t now_ms,
                            struct mqc__stream_in_receipt *receipt_out);

/* The session to the broker is up again: what was asked meanwhile did not get out, so that the
 * pause before asking again begins anew. Or what the stream was held for is there. Need not be
 * called. */
void mqc__stream_in_connected(struct mqc__stream_in *stream, int64_t now_ms);

/* How many events are waited for. */
static inline uint64_t mqc__stream_in_awaited(const struct mqc__stream_in *stream)
{
    return stream->known_to - stream->last;
}

/* Waits no longer, because the sender is gone for good or the stream is to be forgotten; returns
 * how many events are missing thereby: report them. */
uint64_t mqc__stream_in_give_up(struct mqc__stream_in *stream);

#endif
