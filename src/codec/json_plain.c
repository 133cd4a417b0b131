#include "base/utf8.h"
#include "codec/json_plain_priv.h"
#include "value/text.h"

enum mqc_error mqc__json_fail_expected(const struct mqc__json_reader *reader, const char *expected,
                                       struct json_object *node)
{
    if (mqc__json_kind(node) != MQC__JSON_STRING)
        return mqc__json_reader_fail(reader, MQC_ETYPE, "expected %s, got %s", expected,
                                     mqc__json_kind_name(node));
    char excerpt[MQC__EXCERPT_BYTES];
    return mqc__json_reader_fail(reader, MQC_ETYPE, "expected %s, got %s", expected,
                                 mqc__excerpt(mqc__json_text(node), excerpt));
}

bool mqc__json_is_tagged(struct json_object *node)
{
    struct json_object *tag = NULL;
    return mqc__json_kind(node) == MQC__JSON_OBJECT && mqc__json_find(node, "@data-type", &tag);
}

static bool is_number(struct json_object *node)
{
    const enum mqc__json_kind kind = mqc__json_kind(node);
    return kind == MQC__JSON_INTEGER || kind == MQC__JSON_REAL;
}

static bool seconds_to_ns(struct json_object *number, int64_t *ns_out)
{
    if (mqc__json_kind(number) == MQC__JSON_REAL)
        return mqc__seconds_parse(mqc__json_number_text(number), ns_out);
    int64_t seconds = 0;
    return mqc__json_integer(number, &seconds) &&
           !__builtin_mul_overflow(seconds, INT64_C(1000000000), ns_out);
}

static bool from_number(struct json_object *number, enum mqc_type type, struct mqc_value *value_out)
{
    value_out->type = type;
    uint64_t count = 0;
    switch (type) {
    case MQC_TYPE_COUNT: return mqc__json_count(number, &value_out->as.count);
    case MQC_TYPE_INTEGER: return mqc__json_integer(number, &value_out->as.integer);
    case MQC_TYPE_REAL: value_out->as.real = json_object_get_double(number); return true;
    case MQC_TYPE_PORT:
        if (!mqc__json_count(number, &count) || count > UINT16_MAX)
            return false;
        *value_out = mqc_port((uint16_t)count, MQC_PROTOCOL_TCP);
        return true;
    case MQC_TYPE_TIMESTAMP:
    case MQC_TYPE_TIMESPAN: return seconds_to_ns(number, &value_out->as.ns);
    default: return false;
    }
}

/* Numbers are not read out of strings: "5" for a count is a mistake worth telling. */
static bool is_string_form(enum mqc_type type, struct mqc_view text)
{
    if (type == MQC_TYPE_REAL)
        return mqc__number_span(text).size == 0;
    return type != MQC_TYPE_BOOLEAN && type != MQC_TYPE_COUNT && type != MQC_TYPE_INTEGER;
}

/* Reads the text form of a scalar; strings and enums are copied. */
enum mqc_error mqc__json_plain_text(const struct mqc__json_reader *reader, enum mqc_type type,
                                    struct mqc_view text, struct mqc_value *value_out)
{
    char excerpt[MQC__EXCERPT_BYTES];
    if (!mqc__scalar_parse(type, text, value_out))
        return mqc__json_reader_fail(reader, MQC_ETYPE, "expected %s, got %s",
                                     mqc__scalar_expected(type), mqc__excerpt(text, excerpt));
    if (type != MQC_TYPE_STRING && type != MQC_TYPE_ENUM)
        return MQC_OK;
    return mqc__json_reader_text(reader, text, &value_out->as.text);
}

static enum mqc_error read_scalar(const struct mqc__json_reader *reader, enum mqc_type type,
                                  struct json_object *node, struct mqc_value *value_out)
{
    const enum mqc__json_kind kind = mqc__json_kind(node);
    if (type == MQC_TYPE_BOOLEAN && kind == MQC__JSON_BOOLEAN) {
        *value_out = mqc_boolean(json_object_get_boolean(node) != 0);
        return MQC_OK;
    }
    if (is_number(node) && from_number(node, type, value_out))
        return MQC_OK;
    if (kind == MQC__JSON_STRING && is_string_form(type, mqc__json_text(node)))
        return mqc__json_plain_text(reader, type, mqc__json_text(node), value_out);
    return mqc__json_fail_expected(reader, mqc__scalar_expected(type), node);
}

enum mqc_error mqc__json_plain_items(struct mqc__json_reader *reader,
                                     struct mqc__json_item_types types, struct json_object *array,
                                     int depth, struct mqc_value *vector_out)
{
    const size_t count = mqc__json_size(array);
    void *memory = NULL;
    enum mqc_error error = mqc__json_reader_alloc(reader, count, sizeof(struct mqc_value), &memory);
    if (error != MQC_OK)
        return error;
    struct mqc_value *items = memory;
    const unsigned level = reader->path_size++;
    for (size_t i = 0; i < count; i++) {
        reader->path[level] = i;
        const struct mqc__type_spec *spec = types.count > 1 ? &types.specs[i] : types.specs;
        error = mqc__json_read_typed(reader, spec, mqc__json_item(array, i), depth + 1, &items[i]);
        if (error != MQC_OK)
            return error;
    }
    reader->path_size--;
    *vector_out = mqc_vector(items, count);
    return MQC_OK;
}

