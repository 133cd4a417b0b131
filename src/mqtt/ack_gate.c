#include "mqtt/ack_gate.h"

#include <stdlib.h>
#include <string.h>

/* There are no more packet identifiers (MQTT 5, 2.2.1). */
#define MESSAGES_MAX ((size_t)65535)
#define MESSAGES_MIN ((size_t)64)

/* All PUBACKs together; and one, which has 4 bytes, and some more where it tells a reason. */
#define PACKETS_BYTES_MAX ((size_t)1 << 20)
#define PACKETS_BYTES_MIN ((size_t)512)
#define PACKET_BYTES_MAX ((size_t)1024)

#define TYPE_PUBACK 4
#define TYPE_DISCONNECT 14
#define PUBACK_HEADER 0x40
/* In the place of the header: the broker gets no such packet, see is_surplus(). */
#define SURPLUS_HEADER 0x4f

#define PACKET_ID_BYTES 2
#define LENGTH_SHIFT_MAX 21

void mqc__ack_gate_fini(struct mqc__ack_gate *gate)
{
    free(gate->messages);
    free(gate->packets);
    *gate = (struct mqc__ack_gate){.messages = NULL};
}

static struct mqc__ack_gate_message *message_at(const struct mqc__ack_gate *gate, size_t index)
{
    return &gate->messages[(gate->message_begin + index) & (gate->message_capacity - 1)];
}

static bool grow_messages(struct mqc__ack_gate *gate)
{
    const size_t capacity = gate->message_capacity != 0 ? 2 * gate->message_capacity : MESSAGES_MIN;
    struct mqc__ack_gate_message *larger = calloc(capacity, sizeof *larger);
    if (larger == NULL)
        return false;
    for (size_t i = 0; i < gate->message_count; i++)
        larger[i] = *message_at(gate, i);
    free(gate->messages);
    gate->messages = larger;
    gate->message_capacity = capacity;
    gate->message_begin = 0;
    return true;
}

bool mqc__ack_gate_arrived(struct mqc__ack_gate *gate, uint16_t packet_id, uint32_t *ordinal_out)
{
    const bool is_full = gate->message_count == gate->message_capacity;
    if (gate->message_count >= MESSAGES_MAX || (is_full && !grow_messages(gate)))
        gate->is_broken = true;
    if (gate->is_broken)
        return false;
    *message_at(gate, gate->message_count) = (struct mqc__ack_gate_message){.packet_id = packet_id};
    gate->message_count++;
    *ordinal_out = gate->released_count + (uint32_t)gate->message_count;
    return true;
}

bool mqc__ack_gate_handled(struct mqc__ack_gate *gate, uint32_t ordinal)
{
    const uint32_t index = ordinal - gate->released_count - 1;
    if (index >= gate->message_count)
        return false;
    message_at(gate, index)->is_handled = true;
    return gate->packet_count != 0 && message_at(gate, 0)->is_handled;
}

/* Where the body of a complete packet begins. */
static size_t body_at(const unsigned char *packet)
{
    size_t at = 1;
    while ((packet[at] & 0x80) != 0)
        at++;
    return at + 1;
}

static size_t packet_size(const unsigned char *packet)
{
    const size_t body = body_at(packet);
    size_t length = 0;
    for (size_t at = 1; at < body; at++)
        length |= (size_t)(packet[at] & 0x7f) << (7 * (at - 1));
    return body + length;
}

static uint16_t packet_id(const unsigned char *packet)
{
    const unsigned char *body = packet + body_at(packet);
    return (uint16_t)(body[0] << 8 | body[1]);
}

static bool is_held(const struct mqc__ack_gate *gate, uint16_t id)
{
    return (gate->held[id / 8] >> (id % 8) & 1) != 0;
}

static void set_held(struct mqc__ack_gate *gate, uint16_t id, bool is_held)
{
    const unsigned char bit = (unsigned char)(1U << (id % 8));
    gate->held[id / 8] = (unsigned char)((gate->held[id / 8] & ~bit) | (is_held ? bit : 0));
}

/* Room left for what was held back; `rest` bytes more are sure to come. */
static size_t spare(const struct mqc__link_outgoing *out, size_t rest)
{
    return out->capacity - out->size > rest ? out->capacity - out->size - rest : 0;
}

