/* What a WebSocket client may send, as raw bytes. The first bytes of an input choose the limit of a
 * message and where the rest is cut: however it is cut, the same must come of it. */
#include "base/buffer.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "ws/frame.h"

#define CUTS_MAX 8
#define TRANSCRIPT_BYTES ((size_t)1 << 20)

static void check_input(const struct mqc__ws_input *input, size_t message_bytes_max)
{
    const struct mqc_view payload = input->payload;
    unsigned char frame[MQC__WS_CONTROL_FRAME_BYTES_MAX];
    switch (input->kind) {
    case MQC__WS_MESSAGE:
        fuzz_require(payload.size <= message_bytes_max, "a message is within its limit");
        fuzz_require(!input->is_text || mqc__utf8_is_valid(payload), "text is UTF-8");
        break;
    case MQC__WS_CLOSE:
        fuzz_require(input->code == MQC__WS_CODE_NONE || mqc__ws_is_code_sent(input->code),
                     "a close has a code that may be sent");
        fuzz_require(mqc__utf8_is_valid(payload), "a reason is UTF-8");
        fuzz_require(mqc__ws_frame_close(input->code, payload, frame) ==
                         (input->code == MQC__WS_CODE_NONE ? 2 : 4 + payload.size),
                     "a close is answered in full");
        break;
    case MQC__WS_BROKEN:
        fuzz_require(mqc__ws_frame_close(input->code, mqc_view_text(input->reason), frame) ==
                         4 + strlen(input->reason),
                     "the end has a code and a reason");
        break;
    default:
        fuzz_require(mqc__ws_frame_control(MQC__WS_OPCODE_PONG, payload, frame) == 2 + payload.size,
                     "a ping is answered in full");
        break;
    }
}

static void write_down(const struct mqc__ws_input *input, struct mqc__buffer *transcript)
{
    const unsigned head[] = {input->kind, input->is_text, input->code,
                             (unsigned)input->payload.size};
    (void)mqc__buffer_append(transcript, head, sizeof head);
    (void)mqc__buffer_append(transcript, input->payload.data, input->payload.size);
    (void)mqc__buffer_append_text(transcript, input->reason != NULL ? input->reason : "");
    fuzz_require(!mqc__buffer_failed(transcript), "there is room for what came");
}

/* Feeds one piece; what comes after the end is remembered as an error. */
static void feed(struct mqc__ws_frames *frames, struct mqc_view piece, size_t message_bytes_max,
                 bool *is_over, struct mqc__buffer *transcript)
{
    for (;;) {
        struct mqc__ws_input input;
        const size_t taken = mqc__ws_frames_feed(frames, piece, &input);
        fuzz_require(taken <= piece.size, "no more is taken than there is");
        if (taken != 0)
            piece = mqc_view_bytes(piece.data + taken, piece.size - taken);
        if (input.kind == MQC__WS_NOTHING)
            break;
        fuzz_require(!*is_over, "nothing comes after the end");
        *is_over = input.kind == MQC__WS_CLOSE || input.kind == MQC__WS_BROKEN;
        check_input(&input, message_bytes_max);
        write_down(&input, transcript);
    }
    fuzz_require(piece.size == 0, "all is taken");
}

/* Feeds the bytes, cut after so many each time and whole from the last cut on. */
static void run(struct mqc_view bytes, const unsigned *cuts, size_t cut_count,
                size_t message_bytes_max, struct mqc__buffer *transcript)
{
    struct mqc__ws_frames *frames = mqc__ws_frames_new(message_bytes_max);
    bool is_over = false;
    fuzz_require(frames != NULL, "there is memory");
    mqc__buffer_init(transcript, TRANSCRIPT_BYTES);
    for (size_t i = 0; i <= cut_count && bytes.size != 0; i++) {
        const size_t size = i < cut_count && cuts[i] < bytes.size ? cuts[i] : bytes.size;
        /* A copy that ends where the piece ends, so that reading on is noticed. */
        struct mqc__buffer piece;
        mqc__buffer_init(&piece, size);
        (void)mqc__buffer_append(&piece, bytes.data, size);
        feed(frames, mqc__buffer_view(&piece), message_bytes_max, &is_over, transcript);
        mqc__buffer_fini(&piece);
        bytes = mqc_view_bytes(bytes.data + size, bytes.size - size);
    }
    mqc__ws_frames_free(&frames);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct fuzz_source source = {.at = data, .left = size};
    struct mqc__buffer whole;
    struct mqc__buffer cut;
    unsigned cuts[CUTS_MAX];
    const size_t message_bytes_max = (size_t)fuzz_byte(&source) * 4;
    const size_t cut_count = fuzz_byte(&source) % (CUTS_MAX + 1);
    for (size_t i = 0; i < cut_count; i++)
        cuts[i] = fuzz_byte(&source);
    const struct mqc_view bytes = fuzz_rest(&source);
    run(bytes, NULL, 0, message_bytes_max, &whole);
    run(bytes, cuts, cut_count, message_bytes_max, &cut);
    fuzz_require(mqc_view_equal(mqc__buffer_view(&whole), mqc__buffer_view(&cut)),
                 "the same comes, however it is cut");
    mqc__buffer_fini(&cut);
    mqc__buffer_fini(&whole);
    return 0;
}
