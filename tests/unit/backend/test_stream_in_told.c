#include "stream_in_driver.h"

static void test_asking_again_has_growing_pauses(void)
{
    static const int64_t due_ms[] = {0, 1000, 3000, 7000, 15000, 31000, 61000, 91000};
    struct mqc__stream_in stream = stream_at(0);
    CHECK_VERDICT(take(&stream, 5, 1, MANY, 0), 0, 0, true);
    for (size_t i = 0; i < sizeof due_ms / sizeof due_ms[0]; i++) {
        CHECK_INT(mqc__stream_in_due_ms(&stream), due_ms[i]);
        check_told_nothing(&stream, due_ms[i] - 1);
        check_told(&stream, due_ms[i], 0, true);
    }
    /* Progress, after which the rest has to be on its way. */
    CHECK_VERDICT(take(&stream, 1, 2, MANY, 100000), 0, 0, false);
    CHECK_INT(mqc__stream_in_due_ms(&stream), 101000);
    check_told(&stream, 101000, 2, true);
    CHECK_INT(mqc__stream_in_due_ms(&stream), 102000);
    mqc__stream_in_connected(&stream, 101500);
    check_told(&stream, 101500, 2, true);
    CHECK_INT(mqc__stream_in_due_ms(&stream), 102500);
    check_told(&stream, 102500, 2, true);
    /* All is there; the next gap is another matter. */
    CHECK_VERDICT(take(&stream, 3, 3, MANY, 103000), 0, 0, false);
    CHECK_VERDICT(take(&stream, 7, 1, MANY, 103000), 0, 0, true);
    check_told(&stream, 103000, 5, true);
    CHECK_INT(mqc__stream_in_due_ms(&stream), 104000);
}

static void test_connection_alone_asks_nothing(void)
{
    struct mqc__stream_in stream = stream_at(3);
    mqc__stream_in_connected(&stream, 10);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

static void test_receipt_comes_soon_after_the_first_event(void)
{
    struct mqc__stream_in stream = stream_at(0);
    CHECK_VERDICT(take(&stream, 1, 1, ONE, 0), 0, 0, false);
    CHECK_VERDICT(take(&stream, 2, 1, ONE, 60), 0, 0, false);
    check_told_nothing(&stream, 99);
    check_told(&stream, 100, 2, false);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

static void test_receipt_comes_after_many_events(void)
{
    struct mqc__stream_in stream = stream_at(0);
    const uint64_t many = MQC__STREAM_IN_RECEIPT_EVENTS;
    CHECK_VERDICT(take(&stream, 1, many - 1, ONE, 0), 0, 0, false);
    check_told_nothing(&stream, 0);
    CHECK_VERDICT(take(&stream, many, 1, ONE, 0), 0, 0, false);
    check_told(&stream, 0, many, false);
    mqc__stream_in_handled(&stream, 2 * many - 1, 1);
    check_told_nothing(&stream, 1);
    mqc__stream_in_handled(&stream, 2 * many, 1);
    check_told(&stream, 1, 2 * many, false);
    CHECK_UNSIGNED(mqc__stream_in_awaited(&stream), 0);
}

static void test_probe_and_repetition_are_receipted_at_once_but_not_in_a_flood(void)
{
    struct mqc__stream_in stream = stream_at(3);
    CHECK_VERDICT(take(&stream, 3, 0, ONE, 1000), 0, 0, false);
    check_told(&stream, 1000, 3, false);
    CHECK_VERDICT(take(&stream, 3, 0, ONE, 1001), 0, 0, false);
    CHECK_VERDICT(take(&stream, 2, 2, ONE, 1002), 2, 0, false);
    check_told_nothing(&stream, 1099);
    check_told(&stream, 1100, 3, false);
    CHECK_VERDICT(take(&stream, 2, 2, ONE, 1300), 2, 0, false);
    check_told(&stream, 1300, 3, false);
}

static void test_many_send_no_receipts(void)
{
    struct mqc__stream_in stream = stream_at(0);
    CHECK_VERDICT(take(&stream, 1, 5000, MANY, 0), 0, 0, false);
    CHECK_VERDICT(take(&stream, 5000, 0, MANY, 0), 0, 0, false);
    CHECK_VERDICT(take(&stream, 1, 5000, MANY, 0), 5000, 0, false);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

static void test_receipt_between_requests_does_not_ask(void)
{
    struct mqc__stream_in stream = stream_at(0);
    CHECK_VERDICT(take(&stream, 9, 1, ONE, 0), 0, 0, true);
    check_told(&stream, 0, 0, true);
    CHECK_VERDICT(take(&stream, 1, 2, ONE, 10), 0, 0, false);
    check_told(&stream, 110, 2, false);
    check_told(&stream, 1010, 2, true);
}

/* One event after the other, as they are noted on disk. */
static void test_single_events_of_a_batch_are_handled(void)
{
    struct mqc__stream_in stream = stream_at(0);
    const struct mqc__stream_in_batch batch = batch_of(1, 3, ONE);
    CHECK_VERDICT(mqc__stream_in_arrive(&stream, &batch, 0), 0, 0, false);
    for (uint64_t i = 1; i <= 3; i++) {
        mqc__stream_in_handled(&stream, i, 0);
        CHECK_UNSIGNED(stream.last, i);
        CHECK_INT(mqc__stream_in_due_ms(&stream), MQC__STREAM_IN_RECEIPT_MS);
    }
    mqc__stream_in_handled(&stream, 2, 0);
    CHECK_UNSIGNED(stream.last, 3);
    CHECK_UNSIGNED(mqc__stream_in_awaited(&stream), 0);
}

static void test_giving_up_counts_what_was_waited_for(void)
{
    struct mqc__stream_in stream = stream_at(10);
    CHECK_UNSIGNED(mqc__stream_in_give_up(&stream), 0);
    CHECK_VERDICT(take(&stream, 14, 3, MANY, 0), 0, 0, true);
    CHECK_UNSIGNED(mqc__stream_in_give_up(&stream), 6);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
    CHECK_VERDICT(take(&stream, 17, 1, MANY, 0), 0, 0, false);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"asking_again_has_growing_pauses", test_asking_again_has_growing_pauses},
        {"connection_alone_asks_nothing", test_connection_alone_asks_nothing},
        {"receipt_comes_soon_after_the_first_event", test_receipt_comes_soon_after_the_first_event},
        {"receipt_comes_after_many_events", test_receipt_comes_after_many_events},
        {"probe_and_repetition_are_receipted_at_once_but_not_in_a_flood",
         test_probe_and_repetition_are_receipted_at_once_but_not_in_a_flood},
        {"many_send_no_receipts", test_many_send_no_receipts},
        {"receipt_between_requests_does_not_ask", test_receipt_between_requests_does_not_ask},
        {"single_events_of_a_batch_are_handled", test_single_events_of_a_batch_are_handled},
        {"giving_up_counts_what_was_waited_for", test_giving_up_counts_what_was_waited_for},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.stream_in_told", tests);
}
