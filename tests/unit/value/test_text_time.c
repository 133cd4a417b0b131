#include "support/suite.h"
#include "value/text.h"

#define SECOND_NS INT64_C(1000000000)

static void test_timestamp_parse_accepted_forms_read(void)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"1970-01-01T00:00:00", 0},
        {"1970-01-01T00:00:00.", 0},
        {"1970-01-01T00:00:00.5", 500000000},
        {"2023-11-14T22:13:20.123456789", INT64_C(1700000000123456789)},
        {"2023-11-14T22:13:20Z", INT64_C(1700000000) * SECOND_NS},
        {"2023-11-14T22:13:20+00:00", INT64_C(1700000000) * SECOND_NS},
        {"2023-11-14T23:13:20+01", INT64_C(1700000000) * SECOND_NS},
        {"2023-11-14T23:43:20+0130", INT64_C(1700000000) * SECOND_NS},
        {"2023-11-14T20:43:20.5-01:30", INT64_C(1700000000) * SECOND_NS + SECOND_NS / 2},
        {"2024-02-29T00:00:00", INT64_C(1709164800) * SECOND_NS},
        {"2000-02-29T23:59:59", INT64_C(951868799) * SECOND_NS},
        {"1969-12-31T23:59:58.500", -1500000000},
        {"1969-12-31T23:59:59.999999999", -1},
        {"1677-09-21T00:12:43.145224192", INT64_MIN},
        {"2262-04-11T23:47:16.854775807", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = 4711;
        CHECK(mqc__timestamp_parse(mqc_view_text(cases[i].text), &ns));
        CHECK_INT(ns, cases[i].ns);
    }
}

static void test_timestamp_parse_other_text_refused(void)
{
    static const char *const texts[] = {
        "",
        "garbage",
        "2023-11-14",
        "2023-11-14T22:13",
        "2023-11-14 22:13:20",
        "2023-11-14t22:13:20",
        "2023-11-14T22:13:60",
        "2023-11-14T24:00:00",
        "2023-11-14T22:60:00",
        "2023-11-14T22:13:20.1234567890",
        "2023-11-14T22:13:20,5",
        "2023-11-14T22:13:20z",
        "2023-11-14T22:13:20 Z",
        "2023-11-14T22:13:20Zx",
        "2023-11-14T22:13:20+1",
        "2023-11-14T22:13:20+01:",
        "2023-11-14T22:13:20+01:6",
        "2023-11-14T22:13:20+01:60",
        "2023-11-14T22:13:20+24:00",
        "2023-11-14T22:13:20+010",
        "2023-11-14T22:13:20Z+01",
        "2023-02-29T00:00:00",
        "1900-02-29T00:00:00",
        "2023-04-31T00:00:00",
        "2023-13-01T00:00:00",
        "2023-00-01T00:00:00",
        "2023-01-00T00:00:00",
        "2023-1-01T00:00:00",
        "02023-01-01T00:00:00",
        "-023-01-01T00:00:00",
        "+2023-01-01T00:00:00",
        " 2023-01-01T00:00:00",
        "0999-01-01T00:00:00",
        "1677-09-21T00:12:43.145224191",
        "2262-04-11T23:47:16.854775808",
        "9999-01-01T00:00:00",
        "0000-01-01T00:00:00",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ns = 4711;
        CHECK_INT(mqc__timestamp_parse(mqc_view_text(texts[i]), &ns), false);
        CHECK_INT(ns, 4711);
    }
}

static void test_timestamp_format_digits_as_needed(void)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000"},
        {INT64_C(1700000000123000000), "2023-11-14T22:13:20.123"},
        {INT64_C(1700000000123456000), "2023-11-14T22:13:20.123456"},
        {INT64_C(1700000000123456789), "2023-11-14T22:13:20.123456789"},
        {-1500000000, "1969-12-31T23:59:58.500"},
        {-500000000, "1969-12-31T23:59:59.500"},
        {-1, "1969-12-31T23:59:59.999999999"},
        {INT64_MIN, "1677-09-21T00:12:43.145224192"},
        {INT64_MAX, "2262-04-11T23:47:16.854775807"},
        {INT64_C(951782400) * SECOND_NS, "2000-02-29T00:00:00.000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[MQC__TEXT_BYTES];
        CHECK_UNSIGNED(mqc__timestamp_format(cases[i].ns, text), strlen(cases[i].text));
        CHECK_TEXT(text, cases[i].text);
    }
}

static void test_timestamp_random_round_trip(void)
{
    struct test_random random = {3};
    for (int i = 0; i < 20000; i++) {
        const int64_t ns = (int64_t)test_random_next(&random);
        int64_t back = 0;
        char text[MQC__TEXT_BYTES];
        const size_t size = mqc__timestamp_format(ns, text);
        REQUIRE(mqc__timestamp_parse(mqc_view_bytes(text, size), &back));
        REQUIRE(back == ns);
        REQUIRE(!mqc__timestamp_parse(mqc_view_bytes(text, test_random_below(&random, 19)), &back));
    }
}

