#include "unit/mqtt/envelope_double.h"

#include "codec/compress.h"
#include "codec/protobuf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum mqc_error mqc__protobuf_header(const struct mqc__envelope_header *header,
                                    struct mqc__buffer *buffer)
{
    const struct mqc__sender *sender = &header->sender;
    char text[400];
    char more[100] = "";
    char after[100] = "";
    char piece[60] = "";
    if (header->receipt != MQC__RECEIPT_NONE)
        (void)snprintf(more, sizeof more, " receipt %d kept %" PRIu64 "%s%.*s", header->receipt,
                       header->kept_from, header->topic.size != 0 ? " of " : "",
                       (int)header->topic.size, header->topic.data);
    if (header->after.instance.size != 0)
        (void)snprintf(after, sizeof after, " after %.*s %" PRIu64 " kept %" PRIu64,
                       (int)header->after.instance.size, header->after.instance.data,
                       header->after.sequence, header->after.kept_from);
    if (header->piece.total != 0)
        (void)snprintf(piece, sizeof piece, " piece %" PRIu64 " of %" PRIu64, header->piece.offset,
                       header->piece.total);
    (void)snprintf(text, sizeof text, "%.*s/%.*s/%" PRIu64 "/%d%s%s%s|", (int)sender->instance.size,
                   sender->instance.data, (int)sender->node.size, sender->node.data,
                   header->first_sequence, header->starts_count ? 1 : 0, more, after, piece);
    (void)mqc__buffer_append_text(buffer, text);
    (void)mqc__buffer_append(buffer, header->piece.content.data, header->piece.content.size);
    return mqc__buffer_failed(buffer) ? MQC_ENOMEM : MQC_OK;
}

bool envelope_double_read(struct mqc_view payload, struct envelope_double *envelope_out)
{
    const char *end = payload.size != 0 ? memchr(payload.data, '|', payload.size) : NULL;
    if (end == NULL || end - payload.data >= 100)
        return false;
    char text[100] = "";
    memcpy(text, payload.data, (size_t)(end - payload.data));
    char *starts = strrchr(text, '/');
    if (starts == NULL)
        return false;
    *starts++ = '\0';
    char *first = strrchr(text, '/');
    if (first == NULL)
        return false;
    *first++ = '\0';
    (void)snprintf(envelope_out->sender, sizeof envelope_out->sender, "%s", text);
    envelope_out->first_sequence = strtoull(first, NULL, 10);
    envelope_out->starts_count = strcmp(starts, "1") == 0;
    envelope_out->events = mqc_view_bytes(end + 1, payload.size - (size_t)(end + 1 - payload.data));
    return true;
}

struct mqc__compressor {
    int level;
};

struct mqc__compressor *mqc__compressor_new(int level)
{
    struct mqc__compressor *compressor = malloc(sizeof *compressor);
    if (compressor != NULL)
        compressor->level = level;
    return compressor;
}

void mqc__compressor_free(struct mqc__compressor **compressor)
{
    free(*compressor);
    *compressor = NULL;
}

bool mqc__compress(struct mqc__compressor *compressor, struct mqc_view events,
                   struct mqc__buffer *buffer)
{
    char text[40];
    (void)snprintf(text, sizeof text, "level %d: %zu bytes", compressor->level, events.size);
    return events.size >= ENVELOPE_DOUBLE_COMPRESSED_BYTES && mqc__buffer_append_text(buffer, text);
}
