#include "support/suite.h"

#include "cluster/hash.h"
#include "cluster/key.h"
#include "value/text.h"

#include <math.h>

/* Hashes a key with its declared type, or with NULL. Returns the error. */
static enum mqc_error hash_as(const char *type, struct mqc_value key, uint32_t *hash_out,
                              struct mqc_error_info *info)
{
    struct mqc__arena arena;
    struct mqc__type_spec spec;
    mqc__arena_init(&arena, 1 << 20);
    if (type != NULL)
        REQUIRE(mqc__type_parse(&arena, mqc_view_text(type), &spec, NULL) == MQC_OK);
    const enum mqc_error error = mqc__key_hash(&key, type != NULL ? &spec : NULL, hash_out, info);
    mqc__arena_fini(&arena);
    return error;
}

static void check_hash(const char *type, struct mqc_value key, uint32_t expected, const char *what)
{
    uint32_t hash = 0;
    struct mqc_error_info info = {.text = ""};
    const enum mqc_error error = hash_as(type, key, &hash, &info);
    (void)check_text(info.text, "", what, __FILE__, __LINE__);
    (void)check_text(mqc_error_name(error), "MQC_OK", what, __FILE__, __LINE__);
    (void)check_unsigned(hash, expected, what, __FILE__, __LINE__);
}

static void check_refused(const char *type, struct mqc_value key, const char *why)
{
    uint32_t hash = 4711;
    struct mqc_error_info info = {.text = ""};
    CHECK_INT(hash_as(type, key, &hash, &info), MQC_ETYPE);
    CHECK_CONTAINS(info.text, why);
    CHECK_UNSIGNED(hash, 4711);
}

static const struct {
    const char *type; /* in Zeek; the hash without it is the same */
    const char *text;
    enum mqc_type data;
    uint32_t hash;
} scalars[] = {
    {"string", "", MQC_TYPE_STRING, 0x811c9dc5},
    {"string", "foobar", MQC_TYPE_STRING, 0xbf9cf968},
    {"count", "123", MQC_TYPE_COUNT, 0xc5b442fd},
    {"double", "123.0", MQC_TYPE_REAL, 0x15d2016f},
    {"double", "-0.0", MQC_TYPE_REAL, 0x1409d871},
    {"double", "inf", MQC_TYPE_REAL, 0x3e203e0c},
    {"bool", "T", MQC_TYPE_BOOLEAN, 0x6c1151a5},
    {"bool", "F", MQC_TYPE_BOOLEAN, 0x0eaff284},
    {"int", "-1", MQC_TYPE_INTEGER, 0xc3f7ca0f},
    {"time", "1970-01-01T00:00:42", MQC_TYPE_TIMESTAMP, 0xbdeb96cd},
    {"time", "2009-02-13T23:31:30.25", MQC_TYPE_TIMESTAMP, 0x379a1456},
    {"addr", "1.2.3.4", MQC_TYPE_ADDRESS, 0xa31a27a8},
    {"addr", "::ffff:1.2.3.4", MQC_TYPE_ADDRESS, 0xa31a27a8},
    {"addr", "2001:db8::1", MQC_TYPE_ADDRESS, 0x8cd152e2},
    {"subnet", "10.0.0.0/8", MQC_TYPE_SUBNET, 0xc6b7564b},
    {"port", "80/tcp", MQC_TYPE_PORT, 0xa80145f7},
    {"port", "53/udp", MQC_TYPE_PORT, 0x3828a97c},
    {"port", "0/unknown", MQC_TYPE_PORT, 0x0a25fe7a},
    {"interval", "90s", MQC_TYPE_TIMESPAN, 0x8327bc68},
    {"interval", "0s", MQC_TYPE_TIMESPAN, 0x114fabd7},
    /* These follow from the words that Zeek describes an interval with. */
    {"interval", "1ns", MQC_TYPE_TIMESPAN, 0xa638f850},
    {"interval", "999ns", MQC_TYPE_TIMESPAN, 0xfe40cc09},
    {"interval", "1us", MQC_TYPE_TIMESPAN, 0x8157131e},
    {"interval", "1001us", MQC_TYPE_TIMESPAN, 0xd1ec6b20},
    {"interval", "1007ms", MQC_TYPE_TIMESPAN, 0xf0097f45},
    {"interval", "-90s", MQC_TYPE_TIMESPAN, 0x52243f68},
    {"interval", "-1500us", MQC_TYPE_TIMESPAN, 0xc561574b},
    {"interval", "3661s", MQC_TYPE_TIMESPAN, 0x44ce534b},
    {"interval", "90061001001us", MQC_TYPE_TIMESPAN, 0x298e8c8a},
    {"interval", "90061001001500ns", MQC_TYPE_TIMESPAN, 0xe1207636},
    {"interval", "180122002002us", MQC_TYPE_TIMESPAN, 0x2b3ceff0},
    {"interval", "86399999999999ns", MQC_TYPE_TIMESPAN, 0xb7b4eec9},
    {"interval", "9223372036854775807ns", MQC_TYPE_TIMESPAN, 0xf6273e71},
    {"enum transport_proto", "tcp", MQC_TYPE_ENUM, 0xb72fd26d},
};

