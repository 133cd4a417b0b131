#include "base/fail.h"
#include "codec/protobuf_priv.h"

enum mqc_error mqc__protobuf_refuse_bytes(const struct mqc__decoder *decoder, const uint8_t *at,
                                          enum mqc_error code, const char *problem)
{
    return mqc__fail(decoder->info, code, "no Envelope that can be read: at byte %zu: %s",
                     (size_t)(at - decoder->start), problem);
}

enum mqc_error mqc__protobuf_refuse(const struct mqc__decoder *decoder, enum mqc_error code,
                                    const char *problem)
{
    /* The name comes from outside and the text goes into logs: nothing but printable characters. */
    char name[65];
    size_t length = 0;
    for (; length < decoder->event_name.size && length < sizeof name - 1; length++) {
        const char byte = decoder->event_name.data[length];
        name[length] = '?';
        if (byte >= ' ' && byte <= '~')
            name[length] = byte;
    }
    name[length] = '\0';
    if (decoder->part == NULL)
        return mqc__fail(decoder->info, code, "event %zu (%s): %s", decoder->event_number, name,
                         problem);
    return mqc__fail(decoder->info, code, "event %zu (%s), %s %zu: %s", decoder->event_number, name,
                     decoder->part, decoder->part_number, problem);
}

void *mqc__protobuf_array(const struct mqc__decoder *decoder, size_t count, size_t size,
                          enum mqc_error *error_out)
{
    void *array = mqc__arena_array(decoder->arena, count, size);
    if (array != NULL)
        return array;
    *error_out = decoder->arena->is_over_limit
                     ? mqc__fail(decoder->info, MQC_ETOOLARGE,
                                 "the payload takes more than %zu bytes when decoded",
                                 decoder->arena->limit_bytes)
                     : mqc__fail(decoder->info, MQC_ENOMEM, "no memory to decode a payload");
    return NULL;
}

enum mqc_error mqc__protobuf_next_any(const struct mqc__decoder *decoder,
                                      const struct mqc__wire_schema *schema,
                                      struct mqc__wire_reader *reader,
                                      struct mqc__wire_field *field_out)
{
    *field_out = (struct mqc__wire_field){.value = 0};
    const char *problem = mqc__wire_read_tag(reader, field_out);
    if (problem == NULL && field_out->number <= schema->field_count &&
        schema->tags[field_out->number] != 0 &&
        (schema->tags[field_out->number] & 7U) != field_out->wire_type)
        problem = "a field has another wire type than the schema's";
    if (problem == NULL)
        problem = mqc__wire_read_content(reader, field_out);
    if (problem == NULL)
        return MQC_OK;
    return mqc__protobuf_refuse_bytes(decoder, reader->at, MQC_EMALFORMED, problem);
}
