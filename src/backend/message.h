#ifndef MQC_BACKEND_MESSAGE_H
#define MQC_BACKEND_MESSAGE_H

#include "base/view.h"
#include "value/event.h"

/* An event as it arrived. Everything is borrowed for the handler's call. */
struct mqc_message {
    struct mqc_view topic;
    const struct mqc_event *event;
    struct mqc_view sender_node;     /* empty when the sender did not say, as with JSON */
    struct mqc_view sender_instance; /* the sender's node id; empty likewise */
    int64_t received_ns;             /* when it came off the network, ns since the Unix epoch */
    bool is_remote;                  /* false: raised by this node itself */
    uint64_t sequence; /* its number among the sender instance's events on the topic; 0: none */
    bool is_uncertain; /* it was in the handlers when an earlier process of this node ended: they
                        * may have had it */
};

/* Takes one event. One call at a time, on the backend's thread or in mqc_backend_process(). */
typedef void (*mqc_message_fn)(void *context, const struct mqc_message *message);

#endif
