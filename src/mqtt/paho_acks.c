#include "mqtt/paho_priv.h"

/*
 * Held acknowledgements. Paho's receive thread (MQTTClient_run) reads one packet at a time; from a
 * PUBLISH with QoS 1 it puts the message into a queue and writes the PUBACK
 * (MQTTProtocol_handlePublishes), or puts that into a queue of its own while an earlier write is
 * not complete. It calls the message callback with the oldest of the queue, one after each packet.
 * So messages and PUBACKs have the same order, also while a connect or a subscribe waits for its
 * answer; the callback is set before the connect. Each message, also a repeated, a retained or an
 * empty one, has one PUBACK, unless memory or a write fails: see the gate. Messages with QoS 2,
 * which are not asked for, are acknowledged by other packets, and pass.
 */

static bool pass(void *context, struct mqc_view in, struct mqc__link_outgoing *out)
{
    struct mqc__client *client = context;
    pthread_mutex_lock(&client->mutex);
    client->is_woken = false;
    const bool goes_on = mqc__ack_gate_pass(&client->gate, in, out);
    pthread_mutex_unlock(&client->mutex);
    return goes_on;
}

struct mqc__link_filter mqc__paho_acks_filter(struct mqc__client *client)
{
    if (!client->request->holds_acks)
        return (struct mqc__link_filter){.pass = NULL};
    return (struct mqc__link_filter){.context = client, .pass = pass};
}

/* Wakes the link once, until it has looked. */
static bool is_to_wake_locked(struct mqc__client *client)
{
    const bool is_first = !client->is_woken;
    client->is_woken = true;
    return is_first;
}

bool mqc__paho_acks_arrived(struct mqc__client *client, const MQTTClient_message *message,
                            uint64_t *ack_out)
{
    *ack_out = 0;
    if (!client->request->holds_acks || message->qos != 1)
        return true;
    uint32_t ordinal = 0;
    pthread_mutex_lock(&client->mutex);
    const bool is_taken = mqc__ack_gate_arrived(&client->gate, (uint16_t)message->msgid, &ordinal);
    const bool wakes = !is_taken && is_to_wake_locked(client);
    pthread_mutex_unlock(&client->mutex);
    if (wakes)
        mqc__link_wake(client->link);
    *ack_out = ordinal;
    return is_taken;
}

void mqc__paho_handled(struct mqc__client *client, uint32_t ack)
{
    pthread_mutex_lock(&client->mutex);
    const bool wakes = mqc__ack_gate_handled(&client->gate, ack) && is_to_wake_locked(client);
    pthread_mutex_unlock(&client->mutex);
    if (wakes)
        mqc__link_wake(client->link);
}
