#ifndef MQC_BACKEND_STATUS_H
#define MQC_BACKEND_STATUS_H

#include "base/export.h"

#include <stdbool.h>
#include <stdint.h>

/* Where a node's connection stands. */
enum mqc_state {
    MQC_STATE_DOWN,   /* not connected; it tries */
    MQC_STATE_UP,     /* connected */
    MQC_STATE_TAKEN,  /* another client took the session over: it has given up */
    MQC_STATE_CLOSED, /* closed: nothing follows */
};

/* Returns "down", "up", "taken" or "closed". Any thread. */
MQC_API const char *mqc_state_name(enum mqc_state state);

/* Takes each change of state. One call at a time, on the thread that runs the handlers. */
typedef void (*mqc_state_fn)(void *context, enum mqc_state state);

/* Takes an error that no call could return: Zeek's Cluster::Backend::error(tag, message). The tag
 * is stable, the message is for people. One call at a time, on the thread that runs the handlers.
 */
typedef void (*mqc_error_fn)(void *context, const char *tag, const char *message);

/* Totals since mqc_backend_new(), and the state of the queues. */
struct mqc_stats {
    uint64_t published_events;   /* publish returned true */
    uint64_t refused_events;     /* publish returned false because outbox or spool were full */
    uint64_t delivered_events;   /* brought to the broker */
    uint64_t dropped_events;     /* accepted, then lost: drop_oldest, refused by the broker, left
                                  * over at close, given up */
    uint64_t received_events;    /* arrived and handed to the handlers */
    uint64_t duplicate_events;   /* arrived again and kept from the handlers */
    uint64_t missing_events;     /* never arrived, as the gaps in the senders' numbers show */
    uint64_t unwanted_messages;  /* came through a filter wider than the prefix, and were dropped */
    uint64_t malformed_messages; /* could not be read */
    uint64_t mismatched_events;  /* arrived, but do not fit their signature or are not declared */
    uint64_t unhandled_messages; /* arrived while closing, when nobody could take them any more */
    uint64_t connects;           /* times the connection was made */
    uint64_t repeated_messages;  /* sent once more because a receiver asked for them */
    uint64_t given_up_events;    /* end_to_end, to one node: delivered, but the node did not
                                  * acknowledge them in time; they count as dropped, too */
    uint64_t outbox_events;      /* now: accepted, not yet brought to the broker */
    uint64_t outbox_bytes;
    uint64_t kept_events; /* now: end_to_end, delivered, and kept to be repeated for receivers */
    uint64_t kept_bytes;
    uint64_t spool_events; /* now: on disk, and not done with; 0 like all of spool_* in memory */
    uint64_t spool_bytes;  /* that these count towards delivery.spool_bytes */
    uint64_t spool_unread_events;  /* now: of these, on disk alone, as the outbox had no room */
    uint64_t spool_commits;        /* groups of events that were written */
    uint64_t spool_failed_commits; /* that could not be: publish returned false for each event */
    uint64_t spool_syncs;          /* of fsync: interval */
    uint64_t inbox_messages;       /* now: arrived, not yet handled */
    uint64_t inbox_bytes;
    uint64_t broker_in_bytes; /* over all connections that were made, TLS included */
    uint64_t broker_out_bytes;
    int64_t certificate_expiry_s; /* when the own certificate expires, or an intermediate that came
                                   * with it: seconds since the Unix epoch; 0: there is none */
    bool spool_is_failing;        /* now: the last attempt to write to the spool failed */
};

#endif
