#include "codec/protobuf.h"

#include "base/fail.h"
#include "codec/protobuf_priv.h"

/* An Event, of which the fields were counted. */
struct event_outline {
    struct mqc_view content;
    struct mqc_view name;
    size_t arg_count;
    size_t metadata_count;
};

static enum mqc_error outline_event(const struct mqc__decoder *decoder, struct mqc_view content,
                                    struct event_outline *outline_out)
{
    *outline_out = (struct event_outline){.content = content};
    struct mqc__wire_reader reader = mqc__wire_reader(content);
    while (reader.at != reader.end) {
        struct mqc__wire_field field;
        const enum mqc_error error =
            mqc__protobuf_next(decoder, &mqc__schema_event, &reader, &field);
        if (error != MQC_OK)
            return error;
        switch (field.number) {
        case MQC__TAG_EVENT_NAME >> 3: outline_out->name = field.bytes; break;
        case MQC__TAG_EVENT_ARGS >> 3: outline_out->arg_count++; break;
        case MQC__TAG_EVENT_METADATA >> 3: outline_out->metadata_count++; break;
        default: break;
        }
    }
    return MQC_OK;
}

static enum mqc_error decode_args(struct mqc__decoder *decoder, const struct event_outline *outline,
                                  struct mqc_event *out)
{
    if (outline->arg_count == 0)
        return MQC_OK;
    enum mqc_error error = MQC_OK;
    struct mqc_value *args =
        mqc__protobuf_array(decoder, outline->arg_count, sizeof(struct mqc_value), &error);
    if (args == NULL)
        return error;
    decoder->part = "argument";
    decoder->part_number = 0;
    struct mqc__wire_reader reader = mqc__wire_reader(outline->content);
    while (decoder->part_number < outline->arg_count) {
        struct mqc__wire_field field;
        error = mqc__protobuf_next(decoder, &mqc__schema_event, &reader, &field);
        if (error == MQC_OK && field.number == MQC__TAG_EVENT_ARGS >> 3)
            error = mqc__protobuf_value(decoder, field.bytes, 1, &args[decoder->part_number++]);
        if (error != MQC_OK)
            return error;
    }
    out->args = args;
    out->arg_count = outline->arg_count;
    return MQC_OK;
}

static enum mqc_error refuse_repetition(const struct mqc__decoder *decoder,
                                        const struct mqc__wire_field *field)
{
    return mqc__protobuf_refuse_bytes(decoder, (const uint8_t *)field->bytes.data, MQC_EMALFORMED,
                                      "a field that stands only once comes again");
}

static enum mqc_error decode_metadatum(struct mqc__decoder *decoder, struct mqc_view content,
                                       struct mqc_metadata *out)
{
    bool has_value = false;
    struct mqc__wire_reader reader = mqc__wire_reader(content);
    while (reader.at != reader.end) {
        struct mqc__wire_field field;
        enum mqc_error error = mqc__protobuf_next(decoder, &mqc__schema_metadata, &reader, &field);
        if (error != MQC_OK)
            return error;
        if (field.number == MQC__TAG_METADATA_ID >> 3)
            out->id = field.value;
        if (field.number != MQC__TAG_METADATA_VALUE >> 3)
            continue;
        if (has_value)
            return refuse_repetition(decoder, &field);
        has_value = true;
        error = mqc__protobuf_value(decoder, field.bytes, 1, &out->value);
        if (error != MQC_OK)
            return error;
    }
    return MQC_OK;
}

static enum mqc_error decode_metadata(struct mqc__decoder *decoder,
                                      const struct event_outline *outline, struct mqc_event *out)
{
    if (outline->metadata_count == 0)
        return MQC_OK;
    enum mqc_error error = MQC_OK;
    struct mqc_metadata *metadata =
        mqc__protobuf_array(decoder, outline->metadata_count, sizeof(struct mqc_metadata), &error);
    if (metadata == NULL)
        return error;
    decoder->part = "metadata";
    decoder->part_number = 0;
    struct mqc__wire_reader reader = mqc__wire_reader(outline->content);
    while (decoder->part_number < outline->metadata_count) {
        struct mqc__wire_field field;
        error = mqc__protobuf_next(decoder, &mqc__schema_event, &reader, &field);
        if (error == MQC_OK && field.number == MQC__TAG_EVENT_METADATA >> 3)
            error = decode_metadatum(decoder, field.bytes, &metadata[decoder->part_number++]);
        if (error != MQC_OK)
            return error;
    }
    out->metadata = metadata;
    out->metadata_count = outline->metadata_count;
    return MQC_OK;
}

