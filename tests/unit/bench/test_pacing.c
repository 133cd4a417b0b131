#include "bench/pacing.h"

#include "support/suite.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

static void test_due_follows_the_rate(void)
{
    static const struct {
        int64_t at_ns;
        unsigned due;
    } cases[] = {{0, 0},
                 {99, 0},
                 {100, 1},
                 {100 + 9 * MS, 1},
                 {100 + 10 * MS, 2},
                 {100 + 11 * MS, 2},
                 {100 + SECOND, 101}};
    struct pacing pacing;
    pacing_start(&pacing, 100, 100);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_UNSIGNED(pacing_due(&pacing, cases[i].at_ns), cases[i].due);
    pacing.sent = 100;
    CHECK_UNSIGNED(pacing_due(&pacing, 100 + SECOND), 1);
    pacing.sent = 101;
    CHECK_UNSIGNED(pacing_due(&pacing, 100 + SECOND), 0);
    CHECK_UNSIGNED(pacing_due(&pacing, 100), 0);
}

static void test_rate_of_nothing_is_a_slow_one(void)
{
    static const double rates[] = {0, -5};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct pacing pacing;
        pacing_start(&pacing, 0, rates[i]);
        CHECK_UNSIGNED(pacing_due(&pacing, 999 * SECOND), 1);
        CHECK_UNSIGNED(pacing_due(&pacing, 1001 * SECOND), 2);
    }
}

/* Whoever sleeps until the wake-up time and sends what is due keeps to the rate, also when it does
 * not divide a second. */
static void test_wake_up_times_keep_the_rate(void)
{
    static const double rates[] = {3, 7, 1000, 33333, 1e6};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct pacing pacing;
        int64_t now_ns = 5 * SECOND;
        pacing_start(&pacing, now_ns, rates[i]);
        while (now_ns < 6 * SECOND) {
            pacing.sent += pacing_due(&pacing, now_ns);
            const int64_t wake_ns = pacing_wake_ns(&pacing, now_ns, MS);
            CHECK(wake_ns >= now_ns + MS);
            CHECK(pacing_due(&pacing, wake_ns) > 0);
            now_ns = wake_ns;
        }
        CHECK((double)pacing.sent >= rates[i] * 0.99);
        CHECK((double)pacing.sent <= rates[i] + 1);
    }
}

static void test_slots_of_a_period_stay_apart(void)
{
    enum { SLOTS = 96 };
    int64_t before_ns = 0;
    for (uint64_t period = 50; period < 80; period++) {
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            const int64_t at_ns = pacing_slot_ns(period, SECOND, slot, SLOTS);
            CHECK(at_ns >= (int64_t)period * SECOND);
            CHECK(at_ns < (int64_t)(period + 1) * SECOND);
            if (slot > 0)
                CHECK(at_ns - before_ns >= SECOND * 3 / 4 / SLOTS);
            before_ns = at_ns;
        }
    }
}

static void test_slot_does_not_keep_step_with_a_timer(void)
{
    bool has_phase[10] = {false};
    for (uint64_t period = 0; period < 200; period++)
        has_phase[pacing_slot_ns(period, SECOND, 3, 8) % (100 * MS) / (10 * MS)] = true;
    for (size_t i = 0; i < sizeof has_phase; i++)
        CHECK(has_phase[i]);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"due_follows_the_rate", test_due_follows_the_rate},
        {"rate_of_nothing", test_rate_of_nothing_is_a_slow_one},
        {"wake_up_times_keep_the_rate", test_wake_up_times_keep_the_rate},
        {"slots_stay_apart", test_slots_of_a_period_stay_apart},
        {"slot_and_timer", test_slot_does_not_keep_step_with_a_timer},
        CU_TEST_INFO_NULL,
    };
    return suite_run("bench.pacing", tests);
}
