/* The quick reader takes what is usual and agrees with the reader of trees; it leaves the rest. */
#include "test_json_support.h"

#include "codec/json_priv.h"

#define TAG(type, data) "{\"@data-type\":\"" type "\",\"data\":" data "}"
#define ONE TAG("count", "1")
#define EVENT(argument)                                                                            \
    "\"@data-type\":\"vector\",\"data\":[" ONE "," ONE                                             \
    "," TAG("vector", "[" TAG("string", "\"e\"") "," TAG("vector", "[" argument "]") "]") "]"
#define MESSAGE(argument) "{\"type\":\"data-message\",\"topic\":\"/t\"," EVENT(argument) "}"

/* Reads the text of a message and writes it again. */
static void rewrite(const char *json, struct mqc__buffer *written)
{
    struct mqc__arena arena;
    struct mqc__json_message message;
    struct mqc_error_info info = {.code = MQC_OK};
    mqc__arena_init(&arena, 1 << 20);
    (void)mqc__json_read_message(&arena, mqc_view_text(json), &message, &info);
    CHECK_TEXT(info.text, "");
    CHECK_INT(mqc__json_write_message(message.topic, &message.event, written), MQC_OK);
    (void)mqc__buffer_append(written, "", 1);
    mqc__arena_fini(&arena);
}

static bool is_quick(const char *json)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 20);
    struct mqc_view topic;
    struct mqc_value data;
    REQUIRE(mqc__arena_alloc(&arena, 100) != NULL);
    const size_t used_bytes = arena.used_bytes;
    const bool is_quick = mqc__json_quick(&arena, mqc_view_text(json), &topic, &data);
    CHECK(is_quick == (arena.used_bytes != used_bytes));
    mqc__arena_fini(&arena);
    return is_quick;
}

/* A member that the quick reader does not know makes the same message one for the tree. */
static void check_agrees(const char *json)
{
    struct mqc__buffer slow_json;
    struct mqc__buffer quick;
    struct mqc__buffer slow;
    mqc__buffer_init(&slow_json, 1 << 20);
    mqc__buffer_init(&quick, 1 << 20);
    mqc__buffer_init(&slow, 1 << 20);
    (void)mqc__buffer_append_text(&slow_json, "{\"unknown\":0,");
    REQUIRE(mqc__buffer_append(&slow_json, strchr(json, '{') + 1, strlen(strchr(json, '{'))));
    CHECK(is_quick(json));
    CHECK(!is_quick(slow_json.data));
    rewrite(json, &quick);
    rewrite(slow_json.data, &slow);
    CHECK_TEXT(quick.data, slow.data);
    mqc__buffer_fini(&slow);
    mqc__buffer_fini(&quick);
    mqc__buffer_fini(&slow_json);
}

