#include "codec/protobuf_unpack.h"

#include "base/fail.h"
#include "codec/wire.h"

static unsigned expected_wire_type(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return MQC__WIRE_BYTES;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64: return MQC__WIRE_FIXED64;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32: return MQC__WIRE_FIXED32;
    default: return MQC__WIRE_VARINT;
    }
}

/* Returns NULL, or what is wrong with the next field. */
static const char *scan_field(const ProtobufCMessageDescriptor *message,
                              struct mqc__wire_reader *reader)
{
    struct mqc__wire_field field = {.value = 0};
    const char *problem = mqc__wire_read_tag(reader, &field);
    if (problem != NULL)
        return problem;
    const ProtobufCFieldDescriptor *known =
        protobuf_c_message_descriptor_get_field(message, field.number);
    if (known != NULL && field.wire_type != expected_wire_type(known))
        return "a field has another wire type than the schema's";
    problem = mqc__wire_read_content(reader, &field);
    const bool is_short = known != NULL && (known->type == PROTOBUF_C_TYPE_UINT32 ||
                                            known->type == PROTOBUF_C_TYPE_ENUM);
    if (problem == NULL && is_short && field.value > UINT32_MAX)
        return "a 32-bit number is over 32 bits";
    return problem;
}

static enum mqc_error scan(const ProtobufCMessageDescriptor *message, struct mqc_view payload,
                           struct mqc_error_info *info)
{
    struct mqc__wire_reader reader = mqc__wire_reader(payload);
    const uint8_t *start = reader.at;
    while (reader.at != reader.end) {
        const char *problem = scan_field(message, &reader);
        if (problem != NULL)
            return mqc__fail(info, MQC_EMALFORMED, "no %s that can be read: at byte %zu: %s",
                             message->short_name, (size_t)(reader.at - start), problem);
    }
    return MQC_OK;
}

/* protobuf-c's allocator over an arena: freeing is the arena's business. */
static void *arena_alloc(void *context, size_t size)
{
    return mqc__arena_alloc(context, size);
}

static void arena_free(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

static enum mqc_error explain(const struct mqc__arena *arena,
                              const ProtobufCMessageDescriptor *message,
                              struct mqc_error_info *info)
{
    if (arena->is_over_limit)
        return mqc__fail(info, MQC_ETOOLARGE, "the payload takes more than %zu bytes when decoded",
                         arena->limit_bytes);
    return mqc__fail(info, MQC_ENOMEM, "no memory to decode a %s", message->short_name);
}

const void *mqc__protobuf_unpack(struct mqc__arena *arena,
                                 const ProtobufCMessageDescriptor *message, struct mqc_view payload,
                                 enum mqc_error *error_out, struct mqc_error_info *info)
{
    *error_out = scan(message, payload, info);
    if (*error_out != MQC_OK)
        return NULL;
    ProtobufCAllocator allocator = {arena_alloc, arena_free, arena};
    const void *unpacked =
        protobuf_c_message_unpack(message, &allocator, payload.size,
                                  (const uint8_t *)(payload.size != 0 ? payload.data : ""));
    if (unpacked == NULL)
        *error_out = explain(arena, message, info);
    return unpacked;
}
