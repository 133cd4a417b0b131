#ifndef MQC_LINK_TLS_QUEUE_H
#define MQC_LINK_TLS_QUEUE_H

#include "base/buffer.h"

/* Bytes on their way: appended behind, taken in front, with an upper bound. One thread at a time.
 */
struct mqc__tls_queue {
    struct mqc__buffer bytes;
    size_t taken; /* of the bytes in front */
};

/* Prepares an empty queue that holds at most limit_bytes; takes no memory yet. */
void mqc__tls_queue_init(struct mqc__tls_queue *queue, size_t limit_bytes);

/* How many bytes may be appended. */
size_t mqc__tls_queue_room(const struct mqc__tls_queue *queue);

/* Appends bytes; false, with the queue as it was, when there is no room or no memory. */
bool mqc__tls_queue_append(struct mqc__tls_queue *queue, const void *bytes, size_t size);

/* The bytes that wait; valid until the next append. */
struct mqc_view mqc__tls_queue_view(const struct mqc__tls_queue *queue);

/* Drops the first `size` bytes, all when there are fewer. */
void mqc__tls_queue_take(struct mqc__tls_queue *queue, size_t size);

void mqc__tls_queue_fini(struct mqc__tls_queue *queue);

#endif
