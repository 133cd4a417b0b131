#include "cluster/key.h"

#include "base/fail.h"
#include "cluster/hash.h"
#include "cluster/key_time.h"
#include "value/text.h"

#include <endian.h>

/* Zeek's numbers for its own types. */
enum tag {
    TAG_BOOL = 1,
    TAG_INT = 2,
    TAG_COUNT = 3,
    TAG_DOUBLE = 4,
    TAG_TIME = 5,
    TAG_INTERVAL = 6,
    TAG_STRING = 7,
    TAG_PATTERN = 8,
    TAG_ENUM = 9,
    TAG_PORT = 10,
    TAG_ADDR = 11,
    TAG_SUBNET = 12,
    TAG_RECORD = 15,
    TAG_VECTOR = 19,
};

static const enum tag scalar_tags[MQC_TYPE_VECTOR + 1] = {
    [MQC_TYPE_BOOLEAN] = TAG_BOOL,   [MQC_TYPE_COUNT] = TAG_COUNT,
    [MQC_TYPE_INTEGER] = TAG_INT,    [MQC_TYPE_REAL] = TAG_DOUBLE,
    [MQC_TYPE_STRING] = TAG_STRING,  [MQC_TYPE_ADDRESS] = TAG_ADDR,
    [MQC_TYPE_SUBNET] = TAG_SUBNET,  [MQC_TYPE_PORT] = TAG_PORT,
    [MQC_TYPE_TIMESTAMP] = TAG_TIME, [MQC_TYPE_TIMESPAN] = TAG_INTERVAL,
    [MQC_TYPE_ENUM] = TAG_ENUM,
};

static void add_type(uint32_t *hash, const struct mqc__type_spec *type);
static void add_value(uint32_t *hash, const struct mqc__type_spec *type,
                      const struct mqc_value *value);

static void add_view(uint32_t *hash, struct mqc_view bytes)
{
    *hash = mqc__fnv1a32_add(*hash, bytes.data, bytes.size);
}

/* Text with its NUL. */
static void add_text(uint32_t *hash, const char *text)
{
    *hash = mqc__fnv1a32_add(*hash, text, strlen(text) + 1);
}

static void add_view_text(uint32_t *hash, struct mqc_view text)
{
    add_view(hash, text);
    add_text(hash, "");
}

/* Zeek writes numbers in its host's byte order. This is the one of the hosts that it runs on, taken
 * on every host, so that all nodes agree. */
static void add_u32(uint32_t *hash, uint32_t number)
{
    const uint32_t bytes = htole32(number);
    *hash = mqc__fnv1a32_add(*hash, &bytes, sizeof bytes);
}

static void add_u64(uint32_t *hash, uint64_t number)
{
    const uint64_t bytes = htole64(number);
    *hash = mqc__fnv1a32_add(*hash, &bytes, sizeof bytes);
}

static void add_real(uint32_t *hash, double real)
{
    uint64_t bits = 0;
    memcpy(&bits, &real, sizeof bits);
    add_u64(hash, bits);
}

static void add_interval(uint32_t *hash, int64_t ns)
{
    struct mqc__interval_word words[MQC__INTERVAL_WORDS];
    const size_t count = mqc__interval_split(ns, words);
    for (size_t i = 0; i < count; i++) {
        add_real(hash, words[i].amount);
        add_text(hash, words[i].unit);
        if (words[i].is_plural)
            add_text(hash, "s");
    }
    if (count == 0)
        add_text(hash, "0 secs");
}

static void add_port(uint32_t *hash, const struct mqc_port *port)
{
    static const char *const names[] = {"unknown", "tcp", "udp", "icmp"};
    const size_t name_count = sizeof names / sizeof names[0];
    add_u32(hash, port->number);
    add_text(hash, "/");
    add_view(hash, mqc_view_text(names[port->protocol < name_count ? port->protocol : 0]));
}

static void add_scalar(uint32_t *hash, const struct mqc_value *value)
{
    char text[MQC__TEXT_BYTES];
    switch (value->type) {
    case MQC_TYPE_BOOLEAN: add_u64(hash, value->as.boolean); return;
    case MQC_TYPE_COUNT: add_u64(hash, value->as.count); return;
    case MQC_TYPE_INTEGER: add_u64(hash, (uint64_t)value->as.integer); return;
    case MQC_TYPE_REAL: add_real(hash, value->as.real); return;
    case MQC_TYPE_TIMESTAMP: add_real(hash, mqc__key_seconds(value->as.ns)); return;
    case MQC_TYPE_TIMESPAN: add_interval(hash, value->as.ns); return;
    case MQC_TYPE_STRING:
        add_u32(hash, (uint32_t)value->as.text.size);
        add_view(hash, value->as.text);
        return;
    case MQC_TYPE_ENUM: add_view_text(hash, value->as.text); return;
    case MQC_TYPE_PORT: add_port(hash, &value->as.port); return;
    case MQC_TYPE_ADDRESS:
        (void)mqc__address_format(&value->as.address, text);
        add_text(hash, text);
        return;
    case MQC_TYPE_SUBNET:
        (void)mqc__subnet_format(&value->as.subnet, text);
        add_text(hash, text);
        return;
    default: return;
    }
}

