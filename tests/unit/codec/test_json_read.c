#include "test_json_support.h"
#include "test_protobuf_samples.h"

#include <math.h>
#include <stdlib.h>

#define TAGGED(type, data) "{\"@data-type\":\"" type "\",\"data\":" data "}"
#define ONE TAGGED("count", "1")
#define TWO TAGGED("count", "2")

static void test_read_scalars_accepted_and_canonical(void)
{
    CHECK_READS(TAGGED("none", "{}"), TAGGED("none", "{}"));
    CHECK_READS(TAGGED("none", "[1]"), TAGGED("none", "{}"));
    CHECK_READS("{\"@data-type\":\"none\"}", TAGGED("none", "{}"));
    CHECK_READS(TAGGED("boolean", "true"), TAGGED("boolean", "true"));
    CHECK_READS(TAGGED("count", "0"), TAGGED("count", "0"));
    CHECK_READS(TAGGED("count", "-0"), TAGGED("count", "0"));
    CHECK_READS(TAGGED("count", "9223372036854775808"), TAGGED("count", "9223372036854775808"));
    CHECK_READS(TAGGED("count", "18446744073709551615"), TAGGED("count", "18446744073709551615"));
    CHECK_READS(TAGGED("integer", "-0"), TAGGED("integer", "0"));
    CHECK_READS(TAGGED("integer", "-9223372036854775808"),
                TAGGED("integer", "-9223372036854775808"));
    CHECK_READS(TAGGED("integer", "9223372036854775807"), TAGGED("integer", "9223372036854775807"));
    CHECK_READS(TAGGED("address", "\"::ffff:1.2.3.4\""), TAGGED("address", "\"1.2.3.4\""));
    CHECK_READS(TAGGED("subnet", "\"10.1.2.3/8\""), TAGGED("subnet", "\"10.0.0.0/8\""));
    CHECK_READS(TAGGED("port", "\"80\""), TAGGED("port", "\"80/tcp\""));
    CHECK_READS(TAGGED("port", "\"80/sctp\""), TAGGED("port", "\"80/?\""));
    CHECK_READS(TAGGED("timestamp", "\"2023-11-14T22:13:20.123456789Z\""),
                TAGGED("timestamp", "\"2023-11-14T22:13:20.123456789\""));
    CHECK_READS(TAGGED("timespan", "\"1.5s\""), TAGGED("timespan", "\"1500ms\""));
    CHECK_READS(TAGGED("timespan", "\"9007199254740993ns\""),
                TAGGED("timespan", "\"9007199254740993ns\""));
    CHECK_READS(TAGGED("enum-value", "\"Notice::LOG\""), TAGGED("enum-value", "\"Notice::LOG\""));
}

static void test_read_reals_accepted_and_canonical(void)
{
    CHECK_READS(TAGGED("real", "1.500000"), TAGGED("real", "1.5"));
    CHECK_READS(TAGGED("real", "1E5"), TAGGED("real", "100000.0"));
    CHECK_READS(TAGGED("real", "5."), TAGGED("real", "5.0"));
    CHECK_READS(TAGGED("real", ".5"), TAGGED("real", "0.5"));
    CHECK_READS(TAGGED("real", "-.5"), TAGGED("real", "-0.5"));
    CHECK_READS(TAGGED("real", "-0.0"), TAGGED("real", "-0.0"));
    CHECK_READS(TAGGED("real", "0.1"), TAGGED("real", "0.1"));
    CHECK_READS(TAGGED("real", "1e400"), TAGGED("real", "1e999"));
    CHECK_READS(TAGGED("real", "-1e400"), TAGGED("real", "-1e999"));
    CHECK_READS(TAGGED("real", "nan"), TAGGED("real", "\"nan\""));
    CHECK_READS(TAGGED("real", "\"nan\""), TAGGED("real", "\"nan\""));
    CHECK_READS(TAGGED("real", "\"inf\""), TAGGED("real", "1e999"));
    CHECK_READS(TAGGED("real", "\"-inf\""), TAGGED("real", "-1e999"));
}

