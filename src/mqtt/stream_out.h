#ifndef MQC_MQTT_STREAM_OUT_H
#define MQC_MQTT_STREAM_OUT_H

#include "codec/protobuf.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What a sender knows of one stream, the events of one instance on one topic, for which it promised
 * that the receivers handle them (end_to_end). It deals in sequence numbers alone; its owner, the
 * outbox, has the events. Of these it keeps one run without a hole, kept_from to last, and only
 * gives up its beginning: whoever drops an event drops all before it, sent or not.
 *
 * Numbers to one node (MQC__RECEIPT_ONE) are done with when its receipt covers them; numbers to
 * many (MQC__RECEIPT_MANY) when the owner gives them up. A receiver that misses some asks for
 * everything from a number on, and gets it again on a topic of its own. What is lost at the end of
 * the stream nobody would miss: so the last number is repeated by an empty envelope, a probe, when
 * the stream falls silent, for as long as something is kept, and once more when the last of it was
 * given up. A receiver that is gone for good is probed until the owner gives up what was meant for
 * it. One that comes back later than that hears of what it missed with the next number.
 *
 * Pure: no clock, no input or output, no memory beside itself. Times are of one clock that does not
 * go back, in ms. Not thread-safe.
 */

/* A probe is due so long after the last number was sent, or sent again; then the pauses double. */
#define MQC__STREAM_OUT_PROBE_MIN_MS 1000
#define MQC__STREAM_OUT_PROBE_MAX_MS 60000

/*
 * A receiver may lie. One that asks for a higher number than it last did has made progress and is
 * answered again after MQC__STREAM_OUT_PROGRESS_MS; for the same number or a lower one after
 * MQC__STREAM_OUT_AGAIN_MS, half of what an honest receiver waits. That is known of the last
 * MQC__STREAM_OUT_REQUESTERS receivers that were answered. All together get so many answers within
 * one second at most; those who go without ask again.
 */
#define MQC__STREAM_OUT_PROGRESS_MS 100
#define MQC__STREAM_OUT_AGAIN_MS 500
#define MQC__STREAM_OUT_REQUESTERS 8
#define MQC__STREAM_OUT_ANSWERS_PER_S 64

/* No time: nothing is due; or not known when. */
#define MQC__STREAM_OUT_NEVER INT64_MAX

/* A receiver that was answered. */
struct mqc__stream_requester {
    uint64_t id;
    uint64_t from;       /* the highest number that it asked for */
    int64_t answered_ms; /* meaningless while from is 0 */
};

struct mqc__stream_out {
    enum mqc__receipt_kind kind;
    bool is_connected;
    bool has_ended;
    unsigned probe_pause_ms; /* before the next probe */
    uint64_t began;          /* the count's first number */
    int64_t began_ms;        /* when that was given, NEVER: not known */
    uint64_t kept_from;      /* everything below is done with */
    uint64_t last;           /* the highest number that was sent or given up, 0: none yet */
    int64_t probe_ms;        /* when the next probe is due while connected, or NEVER */
    int64_t answers_ms;      /* when the second of answer_count began */
    unsigned answer_count;
    struct mqc__stream_requester requesters[MQC__STREAM_OUT_REQUESTERS];
};

/*
 * Begins a stream of kind ONE or MANY, not connected, of which nothing was sent. began: the first
 * number of the count, which is the one whose batch says starts_count, else 1. began_ms: when that
 * was; after a restart the time from which the lowest event left dates will do, or NEVER, which
 * lets receivers that hear of the stream for the first time miss nothing that came before.
 * kept_from: the lowest number that the owner has, `began` for a fresh stream.
 */
void mqc__stream_out_init(struct mqc__stream_out *stream, enum mqc__receipt_kind kind,
                          uint64_t began, int64_t began_ms, uint64_t kept_from);

/* The session to the broker is up: probes may be due; or it is not. */
void mqc__stream_out_connected(struct mqc__stream_out *stream, int64_t now_ms);
void mqc__stream_out_disconnected(struct mqc__stream_out *stream);

/* A batch was handed to the broker on the stream's own topic, also again after a reconnect or a
 * restart. count: at least 1. The numbers of one stream are first sent in ascending order. */
void mqc__stream_out_sent(struct mqc__stream_out *stream, uint64_t first, uint64_t count,
                          int64_t now_ms);

/* What a receiver has to say about the stream. */
struct mqc__stream_out_receipt {
    uint64_t requester; /* stands for the receiver's instance: a hash with a secret seed will do */
    uint64_t handled_to;
    bool wants_repeat; /* of everything above handled_to */
};

/* What the owner is to do about it. Numbers that are 0: nothing. */
struct mqc__stream_out_actions {
    /* Everything up to here is done with, newly (ONE only). */
    uint64_t done_to;

    /* Send these again, to this receiver alone, QoS 0, on the topic of its node id, with the
     * stream's topic in the envelope, and before any later number of the stream leaves. A
     * repetition to it that is under way is replaced by this one. */
    uint64_t repeat_from;
    uint64_t repeat_to;

    /* Nothing of what it asks for can be repeated: send it a probe that says so, in the same way,
     * with this as kept_from. To a request for a stream that it knows nothing of the owner answers
     * in this way with UINT64_MAX and the number 1. */
    uint64_t tell_kept_from;
};

/*
 * A receipt came. One that covers more than was sent covers what was sent: a sender that lost its
 * last records in a power cut may hear of numbers that it does not know any more. One of a stream
 * to many is only looked at for what it asks. Requests that come too often (above) are ignored.
 */
void mqc__stream_out_receipt(struct mqc__stream_out *stream,
                             const struct mqc__stream_out_receipt *receipt, int64_t now_ms,
                             struct mqc__stream_out_actions *actions_out);

/* The owner has given up everything up to this number, sent or not: keep_time or keep_bytes is
 * over, or events had to be dropped. */
void mqc__stream_out_evicted(struct mqc__stream_out *stream, uint64_t to);

/* No number above `last` will ever be sent: the instance is of an earlier run, and all that was
 * left of it was sent. A receiver that knows of higher ones, lost in a power cut, need not wait. */
void mqc__stream_out_ended(struct mqc__stream_out *stream);

/* When to call mqc__stream_out_tick() next, or NEVER. */
int64_t mqc__stream_out_due_ms(const struct mqc__stream_out *stream);

/*
 * Says whether a probe is to be sent now: an envelope without events, first_sequence `last`, with
 * what mqc__stream_out_describe() says, on the stream's topic and with the QoS of its events, so
 * that it overtakes none of them. Counts it as sent.
 */
bool mqc__stream_out_tick(struct mqc__stream_out *stream, int64_t now_ms);

/* Says whether nothing of the stream is left that the owner would have to keep. */
static inline bool mqc__stream_out_is_done(const struct mqc__stream_out *stream)
{
    return stream->kept_from > stream->last;
}

/* Says whether that is so, and no probe is due any more: nothing of the stream comes again. */
static inline bool mqc__stream_out_is_over(const struct mqc__stream_out *stream)
{
    return mqc__stream_out_is_done(stream) && stream->probe_ms == MQC__STREAM_OUT_NEVER;
}

/* Fills receipt, kept_from and count_age_ms of the header of an envelope of this stream, events,
 * repetition or probe, that is sent now. */
void mqc__stream_out_describe(const struct mqc__stream_out *stream, int64_t now_ms,
                              struct mqc__envelope_header *header);

#endif