static void test_timespan_parse_accepted_forms_read(void)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"0s", 0},
        {"-0s", 0},
        {"1h", 3600 * SECOND_NS},
        {"1min", 60 * SECOND_NS},
        {"1.5s", 1500000000},
        {"1e3ms", SECOND_NS},
        {"1E-3s", 1000000},
        {"+5s", 5 * SECOND_NS},
        {"-2s", -2 * SECOND_NS},
        {".5s", 500000000},
        {"0.1h", 360 * SECOND_NS},
        {"0.3s", 300000000},
        {"1.999999999999s", 1999999999},
        {"-1.9ns", -1},
        {"0.0000000001h", 360},
        {"9007199254740993ns", INT64_C(9007199254740993)},
        {"9223372036854775807ns", INT64_MAX},
        {"-9223372036854775808ns", INT64_MIN},
        {"9223372036.854775807s", INT64_MAX},
        {"-9223372036.854775808s", INT64_MIN},
        {"922337203685477580.7e1ns", INT64_MAX},
        {"0.000000000000000000009223372036854775807e30us", INT64_C(9223372036854)},
        {"0e999999999999999999999h", 0},
        {"1e-999999999999999999999h", 0},
        {"2562047.788015215h", INT64_C(9223372036854774000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = 4711;
        CHECK(mqc__timespan_parse(mqc_view_text(cases[i].text), &ns));
        CHECK_INT(ns, cases[i].ns);
    }
}

static void test_timespan_parse_other_text_refused(void)
{
    static const char *const texts[] = {
        "",
        "s",
        "10",
        "5m",
        "1d",
        "1 s",
        "1500 ms",
        " 5s",
        "5s ",
        "5S",
        "5sec",
        "0x5s",
        "05s",
        "-05s",
        "+-5s",
        "--5s",
        "++5s",
        "1..5s",
        "1e s",
        "nans",
        "infs",
        "1,5s",
        "5",
        "5hs",
        "-",
        "+",
        "+s",
        "9223372036854775808ns",
        "-9223372036854775809ns",
        "9223372036.854775808s",
        "2562048h",
        "1e30s",
        "1e999999999999999999h",
        "5min1s",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ns = 4711;
        CHECK_INT(mqc__timespan_parse(mqc_view_text(texts[i]), &ns), false);
        CHECK_INT(ns, 4711);
    }
}

static void test_timespan_format_largest_exact_unit(void)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {3600 * SECOND_NS, "3600s"},
        {1500000000, "1500ms"},
        {3000, "3us"},
        {7, "7ns"},
        {-2 * SECOND_NS, "-2s"},
        {-1, "-1ns"},
        {INT64_MIN, "-9223372036854775808ns"},
        {INT64_MAX, "9223372036854775807ns"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[MQC__TEXT_BYTES];
        int64_t back = 0;
        CHECK_UNSIGNED(mqc__timespan_format(cases[i].ns, text), strlen(cases[i].text));
        CHECK_TEXT(text, cases[i].text);
        CHECK(mqc__timespan_parse(mqc_view_text(text), &back));
        CHECK_INT(back, cases[i].ns);
    }
}

static void test_seconds_parse_number_is_exact(void)
{
    int64_t ns = 0;
    CHECK(mqc__seconds_parse(mqc_view_text("1700000000.123456789"), &ns));
    CHECK_INT(ns, INT64_C(1700000000123456789));
    CHECK(mqc__seconds_parse(mqc_view_text("-0.5"), &ns));
    CHECK_INT(ns, -500000000);
    CHECK(mqc__seconds_parse(mqc_view_text("5"), &ns));
    CHECK_INT(ns, 5 * SECOND_NS);
    CHECK(!mqc__seconds_parse(mqc_view_text("5s"), &ns));
    CHECK(!mqc__seconds_parse(mqc_view_text("nan"), &ns));
    CHECK(!mqc__seconds_parse(mqc_view_text(""), &ns));
    CHECK(!mqc__seconds_parse(mqc_view_text("9223372037"), &ns));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"timestamp_parse_accepted", test_timestamp_parse_accepted_forms_read},
        {"timestamp_parse_other", test_timestamp_parse_other_text_refused},
        {"timestamp_format_digits", test_timestamp_format_digits_as_needed},
        {"timestamp_round_trip", test_timestamp_random_round_trip},
        {"timespan_parse_accepted", test_timespan_parse_accepted_forms_read},
        {"timespan_parse_other", test_timespan_parse_other_text_refused},
        {"timespan_format", test_timespan_format_largest_exact_unit},
        {"seconds_parse", test_seconds_parse_number_is_exact},
        CU_TEST_INFO_NULL,
    };
    return suite_run("value.text_time", tests);
}
