#include "codec/compress.h"

#include "codec/dictionary.h"
#include "codec/protobuf_schema.h"

#include <stdlib.h>
#include <zstd.h>

/* Compressed events that do not save this part of their size cost more time than they are worth. */
#define LEAST_SAVED 8

/* In front of the compressed bytes: the field with their kind, a tag, and a length of a size of at
 * most MQC__COMPRESSED_EVENTS_BYTES_MAX. */
#define PREFIX_BYTES ((size_t)6)

struct mqc__compressor {
    ZSTD_CCtx *context;
    ZSTD_CDict *dictionary;
};

struct mqc__compressor *mqc__compressor_new(int level)
{
    struct mqc__compressor *compressor = calloc(1, sizeof *compressor);
    if (compressor == NULL)
        return NULL;
    compressor->context = ZSTD_createCCtx();
    compressor->dictionary = ZSTD_createCDict(mqc__dictionary, mqc__dictionary_bytes, level);
    if (compressor->context == NULL || compressor->dictionary == NULL ||
        ZSTD_isError(ZSTD_CCtx_refCDict(compressor->context, compressor->dictionary)))
        mqc__compressor_free(&compressor);
    return compressor;
}

void mqc__compressor_free(struct mqc__compressor **compressor)
{
    struct mqc__compressor *gone = *compressor;
    if (gone == NULL)
        return;
    (void)ZSTD_freeCCtx(gone->context);
    (void)ZSTD_freeCDict(gone->dictionary);
    free(gone);
    *compressor = NULL;
}

/* Compresses the events behind the prefix and puts that before them. Returns the size of both,
 * which begin where `room` does; 0: they need more room, or there is no memory. */
static size_t fill(const struct mqc__compressor *compressor, struct mqc_view events, uint8_t *room,
                   size_t room_bytes)
{
    uint8_t *start = room + PREFIX_BYTES;
    const size_t size = ZSTD_compress2(compressor->context, start, room_bytes - PREFIX_BYTES,
                                       events.data, events.size);
    if (ZSTD_isError(size))
        return 0;
    struct mqc__wire_writer writer = {.at = start};
    const uint8_t *end = start + size;
    mqc__wire_enclose(&writer, end, MQC__TAG_ENVELOPE_COMPRESSED_EVENTS);
    mqc__wire_put_varint(&writer, MQC__COMPRESSION_ZSTD);
    mqc__wire_put_byte(&writer, MQC__TAG_ENVELOPE_COMPRESSION);
    const size_t whole = (size_t)(end - writer.at);
    memmove(room, writer.at, whole);
    return whole;
}

bool mqc__compress(struct mqc__compressor *compressor, struct mqc_view events,
                   struct mqc__buffer *buffer)
{
    const size_t room_bytes = events.size - events.size / LEAST_SAVED;
    if (room_bytes <= PREFIX_BYTES || events.size > MQC__COMPRESSED_EVENTS_BYTES_MAX)
        return false;
    const size_t size_before = buffer->size;
    const bool had_failed = mqc__buffer_failed(buffer);
    uint8_t *room = mqc__buffer_extend(buffer, room_bytes);
    const size_t size = room != NULL ? fill(compressor, events, room, room_bytes) : 0;
    buffer->size = size_before + size;
    buffer->has_failed = had_failed;
    return size != 0;
}
