#ifndef MQC_WS_HUB_H
#define MQC_WS_HUB_H

#include "metrics/telemetry.h"
#include "value/event.h"
#include "ws/outgoing.h"

#include <stdatomic.h>
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
    uint64_t client; /* its number: what it publishes does not come back */
    /* Sorted bytewise, and none begins with another: see mqc__ws_cover_prefixes(). They stay as
     * they are while it is in the hub. */
    const struct mqc_view *prefixes;
    size_t prefix_count;
    struct mqc_view application; /* empty: it has no name */
    size_t bytes_max;
    void *owner;

    struct mqc__ws_outlet *previous;
    struct mqc__ws_outlet *next;
    struct mqc__ws_outlet *next_filled;
    atomic_size_t bytes; /* in its line, and taken but not written yet */
    struct mqc__ws_line line;
    bool is_filled; /* it is among those that are to be taken from next */
    bool is_known;  /* the loop's thread knows of what is in its line */
    bool is_over;   /* its line was full */

    /* The loop's thread alone. */
    bool is_busy;  /* takes no more for now: what is in its line stays there */
    bool was_over; /* when it was taken from: there will be no more */
    struct mqc__ws_outlet *next_taken;
    struct mqc__ws_line taken;
};

/* So many events are taken for a client at once. */
#define MQC__WS_HUB_PORTION ((size_t)256)

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

/* Takes a portion for every client that has got something and is not busy, and what there is for
 * one that went over its bound. Returns the first one of those, the others by `next_taken`; the
 * caller empties `taken` of each, and looks again by mqc__ws_hub_take() after a whole portion and
 * when one is not busy any more: `filled` is not called for those. For all at once, since those who
 * deliver are many and quick to get the lock. The loop's thread. */
struct mqc__ws_outlet *mqc__ws_hub_take_filled(struct mqc__ws_hub *hub);

/* Takes for one client what there is, at most so much. The loop's thread. */
void mqc__ws_hub_take(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet, size_t most);

/* Says that so many of the bytes that were taken have been written. The loop's thread. */
void mqc__ws_hub_written(struct mqc__ws_outlet *outlet, size_t bytes);

#endif
