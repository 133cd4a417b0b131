#include "bench/flow.h"

#include "support/suite.h"

#include <pthread.h>

#define SECOND INT64_C(1000000000)
#define MESSAGES 20000

static void test_window_is_bounded_by_messages_and_bytes(void)
{
    static const struct {
        size_t size;
        uint64_t max_messages;
        uint64_t max_bytes;
        uint64_t window;
    } cases[] = {{100, 500, 1000000, 500},  {100, 50000, 1000000, 10000},
                 {50000, 500, 1000000, 20}, {2000000, 500, 1000000, 1},
                 {0, 500, 1000000, 500},    {1, 1, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_UNSIGNED(flow_window(cases[i].size, cases[i].max_messages, cases[i].max_bytes),
                       cases[i].window);
}

static void test_wait_for_what_has_arrived_returns_at_once(void)
{
    struct flow flow;
    REQUIRE(flow_init(&flow));
    CHECK(flow_wait(&flow, 0, 0));
    flow_note(&flow);
    flow_note(&flow);
    CHECK(flow_wait(&flow, 1, 0));
    CHECK(flow_wait(&flow, 2, 0));
    CHECK_UNSIGNED(flow_arrived(&flow), 2);
}

static void test_wait_ends_when_nothing_arrives(void)
{
    struct flow flow;
    REQUIRE(flow_init(&flow));
    flow_note(&flow);
    CHECK(!flow_wait(&flow, 2, SECOND / 100));
    CHECK_UNSIGNED(flow_arrived(&flow), 1);
}

static void *note_all(void *context)
{
    for (int i = 0; i < MESSAGES; i++)
        flow_note(context);
    return NULL;
}

/* Each wait races with the arrivals; a wake-up that is lost hangs the test. */
static void test_wait_is_woken_by_another_thread(void)
{
    struct flow flow;
    pthread_t thread;
    REQUIRE(flow_init(&flow));
    REQUIRE(pthread_create(&thread, NULL, note_all, &flow) == 0);
    for (uint64_t count = 1; count <= MESSAGES; count += 7)
        CHECK(flow_wait(&flow, count, 1000 * SECOND));
    CHECK(flow_wait(&flow, MESSAGES, 1000 * SECOND));
    (void)pthread_join(thread, NULL);
    CHECK_UNSIGNED(flow_arrived(&flow), MESSAGES);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"window", test_window_is_bounded_by_messages_and_bytes},
        {"wait_for_what_has_arrived", test_wait_for_what_has_arrived_returns_at_once},
        {"wait_ends", test_wait_ends_when_nothing_arrives},
        {"wait_is_woken", test_wait_is_woken_by_another_thread},
        CU_TEST_INFO_NULL,
    };
    return suite_run("bench.flow", tests);
}
