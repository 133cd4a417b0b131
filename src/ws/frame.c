#include "ws/frame.h"

#include "base/buffer.h"
#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wslay/wslay.h>

/* A header with a mask: two bytes, a length of eight at most, four. */
#define HEAD_BYTES_MAX 14
#define HEAD_BYTES_LEAST 2
#define MASK_BYTES 4

/* More than this is not kept for the next message. */
#define KEPT_BYTES ((size_t)16384)

/*
 * wslay decodes the frames. It is given one frame's bytes at a time, its header only when that is
 * whole and was judged: so it never reads ahead, and no limit depends on how the bytes come.
 */
struct mqc__ws_frames {
    wslay_frame_context_ptr wslay;
    struct mqc_view given; /* what wslay may take now */
    unsigned char head[HEAD_BYTES_MAX];
    size_t head_size;      /* of the current frame's header, as far as it came */
    uint64_t payload_left; /* of the current frame, once its header is there */
    bool is_payload;       /* the current frame's header is there */
    bool is_message_open;  /* there was a first fragment and no last one yet */
    bool is_message_text;  /* of the open or last message */
    bool is_message_given; /* the message is the caller's until the next call */
    bool is_over;          /* nothing is looked at any more */
    size_t checked_bytes;  /* of the message, whole characters */
    struct mqc__buffer message;
    unsigned char control[MQC__WS_CONTROL_BYTES_MAX];
    size_t control_size;
    char reason[64];
};

static ssize_t give(uint8_t *bytes, size_t size, int flags, void *context)
{
    struct mqc__ws_frames *frames = context;
    (void)flags;
    const size_t given = frames->given.size < size ? frames->given.size : size;
    if (given == 0)
        return -1;
    memcpy(bytes, frames->given.data, given);
    frames->given = mqc_view_bytes(frames->given.data + given, frames->given.size - given);
    return (ssize_t)given;
}

struct mqc__ws_frames *mqc__ws_frames_new(size_t message_bytes_max)
{
    static const struct wslay_frame_callbacks callbacks = {.recv_callback = give};
    struct mqc__ws_frames *frames = calloc(1, sizeof *frames);
    if (frames == NULL)
        return NULL;
    mqc__buffer_init(&frames->message, message_bytes_max);
    if (wslay_frame_context_init(&frames->wslay, &callbacks, frames) != 0)
        mqc__ws_frames_free(&frames);
    return frames;
}

void mqc__ws_frames_free(struct mqc__ws_frames **frames)
{
    if (*frames == NULL)
        return;
    wslay_frame_context_free((*frames)->wslay);
    mqc__buffer_fini(&(*frames)->message);
    free(*frames);
    *frames = NULL;
}

/* Ends it all; the frame's rest is of no interest. */
static void give_up(struct mqc__ws_frames *frames, unsigned code, const char *reason,
                    struct mqc__ws_input *input_out)
{
    frames->is_over = true;
    *input_out = (struct mqc__ws_input){.kind = MQC__WS_BROKEN, .code = code, .reason = reason};
}

static void give_up_protocol(struct mqc__ws_frames *frames, const char *reason,
                             struct mqc__ws_input *input_out)
{
    give_up(frames, MQC__WS_CODE_PROTOCOL_ERROR, reason, input_out);
}

static void give_up_text(struct mqc__ws_frames *frames, struct mqc__ws_input *input_out)
{
    give_up(frames, MQC__WS_CODE_INVALID_PAYLOAD, "Invalid frame payload data", input_out);
}

static unsigned opcode_of(const struct mqc__ws_frames *frames)
{
    return frames->head[0] & 0x0fU;
}

static bool is_final(const struct mqc__ws_frames *frames)
{
    return (frames->head[0] & 0x80U) != 0;
}

static bool is_control(const struct mqc__ws_frames *frames)
{
    return wslay_is_ctrl_frame(opcode_of(frames)) != 0;
}

/* The seven bits that are the length, or say how long that is. */
static unsigned short_length(const struct mqc__ws_frames *frames)
{
    return frames->head[1] & 0x7fU;
}

static size_t long_length_bytes(const struct mqc__ws_frames *frames)
{
    const unsigned length = short_length(frames);
    return length == 127 ? 8 : length == 126 ? 2 : 0;
}

/* What is wrong with a control frame's first two bytes, or NULL (RFC 6455 5.5). */
static const char *control_complaint(const struct mqc__ws_frames *frames)
{
    if (opcode_of(frames) > WSLAY_PONG)
        return "Protocol error";
    if (!is_final(frames))
        return "Control message fragmented";
    if (short_length(frames) <= MQC__WS_CONTROL_BYTES_MAX)
        return NULL;
    return opcode_of(frames) == WSLAY_PING
               ? "Ping reason control frame with payload length > 125 octets"
               : "Control frame with payload length > 125 octets";
}

