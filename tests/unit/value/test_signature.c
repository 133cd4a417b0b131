#include "support/suite.h"

#include "value/signature.h"

#include <stdlib.h>

static void test_parse_types_formats_back(void)
{
    static const struct {
        const char *text;
        const char *formatted;
    } cases[] = {
        {"count", "count"},
        {"  any ", "any"},
        {"set[addr]", "set[addr]"},
        {"set [ addr , port ]", "set[addr, port]"},
        {"table[string] of count", "table[string] of count"},
        {"table[addr, port] of vector of set[int]", "table[addr, port] of vector of set[int]"},
        {"vector of string", "vector of string"},
        {"record { a: count; b: string &optional; }", "record { a: count; b: string &optional; }"},
        {"record{a:count;b:string &log &optional}", "record { a: count; b: string &optional; }"},
        {"record { }", "record { }"},
        {"enum", "enum"},
        {"enum  Notice::Type", "enum Notice::Type"},
        {"table[enum A, enum] of enum B", "table[enum A, enum] of enum B"},
        {"record { e: enum A &optional; f: enum; }", "record { e: enum A &optional; f: enum; }"},
        {"pattern", "pattern"},
        {"interval", "interval"},
        {"vector of\n record { x: table[count] of any; }",
         "vector of record { x: table[count] of any; }"},
    };
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__type_spec spec;
        struct mqc_error_info info = {0};
        char text[200];
        if (!CHECK_INT(mqc__type_parse(&arena, mqc_view_text(cases[i].text), &spec, &info), MQC_OK))
            continue;
        mqc__type_format(&spec, text, sizeof text);
        CHECK_TEXT(text, cases[i].formatted);
    }
    mqc__arena_fini(&arena);
}

static void test_parse_wrong_types_say_where(void)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", "column 1: expected a Zeek type"},
        {NULL, "column 1: expected a Zeek type"},
        {"counter", "column 1: expected a Zeek type"},
        {"set", "column 4: expected '['"},
        {"set[]", "column 5: expected a Zeek type"},
        {"set[addr", "column 9: expected ',' or ']'"},
        {"set[addr;port]", "column 9: expected ',' or ']', got \";port]\""},
        {"table[addr]", "column 12: expected \"of\""},
        {"vector string", "column 8: expected \"of\", got \"string\""},
        {"count count", "column 7: expected the end of the type"},
        {"record { a count }", "column 12: expected ':'"},
        {"record { a: count b: count }", "expected ';' or '}'"},
        {"record { a: count &required }", "expected the attribute optional or log"},
        {"record { : count }", "column 10: expected a name"},
        {"enum A B", "column 8: expected the end of the type"},
    };
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__type_spec spec;
        struct mqc_error_info info = {0};
        CHECK_INT(mqc__type_parse(&arena, mqc_view_text(cases[i].text), &spec, &info), MQC_EINVAL);
        CHECK_CONTAINS(info.text, cases[i].expected);
    }
    mqc__arena_fini(&arena);
}

static void test_parse_cut_anywhere_never_crashes(void)
{
    static const char text[] = "table[addr, set[port]] of record { a: vector of count; b: any "
                               "&optional; }";
    for (size_t size = 0; size < sizeof text; size++) {
        /* An exact copy, so that a sanitizer sees a read past the end. */
        char *copy = malloc(size + 1);
        REQUIRE(copy != NULL);
        memcpy(copy, text, size);
        struct mqc__arena arena;
        mqc__arena_init(&arena, 1 << 16);
        struct mqc__type_spec spec;
        const enum mqc_error error =
            mqc__type_parse(&arena, mqc_view_bytes(copy, size), &spec, NULL);
        CHECK_INT(error == MQC_OK, size == sizeof text - 1);
        mqc__arena_fini(&arena);
        free(copy);
    }
}

static void test_parse_deep_nesting_is_refused(void)
{
    static const char level[] = "vector of ";
    const size_t size = sizeof level - 1;
    char text[300 * (sizeof level - 1) + sizeof "count"];
    for (size_t i = 0; i < 300; i++)
        memcpy(text + i * size, level, size);
    memcpy(text + 300 * size, "count", sizeof "count");
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 20);
    struct mqc__type_spec spec;
    CHECK_INT(mqc__type_parse(&arena, mqc_view_text(text), &spec, NULL), MQC_ETOOLARGE);
    mqc__arena_fini(&arena);
}

