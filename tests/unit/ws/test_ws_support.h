#ifndef TESTS_UNIT_WS_TEST_WS_SUPPORT_H
#define TESTS_UNIT_WS_TEST_WS_SUPPORT_H

#include "base/buffer.h"
#include "ws/frame.h"

/* What a client sends, written by hand, and what comes of it. */

/* The bits of a frame's first byte. */
#define FIN 0x80U
#define RSV1 0x40U
#define RSV2 0x20U
#define RSV3 0x10U

struct client_frame {
    unsigned first; /* FIN, reserved bits, opcode */
    const char *payload;
};

/* Appends a masked frame with a length in its shortest form. */
void client_frame_write(unsigned first, struct mqc_view payload, struct mqc__buffer *bytes);

/* Feeds the bytes in pieces of at most piece_bytes, the first one of first_bytes, and appends a
 * line for each thing that comes: "text hello", "close 1000 bye", "broken 1002 Protocol error". */
void frames_transcribe(struct mqc__ws_frames *frames, struct mqc_view bytes, size_t first_bytes,
                       size_t piece_bytes, struct mqc__buffer *lines);

#endif
