#include "codec/protobuf.h"
#include "codec/protobuf_schema.h"
#include "codec/protobuf_write.h"

#include <limits.h>

enum mqc_error mqc__protobuf_room(struct mqc__buffer *buffer, size_t size,
                                  struct mqc__wire_writer *writer_out)
{
    /* Lengths inside a message are 32-bit, and readers stop at 2 GiB. */
    if (size > INT_MAX || size > buffer->limit_bytes - buffer->size)
        return MQC_ETOOLARGE;
    const bool had_failed = mqc__buffer_failed(buffer);
    uint8_t *bytes = mqc__buffer_extend(buffer, size);
    if (bytes == NULL) {
        buffer->has_failed = had_failed;
        return MQC_ENOMEM;
    }
    writer_out->at = bytes + size;
    return MQC_OK;
}

/* Tags of these numbers take two bytes. */
static size_t after_size(const struct mqc__after *after)
{
    const uint64_t numbers[] = {after->sequence, after->kept_from, after->count_age_ms};
    size_t size = after->instance.size != 0 ? 1 + mqc__protobuf_text_size(after->instance) : 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        size += numbers[i] != 0 ? 1 + mqc__protobuf_number_size(numbers[i]) : 0;
    return size;
}

static void put_after(struct mqc__wire_writer *writer, const struct mqc__after *after)
{
    mqc__protobuf_put_number(writer, after->count_age_ms, MQC__TAG_ENVELOPE_AFTER_COUNT_AGE_MS);
    mqc__protobuf_put_number(writer, after->kept_from, MQC__TAG_ENVELOPE_AFTER_KEPT_FROM);
    mqc__protobuf_put_number(writer, after->sequence, MQC__TAG_ENVELOPE_AFTER_SEQUENCE);
    mqc__protobuf_put_text(writer, after->instance, MQC__TAG_ENVELOPE_AFTER_INSTANCE);
}

static size_t piece_size(const struct mqc__piece *piece)
{
    return mqc__protobuf_number_size(piece->total) + mqc__protobuf_number_size(piece->offset) +
           mqc__protobuf_text_size(piece->content);
}

static void put_piece(struct mqc__wire_writer *writer, const struct mqc__piece *piece)
{
    const uint8_t *end = writer->at;
    mqc__protobuf_put_text(writer, piece->content, MQC__TAG_PIECE_CONTENT);
    mqc__protobuf_put_number(writer, piece->offset, MQC__TAG_PIECE_OFFSET);
    mqc__protobuf_put_number(writer, piece->total, MQC__TAG_PIECE_TOTAL);
    mqc__wire_enclose(writer, end, MQC__TAG_ENVELOPE_PIECE);
}

static size_t header_size(const struct mqc__envelope_header *header)
{
    return mqc__protobuf_text_size(header->sender.instance) +
           mqc__protobuf_text_size(header->sender.node) +
           mqc__protobuf_number_size(header->first_sequence) +
           mqc__protobuf_number_size(header->starts_count ? 1 : 0) +
           mqc__protobuf_number_size((uint64_t)header->receipt) +
           mqc__protobuf_number_size(header->kept_from) +
           mqc__protobuf_number_size(header->count_age_ms) +
           mqc__protobuf_text_size(header->topic) +
           (header->piece.total != 0 ? mqc__wire_bytes_size(piece_size(&header->piece)) : 0) +
           after_size(&header->after);
}

enum mqc_error mqc__protobuf_header(const struct mqc__envelope_header *header,
                                    struct mqc__buffer *buffer)
{
    const size_t size = header_size(header);
    if (size == 0)
        return MQC_OK;
    struct mqc__wire_writer writer;
    const enum mqc_error error = mqc__protobuf_room(buffer, size, &writer);
    if (error != MQC_OK)
        return error;
    put_after(&writer, &header->after);
    if (header->piece.total != 0)
        put_piece(&writer, &header->piece);
    mqc__protobuf_put_text(&writer, header->topic, MQC__TAG_ENVELOPE_TOPIC);
    mqc__protobuf_put_number(&writer, header->count_age_ms, MQC__TAG_ENVELOPE_COUNT_AGE_MS);
    mqc__protobuf_put_number(&writer, header->kept_from, MQC__TAG_ENVELOPE_KEPT_FROM);
    mqc__protobuf_put_number(&writer, (uint64_t)header->receipt, MQC__TAG_ENVELOPE_RECEIPT);
    mqc__protobuf_put_number(&writer, header->starts_count ? 1 : 0, MQC__TAG_ENVELOPE_STARTS_COUNT);
    mqc__protobuf_put_number(&writer, header->first_sequence, MQC__TAG_ENVELOPE_FIRST_SEQUENCE);
    mqc__protobuf_put_text(&writer, header->sender.node, MQC__TAG_ENVELOPE_NODE);
    mqc__protobuf_put_text(&writer, header->sender.instance, MQC__TAG_ENVELOPE_INSTANCE);
    return MQC_OK;
}

static size_t content_size(const struct mqc__receipt *receipt)
{
    return mqc__protobuf_text_size(receipt->instance) + mqc__protobuf_text_size(receipt->topic) +
           mqc__protobuf_number_size(receipt->handled_to) +
           mqc__protobuf_number_size(receipt->wants_repeat ? 1 : 0);
}

size_t mqc__protobuf_receipt_size(const struct mqc__receipt *receipt)
{
    return mqc__wire_bytes_size(content_size(receipt));
}

static void put_receipt(struct mqc__wire_writer *writer, const struct mqc__receipt *receipt)
{
    const uint8_t *end = writer->at;
    mqc__protobuf_put_number(writer, receipt->wants_repeat ? 1 : 0, MQC__TAG_RECEIPT_WANTS_REPEAT);
    mqc__protobuf_put_number(writer, receipt->handled_to, MQC__TAG_RECEIPT_HANDLED_TO);
    mqc__protobuf_put_text(writer, receipt->topic, MQC__TAG_RECEIPT_TOPIC);
    mqc__protobuf_put_text(writer, receipt->instance, MQC__TAG_RECEIPT_INSTANCE);
    mqc__wire_enclose(writer, end, MQC__TAG_ENVELOPE_RECEIPTS);
}

enum mqc_error mqc__protobuf_receipts(const struct mqc__receipt *receipts, size_t count,
                                      struct mqc__buffer *buffer)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += mqc__protobuf_receipt_size(&receipts[i]);
    if (size == 0)
        return MQC_OK;
    struct mqc__wire_writer writer;
    const enum mqc_error error = mqc__protobuf_room(buffer, size, &writer);
    if (error != MQC_OK)
        return error;
    for (size_t i = count; i-- != 0;)
        put_receipt(&writer, &receipts[i]);
    return MQC_OK;
}
