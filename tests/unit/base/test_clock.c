#include "base/clock.h"
#include "support/suite.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void sleep_ms(long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void test_clock_monotonic_goes_on_by_milliseconds(void)
{
    const int64_t start = mqc__clock_monotonic_ms();
    int64_t last = start;
    for (int i = 0; i < 1000; i++) {
        const int64_t now = mqc__clock_monotonic_ms();
        REQUIRE(now >= last);
        last = now;
    }
    sleep_ms(30);
    CHECK(mqc__clock_monotonic_ms() - start >= 30);
    CHECK(mqc__clock_monotonic_ms() - start < 60000);
}

static void test_clock_wall_agrees_with_time(void)
{
    const int64_t before = (int64_t)time(NULL);
    const int64_t now_ns = mqc__clock_wall_ns();
    const int64_t after = (int64_t)time(NULL);
    /* time() may read a clock that is one tick behind. */
    CHECK(now_ns >= before * 1000000000);
    CHECK(now_ns < (after + 2) * 1000000000);
}

static void test_random_bits_use_every_bit_and_do_not_repeat(void)
{
    uint64_t ever_set = 0;
    uint64_t always_set = UINT64_MAX;
    uint64_t last = mqc__random_bits();
    for (int i = 0; i < 200; i++) {
        const uint64_t bits = mqc__random_bits();
        REQUIRE(bits != last);
        ever_set |= bits;
        always_set &= bits;
        last = bits;
    }
    CHECK_UNSIGNED(ever_set, UINT64_MAX);
    CHECK_UNSIGNED(always_set, 0);
}

static void test_random_bits_differ_after_fork(void)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const uint64_t bits = mqc__random_bits();
        _exit(write(ends[1], &bits, sizeof bits) == (ssize_t)sizeof bits ? 0 : 1);
    }
    const uint64_t ours = mqc__random_bits();
    uint64_t theirs = ours;
    CHECK_INT(read(ends[0], &theirs, sizeof theirs), sizeof theirs);
    CHECK(ours != theirs);
    CHECK_INT(waitpid(child, NULL, 0), child);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"monotonic_goes_on_by_milliseconds", test_clock_monotonic_goes_on_by_milliseconds},
        {"wall_agrees_with_time", test_clock_wall_agrees_with_time},
        {"random_bits_use_every_bit_and_do_not_repeat",
         test_random_bits_use_every_bit_and_do_not_repeat},
        {"random_bits_differ_after_fork", test_random_bits_differ_after_fork},
        CU_TEST_INFO_NULL,
    };
    return suite_run("base.clock", tests);
}
