#ifndef MQC_BACKEND_INBOX_H
#define MQC_BACKEND_INBOX_H

#include "backend/members.h"
#include "backend/status.h"
#include "base/error.h"
#include "mqtt/session.h"
#include "value/event.h"

#include <stdint.h>

/*
 * What waits for the handlers, in order: messages, errors and changes of state. Bounded in messages
 * and bytes; a full inbox holds its producer back, which holds back the broker. Any thread.
 */
struct mqc__inbox;

enum mqc__inbox_kind {
    MQC__INBOX_MESSAGE,
    MQC__INBOX_ERROR,
    MQC__INBOX_STATE,
    MQC__INBOX_NODE,
    MQC__INBOX_CLIENT, /* an event of a client of this node's gateway */
    MQC__INBOX_RAISED, /* an event of this node's own that no other node gets */
    MQC__INBOX_DUE,    /* it is time for receipts */
};

/* One thing that waits, in one piece of memory with what its views point to, but for a payload that
 * came in memory of its own. */
struct mqc__inbox_item {
    struct mqc__inbox_item *next;
    enum mqc__inbox_kind kind;
    enum mqc_state state;         /* STATE */
    enum mqc__member_event event; /* NODE */
    bool is_local;                /* MESSAGE: of this very node */
    int64_t received_ns;
    uint64_t ack; /* MESSAGE: for the session when it was handled; 0: none */
    size_t size_bytes;
    struct mqc_view topic;   /* MESSAGE: the MQTT topic; ERROR: the tag; NODE: the name; CLIENT:
                              * the event's topic */
    struct mqc_view payload; /* MESSAGE; ERROR: the message; NODE: the id; CLIENT: the sender's
                              * instance */
    struct mqc_view content_type; /* MESSAGE */
    const struct mqc_event *copy; /* CLIENT, RAISED */
    void *memory;                 /* of the payload or the copy, if it is not in this piece */
    void (*release)(void *memory);
    void (*freed)(void *context); /* CLIENT: called when the item is freed */
    void *freed_context;
};

/* What became of a message that was put in. */
enum mqc__inbox_result {
    MQC__INBOX_QUEUED,
    MQC__INBOX_TOO_LARGE, /* it alone is over the limit */
    MQC__INBOX_CLOSED,    /* closing, and there is no room */
    MQC__INBOX_NO_MEMORY,
    MQC__INBOX_FULL, /* it would have had to wait */
};

/* Creates an empty inbox. NULL: out of memory. */
struct mqc__inbox *mqc__inbox_new(size_t messages_max, size_t bytes_max);
void mqc__inbox_free(struct mqc__inbox **inbox);

/* Creates (once) and returns a descriptor that is readable while something waits; -1 when the
 * system gives none. */
int mqc__inbox_fd(struct mqc__inbox *inbox);

/* Copies a message; blocks while the inbox is full, until it is taken from or ends waiting. */
enum mqc__inbox_result mqc__inbox_put_message(struct mqc__inbox *inbox,
                                              const struct mqc__mqtt_message *message,
                                              int64_t received_ns);

/* Copies what this node has published for itself; never blocks. */
enum mqc__inbox_result mqc__inbox_put_local(struct mqc__inbox *inbox,
                                            const struct mqc__mqtt_message *message,
                                            int64_t received_ns);

/* Puts in an error, a change of state, what happened to a node, or that receipts are due; never
 * blocks. false: no memory, or too many wait. */
bool mqc__inbox_put_due(struct mqc__inbox *inbox);
bool mqc__inbox_put_error(struct mqc__inbox *inbox, const char *tag, const char *text);
bool mqc__inbox_put_state(struct mqc__inbox *inbox, enum mqc_state state);
bool mqc__inbox_put_node(struct mqc__inbox *inbox, enum mqc__member_event event,
                         struct mqc_view name, struct mqc_view id);

/* An event to be handed to the handlers as it is. */
struct mqc__inbox_event {
    const struct mqc_event *event;
    struct mqc_view topic;    /* CLIENT */
    struct mqc_view instance; /* CLIENT: its sender's */
    void (*freed)(void *context);
    void *context;
};

/* Makes an item of a copy. The caller frees it, or puts it in. MQC_ETOOLARGE: nested too deeply;
 * MQC_ENOMEM. */
enum mqc_error mqc__inbox_event_new(enum mqc__inbox_kind kind, const struct mqc__inbox_event *event,
                                    struct mqc__inbox_item **item_out);

/* Keeps room for an item that may be put in soon; never blocks. One of the other two must follow.
 */
enum mqc__inbox_result mqc__inbox_reserve(struct mqc__inbox *inbox,
                                          const struct mqc__inbox_item *item);
void mqc__inbox_cancel(struct mqc__inbox *inbox, const struct mqc__inbox_item *item);

/* Puts it in, but does not wake who waits for it: mqc__inbox_wake() does, after the last of
 * several. false: the inbox was closed meanwhile, the item is still the caller's. */
bool mqc__inbox_put_reserved(struct mqc__inbox *inbox, struct mqc__inbox_item *item);
void mqc__inbox_wake(struct mqc__inbox *inbox);

/* Puts in an item of kind RAISED, which has limits of its own; never blocks. The item is still the
 * caller's when it is not queued. */
enum mqc__inbox_result mqc__inbox_put_raised(struct mqc__inbox *inbox,
                                             struct mqc__inbox_item *item);

/* Frees an item that was taken. */
void mqc__inbox_item_free(struct mqc__inbox_item *item);

/* Takes the first item, which the caller frees; NULL when there is none. With `wait`, waits for one
 * until the inbox is closed. */
struct mqc__inbox_item *mqc__inbox_take(struct mqc__inbox *inbox, bool wait);

/* How many items wait now. */
size_t mqc__inbox_count(struct mqc__inbox *inbox);

/* From now on a full inbox refuses messages instead of blocking. */
void mqc__inbox_stop_blocking(struct mqc__inbox *inbox);

/* Ends every wait; what is in it can still be taken. */
void mqc__inbox_close(struct mqc__inbox *inbox);

void mqc__inbox_stats(struct mqc__inbox *inbox, struct mqc_stats *stats_out);

#endif