/* What is wrong with a data frame's first two bytes, or NULL (RFC 6455 5.4). */
static const char *data_complaint(const struct mqc__ws_frames *frames)
{
    const unsigned opcode = opcode_of(frames);
    if (opcode > WSLAY_BINARY_FRAME)
        return "Protocol error";
    if (opcode == WSLAY_CONTINUATION_FRAME && !frames->is_message_open)
        return "Fragmentation: continuation opcode out of sequence";
    if (opcode != WSLAY_CONTINUATION_FRAME && frames->is_message_open)
        return "Fragmentation: data message out of sequence";
    return NULL;
}

static const char *head_complaint(const struct mqc__ws_frames *frames)
{
    if ((frames->head[0] & 0x70U) != 0)
        return "Reserved bit used";
    if ((frames->head[1] & 0x80U) == 0)
        return "Frame of a client not masked";
    return is_control(frames) ? control_complaint(frames) : data_complaint(frames);
}

static uint64_t payload_length(const struct mqc__ws_frames *frames)
{
    const size_t size = long_length_bytes(frames);
    uint64_t length = size != 0 ? 0 : short_length(frames);
    for (size_t i = 0; i < size; i++)
        length = length << 8 | frames->head[HEAD_BYTES_LEAST + i];
    return length;
}

/* Takes header bytes until there are `wanted`; returns what is left. */
static struct mqc_view take_head(struct mqc__ws_frames *frames, size_t wanted,
                                 struct mqc_view bytes)
{
    const size_t missing = wanted > frames->head_size ? wanted - frames->head_size : 0;
    const size_t taken = bytes.size < missing ? bytes.size : missing;
    if (taken == 0)
        return bytes;
    memcpy(frames->head + frames->head_size, bytes.data, taken);
    frames->head_size += taken;
    return mqc_view_bytes(bytes.data + taken, bytes.size - taken);
}

static void begin_data(struct mqc__ws_frames *frames, struct mqc__ws_input *input_out)
{
    if (opcode_of(frames) != WSLAY_CONTINUATION_FRAME)
        frames->is_message_text = opcode_of(frames) == WSLAY_TEXT_FRAME;
    frames->is_message_open = true;
    const struct mqc__buffer *message = &frames->message;
    if (frames->payload_left <= message->limit_bytes - message->size)
        return;
    (void)snprintf(frames->reason, sizeof frames->reason, "Message too big, at most %zu bytes",
                   message->limit_bytes);
    give_up(frames, MQC__WS_CODE_TOO_BIG, frames->reason, input_out);
}

/* Hands a whole header to wslay, which checks that the length is in its shortest form. */
static void begin_payload(struct mqc__ws_frames *frames, struct mqc__ws_input *input_out)
{
    struct wslay_frame_iocb frame;
    frames->given = mqc_view_bytes(frames->head, frames->head_size);
    const ssize_t result = wslay_frame_recv(frames->wslay, &frame);
    if (result < 0 && result != WSLAY_ERR_WANT_READ) {
        give_up_protocol(frames, "Protocol error", input_out);
        return;
    }
    frames->head_size = 0;
    frames->is_payload = true;
    frames->payload_left = payload_length(frames);
    frames->control_size = 0;
    if (!is_control(frames))
        begin_data(frames, input_out);
}

static struct mqc_view read_head(struct mqc__ws_frames *frames, struct mqc_view bytes,
                                 struct mqc__ws_input *input_out)
{
    bytes = take_head(frames, HEAD_BYTES_LEAST, bytes);
    if (frames->head_size < HEAD_BYTES_LEAST)
        return bytes;
    const char *complaint = head_complaint(frames);
    if (complaint != NULL) {
        give_up_protocol(frames, complaint, input_out);
        return bytes;
    }
    const size_t wanted = HEAD_BYTES_LEAST + long_length_bytes(frames) + MASK_BYTES;
    bytes = take_head(frames, wanted, bytes);
    if (frames->head_size == wanted)
        begin_payload(frames, input_out);
    return bytes;
}

/* Text is checked as it comes; the last character may be unfinished until the message ends. */
static bool is_text_right(struct mqc__ws_frames *frames, bool is_whole)
{
    const struct mqc_view text = mqc__buffer_view(&frames->message);
    if (!frames->is_message_text || frames->checked_bytes == text.size)
        return true;
    struct mqc_view rest =
        mqc_view_bytes(text.data + frames->checked_bytes, text.size - frames->checked_bytes);
    const size_t valid = mqc__utf8_valid_size(rest);
    frames->checked_bytes += valid;
    rest = mqc_view_bytes(rest.data + valid, rest.size - valid);
    return rest.size == 0 || (!is_whole && mqc__utf8_is_unfinished(rest));
}

