#include "test_json_support.h"

#include "codec/json_priv.h"

static enum mqc_error parse(struct mqc_view json)
{
    struct json_object *tree = NULL;
    struct mqc_error_info info;
    const enum mqc_error error = mqc__json_tree_parse(json, 1 << 20, &tree, &info);
    mqc__json_tree_free(&tree);
    return error;
}

static void check_text_is(const char *text, enum mqc_error expected)
{
    (void)check_text(mqc_error_name(parse(mqc_view_text(text))), mqc_error_name(expected), text,
                     __FILE__, __LINE__);
}

static void test_scan_valid_json_accepted(void)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "0",
        "-0",
        "\"\"",
        "true",
        "false",
        "null",
        " 1 ",
        "\r\n\t[ ]\r\n",
        "[1,2]",
        "{\"a\":1,\"b\":[{}]}",
        "{\"\":{}}",
        "[[],{},null,true,false,\"\",0]",
        "1e5",
        "1E+5",
        "1.5e-5",
        "-1.5",
        "[-0.0]",
        "99999999999999999999999999",
        "1e999999",
        "\"\\u0000\\ud83d\\ude00\\/\"",
        "{\"a\":1,\"a\":2}",
        "nan",
        "[nan,nan]",
        "5.",
        "[.5]",
        "\"\xff\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_text_is(texts[i], MQC_OK);
}

static const char *const malformed_texts[] = {
    "",
    " ",
    "\xef\xbb\xbf{}",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "[,]",
    "{,}",
    "{\"a\":1,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\" 1}",
    "{\"a\",1}",
    "{a:1}",
    "{1:2}",
    "{null:1}",
    "{[]:1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1:2}",
    "{\"a\"::1}",
    "{\"a\":1]",
    "[1}",
    "]",
    "}",
    "[",
    "{",
    "[1",
    "{\"a\":1",
    "{\"a\"",
    "{\"a\":",
    "[1 2]",
    "[1]2",
    "[1],",
    "1 1",
    "{} {}",
    "{}x",
    ":",
    ",",
    "[:]",
    "['a']",
    "'a'",
    "[1]/**/",
    "/**/1",
    "//\n1",
    "#\n1",
    "[1//\n]",
    "True",
    "TRUE",
    "nul",
    "nulll",
    "truefalse",
    "NaN",
    "NAN",
    "Infinity",
    "-Infinity",
    "inf",
    "+1",
    "01",
    "-01",
    "0x1",
    "1e",
    "1e+",
    "--1",
    "-",
    ".",
    "1.2.3",
    "1e5.5",
    "1_0",
    "\"",
    "\"\\\"",
    "\"\\",
    "\"\\x41\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\U0041\"",
    "\"\\'\"",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800\\ud800\"",
    "\"\\ud800x\"",
    "\"\\ud800\\n\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud800\\u0041\"",
    "\"\\ud83d\\ude0\"",
    "\\u0022",
    "\x01",
    "\f1",
    "[\xc2\xa0]",
};

static void test_scan_other_text_refused(void)
{
    for (size_t i = 0; i < sizeof malformed_texts / sizeof malformed_texts[0]; i++)
        check_text_is(malformed_texts[i], MQC_EMALFORMED);
}

static void test_scan_nul_outside_strings_refused(void)
{
    CHECK_INT(parse(mqc_view_bytes("1\0", 2)), MQC_EMALFORMED);
    CHECK_INT(parse(mqc_view_bytes("\0", 1)), MQC_EMALFORMED);
    CHECK_INT(parse(mqc_view_bytes("[1\0]", 4)), MQC_EMALFORMED);
    CHECK_INT(parse(mqc_view_bytes("tru\0", 4)), MQC_EMALFORMED);
    CHECK_INT(parse(mqc_view_bytes("\"\\\0\"", 4)), MQC_EMALFORMED);
    CHECK_INT(parse(mqc_view_bytes("\"\0\"", 3)), MQC_OK);
}

