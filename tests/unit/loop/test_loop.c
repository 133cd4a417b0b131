/* The loop thread: what it is asked to do it does, on its own thread. */
#include "loop/loop.h"

#include "base/thread.h"
#include "support/suite.h"

#include <stdatomic.h>
#include <unistd.h>

#define CALLERS 4
#define CALLS_EACH 500
#define PATIENCE_MS 10000

struct seen {
    struct mqc__loop *loop;
    atomic_uint wakes;
    unsigned calls; /* the loop's thread alone changes it */
    pthread_t thread;
};

static void on_wake(void *context)
{
    struct seen *seen = context;
    atomic_fetch_add(&seen->wakes, 1);
}

static void note_call(void *context)
{
    struct seen *seen = context;
    seen->calls++;
    seen->thread = pthread_self();
}

static void open_loop(struct seen *seen)
{
    *seen = (struct seen){0};
    REQUIRE(mqc__loop_new(on_wake, seen, &seen->loop) == MQC_OK);
}

static void test_loop_wake_calls_woken(void)
{
    struct seen seen;
    open_loop(&seen);
    mqc__loop_wake(seen.loop);
    for (int waited_ms = 0; atomic_load(&seen.wakes) == 0 && waited_ms < PATIENCE_MS; waited_ms++)
        (void)usleep(1000);
    CHECK(atomic_load(&seen.wakes) >= 1);
    mqc__loop_free(&seen.loop);
    CHECK(seen.loop == NULL);
}

static void test_loop_call_runs_on_the_loops_thread(void)
{
    struct seen seen;
    open_loop(&seen);
    mqc__loop_call(seen.loop, note_call, &seen);
    CHECK_UNSIGNED(seen.calls, 1);
    CHECK(!pthread_equal(seen.thread, pthread_self()));
    mqc__loop_free(&seen.loop);
}

static void *call_often(void *context)
{
    struct seen *seen = context;
    for (int i = 0; i < CALLS_EACH; i++) {
        mqc__loop_wake(seen->loop);
        mqc__loop_call(seen->loop, note_call, seen);
    }
    return NULL;
}

static void test_loop_many_callers_each_call_runs_once(void)
{
    struct seen seen;
    pthread_t threads[CALLERS];
    open_loop(&seen);
    for (size_t i = 0; i < CALLERS; i++)
        REQUIRE(mqc__thread_start(&threads[i], call_often, &seen) == MQC_OK);
    for (size_t i = 0; i < CALLERS; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_UNSIGNED(seen.calls, CALLERS * CALLS_EACH);
    mqc__loop_free(&seen.loop);
}

static void test_loop_free_of_none_is_fine(void)
{
    struct mqc__loop *loop = NULL;
    mqc__loop_free(&loop);
    CHECK(loop == NULL);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"wake", test_loop_wake_calls_woken},
        {"call", test_loop_call_runs_on_the_loops_thread},
        {"many callers", test_loop_many_callers_each_call_runs_once},
        {"none", test_loop_free_of_none_is_fine},
        CU_TEST_INFO_NULL,
    };
    return suite_run("loop.loop", tests);
}
