#include "base/utf8.h"
#include "codec/json_plain_priv.h"

/* Finds where a record's field stands in an array by position or an object by name. */
static bool find_field(struct json_object *node, const struct mqc__field_spec *fields, size_t index,
                       struct json_object **value_out)
{
    const size_t count = mqc__json_size(node);
    if (mqc__json_kind(node) == MQC__JSON_ARRAY) {
        *value_out = index < count ? mqc__json_item(node, index) : NULL;
        return index < count;
    }
    for (size_t i = 0; i < count; i++) {
        if (!mqc_view_equal(mqc__json_name(node, i), fields[index].name))
            continue;
        *value_out = mqc__json_value(node, i);
        return true;
    }
    return false;
}

static enum mqc_error read_field(struct mqc__json_reader *reader, const struct mqc__type_spec *spec,
                                 struct json_object *node, int depth, struct mqc_value *value_out)
{
    const size_t index = reader->path[reader->path_size - 1];
    const struct mqc__field_spec *field = &spec->fields[index];
    struct json_object *value = NULL;
    *value_out = mqc_none();
    char excerpt[MQC__EXCERPT_BYTES];
    if (!find_field(node, spec->fields, index, &value))
        return field->is_optional
                   ? MQC_OK
                   : mqc__json_reader_fail(reader, MQC_ETYPE, "the field %s is missing",
                                           mqc__excerpt(field->name, excerpt));
    if (value == NULL)
        return MQC_OK;
    return mqc__json_read_typed(reader, &field->type, value, depth, value_out);
}

/* Names the first member of an object that is no field, or that stands there twice. */
static enum mqc_error check_members(const struct mqc__json_reader *reader,
                                    const struct mqc__type_spec *spec, struct json_object *node)
{
    const size_t count = mqc__json_size(node);
    char excerpt[MQC__EXCERPT_BYTES];
    for (size_t i = 0; i < count; i++) {
        const struct mqc_view name = mqc__json_name(node, i);
        size_t field = 0;
        while (field < spec->field_count && !mqc_view_equal(name, spec->fields[field].name))
            field++;
        size_t first = 0;
        while (!mqc_view_equal(name, mqc__json_name(node, first)))
            first++;
        if (field == spec->field_count || first != i)
            return mqc__json_reader_fail(reader, MQC_ETYPE, "the record has no %sfield %s",
                                         first != i ? "second " : "", mqc__excerpt(name, excerpt));
    }
    return MQC_OK;
}

enum mqc_error mqc__json_plain_record(struct mqc__json_reader *reader,
                                      const struct mqc__type_spec *spec, struct json_object *node,
                                      int depth, struct mqc_value *value_out)
{
    const enum mqc__json_kind kind = mqc__json_kind(node);
    if (kind != MQC__JSON_ARRAY && kind != MQC__JSON_OBJECT)
        return mqc__json_fail_expected(reader, "an object or array of a record's fields", node);
    if (kind == MQC__JSON_ARRAY && mqc__json_size(node) > spec->field_count)
        return mqc__json_reader_fail(reader, MQC_ETYPE, "the record has only %zu fields",
                                     spec->field_count);
    enum mqc_error error = kind == MQC__JSON_OBJECT ? check_members(reader, spec, node) : MQC_OK;
    void *memory = NULL;
    if (error == MQC_OK)
        error =
            mqc__json_reader_alloc(reader, spec->field_count, sizeof(struct mqc_value), &memory);
    struct mqc_value *items = memory;
    const unsigned level = reader->path_size++;
    for (size_t i = 0; i < spec->field_count && error == MQC_OK; i++) {
        reader->path[level] = i;
        error = read_field(reader, spec, node, depth + 1, &items[i]);
    }
    if (error != MQC_OK)
        return error;
    reader->path_size--;
    *value_out = mqc_vector(items, spec->field_count);
    return MQC_OK;
}
