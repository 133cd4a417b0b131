#ifndef MQC_MQTT_ACK_GATE_H
#define MQC_MQTT_ACK_GATE_H

#include "base/view.h"
#include "link/link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Holds the acknowledgements of received QoS 1 messages back until the messages were handled: the
 * client library writes a PUBACK as soon as it has read the message. The gate follows the packets
 * in the bytes that the library sends, keeps each PUBACK, and lets all else through. PUBACKs leave
 * in the order of the messages (MQTT 5, 4.6).
 *
 * It rests on this: the library writes PUBACKs in the order in which it hands the messages over,
 * one for each, with the message's packet identifier. Where the identifiers do not agree, the
 * library has lost one or the other for want of memory; then no acknowledgement may go out any
 * more, and the connection has to end: the broker repeats what was not acknowledged.
 *
 * Not thread-safe, no input or output; zeroed memory is ready to use.
 */

/* A message that was handed over and is not acknowledged. */
struct mqc__ack_gate_message {
    uint16_t packet_id;
    bool is_handled;
};

/* What the next byte belongs to. */
enum mqc__ack_gate_state {
    MQC__ACK_GATE_HEADER, /* the first byte of a packet. -> LENGTH */
    MQC__ACK_GATE_LENGTH, /* the remaining length. -> BODY, HEADER */
    MQC__ACK_GATE_BODY,   /* what it counts. -> HEADER */
};

struct mqc__ack_gate {
    /* Messages, oldest first, in a ring. */
    struct mqc__ack_gate_message *messages;
    size_t message_capacity; /* a power of two, or 0 */
    size_t message_begin;
    size_t message_count;
    uint32_t released_count; /* messages that left the ring: the ordinal of the last of them */
    /* PUBACK packets, oldest first; behind `packets_end` one that is not complete. */
    unsigned char *packets;
    size_t packets_capacity;
    size_t packets_begin;
    size_t packets_end;
    size_t packets_filled;
    size_t packet_count;      /* complete ones */
    unsigned char held[8192]; /* a bit for each packet identifier among them */
    /* The packet that is under way. */
    enum mqc__ack_gate_state state;
    bool is_puback;
    unsigned length_shift;
    size_t body_left;
    bool has_ended; /* DISCONNECT was written: nothing may follow (MQTT 5, 3.14.4) */
    bool is_broken; /* nothing goes out any more */
};

/* Frees the memory; the gate is as new. */
void mqc__ack_gate_fini(struct mqc__ack_gate *gate);

/* A QoS 1 message is handed over; *ordinal_out counts them, from 1, modulo 2^32. False: there are
 * more than a broker can have in flight, or memory ran out; the gate is broken. */
bool mqc__ack_gate_arrived(struct mqc__ack_gate *gate, uint16_t packet_id, uint32_t *ordinal_out);

/* A message was handled. Ordinals that are not waited for are ignored. Returns whether `pass` has
 * something to let out now. */
bool mqc__ack_gate_handled(struct mqc__ack_gate *gate, uint32_t ordinal);

/* As `pass` of struct mqc__link_filter. */
bool mqc__ack_gate_pass(struct mqc__ack_gate *gate, struct mqc_view in,
                        struct mqc__link_outgoing *out);

#endif
