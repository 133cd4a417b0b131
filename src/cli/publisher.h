#ifndef MQC_CLI_PUBLISHER_H
#define MQC_CLI_PUBLISHER_H

#include "cli/choice.h"

/* The sending side of `mqcluster publish`: offers events to the outbox, waits for room, brings out
 * at the end what was accepted. One thread. */
struct mqc__publisher {
    struct mqc__client client;
    struct mqc__roster roster; /* to be watched if an event may go to a pool */
    int64_t timeout_ms;        /* how long to wait for room, and for the end; -1: not given */
    bool must_wait;            /* --wait: until the broker has acknowledged */
    uint64_t accepted_count;
    uint64_t refused_count;
};

/* What became of an event. */
enum mqc__offer {
    MQC__OFFER_ACCEPTED,
    MQC__OFFER_REFUSED, /* *info says why; the next one may do better */
    MQC__OFFER_ENDED,   /* *info says why no other event will do better */
};

/* Publishes one event, for which it chooses the pool's node first if the request says so; while the
 * outbox is full, waits. Counts what was accepted and refused. */
enum mqc__offer mqc__publisher_offer(struct mqc__publisher *publisher,
                                     const struct mqc_request *request,
                                     struct mqc_error_info *info);

/* Brings what was accepted to the broker, reports what could not be, and closes the connection.
 * Returns the exit status: `status`, or that of a failure. */
int mqc__publisher_finish(struct mqc__publisher *publisher, int status);

/* Redraws the progress line when that is due. */
void mqc__publisher_show(struct mqc__publisher *publisher);

/* Publishes the events that standard input describes, one a line, until it ends; returns the exit
 * status. */
int mqc__publish_lines(struct mqc__publisher *publisher, bool shows_progress);

#endif
