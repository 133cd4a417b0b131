#include "cli/options.h"

#include "support/suite.h"

static void test_count_takes_plain_numbers_only(void)
{
    static const struct {
        const char *text;
        uint64_t expected; /* 0: refused */
    } cases[] = {
        {"1", 1},    {"18446744073709551615", UINT64_MAX},
        {"0", 0},    {"", 0},
        {"-1", 0},   {"+1", 0},
        {" 1", 0},   {"1 ", 0},
        {"1.0", 0},  {"18446744073709551616", 0},
        {"0x10", 0}, {"many", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t count = 77;
        CHECK(mqc__options_count("test", cases[i].text, &count) == (cases[i].expected != 0));
        CHECK_UNSIGNED(count, cases[i].expected != 0 ? cases[i].expected : 77);
    }
}

static void test_seconds_take_fractions(void)
{
    static const struct {
        const char *text;
        int64_t expected_ms; /* 0: refused */
    } cases[] = {
        {"1", 1000},    {"0.5", 500}, {".25", 250},
        {"10.", 10000}, {"0", 0},     {"-1", 0},
        {"1s", 0},      {"", 0},      {"inf", 0},
        {"nan", 0},     {"1e3", 0},   {"99999999999", 0},
        {"1.2.3", 0},   {"0.001", 1}, {"1000000000", 1000000000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t time_ms = 77;
        CHECK(mqc__options_seconds("test", cases[i].text, &time_ms) == (cases[i].expected_ms != 0));
        CHECK_INT(time_ms, cases[i].expected_ms != 0 ? cases[i].expected_ms : 77);
    }
}

static void test_take_keeps_common_options_and_refuses_others(void)
{
    char who[] = "test";
    char set[] = "a.b=c=d";
    char no_set[] = "a.b";
    char file[] = "file";
    struct mqc__options options = {.who = who};
    CHECK(mqc__options_take(&options, 'c', file));
    CHECK(mqc__options_take(&options, 's', set));
    CHECK(!mqc__options_take(&options, 's', no_set));
    CHECK(!mqc__options_take(&options, '?', NULL));
    CHECK(!mqc__options_take(&options, 'h', NULL));
    CHECK_TEXT(options.config_path, "file");
    CHECK_UNSIGNED(options.set_count, 1);
    for (size_t i = 1; i < MQC__SET_LIMIT; i++)
        CHECK(mqc__options_take(&options, 's', set));
    CHECK(!mqc__options_take(&options, 's', set));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"count", test_count_takes_plain_numbers_only},
        {"seconds", test_seconds_take_fractions},
        {"take", test_take_keeps_common_options_and_refuses_others},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cli.options", tests);
}
