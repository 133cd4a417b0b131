#include "bench/websocket_wire.h"

#include "bench/websocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is sent with one call; and what is read with one, which holds any frame that comes. */
#define OUT_BYTES ((size_t)64 * 1024)
#define IN_BYTES ((size_t)256 * 1024)

#define OPEN_MS 15000

enum { OPCODE_TEXT = 1, OPCODE_CLOSE = 8, OPCODE_PING = 9, OPCODE_PONG = 10 };

/* Nobody has to be kept from guessing it. */
static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};

static const char request[] = "GET /v1/messages/json HTTP/1.1\r\n"
                              "Host: 127.0.0.1\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "\r\n";

void websocket_complain(const char *format, ...)
{
    char text[1000];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "websocket_client: %s\n", text);
}

/* Writes a masked frame (RFC 6455 5.2); returns its size. */
static size_t write_frame(char *frame, unsigned opcode, const char *payload, size_t size)
{
    size_t at = 0;
    frame[at++] = (char)(0x80U | opcode);
    if (size < 126) {
        frame[at++] = (char)(0x80U | size);
    } else {
        frame[at++] = (char)(0x80U | 126U);
        frame[at++] = (char)(size >> 8);
        frame[at++] = (char)(size & 0xffU);
    }
    memcpy(frame + at, mask, sizeof mask);
    at += sizeof mask;
    for (size_t i = 0; i < size; i++)
        frame[at + i] = (char)((unsigned char)payload[i] ^ mask[i % sizeof mask]);
    return at + size;
}

void websocket_frame_make(struct websocket_frame *frame, const char *event, bool has_filling)
{
    char text[900];
    const int head =
        snprintf(text, sizeof text,
                 "{\"type\":\"data-message\",\"topic\":\"%s\",\"@data-type\":\"vector\",\"data\":["
                 "{\"@data-type\":\"count\",\"data\":1},{\"@data-type\":\"count\",\"data\":1},"
                 "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"string\",\"data\":\"%s\"},"
                 "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"count\",\"data\":",
                 WEBSOCKET_TOPIC_UP, event);
    const int tail = snprintf(
        text + head, sizeof text - (size_t)head, "%0*u}%s]}]}]}", WEBSOCKET_NUMBER_DIGITS, 0U,
        has_filling ? ",{\"@data-type\":\"string\",\"data\":\"" WEBSOCKET_FILLING "\"}" : "");
    const size_t size = (size_t)head + (size_t)tail;
    frame->size = write_frame(frame->bytes, OPCODE_TEXT, text, size);
    frame->number_at = frame->size - (size_t)tail;
}

static void write_number(char *digits, uint64_t number, size_t payload_offset)
{
    number += WEBSOCKET_NUMBER_BASE;
    for (size_t i = WEBSOCKET_NUMBER_DIGITS; i-- > 0; number /= 10) {
        const unsigned digit = (unsigned)(number % 10) + '0';
        digits[i] = (char)(digit ^ mask[(payload_offset + i) % sizeof mask]);
    }
}

bool websocket_wire_put(struct websocket_wire *wire, const struct websocket_frame *frame,
                        uint64_t number)
{
    /* All frames of events are of the middle size, with a header of eight bytes. */
    const size_t header = 8;
    if (frame->size > OUT_BYTES - wire->out_size)
        return false;
    char *place = wire->out + wire->out_size;
    memcpy(place, frame->bytes, frame->size);
    write_number(place + frame->number_at, number, frame->number_at - header);
    wire->out_size += frame->size;
    return true;
}

