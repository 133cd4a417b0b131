#ifndef MQC_CODEC_PROTOBUF_WRITE_H
#define MQC_CODEC_PROTOBUF_WRITE_H

#include "base/buffer.h"
#include "base/error.h"
#include "codec/wire.h"

/*
 * What is common to all that is written by hand: first the size of the whole is found, then it is
 * written from its end. Fields of proto3 that have their default value are left out.
 */

/* Makes room behind what is in the buffer, and a writer that stands at its end. MQC_ETOOLARGE: the
 * buffer's limit, or that of any reader; MQC_ENOMEM. On failure the buffer is as it was. */
enum mqc_error mqc__protobuf_room(struct mqc__buffer *buffer, size_t size,
                                  struct mqc__wire_writer *writer_out);

static inline size_t mqc__protobuf_number_size(uint64_t number)
{
    return number != 0 ? 1 + mqc__wire_varint_size(number) : 0;
}

static inline void mqc__protobuf_put_number(struct mqc__wire_writer *writer, uint64_t number,
                                            uint8_t tag)
{
    if (number == 0)
        return;
    mqc__wire_put_varint(writer, number);
    mqc__wire_put_varint(writer, tag);
}

static inline size_t mqc__protobuf_text_size(struct mqc_view text)
{
    return text.size != 0 ? mqc__wire_bytes_size(text.size) : 0;
}

static inline void mqc__protobuf_put_text(struct mqc__wire_writer *writer, struct mqc_view text,
                                          uint8_t tag)
{
    if (text.size == 0)
        return;
    mqc__wire_put(writer, text.data, text.size);
    mqc__wire_put_varint(writer, text.size);
    mqc__wire_put_varint(writer, tag);
}

#endif
