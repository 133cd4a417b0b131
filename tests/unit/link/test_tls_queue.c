#include "link/tls_queue.h"
#include "support/suite.h"

static void test_queue_append_and_take_in_order(void)
{
    struct mqc__tls_queue queue;
    mqc__tls_queue_init(&queue, 10);
    CHECK_UNSIGNED(mqc__tls_queue_room(&queue), 10);
    CHECK_UNSIGNED(mqc__tls_queue_view(&queue).size, 0);
    CHECK(mqc__tls_queue_append(&queue, "abcdef", 6));
    mqc__tls_queue_take(&queue, 4);
    CHECK_UNSIGNED(mqc__tls_queue_room(&queue), 8);
    CHECK_VIEW_TEXT(mqc__tls_queue_view(&queue), "ef");
    CHECK(mqc__tls_queue_append(&queue, "ghijklmn", 8));
    CHECK_VIEW_TEXT(mqc__tls_queue_view(&queue), "efghijklmn");
    mqc__tls_queue_fini(&queue);
}

static void test_queue_full_refuses_and_stays_usable(void)
{
    struct mqc__tls_queue queue;
    mqc__tls_queue_init(&queue, 4);
    CHECK(mqc__tls_queue_append(&queue, "abc", 3));
    CHECK(!mqc__tls_queue_append(&queue, "de", 2));
    CHECK_VIEW_TEXT(mqc__tls_queue_view(&queue), "abc");
    CHECK(mqc__tls_queue_append(&queue, "d", 1));
    mqc__tls_queue_take(&queue, 100);
    CHECK_UNSIGNED(mqc__tls_queue_room(&queue), 4);
    CHECK(mqc__tls_queue_append(&queue, NULL, 0));
    mqc__tls_queue_fini(&queue);
}

static void test_queue_random_work_keeps_the_stream(void)
{
    struct mqc__tls_queue queue;
    struct test_random random = {.state = 5};
    unsigned char next_in = 0;
    unsigned char next_out = 0;
    mqc__tls_queue_init(&queue, 1000);
    for (int i = 0; i < 2000; i++) {
        char bytes[300];
        size_t size = (size_t)test_random_below(&random, sizeof bytes);
        size = size < mqc__tls_queue_room(&queue) ? size : mqc__tls_queue_room(&queue);
        for (size_t at = 0; at < size; at++)
            bytes[at] = (char)next_in++;
        CHECK(mqc__tls_queue_append(&queue, bytes, size));
        const struct mqc_view view = mqc__tls_queue_view(&queue);
        const size_t taken = (size_t)test_random_below(&random, view.size + 1);
        for (size_t at = 0; at < taken; at++)
            REQUIRE((unsigned char)view.data[at] == next_out++);
        mqc__tls_queue_take(&queue, taken);
    }
    mqc__tls_queue_fini(&queue);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"append and take", test_queue_append_and_take_in_order},
        {"full", test_queue_full_refuses_and_stays_usable},
        {"random work", test_queue_random_work_keeps_the_stream},
        CU_TEST_INFO_NULL,
    };
    return suite_run("link.tls_queue", tests);
}
