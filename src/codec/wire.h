#ifndef MQC_CODEC_WIRE_H
#define MQC_CODEC_WIRE_H

#include "base/view.h"

#include <stdint.h>

/*
 * Protocol Buffers' encoding itself: fields, each a tag with a number and a wire type, and its
 * content. What is read refers to the bytes that it was read from; nothing is copied.
 */

enum mqc__wire_type {
    MQC__WIRE_VARINT = 0,
    MQC__WIRE_FIXED64 = 1,
    MQC__WIRE_BYTES = 2,
    MQC__WIRE_FIXED32 = 5,
};

/* The tag of a field with a number up to 31; with one up to 15 it is this byte on the wire. */
#define MQC__WIRE_TAG(number, wire_type)                                                           \
    ((uint8_t)((unsigned)(number) << 3 | (unsigned)(wire_type)))

/* The fields of one message that are not read yet. */
struct mqc__wire_reader {
    const uint8_t *at;
    const uint8_t *end;
};

struct mqc__wire_field {
    uint32_t number;       /* in the schema */
    unsigned wire_type;    /* not checked to be one that exists before the content was read */
    uint64_t value;        /* VARINT, FIXED32, FIXED64 */
    struct mqc_view bytes; /* BYTES; never NULL */
};

static inline struct mqc__wire_reader mqc__wire_reader(struct mqc_view message)
{
    const uint8_t *at = (const uint8_t *)(message.size != 0 ? message.data : "");
    return (struct mqc__wire_reader){at, at + message.size};
}

/* What protobuf-c, too, reads of a tag and of a length (both at most 32 bits) and of any other
 * number. */
#define MQC__WIRE_SHORT_VARINT_BYTES 5
#define MQC__WIRE_LONG_VARINT_BYTES 10

/* Reads a varint of at most `bytes_max` bytes. false: it is cut off, or longer. */
bool mqc__wire_read_long_varint(struct mqc__wire_reader *reader, unsigned bytes_max,
                                uint64_t *value_out);

/* The same; nearly all tags and lengths are one byte, and many numbers two. */
static inline bool mqc__wire_read_varint(struct mqc__wire_reader *reader, unsigned bytes_max,
                                         uint64_t *value_out)
{
    const uint8_t *at = reader->at;
    if (reader->end - at >= 2 && at[0] > 0x7f && at[1] <= 0x7f) {
        *value_out = (at[0] & 0x7fU) | (uint64_t)at[1] << 7;
        reader->at = at + 2;
        return true;
    }
    if (at == reader->end || at[0] > 0x7f)
        return mqc__wire_read_long_varint(reader, bytes_max, value_out);
    *value_out = at[0];
    reader->at = at + 1;
    return true;
}

/* Reads the tag of the next field, of which there is one. Returns NULL, or what is wrong with it;
 * the reader then stands before it. */
static inline const char *mqc__wire_read_tag(struct mqc__wire_reader *reader,
                                             struct mqc__wire_field *field_out)
{
    const uint8_t *start = reader->at;
    uint64_t tag = 0;
    if (!mqc__wire_read_varint(reader, MQC__WIRE_SHORT_VARINT_BYTES, &tag) || tag > UINT32_MAX ||
        tag >> 3 == 0) {
        reader->at = start;
        return "no field begins here";
    }
    field_out->number = (uint32_t)(tag >> 3);
    field_out->wire_type = (unsigned)(tag & 7U);
    return NULL;
}

static inline const char *mqc__wire_read_bytes(struct mqc__wire_reader *reader,
                                               struct mqc__wire_field *field)
{
    uint64_t size = 0;
    if (!mqc__wire_read_varint(reader, MQC__WIRE_SHORT_VARINT_BYTES, &size))
        return "a length is cut off or too long";
    if (size > (uint64_t)(reader->end - reader->at) || size > INT32_MAX)
        return "a field is longer than what surrounds it";
    field->bytes = mqc_view_bytes(reader->at, (size_t)size);
    reader->at += size;
    return NULL;
}

static inline const char *mqc__wire_read_fixed(struct mqc__wire_reader *reader,
                                               struct mqc__wire_field *field, unsigned size)
{
    if ((size_t)(reader->end - reader->at) < size)
        return "a number is cut off";
    field->value = 0;
    for (unsigned i = 0; i < size; i++)
        field->value |= (uint64_t)reader->at[i] << (8 * i);
    reader->at += size;
    return NULL;
}

/* Reads the content behind the tag. Returns NULL, or what is wrong. */
static inline const char *mqc__wire_read_content(struct mqc__wire_reader *reader,
                                                 struct mqc__wire_field *field)
{
    switch (field->wire_type) {
    case MQC__WIRE_BYTES: return mqc__wire_read_bytes(reader, field);
    case MQC__WIRE_VARINT:
        return mqc__wire_read_varint(reader, MQC__WIRE_LONG_VARINT_BYTES, &field->value)
                   ? NULL
                   : "a number is cut off or over 64 bits";
    case MQC__WIRE_FIXED32: return mqc__wire_read_fixed(reader, field, 4);
    case MQC__WIRE_FIXED64: return mqc__wire_read_fixed(reader, field, 8);
    default: return "a field has a wire type that does not exist";
    }
}

/* How many bytes a number takes as a varint. */
static inline size_t mqc__wire_varint_size(uint64_t value)
{
    size_t size = 1;
    for (; value > 0x7f; value >>= 7)
        size++;
    return size;
}

/* How many bytes a field of type BYTES takes. */
static inline size_t mqc__wire_bytes_size(size_t content_size)
{
    return 1 + mqc__wire_varint_size(content_size) + content_size;
}

/*
 * Writes from the end to the beginning, so that a message's length is known when it is to be
 * written before the message: each function puts its bytes before those that are there. There must
 * be room; mqc__wire_*_size() tell how much is needed.
 */
struct mqc__wire_writer {
    uint8_t *at; /* the first byte that was written */
};

static inline void mqc__wire_put_byte(struct mqc__wire_writer *writer, uint8_t byte)
{
    *--writer->at = byte;
}

static inline void mqc__wire_put(struct mqc__wire_writer *writer, const void *bytes, size_t size)
{
    writer->at -= size;
    if (size != 0)
        memcpy(writer->at, bytes, size);
}

static inline void mqc__wire_put_varint(struct mqc__wire_writer *writer, uint64_t value)
{
    if (value <= 0x7f) {
        *--writer->at = (uint8_t)value;
        return;
    }
    writer->at -= mqc__wire_varint_size(value);
    uint8_t *at = writer->at;
    for (; value > 0x7f; value >>= 7)
        *at++ = (uint8_t)(value | 0x80U);
    *at = (uint8_t)value;
}

/* Puts the `size` lowest bytes of a number, the lowest first. */
static inline void mqc__wire_put_fixed(struct mqc__wire_writer *writer, uint64_t value,
                                       unsigned size)
{
    writer->at -= size;
    for (unsigned i = 0; i < size; i++)
        writer->at[i] = (uint8_t)(value >> (8 * i));
}

/* Makes everything before `end` the content of a field. */
static inline void mqc__wire_enclose(struct mqc__wire_writer *writer, const uint8_t *end,
                                     uint8_t tag)
{
    mqc__wire_put_varint(writer, (uint64_t)(end - writer->at));
    mqc__wire_put_byte(writer, tag);
}

#endif
