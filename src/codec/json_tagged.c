#include "base/fail.h"
#include "base/utf8.h"
#include "codec/json_priv.h"
#include "value/text.h"

static enum mqc_error fail_data(const struct mqc__json_reader *reader, enum mqc_type type,
                                const char *expected, struct json_object *data)
{
    return mqc__json_reader_fail(reader, MQC_EMALFORMED, "%s: expected %s, got %s",
                                 mqc_type_name(type), expected, mqc__json_kind_name(data));
}

static enum mqc_error read_number(const struct mqc__json_reader *reader, enum mqc_type type,
                                  struct json_object *data, struct mqc_value *value_out)
{
    value_out->type = type;
    if (type == MQC_TYPE_COUNT && !mqc__json_count(data, &value_out->as.count))
        return fail_data(reader, type, "an integer of 0 to 18446744073709551615", data);
    if (type == MQC_TYPE_INTEGER && !mqc__json_integer(data, &value_out->as.integer))
        return fail_data(reader, type, "an integer of 64 bits", data);
    return MQC_OK;
}

/* A number with a fraction or an exponent; nan and the infinities also as strings. */
static enum mqc_error read_real(const struct mqc__json_reader *reader, struct json_object *data,
                                struct mqc_value *value_out)
{
    const enum mqc__json_kind kind = mqc__json_kind(data);
    *value_out = mqc_real(0);
    if (kind == MQC__JSON_REAL) {
        value_out->as.real = json_object_get_double(data);
        return MQC_OK;
    }
    const bool is_special = kind == MQC__JSON_STRING &&
                            mqc__number_span(mqc__json_text(data)).size == 0 &&
                            mqc__real_parse(mqc__json_text(data), &value_out->as.real);
    return is_special
               ? MQC_OK
               : fail_data(reader, MQC_TYPE_REAL, "a number with a fraction or exponent", data);
}

static enum mqc_error read_string(const struct mqc__json_reader *reader, enum mqc_type type,
                                  struct json_object *data, struct mqc_value *value_out)
{
    if (mqc__json_kind(data) != MQC__JSON_STRING)
        return fail_data(reader, type, "a string", data);
    value_out->type = type;
    return mqc__json_reader_text(reader, mqc__json_text(data), &value_out->as.text);
}

static enum mqc_error read_scalar(const struct mqc__json_reader *reader, enum mqc_type type,
                                  struct json_object *data, struct mqc_value *value_out)
{
    if (mqc__json_kind(data) != MQC__JSON_STRING)
        return fail_data(reader, type, "a string", data);
    const struct mqc_view text = mqc__json_text(data);
    if (mqc__scalar_parse(type, text, value_out))
        return MQC_OK;
    char excerpt[MQC__EXCERPT_BYTES];
    return mqc__json_reader_fail(reader, MQC_EMALFORMED, "%s is no %s", mqc__excerpt(text, excerpt),
                                 mqc_type_name(type));
}

static enum mqc_error read_list(struct mqc__json_reader *reader, enum mqc_type type, int depth,
                                struct json_object *data, struct mqc_value *value_out)
{
    if (mqc__json_kind(data) != MQC__JSON_ARRAY)
        return fail_data(reader, type, "an array", data);
    const size_t count = mqc__json_size(data);
    void *memory = NULL;
    enum mqc_error error = mqc__json_reader_alloc(reader, count, sizeof(struct mqc_value), &memory);
    if (error != MQC_OK)
        return error;
    struct mqc_value *items = memory;
    const unsigned level = reader->path_size++;
    for (size_t i = 0; i < count; i++) {
        reader->path[level] = i;
        error = mqc__json_read_tagged(reader, mqc__json_item(data, i), depth + 1, &items[i]);
        if (error != MQC_OK)
            return error;
    }
    reader->path_size--;
    if (type == MQC_TYPE_SET)
        return mqc__json_finish_set(reader, items, count, value_out);
    *value_out = mqc_vector(items, count);
    return MQC_OK;
}

static enum mqc_error read_entry(struct mqc__json_reader *reader, int depth,
                                 struct json_object *node, struct mqc_entry *entry_out)
{
    struct json_object *key = NULL;
    struct json_object *value = NULL;
    if (mqc__json_kind(node) != MQC__JSON_OBJECT || !mqc__json_find(node, "key", &key) ||
        !mqc__json_find(node, "value", &value))
        return mqc__json_reader_fail(reader, MQC_EMALFORMED,
                                     "table: an entry is no object with key and value");
    const enum mqc_error error = mqc__json_read_tagged(reader, key, depth + 1, &entry_out->key);
    if (error != MQC_OK)
        return error;
    return mqc__json_read_tagged(reader, value, depth + 1, &entry_out->value);
}

