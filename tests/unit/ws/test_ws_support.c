#include "test_ws_support.h"

#include "support/suite.h"

#include <stdio.h>

void client_frame_write(unsigned first, struct mqc_view payload, struct mqc__buffer *bytes)
{
    static const unsigned char key[] = {0x12, 0x34, 0xf6, 0x81};
    unsigned char head[MQC__WS_HEAD_BYTES_MAX];
    const size_t head_size = mqc__ws_frame_head(MQC__WS_OPCODE_TEXT, payload.size, head);
    head[0] = (unsigned char)first;
    head[1] |= 0x80;
    REQUIRE(mqc__buffer_append(bytes, head, head_size));
    REQUIRE(mqc__buffer_append(bytes, key, sizeof key));
    unsigned char *masked = mqc__buffer_extend(bytes, payload.size);
    REQUIRE(masked != NULL);
    for (size_t i = 0; i < payload.size; i++)
        masked[i] = (unsigned char)payload.data[i] ^ key[i % sizeof key];
}

static void write_line(const struct mqc__ws_input *input, struct mqc__buffer *lines)
{
    char head[100];
    switch (input->kind) {
    case MQC__WS_MESSAGE:
        (void)snprintf(head, sizeof head, "%s ", input->is_text ? "text" : "binary");
        break;
    case MQC__WS_PING: (void)snprintf(head, sizeof head, "ping "); break;
    case MQC__WS_PONG: (void)snprintf(head, sizeof head, "pong "); break;
    case MQC__WS_CLOSE: (void)snprintf(head, sizeof head, "close %u ", input->code); break;
    default: (void)snprintf(head, sizeof head, "broken %u %s", input->code, input->reason); break;
    }
    (void)mqc__buffer_append_text(lines, head);
    (void)mqc__buffer_append(lines, input->payload.data, input->payload.size);
    (void)mqc__buffer_append_text(lines, "\n");
}

static void feed_piece(struct mqc__ws_frames *frames, struct mqc_view piece,
                       struct mqc__buffer *lines)
{
    struct mqc__ws_input input;
    do {
        const size_t taken = mqc__ws_frames_feed(frames, piece, &input);
        REQUIRE(taken <= piece.size);
        piece = mqc_view_bytes(piece.data + taken, piece.size - taken);
        if (input.kind != MQC__WS_NOTHING)
            write_line(&input, lines);
    } while (input.kind != MQC__WS_NOTHING);
    CHECK_UNSIGNED(piece.size, 0);
}

void frames_transcribe(struct mqc__ws_frames *frames, struct mqc_view bytes, size_t first_bytes,
                       size_t piece_bytes, struct mqc__buffer *lines)
{
    size_t next = first_bytes;
    while (bytes.size != 0) {
        const size_t size = next < bytes.size ? next : bytes.size;
        feed_piece(frames, mqc_view_bytes(bytes.data, size), lines);
        bytes = mqc_view_bytes(bytes.data + size, bytes.size - size);
        next = piece_bytes;
    }
    REQUIRE(!mqc__buffer_failed(lines));
}