static enum mqc_error decode_event(struct mqc__decoder *decoder, struct mqc_view content,
                                   struct mqc_event *out)
{
    struct event_outline outline;
    enum mqc_error error = outline_event(decoder, content, &outline);
    if (error != MQC_OK)
        return error;
    out->name = outline.name;
    decoder->event_name = outline.name;
    error = decode_args(decoder, &outline, out);
    if (error == MQC_OK)
        error = decode_metadata(decoder, &outline, out);
    if (error != MQC_OK || outline.name.size != 0)
        return error;
    decoder->part = NULL;
    return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "it has no name");
}

/* A piece comes once, and not beside what it stands for. */
static enum mqc_error decode_piece(const struct mqc__decoder *decoder,
                                   const struct mqc__wire_field *envelope_field,
                                   struct mqc__envelope *out)
{
    if (mqc__envelope_is_piece(out))
        return refuse_repetition(decoder, envelope_field);
    struct mqc__piece piece = {0};
    struct mqc__wire_reader reader = mqc__wire_reader(envelope_field->bytes);
    while (reader.at != reader.end) {
        struct mqc__wire_field field;
        const enum mqc_error error =
            mqc__protobuf_next(decoder, &mqc__schema_piece, &reader, &field);
        if (error != MQC_OK)
            return error;
        switch (field.number) {
        case MQC__TAG_PIECE_TOTAL >> 3: piece.total = field.value; break;
        case MQC__TAG_PIECE_OFFSET >> 3: piece.offset = field.value; break;
        case MQC__TAG_PIECE_CONTENT >> 3: piece.content = field.bytes; break;
        default: break;
        }
    }
    out->piece = piece;
    if (piece.content.size != 0 && piece.offset < piece.total &&
        piece.content.size <= piece.total - piece.offset)
        return MQC_OK;
    return mqc__protobuf_refuse_bytes(decoder, (const uint8_t *)envelope_field->bytes.data,
                                      MQC_EMALFORMED, "a piece of an event that cannot be one");
}

/* Senders of later versions may want to hear what this one cannot tell. */
static enum mqc__receipt_kind receipt_kind(uint64_t number)
{
    return number <= MQC__RECEIPT_MANY ? (enum mqc__receipt_kind)number : MQC__RECEIPT_NONE;
}

