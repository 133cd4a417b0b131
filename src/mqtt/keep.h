#ifndef MQC_MQTT_KEEP_H
#define MQC_MQTT_KEEP_H

#include "mqtt/stream_out.h"

#include <stddef.h>

struct mqc__batch;
struct mqc__origin;
struct mqc__topic;

/*
 * What the outbox keeps of end_to_end topics: their streams, and the batches that the broker has
 * acknowledged and receivers may still ask for. See mqtt/stream_out.h for what is promised.
 */

/* Streams of which nothing is left are remembered, to answer those who ask, as long as there are no
 * more than this. */
#define MQC__KEEP_IDLE_STREAMS_MAX 1024

/* Batches that were acknowledged within this time may be kept as one. */
#define MQC__KEEP_MERGE_MS 1000

/* What one node has yet to acknowledge is given up for want of room only after so long: until then
 * end_to_end events wait with their sending, since a receiver that lives is heard of sooner. */
#define MQC__KEEP_PATIENCE_MS 5000

/* The events of one instance on one topic. Those of one instance all leave before the first one of
 * the next, since they were accepted before: so the streams of a topic stand in the order in which
 * their instances were there, the latest first. */
struct mqc__kept_stream {
    struct mqc__kept_stream *prev; /* in the keep, the one that was sent last at the end */
    struct mqc__kept_stream *next;
    struct mqc__kept_stream *topic_next; /* another instance's on the same topic: one before */
    struct mqc__topic *topic;
    const struct mqc__origin *origin; /* NULL: this instance */
    struct mqc__stream_out machine;
    struct mqc__batch *kept; /* ascending */
    size_t batch_count;      /* those that wait again and are in flight included */
};

/* Something that one receiver is to get once more. */
struct mqc__repetition {
    struct mqc__repetition *prev;
    struct mqc__repetition *next;
    struct mqc__kept_stream *stream; /* NULL: nothing is known of it */
    uint64_t requester;
    uint64_t from; /* the next number */
    uint64_t to;
    uint64_t tell_kept_from; /* not 0: a probe that says this is all that it gets */
    /* Copies behind this struct: */
    const char *reply_topic; /* of MQTT, NUL-terminated */
    struct mqc_view topic;   /* of the events */
    struct mqc_view instance;
};

struct mqc__keep {
    struct mqc__kept_stream *streams;
    size_t stream_count;
    struct mqc__batch *batches; /* of all streams, ascending by number */
    size_t event_count;
    size_t awaited_count; /* of these, what one node is to acknowledge */
    size_t byte_count;    /* with overhead */
    uint64_t given_up;    /* events to one node that it never acknowledged, so far */
    int64_t due_ms;       /* no stream has anything to do before */
    bool is_online;       /* the session is up */
    int64_t offline_ms;   /* since when it is not */
    struct mqc__repetition *repetitions;
    size_t repetition_count;
};

#endif
