#include "base/fail.h"
#include "codec/protobuf_priv.h"

static enum mqc_error decode_receipt(const struct mqc__decoder *decoder, struct mqc_view content,
                                     struct mqc__receipt *out)
{
    struct mqc__wire_reader reader = mqc__wire_reader(content);
    while (reader.at != reader.end) {
        struct mqc__wire_field field;
        const enum mqc_error error =
            mqc__protobuf_next(decoder, &mqc__schema_receipt, &reader, &field);
        if (error != MQC_OK)
            return error;
        switch (field.number) {
        case MQC__TAG_RECEIPT_INSTANCE >> 3: out->instance = field.bytes; break;
        case MQC__TAG_RECEIPT_TOPIC >> 3: out->topic = field.bytes; break;
        case MQC__TAG_RECEIPT_HANDLED_TO >> 3: out->handled_to = field.value; break;
        case MQC__TAG_RECEIPT_WANTS_REPEAT >> 3: out->wants_repeat = field.value != 0; break;
        default: break;
        }
    }
    return MQC_OK;
}

enum mqc_error mqc__protobuf_decode_receipts(const struct mqc__decoder *decoder,
                                             struct mqc_view payload, struct mqc__envelope *out)
{
    if (out->receipt_count == 0)
        return MQC_OK;
    if (out->receipt_count > MQC__RECEIPTS_MAX)
        return mqc__fail(decoder->info, MQC_ETOOLARGE,
                         "an Envelope with %zu receipts, the limit is %d", out->receipt_count,
                         MQC__RECEIPTS_MAX);
    enum mqc_error error = MQC_OK;
    struct mqc__receipt *receipts =
        mqc__protobuf_array(decoder, out->receipt_count, sizeof *receipts, &error);
    if (receipts == NULL)
        return error;
    struct mqc__wire_reader reader = mqc__wire_reader(payload);
    for (size_t i = 0; i < out->receipt_count;) {
        struct mqc__wire_field field;
        error = mqc__protobuf_next(decoder, &mqc__schema_envelope, &reader, &field);
        if (error == MQC_OK && field.number == MQC__TAG_ENVELOPE_RECEIPTS >> 3)
            error = decode_receipt(decoder, field.bytes, &receipts[i++]);
        if (error != MQC_OK)
            return error;
    }
    out->receipts = receipts;
    return MQC_OK;
}