static void test_key_hash_scalars_as_zeek(void)
{
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        struct mqc_value key;
        const char *text = scalars[i].text;
        REQUIRE(mqc__scalar_parse(scalars[i].data, mqc_view_text(text), &key));
        check_hash(scalars[i].type, key, scalars[i].hash, text);
        if (scalars[i].data == MQC_TYPE_ENUM)
            continue;
        check_hash(NULL, key, scalars[i].hash, text);
        check_hash("any", key, scalars[i].hash, text);
    }
}

static void test_key_hash_vectors_as_zeek(void)
{
    const struct mqc_value counts[] = {mqc_count(1), mqc_count(2), mqc_count(3)};
    const struct mqc_value texts[] = {mqc_string_text("a"), mqc_string_text("")};
    const struct mqc_value enums[] = {mqc_enum_value("tcp"), mqc_enum_value("udp")};
    check_hash("vector of count", mqc_vector(counts, 3), 0xab1a9e42, "counts");
    check_hash("vector of count", mqc_vector(NULL, 0), 0xaf3b620b, "no counts");
    check_hash("vector of string", mqc_vector(texts, 2), 0x1816d9bb, "strings");
    check_hash("vector of enum transport_proto", mqc_vector(enums, 2), 0x64c6a357, "enums");
}

static void test_key_hash_records_as_zeek(void)
{
    static const char type[] = "record { c: count; s: string &optional; }";
    const struct mqc_value set[] = {mqc_count(42), mqc_string_text("hello"), mqc_count(1)};
    const struct mqc_value unset[] = {mqc_count(42), mqc_none()};
    check_hash(type, mqc_vector(set, 2), 0x120ed3db, "record");
    check_hash(type, mqc_vector(unset, 2), 0x5b962da6, "unset field");
    check_hash(type, mqc_vector(set, 3), 0x120ed3db, "an element more than fields");
    check_hash("record {}", mqc_vector(NULL, 0), 0x4709d22a, "no fields");
    const struct mqc_value number = mqc_count(7);
    const struct mqc_value port = mqc_port(53, MQC_PROTOCOL_UDP);
    const struct mqc_value nested[] = {mqc_vector(&number, 1), mqc_vector(&port, 1)};
    check_hash("record { r: record { n: count; }; v: vector of port; }", mqc_vector(nested, 2),
               0xd99ac784, "nested");
}

static void test_key_hash_pattern_by_its_exact_form(void)
{
    const struct mqc_value forms[] = {mqc_string_text("^?(foo)$?"),
                                      mqc_string_text("^?(.|\\n)*(foo)")};
    const struct mqc_value others[] = {mqc_string_text("^?(foo)$?"), mqc_string_text("")};
    check_hash("pattern", mqc_vector(forms, 2), 0x1d4a06a8, "pattern");
    check_hash("pattern", mqc_vector(others, 2), 0x1d4a06a8, "the other form");
}

static void test_key_hash_string_keeps_every_byte(void)
{
    const struct mqc_view bytes = mqc_view_bytes("a\0\xff", 3);
    check_hash(NULL, mqc_string(bytes), mqc__fnv1a32(bytes), "bytes");
    check_hash(NULL, mqc_string(mqc_view_text(NULL)), 0x811c9dc5, "no bytes");
}