static void test_quick_every_type_agrees_with_the_tree(void)
{
    static const char *const messages[] = {
        MESSAGE(""),
        MESSAGE(TAG("none", "{}")),
        MESSAGE(TAG("boolean", "true") "," TAG("boolean", "false")),
        MESSAGE(TAG("count", "0") "," TAG("count", "18446744073709551615")),
        MESSAGE(TAG("integer", "-9223372036854775808") "," TAG("integer", "9223372036854775807")),
        MESSAGE(TAG("integer", "-0") "," TAG("integer", "7")),
        MESSAGE(TAG("real", "0.1") "," TAG("real", "-0.0") "," TAG("real", "1e400")),
        MESSAGE(TAG("real", "1E5") "," TAG("real", "5.") "," TAG("real", ".5") "," TAG(
            "real", "-123456789012345678901234567890.5e-300")),
        MESSAGE(TAG("string", "\"\"") "," TAG("string", "\"a\xff\x7f \xc3\xa4\"")),
        MESSAGE(TAG("string", "\"the byte \xf4\x8f\xbb\xbf, \xf4\x8f\xbf\xbf\"")),
        MESSAGE(TAG("string", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\v end\\\\\"") "," TAG("string",
                                                                                   "\"\\n\"")),
        MESSAGE(TAG("address", "\"::ffff:10.0.0.1\"") "," TAG("address", "\"2001:DB8::1\"")),
        MESSAGE(TAG("subnet", "\"10.1.2.3/8\"") "," TAG("port", "\"80/tcp\"")),
        MESSAGE(TAG("timestamp", "\"2024-02-29T12:00:00.123456789\"")),
        MESSAGE(TAG("timespan", "\"1500ms\"") "," TAG("enum-value", "\"Notice::LOG\"")),
        MESSAGE(TAG("set", "[" TAG("count", "2") "," ONE "," TAG("string", "\"\"") "]")),
        MESSAGE(TAG("set", "[]") "," TAG("table", "[]") "," TAG("vector", "[]")),
        MESSAGE(TAG("table", "[{\"key\":" TAG("count", "2") ",\"value\":" TAG(
                                 "vector", "[" ONE "]") "},{\"key\":" ONE
                                                        ",\"value\":" TAG("none", "{}") "}]")),
        "{\"topic\":\"/t\"," EVENT(ONE) ",\"type\":\"\"}",
        "{" EVENT(ONE) ",\"topic\":\"<$>\"}",
        " {\n\"topic\" :\t\"\" ,\r " EVENT(
            " { \"@data-type\" : \"count\" , \"data\" : 1 } ") " }\n",
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        check_agrees(messages[i]);
}

static void test_quick_leaves_what_is_unusual_or_wrong(void)
{
    static const char *const messages[] = {
        "",
        "[]",
        "{}",
        "{\"topic\":\"/t\"}",
        "{" EVENT(ONE) "}",
        "{\"topic\":5," EVENT(ONE) "}",
        "{\"type\":5,\"topic\":\"/t\"," EVENT(ONE) "}",
        "{\"type\":\"\",\"type\":\"\",\"topic\":\"/t\"," EVENT(ONE) "}",
        "{\"topic\":\"/t\",\"topic\":\"/t\"," EVENT(ONE) "}",
        "{\"topic\":\"/t\"," EVENT(ONE) "," EVENT(ONE) "}",
        "{\"topic\":\"/t\"," EVENT(ONE) ",}",
        "{\"topic\":\"/t\"," EVENT(ONE) "",
        "{\"topic\":\"/t\"," EVENT(ONE) "} {}",
        "{\"topic\":\"/t\",\"data\":[],\"@data-type\":\"vector\"}",
        "{\"topic\":\"/t\",\"@data-type\":\"set\",\"data\":[]}",
        "{\"topic\":\"/t\",\"@data-type\":\"vector\",\"data\":[],\"more\":0}",
        "{\"topic\":\"\\u0041\"," EVENT(ONE) "}",
        "{\"topic\":\"\\x\"," EVENT(ONE) "}",
        "{\"topic\":\"\\\"," EVENT(ONE) "}",
        "{\"type\":\"\\n\",\"topic\":\"/t\"," EVENT(ONE) "}",
        "{\"topic\":\"a\tb\"," EVENT(ONE) "}",
        MESSAGE(ONE ","),
        MESSAGE("1"),
        MESSAGE("{\"data\":1,\"@data-type\":\"count\"}"),
        MESSAGE("{\"@data-type\":\"count\"}"),
        MESSAGE("{\"@data-type\":\"none\"}"),
        MESSAGE("{\"@data-type\":\"count\",\"data\":1,\"more\":0}"),
        MESSAGE(TAG("none", "null")),
        MESSAGE(TAG("Count", "1")),
        MESSAGE(TAG("", "1")),
        MESSAGE(TAG("boolean", "1")),
        MESSAGE(TAG("boolean", "truer")),
        MESSAGE(TAG("count", "-1")),
        MESSAGE(TAG("count", "-0")),
        MESSAGE(TAG("count", "18446744073709551616")),
        MESSAGE(TAG("count", "1.0")),
        MESSAGE(TAG("count", "01")),
        MESSAGE(TAG("integer", "1e1")),
        MESSAGE(TAG("real", "1")),
        MESSAGE(TAG("real", "nan")),
        MESSAGE(TAG("real", "\"inf\"")),
        MESSAGE(TAG("string", "\"\\u00e4\"")),
        MESSAGE(TAG("string", "\"\\0\"")),
        MESSAGE(TAG("string", "\"\\\"")),
        MESSAGE(TAG("address", "\"10.0.0\\.1\"")),
        MESSAGE(TAG("string", "\"unfinished")),
        MESSAGE(TAG("address", "\"10.0.0\"")),
        MESSAGE(TAG("set", "[" ONE "," ONE "]")),
        MESSAGE(TAG("table", "[{\"key\":" ONE "}]")),
        MESSAGE(TAG("table", "[{\"value\":" ONE ",\"key\":" ONE "}]")),
        MESSAGE(TAG("table",
                    "[{\"key\":" ONE ",\"value\":" ONE "},{\"key\":" ONE ",\"value\":" ONE "}]")),
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (is_quick(messages[i]))
            CHECK_TEXT(messages[i], "left to the tree");
    }
}

static void test_quick_cut_anywhere_is_left(void)
{
    static const char json[] = MESSAGE(TAG("set", "[" ONE "]") "," TAG("real", "1.5"));
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 20);
    for (size_t size = 0; size < sizeof json - 1; size++) {
        struct mqc_view topic;
        struct mqc_value data;
        CHECK(!mqc__json_quick(&arena, mqc_view_bytes(json, size), &topic, &data));
        CHECK_UNSIGNED(arena.used_bytes, 0);
    }
    mqc__arena_fini(&arena);
}

