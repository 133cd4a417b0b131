#include "support/suite.h"
#include "value/text.h"

#include <locale.h>
#include <math.h>

static void test_count_parse_exact_digits_reads(void)
{
    static const struct {
        const char *text;
        bool is_count;
        uint64_t count;
    } cases[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {"010", false, 0},
        {"00", false, 0},
        {"0x10", false, 0},
        {"1 ", false, 0},
        {" 1", false, 0},
        {"1.0", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t count = 4711;
        CHECK_INT(mqc__count_parse(mqc_view_text(cases[i].text), &count), cases[i].is_count);
        CHECK_UNSIGNED(count, cases[i].is_count ? cases[i].count : 4711);
    }
}

static void test_integer_parse_whole_range_reads(void)
{
    static const struct {
        const char *text;
        bool is_integer;
        int64_t integer;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"-7", true, -7},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"--1", false, 0},
        {"-01", false, 0},
        {"1e3", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t integer = 4711;
        CHECK_INT(mqc__integer_parse(mqc_view_text(cases[i].text), &integer), cases[i].is_integer);
        CHECK_INT(integer, cases[i].is_integer ? cases[i].integer : 4711);
    }
}

static void test_number_span_text_finds_number(void)
{
    static const struct {
        const char *text;
        size_t size;
        bool is_integer;
    } cases[] = {
        {"12,", 2, true},    {"-0]", 2, true},    {"1.5}", 3, false}, {"1e5", 3, false},
        {"1E-5x", 4, false}, {"1e+", 1, true},    {"5.", 2, false},   {".5", 2, false},
        {"-.5", 3, false},   {"1.5.2", 3, false}, {"01", 0, false},   {"-", 0, false},
        {".", 0, false},     {"-.e5", 0, false},  {"+1", 0, false},   {"", 0, false},
        {"x", 0, false},     {"1.e5", 4, false},  {"e5", 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc__number_span span = mqc__number_span(mqc_view_text(cases[i].text));
        CHECK_UNSIGNED(span.size, cases[i].size);
        CHECK_INT(span.is_integer, cases[i].is_integer);
    }
}

static void test_real_parse_numbers_reads(void)
{
    static const struct {
        const char *text;
        bool is_real;
        double real;
    } cases[] = {
        {"0", true, 0},
        {"5", true, 5},
        {"5.", true, 5},
        {".5", true, 0.5},
        {"-2.25", true, -2.25},
        {"1e400", true, INFINITY},
        {"-1e400", true, -INFINITY},
        {"1e-400", true, 0},
        {"inf", true, INFINITY},
        {"-inf", true, -INFINITY},
        {"0.1", true, 0.1},
        {"5e-324", true, 5e-324},
        {"", false, 0},
        {"infinity", false, 0},
        {"INF", false, 0},
        {"-nan", false, 0},
        {"0x1p3", false, 0},
        {"1.5 ", false, 0},
        {" 1.5", false, 0},
        {"1,5", false, 0},
        {"1e", false, 0},
        {"--1", false, 0},
        {"+1", false, 0},
        {"01.5", false, 0},
        {"-", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double real = 4711;
        CHECK_INT(mqc__real_parse(mqc_view_text(cases[i].text), &real), cases[i].is_real);
        CHECK(real == (cases[i].is_real ? cases[i].real : 4711));
    }
    double nan = 0;
    CHECK(mqc__real_parse(mqc_view_text("nan"), &nan));
    CHECK(isnan(nan));
}

static void test_real_parse_long_text_bounded(void)
{
    char digits[MQC__REAL_TEXT_BYTES + 1];
    memset(digits, '1', sizeof digits);
    digits[1] = '.';
    double real = 0;
    CHECK(mqc__real_parse(mqc_view_bytes(digits, MQC__REAL_TEXT_BYTES), &real));
    CHECK(real == 1.1111111111111112);
    CHECK(!mqc__real_parse(mqc_view_bytes(digits, sizeof digits), &real));
}

static void test_real_format_value_is_shortest(void)
{
    static const struct {
        double real;
        const char *text;
    } cases[] = {
        {0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {-2.25, "-2.25"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {1e100, "1e+100"},
        {1e-7, "1e-07"},
        {123456789.123456789, "123456789.12345679"},
        {100000, "100000.0"},
        {1e15, "1e+15"},
        {1152921504606846976.0, "1.152921504606847e+18"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {INFINITY, "1e999"},
        {-INFINITY, "-1e999"},
        {NAN, "nan"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[MQC__TEXT_BYTES];
        const size_t size = mqc__real_format(cases[i].real, text);
        CHECK_TEXT(text, cases[i].text);
        CHECK_UNSIGNED(size, strlen(text));
    }
}

static void test_real_format_random_bits_round_trip(void)
{
    struct test_random random = {1};
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = test_random_next(&random);
        double real = 0;
        memcpy(&real, &bits, sizeof real);
        if (isnan(real))
            continue;
        char text[MQC__TEXT_BYTES];
        double back = 0;
        const size_t size = mqc__real_format(real, text);
        REQUIRE(mqc__real_parse(mqc_view_bytes(text, size), &back));
        uint64_t back_bits = 0;
        memcpy(&back_bits, &back, sizeof back);
        REQUIRE(back_bits == bits);
        REQUIRE(strpbrk(text, ".e") != NULL);
    }
}

static void test_real_comma_locale_changes_nothing(void)
{
    static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
    bool is_set = false;
    for (size_t i = 0; i < sizeof locales / sizeof locales[0] && !is_set; i++)
        is_set = setlocale(LC_ALL, locales[i]) != NULL;
    if (!is_set) {
        suite_skip("no locale with a decimal comma is installed");
        return;
    }
    char text[MQC__TEXT_BYTES];
    double real = 0;
    (void)mqc__real_format(1.5, text);
    CHECK_TEXT(text, "1.5");
    CHECK(mqc__real_parse(mqc_view_text("2.5"), &real));
    CHECK(real == 2.5);
    (void)setlocale(LC_ALL, "C");
}

static void test_scalar_parse_type_chooses_form(void)
{
    struct mqc_value value = mqc_none();
    CHECK(mqc__scalar_parse(MQC_TYPE_BOOLEAN, mqc_view_text("T"), &value) && value.as.boolean);
    CHECK(mqc__scalar_parse(MQC_TYPE_BOOLEAN, mqc_view_text("false"), &value) && !value.as.boolean);
    CHECK(!mqc__scalar_parse(MQC_TYPE_BOOLEAN, mqc_view_text("yes"), &value));
    CHECK(mqc__scalar_parse(MQC_TYPE_COUNT, mqc_view_text("5"), &value));
    CHECK_INT(value.type, MQC_TYPE_COUNT);
    CHECK(mqc__scalar_parse(MQC_TYPE_ENUM, mqc_view_text("Notice::LOG"), &value));
    CHECK_VIEW_TEXT(value.as.text, "Notice::LOG");
    CHECK(mqc__scalar_parse(MQC_TYPE_PORT, mqc_view_text("53/udp"), &value));
    CHECK_UNSIGNED(value.as.port.number, 53);
    CHECK(!mqc__scalar_parse(MQC_TYPE_ADDRESS, mqc_view_text("x"), &value));
    CHECK_INT(value.type, MQC_TYPE_PORT);
    CHECK(!mqc__scalar_parse(MQC_TYPE_SET, mqc_view_text("{}"), &value));
    CHECK(!mqc__scalar_parse(MQC_TYPE_NONE, mqc_view_text(""), &value));
    CHECK_CONTAINS(mqc__scalar_expected(MQC_TYPE_ADDRESS), "10.0.0.1");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"count_parse_exact_digits", test_count_parse_exact_digits_reads},
        {"integer_parse_whole_range", test_integer_parse_whole_range_reads},
        {"number_span", test_number_span_text_finds_number},
        {"real_parse_numbers", test_real_parse_numbers_reads},
        {"real_parse_long_text", test_real_parse_long_text_bounded},
        {"real_format_is_shortest", test_real_format_value_is_shortest},
        {"real_format_round_trip", test_real_format_random_bits_round_trip},
        {"real_comma_locale", test_real_comma_locale_changes_nothing},
        {"scalar_parse", test_scalar_parse_type_chooses_form},
        CU_TEST_INFO_NULL,
    };
    return suite_run("value.text_number", tests);
}
