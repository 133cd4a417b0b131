#include "test_json_support.h"
#include "test_protobuf_samples.h"

#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>

static void check_written(const struct mqc_value *value, const char *expected)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 1 << 20);
    CHECK_INT(mqc__json_write_value(value, &buffer), MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), expected);
    mqc__buffer_fini(&buffer);
}

static void test_write_scalars_in_zeeks_form(void)
{
    const struct mqc_value subnet = {
        .type = MQC_TYPE_SUBNET, .as = {.subnet = {mqc_address_v4("\x0a\0\0\0").as.address, 104}}};
    const struct {
        struct mqc_value value;
        const char *json;
    } cases[] = {
        {mqc_none(), "{\"@data-type\":\"none\",\"data\":{}}"},
        {mqc_boolean(true), "{\"@data-type\":\"boolean\",\"data\":true}"},
        {mqc_count(UINT64_MAX), "{\"@data-type\":\"count\",\"data\":18446744073709551615}"},
        {mqc_integer(INT64_MIN), "{\"@data-type\":\"integer\",\"data\":-9223372036854775808}"},
        {mqc_real(5), "{\"@data-type\":\"real\",\"data\":5.0}"},
        {mqc_real(-0.0), "{\"@data-type\":\"real\",\"data\":-0.0}"},
        {mqc_real(1e-7), "{\"@data-type\":\"real\",\"data\":1e-07}"},
        {mqc_real(INFINITY), "{\"@data-type\":\"real\",\"data\":1e999}"},
        {mqc_real(NAN), "{\"@data-type\":\"real\",\"data\":\"nan\"}"},
        {mqc_string_text("a\"/\\"), "{\"@data-type\":\"string\",\"data\":\"a\\\"/\\\\\"}"},
        {mqc_address_v4("\x0a\0\0\x01"), "{\"@data-type\":\"address\",\"data\":\"10.0.0.1\"}"},
        {subnet, "{\"@data-type\":\"subnet\",\"data\":\"10.0.0.0/8\"}"},
        {mqc_port(80, MQC_PROTOCOL_TCP), "{\"@data-type\":\"port\",\"data\":\"80/tcp\"}"},
        {mqc_timestamp(-1500000000),
         "{\"@data-type\":\"timestamp\",\"data\":\"1969-12-31T23:59:58.500\"}"},
        {mqc_timespan(1500000000), "{\"@data-type\":\"timespan\",\"data\":\"1500ms\"}"},
        {mqc_enum_value("Notice::LOG"), "{\"@data-type\":\"enum-value\",\"data\":\"Notice::LOG\"}"},
        {mqc_set(NULL, 0), "{\"@data-type\":\"set\",\"data\":[]}"},
        {mqc_table(NULL, 0), "{\"@data-type\":\"table\",\"data\":[]}"},
        {mqc_vector(NULL, 0), "{\"@data-type\":\"vector\",\"data\":[]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_written(&cases[i].value, cases[i].json);
}

static void test_write_unsorted_set_and_table_sorted(void)
{
    const struct mqc_value inner_items[] = {mqc_count(9), mqc_count(8)};
    const struct mqc_value items[] = {mqc_string_text("b"), mqc_set(inner_items, 2), mqc_count(2),
                                      mqc_string_text("a")};
    const struct mqc_value set = mqc_set(items, 4);
    check_written(&set, "{\"@data-type\":\"set\",\"data\":[{\"@data-type\":\"count\",\"data\":2},"
                        "{\"@data-type\":\"string\",\"data\":\"a\"},"
                        "{\"@data-type\":\"string\",\"data\":\"b\"},"
                        "{\"@data-type\":\"set\",\"data\":[{\"@data-type\":\"count\",\"data\":8},"
                        "{\"@data-type\":\"count\",\"data\":9}]}]}");
    CHECK_INT(items[0].type, MQC_TYPE_STRING);
    CHECK_UNSIGNED(inner_items[0].as.count, 9);
    const struct mqc_entry entries[] = {{mqc_count(2), mqc_none()}, {mqc_count(1), mqc_none()}};
    const struct mqc_value table = mqc_table(entries, 2);
    check_written(&table, "{\"@data-type\":\"table\",\"data\":["
                          "{\"key\":{\"@data-type\":\"count\",\"data\":1},"
                          "\"value\":{\"@data-type\":\"none\",\"data\":{}}},"
                          "{\"key\":{\"@data-type\":\"count\",\"data\":2},"
                          "\"value\":{\"@data-type\":\"none\",\"data\":{}}}]}");
    CHECK_UNSIGNED(entries[0].key.as.count, 2);
}

static void check_string(struct mqc_view bytes, const char *expected)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 1 << 20);
    CHECK_INT(mqc__json_write_string(bytes, &buffer), MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), expected);
    mqc__buffer_fini(&buffer);
}

