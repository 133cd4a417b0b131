#include "bench/histogram.h"

#include "support/suite.h"

#include <stdlib.h>

static void test_quantile_of_nothing_is_zero(void)
{
    static const struct histogram empty;
    CHECK_UNSIGNED(histogram_quantile(&empty, 500), 0);
    CHECK_UNSIGNED(histogram_quantile(&empty, 1000), 0);
}

static void test_quantile_of_small_values_is_exact(void)
{
    static struct histogram histogram;
    static const struct {
        unsigned per_mille;
        unsigned expected;
    } cases[] = {{1, 1}, {10, 1}, {11, 2}, {500, 50}, {501, 51}, {900, 90}, {990, 99}, {1000, 100}};
    for (uint64_t value = 100; value >= 1; value--)
        histogram_add(&histogram, value);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_UNSIGNED(histogram_quantile(&histogram, cases[i].per_mille), cases[i].expected);
    CHECK_UNSIGNED(histogram.max, 100);
    CHECK_UNSIGNED(histogram.count, 100);
}

static void test_quantile_of_one_value_is_that_value(void)
{
    static const uint64_t values[] = {
        0, 1, 255, 256, 257, 511, 512, 513, 1000000007, 1ULL << 63, UINT64_MAX - 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct histogram *histogram = calloc(1, sizeof *histogram);
        REQUIRE(histogram != NULL);
        histogram_add(histogram, values[i]);
        CHECK_UNSIGNED(histogram_quantile(histogram, 1), values[i]);
        CHECK_UNSIGNED(histogram_quantile(histogram, 1000), values[i]);
        free(histogram);
    }
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Against sorted values: never less, and at most one part in 256 more. */
static void test_quantile_agrees_with_sorted_values(void)
{
    enum { COUNT = 5000 };
    static struct histogram histogram;
    static uint64_t values[COUNT];
    struct test_random random = {.state = 7};
    for (size_t i = 0; i < COUNT; i++) {
        values[i] = test_random_next(&random) >> test_random_below(&random, 64);
        histogram_add(&histogram, values[i]);
    }
    qsort(values, COUNT, sizeof values[0], compare);
    for (unsigned per_mille = 1; per_mille <= 1000; per_mille++) {
        const uint64_t exact = values[(COUNT * per_mille + 999) / 1000 - 1];
        const uint64_t got = histogram_quantile(&histogram, per_mille);
        CHECK(got >= exact);
        CHECK(got - exact <= exact / HISTOGRAM_CUTS);
    }
    CHECK_UNSIGNED(histogram_quantile(&histogram, 1000), values[COUNT - 1]);
}

static void test_merge_counts_both(void)
{
    static struct histogram low;
    static struct histogram high;
    for (uint64_t value = 1; value <= 50; value++) {
        histogram_add(&low, value);
        histogram_add(&high, 50 + value);
    }
    histogram_merge(&low, &high);
    CHECK_UNSIGNED(low.count, 100);
    CHECK_UNSIGNED(low.max, 100);
    CHECK_UNSIGNED(histogram_quantile(&low, 500), 50);
    CHECK_UNSIGNED(histogram_quantile(&low, 510), 51);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"quantile_of_nothing", test_quantile_of_nothing_is_zero},
        {"quantile_of_small_values", test_quantile_of_small_values_is_exact},
        {"quantile_of_one_value", test_quantile_of_one_value_is_that_value},
        {"quantile_agrees_with_sorted_values", test_quantile_agrees_with_sorted_values},
        {"merge", test_merge_counts_both},
        CU_TEST_INFO_NULL,
    };
    return suite_run("bench.histogram", tests);
}
