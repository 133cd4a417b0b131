#include "codec/json_priv.h"

static enum mqc_error read_strings(struct mqc__json_reader *reader, struct json_object *tree,
                                   struct mqc_view **strings_out, size_t *count_out)
{
    if (mqc__json_kind(tree) != MQC__JSON_ARRAY)
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "expected an array, got %s",
                                     mqc__json_kind_name(tree));
    const size_t count = mqc__json_size(tree);
    void *memory = NULL;
    enum mqc_error error = mqc__json_reader_alloc(reader, count, sizeof(struct mqc_view), &memory);
    if (error != MQC_OK)
        return error;
    struct mqc_view *strings = memory;
    reader->path_size = 1;
    for (size_t i = 0; i < count; i++) {
        struct json_object *item = mqc__json_item(tree, i);
        reader->path[0] = i;
        if (mqc__json_kind(item) != MQC__JSON_STRING)
            return mqc__json_reader_fail(reader, MQC_ETYPE, "expected a string, got %s",
                                         mqc__json_kind_name(item));
        error = mqc__json_reader_text(reader, mqc__json_text(item), &strings[i]);
        if (error != MQC_OK)
            return error;
    }
    *strings_out = strings;
    *count_out = count;
    return MQC_OK;
}

enum mqc_error mqc__json_read_strings(struct mqc__arena *arena, struct mqc_view json,
                                      struct mqc_view **strings_out, size_t *count_out,
                                      struct mqc_error_info *info)
{
    struct mqc__json_reader reader;
    struct json_object *tree = NULL;
    enum mqc_error error = mqc__json_reader_open(&reader, arena, json, &tree, info);
    if (error != MQC_OK)
        return error;
    error = read_strings(&reader, tree, strings_out, count_out);
    mqc__json_tree_free(&tree);
    return error;
}