static void write_out(struct mqc__link_outgoing *out, const unsigned char *bytes, size_t size)
{
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

/* Takes the oldest PUBACK and its message away. */
static void pop(struct mqc__ack_gate *gate, size_t size)
{
    gate->packets_begin += size;
    gate->packet_count--;
    gate->message_begin = (gate->message_begin + 1) & (gate->message_capacity - 1);
    gate->message_count--;
    gate->released_count++;
}

/* Lets out what may go, between two packets of the library. */
static void release(struct mqc__ack_gate *gate, size_t rest, struct mqc__link_outgoing *out)
{
    while (gate->packet_count != 0 && gate->message_count != 0 && !gate->has_ended) {
        const unsigned char *packet = gate->packets + gate->packets_begin;
        const struct mqc__ack_gate_message *message = message_at(gate, 0);
        const size_t size = packet_size(packet);
        const bool is_surplus = packet[0] == SURPLUS_HEADER;
        if (packet_id(packet) != message->packet_id)
            gate->is_broken = true;
        if (gate->is_broken || !message->is_handled)
            return;
        out->has_more = !is_surplus && size > spare(out, rest);
        if (out->has_more)
            return;
        if (!is_surplus) {
            set_held(gate, message->packet_id, false);
            write_out(out, packet, size);
        }
        pop(gate, size);
    }
}

/* Moves the packets to the front. */
static void move_packets(struct mqc__ack_gate *gate)
{
    const size_t used = gate->packets_filled - gate->packets_begin;
    if (used != 0)
        memmove(gate->packets, gate->packets + gate->packets_begin, used);
    gate->packets_end -= gate->packets_begin;
    gate->packets_filled = used;
    gate->packets_begin = 0;
}

/* Makes room for more bytes behind those that are filled. */
static bool make_packet_room(struct mqc__ack_gate *gate, size_t size)
{
    if (gate->packets_filled + size <= gate->packets_capacity)
        return true;
    const size_t needed = gate->packets_filled - gate->packets_begin + size;
    size_t capacity = gate->packets_capacity != 0 ? gate->packets_capacity : PACKETS_BYTES_MIN;
    /* Half of it is to be free afterwards: else each packet would move all others. */
    while (needed > capacity / 2)
        capacity *= 2;
    if (capacity > PACKETS_BYTES_MAX)
        return false;
    move_packets(gate);
    if (capacity == gate->packets_capacity)
        return true;
    unsigned char *larger = realloc(gate->packets, capacity);
    if (larger == NULL)
        return false;
    gate->packets = larger;
    gate->packets_capacity = capacity;
    return true;
}

static void hold(struct mqc__ack_gate *gate, const unsigned char *bytes, size_t size)
{
    const size_t begun = gate->packets_filled - gate->packets_end;
    if (begun + size > PACKET_BYTES_MAX || !make_packet_room(gate, size)) {
        gate->is_broken = true;
        return;
    }
    memcpy(gate->packets + gate->packets_filled, bytes, size);
    gate->packets_filled += size;
}

/*
 * A broker of MQTT 3.1.1 may have sent a message again on the same connection, which the first of
 * its acknowledgements is for too. A second one could hit another message that has got the packet
 * identifier by then.
 */
static void note_surplus(struct mqc__ack_gate *gate, unsigned char *packet)
{
    const uint16_t id = packet_id(packet);
    if (is_held(gate, id))
        packet[0] = SURPLUS_HEADER;
    set_held(gate, id, true);
}

static void end_packet(struct mqc__ack_gate *gate)
{
    gate->state = MQC__ACK_GATE_HEADER;
    if (!gate->is_puback || gate->is_broken)
        return;
    note_surplus(gate, gate->packets + gate->packets_end);
    gate->packets_end = gate->packets_filled;
    gate->packet_count++;
}

static void begin_packet(struct mqc__ack_gate *gate, unsigned char header, size_t rest,
                         struct mqc__link_outgoing *out)
{
    gate->is_puback = header >> 4 == TYPE_PUBACK;
    gate->is_broken = gate->is_broken || (gate->is_puback && header != PUBACK_HEADER);
    if (!gate->is_puback)
        release(gate, rest, out);
    gate->has_ended = gate->has_ended || header >> 4 == TYPE_DISCONNECT;
    gate->length_shift = 0;
    gate->body_left = 0;
    gate->state = MQC__ACK_GATE_LENGTH;
}

static void add_length(struct mqc__ack_gate *gate, unsigned char byte)
{
    const bool is_last = (byte & 0x80) == 0;
    gate->body_left |= (size_t)(byte & 0x7f) << gate->length_shift;
    gate->length_shift += 7;
    if (!is_last) {
        gate->is_broken = gate->is_broken || gate->length_shift > LENGTH_SHIFT_MAX;
        return;
    }
    gate->is_broken = gate->is_broken || (gate->is_puback && gate->body_left < PACKET_ID_BYTES);
    gate->state = MQC__ACK_GATE_BODY;
}

/* Says how many of the bytes belong together, and makes the step. */
static size_t follow(struct mqc__ack_gate *gate, struct mqc_view in, struct mqc__link_outgoing *out)
{
    size_t size = 1;
    switch (gate->state) {
    case MQC__ACK_GATE_HEADER: begin_packet(gate, (unsigned char)in.data[0], in.size, out); break;
    case MQC__ACK_GATE_LENGTH: add_length(gate, (unsigned char)in.data[0]); break;
    case MQC__ACK_GATE_BODY:
        size = in.size < gate->body_left ? in.size : gate->body_left;
        gate->body_left -= size;
        break;
    }
    return size;
}

bool mqc__ack_gate_pass(struct mqc__ack_gate *gate, struct mqc_view in,
                        struct mqc__link_outgoing *out)
{
    out->has_more = false;
    while (in.size != 0 && !gate->is_broken) {
        const size_t size = follow(gate, in, out);
        const unsigned char *bytes = (const unsigned char *)in.data;
        if (gate->is_puback)
            hold(gate, bytes, size);
        else
            write_out(out, bytes, size);
        if (gate->state == MQC__ACK_GATE_BODY && gate->body_left == 0)
            end_packet(gate);
        in = mqc_view_bytes(in.data + size, in.size - size);
    }
    if (gate->state == MQC__ACK_GATE_HEADER || gate->is_puback)
        release(gate, 0, out);
    return !gate->is_broken;
}
