#include "cli/bench_run.h"

#include "support/suite.h"

#define SECOND INT64_C(1000000000)

static void test_due_follows_the_rate(void)
{
    static const struct {
        uint64_t rate;
        int64_t passed_ns;
        uint64_t due;
    } cases[] = {
        {10, -1, 0},
        {10, 0, 1},
        {10, SECOND / 10 - 1, 1},
        {10, SECOND / 10, 2},
        {10, SECOND, 11},
        {1, 3600 * SECOND, 3601},
        {1000000, 60 * SECOND, 60000001},
        {0, 0, UINT64_MAX},
        {0, SECOND, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_UNSIGNED(mqc__bench_due(cases[i].rate, cases[i].passed_ns), cases[i].due);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"due", test_due_follows_the_rate},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cli.bench_due", tests);
}
