#include "codec/protobuf.h"

#include "codec/protobuf_priv.h"

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
    struct mqc__decoder decoder = {.arena = arena, .info = info};
    enum mqc_error error = MQC_OK;
    const Mqcluster__V1__Envelope *in =
        mqc__protobuf_unpack(&decoder, &mqcluster__v1__envelope__descriptor, payload, &error);
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