static void test_read_scalars_malformed_refused(void)
{
    static const char *const texts[] = {
        TAGGED("boolean", "1"),
        TAGGED("boolean", "\"true\""),
        TAGGED("boolean", "null"),
        TAGGED("count", "-1"),
        TAGGED("count", "5.0"),
        TAGGED("count", "1e3"),
        TAGGED("count", "\"5\""),
        TAGGED("count", "null"),
        TAGGED("count", "18446744073709551616"),
        TAGGED("count", "100000000000000000000000000"),
        TAGGED("count", "010"),
        TAGGED("count", "0x10"),
        TAGGED("count", "+7"),
        TAGGED("integer", "9223372036854775808"),
        TAGGED("integer", "-9223372036854775809"),
        TAGGED("integer", "1.0"),
        TAGGED("real", "5"),
        TAGGED("real", "-5"),
        TAGGED("real", "inf"),
        TAGGED("real", "-nan"),
        TAGGED("real", "NaN"),
        TAGGED("real", "Infinity"),
        TAGGED("real", "-Infinity"),
        TAGGED("real", "null"),
        TAGGED("real", "\"1.5\""),
        TAGGED("real", "\"infinity\""),
        TAGGED("string", "1"),
        TAGGED("string", "null"),
        TAGGED("string", "nan"),
        TAGGED("enum-value", "1"),
        TAGGED("address", "\"localhost\""),
        TAGGED("address", "\"01.2.3.4\""),
        TAGGED("address", "\"\""),
        TAGGED("address", "\"1.2.3.4\\u0000\""),
        TAGGED("address", "1"),
        TAGGED("subnet", "\"10.0.0.0/33\""),
        TAGGED("subnet", "\"10.0.0.0\""),
        TAGGED("port", "\"70000/tcp\""),
        TAGGED("port", "80"),
        TAGGED("timestamp", "\"2023-11-14\""),
        TAGGED("timestamp", "0"),
        TAGGED("timestamp", "\"9999-01-01T00:00:00\""),
        TAGGED("timespan", "\"10\""),
        TAGGED("timespan", "10"),
        TAGGED("timespan", "\"9223372036854775808ns\""),
        TAGGED("set", "{}"),
        TAGGED("vector", "1"),
        TAGGED("table", "{}"),
        TAGGED("money", "1"),
        TAGGED("", "1"),
        TAGGED("count\\u0000", "1"),
        "{\"@data-type\":1,\"data\":1}",
        "{\"data\":1}",
        "{\"@data-type\":\"count\"}",
        "{\"@data-type\\u0000\":\"count\",\"data\":1}",
        "{}",
        "[]",
        "null",
        "1",
        "\"\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK_REFUSES(texts[i], MQC_EMALFORMED);
}

static void test_read_containers_sorted(void)
{
    CHECK_READS(TAGGED("set", "[" TWO "," ONE "]"), TAGGED("set", "[" ONE "," TWO "]"));
    CHECK_READS(TAGGED("vector", "[" TWO "," ONE "," TWO "]"),
                TAGGED("vector", "[" TWO "," ONE "," TWO "]"));
    CHECK_READS(TAGGED("table", "[{\"value\":" ONE ",\"key\":" TWO ",\"x\":1},{\"key\":" ONE
                                ",\"value\":{\"@data-type\":\"none\"}}]"),
                TAGGED("table", "[{\"key\":" ONE ",\"value\":" TAGGED(
                                    "none", "{}") "},{\"key\":" TWO ",\"value\":" ONE "}]"));
    CHECK_READS(TAGGED("set", "[]"), TAGGED("set", "[]"));
    CHECK_READS(TAGGED("table", "[]"), TAGGED("table", "[]"));
    CHECK_READS(TAGGED("vector", " [ ] "), TAGGED("vector", "[]"));
}

static void test_read_containers_malformed_refused(void)
{
    static const char *const texts[] = {
        TAGGED("set", "[" ONE "," TWO "," ONE "]"),
        TAGGED("set", "[1]"),
        TAGGED("vector", "[null]"),
        TAGGED("vector", "[[]]"),
        TAGGED("table",
               "[{\"key\":" ONE ",\"value\":" TWO "},{\"key\":" ONE ",\"value\":" ONE "}]"),
        TAGGED("table", "[{\"key\":" ONE "}]"),
        TAGGED("table", "[{\"value\":" ONE "}]"),
        TAGGED("table", "[" ONE "]"),
        TAGGED("table", "[{\"key\":1,\"value\":2}]"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK_REFUSES(texts[i], MQC_EMALFORMED);
}

static void test_read_members_any_order_first_wins(void)
{
    CHECK_READS(" {\r\n\t\"data\" : 5 , \"@data-type\" : \"count\" }\r\n", TAGGED("count", "5"));
    CHECK_READS("{\"x\":[{},{\"a\":[nan]}],\"@data-type\":\"count\",\"y\":1e999,\"data\":5,"
                "\"z\":99999999999999999999999}",
                TAGGED("count", "5"));
    CHECK_READS("{\"@data-type\":\"count\",\"data\":5,\"data\":6,\"@data-type\":\"real\"}",
                TAGGED("count", "5"));
    CHECK_READS("{\"\\u0040data-type\":\"coun\\u0074\",\"d\\u0061ta\":5}", TAGGED("count", "5"));
    CHECK_READS("{\"data\\u0000\":7,\"\\u0000\":8,\"@data-type\":\"count\",\"data\":5}",
                TAGGED("count", "5"));
}

static void test_read_strings_decoded(void)
{
    CHECK_READS(TAGGED("string", "\"\""), TAGGED("string", "\"\""));
    CHECK_READS(TAGGED("string", "\"\\/\\\"\\\\\\b\\f\\n\\r\\t\\v\""),
                TAGGED("string", "\"/\\\"\\\\\\b\\f\\n\\r\\t\\u000b\""));
    CHECK_READS(TAGGED("string", "\"a\\u0000b\""), TAGGED("string", "\"a\\u0000b\""));
    CHECK_READS(TAGGED("string", "\"\x01\x1f\x7f\n\""),
                TAGGED("string", "\"\\u0001\\u001f\x7f\\n\""));
    CHECK_READS(TAGGED("string", "\"\\u00e4\\u20AC\\ud83d\\uDE00\""),
                TAGGED("string", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""));
    CHECK_READS(TAGGED("string", "\"\\uDBFF\\uDFFF\\uffff\""),
                TAGGED("string", "\"\xf4\x8f\xbf\xbf\xef\xbf\xbf\""));
}

static struct mqc_value read_or_none(struct mqc__arena *arena, struct mqc_view json)
{
    struct mqc_value value = mqc_none();
    struct mqc_error_info info;
    CHECK_INT(mqc__json_read_value(arena, json, &value, &info), MQC_OK);
    return value;
}

static void test_read_string_raw_bytes_kept(void)
{
    static const char json[] = TAGGED("string", "\"a\0b\xff\xfe\xc3\xed\xa0\x80\"");
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 16);
    const struct mqc_value value = read_or_none(&arena, mqc_view_bytes(json, sizeof json - 1));
    CHECK_INT(value.type, MQC_TYPE_STRING);
    CHECK_VIEW(value.as.text, mqc_view_bytes("a\0b\xff\xfe\xc3\xed\xa0\x80", 9));
    mqc__arena_fini(&arena);
}

static void test_read_string_stand_ins_become_bytes(void)
{
    static const char *const texts[] = {
        TAGGED("string", "\"x\\udbff\\udE80\\udbff\\udeffy\""),
        TAGGED("string", "\"x\xf4\x8f\xba\x80\xf4\x8f\xbb\xbfy\""),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mqc__arena arena;
        mqc__arena_init(&arena, 1 << 16);
        const struct mqc_value value = read_or_none(&arena, mqc_view_text(texts[i]));
        CHECK_VIEW(value.as.text, mqc_view_text("x\x80\xffy"));
        mqc__arena_fini(&arena);
    }
    CHECK_READS(TAGGED("string", "\"\\udbff\\ude7f\\udbff\\udf00\""),
                TAGGED("string", "\"\xf4\x8f\xb9\xbf\xf4\x8f\xbc\x80\""));
}

static void test_read_error_names_place(void)
{
    struct json_result result;
    json_result_init(
        &result,
        mqc_view_text(TAGGED(
            "vector", "[" ONE "," TAGGED("set", "[" ONE "," TAGGED("port", "\"x\\n\"") "]") "]")),
        1 << 16);
    CHECK_INT(result.error, MQC_EMALFORMED);
    CHECK_TEXT(result.info.text, "'x\\x0a' is no port");
    CHECK_TEXT(result.info.place, "[1][1]");
    json_result_fini(&result);
    json_result_init(&result, mqc_view_text("{\"a\" 1}"), 1 << 16);
    CHECK_TEXT(result.info.place, "byte 6");
    json_result_fini(&result);
}

static void check_nesting(const char *open, const char *inner, const char *close)
{
    static const struct {
        size_t levels;
        enum mqc_error error;
    } cases[] = {{62, MQC_OK},        {63, MQC_OK},          {64, MQC_ETOOLARGE},
                 {65, MQC_ETOOLARGE}, {1000, MQC_ETOOLARGE}, {100000, MQC_ETOOLARGE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = json_nested(open, inner, close, cases[i].levels);
        struct json_result result;
        json_result_init(&result, mqc_view_text(text), (size_t)1 << 24);
        CHECK_TEXT(mqc_error_name(result.error), mqc_error_name(cases[i].error));
        json_result_fini(&result);
        free(text);
    }
}

static void test_read_nesting_limit_is_64_values(void)
{
    check_nesting("{\"@data-type\":\"vector\",\"data\":[", ONE, "]}");
    check_nesting("{\"@data-type\":\"set\",\"data\":[", ONE, "]}");
    check_nesting("{\"@data-type\":\"table\",\"data\":[{\"key\":" ONE ",\"value\":", ONE, "}]}");
    check_nesting("{\"@data-type\":\"table\",\"data\":[{\"value\":" ONE ",\"key\":", ONE, "}]}");
}

static void test_read_bare_brackets_bounded(void)
{
    static const size_t levels[] = {63, 64, 65, 255, 256, 257, 100000};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        const enum mqc_error expected = levels[i] <= 256 ? MQC_EMALFORMED : MQC_ETOOLARGE;
        char *arrays = json_nested("[", "", "]", levels[i]);
        char *objects = json_nested("{\"a\":", "1", "}", levels[i]);
        char *open = json_nested("[", "", "", levels[i]);
        CHECK_REFUSES(arrays, expected);
        CHECK_REFUSES(objects, expected);
        CHECK_REFUSES(open, expected);
        free(arrays);
        free(objects);
        free(open);
    }
}

static void test_read_every_prefix_refused(void)
{
    static const char json[] = TAGGED(
        "table",
        "[{\"key\":" TAGGED("string", "\"\\u00e4\\ud83d\\ude00\\v\xff\"") ",\"value\":" TAGGED(
            "vector", "[" TAGGED("real", "-1.5e+3") "," TAGGED("real", "nan") "," ONE "," TAGGED(
                          "boolean", "false") "," TAGGED("none", "null") "]") "}]");
    CHECK_REFUSES_VIEW(mqc_view_bytes(json, sizeof json - 1), MQC_OK);
    for (size_t size = 0; size < sizeof json - 1; size++) {
        /* A copy of exactly that size, so that a sanitizer sees a read beyond it. */
        char *copy = sample_memory(size + 1);
        memcpy(copy + 1, json, size);
        CHECK_REFUSES_VIEW(mqc_view_bytes(copy + 1, size), MQC_EMALFORMED);
        free(copy);
    }
}

static void test_read_changed_byte_never_breaks(void)
{
    static const char json[] = TAGGED(
        "set", "[" TAGGED("string", "\"\\u00e4\\ud83d\\ude00\"") "," TAGGED("real", "-1.5e+3") "]");
    static const char bytes[] = "\"\\{}[],:0-.eun \x01\xff";
    for (size_t at = 0; at < sizeof json - 1; at++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            char copy[sizeof json];
            memcpy(copy, json, sizeof json);
            copy[at] = bytes[i];
            struct json_result result;
            json_result_init(&result, mqc_view_bytes(copy, sizeof json - 1), 1 << 16);
            CHECK(result.error == MQC_OK || result.error == MQC_EMALFORMED);
            json_result_fini(&result);
        }
    }
}

static void check_arena_limit(const char *item, size_t limit_bytes, enum mqc_error expected)
{
    const size_t count = 2000;
    const size_t size = strlen(item);
    struct mqc__buffer json;
    mqc__buffer_init(&json, SIZE_MAX);
    (void)mqc__buffer_append_text(&json, "{\"@data-type\":\"vector\",\"data\":[");
    for (size_t i = 0; i < count; i++) {
        (void)mqc__buffer_append(&json, ",", i != 0 ? 1 : 0);
        (void)mqc__buffer_append(&json, item, size);
    }
    (void)mqc__buffer_append_text(&json, "]}");
    struct json_result result;
    json_result_init(&result, mqc__buffer_view(&json),
                     limit_bytes != 0 ? limit_bytes : 32 * json.size);
    CHECK_TEXT(mqc_error_name(result.error), mqc_error_name(expected));
    json_result_fini(&result);
    mqc__buffer_fini(&json);
}

static void test_read_arena_limit_holds(void)
{
    check_arena_limit(ONE, 16384, MQC_ETOOLARGE);
    check_arena_limit("[]", 16384, MQC_ETOOLARGE);
    check_arena_limit("{}", 16384, MQC_ETOOLARGE);
    check_arena_limit("1", 16384, MQC_ETOOLARGE);
    check_arena_limit(TAGGED("string", "\"0123456789012345678901234567890123456789\""), 65536,
                      MQC_ETOOLARGE);
}

static void test_read_32_times_the_text_is_enough(void)
{
    check_arena_limit(ONE, 0, MQC_OK);
    check_arena_limit("{\"@data-type\":\"none\"}", 0, MQC_OK);
    check_arena_limit(TAGGED("set", "[]"), 0, MQC_OK);
    check_arena_limit(TAGGED("vector", "[" TAGGED("set", "[]") "]"), 0, MQC_OK);
    check_arena_limit(TAGGED("table", "[{\"key\":{\"@data-type\":\"none\"},\"value\":{"
                                      "\"@data-type\":\"none\"}}]"),
                      0, MQC_OK);
    check_arena_limit(TAGGED("string", "\"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\""), 0,
                      MQC_OK);
    check_arena_limit(TAGGED("real", "nan"), 0, MQC_OK);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"scalars_accepted", test_read_scalars_accepted_and_canonical},
        {"reals_accepted", test_read_reals_accepted_and_canonical},
        {"scalars_malformed", test_read_scalars_malformed_refused},
        {"containers_sorted", test_read_containers_sorted},
        {"containers_malformed", test_read_containers_malformed_refused},
        {"members", test_read_members_any_order_first_wins},
        {"strings", test_read_strings_decoded},
        {"string_raw_bytes", test_read_string_raw_bytes_kept},
        {"string_stand_ins", test_read_string_stand_ins_become_bytes},
        {"error_names_place", test_read_error_names_place},
        {"nesting_limit", test_read_nesting_limit_is_64_values},
        {"bare_brackets", test_read_bare_brackets_bounded},
        {"every_prefix", test_read_every_prefix_refused},
        {"changed_byte", test_read_changed_byte_never_breaks},
        {"arena_limit", test_read_arena_limit_holds},
        {"32_times_the_text", test_read_32_times_the_text_is_enough},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.json_read", tests);
}
