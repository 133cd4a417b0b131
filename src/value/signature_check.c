#include "value/signature.h"

#include "base/fail.h"

#include <stdio.h>

#define TYPE_TEXT_BYTES 160

static bool fits(const struct mqc__type_spec *spec, const struct mqc_value *value);

/* A record, vector or pattern is a vector on the wire. */
static bool is_vector_shaped(const struct mqc__type_spec *spec)
{
    return spec->shape == MQC__SHAPE_RECORD || spec->shape == MQC__SHAPE_VECTOR ||
           spec->shape == MQC__SHAPE_PATTERN;
}

static bool fits_row(const struct mqc__type_spec *specs, size_t count, struct mqc_list list)
{
    if (list.count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!fits(&specs[i], &list.items[i]))
            return false;
    return true;
}

/* A key of several index types is a vector of them; with one index type it is the plain value, or a
 * vector of one unless the type itself is a vector on the wire. */
static bool fits_key(const struct mqc__type_spec *spec, const struct mqc_value *key)
{
    const bool is_plain = spec->index_count == 1 &&
                          (is_vector_shaped(&spec->index[0]) ||
                           spec->index[0].shape == MQC__SHAPE_ANY || key->type != MQC_TYPE_VECTOR);
    if (is_plain)
        return fits(&spec->index[0], key);
    return key->type == MQC_TYPE_VECTOR && fits_row(spec->index, spec->index_count, key->as.list);
}

static bool fits_set(const struct mqc__type_spec *spec, const struct mqc_value *value)
{
    if (value->type != MQC_TYPE_SET)
        return false;
    for (size_t i = 0; i < value->as.list.count; i++)
        if (!fits_key(spec, &value->as.list.items[i]))
            return false;
    return true;
}

static bool fits_table(const struct mqc__type_spec *spec, const struct mqc_value *value)
{
    if (value->type != MQC_TYPE_TABLE)
        return false;
    for (size_t i = 0; i < value->as.entries.count; i++) {
        const struct mqc_entry *entry = &value->as.entries.items[i];
        if (!fits_key(spec, &entry->key) || !fits(spec->yield, &entry->value))
            return false;
    }
    return true;
}

static bool fits_vector(const struct mqc__type_spec *spec, const struct mqc_value *value)
{
    if (value->type != MQC_TYPE_VECTOR)
        return false;
    for (size_t i = 0; i < value->as.list.count; i++)
        if (!fits(spec->yield, &value->as.list.items[i]))
            return false;
    return true;
}

/* Fields by position; more than declared are ignored, none makes any field unset. */
static bool fits_record(const struct mqc__type_spec *spec, const struct mqc_value *value)
{
    if (value->type != MQC_TYPE_VECTOR || value->as.list.count < spec->field_count)
        return false;
    for (size_t i = 0; i < spec->field_count; i++) {
        const struct mqc_value *field = &value->as.list.items[i];
        if (field->type != MQC_TYPE_NONE && !fits(&spec->fields[i].type, field))
            return false;
    }
    return true;
}

static bool fits_pattern(const struct mqc_value *value)
{
    return value->type == MQC_TYPE_VECTOR && value->as.list.count == 2 &&
           value->as.list.items[0].type == MQC_TYPE_STRING &&
           value->as.list.items[1].type == MQC_TYPE_STRING;
}

static bool fits(const struct mqc__type_spec *spec, const struct mqc_value *value)
{
    switch (spec->shape) {
    case MQC__SHAPE_ANY: return true;
    case MQC__SHAPE_SCALAR: return value->type == spec->scalar;
    case MQC__SHAPE_SET: return fits_set(spec, value);
    case MQC__SHAPE_TABLE: return fits_table(spec, value);
    case MQC__SHAPE_VECTOR: return fits_vector(spec, value);
    case MQC__SHAPE_RECORD: return fits_record(spec, value);
    case MQC__SHAPE_PATTERN: return fits_pattern(value);
    }
    return false;
}

enum mqc_error mqc__type_check(const struct mqc__type_spec *spec, const struct mqc_value *value,
                               const char *what, struct mqc_error_info *info)
{
    if (fits(spec, value))
        return MQC_OK;
    char expected[TYPE_TEXT_BYTES];
    mqc__type_format(spec, expected, sizeof expected);
    const bool is_inside = (spec->shape == MQC__SHAPE_SET && value->type == MQC_TYPE_SET) ||
                           (spec->shape == MQC__SHAPE_TABLE && value->type == MQC_TYPE_TABLE) ||
                           (is_vector_shaped(spec) && value->type == MQC_TYPE_VECTOR);
    return mqc__fail(info, MQC_ETYPE, "%s: got %s%s, expected %s", what, mqc_type_name(value->type),
                     is_inside ? " with contents of another type" : "", expected);
}

static enum mqc_error check_param(const struct mqc__signature *signature, size_t index,
                                  const struct mqc_value *value, struct mqc_error_info *info)
{
    const struct mqc__field_spec *param = &signature->params[index];
    if (fits(&param->type, value))
        return MQC_OK;
    char what[256];
    (void)snprintf(what, sizeof what, "event %.*s, argument %zu (%.*s)",
                   (int)(signature->event.size < 100 ? signature->event.size : 100),
                   signature->event.data, index + 1,
                   (int)(param->name.size < 60 ? param->name.size : 60), param->name.data);
    return mqc__type_check(&param->type, value, what, info);
}

/* Where the first argument is that is not the scalar that its parameter asks for, as most are. */
static size_t find_other(const struct mqc__field_spec *params, const struct mqc_value *args,
                         size_t count, size_t from)
{
    while (from < count && params[from].type.shape == MQC__SHAPE_SCALAR &&
           params[from].type.scalar == args[from].type)
        from++;
    return from;
}

enum mqc_error mqc__signature_check(const struct mqc__signature *signature,
                                    const struct mqc_event *event, struct mqc_error_info *info)
{
    if (event->arg_count != signature->param_count)
        return mqc__fail(info, MQC_ETYPE, "event %.*s: got %zu argument%s, expected %zu",
                         (int)(event->name.size < 100 ? event->name.size : 100), event->name.data,
                         event->arg_count, event->arg_count == 1 ? "" : "s",
                         signature->param_count);
    const size_t count = event->arg_count;
    enum mqc_error error = MQC_OK;
    size_t other = find_other(signature->params, event->args, count, 0);
    while (other < count && error == MQC_OK) {
        error = check_param(signature, other, &event->args[other], info);
        other = find_other(signature->params, event->args, count, other + 1);
    }
    return error;
}
