#include "api/mqcluster.h"

#include "api/text.h"
#include "base/fail.h"
#include "codec/json.h"

#include <stdlib.h>

/* What reading one key may take. */
#define KEY_MEMORY_BYTES ((size_t)64 << 20)

/* A longer text before a colon is looked at for no type. */
#define TYPE_TEXT_BYTES_MAX ((size_t)1000)

/* A key and the memory that it lives in. */
struct owned_key {
    struct mqc_key key;
    struct mqc__arena arena;
};

/* "::" stands within a name. */
static bool is_single_colon(struct mqc_view text, size_t at)
{
    return text.data[at] == ':' && at > 0 && text.data[at - 1] != ':' &&
           (at + 1 == text.size || text.data[at + 1] != ':');
}

/* Types that the tags of arguments do not know: whose values need more than one word to tell. */
static bool needs_whole_type(const struct mqc__type_spec *spec)
{
    return spec->shape == MQC__SHAPE_SCALAR
               ? spec->scalar == MQC_TYPE_ENUM && spec->enum_name.size != 0
               : spec->shape != MQC__SHAPE_ANY;
}

/* Finds "vector of string:" at the start; *rest_out is what follows. */
static bool find_type(struct owned_key *owned, struct mqc_view text,
                      struct mqc__type_spec *spec_out, struct mqc_view *rest_out)
{
    for (size_t i = 0; i < text.size && i < TYPE_TEXT_BYTES_MAX; i++) {
        struct mqc_view type = {text.data, i};
        if (!is_single_colon(text, i) ||
            mqc__type_parse(&owned->arena, type, spec_out, NULL) != MQC_OK)
            continue;
        if (!needs_whole_type(spec_out) || !mqc__arena_copy(&owned->arena, type, &type))
            return false;
        owned->key.type = type.data;
        *rest_out = mqc_view_bytes(text.data + i + 1, text.size - i - 1);
        return true;
    }
    return false;
}

static enum mqc_error read_typed(struct owned_key *owned, const struct mqc__type_spec *spec,
                                 struct mqc_view rest, struct mqc_error_info *info)
{
    if (spec->shape != MQC__SHAPE_SCALAR)
        return mqc__json_read_as(&owned->arena, rest, spec, &owned->key.value, info);
    owned->key.value = (struct mqc_value){.type = MQC_TYPE_ENUM, .as.text = rest};
    return MQC_OK;
}

static enum mqc_error read_declared(struct owned_key *owned, const char *text, const char *type,
                                    struct mqc_error_info *info)
{
    struct mqc__type_spec spec;
    struct mqc_view copy = {NULL, 0};
    const enum mqc_error error = mqc__type_parse(&owned->arena, mqc_view_text(type), &spec, info);
    if (error != MQC_OK)
        return error;
    if (!mqc__arena_copy(&owned->arena, mqc_view_text(type), &copy))
        return mqc__fail(info, MQC_ENOMEM, "%s", mqc_error_text(MQC_ENOMEM));
    owned->key.type = copy.data;
    return mqc__text_value(&owned->arena, text, &spec, &owned->key.value, info);
}

/* The text is copied first: the value may borrow from it. */
static enum mqc_error read_key(struct owned_key *owned, const char *text, const char *type,
                               struct mqc_error_info *info)
{
    struct mqc_view copy;
    struct mqc_view rest;
    struct mqc__type_spec spec;
    if (!mqc__arena_copy(&owned->arena, mqc_view_text(text), &copy))
        return mqc__fail(info, MQC_ENOMEM, "%s", mqc_error_text(MQC_ENOMEM));
    if (type != NULL)
        return read_declared(owned, copy.data, type, info);
    if (find_type(owned, copy, &spec, &rest))
        return read_typed(owned, &spec, rest, info);
    return mqc__text_value(&owned->arena, copy.data, NULL, &owned->key.value, info);
}

enum mqc_error mqc_key_from_text(const char *text, const char *type, struct mqc_key **key_out,
                                 struct mqc_error_info *info)
{
    if (text == NULL || key_out == NULL)
        return mqc__fail(info, MQC_EINVAL, "mqc_key_from_text: an argument is NULL");
    *key_out = NULL;
    struct owned_key *owned = calloc(1, sizeof *owned);
    if (owned == NULL)
        return mqc__fail(info, MQC_ENOMEM, "%s", mqc_error_text(MQC_ENOMEM));
    mqc__arena_init(&owned->arena, KEY_MEMORY_BYTES);
    struct mqc_key *key = &owned->key;
    const enum mqc_error error = read_key(owned, text, type, info);
    if (error != MQC_OK)
        mqc_key_free(&key);
    *key_out = key;
    return error;
}

void mqc_key_free(struct mqc_key **key)
{
    if (key == NULL || *key == NULL)
        return;
    /* The key is the first member of what mqc_key_from_text() allocated. */
    struct owned_key *owned = (struct owned_key *)*key;
    mqc__arena_fini(&owned->arena);
    free(owned);
    *key = NULL;
}
