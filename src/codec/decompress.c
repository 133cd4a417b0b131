#include "codec/decompress.h"

#include "base/fail.h"
#include "codec/compress.h"
#include "codec/dictionary.h"
#include "codec/protobuf_schema.h"

#include <inttypes.h>
#include <zstd.h>

void mqc__decompressor_fini(struct mqc__decompressor *decompressor)
{
    (void)ZSTD_freeDCtx(decompressor->context);
    (void)ZSTD_freeDDict(decompressor->dictionary);
    *decompressor = (struct mqc__decompressor){NULL, NULL};
}

/* One frame of zstd's and nothing else: neither frames to be skipped nor those of old versions. */
static bool is_frame(struct mqc_view bytes)
{
    struct mqc__wire_reader reader = mqc__wire_reader(bytes);
    struct mqc__wire_field magic;
    return mqc__wire_read_fixed(&reader, &magic, 4) == NULL && magic.value == ZSTD_MAGICNUMBER &&
           ZSTD_findFrameCompressedSize(bytes.data, bytes.size) == bytes.size;
}

/* Looks at everything but the compressed bytes themselves. */
static enum mqc_error check(const struct mqc__envelope *envelope, size_t *size_out,
                            struct mqc_error_info *info)
{
    const struct mqc_view frame = envelope->compressed_events;
    if (envelope->compression != MQC__COMPRESSION_ZSTD)
        return mqc__fail(info, MQC_EMALFORMED,
                         "its events are compressed in a way, number %" PRIu64
                         ", that this version "
                         "does not know",
                         envelope->compression);
    if (envelope->event_count != 0)
        return mqc__fail(info, MQC_EMALFORMED, "it has events beside compressed ones");
    if (!is_frame(frame))
        return mqc__fail(info, MQC_EMALFORMED,
                         "its compressed events are cut off or not one frame of zstd's");
    const unsigned dictionary = ZSTD_getDictID_fromFrame(frame.data, frame.size);
    if (dictionary != 0 && dictionary != MQC__DICTIONARY_ID)
        return mqc__fail(
            info, MQC_EMALFORMED,
            "its events are compressed with a dictionary, number %u, that this version "
            "does not have",
            dictionary);
    const unsigned long long size = ZSTD_getFrameContentSize(frame.data, frame.size);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
        return mqc__fail(info, MQC_EMALFORMED,
                         "its compressed events do not say how large they are");
    if (size > MQC__COMPRESSED_EVENTS_BYTES_MAX)
        return mqc__fail(info, MQC_ETOOLARGE,
                         "its compressed events are %llu bytes large when decompressed, the limit "
                         "is %zu",
                         size, MQC__COMPRESSED_EVENTS_BYTES_MAX);
    *size_out = (size_t)size;
    return MQC_OK;
}

static bool is_ready(struct mqc__decompressor *decompressor)
{
    if (decompressor->context == NULL)
        decompressor->context = ZSTD_createDCtx();
    if (decompressor->dictionary == NULL)
        decompressor->dictionary = ZSTD_createDDict(mqc__dictionary, mqc__dictionary_bytes);
    return decompressor->context != NULL && decompressor->dictionary != NULL;
}

enum mqc_error mqc__decompress(struct mqc__decompressor *decompressor, struct mqc__arena *arena,
                               const struct mqc__envelope *envelope, struct mqc_view *events_out,
                               struct mqc_error_info *info)
{
    const struct mqc_view frame = envelope->compressed_events;
    size_t size = 0;
    const enum mqc_error error = check(envelope, &size, info);
    if (error != MQC_OK)
        return error;
    void *events = mqc__arena_alloc(arena, size);
    if (events == NULL && arena->is_over_limit)
        return mqc__fail(info, MQC_ETOOLARGE, "its compressed events take more than %zu bytes",
                         arena->limit_bytes);
    if (events == NULL || !is_ready(decompressor))
        return mqc__fail(info, MQC_ENOMEM, "no memory to decompress events");
    /* A frame that was made without a dictionary comes out right with one, too. */
    const size_t written = ZSTD_decompress_usingDDict(
        decompressor->context, events, size, frame.data, frame.size, decompressor->dictionary);
    if (ZSTD_isError(written) || written != size)
        return mqc__fail(info, MQC_EMALFORMED, "its compressed events cannot be decompressed: %s",
                         ZSTD_isError(written) ? ZSTD_getErrorName(written) : "they are cut off");
    *events_out = mqc_view_bytes(events, size);
    return MQC_OK;
}