/* The arena's limit is met by either reader, for the whole of it. */
static void test_quick_over_the_limit_ends_as_the_tree_does(void)
{
    static const char json[] = MESSAGE(TAG("string", "\"some text\"") "," ONE "," ONE);
    for (size_t limit = 0; limit < 4000; limit += 16) {
        struct mqc__arena arena;
        struct mqc__json_message message;
        struct mqc_error_info info;
        mqc__arena_init(&arena, limit);
        const enum mqc_error error =
            mqc__json_read_message(&arena, mqc_view_text(json), &message, &info);
        CHECK(error == MQC_OK || error == MQC_ETOOLARGE);
        CHECK(error == MQC_ETOOLARGE || limit > 250);
        CHECK(error == MQC_OK || limit < 2000);
        mqc__arena_fini(&arena);
    }
}

static void test_quick_large_lists_keep_their_order(void)
{
    struct mqc__buffer json;
    mqc__buffer_init(&json, 1 << 20);
    (void)mqc__buffer_append_text(
        &json, "{\"topic\":\"/t\",\"@data-type\":\"vector\",\"data\":[" ONE "," ONE
               ",{\"@data-type\":\"vector\",\"data\":[" TAG("string", "\"e\"") ",{\"@data-type\":"
                                                                               "\"vector\","
                                                                               "\"data\":[");
    for (unsigned i = 0; i < 1000; i++)
        (void)mqc__buffer_append_text(
            &json, i % 2 == 0 ? TAG("vector", "[" TAG("count", "0") "]") "," : ONE ",");
    REQUIRE(mqc__buffer_append(&json, ONE "]}]}]}", sizeof ONE "]}]}]}"));
    check_agrees(json.data);
    mqc__buffer_fini(&json);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"every_type_agrees_with_the_tree", test_quick_every_type_agrees_with_the_tree},
        {"leaves_what_is_unusual_or_wrong", test_quick_leaves_what_is_unusual_or_wrong},
        {"cut_anywhere_is_left", test_quick_cut_anywhere_is_left},
        {"over_the_limit_ends_as_the_tree_does", test_quick_over_the_limit_ends_as_the_tree_does},
        {"large_lists_keep_their_order", test_quick_large_lists_keep_their_order},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.json_quick", tests);
}
