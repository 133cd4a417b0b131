#include "base/fail.h"
#include "codec/json_priv.h"

static size_t string_bytes(struct json_object *node)
{
    if (json_object_is_type(node, json_type_string))
        return (size_t)json_object_get_string_len(node);
    if (!json_object_is_type(node, json_type_array))
        return 0;
    size_t bytes = 0;
    const size_t count = json_object_array_length(node);
    for (size_t i = 0; i < count; i++)
        bytes += string_bytes(json_object_array_get_idx(node, i));
    return bytes;
}

static enum mqc_error parse(struct json_tokener *tokener, const struct mqc__json_scan *scan,
                            struct json_object **tree_out, struct mqc_error_info *info)
{
    const struct mqc_view text = mqc__buffer_view(&scan->text);
    struct json_object *tree = json_tokener_parse_ex(tokener, text.data, (int)text.size);
    /* The scan found the text to be in order, so memory is all that can be missing. Without it
     * json-c says that a token is wrong, or stops early, or leaves out text and calls it a success.
     */
    const bool is_whole = json_tokener_get_error(tokener) == json_tokener_success &&
                          json_tokener_get_parse_end(tokener) + 1 >= text.size &&
                          string_bytes(tree) == scan->string_bytes;
    if (!is_whole) {
        json_object_put(tree);
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    }
    *tree_out = tree;
    return MQC_OK;
}

enum mqc_error mqc__json_tree_parse(struct mqc_view json, size_t heap_limit,
                                    struct json_object **tree_out, struct mqc_error_info *info)
{
    struct mqc__json_scan scan;
    enum mqc_error error = mqc__json_scan(json, heap_limit, &scan, info);
    if (error != MQC_OK)
        return error;
    struct json_tokener *tokener = json_tokener_new_ex((int)scan.levels + 2);
    if (tokener != NULL) {
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
        error = parse(tokener, &scan, tree_out, info);
        json_tokener_free(tokener);
    } else {
        error = mqc__fail(info, MQC_ENOMEM, "out of memory");
    }
    mqc__buffer_fini(&scan.text);
    return error;
}

void mqc__json_tree_free(struct json_object **tree)
{
    (void)json_object_put(*tree);
    *tree = NULL;
}

enum mqc__json_kind mqc__json_kind(struct json_object *node)
{
    switch (json_object_get_type(node)) {
    case json_type_boolean: return MQC__JSON_BOOLEAN;
    case json_type_int: return MQC__JSON_INTEGER;
    case json_type_double: return MQC__JSON_REAL;
    case json_type_string: return MQC__JSON_STRING;
    case json_type_array: break;
    default: return MQC__JSON_NULL;
    }
    const bool is_array =
        json_object_array_length(node) != 0 && json_object_array_get_idx(node, 0) == NULL;
    return is_array ? MQC__JSON_ARRAY : MQC__JSON_OBJECT;
}

const char *mqc__json_kind_name(struct json_object *node)
{
    static const char *const names[] = {
        [MQC__JSON_NULL] = "null",          [MQC__JSON_BOOLEAN] = "a boolean",
        [MQC__JSON_INTEGER] = "an integer", [MQC__JSON_REAL] = "a number that is no 64-bit integer",
        [MQC__JSON_STRING] = "a string",    [MQC__JSON_ARRAY] = "an array",
        [MQC__JSON_OBJECT] = "an object",
    };
    return names[mqc__json_kind(node)];
}

size_t mqc__json_size(struct json_object *node)
{
    const size_t length = json_object_array_length(node);
    return mqc__json_kind(node) == MQC__JSON_ARRAY ? length - 1 : length / 2;
}

struct json_object *mqc__json_item(struct json_object *array, size_t index)
{
    return json_object_array_get_idx(array, index + 1);
}

struct mqc_view mqc__json_name(struct json_object *object, size_t index)
{
    return mqc__json_text(json_object_array_get_idx(object, 2 * index));
}

struct json_object *mqc__json_value(struct json_object *object, size_t index)
{
    return json_object_array_get_idx(object, 2 * index + 1);
}

bool mqc__json_find(struct json_object *object, const char *name, struct json_object **value_out)
{
    const size_t count = mqc__json_size(object);
    for (size_t i = 0; i < count; i++) {
        if (!mqc_view_equal(mqc__json_name(object, i), mqc_view_text(name)))
            continue;
        *value_out = mqc__json_value(object, i);
        return true;
    }
    return false;
}

struct mqc_view mqc__json_text(struct json_object *string)
{
    return mqc_view_bytes(json_object_get_string(string),
                          (size_t)json_object_get_string_len(string));
}

struct mqc_view mqc__json_number_text(struct json_object *number)
{
    /* json_object_new_double_s() keeps a real's own text as its user data; NaN has none. */
    const char *text = json_object_get_userdata(number);
    return mqc_view_text(text != NULL ? text : "nan");
}

bool mqc__json_count(struct json_object *node, uint64_t *count_out)
{
    if (mqc__json_kind(node) != MQC__JSON_INTEGER || json_object_get_int64(node) < 0)
        return false;
    *count_out = json_object_get_uint64(node);
    return true;
}

bool mqc__json_integer(struct json_object *node, int64_t *integer_out)
{
    if (mqc__json_kind(node) != MQC__JSON_INTEGER || json_object_get_uint64(node) > INT64_MAX)
        return false;
    *integer_out = json_object_get_int64(node);
    return true;
}