static void take_payload(struct mqc__ws_frames *frames, const struct wslay_frame_iocb *frame,
                         struct mqc__ws_input *input_out)
{
    frames->payload_left -= frame->data_length;
    if (is_control(frames)) {
        memcpy(frames->control + frames->control_size, frame->data, frame->data_length);
        frames->control_size += frame->data_length;
        return;
    }
    if (!mqc__buffer_append(&frames->message, frame->data, frame->data_length))
        give_up(frames, MQC__WS_CODE_INTERNAL, "Out of memory", input_out);
    else if (!is_text_right(frames, false))
        give_up_text(frames, input_out);
}

static struct mqc_view read_payload(struct mqc__ws_frames *frames, struct mqc_view bytes,
                                    struct mqc__ws_input *input_out)
{
    const size_t size =
        bytes.size < frames->payload_left ? bytes.size : (size_t)frames->payload_left;
    frames->given = mqc_view_bytes(bytes.data, size);
    while (frames->given.size != 0 && input_out->kind == MQC__WS_NOTHING) {
        struct wslay_frame_iocb frame;
        if (wslay_frame_recv(frames->wslay, &frame) < 0) {
            give_up_protocol(frames, "Protocol error", input_out);
            break;
        }
        take_payload(frames, &frame, input_out);
    }
    return mqc_view_bytes(bytes.data + size, bytes.size - size);
}

static void end_close(struct mqc__ws_frames *frames, struct mqc__ws_input *input_out)
{
    frames->is_over = true;
    *input_out = (struct mqc__ws_input){.kind = MQC__WS_CLOSE, .code = MQC__WS_CODE_NONE};
    if (frames->control_size == 0)
        return;
    if (frames->control_size == 1) {
        give_up_protocol(frames, "Protocol error", input_out);
        return;
    }
    input_out->code = (unsigned)(frames->control[0] << 8 | frames->control[1]);
    input_out->payload = mqc_view_bytes(frames->control + 2, frames->control_size - 2);
    if (!mqc__ws_is_code_sent(input_out->code)) {
        (void)snprintf(frames->reason, sizeof frames->reason, "Invalid close code: %u",
                       input_out->code);
        give_up_protocol(frames, frames->reason, input_out);
    } else if (!mqc__utf8_is_valid(input_out->payload)) {
        give_up_text(frames, input_out);
    }
}

static void end_message(struct mqc__ws_frames *frames, struct mqc__ws_input *input_out)
{
    frames->is_message_open = false;
    if (!is_text_right(frames, true)) {
        give_up_text(frames, input_out);
        return;
    }
    frames->is_message_given = true;
    *input_out = (struct mqc__ws_input){
        .kind = MQC__WS_MESSAGE,
        .payload = mqc__buffer_view(&frames->message),
        .is_text = frames->is_message_text,
    };
}

/* A frame is whole. */
static void end_frame(struct mqc__ws_frames *frames, struct mqc__ws_input *input_out)
{
    frames->is_payload = false;
    const unsigned opcode = opcode_of(frames);
    if (opcode == WSLAY_CONNECTION_CLOSE) {
        end_close(frames, input_out);
    } else if (is_control(frames)) {
        input_out->kind = opcode == WSLAY_PING ? MQC__WS_PING : MQC__WS_PONG;
        input_out->payload = mqc_view_bytes(frames->control, frames->control_size);
    } else if (is_final(frames)) {
        end_message(frames, input_out);
    }
}

static void forget_message(struct mqc__ws_frames *frames)
{
    if (!frames->is_message_given)
        return;
    frames->is_message_given = false;
    frames->checked_bytes = 0;
    mqc__buffer_clear(&frames->message);
    if (frames->message.capacity > KEPT_BYTES)
        mqc__buffer_fini(&frames->message);
}

size_t mqc__ws_frames_feed(struct mqc__ws_frames *frames, struct mqc_view bytes,
                           struct mqc__ws_input *input_out)
{
    *input_out = (struct mqc__ws_input){.kind = MQC__WS_NOTHING};
    forget_message(frames);
    struct mqc_view rest = bytes;
    while (!frames->is_over && rest.size != 0 && input_out->kind == MQC__WS_NOTHING) {
        rest = frames->is_payload ? read_payload(frames, rest, input_out)
                                  : read_head(frames, rest, input_out);
        if (frames->is_payload && frames->payload_left == 0 && !frames->is_over)
            end_frame(frames, input_out);
    }
    return frames->is_over ? bytes.size : bytes.size - rest.size;
}
