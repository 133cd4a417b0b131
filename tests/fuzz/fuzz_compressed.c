/* Compressed events that anybody may publish: what decompresses stays within its limits and is
 * decoded like any other; and what is compressed here comes out again. */
#include "codec/compress.h"
#include "codec/decompress.h"
#include "codec/protobuf_schema.h"
#include "fuzz.h"

#define LIMIT_BYTES ((size_t)8 << 20)

/* Made once, as a node does. */
static struct mqc__compressor *compressor;
static struct mqc__decompressor decompressor;

/* The input as the compressed events of an envelope. */
static void check_foreign(struct mqc_view frame)
{
    struct mqc__arena arena;
    struct mqc_view events;
    struct mqc__envelope envelope = {.compression = MQC__COMPRESSION_ZSTD,
                                     .compressed_events = frame};
    struct mqc_error_info info = {.code = MQC_OK};
    mqc__arena_init(&arena, LIMIT_BYTES);
    enum mqc_error error = mqc__decompress(&decompressor, &arena, &envelope, &events, &info);
    if (error == MQC_OK) {
        fuzz_require(events.size <= MQC__COMPRESSED_EVENTS_BYTES_MAX, "the limit is kept");
        error = mqc__protobuf_decode_events(&arena, events, &envelope, &info);
    }
    if (error != MQC_OK)
        fuzz_require_failure(error, &info, MQC_EMALFORMED, MQC_ETOOLARGE);
    mqc__arena_fini(&arena);
}

/* The input as events. */
static void check_own(struct mqc_view events)
{
    struct mqc__arena arena;
    struct mqc__buffer wire;
    struct mqc__envelope envelope;
    struct mqc_view again;
    struct mqc_error_info info = {.code = MQC_OK};
    mqc__arena_init(&arena, LIMIT_BYTES);
    mqc__buffer_init(&wire, LIMIT_BYTES);
    if (mqc__compress(compressor, events, &wire)) {
        fuzz_require(wire.size < events.size, "it is smaller");
        fuzz_require(mqc__protobuf_decode(&arena, mqc__buffer_view(&wire), &envelope, &info) ==
                         MQC_OK,
                     "it is an envelope");
        fuzz_require(mqc__decompress(&decompressor, &arena, &envelope, &again, &info) == MQC_OK,
                     info.text);
        fuzz_require(mqc_view_equal(events, again), "the same comes back");
    }
    mqc__buffer_fini(&wire);
    mqc__arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (compressor == NULL)
        compressor = mqc__compressor_new(1);
    fuzz_require(compressor != NULL, "there is memory");
    check_foreign(mqc_view_bytes(data, size));
    check_own(mqc_view_bytes(data, size));
    return 0;
}
