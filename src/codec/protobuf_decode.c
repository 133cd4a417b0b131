#include "base/fail.h"
#include "codec/protobuf.h"
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

/* Returns NULL with *error_out set when it fails. */
static const Mqcluster__V1__Envelope *unpack(const struct mqc__decoder *decoder,
                                             struct mqc_view payload, enum mqc_error *error_out)
{
    struct unpacking unpacking = {.decoder = decoder, .error = MQC_OK};
    ProtobufCAllocator allocator = {arena_alloc, arena_free, &unpacking};
    const Mqcluster__V1__Envelope *envelope = mqcluster__v1__envelope__unpack(
        &allocator, payload.size, (const uint8_t *)(payload.size != 0 ? payload.data : ""));
    if (envelope == NULL)
        *error_out = unpacking.error != MQC_OK ? unpacking.error
                                               : mqc__fail(decoder->info, MQC_EMALFORMED,
                                                           "not an Envelope that can be read");
    return envelope;
}

static enum mqc_error decode_args(struct mqc__decoder *decoder, const Mqcluster__V1__Event *in,
                                  struct mqc_event *out)
{
    if (in->n_args == 0)
        return MQC_OK;
    enum mqc_error error = MQC_OK;
    struct mqc_value *args =
        mqc__protobuf_array(decoder, in->n_args, sizeof(struct mqc_value), &error);
    if (args == NULL)
        return error;
    decoder->part = "argument";
    for (size_t i = 0; i < in->n_args; i++) {
        decoder->part_number = i + 1;
        error = mqc__protobuf_value(decoder, in->args[i], &args[i]);
        if (error != MQC_OK)
            return error;
    }
    out->args = args;
    out->arg_count = in->n_args;
    return MQC_OK;
}

static enum mqc_error decode_metadata(struct mqc__decoder *decoder, const Mqcluster__V1__Event *in,
                                      struct mqc_event *out)
{
    if (in->n_metadata == 0)
        return MQC_OK;
    enum mqc_error error = MQC_OK;
    struct mqc_metadata *metadata =
        mqc__protobuf_array(decoder, in->n_metadata, sizeof(struct mqc_metadata), &error);
    if (metadata == NULL)
        return error;
    decoder->part = "metadata";
    for (size_t i = 0; i < in->n_metadata; i++) {
        decoder->part_number = i + 1;
        metadata[i].id = in->metadata[i]->id;
        if (in->metadata[i]->value == NULL)
            continue;
        error = mqc__protobuf_value(decoder, in->metadata[i]->value, &metadata[i].value);
        if (error != MQC_OK)
            return error;
    }
    out->metadata = metadata;
    out->metadata_count = in->n_metadata;
    return MQC_OK;
}

static enum mqc_error decode_event(struct mqc__decoder *decoder, const Mqcluster__V1__Event *in,
                                   struct mqc_event *out)
{
    out->name = mqc_view_bytes(in->name.data, in->name.len);
    decoder->event_name = out->name;
    decoder->part = NULL;
    if (out->name.size == 0)
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "it has no name");
    const enum mqc_error error = decode_args(decoder, in, out);
    return error != MQC_OK ? error : decode_metadata(decoder, in, out);
}

static enum mqc_error decode_events(struct mqc__decoder *decoder, const Mqcluster__V1__Envelope *in,
                                    struct mqc__envelope *out)
{
    if (in->n_events == 0)
        return MQC_OK;
    enum mqc_error error = MQC_OK;
    struct mqc_event *events =
        mqc__protobuf_array(decoder, in->n_events, sizeof(struct mqc_event), &error);
    if (events == NULL)
        return error;
    for (size_t i = 0; i < in->n_events; i++) {
        decoder->event_number = i + 1;
        error = decode_event(decoder, in->events[i], &events[i]);
        if (error != MQC_OK)
            return error;
    }
    out->events = events;
    out->event_count = in->n_events;
    return MQC_OK;
}

enum mqc_error mqc__protobuf_decode(struct mqc__arena *arena, struct mqc_view payload,
                                    struct mqc__envelope *envelope_out, struct mqc_error_info *info)
{
    *envelope_out = (struct mqc__envelope){.event_count = 0};
    enum mqc_error error = mqc__protobuf_scan(payload, info);
    if (error != MQC_OK)
        return error;
    struct mqc__decoder decoder = {.arena = arena, .info = info};
    const Mqcluster__V1__Envelope *in = unpack(&decoder, payload, &error);
    if (in == NULL)
        return error;
    struct mqc__envelope out = {
        .sender = {.instance = mqc_view_bytes(in->instance.data, in->instance.len),
                   .node = mqc_view_bytes(in->node.data, in->node.len)},
        .first_sequence = in->first_sequence,
        .starts_count = in->starts_count != 0};
    error = decode_events(&decoder, in, &out);
    if (error != MQC_OK)
        return error;
    out.unknown_count = decoder.unknown_count;
    *envelope_out = out;
    return MQC_OK;
}