static enum mqc_error read_table(struct mqc__json_reader *reader, int depth,
                                 struct json_object *data, struct mqc_value *value_out)
{
    if (mqc__json_kind(data) != MQC__JSON_ARRAY)
        return fail_data(reader, MQC_TYPE_TABLE, "an array", data);
    const size_t count = mqc__json_size(data);
    void *memory = NULL;
    enum mqc_error error = mqc__json_reader_alloc(reader, count, sizeof(struct mqc_entry), &memory);
    if (error != MQC_OK)
        return error;
    struct mqc_entry *entries = memory;
    const unsigned level = reader->path_size++;
    for (size_t i = 0; i < count; i++) {
        reader->path[level] = i;
        error = read_entry(reader, depth, mqc__json_item(data, i), &entries[i]);
        if (error != MQC_OK)
            return error;
    }
    reader->path_size--;
    return mqc__json_finish_table(reader, entries, count, value_out);
}

static enum mqc_error read_data(struct mqc__json_reader *reader, enum mqc_type type, int depth,
                                struct json_object *data, struct mqc_value *value_out)
{
    switch (type) {
    case MQC_TYPE_NONE: *value_out = mqc_none(); return MQC_OK;
    case MQC_TYPE_BOOLEAN:
        if (mqc__json_kind(data) != MQC__JSON_BOOLEAN)
            return fail_data(reader, type, "true or false", data);
        *value_out = mqc_boolean(json_object_get_boolean(data) != 0);
        return MQC_OK;
    case MQC_TYPE_COUNT:
    case MQC_TYPE_INTEGER: return read_number(reader, type, data, value_out);
    case MQC_TYPE_REAL: return read_real(reader, data, value_out);
    case MQC_TYPE_STRING:
    case MQC_TYPE_ENUM: return read_string(reader, type, data, value_out);
    case MQC_TYPE_SET:
    case MQC_TYPE_VECTOR: return read_list(reader, type, depth, data, value_out);
    case MQC_TYPE_TABLE: return read_table(reader, depth, data, value_out);
    default: return read_scalar(reader, type, data, value_out);
    }
}

static bool has_name(enum mqc_type type, struct mqc_view name, enum mqc_type *type_out)
{
    const char *candidate = mqc_type_name(type);
    /* Most differ in their first character. */
    if (name.size == 0 || name.data[0] != candidate[0] ||
        !mqc_view_equal(name, mqc_view_text(candidate)))
        return false;
    *type_out = type;
    return true;
}

bool mqc__json_find_type(struct mqc_view name, enum mqc_type *type_out)
{
    /* What events consist of, mostly. */
    static const enum mqc_type usual[] = {MQC_TYPE_STRING, MQC_TYPE_COUNT, MQC_TYPE_VECTOR};
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (has_name(usual[i], name, type_out))
            return true;
    for (int type = MQC_TYPE_NONE; type <= MQC_TYPE_VECTOR; type++)
        if (has_name((enum mqc_type)type, name, type_out))
            return true;
    return false;
}

enum mqc_error mqc__json_read_tagged(struct mqc__json_reader *reader, struct json_object *node,
                                     int depth, struct mqc_value *value_out)
{
    if (depth > MQC_MAX_DEPTH)
        return mqc__json_reader_fail(reader, MQC_ETOOLARGE, "nested deeper than %d", MQC_MAX_DEPTH);
    struct json_object *tag = NULL;
    struct json_object *data = NULL;
    enum mqc_type type = MQC_TYPE_NONE;
    if (mqc__json_kind(node) != MQC__JSON_OBJECT)
        return mqc__json_reader_fail(reader, MQC_EMALFORMED,
                                     "expected an object with @data-type and data, got %s",
                                     mqc__json_kind_name(node));
    if (!mqc__json_find(node, "@data-type", &tag) || mqc__json_kind(tag) != MQC__JSON_STRING)
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "no @data-type in an object");
    char excerpt[MQC__EXCERPT_BYTES];
    if (!mqc__json_find_type(mqc__json_text(tag), &type))
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "unknown @data-type %s",
                                     mqc__excerpt(mqc__json_text(tag), excerpt));
    if (!mqc__json_find(node, "data", &data) && type != MQC_TYPE_NONE)
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "%s: no data", mqc_type_name(type));
    return read_data(reader, type, depth, data, value_out);
}

enum mqc_error mqc__json_reader_open(struct mqc__json_reader *reader, struct mqc__arena *arena,
                                     struct mqc_view json, struct json_object **tree_out,
                                     struct mqc_error_info *info)
{
    *reader = (struct mqc__json_reader){.arena = arena, .info = info};
    return mqc__json_tree_parse(json, arena->limit_bytes, tree_out, info);
}

enum mqc_error mqc__json_read_value(struct mqc__arena *arena, struct mqc_view json,
                                    struct mqc_value *value_out, struct mqc_error_info *info)
{
    struct mqc__json_reader reader;
    struct json_object *tree = NULL;
    enum mqc_error error = mqc__json_reader_open(&reader, arena, json, &tree, info);
    if (error != MQC_OK)
        return error;
    error = mqc__json_read_tagged(&reader, tree, 1, value_out);
    mqc__json_tree_free(&tree);
    return error;
}
