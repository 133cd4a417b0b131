#include "value/text.h"

static bool parse_boolean(struct mqc_view text, bool *out)
{
    const bool is_true =
        mqc_view_equal(text, mqc_view_text("true")) || mqc_view_equal(text, mqc_view_text("T"));
    const bool is_false =
        mqc_view_equal(text, mqc_view_text("false")) || mqc_view_equal(text, mqc_view_text("F"));
    *out = is_true;
    return is_true || is_false;
}

static bool parse_into(struct mqc_view text, struct mqc_value *value)
{
    switch (value->type) {
    case MQC_TYPE_BOOLEAN: return parse_boolean(text, &value->as.boolean);
    case MQC_TYPE_COUNT: return mqc__count_parse(text, &value->as.count);
    case MQC_TYPE_INTEGER: return mqc__integer_parse(text, &value->as.integer);
    case MQC_TYPE_REAL: return mqc__real_parse(text, &value->as.real);
    case MQC_TYPE_STRING:
    case MQC_TYPE_ENUM: value->as.text = text; return true;
    case MQC_TYPE_ADDRESS: return mqc__address_parse(text, &value->as.address);
    case MQC_TYPE_SUBNET: return mqc__subnet_parse(text, &value->as.subnet);
    case MQC_TYPE_PORT: return mqc__port_parse(text, &value->as.port);
    case MQC_TYPE_TIMESTAMP: return mqc__timestamp_parse(text, &value->as.ns);
    case MQC_TYPE_TIMESPAN: return mqc__timespan_parse(text, &value->as.ns);
    default: return false;
    }
}

bool mqc__scalar_parse(enum mqc_type type, struct mqc_view text, struct mqc_value *out)
{
    struct mqc_value value = {.type = type};
    if (!parse_into(text, &value))
        return false;
    *out = value;
    return true;
}

const char *mqc__scalar_expected(enum mqc_type type)
{
    switch (type) {
    case MQC_TYPE_BOOLEAN: return "true or false";
    case MQC_TYPE_COUNT: return "an integer of 0 to 18446744073709551615";
    case MQC_TYPE_INTEGER: return "an integer of 64 bits";
    case MQC_TYPE_REAL: return "a number";
    case MQC_TYPE_STRING: return "text";
    case MQC_TYPE_ENUM: return "the name of an enum value";
    case MQC_TYPE_ADDRESS: return "an address like 10.0.0.1 or 2001:db8::1";
    case MQC_TYPE_SUBNET: return "a subnet like 10.0.0.0/8";
    case MQC_TYPE_PORT: return "a port like 80/tcp";
    case MQC_TYPE_TIMESTAMP: return "a time like 2023-11-14T22:13:20.5Z";
    case MQC_TYPE_TIMESPAN: return "an interval like 1.5s, 10ms, 5min or 2h";
    default: return "a single value";
    }
}
