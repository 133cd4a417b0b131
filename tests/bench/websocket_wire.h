#ifndef TESTS_BENCH_WEBSOCKET_WIRE_H
#define TESTS_BENCH_WEBSOCKET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A WebSocket client that takes next to no time of its own, so that a server is measured and not
 * its client: frames are made once and sent many at a time, and only the number is read of what
 * comes. One thread.
 */
struct websocket_wire {
    int fd;
    char *out; /* what waits to be sent, from out_sent to out_size */
    size_t out_size;
    size_t out_sent;
    char *in; /* what came, from in_taken to in_size */
    size_t in_size;
    size_t in_taken;
    size_t number_place; /* where the number stood in the last event */
};

/* An event as a frame, with room for its number. */
struct websocket_frame {
    char bytes[1024];
    size_t size;
    size_t number_at;
};

/* What an event says. */
struct websocket_event {
    char kind; /* the first letter of its name behind "bench_" */
    uint64_t number;
};

/* Connects, subscribes, and waits for the acknowledgement. False: it has complained. */
bool websocket_wire_open(struct websocket_wire *wire, uint16_t port);
void websocket_wire_close(struct websocket_wire *wire);

/* Makes a frame of an event with a number and, if it is wanted, a text as arguments. */
void websocket_frame_make(struct websocket_frame *frame, const char *event, bool has_filling);

/* Puts a frame with a number into what waits to be sent; false when there is no room. */
bool websocket_wire_put(struct websocket_wire *wire, const struct websocket_frame *frame,
                        uint64_t number);

/* Sends as much of it as the connection takes now. False when the connection is gone. */
bool websocket_wire_flush(struct websocket_wire *wire);

/* Says whether something waits to be sent. */
bool websocket_wire_has_output(const struct websocket_wire *wire);

/* Reads what has come. False when the connection is gone. */
bool websocket_wire_fill(struct websocket_wire *wire);

/* Takes the next event out of what was read; false when there is none. */
bool websocket_wire_next(struct websocket_wire *wire, struct websocket_event *event_out);

/* Writes one line to standard error. */
__attribute__((format(printf, 1, 2))) void websocket_complain(const char *format, ...);

#endif
