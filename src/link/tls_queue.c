#include "link/tls_queue.h"

void mqc__tls_queue_init(struct mqc__tls_queue *queue, size_t limit_bytes)
{
    mqc__buffer_init(&queue->bytes, limit_bytes);
    queue->taken = 0;
}

static size_t waiting(const struct mqc__tls_queue *queue)
{
    return queue->bytes.size - queue->taken;
}

size_t mqc__tls_queue_room(const struct mqc__tls_queue *queue)
{
    return queue->bytes.limit_bytes - waiting(queue);
}

/* How much fits behind the bytes without moving them or growing. */
static size_t behind(const struct mqc__tls_queue *queue)
{
    const struct mqc__buffer *bytes = &queue->bytes;
    const size_t end = bytes->capacity < bytes->limit_bytes ? bytes->capacity : bytes->limit_bytes;
    return end - bytes->size;
}

static void move_to_front(struct mqc__tls_queue *queue)
{
    memmove(queue->bytes.data, queue->bytes.data + queue->taken, waiting(queue));
    queue->bytes.size -= queue->taken;
    queue->taken = 0;
}

bool mqc__tls_queue_append(struct mqc__tls_queue *queue, const void *bytes, size_t size)
{
    if (size == 0)
        return true;
    if (queue->taken > 0 && size > behind(queue))
        move_to_front(queue);
    if (mqc__buffer_append(&queue->bytes, bytes, size))
        return true;
    queue->bytes.has_failed = false;
    return false;
}

struct mqc_view mqc__tls_queue_view(const struct mqc__tls_queue *queue)
{
    if (queue->bytes.data == NULL)
        return mqc_view_bytes(NULL, 0);
    return mqc_view_bytes(queue->bytes.data + queue->taken, waiting(queue));
}

void mqc__tls_queue_take(struct mqc__tls_queue *queue, size_t size)
{
    queue->taken += size < waiting(queue) ? size : waiting(queue);
    if (queue->taken == queue->bytes.size) {
        mqc__buffer_clear(&queue->bytes);
        queue->taken = 0;
    }
}

void mqc__tls_queue_fini(struct mqc__tls_queue *queue)
{
    mqc__buffer_fini(&queue->bytes);
    queue->taken = 0;
}
