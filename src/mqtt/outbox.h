#ifndef MQC_MQTT_OUTBOX_H
#define MQC_MQTT_OUTBOX_H

#include "base/buffer.h"
#include "base/error.h"
#include "mqtt/session.h"
#include "mqtt/topic_table.h"

/*
 * The events that were accepted and are not done with: first waiting, then in flight as part of a
 * batch, which is what one MQTT message carries. Bounded in events and in bytes, where a record
 * counts with its overhead, so that the bound is one on memory.
 *
 * The events of a topic are numbered when they are accepted and leave in that order. Events of
 * different topics leave in the order of acceptance, except that a batch takes along the events of
 * its topic that wait further behind. An event that is dropped leaves a gap in the numbers of its
 * topic; no batch spans a gap, since it names its first number only.
 *
 * Not thread-safe, no clock, no input or output.
 */

/* Bounds; all at least 1. */
struct mqc__outbox_limits {
    size_t events_max;
    size_t bytes_max;
    size_t batch_events_max;
    size_t batch_bytes_max; /* event bytes in a batch */
    size_t topics_max;      /* sequence counters of topics with nothing in the outbox */
    enum mqc__when_full when_full;
};

/* One event. */
struct mqc__record {
    struct mqc__record *prev; /* in the waiting list or in its batch */
    struct mqc__record *next;
    struct mqc__record *topic_prev; /* in the waiting list of its topic */
    struct mqc__record *topic_next;
    struct mqc__topic *topic;
    uint64_t number;   /* in the order of acceptance over all topics, from 1 */
    uint64_t sequence; /* in its topic */
    size_t size;
    size_t cost; /* what it counts in the bounds */
    enum mqc__qos qos;
    bool starts_count; /* the topic's count starts here */
    char *bytes;       /* `small`, or memory of its own */
    size_t spare;      /* of that memory behind the event: room for an envelope's header */
    char small[];
};

/* What one MQTT message carries; in flight until it is done with. */
struct mqc__batch {
    struct mqc__batch *prev;
    struct mqc__batch *next;
    struct mqc__topic *topic;
    struct mqc__record *records; /* in order, consecutive sequence numbers */
    size_t event_count;
    size_t event_bytes;
    enum mqc__qos qos;
    bool starts_count;
    int token; /* the client's, -1 until it was sent */
};

struct mqc__outbox {
    struct mqc__outbox_limits limits;
    struct mqc__topic_table topics;
    struct mqc__record *waiting; /* ascending by number */
    size_t waiting_count;
    size_t waiting_bytes;         /* with overhead */
    struct mqc__batch *in_flight; /* in the order of sending */
    size_t in_flight_count;
    size_t in_flight_bytes; /* event bytes */
    size_t event_count;     /* waiting and in flight */
    size_t byte_count;      /* with overhead */
    uint64_t last_number;
};

void mqc__outbox_init(struct mqc__outbox *outbox, const struct mqc__outbox_limits *limits);

/*
 * Copies one event to the end of the queue. With drop_oldest, drops the oldest waiting events until
 * it fits and says how many in *dropped_out (else 0). MQC_EFULL: at a limit, and nothing waits that
 * may be dropped; MQC_ETOOLARGE: it would never fit; MQC_ENOMEM: events may have been dropped.
 * Nothing was queued then.
 */
enum mqc_error mqc__outbox_accept(struct mqc__outbox *outbox, struct mqc_view topic,
                                  enum mqc__qos qos, struct mqc_view event, size_t *dropped_out);

/* The same, but takes the memory of a large event instead of copying it: the buffer is empty then.
 * On failure it is as it was. */
enum mqc_error mqc__outbox_accept_buffer(struct mqc__outbox *outbox, struct mqc_view topic,
                                         enum mqc__qos qos, struct mqc__buffer *event,
                                         size_t *dropped_out);

/* The event that leaves next, NULL when none waits. */
const struct mqc__record *mqc__outbox_head(const struct mqc__outbox *outbox);

/*
 * Puts the head into a new batch in flight, together with the events of its topic that follow it,
 * as far as they have the same QoS, consecutive numbers and fit the limits and event_bytes_max; the
 * head itself goes in any case. The outbox owns the batch. MQC_ENOTFOUND: none waits; MQC_ENOMEM.
 */
enum mqc_error mqc__outbox_take(struct mqc__outbox *outbox, size_t event_bytes_max,
                                struct mqc__batch **batch_out);

/* The batch in flight with this token, NULL when there is none. */
struct mqc__batch *mqc__outbox_find(const struct mqc__outbox *outbox, int token);

/* Frees a batch whose events arrived; returns how many. */
size_t mqc__outbox_complete(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Frees a batch whose events never will arrive; returns how many. */
size_t mqc__outbox_drop_batch(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Drops the head. */
void mqc__outbox_drop_head(struct mqc__outbox *outbox);

/* Makes the events of one batch wait again, in their old places; nothing of its topic may have been
 * taken after it. */
void mqc__outbox_put_back(struct mqc__outbox *outbox, struct mqc__batch *batch);

/* Makes everything in flight wait again, in its old place. */
void mqc__outbox_requeue(struct mqc__outbox *outbox);

/* The lowest number of all events in the outbox, UINT64_MAX when it is empty. */
uint64_t mqc__outbox_oldest(const struct mqc__outbox *outbox);

/* Frees everything. */
void mqc__outbox_fini(struct mqc__outbox *outbox);

#endif
