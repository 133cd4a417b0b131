#include "ws/frame.h"

#include "base/utf8.h"

#include <stdint.h>

bool mqc__ws_is_code_sent(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

size_t mqc__ws_frame_head(enum mqc__ws_opcode opcode, size_t payload_bytes,
                          unsigned char head_out[MQC__WS_HEAD_BYTES_MAX])
{
    const size_t size = payload_bytes < 126 ? 0 : payload_bytes <= UINT16_MAX ? 2 : 8;
    head_out[0] = (unsigned char)(0x80U | (unsigned)opcode);
    head_out[1] = (unsigned char)(size == 0 ? payload_bytes : size == 2 ? 126 : 127);
    uint64_t left = payload_bytes;
    for (size_t i = size; i > 0; i--, left >>= 8)
        head_out[1 + i] = (unsigned char)(left & 0xffU);
    return 2 + size;
}

size_t mqc__ws_frame_control(enum mqc__ws_opcode opcode, struct mqc_view payload,
                             unsigned char frame_out[MQC__WS_CONTROL_FRAME_BYTES_MAX])
{
    const size_t most = MQC__WS_CONTROL_BYTES_MAX;
    const size_t size = payload.size < most ? payload.size : most;
    const size_t head_size = mqc__ws_frame_head(opcode, size, frame_out);
    if (size != 0)
        memcpy(frame_out + head_size, payload.data, size);
    return head_size + size;
}

size_t mqc__ws_frame_close(unsigned code, struct mqc_view reason,
                           unsigned char frame_out[MQC__WS_CONTROL_FRAME_BYTES_MAX])
{
    char payload[MQC__WS_CONTROL_BYTES_MAX];
    if (!mqc__ws_is_code_sent(code))
        return mqc__ws_frame_control(MQC__WS_OPCODE_CLOSE, mqc_view_text(NULL), frame_out);
    const size_t room = sizeof payload - 2;
    const struct mqc_view cut =
        mqc_view_bytes(reason.data, reason.size < room ? reason.size : room);
    const size_t size = mqc__utf8_valid_size(cut);
    payload[0] = (char)(code >> 8);
    payload[1] = (char)(code & 0xffU);
    if (size != 0)
        memcpy(payload + 2, reason.data, size);
    return mqc__ws_frame_control(MQC__WS_OPCODE_CLOSE, mqc_view_bytes(payload, 2 + size),
                                 frame_out);
}
