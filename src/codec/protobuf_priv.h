#ifndef MQC_CODEC_PROTOBUF_PRIV_H
#define MQC_CODEC_PROTOBUF_PRIV_H

#include "base/arena.h"
#include "codec/protobuf.h"
#include "codec/protobuf_schema.h"
#include "value/event.h"

/* Where the decoder stands, for its error texts, and what it has found so far. */
struct mqc__decoder {
    struct mqc__arena *arena;
    struct mqc_error_info *info;
    const uint8_t *start;
    struct mqc_view event_name;
    size_t event_number; /* from 1 */
    const char *part;    /* "argument" or "metadata" */
    size_t part_number;  /* from 1 */
    size_t unknown_count;
};

/* As mqc__protobuf_next(), for any field. */
enum mqc_error mqc__protobuf_next_any(const struct mqc__decoder *decoder,
                                      const struct mqc__wire_schema *schema,
                                      struct mqc__wire_reader *reader,
                                      struct mqc__wire_field *field_out);

/* Says whether a known field of type BYTES comes, with a tag and a length of one byte each: what
 * most of a payload is made of. */
static inline bool mqc__protobuf_is_short(const struct mqc__wire_schema *schema,
                                          const struct mqc__wire_reader *reader)
{
    const uint8_t *at = reader->at;
    const unsigned number = at[0] >> 3U;
    return reader->end - at >= 2 && at[0] <= 0x7f && number <= schema->field_count &&
           schema->tags[number] == at[0] && (at[0] & 7U) == MQC__WIRE_BYTES && at[1] <= 0x7f &&
           at[1] <= reader->end - at - 2;
}

/* Reads the next field of a message, of which there is one; a known one has the schema's wire type.
 * MQC_EMALFORMED: *info says what and at which byte. */
static inline enum mqc_error mqc__protobuf_next(const struct mqc__decoder *decoder,
                                                const struct mqc__wire_schema *schema,
                                                struct mqc__wire_reader *reader,
                                                struct mqc__wire_field *field_out)
{
    if (!mqc__protobuf_is_short(schema, reader))
        return mqc__protobuf_next_any(decoder, schema, reader, field_out);
    const uint8_t *at = reader->at;
    field_out->number = at[0] >> 3U;
    field_out->wire_type = MQC__WIRE_BYTES;
    field_out->value = 0;
    field_out->bytes = mqc_view_bytes(at + 2, at[1]);
    reader->at = at + 2 + at[1];
    return MQC_OK;
}

/*
 * Decodes a Value's content into a value whose lists are in the decoder's arena and whose text
 * stays where it is, in the payload. `depth` is its own, 1 for an argument. Takes time linear in
 * the size: the fields of each list are looked at twice, first to count them.
 * MQC_EMALFORMED, or MQC_ETOOLARGE (also for too deep nesting) and MQC_ENOMEM by the arena.
 */
enum mqc_error mqc__protobuf_value(struct mqc__decoder *decoder, struct mqc_view content,
                                   unsigned depth, struct mqc_value *out);

/* Decodes the receipts of an Envelope, which were counted, into the arena; their text stays where
 * it is. MQC_EMALFORMED; MQC_ETOOLARGE: too many, or over the arena's limit; MQC_ENOMEM. */
enum mqc_error mqc__protobuf_decode_receipts(const struct mqc__decoder *decoder,
                                             struct mqc_view payload, struct mqc__envelope *out);

/* Fills *info with the problem and the place of the reader; returns the code. */
enum mqc_error mqc__protobuf_refuse_bytes(const struct mqc__decoder *decoder, const uint8_t *at,
                                          enum mqc_error code, const char *problem);

/* Fills *info with where in the event the decoder stands and the problem; returns the code. */
enum mqc_error mqc__protobuf_refuse(const struct mqc__decoder *decoder, enum mqc_error code,
                                    const char *problem);

/* Takes a zeroed array from the arena; on failure *error_out says whether the arena's limit or the
 * memory is exhausted. */
void *mqc__protobuf_array(const struct mqc__decoder *decoder, size_t count, size_t size,
                          enum mqc_error *error_out);

#endif
