#include "bench/arrivals.h"

#include "support/suite.h"

#include <stdlib.h>

/* Too large for a stack. */
static struct arrivals *new_arrivals(void)
{
    struct arrivals *arrivals = calloc(1, sizeof *arrivals);
    REQUIRE(arrivals != NULL);
    return arrivals;
}

static void test_note_counts_each_message_once(void)
{
    struct arrivals *arrivals = new_arrivals();
    CHECK(arrivals_note(arrivals, 0, 10));
    CHECK(arrivals_note(arrivals, 63, 11));
    CHECK(arrivals_note(arrivals, 64, 12));
    CHECK(!arrivals_note(arrivals, 63, 13));
    CHECK(!arrivals_note(arrivals, 63, 14));
    CHECK_UNSIGNED(arrivals->received, 3);
    CHECK_UNSIGNED(arrivals->duplicates, 2);
    free(arrivals);
}

static void test_note_beyond_the_limit_records_nothing(void)
{
    struct arrivals *arrivals = new_arrivals();
    CHECK(arrivals_note(arrivals, ARRIVALS_LIMIT - 1, 10));
    CHECK(!arrivals_note(arrivals, ARRIVALS_LIMIT, 11));
    CHECK(!arrivals_note(arrivals, UINT64_MAX, 12));
    CHECK_UNSIGNED(arrivals->received, 1);
    CHECK_UNSIGNED(arrivals->duplicates, 0);
    CHECK_INT(arrivals->last_ns, 10);
    free(arrivals);
}

static void test_max_gap_is_between_neighbours(void)
{
    static const struct {
        int64_t at_ns;
        int64_t max_gap_ns;
    } cases[] = {{1000, 0}, {1010, 10}, {1015, 10}, {1040, 25}, {1040, 25}, {1064, 25}, {1090, 26}};
    struct arrivals *arrivals = new_arrivals();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK(arrivals_note(arrivals, i, cases[i].at_ns));
        CHECK_INT(arrivals->max_gap_ns, cases[i].max_gap_ns);
    }
    free(arrivals);
}

/* One that comes twice is no sign of life. */
static void test_duplicate_does_not_end_a_gap(void)
{
    struct arrivals *arrivals = new_arrivals();
    CHECK(arrivals_note(arrivals, 0, 100));
    CHECK(!arrivals_note(arrivals, 0, 150));
    CHECK(arrivals_note(arrivals, 1, 200));
    CHECK_INT(arrivals->max_gap_ns, 100);
    CHECK_INT(arrivals->first_ns, 100);
    CHECK_INT(arrivals->last_ns, 200);
    free(arrivals);
}

static void test_rate_is_from_first_to_last(void)
{
    struct arrivals *arrivals = new_arrivals();
    CHECK(arrivals_rate(arrivals) == 0);
    CHECK(arrivals_note(arrivals, 0, 5000000000));
    CHECK(arrivals_rate(arrivals) == 0);
    for (uint64_t i = 1; i <= 100; i++)
        CHECK(arrivals_note(arrivals, i, 5000000000 + (int64_t)i * 10000000));
    CHECK(arrivals_rate(arrivals) == 100);
    free(arrivals);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"note_counts_once", test_note_counts_each_message_once},
        {"note_beyond_the_limit", test_note_beyond_the_limit_records_nothing},
        {"max_gap", test_max_gap_is_between_neighbours},
        {"duplicate_does_not_end_a_gap", test_duplicate_does_not_end_a_gap},
        {"rate", test_rate_is_from_first_to_last},
        CU_TEST_INFO_NULL,
    };
    return suite_run("bench.arrivals", tests);
}
