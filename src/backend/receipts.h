#ifndef MQC_BACKEND_RECEIPTS_H
#define MQC_BACKEND_RECEIPTS_H

#include "codec/protobuf.h"

struct mqc_backend;

/*
 * What this node tells the senders of end_to_end streams, collected so that each sender gets one
 * message. Zeroed memory is ready to use. On the thread that runs handlers.
 */
struct mqc__receipts {
    struct mqc__receipt *items;
    size_t count;
    size_t capacity;
};

/* Adds one, which borrows its texts until they are sent. Without memory it is left out: the sender
 * asks, or this node does again. */
void mqc__receipts_add(struct mqc__receipts *receipts, const struct mqc__receipt *receipt);

/* Sends what was added, to the topics of the senders' node ids, and empties it. */
void mqc__receipts_send(struct mqc__receipts *receipts, struct mqc_backend *backend);

void mqc__receipts_fini(struct mqc__receipts *receipts);

/* Takes note of the receipts in an envelope that came from another node. */
void mqc__receipts_take(struct mqc_backend *backend, const struct mqc__envelope *envelope);

#endif
