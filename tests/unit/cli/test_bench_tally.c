#include "cli/bench_tally.h"

#include "support/suite.h"

#define LIMIT 200

static void test_note_counts_each_number_once(void)
{
    struct mqc__bench_tally tally;
    REQUIRE(mqc__bench_tally_init(&tally, LIMIT));
    for (uint64_t number = 0; number < LIMIT; number += 7)
        CHECK(mqc__bench_tally_note(&tally, number, (int64_t)number));
    CHECK(!mqc__bench_tally_note(&tally, 63, 500));
    CHECK(!mqc__bench_tally_note(&tally, 63, 500));
    CHECK(mqc__bench_tally_note(&tally, 64, 500));
    CHECK_UNSIGNED(tally.received, LIMIT / 7 + 2);
    CHECK_UNSIGNED(tally.duplicates, 2);
    mqc__bench_tally_fini(&tally);
}

static void test_note_from_the_limit_on_counts_nothing(void)
{
    struct mqc__bench_tally tally;
    REQUIRE(mqc__bench_tally_init(&tally, 64));
    CHECK(mqc__bench_tally_note(&tally, 63, 1));
    CHECK(!mqc__bench_tally_note(&tally, 64, 2));
    CHECK(!mqc__bench_tally_note(&tally, UINT64_MAX, 3));
    CHECK_UNSIGNED(tally.received, 1);
    CHECK_UNSIGNED(tally.duplicates, 0);
    CHECK_INT(tally.last_ns, 1);
    mqc__bench_tally_fini(&tally);
}

static void test_rate_and_gap_are_between_first_and_last(void)
{
    struct mqc__bench_tally tally;
    REQUIRE(mqc__bench_tally_init(&tally, LIMIT));
    CHECK(mqc__bench_tally_rate(&tally) == 0);
    CHECK(mqc__bench_tally_note(&tally, 0, 5000000000));
    CHECK(mqc__bench_tally_rate(&tally) == 0);
    CHECK_INT(tally.max_gap_ns, 0);
    for (uint64_t i = 1; i <= 100; i++)
        CHECK(mqc__bench_tally_note(&tally, i, 5000000000 + (int64_t)i * 10000000));
    CHECK(mqc__bench_tally_rate(&tally) == 100);
    CHECK_INT(tally.max_gap_ns, 10000000);
    CHECK(!mqc__bench_tally_note(&tally, 7, 7000000000));
    CHECK(mqc__bench_tally_note(&tally, 101, 7000000000));
    CHECK_INT(tally.max_gap_ns, 1000000000);
    mqc__bench_tally_fini(&tally);
}

static void test_quantile_is_by_nearest_rank(void)
{
    static const struct {
        unsigned per_mille;
        int expected;
    } cases[] = {{1, 1}, {10, 1}, {11, 2}, {500, 50}, {501, 51}, {900, 90}, {990, 99}, {1000, 100}};
    int64_t times[100];
    for (size_t i = 0; i < 100; i++)
        times[i] = (int64_t)(i * 37 % 100 + 1);
    mqc__bench_sort(times, 100);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(mqc__bench_quantile(times, 100, cases[i].per_mille), cases[i].expected);
    CHECK_INT(mqc__bench_quantile(times, 1, 1), 1);
    CHECK_INT(mqc__bench_quantile(times, 1, 1000), 1);
    CHECK_INT(mqc__bench_quantile(times, 0, 500), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"note_counts_once", test_note_counts_each_number_once},
        {"note_from_the_limit_on", test_note_from_the_limit_on_counts_nothing},
        {"rate_and_gap", test_rate_and_gap_are_between_first_and_last},
        {"quantile", test_quantile_is_by_nearest_rank},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cli.bench_tally", tests);
}
