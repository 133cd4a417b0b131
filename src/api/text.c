#include "api/text.h"

#include "base/fail.h"
#include "codec/json.h"
#include "value/text.h"

/* Zeek's names for the types that a text can be tagged with. */
static const struct {
    const char *name;
    enum mqc_type type;
} tags[] = {
    {"bool", MQC_TYPE_BOOLEAN},      {"count", MQC_TYPE_COUNT},   {"int", MQC_TYPE_INTEGER},
    {"double", MQC_TYPE_REAL},       {"string", MQC_TYPE_STRING}, {"addr", MQC_TYPE_ADDRESS},
    {"subnet", MQC_TYPE_SUBNET},     {"port", MQC_TYPE_PORT},     {"time", MQC_TYPE_TIMESTAMP},
    {"interval", MQC_TYPE_TIMESPAN}, {"enum", MQC_TYPE_ENUM},
};

static bool parse_boolean(struct mqc_view text, bool *boolean_out)
{
    *boolean_out =
        mqc_view_equal(text, mqc_view_text("T")) || mqc_view_equal(text, mqc_view_text("true"));
    return *boolean_out || mqc_view_equal(text, mqc_view_text("F")) ||
           mqc_view_equal(text, mqc_view_text("false"));
}

static bool parse_scalar(struct mqc_view text, enum mqc_type type, struct mqc_value *value)
{
    *value = (struct mqc_value){.type = type};
    switch (type) {
    case MQC_TYPE_BOOLEAN: return parse_boolean(text, &value->as.boolean);
    case MQC_TYPE_COUNT: return mqc__count_parse(text, &value->as.count);
    case MQC_TYPE_INTEGER: return mqc__integer_parse(text, &value->as.integer);
    case MQC_TYPE_REAL: return mqc__real_parse(text, &value->as.real);
    case MQC_TYPE_ADDRESS: return mqc__address_parse(text, &value->as.address);
    case MQC_TYPE_SUBNET: return mqc__subnet_parse(text, &value->as.subnet);
    case MQC_TYPE_PORT: return mqc__port_parse(text, &value->as.port);
    case MQC_TYPE_TIMESTAMP: return mqc__timestamp_parse(text, &value->as.ns);
    case MQC_TYPE_TIMESPAN: return mqc__timespan_parse(text, &value->as.ns);
    case MQC_TYPE_STRING:
    case MQC_TYPE_ENUM: value->as.text = text; return true;
    default: return false;
    }
}

static const char *zeek_name(enum mqc_type type)
{
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (tags[i].type == type)
            return tags[i].name;
    return mqc_type_name(type);
}

static enum mqc_error read_scalar(struct mqc_view text, enum mqc_type type,
                                  struct mqc_value *value_out, struct mqc_error_info *info)
{
    if (parse_scalar(text, type, value_out))
        return MQC_OK;
    return mqc__fail(info, MQC_ETYPE, "\"%.*s\" is no %s", (int)(text.size < 100 ? text.size : 100),
                     text.data, zeek_name(type));
}

/* Finds "count:" at the start; *rest_out is what follows. */
static bool find_tag(struct mqc_view text, enum mqc_type *type_out, struct mqc_view *rest_out)
{
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        const size_t size = strlen(tags[i].name);
        if (text.size <= size || text.data[size] != ':' ||
            memcmp(text.data, tags[i].name, size) != 0)
            continue;
        *type_out = tags[i].type;
        *rest_out = mqc_view_bytes(text.data + size + 1, text.size - size - 1);
        return true;
    }
    return false;
}

/* Types whose texts cannot be mistaken for one another, the most common first. */
static void guess(struct mqc_view text, struct mqc_value *value_out)
{
    static const enum mqc_type order[] = {
        MQC_TYPE_BOOLEAN, MQC_TYPE_COUNT,    MQC_TYPE_INTEGER,   MQC_TYPE_REAL,
        MQC_TYPE_ADDRESS, MQC_TYPE_TIMESPAN, MQC_TYPE_TIMESTAMP, MQC_TYPE_SUBNET,
    };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (parse_scalar(text, order[i], value_out))
            return;
    /* A port must name its protocol: anything else with a slash is text. */
    struct mqc_port port;
    if (memchr(text.data, '/', text.size) != NULL && mqc__port_parse(text, &port) &&
        (port.protocol != MQC_PROTOCOL_UNKNOWN || text.data[text.size - 1] == '?'))
        *value_out = mqc_port(port.number, (enum mqc_protocol)port.protocol);
    else
        *value_out = mqc_string(text);
}

static bool is_declared(const struct mqc__type_spec *spec, enum mqc_type type)
{
    return spec != NULL && spec->shape == MQC__SHAPE_SCALAR && spec->scalar == type;
}

enum mqc_error mqc__text_value(struct mqc__arena *arena, const char *text,
                               const struct mqc__type_spec *spec, struct mqc_value *value_out,
                               struct mqc_error_info *info)
{
    const struct mqc_view whole = mqc_view_text(text);
    const bool wants_string = is_declared(spec, MQC_TYPE_STRING);
    if (strstr(text, "\"@data-type\"") != NULL) {
        const enum mqc_error error = mqc__json_read_value(arena, whole, value_out, info);
        if (!wants_string || (error == MQC_OK && value_out->type == MQC_TYPE_STRING))
            return error;
    }
    enum mqc_type tag;
    struct mqc_view rest;
    if (find_tag(whole, &tag, &rest) && (!wants_string || tag == MQC_TYPE_STRING))
        return read_scalar(rest, tag, value_out, info);
    if (spec != NULL && spec->shape == MQC__SHAPE_SCALAR)
        return read_scalar(whole, spec->scalar, value_out, info);
    if (spec != NULL && spec->shape != MQC__SHAPE_ANY)
        return mqc__json_read_as(arena, whole, spec, value_out, info);
    guess(whole, value_out);
    return MQC_OK;
}
