#include "value/signature.h"

static bool equal_types(const struct mqc__type_spec *a, const struct mqc__type_spec *b);

static bool equal_rows(const struct mqc__type_spec *a, const struct mqc__type_spec *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!equal_types(&a[i], &b[i]))
            return false;
    return true;
}

static bool equal_fields(const struct mqc__field_spec *a, const struct mqc__field_spec *b,
                         size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i].is_optional != b[i].is_optional || !equal_types(&a[i].type, &b[i].type))
            return false;
    return true;
}

static bool equal_types(const struct mqc__type_spec *a, const struct mqc__type_spec *b)
{
    if (a->shape != b->shape || a->scalar != b->scalar || a->index_count != b->index_count ||
        a->field_count != b->field_count || (a->yield == NULL) != (b->yield == NULL))
        return false;
    return equal_rows(a->index, b->index, a->index_count) &&
           equal_fields(a->fields, b->fields, a->field_count) &&
           (a->yield == NULL || equal_types(a->yield, b->yield));
}

bool mqc__signature_equal(const struct mqc__signature *a, const struct mqc__signature *b)
{
    return a->param_count == b->param_count && equal_fields(a->params, b->params, a->param_count);
}

static enum mqc_error copy_type(struct mqc__arena *arena, const struct mqc__type_spec *from,
                                struct mqc__type_spec *to);

static enum mqc_error copy_index(struct mqc__arena *arena, const struct mqc__type_spec *from,
                                 struct mqc__type_spec *to)
{
    struct mqc__type_spec *index = mqc__arena_array(arena, from->index_count, sizeof *index);
    if (index == NULL)
        return MQC_ENOMEM;
    for (size_t i = 0; i < from->index_count; i++) {
        const enum mqc_error error = copy_type(arena, &from->index[i], &index[i]);
        if (error != MQC_OK)
            return error;
    }
    to->index = index;
    return MQC_OK;
}

static enum mqc_error copy_fields(struct mqc__arena *arena, const struct mqc__field_spec *from,
                                  size_t count, const struct mqc__field_spec **fields_out)
{
    struct mqc__field_spec *fields = mqc__arena_array(arena, count, sizeof *fields);
    if (fields == NULL)
        return MQC_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        fields[i].is_optional = from[i].is_optional;
        if (!mqc__arena_copy(arena, from[i].name, &fields[i].name))
            return MQC_ENOMEM;
        const enum mqc_error error = copy_type(arena, &from[i].type, &fields[i].type);
        if (error != MQC_OK)
            return error;
    }
    *fields_out = fields;
    return MQC_OK;
}

static enum mqc_error copy_yield(struct mqc__arena *arena, const struct mqc__type_spec *from,
                                 struct mqc__type_spec *to)
{
    if (from->yield == NULL)
        return MQC_OK;
    struct mqc__type_spec *yield = mqc__arena_alloc(arena, sizeof *yield);
    to->yield = yield;
    return yield != NULL ? copy_type(arena, from->yield, yield) : MQC_ENOMEM;
}

static enum mqc_error copy_type(struct mqc__arena *arena, const struct mqc__type_spec *from,
                                struct mqc__type_spec *to)
{
    *to = *from;
    if (from->enum_name.size != 0 && !mqc__arena_copy(arena, from->enum_name, &to->enum_name))
        return MQC_ENOMEM;
    enum mqc_error error = copy_index(arena, from, to);
    if (error == MQC_OK)
        error = copy_fields(arena, from->fields, from->field_count, &to->fields);
    return error == MQC_OK ? copy_yield(arena, from, to) : error;
}

enum mqc_error mqc__signature_copy(struct mqc__arena *arena, const struct mqc__signature *signature,
                                   struct mqc__signature *copy_out)
{
    copy_out->param_count = signature->param_count;
    if (!mqc__arena_copy(arena, signature->event, &copy_out->event))
        return MQC_ENOMEM;
    return copy_fields(arena, signature->params, signature->param_count, &copy_out->params);
}
