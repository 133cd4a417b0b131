#include "cluster/membership_complaints.h"
#include "support/suite.h"

static bool admit(struct mqc__complaints *complaints, uint64_t key, int64_t now_ms,
                  uint64_t withheld)
{
    uint64_t count = UINT64_MAX;
    const bool is_admitted = mqc__complaints_admit(complaints, key, now_ms, &count);
    CHECK_UNSIGNED(count, is_admitted ? withheld : UINT64_MAX);
    return is_admitted;
}

static void test_complaints_each_is_told_once_an_hour(void)
{
    struct mqc__complaints complaints = {.told_count = 0};
    CHECK(admit(&complaints, 7, 1000, 0));
    CHECK(!admit(&complaints, 7, 1000, 0));
    CHECK(!admit(&complaints, 7, 3600999, 0));
    CHECK(admit(&complaints, 8, 3600999, 0));
    CHECK(admit(&complaints, 7, 3601000, 0));
    CHECK(!admit(&complaints, 7, 3602000, 0));
}

static void test_complaints_ten_are_told_in_a_minute(void)
{
    struct mqc__complaints complaints = {.told_count = 0};
    unsigned told = 0;
    for (uint64_t key = 0; key < 500; key++)
        told += admit(&complaints, key, 5000 + (int64_t)key, 0) ? 1 : 0;
    CHECK_UNSIGNED(told, 10);
    /* What was told is not left out, and what was left out may be told now. */
    CHECK(!admit(&complaints, 9, 65000, 0));
    CHECK(admit(&complaints, 10, 65000, 490));
    CHECK(admit(&complaints, 11, 65000, 0));
}

static void test_complaints_forget_the_one_told_the_longest_ago(void)
{
    enum { REMEMBERED = sizeof((struct mqc__complaints){0}.told) / 16 };
    struct mqc__complaints complaints = {.told_count = 0};
    int64_t now_ms = 0;
    for (uint64_t key = 0; key <= REMEMBERED; key++, now_ms += 10000)
        CHECK(admit(&complaints, key, now_ms, 0));
    for (uint64_t key = 1; key <= REMEMBERED; key++)
        CHECK(!admit(&complaints, key, now_ms, 0));
    CHECK(admit(&complaints, 0, now_ms, 0));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"each_is_told_once_an_hour", test_complaints_each_is_told_once_an_hour},
        {"ten_are_told_in_a_minute", test_complaints_ten_are_told_in_a_minute},
        {"forget_the_one_told_the_longest_ago",
         test_complaints_forget_the_one_told_the_longest_ago},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.membership_complaints", tests);
}