static enum mqc_error read_vector(struct mqc__json_reader *reader,
                                  const struct mqc__type_spec *yield, struct json_object *node,
                                  int depth, struct mqc_value *value_out)
{
    if (mqc__json_kind(node) != MQC__JSON_ARRAY)
        return mqc__json_fail_expected(reader, "an array", node);
    return mqc__json_plain_items(reader, (struct mqc__json_item_types){yield, 1}, node, depth,
                                 value_out);
}

static enum mqc_error join(const struct mqc__json_reader *reader, const char *before,
                           struct mqc_view text, const char *after, struct mqc_value *value_out)
{
    const size_t before_size = strlen(before);
    const size_t after_size = strlen(after);
    void *memory = NULL;
    const enum mqc_error error =
        mqc__json_reader_alloc(reader, before_size + text.size + after_size, 1, &memory);
    if (error != MQC_OK)
        return error;
    char *joined = memory;
    memcpy(joined, before, before_size);
    memcpy(joined + before_size, text.data, text.size);
    memcpy(joined + before_size + text.size, after, after_size);
    *value_out = mqc_string(mqc_view_bytes(joined, before_size + text.size + after_size));
    return MQC_OK;
}

/* Makes of a pattern's text what Zeek sends: its exact form and the form that matches anywhere. */
static enum mqc_error read_pattern(struct mqc__json_reader *reader, struct json_object *node,
                                   int depth, struct mqc_value *value_out)
{
    static const struct mqc__type_spec text_spec = {.shape = MQC__SHAPE_SCALAR,
                                                    .scalar = MQC_TYPE_STRING};
    if (mqc__json_kind(node) == MQC__JSON_ARRAY && mqc__json_size(node) == 2)
        return read_vector(reader, &text_spec, node, depth, value_out);
    if (mqc__json_kind(node) != MQC__JSON_STRING)
        return mqc__json_fail_expected(reader, "a pattern's text or its two forms", node);
    void *memory = NULL;
    struct mqc_view text;
    enum mqc_error error = mqc__json_reader_alloc(reader, 2, sizeof(struct mqc_value), &memory);
    if (error == MQC_OK)
        error = mqc__json_reader_text(reader, mqc__json_text(node), &text);
    struct mqc_value *forms = memory;
    if (error == MQC_OK)
        error = join(reader, "^?(", text, ")$?", &forms[0]);
    if (error == MQC_OK)
        error = join(reader, "^?(.|\\n)*(", text, ")", &forms[1]);
    if (error == MQC_OK)
        *value_out = mqc_vector(forms, 2);
    return error;
}

static enum mqc_error guess(struct mqc__json_reader *reader, struct json_object *node, int depth,
                            struct mqc_value *value_out)
{
    switch (mqc__json_kind(node)) {
    case MQC__JSON_NULL: *value_out = mqc_none(); return MQC_OK;
    case MQC__JSON_BOOLEAN: return read_scalar(reader, MQC_TYPE_BOOLEAN, node, value_out);
    case MQC__JSON_INTEGER:
        return read_scalar(reader,
                           json_object_get_int64(node) < 0 ? MQC_TYPE_INTEGER : MQC_TYPE_COUNT,
                           node, value_out);
    case MQC__JSON_REAL: return read_scalar(reader, MQC_TYPE_REAL, node, value_out);
    case MQC__JSON_STRING: return read_scalar(reader, MQC_TYPE_STRING, node, value_out);
    case MQC__JSON_ARRAY: return read_vector(reader, NULL, node, depth, value_out);
    default:
        return mqc__json_reader_fail(reader, MQC_ETYPE,
                                     "a plain object needs a declared record or table type; "
                                     "declare the event or give a tagged value");
    }
}

enum mqc_error mqc__json_read_typed(struct mqc__json_reader *reader,
                                    const struct mqc__type_spec *spec, struct json_object *node,
                                    int depth, struct mqc_value *value_out)
{
    if (mqc__json_is_tagged(node))
        return mqc__json_read_tagged(reader, node, depth, value_out);
    if (depth > MQC_MAX_DEPTH)
        return mqc__json_reader_fail(reader, MQC_ETOOLARGE, "nested deeper than %d", MQC_MAX_DEPTH);
    if (spec == NULL)
        return guess(reader, node, depth, value_out);
    switch (spec->shape) {
    case MQC__SHAPE_ANY: return guess(reader, node, depth, value_out);
    case MQC__SHAPE_SCALAR: return read_scalar(reader, spec->scalar, node, value_out);
    case MQC__SHAPE_SET: return mqc__json_plain_set(reader, spec, node, depth, value_out);
    case MQC__SHAPE_TABLE: return mqc__json_plain_table(reader, spec, node, depth, value_out);
    case MQC__SHAPE_VECTOR: return read_vector(reader, spec->yield, node, depth, value_out);
    case MQC__SHAPE_RECORD: return mqc__json_plain_record(reader, spec, node, depth, value_out);
    case MQC__SHAPE_PATTERN: return read_pattern(reader, node, depth, value_out);
    }
    return mqc__json_reader_fail(reader, MQC_EINVAL, "unknown type");
}