static void test_key_hash_protocol_out_of_range_is_unknown(void)
{
    const struct mqc_value port = {.type = MQC_TYPE_PORT, .as = {.port = {0, 9}}};
    check_hash(NULL, port, 0x0a25fe7a, "port");
}

static void test_key_hash_not_a_number_by_its_bits(void)
{
    const struct mqc_value key = mqc_real(NAN);
    uint32_t hash = 0;
    uint32_t again = 0;
    CHECK_INT(mqc__key_hash(&key, NULL, &hash, NULL), MQC_OK);
    CHECK_INT(mqc__key_hash(&key, NULL, &again, NULL), MQC_OK);
    CHECK_UNSIGNED(hash, again);
}

static void test_key_hash_unknown_type_is_refused(void)
{
    const struct mqc_value count = mqc_count(1);
    const struct mqc_value text = mqc_enum_value("tcp");
    check_refused(NULL, mqc_none(), "none cannot be a key");
    check_refused(NULL, text, "declare it as \"enum NAME\"");
    check_refused("any", text, "declare it as \"enum NAME\"");
    check_refused("enum", text, "declare it as \"enum NAME\"");
    check_refused("vector of enum", mqc_vector(&text, 1), "declare it as \"enum NAME\"");
    check_refused("record { e: enum; }", mqc_vector(&text, 1), "declare it as \"enum NAME\"");
    check_refused(NULL, mqc_vector(&count, 1), "a vector, a record or a pattern");
    check_refused("any", mqc_vector(&count, 1), "a vector, a record or a pattern");
    check_refused("vector of any", mqc_vector(&count, 1), "declared as any");
    check_refused("record { a: any; }", mqc_vector(&count, 1), "declared as any");
}

static void test_key_hash_sets_and_tables_are_refused(void)
{
    const struct mqc_value count = mqc_count(1);
    const struct mqc_value nothing = mqc_none();
    check_refused(NULL, mqc_set(&count, 1), "a set or a table cannot be a key");
    check_refused(NULL, mqc_table(NULL, 0), "a set or a table cannot be a key");
    check_refused("set[count]", mqc_set(&count, 1), "a set or a table cannot be a key");
    check_refused("table[count] of count", mqc_table(NULL, 0), "a set or a table cannot be a key");
    check_refused("vector of set[count]", mqc_vector(NULL, 0), "nor be in one");
    check_refused("record { c: count; s: set[count] &optional; }", mqc_vector(&nothing, 1),
                  "nor be in one");
}

static void test_key_hash_value_of_another_type_is_refused(void)
{
    const struct mqc_value items[] = {mqc_count(1), mqc_none()};
    check_refused("int", mqc_count(1), "key: got count, expected int");
    check_refused("count", mqc_string_text("1"), "key: got string, expected count");
    check_refused("vector of count", mqc_vector(items, 2), "contents of another type");
    check_refused("record { a: count; b: count; }", mqc_vector(items, 1),
                  "contents of another type");
    check_refused("pattern", mqc_vector(items, 2), "contents of another type");
}

static void test_key_hash_types_and_fields_count(void)
{
    static const char *const types[] = {
        "vector of count",
        "record { a: count; }",
        "record { b: count; }",
    };
    const struct mqc_value count = mqc_count(1);
    uint32_t hashes[3] = {0};
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(hash_as(types[i], mqc_vector(&count, 1), &hashes[i], NULL), MQC_OK);
    CHECK(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[0] != hashes[2]);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"scalars_as_zeek", test_key_hash_scalars_as_zeek},
        {"vectors_as_zeek", test_key_hash_vectors_as_zeek},
        {"records_as_zeek", test_key_hash_records_as_zeek},
        {"pattern_by_its_exact_form", test_key_hash_pattern_by_its_exact_form},
        {"string_keeps_every_byte", test_key_hash_string_keeps_every_byte},
        {"protocol_out_of_range_is_unknown", test_key_hash_protocol_out_of_range_is_unknown},
        {"not_a_number_by_its_bits", test_key_hash_not_a_number_by_its_bits},
        {"unknown_type_is_refused", test_key_hash_unknown_type_is_refused},
        {"sets_and_tables_are_refused", test_key_hash_sets_and_tables_are_refused},
        {"value_of_another_type_is_refused", test_key_hash_value_of_another_type_is_refused},
        {"types_and_fields_count", test_key_hash_types_and_fields_count},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.key", tests);
}
