#include "base/fail.h"
#include "codec/protobuf_priv.h"

#include <limits.h>

/* An Envelope, an Event, a Metadata, and for each level of nesting a Value and its List. */
#define FRAMES_MAX (3 + 2 * MQC_MAX_DEPTH)

/* What protobuf-c reads of a tag and of a length (both at most 32 bits) and of any other number. */
#define SHORT_VARINT_BYTES 5
#define LONG_VARINT_BYTES 10

/* A message whose fields are being scanned. */
struct frame {
    const ProtobufCMessageDescriptor *message;
    const uint8_t *end;
    uint32_t seen_messages; /* a bit for each singular message field that has come */
    unsigned value_depth;   /* how many Values surround this place, itself included */
};

struct scan {
    const uint8_t *start;
    const uint8_t *at;
    struct mqc_error_info *info;
    unsigned frame_count;
    struct frame frames[FRAMES_MAX];
};

static enum mqc_error refuse(const struct scan *scan, enum mqc_error code, const char *problem)
{
    return mqc__fail(scan->info, code, "no %s that can be read: at byte %zu: %s",
                     scan->frames[0].message->short_name, (size_t)(scan->at - scan->start),
                     problem);
}

/* Reads a varint of at most `bytes_max` bytes that ends before `end`. */
static bool read_varint(struct scan *scan, const uint8_t *end, unsigned bytes_max, uint64_t *out)
{
    uint64_t value = 0;
    const uint8_t *at = scan->at;
    for (unsigned i = 0; i < bytes_max && at < end; i++) {
        const uint8_t byte = *at++;
        /* The tenth byte has room for the 64th bit only. */
        if (i == LONG_VARINT_BYTES - 1 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7fU) << (7 * i);
        if (byte < 0x80) {
            scan->at = at;
            *out = value;
            return true;
        }
    }
    return false;
}

static unsigned expected_wire_type(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64: return PROTOBUF_C_WIRE_TYPE_64BIT;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32: return PROTOBUF_C_WIRE_TYPE_32BIT;
    default: return PROTOBUF_C_WIRE_TYPE_VARINT;
    }
}

static enum mqc_error enter_message(struct scan *scan, const ProtobufCFieldDescriptor *field,
                                    const uint8_t *end)
{
    struct frame *parent = &scan->frames[scan->frame_count - 1];
    const ProtobufCMessageDescriptor *message = field->descriptor;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        const uint32_t bit = UINT32_C(1) << (field - parent->message->fields);
        if ((parent->seen_messages & bit) != 0)
            return refuse(scan, MQC_EMALFORMED, "a field that stands only once comes again");
        parent->seen_messages |= bit;
    }
    const bool is_value = message == &mqcluster__v1__value__descriptor;
    const unsigned value_depth = parent->value_depth + (is_value ? 1 : 0);
    if (value_depth > MQC_MAX_DEPTH || scan->frame_count == FRAMES_MAX)
        return refuse(scan, MQC_ETOOLARGE, "values are nested too deep, the limit is 64");
    scan->frames[scan->frame_count++] =
        (struct frame){.message = message, .end = end, .value_depth = value_depth};
    return MQC_OK;
}

static enum mqc_error scan_bytes(struct scan *scan, const ProtobufCFieldDescriptor *field,
                                 const uint8_t *end)
{
    uint64_t size = 0;
    if (!read_varint(scan, end, SHORT_VARINT_BYTES, &size))
        return refuse(scan, MQC_EMALFORMED, "a length is cut off or too long");
    if (size > (uint64_t)(end - scan->at) || size > INT_MAX)
        return refuse(scan, MQC_EMALFORMED, "a field is longer than what surrounds it");
    if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE)
        return enter_message(scan, field, scan->at + size);
    scan->at += size;
    return MQC_OK;
}

static enum mqc_error scan_number(struct scan *scan, const ProtobufCFieldDescriptor *field,
                                  const uint8_t *end)
{
    uint64_t value = 0;
    if (!read_varint(scan, end, LONG_VARINT_BYTES, &value))
        return refuse(scan, MQC_EMALFORMED, "a number is cut off or over 64 bits");
    const bool is_short = field != NULL && (field->type == PROTOBUF_C_TYPE_UINT32 ||
                                            field->type == PROTOBUF_C_TYPE_ENUM);
    if (is_short && value > UINT32_MAX)
        return refuse(scan, MQC_EMALFORMED, "a 32-bit number is over 32 bits");
    return MQC_OK;
}

static enum mqc_error skip_fixed(struct scan *scan, const uint8_t *end, size_t size)
{
    if ((size_t)(end - scan->at) < size)
        return refuse(scan, MQC_EMALFORMED, "a number is cut off");
    scan->at += size;
    return MQC_OK;
}

static enum mqc_error scan_field(struct scan *scan, const struct frame *frame)
{
    uint64_t tag = 0;
    if (!read_varint(scan, frame->end, SHORT_VARINT_BYTES, &tag) || tag > UINT32_MAX ||
        tag >> 3 == 0)
        return refuse(scan, MQC_EMALFORMED, "no field begins here");
    const unsigned wire_type = (unsigned)(tag & 7U);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(frame->message, (unsigned)(tag >> 3));
    if (field != NULL && wire_type != expected_wire_type(field))
        return refuse(scan, MQC_EMALFORMED, "a field has another wire type than the schema's");
    switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT: return scan_number(scan, field, frame->end);
    case PROTOBUF_C_WIRE_TYPE_64BIT: return skip_fixed(scan, frame->end, 8);
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED: return scan_bytes(scan, field, frame->end);
    case PROTOBUF_C_WIRE_TYPE_32BIT: return skip_fixed(scan, frame->end, 4);
    default: return refuse(scan, MQC_EMALFORMED, "a field has a wire type that does not exist");
    }
}

enum mqc_error mqc__protobuf_scan(const ProtobufCMessageDescriptor *message,
                                  struct mqc_view payload, struct mqc_error_info *info)
{
    if (payload.size == 0)
        return MQC_OK;
    struct scan scan;
    scan.start = (const uint8_t *)payload.data;
    scan.at = scan.start;
    scan.info = info;
    scan.frame_count = 1;
    scan.frames[0] = (struct frame){.message = message, .end = scan.start + payload.size};
    while (scan.frame_count != 0) {
        const struct frame *frame = &scan.frames[scan.frame_count - 1];
        if (scan.at == frame->end) {
            scan.frame_count--;
            continue;
        }
        const enum mqc_error error = scan_field(&scan, frame);
        if (error != MQC_OK)
            return error;
    }
    return MQC_OK;
}