static void test_tree_object_keeps_all_members(void)
{
    static const char json[] = "{\"a\":1,\"b\\u0000c\":[true,null],\"a\":\"x\\u0000y\"}";
    struct json_object *tree = NULL;
    REQUIRE(mqc__json_tree_parse(mqc_view_text(json), 1 << 16, &tree, NULL) == MQC_OK);
    CHECK_INT(mqc__json_kind(tree), MQC__JSON_OBJECT);
    CHECK_UNSIGNED(mqc__json_size(tree), 3);
    CHECK_VIEW(mqc__json_name(tree, 1), mqc_view_bytes("b\0c", 3));
    struct json_object *array = mqc__json_value(tree, 1);
    CHECK_INT(mqc__json_kind(array), MQC__JSON_ARRAY);
    CHECK_UNSIGNED(mqc__json_size(array), 2);
    CHECK_INT(mqc__json_kind(mqc__json_item(array, 0)), MQC__JSON_BOOLEAN);
    CHECK_INT(mqc__json_kind(mqc__json_item(array, 1)), MQC__JSON_NULL);
    CHECK_VIEW(mqc__json_text(mqc__json_value(tree, 2)), mqc_view_bytes("x\0y", 3));
    struct json_object *found = NULL;
    CHECK(mqc__json_find(tree, "a", &found));
    CHECK_INT(mqc__json_kind(found), MQC__JSON_INTEGER);
    CHECK(!mqc__json_find(tree, "b", &found));
    mqc__json_tree_free(&tree);
}

static void test_tree_empty_containers_are_told_apart(void)
{
    struct json_object *tree = NULL;
    REQUIRE(mqc__json_tree_parse(mqc_view_text("[[],{},[null],{\"a\":null}]"), 1 << 16, &tree,
                                 NULL) == MQC_OK);
    CHECK_INT(mqc__json_kind(mqc__json_item(tree, 0)), MQC__JSON_ARRAY);
    CHECK_INT(mqc__json_kind(mqc__json_item(tree, 1)), MQC__JSON_OBJECT);
    CHECK_INT(mqc__json_kind(mqc__json_item(tree, 2)), MQC__JSON_ARRAY);
    CHECK_INT(mqc__json_kind(mqc__json_item(tree, 3)), MQC__JSON_OBJECT);
    CHECK_UNSIGNED(mqc__json_size(mqc__json_item(tree, 0)), 0);
    CHECK_UNSIGNED(mqc__json_size(mqc__json_item(tree, 1)), 0);
    CHECK_UNSIGNED(mqc__json_size(mqc__json_item(tree, 2)), 1);
    CHECK_UNSIGNED(mqc__json_size(mqc__json_item(tree, 3)), 1);
    mqc__json_tree_free(&tree);
}

static void test_tree_numbers_are_exact(void)
{
    struct json_object *tree = NULL;
    REQUIRE(
        mqc__json_tree_parse(mqc_view_text("[18446744073709551615,-9223372036854775808,"
                                           "18446744073709551616,1.2345678901234567890,nan,-1]"),
                             1 << 16, &tree, NULL) == MQC_OK);
    uint64_t count = 0;
    int64_t integer = 0;
    CHECK(mqc__json_count(mqc__json_item(tree, 0), &count));
    CHECK_UNSIGNED(count, UINT64_MAX);
    CHECK(!mqc__json_integer(mqc__json_item(tree, 0), &integer));
    CHECK(mqc__json_integer(mqc__json_item(tree, 1), &integer));
    CHECK_INT(integer, INT64_MIN);
    CHECK(!mqc__json_count(mqc__json_item(tree, 1), &count));
    CHECK_INT(mqc__json_kind(mqc__json_item(tree, 2)), MQC__JSON_REAL);
    CHECK_VIEW_TEXT(mqc__json_number_text(mqc__json_item(tree, 3)), "1.2345678901234567890");
    CHECK_VIEW_TEXT(mqc__json_number_text(mqc__json_item(tree, 4)), "nan");
    CHECK(!mqc__json_count(mqc__json_item(tree, 5), &count));
    mqc__json_tree_free(&tree);
}

static void test_scan_heap_limit_holds(void)
{
    static const char *const texts[] = {"[[],[],[],[]]", "[1,2,3,4,5,6]", "{\"a\":{\"b\":{}}}",
                                        "\"0123456789012345678901234567890123456789\""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        bool is_accepted = false;
        for (size_t limit = 0; limit < 2000; limit++) {
            struct json_object *tree = NULL;
            const enum mqc_error error =
                mqc__json_tree_parse(mqc_view_text(texts[i]), limit, &tree, NULL);
            CHECK(error == MQC_OK || (error == MQC_ETOOLARGE && !is_accepted));
            is_accepted = error == MQC_OK;
            mqc__json_tree_free(&tree);
        }
        CHECK(is_accepted);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"valid_json", test_scan_valid_json_accepted},
        {"other_text", test_scan_other_text_refused},
        {"nul_outside_strings", test_scan_nul_outside_strings_refused},
        {"object_keeps_all_members", test_tree_object_keeps_all_members},
        {"empty_containers", test_tree_empty_containers_are_told_apart},
        {"numbers_are_exact", test_tree_numbers_are_exact},
        {"heap_limit", test_scan_heap_limit_holds},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.json_scan", tests);
}
