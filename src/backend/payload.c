#include "backend/payload.h"

#include "base/fail.h"
#include "codec/compress.h"

#include <strings.h>

/* Small payloads get this much in any case. */
#define LEAST_MEMORY_BYTES ((size_t)64 * 1024)

/* The smallest value on the wire takes two bytes, and some hundred when decoded. */
#define MEMORY_PER_BYTE 64

size_t mqc__payload_memory_limit(size_t payload_bytes)
{
    return payload_bytes < SIZE_MAX / MEMORY_PER_BYTE - LEAST_MEMORY_BYTES
               ? LEAST_MEMORY_BYTES + payload_bytes * MEMORY_PER_BYTE
               : SIZE_MAX;
}

static bool looks_like_json(struct mqc_view payload)
{
    size_t i = 0;
    while (i < payload.size && memchr(" \t\r\n", payload.data[i], 4) != NULL)
        i++;
    return i < payload.size && payload.data[i] == '{';
}

static bool is_json(const struct mqc__payload_source *source)
{
    const struct mqc_view type = source->content_type;
    const size_t size = sizeof MQC__CONTENT_TYPE_JSON - 1;
    if (type.size == 0)
        return looks_like_json(source->payload);
    /* Parameters may follow: application/json; charset=utf-8 */
    return type.size >= size && strncasecmp(type.data, MQC__CONTENT_TYPE_JSON, size) == 0 &&
           (type.size == size || type.data[size] == ';' || type.data[size] == ' ');
}

static enum mqc_error read_json(struct mqc__arena *arena, const struct mqc__payload_source *source,
                                struct mqc__envelope *envelope, struct mqc_error_info *info)
{
    struct mqc__json_request *request = mqc__arena_alloc(arena, sizeof *request);
    if (request == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    const enum mqc_error error =
        mqc__json_read_any(arena, source->payload, source->signatures, request, info);
    envelope->events = &request->event;
    envelope->event_count = 1;
    return error;
}

static enum mqc_error read_compressed(struct mqc__arena *arena,
                                      const struct mqc__payload_source *source,
                                      struct mqc__envelope *envelope, struct mqc_error_info *info)
{
    struct mqc_view events;
    arena->limit_bytes = arena->used_bytes + MQC__COMPRESSED_EVENTS_BYTES_MAX;
    const enum mqc_error error =
        mqc__decompress(source->decompressor, arena, envelope, &events, info);
    if (error != MQC_OK)
        return error;
    arena->limit_bytes = arena->used_bytes + mqc__payload_memory_limit(events.size);
    return mqc__protobuf_decode_events(arena, events, envelope, info);
}

enum mqc_error mqc__payload_read(struct mqc__arena *arena, const struct mqc__payload_source *source,
                                 struct mqc__envelope *envelope_out, struct mqc_error_info *info)
{
    *envelope_out = (struct mqc__envelope){0};
    if (is_json(source))
        return read_json(arena, source, envelope_out, info);
    const enum mqc_error error = mqc__protobuf_decode(arena, source->payload, envelope_out, info);
    return error == MQC_OK && mqc__envelope_is_compressed(envelope_out)
               ? read_compressed(arena, source, envelope_out, info)
               : error;
}
