#ifndef MQC_EXAMPLES_TRACKER_H
#define MQC_EXAMPLES_TRACKER_H

#include "examples/tcp_table.h"

/*
 * Finds out what is new between two looks at the table of TCP sockets. It remembers at most a
 * given number of connections; those that find no place are not reported, but counted. One thread.
 */
struct tracker;

/* A connection from the side that opened it. */
struct connection {
    struct tcp_end originator;
    struct tcp_end responder;
    enum tcp_state state;
};

/* Takes a connection that is new or changed its state. False: it could not be passed on, and is to
 * be reported again after the next look. */
typedef bool (*tracker_report_fn)(void *context, const struct connection *connection);

/* Makes a tracker for at most `limit` connections; NULL when memory runs out. The caller frees it
 * with tracker_free(). */
struct tracker *tracker_new(size_t limit);

/* One look: adds the table's entries one by one, then reports what differs from the look before. A
 * connection between two sockets of this host is in the table twice, and counts once, with the
 * state of the originator's socket as long as there is one. */
void tracker_add(struct tracker *tracker, const struct tcp_entry *entry);
void tracker_finish_look(struct tracker *tracker, tracker_report_fn report, void *context);

/* How many entries found no place so far. */
uint64_t tracker_unwatched(const struct tracker *tracker);

/* Frees it and sets the caller's pointer to NULL; a NULL inside is fine. */
void tracker_free(struct tracker **tracker);

#endif
