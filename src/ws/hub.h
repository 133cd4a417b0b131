#ifndef MQC_WS_HUB_H
#define MQC_WS_HUB_H

#include "metrics/telemetry.h"
#include "value/event.h"
#include "ws/outgoing.h"

#include <stdint.h>

/*
 * Where events meet the clients that want them: any thread brings an event, which is written as
 * JSON once, and each client whose subscriptions want it gets a reference to it in its line. The
 * loop's thread takes it from there. A line is bounded; a client whose line is full gets nothing
 * more and is told apart, and no other client notices.
 */
struct mqc__ws_hub;

/* A client's place in the hub. Set what is above the line before it is added; what is below belongs
 * to the hub. */
struct mqc__ws_outlet {
    uint64_t client;                 /* its number: what it publishes does not come back */
    const struct mqc_view *prefixes; /* stay as they are while it is in the hub */
    size_t prefix_count;
    struct mqc_view application; /* empty: it has no name */
    size_t bytes_max;
    void *owner;

    struct mqc__ws_outlet *previous;
    struct mqc__ws_outlet *next;
    struct mqc__ws_outlet *next_filled;
    bool is_filled;
    bool is_over; /* its line was full */
    size_t bytes; /* in its line, and taken but not written yet */
    struct mqc__ws_line line;
};

/* Makes a hub without clients. `filled` is called on the thread that brings something, when there
 * was nothing to be taken before. `telemetry` may be NULL. NULL: out of memory. */
struct mqc__ws_hub *mqc__ws_hub_new(struct mqc__telemetry *telemetry, void (*filled)(void *context),
                                    void *context);
void mqc__ws_hub_free(struct mqc__ws_hub **hub);

/* From now on the client gets events; and no more. What is in its line is dropped then. The loop's
 * thread. */
void mqc__ws_hub_add(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet);
void mqc__ws_hub_remove(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet);

/* Brings an event to every client that wants it, but not to `origin`, which may be 0. Any thread.
 */
void mqc__ws_hub_deliver(struct mqc__ws_hub *hub, struct mqc_view topic,
                         const struct mqc_event *event, uint64_t origin);

/* Brings a message to every client. Any thread. */
void mqc__ws_hub_tell_all(struct mqc__ws_hub *hub, struct mqc_view message);

/* Returns the next client with something in its line, or that went over its bound, and NULL when
 * there is none; the caller takes it. The loop's thread. */
struct mqc__ws_outlet *mqc__ws_hub_next_filled(struct mqc__ws_hub *hub);

/* Takes a client's whole line. Returns false when it went over its bound. The loop's thread. */
bool mqc__ws_hub_take(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet,
                      struct mqc__ws_line *line_out);

/* Says that so many of the bytes that were taken have been written. The loop's thread. */
void mqc__ws_hub_written(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet, size_t bytes);

#endif
