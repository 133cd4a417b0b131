#include "base/fail.h"
#include "codec/protobuf_priv.h"

/* protobuf-c's allocator over the decoder's arena: freeing is the arena's business. */
struct unpacking {
    const struct mqc__decoder *decoder;
    enum mqc_error error;
};

static void *arena_alloc(void *context, size_t size)
{
    struct unpacking *unpacking = context;
    return mqc__protobuf_array(unpacking->decoder, 1, size, &unpacking->error);
}

static void arena_free(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

const void *mqc__protobuf_unpack(const struct mqc__decoder *decoder,
                                 const ProtobufCMessageDescriptor *message, struct mqc_view payload,
                                 enum mqc_error *error_out)
{
    *error_out = mqc__protobuf_scan(message, payload, decoder->info);
    if (*error_out != MQC_OK)
        return NULL;
    struct unpacking unpacking = {.decoder = decoder, .error = MQC_OK};
    ProtobufCAllocator allocator = {arena_alloc, arena_free, &unpacking};
    const void *unpacked =
        protobuf_c_message_unpack(message, &allocator, payload.size,
                                  (const uint8_t *)(payload.size != 0 ? payload.data : ""));
    if (unpacked == NULL)
        *error_out = unpacking.error != MQC_OK
                         ? unpacking.error
                         : mqc__fail(decoder->info, MQC_EMALFORMED, "no %s that can be read",
                                     message->short_name);
    return unpacked;
}