/* Reads all but the events and receipts, which it counts. */
static enum mqc_error outline_envelope(const struct mqc__decoder *decoder, struct mqc_view payload,
                                       struct mqc__envelope *out)
{
    struct mqc__wire_reader reader = mqc__wire_reader(payload);
    while (reader.at != reader.end) {
        struct mqc__wire_field field;
        const enum mqc_error error =
            mqc__protobuf_next(decoder, &mqc__schema_envelope, &reader, &field);
        if (error != MQC_OK)
            return error;
        switch (field.number) {
        case MQC__TAG_ENVELOPE_INSTANCE >> 3: out->sender.instance = field.bytes; break;
        case MQC__TAG_ENVELOPE_NODE >> 3: out->sender.node = field.bytes; break;
        case MQC__TAG_ENVELOPE_FIRST_SEQUENCE >> 3: out->first_sequence = field.value; break;
        case MQC__TAG_ENVELOPE_STARTS_COUNT >> 3: out->starts_count = field.value != 0; break;
        case MQC__TAG_ENVELOPE_EVENTS >> 3: out->event_count++; break;
        case MQC__TAG_ENVELOPE_COMPRESSION >> 3: out->compression = field.value; break;
        case MQC__TAG_ENVELOPE_COMPRESSED_EVENTS >> 3:
            if (out->compressed_events.size != 0)
                return refuse_repetition(decoder, &field);
            out->compressed_events = field.bytes;
            break;
        case MQC__TAG_ENVELOPE_RECEIPT >> 3: out->receipt = receipt_kind(field.value); break;
        case MQC__TAG_ENVELOPE_KEPT_FROM >> 3: out->kept_from = field.value; break;
        case MQC__TAG_ENVELOPE_COUNT_AGE_MS >> 3: out->count_age_ms = field.value; break;
        case MQC__TAG_ENVELOPE_TOPIC >> 3: out->topic = field.bytes; break;
        case MQC__TAG_ENVELOPE_RECEIPTS >> 3: out->receipt_count++; break;
        case MQC__TAG_ENVELOPE_AFTER_INSTANCE >> 3: out->after.instance = field.bytes; break;
        case MQC__TAG_ENVELOPE_AFTER_SEQUENCE >> 3: out->after.sequence = field.value; break;
        case MQC__TAG_ENVELOPE_AFTER_KEPT_FROM >> 3: out->after.kept_from = field.value; break;
        case MQC__TAG_ENVELOPE_AFTER_COUNT_AGE_MS >> 3:
            out->after.count_age_ms = field.value;
            break;
        case MQC__TAG_ENVELOPE_PIECE >> 3: {
            const enum mqc_error piece_error = decode_piece(decoder, &field, out);
            if (piece_error != MQC_OK)
                return piece_error;
            break;
        }
        default: break;
        }
    }
    const bool has_more =
        out->event_count != 0 || out->receipt_count != 0 || mqc__envelope_is_compressed(out);
    if (mqc__envelope_is_piece(out) && has_more)
        return mqc__fail(decoder->info, MQC_EMALFORMED, "a piece of an event with more beside it");
    return MQC_OK;
}

static enum mqc_error decode_events(struct mqc__decoder *decoder, struct mqc_view payload,
                                    struct mqc__envelope *out)
{
    if (out->event_count == 0)
        return MQC_OK;
    enum mqc_error error = MQC_OK;
    struct mqc_event *events =
        mqc__protobuf_array(decoder, out->event_count, sizeof(struct mqc_event), &error);
    if (events == NULL)
        return error;
    struct mqc__wire_reader reader = mqc__wire_reader(payload);
    while (decoder->event_number < out->event_count) {
        struct mqc__wire_field field;
        error = mqc__protobuf_next(decoder, &mqc__schema_envelope, &reader, &field);
        if (error == MQC_OK && field.number == MQC__TAG_ENVELOPE_EVENTS >> 3)
            error = decode_event(decoder, field.bytes, &events[decoder->event_number++]);
        if (error != MQC_OK)
            return error;
    }
    out->events = events;
    return MQC_OK;
}

enum mqc_error mqc__protobuf_decode(struct mqc__arena *arena, struct mqc_view payload,
                                    struct mqc__envelope *envelope_out, struct mqc_error_info *info)
{
    *envelope_out = (struct mqc__envelope){.event_count = 0};
    struct mqc__decoder decoder = {
        .arena = arena, .info = info, .start = (const uint8_t *)payload.data};
    struct mqc__envelope out = {.event_count = 0};
    enum mqc_error error = outline_envelope(&decoder, payload, &out);
    if (error == MQC_OK)
        error = decode_events(&decoder, payload, &out);
    if (error == MQC_OK)
        error = mqc__protobuf_decode_receipts(&decoder, payload, &out);
    if (error != MQC_OK)
        return error;
    out.unknown_count = decoder.unknown_count;
    *envelope_out = out;
    return MQC_OK;
}

enum mqc_error mqc__protobuf_decode_events(struct mqc__arena *arena, struct mqc_view events,
                                           struct mqc__envelope *envelope,
                                           struct mqc_error_info *info)
{
    struct mqc__envelope inner;
    const enum mqc_error error = mqc__protobuf_decode(arena, events, &inner, info);
    if (error != MQC_OK)
        return error;
    if (mqc__envelope_is_compressed(&inner))
        return mqc__fail(info, MQC_EMALFORMED, "its compressed events are compressed again");
    if (mqc__envelope_is_piece(&inner))
        return mqc__fail(info, MQC_EMALFORMED, "its events are in pieces again");
    envelope->events = inner.events;
    envelope->event_count = inner.event_count;
    envelope->unknown_count = inner.unknown_count;
    return MQC_OK;
}
