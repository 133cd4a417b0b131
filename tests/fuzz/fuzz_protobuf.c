/* Payloads that anybody may publish: what decodes is an event like any other, and encodes to bytes
 * that decode to the same; and the code that protoc-c generates reads the same. */
#include "codec/protobuf.h"
#include "fuzz.h"
#include "mqcluster/v1/event.pb-c.h"
#include "value/check.h"

#define LIMIT_BYTES ((size_t)1 << 20)

static void encode(const struct mqc__envelope *envelope, struct mqc__buffer *buffer)
{
    const struct mqc__envelope_header header = {
        .sender = envelope->sender,
        .first_sequence = envelope->first_sequence,
        .starts_count = envelope->starts_count,
        .receipt = envelope->receipt,
        .kept_from = envelope->kept_from,
        .count_age_ms = envelope->count_age_ms,
        .topic = envelope->topic,
        .after = envelope->after,
        .piece = envelope->piece,
    };
    fuzz_require(mqc__protobuf_header(&header, buffer) == MQC_OK,
                 "a decoded header can be encoded");
    fuzz_require(mqc__protobuf_receipts(envelope->receipts, envelope->receipt_count, buffer) ==
                     MQC_OK,
                 "decoded receipts can be encoded");
    for (size_t i = 0; i < envelope->event_count; i++) {
        struct mqc_error_info info = {.code = MQC_OK};
        const enum mqc_error error = mqc__event_check(&envelope->events[i], &info);
        fuzz_require(error == MQC_OK, info.text);
        fuzz_require(mqc__protobuf_event(&envelope->events[i], buffer) == MQC_OK,
                     "a decoded event can be encoded");
    }
}

static void check_again(struct mqc_view encoded)
{
    struct mqc__arena arena;
    struct mqc__buffer again;
    struct mqc__envelope envelope;
    struct mqc_error_info info = {.code = MQC_OK};
    mqc__arena_init(&arena, 64 * LIMIT_BYTES);
    mqc__buffer_init(&again, 64 * LIMIT_BYTES);
    const enum mqc_error error = mqc__protobuf_decode(&arena, encoded, &envelope, &info);
    fuzz_require(error == MQC_OK, info.text);
    fuzz_require(envelope.unknown_count == 0, "what is encoded here is known here");
    encode(&envelope, &again);
    fuzz_require(mqc_view_equal(encoded, mqc__buffer_view(&again)), "the same comes back");
    mqc__buffer_fini(&again);
    mqc__arena_fini(&arena);
}

/* What protobuf-c makes of the payload and writes again. */
static void rewrite(struct mqc_view payload, struct mqc__buffer *rewritten)
{
    Mqcluster__V1__Envelope *envelope = mqcluster__v1__envelope__unpack(
        NULL, payload.size, (const uint8_t *)(payload.size != 0 ? payload.data : ""));
    fuzz_require(envelope != NULL, "protobuf-c reads what is read here");
    const size_t size = mqcluster__v1__envelope__get_packed_size(envelope);
    uint8_t *bytes = size != 0 ? mqc__buffer_extend(rewritten, size) : NULL;
    fuzz_require(bytes != NULL || size == 0, "there is room");
    if (bytes != NULL)
        (void)mqcluster__v1__envelope__pack(envelope, bytes);
    mqcluster__v1__envelope__free_unpacked(envelope, NULL);
}

static void check_generated(struct mqc_view payload, struct mqc_view encoded)
{
    struct mqc__arena arena;
    struct mqc__buffer rewritten;
    struct mqc__buffer again;
    struct mqc__envelope envelope;
    struct mqc_error_info info = {.code = MQC_OK};
    mqc__arena_init(&arena, 64 * LIMIT_BYTES);
    mqc__buffer_init(&rewritten, 64 * LIMIT_BYTES);
    mqc__buffer_init(&again, 64 * LIMIT_BYTES);
    rewrite(payload, &rewritten);
    const enum mqc_error error =
        mqc__protobuf_decode(&arena, mqc__buffer_view(&rewritten), &envelope, &info);
    fuzz_require(error == MQC_OK, info.text);
    encode(&envelope, &again);
    fuzz_require(mqc_view_equal(encoded, mqc__buffer_view(&again)), "protobuf-c reads the same");
    mqc__buffer_fini(&again);
    mqc__buffer_fini(&rewritten);
    mqc__arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct mqc__arena arena;
    struct mqc__envelope envelope;
    struct mqc_error_info info = {.code = MQC_OK};
    mqc__arena_init(&arena, LIMIT_BYTES);
    const enum mqc_error error =
        mqc__protobuf_decode(&arena, mqc_view_bytes(data, size), &envelope, &info);
    if (error == MQC_OK) {
        struct mqc__buffer buffer;
        mqc__buffer_init(&buffer, 64 * LIMIT_BYTES);
        encode(&envelope, &buffer);
        check_again(mqc__buffer_view(&buffer));
        check_generated(mqc_view_bytes(data, size), mqc__buffer_view(&buffer));
        mqc__buffer_fini(&buffer);
    } else {
        fuzz_require_failure(error, &info, MQC_EMALFORMED, MQC_ETOOLARGE);
    }
    mqc__arena_fini(&arena);
    return 0;
}