static bool accepts(const char *type, struct mqc_value value)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 20);
    struct mqc__type_spec spec;
    struct mqc_error_info info;
    REQUIRE(mqc__type_parse(&arena, mqc_view_text(type), &spec, NULL) == MQC_OK);
    const bool is_fit = mqc__type_check(&spec, &value, "v", &info) == MQC_OK;
    mqc__arena_fini(&arena);
    return is_fit;
}

static void test_check_scalars_is_exact(void)
{
    static const char *const types[] = {"bool",   "count", "int",  "double",   "string", "addr",
                                        "subnet", "port",  "time", "interval", "enum"};
    static const enum mqc_type data[] = {MQC_TYPE_BOOLEAN,  MQC_TYPE_COUNT,  MQC_TYPE_INTEGER,
                                         MQC_TYPE_REAL,     MQC_TYPE_STRING, MQC_TYPE_ADDRESS,
                                         MQC_TYPE_SUBNET,   MQC_TYPE_PORT,   MQC_TYPE_TIMESTAMP,
                                         MQC_TYPE_TIMESPAN, MQC_TYPE_ENUM};
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        for (int d = MQC_TYPE_NONE; d <= MQC_TYPE_VECTOR; d++)
            CHECK_INT(accepts(types[t], (struct mqc_value){.type = (enum mqc_type)d}),
                      data[t] == (enum mqc_type)d);
        CHECK(accepts("any", (struct mqc_value){.type = data[t]}));
    }
    CHECK(accepts("any", mqc_none()));
    CHECK(accepts("file", mqc_string_text("/tmp/x")));
}

static void test_check_containers_as_zeek_does(void)
{
    const struct mqc_value counts[] = {mqc_count(1), mqc_count(2)};
    const struct mqc_value mixed[] = {mqc_count(1), mqc_string_text("a")};
    const struct mqc_value none_inside[] = {mqc_count(1), mqc_none()};
    const struct mqc_value single[] = {mqc_vector(counts, 1)};
    const struct mqc_value pairs[] = {mqc_vector(mixed, 2)};
    const struct mqc_entry table[] = {{mqc_string_text("k"), mqc_count(1)}};
    const struct mqc_entry none_yield[] = {{mqc_string_text("k"), mqc_none()}};
    const struct mqc_value texts[] = {mqc_string_text("^?(a)$?"), mqc_string_text("x")};
    CHECK(accepts("set[count]", mqc_set(counts, 2)));
    CHECK(!accepts("set[count]", mqc_vector(counts, 2)));
    CHECK(!accepts("set[count]", mqc_set(mixed, 2)));
    CHECK(accepts("set[count]", mqc_set(single, 1)));
    CHECK(!accepts("set[count]", mqc_set(pairs, 1)));
    CHECK(accepts("set[count, string]", mqc_set(pairs, 1)));
    CHECK(!accepts("set[count, string]", mqc_set(single, 1)));
    CHECK(!accepts("set[count, string]", mqc_set(counts, 1)));
    CHECK(accepts("set[vector of count]", mqc_set(single, 1)));
    CHECK(accepts("set[count]", mqc_set(NULL, 0)));
    CHECK(accepts("table[string] of count", mqc_table(table, 1)));
    CHECK(!accepts("table[string] of string", mqc_table(table, 1)));
    CHECK(!accepts("table[string] of count", mqc_table(none_yield, 1)));
    CHECK(accepts("table[string] of any", mqc_table(none_yield, 1)));
    CHECK(accepts("vector of count", mqc_vector(counts, 2)));
    CHECK(!accepts("vector of count", mqc_vector(mixed, 2)));
    CHECK(!accepts("vector of count", mqc_vector(none_inside, 2)));
    CHECK(accepts("record { a: count; b: string; }", mqc_vector(mixed, 2)));
    CHECK(accepts("record { a: count; b: string; }", mqc_vector(none_inside, 2)));
    CHECK(accepts("record { a: count; }", mqc_vector(mixed, 2)));
    CHECK(!accepts("record { a: count; b: string; c: count &optional; }", mqc_vector(mixed, 2)));
    CHECK(!accepts("record { a: string; }", mqc_vector(mixed, 2)));
    CHECK(accepts("pattern", mqc_vector(texts, 2)));
    CHECK(!accepts("pattern", mqc_vector(texts, 1)));
    CHECK(!accepts("pattern", mqc_vector(counts, 2)));
}