static void test_write_string_controls_escaped(void)
{
    check_string(mqc_view_bytes("", 0), "\"\"");
    check_string(mqc_view_bytes("\0\x01\x1f\b\f\n\r\t\v\x7f", 10),
                 "\"\\u0000\\u0001\\u001f\\b\\f\\n\\r\\t\\u000b\x7f\"");
    check_string(mqc_view_text("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
                 "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

static void test_write_string_other_bytes_stand_in(void)
{
    check_string(mqc_view_text("\xff\xfe"), "\"\xf4\x8f\xbb\xbf\xf4\x8f\xbb\xbe\"");
    check_string(mqc_view_text("a\x80z"), "\"a\xf4\x8f\xba\x80z\"");
    /* An overlong slash, a surrogate, a character beyond the last, one cut off. */
    check_string(mqc_view_text("\xc0\xaf"), "\"\xf4\x8f\xbb\x80\xf4\x8f\xba\xaf\"");
    check_string(mqc_view_text("\xed\xa0\x80"),
                 "\"\xf4\x8f\xbb\xad\xf4\x8f\xba\xa0\xf4\x8f\xba\x80\"");
    check_string(mqc_view_text("\xf4\x90\x80\x80"),
                 "\"\xf4\x8f\xbb\xb4\xf4\x8f\xba\x90\xf4\x8f\xba\x80\xf4\x8f\xba\x80\"");
    check_string(mqc_view_text("\xe2\x82"), "\"\xf4\x8f\xbb\xa2\xf4\x8f\xba\x82\"");
    /* A genuine U+10FE80: each of its bytes stands in. */
    check_string(mqc_view_text("\xf4\x8f\xba\x80"),
                 "\"\xf4\x8f\xbb\xb4\xf4\x8f\xba\x8f\xf4\x8f\xba\xba\xf4\x8f\xba\x80\"");
    check_string(mqc_view_text("\xf4\x8f\xb9\xbf"), "\"\xf4\x8f\xb9\xbf\"");
}

/* Bytes among which broken and whole characters, and characters that stand in, are frequent. */
static size_t random_text(struct test_random *random, char *text_out, size_t size)
{
    static const char *const pieces[] = {"\xf4\x8f\xba\x80",
                                         "\xf4\x8f\xbb\xbf",
                                         "\xf4\x8f\xba",
                                         "\xf4\x8f",
                                         "\xc3\xa4",
                                         "\xe2\x82\xac",
                                         "\xf0\x9f\x98\x80",
                                         "\"",
                                         "\\",
                                         "\\u0041",
                                         "\n"};
    const size_t piece_count = sizeof pieces / sizeof pieces[0];
    size_t used = 0;
    const size_t wanted = test_random_below(random, size - 6);
    while (used < wanted) {
        const size_t piece = test_random_below(random, 2 * piece_count);
        if (piece >= piece_count) {
            text_out[used++] = (char)test_random_next(random);
            continue;
        }
        const size_t piece_size = strlen(pieces[piece]);
        memcpy(text_out + used, pieces[piece], piece_size);
        used += piece_size;
    }
    return used;
}

static void check_utf8(struct mqc_view text)
{
    struct json_tokener *tokener = json_tokener_new();
    REQUIRE(tokener != NULL);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *node = json_tokener_parse_ex(tokener, text.data, (int)text.size);
    CHECK_TEXT(json_tokener_error_desc(json_tokener_get_error(tokener)),
               json_tokener_error_desc(json_tokener_success));
    json_object_put(node);
    json_tokener_free(tokener);
}

static void test_write_string_random_bytes_round_trip(void)
{
    struct test_random random = {4};
    for (int i = 0; i < 3000; i++) {
        char text[80];
        const struct mqc_view bytes = mqc_view_bytes(text, random_text(&random, text, sizeof text));
        const struct mqc_value value = mqc_string(bytes);
        struct mqc__buffer buffer;
        struct mqc__arena arena;
        struct mqc_value back = mqc_none();
        mqc__buffer_init(&buffer, 1 << 16);
        mqc__arena_init(&arena, 1 << 16);
        REQUIRE(mqc__json_write_value(&value, &buffer) == MQC_OK);
        check_utf8(mqc__buffer_view(&buffer));
        REQUIRE(mqc__json_read_value(&arena, mqc__buffer_view(&buffer), &back, NULL) == MQC_OK);
        REQUIRE(mqc_view_equal(back.as.text, bytes));
        mqc__arena_fini(&arena);
        mqc__buffer_fini(&buffer);
    }
}

static void test_write_random_values_round_trip(void)
{
    struct test_random random = {5};
    for (int i = 0; i < 400; i++) {
        struct mqc__arena arena;
        mqc__arena_init(&arena, SIZE_MAX);
        struct mqc__buffer buffer;
        mqc__buffer_init(&buffer, SIZE_MAX);
        const struct mqc_value value = sample_value(&arena, &random, 4);
        struct mqc_value back = mqc_none();
        REQUIRE(mqc__json_write_value(&value, &buffer) == MQC_OK);
        check_utf8(mqc__buffer_view(&buffer));
        struct mqc__arena bounded;
        mqc__arena_init(&bounded, 32 * buffer.size);
        REQUIRE(mqc__json_read_value(&bounded, mqc__buffer_view(&buffer), &back, NULL) == MQC_OK);
        CHECK_INT(mqc_value_compare(&value, &back), 0);
        mqc__arena_fini(&bounded);
        mqc__buffer_fini(&buffer);
        mqc__arena_fini(&arena);
    }
}

static void test_write_too_deep_refused(void)
{
    struct mqc_value levels[66];
    levels[0] = mqc_count(1);
    for (size_t i = 1; i < 66; i++)
        levels[i] = mqc_vector(&levels[i - 1], 1);
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 1 << 20);
    CHECK_INT(mqc__json_write_value(&levels[62], &buffer), MQC_OK);
    CHECK_INT(mqc__json_write_value(&levels[63], &buffer), MQC_OK);
    CHECK_INT(mqc__json_write_value(&levels[64], &buffer), MQC_ETOOLARGE);
    CHECK_INT(mqc__json_write_value(&levels[65], &buffer), MQC_ETOOLARGE);
    mqc__buffer_fini(&buffer);
}

static void test_write_buffer_limit_holds(void)
{
    const struct mqc_value items[] = {mqc_string_text("b\xff"), mqc_real(1.5), mqc_count(7)};
    const struct mqc_value value = mqc_set(items, 3);
    struct mqc__buffer whole;
    mqc__buffer_init(&whole, SIZE_MAX);
    REQUIRE(mqc__json_write_value(&value, &whole) == MQC_OK);
    for (size_t limit = 0; limit < whole.size; limit++) {
        struct mqc__buffer buffer;
        mqc__buffer_init(&buffer, limit);
        CHECK_INT(mqc__json_write_value(&value, &buffer), MQC_ETOOLARGE);
        mqc__buffer_fini(&buffer);
    }
    mqc__buffer_fini(&whole);
}

static void test_write_unknown_type_refused(void)
{
    const struct mqc_value value = {.type = (enum mqc_type)77};
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 1 << 10);
    CHECK_INT(mqc__json_write_value(&value, &buffer), MQC_EINVAL);
    mqc__buffer_fini(&buffer);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"scalars", test_write_scalars_in_zeeks_form},
        {"unsorted_set_and_table", test_write_unsorted_set_and_table_sorted},
        {"string_controls", test_write_string_controls_escaped},
        {"string_other_bytes", test_write_string_other_bytes_stand_in},
        {"string_round_trip", test_write_string_random_bytes_round_trip},
        {"values_round_trip", test_write_random_values_round_trip},
        {"too_deep", test_write_too_deep_refused},
        {"buffer_limit", test_write_buffer_limit_holds},
        {"unknown_type", test_write_unknown_type_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.json_write", tests);
}
