#include "codec/json_plain_priv.h"

/* Reads a set's element or a table's key: with several index types an array of that many. */
static enum mqc_error read_index(struct mqc__json_reader *reader, const struct mqc__type_spec *spec,
                                 struct json_object *node, int depth, struct mqc_value *value_out)
{
    if (spec->index_count == 1 || mqc__json_is_tagged(node))
        return mqc__json_read_typed(reader, spec->index, node, depth, value_out);
    if (mqc__json_kind(node) != MQC__JSON_ARRAY || mqc__json_size(node) != spec->index_count)
        return mqc__json_reader_fail(reader, MQC_ETYPE, "expected an array of %zu values",
                                     spec->index_count);
    const struct mqc__json_item_types types = {spec->index, spec->index_count};
    return mqc__json_plain_items(reader, types, node, depth, value_out);
}

enum mqc_error mqc__json_plain_set(struct mqc__json_reader *reader,
                                   const struct mqc__type_spec *spec, struct json_object *node,
                                   int depth, struct mqc_value *value_out)
{
    if (mqc__json_kind(node) != MQC__JSON_ARRAY)
        return mqc__json_fail_expected(reader, "an array", node);
    const size_t count = mqc__json_size(node);
    void *memory = NULL;
    enum mqc_error error = mqc__json_reader_alloc(reader, count, sizeof(struct mqc_value), &memory);
    if (error != MQC_OK)
        return error;
    struct mqc_value *items = memory;
    const unsigned level = reader->path_size++;
    for (size_t i = 0; i < count; i++) {
        reader->path[level] = i;
        error = read_index(reader, spec, mqc__json_item(node, i), depth + 1, &items[i]);
        if (error != MQC_OK)
            return error;
    }
    reader->path_size--;
    return mqc__json_finish_set(reader, items, count, value_out);
}

/* Reads {"key": .., "value": ..}. */
static enum mqc_error read_pair(struct mqc__json_reader *reader, const struct mqc__type_spec *spec,
                                struct json_object *node, int depth, struct mqc_entry *entry_out)
{
    struct json_object *key = NULL;
    struct json_object *value = NULL;
    if (mqc__json_kind(node) != MQC__JSON_OBJECT || mqc__json_size(node) != 2 ||
        !mqc__json_find(node, "key", &key) || !mqc__json_find(node, "value", &value))
        return mqc__json_fail_expected(reader, "an object with \"key\" and \"value\"", node);
    const enum mqc_error error = read_index(reader, spec, key, depth, &entry_out->key);
    if (error != MQC_OK)
        return error;
    return mqc__json_read_typed(reader, spec->yield, value, depth, &entry_out->value);
}

/* Reads "key": value, where the key's text is that of the only index type. */
static enum mqc_error read_member(struct mqc__json_reader *reader,
                                  const struct mqc__type_spec *spec, struct mqc_view name,
                                  struct mqc_entry *entry_out)
{
    const struct mqc__type_spec *index = spec->index;
    if (spec->index_count != 1 ||
        (index->shape != MQC__SHAPE_SCALAR && index->shape != MQC__SHAPE_ANY))
        return mqc__json_reader_fail(reader, MQC_ETYPE,
                                     "expected an array of objects with \"key\" and \"value\"");
    const enum mqc_type type = index->shape == MQC__SHAPE_ANY ? MQC_TYPE_STRING : index->scalar;
    return mqc__json_plain_text(reader, type, name, &entry_out->key);
}

static enum mqc_error read_entry(struct mqc__json_reader *reader, const struct mqc__type_spec *spec,
                                 struct json_object *node, int depth, struct mqc_entry *entry_out)
{
    const size_t i = reader->path[reader->path_size - 1];
    if (mqc__json_kind(node) == MQC__JSON_ARRAY)
        return read_pair(reader, spec, mqc__json_item(node, i), depth, entry_out);
    const enum mqc_error error = read_member(reader, spec, mqc__json_name(node, i), entry_out);
    if (error != MQC_OK)
        return error;
    return mqc__json_read_typed(reader, spec->yield, mqc__json_value(node, i), depth,
                                &entry_out->value);
}

enum mqc_error mqc__json_plain_table(struct mqc__json_reader *reader,
                                     const struct mqc__type_spec *spec, struct json_object *node,
                                     int depth, struct mqc_value *value_out)
{
    const enum mqc__json_kind kind = mqc__json_kind(node);
    if (kind != MQC__JSON_ARRAY && kind != MQC__JSON_OBJECT)
        return mqc__json_fail_expected(reader, "an object, or an array of keys and values", node);
    const size_t count = mqc__json_size(node);
    void *memory = NULL;
    enum mqc_error error = mqc__json_reader_alloc(reader, count, sizeof(struct mqc_entry), &memory);
    if (error != MQC_OK)
        return error;
    struct mqc_entry *entries = memory;
    const unsigned level = reader->path_size++;
    for (size_t i = 0; i < count; i++) {
        reader->path[level] = i;
        error = read_entry(reader, spec, node, depth + 1, &entries[i]);
        if (error != MQC_OK)
            return error;
    }
    reader->path_size--;
    return mqc__json_finish_table(reader, entries, count, value_out);
}