static void test_check_signature_names_argument_got_and_expected(void)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 20);
    struct mqc__signature signature;
    struct mqc_error_info info = {0};
    REQUIRE(mqc__signature_parse(&arena, mqc_view_text("seen"),
                                 mqc_view_text("host: addr, n: count, tags: set[string]"),
                                 &signature, &info) == MQC_OK);
    CHECK_UNSIGNED(signature.param_count, 3);
    const struct mqc_value good[] = {{.type = MQC_TYPE_ADDRESS}, mqc_count(1), mqc_set(NULL, 0)};
    struct mqc_event event = {mqc_view_text("seen"), good, 3, NULL, 0};
    CHECK_INT(mqc__signature_check(&signature, &event, &info), MQC_OK);
    event.arg_count = 2;
    CHECK_INT(mqc__signature_check(&signature, &event, &info), MQC_ETYPE);
    CHECK_TEXT(info.text, "event seen: got 2 arguments, expected 3");
    const struct mqc_value bad[] = {{.type = MQC_TYPE_ADDRESS}, mqc_integer(1), mqc_set(good, 1)};
    event.args = bad;
    event.arg_count = 3;
    CHECK_INT(mqc__signature_check(&signature, &event, &info), MQC_ETYPE);
    CHECK_TEXT(info.text, "event seen, argument 2 (n): got integer, expected count");
    const struct mqc_value inside[] = {{.type = MQC_TYPE_ADDRESS}, mqc_count(1), mqc_set(good, 1)};
    event.args = inside;
    CHECK_INT(mqc__signature_check(&signature, &event, &info), MQC_ETYPE);
    CHECK_CONTAINS(info.text, "argument 3 (tags): got set with contents of another type, "
                              "expected set[string]");
    mqc__arena_fini(&arena);
}

static void test_copy_signature_is_equal_and_independent(void)
{
    struct mqc__arena first;
    struct mqc__arena second;
    mqc__arena_init(&first, 1 << 20);
    mqc__arena_init(&second, 1 << 20);
    struct mqc__signature signature;
    struct mqc__signature copy;
    struct mqc__signature other;
    REQUIRE(mqc__signature_parse(&first, mqc_view_text("e"),
                                 mqc_view_text("a: table[addr, port] of record { x: count "
                                               "&optional; }, b: vector of set[enum A::B]"),
                                 &signature, NULL) == MQC_OK);
    REQUIRE(mqc__signature_parse(&second, mqc_view_text("e"), mqc_view_text("a: any, b: count"),
                                 &other, NULL) == MQC_OK);
    REQUIRE(mqc__signature_copy(&second, &signature, &copy) == MQC_OK);
    CHECK(mqc__signature_equal(&signature, &copy));
    CHECK(!mqc__signature_equal(&signature, &other));
    mqc__arena_fini(&first);
    char text[200];
    mqc__type_format(&copy.params[0].type, text, sizeof text);
    CHECK_TEXT(text, "table[addr, port] of record { x: count &optional; }");
    CHECK_VIEW_TEXT(copy.params[1].name, "b");
    mqc__type_format(&copy.params[1].type, text, sizeof text);
    CHECK_TEXT(text, "vector of set[enum A::B]");
    mqc__arena_fini(&second);
}

static void test_parse_small_arena_fails_cleanly(void)
{
    static const char params[] = "a: table[addr, port] of record { x: count; }, b: set[enum A]";
    for (size_t limit = 0; limit < 4000; limit += 8) {
        struct mqc__arena arena;
        mqc__arena_init(&arena, limit);
        struct mqc__signature signature;
        const enum mqc_error error = mqc__signature_parse(&arena, mqc_view_text("e"),
                                                          mqc_view_text(params), &signature, NULL);
        CHECK(error == MQC_OK || error == MQC_ENOMEM);
        mqc__arena_fini(&arena);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"parse_types_formats_back", test_parse_types_formats_back},
        {"parse_wrong_types_say_where", test_parse_wrong_types_say_where},
        {"parse_cut_anywhere_never_crashes", test_parse_cut_anywhere_never_crashes},
        {"parse_deep_nesting_is_refused", test_parse_deep_nesting_is_refused},
        {"check_scalars_is_exact", test_check_scalars_is_exact},
        {"check_containers_as_zeek_does", test_check_containers_as_zeek_does},
        {"check_signature_names_argument_got_and_expected",
         test_check_signature_names_argument_got_and_expected},
        {"copy_signature_is_equal_and_independent", test_copy_signature_is_equal_and_independent},
        {"parse_small_arena_fails_cleanly", test_parse_small_arena_fails_cleanly},
        CU_TEST_INFO_NULL,
    };
    return suite_run("value.signature", tests);
}
