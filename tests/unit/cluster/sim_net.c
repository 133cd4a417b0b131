#include "sim.h"

#include <stdlib.h>

void sim_queue_put(struct sim_queue *queue, const struct sim_packet *packet)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity != 0 ? 2 * queue->capacity : 8;
        queue->items = realloc(queue->items, queue->capacity * sizeof queue->items[0]);
        if (queue->items == NULL)
            abort();
    }
    queue->items[queue->count++] = *packet;
}

void sim_queue_remove(struct sim_queue *queue, size_t index)
{
    queue->count--;
    memmove(&queue->items[index], &queue->items[index + 1],
            (queue->count - index) * sizeof queue->items[0]);
}

void sim_queue_copy(struct sim_queue *to, const struct sim_queue *from)
{
    to->count = 0;
    for (size_t i = 0; i < from->count; i++)
        sim_queue_put(to, &from->items[i]);
}

void sim_queue_fini(struct sim_queue *queue)
{
    free(queue->items);
    *queue = (struct sim_queue){.items = NULL};
}

void sim_send(struct sim *sim, struct sim_queue *queue, enum sim_packet_kind kind,
              const struct sim_message *message)
{
    struct sim_packet packet = {.kind = kind};
    if (message != NULL)
        packet.message = *message;
    packet.ready_ms = sim->now_ms + sim_random(sim, 1, SIM_LATENCY_MAX_MS);
    if (packet.ready_ms < queue->last_ready_ms)
        packet.ready_ms = queue->last_ready_ms;
    queue->last_ready_ms = packet.ready_ms;
    sim_queue_put(queue, &packet);
}

bool sim_take(struct sim *sim, struct sim_queue *queue, struct sim_packet *packet_out)
{
    if (queue->count == 0 || queue->items[0].ready_ms > sim->now_ms)
        return false;
    *packet_out = queue->items[0];
    sim_queue_remove(queue, 0);
    return true;
}

int sim_open(struct sim *sim, int host)
{
    for (int i = 0; i < SIM_CONNECTIONS; i++) {
        struct sim_connection *connection = &sim->connections[i];
        if (connection->is_used)
            continue;
        *connection = (struct sim_connection){.is_used = true,
                                              .host = host,
                                              .is_open_at_client = true,
                                              .is_open_at_broker = true,
                                              .broker_heard_ms = sim->now_ms,
                                              .client_heard_ms = sim->now_ms};
        return i;
    }
    abort();
}

void sim_collect(struct sim *sim)
{
    for (int i = 0; i < SIM_CONNECTIONS; i++) {
        struct sim_connection *connection = &sim->connections[i];
        if (!connection->is_used || connection->is_open_at_client || connection->is_open_at_broker)
            continue;
        sim_queue_fini(&connection->up);
        sim_queue_fini(&connection->down);
        connection->is_used = false;
    }
}