bool websocket_wire_flush(struct websocket_wire *wire)
{
    while (wire->out_sent < wire->out_size) {
        const ssize_t sent = send(wire->fd, wire->out + wire->out_sent,
                                  wire->out_size - wire->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        wire->out_sent += (size_t)sent;
    }
    wire->out_size = 0;
    wire->out_sent = 0;
    return true;
}

bool websocket_wire_has_output(const struct websocket_wire *wire)
{
    return wire->out_size != 0;
}

bool websocket_wire_fill(struct websocket_wire *wire)
{
    if (wire->in_taken != 0) {
        memmove(wire->in, wire->in + wire->in_taken, wire->in_size - wire->in_taken);
        wire->in_size -= wire->in_taken;
        wire->in_taken = 0;
    }
    const ssize_t got =
        recv(wire->fd, wire->in + wire->in_size, IN_BYTES - wire->in_size, MSG_DONTWAIT);
    if (got > 0)
        wire->in_size += (size_t)got;
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* One frame of the server. */
struct frame_view {
    unsigned opcode;
    const char *payload;
    size_t size;
};

static bool take_frame(struct websocket_wire *wire, struct frame_view *frame_out)
{
    const unsigned char *bytes = (const unsigned char *)wire->in + wire->in_taken;
    const size_t there = wire->in_size - wire->in_taken;
    if (there < 2 || (bytes[1] == 126 && there < 4))
        return false;
    const size_t head = bytes[1] == 126 ? 4 : 2;
    const size_t size = bytes[1] == 126 ? (size_t)bytes[2] << 8 | bytes[3] : bytes[1];
    if (there - head < size)
        return false;
    *frame_out = (struct frame_view){bytes[0] & 0x0fU, (const char *)bytes + head, size};
    wire->in_taken += head + size;
    return true;
}

static bool read_number(const struct frame_view *frame, size_t at, uint64_t *number_out)
{
    uint64_t number = 0;
    if (at < 2 || at + WEBSOCKET_NUMBER_DIGITS >= frame->size || frame->payload[at - 1] != ':' ||
        frame->payload[at + WEBSOCKET_NUMBER_DIGITS] != '}')
        return false;
    for (size_t i = 0; i < WEBSOCKET_NUMBER_DIGITS; i++) {
        const char digit = frame->payload[at + i];
        if (digit < '0' || digit > '9')
            return false;
        number = number * 10 + (uint64_t)(digit - '0');
    }
    *number_out = number - WEBSOCKET_NUMBER_BASE;
    return number >= WEBSOCKET_NUMBER_BASE;
}

/* Events of a name have their number at the same place; where that is, is found once. */
static bool read_event(struct websocket_wire *wire, const struct frame_view *frame,
                       struct websocket_event *event_out)
{
    static const char name[] = "\"bench_";
    const char *found = memmem(frame->payload, frame->size, name, sizeof name - 1);
    if (found == NULL)
        return false;
    const size_t at = (size_t)(found - frame->payload) + sizeof name - 1;
    if (frame->size - at < 2)
        return false;
    event_out->kind = frame->payload[at];
    if (read_number(frame, wire->number_place, &event_out->number))
        return true;
    for (wire->number_place = at; wire->number_place < frame->size; wire->number_place++) {
        if (read_number(frame, wire->number_place, &event_out->number))
            return true;
    }
    return false;
}

static void answer(struct websocket_wire *wire, const struct frame_view *ping)
{
    char frame[200];
    const size_t size = write_frame(frame, OPCODE_PONG, ping->payload, ping->size);
    /* Between frames only: what waits may have been sent in part. */
    if (ping->size > 125 || size > OUT_BYTES - wire->out_size)
        return;
    memcpy(wire->out + wire->out_size, frame, size);
    wire->out_size += size;
    (void)websocket_wire_flush(wire);
}

bool websocket_wire_next(struct websocket_wire *wire, struct websocket_event *event_out)
{
    struct frame_view frame;
    while (take_frame(wire, &frame)) {
        if (frame.opcode == OPCODE_PING)
            answer(wire, &frame);
        else if (frame.opcode == OPCODE_CLOSE)
            websocket_complain("the server closes: %.*s", frame.size > 2 ? (int)frame.size - 2 : 0,
                               frame.payload + 2);
        else if (frame.opcode == OPCODE_TEXT && read_event(wire, &frame, event_out))
            return true;
    }
    return false;
}

static bool await_input(const struct websocket_wire *wire)
{
    struct pollfd poll_fd = {.fd = wire->fd, .events = POLLIN};
    return poll(&poll_fd, 1, OPEN_MS) == 1;
}

/* The answer to the request is read byte by byte, so that no frame is taken with it. */
static bool upgrade(struct websocket_wire *wire)
{
    size_t size = 0;
    char head[2048] = "";
    if (send(wire->fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        return false;
    while (size < sizeof head - 1 && strstr(head, "\r\n\r\n") == NULL) {
        if (!await_input(wire) || recv(wire->fd, head + size, 1, 0) != 1)
            return false;
        head[++size] = '\0';
    }
    return strncmp(head, "HTTP/1.1 101 ", 13) == 0;
}

static bool take_ack(struct websocket_wire *wire)
{
    static const char ack[] = "\"ack\"";
    struct frame_view frame;
    while (take_frame(wire, &frame)) {
        if (frame.opcode == OPCODE_PING)
            answer(wire, &frame);
        else if (frame.opcode == OPCODE_TEXT)
            return memmem(frame.payload, frame.size, ack, sizeof ack - 1) != NULL;
    }
    return false;
}

static bool subscribe(struct websocket_wire *wire)
{
    static const char prefixes[] = "[\"" WEBSOCKET_TOPIC_DOWN "\"]";
    wire->out_size = write_frame(wire->out, OPCODE_TEXT, prefixes, sizeof prefixes - 1);
    if (!websocket_wire_flush(wire))
        return false;
    while (!take_ack(wire)) {
        if (!await_input(wire) || !websocket_wire_fill(wire))
            return false;
    }
    return true;
}

static bool connect_to(struct websocket_wire *wire, uint16_t port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(port),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const int one = 1;
    wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return wire->fd >= 0 &&
           connect(wire->fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
           setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0;
}

bool websocket_wire_open(struct websocket_wire *wire, uint16_t port)
{
    *wire = (struct websocket_wire){.fd = -1, .out = malloc(OUT_BYTES), .in = malloc(IN_BYTES)};
    if (wire->out != NULL && wire->in != NULL && connect_to(wire, port) && upgrade(wire) &&
        subscribe(wire))
        return true;
    websocket_complain("no connection to 127.0.0.1:%u", port);
    websocket_wire_close(wire);
    return false;
}

void websocket_wire_close(struct websocket_wire *wire)
{
    if (wire->fd >= 0)
        (void)close(wire->fd);
    free(wire->out);
    free(wire->in);
    *wire = (struct websocket_wire){.fd = -1};
}
