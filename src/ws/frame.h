#ifndef MQC_WS_FRAME_H
#define MQC_WS_FRAME_H

#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The WebSocket protocol of a server (RFC 6455 5 to 7), without a socket: what a client sent goes
 * in, messages come out; what goes to the client is written piece by piece.
 */

/* Close codes that this end sends or reports (RFC 6455 7.4.1). */
enum {
    MQC__WS_CODE_NORMAL = 1000,
    MQC__WS_CODE_GOING_AWAY = 1001,
    MQC__WS_CODE_PROTOCOL_ERROR = 1002,
    MQC__WS_CODE_NONE = 1005,     /* never sent: the peer's close had none */
    MQC__WS_CODE_ABNORMAL = 1006, /* never sent: the connection ended without a close */
    MQC__WS_CODE_INVALID_PAYLOAD = 1007,
    MQC__WS_CODE_POLICY = 1008,
    MQC__WS_CODE_TOO_BIG = 1009,
    MQC__WS_CODE_INTERNAL = 1011,
};

enum mqc__ws_input_kind {
    MQC__WS_NOTHING, /* more bytes are needed */
    MQC__WS_MESSAGE, /* a whole message, of one frame or several */
    MQC__WS_PING,    /* to be answered by a pong with the same payload */
    MQC__WS_PONG,
    MQC__WS_CLOSE,  /* the peer closes: to be answered by its own code, or by none */
    MQC__WS_BROKEN, /* the peer broke the protocol: close with the code and reason */
};

/* What came. `payload` is a message, a ping's or pong's payload, or a close's reason, and valid
 * until the next call. */
struct mqc__ws_input {
    enum mqc__ws_input_kind kind;
    struct mqc_view payload;
    bool is_text;       /* MESSAGE: text, and valid UTF-8; else binary */
    unsigned code;      /* CLOSE: the peer's, or MQC__WS_CODE_NONE; BROKEN: what to close with */
    const char *reason; /* BROKEN: what to close with; valid as long as the frames */
};

/* What one client sends, as far as it came. */
struct mqc__ws_frames;

/* Makes the reader of one client's frames. A message of more than message_bytes_max bytes, its
 * fragments counted together, ends the connection. NULL when memory ran out. */
struct mqc__ws_frames *mqc__ws_frames_new(size_t message_bytes_max);

/* Frees it and sets the caller's pointer to NULL; a NULL inside is fine. */
void mqc__ws_frames_free(struct mqc__ws_frames **frames);

/*
 * Takes bytes up to the end of the next thing and returns how many that were; call again with the
 * rest until it says NOTHING, which it does only when all bytes are taken. A frame is judged as
 * soon as its header is there, and text as its bytes come, whatever the pieces. Bad bytes are
 * BROKEN; so is, with MQC__WS_CODE_INTERNAL, a lack of memory. After CLOSE or BROKEN whatever comes
 * is taken unseen. Memory: what the message so far needs, at most twice message_bytes_max.
 */
size_t mqc__ws_frames_feed(struct mqc__ws_frames *frames, struct mqc_view bytes,
                           struct mqc__ws_input *input_out);

/* The kinds of frames that a server sends. */
enum mqc__ws_opcode {
    MQC__WS_OPCODE_TEXT = 0x1,
    MQC__WS_OPCODE_CLOSE = 0x8,
    MQC__WS_OPCODE_PING = 0x9,
    MQC__WS_OPCODE_PONG = 0xa,
};

#define MQC__WS_HEAD_BYTES_MAX 10
#define MQC__WS_CONTROL_BYTES_MAX 125 /* the payload of a control frame */
#define MQC__WS_CONTROL_FRAME_BYTES_MAX (2 + MQC__WS_CONTROL_BYTES_MAX)

/* Writes the header of a frame that is a whole message; its payload follows unmasked. Returns the
 * header's size. */
size_t mqc__ws_frame_head(enum mqc__ws_opcode opcode, size_t payload_bytes,
                          unsigned char head_out[MQC__WS_HEAD_BYTES_MAX]);

/* Writes a ping or pong; a payload of more than MQC__WS_CONTROL_BYTES_MAX is cut. Returns the
 * frame's size. */
size_t mqc__ws_frame_control(enum mqc__ws_opcode opcode, struct mqc_view payload,
                             unsigned char frame_out[MQC__WS_CONTROL_FRAME_BYTES_MAX]);

/* Says whether a code may stand in a close (RFC 6455 7.4; 1012 to 1014 by the registry). */
bool mqc__ws_is_code_sent(unsigned code);

/* Writes a close. The reason is cut where the frame is full, between characters, and where it is
 * not UTF-8. A code that must not be sent, such as MQC__WS_CODE_NONE, gives a close without code
 * and reason. Returns the frame's size. */
size_t mqc__ws_frame_close(unsigned code, struct mqc_view reason,
                           unsigned char frame_out[MQC__WS_CONTROL_FRAME_BYTES_MAX]);

#endif
