#include "mqtt/backoff.h"

#include "support/suite.h"

static void test_backoff_cap_doubles_up_to_the_maximum(void)
{
    static const struct {
        unsigned failures;
        unsigned cap_ms;
    } cases[] = {{0, 500},   {1, 1000},  {2, 2000},           {5, 16000},
                 {6, 30000}, {7, 30000}, {4000000000U, 30000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_UNSIGNED(mqc__backoff_ms(500, 30000, cases[i].failures, 0), 0);
        CHECK_UNSIGNED(mqc__backoff_ms(500, 30000, cases[i].failures, cases[i].cap_ms),
                       cases[i].cap_ms);
        CHECK_UNSIGNED(mqc__backoff_ms(500, 30000, cases[i].failures, cases[i].cap_ms + 1), 0);
    }
}

static void test_backoff_extreme_limits_do_not_overflow(void)
{
    CHECK_UNSIGNED(mqc__backoff_ms(UINT32_MAX, UINT32_MAX, 70, UINT32_MAX), UINT32_MAX);
    CHECK_UNSIGNED(mqc__backoff_ms(1, 1, 0, 7), 1);
}

static void test_backoff_uses_the_whole_range(void)
{
    struct test_random random = {.state = 1};
    bool is_low = false;
    bool is_high = false;
    for (int i = 0; i < 1000; i++) {
        const unsigned ms = mqc__backoff_ms(100, 10000, 3, test_random_next(&random));
        CHECK(ms <= 800);
        is_low = is_low || ms < 80;
        is_high = is_high || ms > 720;
    }
    CHECK(is_low);
    CHECK(is_high);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"cap_doubles_up_to_the_maximum", test_backoff_cap_doubles_up_to_the_maximum},
        {"extreme_limits_do_not_overflow", test_backoff_extreme_limits_do_not_overflow},
        {"uses_the_whole_range", test_backoff_uses_the_whole_range},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.backoff", tests);
}