static void add_vector(uint32_t *hash, const struct mqc__type_spec *type, struct mqc_list list)
{
    add_text(hash, "[");
    for (size_t i = 0; i < list.count; i++) {
        if (i > 0)
            add_text(hash, ", ");
        add_value(hash, type->yield, &list.items[i]);
    }
    add_text(hash, "]");
}

static void add_record(uint32_t *hash, const struct mqc__type_spec *type, struct mqc_list list)
{
    add_u64(hash, type->field_count);
    for (size_t i = 0; i < type->field_count; i++) {
        add_view_text(hash, type->fields[i].name);
        if (list.items[i].type != MQC_TYPE_NONE)
            add_value(hash, &type->fields[i].type, &list.items[i]);
        else
            add_text(hash, "<uninitialized>");
    }
}

/* The exact form alone, the first of the two. */
static void add_pattern(uint32_t *hash, struct mqc_list list)
{
    add_text(hash, "/");
    add_view_text(hash, list.items[0].as.text);
    add_text(hash, "/");
}

static void add_fields(uint32_t *hash, const struct mqc__type_spec *type)
{
    add_u64(hash, 0);
    add_u64(hash, type->field_count);
    for (size_t i = 0; i < type->field_count; i++) {
        add_view_text(hash, type->fields[i].name);
        add_type(hash, &type->fields[i].type);
    }
}

static void add_type(uint32_t *hash, const struct mqc__type_spec *type)
{
    switch (type->shape) {
    case MQC__SHAPE_SCALAR:
        add_u32(hash, scalar_tags[type->scalar]);
        add_view(hash, type->enum_name);
        return;
    case MQC__SHAPE_VECTOR:
        add_u32(hash, TAG_VECTOR);
        add_type(hash, type->yield);
        return;
    case MQC__SHAPE_RECORD:
        add_u32(hash, TAG_RECORD);
        add_fields(hash, type);
        return;
    case MQC__SHAPE_PATTERN: add_u32(hash, TAG_PATTERN); return;
    default: return;
    }
}

static void add_value(uint32_t *hash, const struct mqc__type_spec *type,
                      const struct mqc_value *value)
{
    add_type(hash, type);
    switch (type->shape) {
    case MQC__SHAPE_SCALAR: add_scalar(hash, value); return;
    case MQC__SHAPE_VECTOR: add_vector(hash, type, value->as.list); return;
    case MQC__SHAPE_RECORD: add_record(hash, type, value->as.list); return;
    case MQC__SHAPE_PATTERN: add_pattern(hash, value->as.list); return;
    default: return;
    }
}

static const char order_is_unknown[] =
    "a set or a table cannot be a key, nor be in one: Zeek hashes it in an order of its own in "
    "every process";
static const char enum_is_unnamed[] =
    "Zeek hashes an enum with the name of its type: declare it as \"enum NAME\"";

/* Returns why no value of a type can be hashed, or NULL. */
static const char *problem_of_type(const struct mqc__type_spec *type)
{
    const char *problem = NULL;
    switch (type->shape) {
    case MQC__SHAPE_ANY: return "a part of the key is declared as any, and Zeek hashes its type";
    case MQC__SHAPE_SET:
    case MQC__SHAPE_TABLE: return order_is_unknown;
    case MQC__SHAPE_VECTOR: return problem_of_type(type->yield);
    case MQC__SHAPE_PATTERN: return NULL;
    case MQC__SHAPE_SCALAR:
        return type->scalar == MQC_TYPE_ENUM && type->enum_name.size == 0 ? enum_is_unnamed : NULL;
    case MQC__SHAPE_RECORD:
        for (size_t i = 0; i < type->field_count && problem == NULL; i++)
            problem = problem_of_type(&type->fields[i].type);
        return problem;
    }
    return NULL;
}

/* Returns why a value of this data type cannot be hashed without a declared type, or NULL. */
static const char *problem_of_undeclared(enum mqc_type type)
{
    switch (type) {
    case MQC_TYPE_NONE: return "none cannot be a key";
    case MQC_TYPE_ENUM: return enum_is_unnamed;
    case MQC_TYPE_SET:
    case MQC_TYPE_TABLE: return order_is_unknown;
    case MQC_TYPE_VECTOR:
        return "this may be a vector, a record or a pattern, and Zeek hashes its type: declare the "
               "type of the key";
    default: return NULL;
    }
}

enum mqc_error mqc__key_hash(const struct mqc_value *key, const struct mqc__type_spec *type,
                             uint32_t *hash_out, struct mqc_error_info *info)
{
    const bool is_declared = type != NULL && type->shape != MQC__SHAPE_ANY;
    const char *problem = is_declared ? problem_of_type(type) : problem_of_undeclared(key->type);
    if (problem != NULL)
        return mqc__fail(info, MQC_ETYPE, "%s", problem);
    const enum mqc_error error = is_declared ? mqc__type_check(type, key, "key", info) : MQC_OK;
    if (error != MQC_OK)
        return error;
    const struct mqc__type_spec own = {.shape = MQC__SHAPE_SCALAR, .scalar = key->type};
    uint32_t hash = MQC__FNV1A32_START;
    if (key->type == MQC_TYPE_STRING)
        add_view(&hash, key->as.text);
    else
        add_value(&hash, is_declared ? type : &own, key);
    *hash_out = hash;
    return MQC_OK;
}
