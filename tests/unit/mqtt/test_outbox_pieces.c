#include "mqtt/outbox.h"

#include "support/failing_malloc.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>

static const struct mqc__outbox_limits limits = {
    .events_max = 1000,
    .bytes_max = 1 << 20,
    .batch_events_max = 4,
    .batch_bytes_max = 1000,
    .topics_max = 100,
    .header_bytes_max = 6,
    .piece_bytes_max = 4,
    .when_full = MQC__WHEN_FULL_REFUSE,
};

static struct mqc__outbox outbox;

static void start(void)
{
    mqc__outbox_init(&outbox, &limits);
}

static void finish(void)
{
    mqc__outbox_fini(&outbox);
}

static void accept_as(const char *topic, const char *event, struct mqc__service service)
{
    size_t dropped = 0;
    REQUIRE(mqc__outbox_accept(&outbox, mqc_view_text(topic), service, mqc_view_text(event),
                               &dropped) == MQC_OK);
}

static void accept(const char *topic, const char *event)
{
    accept_as(topic, event, (struct mqc__service){.qos = MQC__QOS_1});
}

static struct mqc__batch *take(void)
{
    struct mqc__batch *batch = NULL;
    REQUIRE(mqc__outbox_take(&outbox, SIZE_MAX, &batch) == MQC_OK);
    return batch;
}

/* A message as text: "topic 1:abc", or "topic 1+4:abcd" for a piece. */
static const char *text_of(const struct mqc__batch *batch)
{
    static char text[100];
    const struct mqc__batch *whole = batch->whole != NULL ? batch->whole : batch;
    const struct mqc_view events = mqc__batch_events(whole);
    char offset[10] = "";
    if (batch->whole != NULL)
        (void)snprintf(offset, sizeof offset, "+%zu", batch->piece_offset);
    (void)snprintf(text, sizeof text, "%s %llu%s:%.*s", batch->topic->text,
                   (unsigned long long)whole->sequence, offset, (int)batch->event_bytes,
                   events.data + batch->piece_offset);
    return text;
}

#define CHECK_NEXT(expected) CHECK_TEXT(text_of(take()), expected)

static void check_nothing_waits(void)
{
    struct mqc__batch *batch = NULL;
    CHECK(mqc__outbox_head(&outbox) == NULL);
    CHECK_INT(mqc__outbox_take(&outbox, SIZE_MAX, &batch), MQC_ENOTFOUND);
}

static void test_large_event_leaves_in_pieces(void)
{
    start();
    accept("a", "1234567890");
    CHECK_UNSIGNED(mqc__outbox_head_bytes(&outbox, mqc__outbox_head(&outbox)), 4);
    CHECK_NEXT("a 1+0:1234");
    CHECK_NEXT("a 1+4:5678");
    CHECK_UNSIGNED(mqc__outbox_head_bytes(&outbox, mqc__outbox_head(&outbox)), 2);
    CHECK_NEXT("a 1+8:90");
    check_nothing_waits();
    CHECK_UNSIGNED(outbox.in_flight_count, 3);
    CHECK_UNSIGNED(outbox.in_flight_bytes, 10);
    CHECK_UNSIGNED(outbox.event_count, 1);
    CHECK_UNSIGNED(outbox.waiting_count, 0);
    CHECK_UNSIGNED(mqc__outbox_oldest(&outbox), 1);
    finish();
}

static void test_event_of_one_piece_leaves_whole(void)
{
    start();
    accept("a", "1234");
    accept("b", "12345");
    CHECK_NEXT("a 1:1234");
    CHECK_NEXT("b 1+0:1234");
    CHECK_NEXT("b 1+4:5");
    finish();
}

static void test_batch_of_small_events_leaves_whole(void)
{
    start();
    accept("a", "123");
    accept("a", "456");
    CHECK_NEXT("a 1:123456");
    finish();
}

static void test_others_pass_between_pieces(void)
{
    start();
    accept("a", "1234567890");
    accept("b", "x");
    accept("c", "y");
    CHECK_NEXT("a 1+0:1234");
    CHECK_NEXT("b 1:x");
    CHECK_NEXT("a 1+4:5678");
    accept("b", "z");
    CHECK_NEXT("c 1:y");
    CHECK_NEXT("a 1+8:90");
    CHECK_NEXT("b 2:z");
    check_nothing_waits();
    finish();
}

static void test_urgent_ones_take_turns_with_pieces(void)
{
    start();
    accept("a", "123456789");
    CHECK_NEXT("a 1+0:1234");
    accept("b", "x");
    accept_as("u", "!", (struct mqc__service){.qos = MQC__QOS_1, .is_urgent = true});
    CHECK_NEXT("u 1:!");
    CHECK_NEXT("a 1+4:5678");
    CHECK_NEXT("b 1:x");
    CHECK_NEXT("a 1+8:9");
    finish();
}

static void test_own_topic_waits_for_the_last_piece(void)
{
    start();
    accept("a", "0");
    accept("a", "12345678");
    accept("a", "x");
    accept("a", "y");
    CHECK_NEXT("a 1:0");
    CHECK_NEXT("a 2+0:1234");
    CHECK_NEXT("a 2+4:5678");
    CHECK_NEXT("a 3:xy");
    finish();
}

static void test_second_large_event_waits_and_holds_nobody_up(void)
{
    start();
    accept("a", "12345678");
    accept("b", "abcdefgh");
    accept("b", "-");
    accept("c", "x");
    CHECK_NEXT("a 1+0:1234");
    CHECK_NEXT("c 1:x");
    CHECK_NEXT("a 1+4:5678");
    CHECK_NEXT("b 1+0:abcd");
    CHECK_NEXT("b 1+4:efgh");
    CHECK_NEXT("b 2:-");
    check_nothing_waits();
    finish();
}

static void test_event_is_done_with_its_last_piece(void)
{
    start();
    accept("a", "1234567890");
    struct mqc__batch *const first = take();
    struct mqc__batch *const second = take();
    CHECK(mqc__outbox_piece_done(&outbox, first) == NULL);
    CHECK(mqc__outbox_piece_done(&outbox, second) == NULL);
    CHECK_UNSIGNED(outbox.in_flight_count, 0);
    CHECK_UNSIGNED(outbox.event_count, 1);
    struct mqc__batch *const third = take();
    struct mqc__batch *const whole = mqc__outbox_piece_done(&outbox, third);
    REQUIRE(whole != NULL);
    CHECK_UNSIGNED(mqc__outbox_complete(&outbox, whole), 1);
    CHECK_UNSIGNED(outbox.event_count, 0);
    CHECK_UNSIGNED(outbox.byte_count, 0);
    CHECK_UNSIGNED(outbox.in_flight_bytes, 0);
    check_nothing_waits();
    finish();
}

static void test_acknowledgements_in_any_order_complete_the_event(void)
{
    start();
    accept("a", "1234567890");
    struct mqc__batch *const pieces[] = {take(), take(), take()};
    CHECK(mqc__outbox_piece_done(&outbox, pieces[2]) == NULL);
    CHECK(mqc__outbox_piece_done(&outbox, pieces[0]) == NULL);
    CHECK(mqc__outbox_piece_done(&outbox, pieces[1]) != NULL);
    finish();
}

static void test_token_finds_the_piece(void)
{
    start();
    accept("a", "12345678");
    struct mqc__batch *const first = take();
    first->token = 5;
    struct mqc__batch *const second = take();
    second->token = 6;
    CHECK(mqc__outbox_find(&outbox, 5) == first);
    CHECK(mqc__outbox_find(&outbox, 6) == second);
    finish();
}

static void test_after_a_loss_the_event_begins_anew_in_its_place(void)
{
    start();
    accept("a", "0");
    accept("a", "12345678");
    accept("b", "x");
    CHECK_NEXT("a 1:0");
    struct mqc__batch *const first = take();
    CHECK_TEXT(text_of(first), "a 2+0:1234");
    CHECK_NEXT("b 1:x");
    CHECK(mqc__outbox_piece_done(&outbox, first) == NULL);
    accept("a", "9");
    CHECK_NEXT("a 2+4:5678");
    CHECK_NEXT("a 3:9");
    mqc__outbox_requeue(&outbox);
    CHECK_UNSIGNED(outbox.in_flight_count, 0);
    CHECK_UNSIGNED(outbox.in_flight_bytes, 0);
    CHECK_UNSIGNED(outbox.waiting_count, 4);
    CHECK_NEXT("a 1:0");
    CHECK_NEXT("a 2+0:1234");
    CHECK_NEXT("b 1:x");
    CHECK_NEXT("a 2+4:5678");
    CHECK_NEXT("a 3:9");
    finish();
}

static void test_loss_in_the_middle_of_two_large_events(void)
{
    start();
    accept("a", "12345678");
    accept("b", "abcdefghi");
    CHECK_NEXT("a 1+0:1234");
    CHECK_NEXT("a 1+4:5678");
    CHECK_NEXT("b 1+0:abcd");
    mqc__outbox_requeue(&outbox);
    CHECK_UNSIGNED(outbox.in_flight_count, 0);
    CHECK_NEXT("a 1+0:1234");
    CHECK_NEXT("a 1+4:5678");
    CHECK_NEXT("b 1+0:abcd");
    CHECK_NEXT("b 1+4:efgh");
    CHECK_NEXT("b 1+8:i");
    finish();
}

static void test_piece_that_was_not_sent_is_taken_again(void)
{
    start();
    accept("a", "12345678");
    accept("a", "9");
    mqc__outbox_put_back(&outbox, take());
    CHECK_NEXT("a 1+0:1234");
    struct mqc__batch *const last = take();
    CHECK_TEXT(text_of(last), "a 1+4:5678");
    mqc__outbox_put_back(&outbox, last);
    CHECK_NEXT("a 1+4:5678");
    CHECK_NEXT("a 2:9");
    finish();
}

static void test_refused_piece_ends_the_event(void)
{
    start();
    accept("a", "1234567890");
    accept("a", "x");
    struct mqc__batch *const first = take();
    (void)take();
    struct mqc__batch *const whole = mqc__outbox_end_pieces(&outbox, first);
    CHECK_UNSIGNED(mqc__outbox_drop_batch(&outbox, whole), 1);
    CHECK_UNSIGNED(outbox.in_flight_count, 0);
    CHECK_UNSIGNED(outbox.in_flight_bytes, 0);
    struct mqc__batch *const next = take();
    CHECK_TEXT(text_of(next), "a 2:x");
    CHECK(next->starts_count);
    check_nothing_waits();
    finish();
}

static void test_event_in_pieces_is_kept_for_its_receivers(void)
{
    struct mqc__outbox_limits keeping = limits;
    keeping.kept_bytes_max = 1 << 20;
    keeping.keep_ms = 1000;
    mqc__outbox_init(&outbox, &keeping);
    accept_as("a", "12345678",
              (struct mqc__service){.qos = MQC__QOS_1, .is_end_to_end = true, .is_to_one = false});
    struct mqc__batch *const first = take();
    struct mqc__batch *const whole = first->whole;
    CHECK_INT(mqc__outbox_follow(&outbox, whole, 0), MQC_OK);
    struct mqc__batch *const second = take();
    mqc__outbox_sent(&outbox, whole, 0);
    CHECK(mqc__outbox_piece_done(&outbox, first) == NULL);
    CHECK(mqc__outbox_piece_done(&outbox, second) == whole);
    CHECK_UNSIGNED(mqc__outbox_acknowledged(&outbox, whole, 0), 1);
    CHECK_UNSIGNED(outbox.keep.event_count, 1);
    CHECK_UNSIGNED(outbox.event_count, 0);
    CHECK_UNSIGNED(mqc__outbox_frontier(&outbox), 1);
    CHECK_VIEW_TEXT(mqc__batch_events(whole), "12345678");
    finish();
}

static void test_numbers_of_an_event_in_pieces_are_needed(void)
{
    start();
    accept("b", "x");
    accept("a", "12345678");
    struct mqc__batch *const small = take();
    (void)take();
    (void)mqc__outbox_complete(&outbox, small);
    struct mqc__spool_range *ranges = NULL;
    size_t count = 0;
    CHECK_INT(mqc__outbox_needed(&outbox, &ranges, &count), MQC_OK);
    REQUIRE(count == 1);
    CHECK_UNSIGNED(ranges[0].first, 2);
    CHECK_UNSIGNED(ranges[0].last, 2);
    free(ranges);
    CHECK_UNSIGNED(mqc__outbox_oldest(&outbox), 2);
    finish();
}

static void test_best_effort_events_count_once(void)
{
    start();
    accept_as("a", "12345678", (struct mqc__service){.qos = MQC__QOS_0});
    CHECK_UNSIGNED(mqc__outbox_best_effort_count(&outbox), 1);
    (void)take();
    (void)take();
    CHECK_UNSIGNED(mqc__outbox_best_effort_count(&outbox), 1);
    finish();
}

static void test_full_outbox_drops_what_waits_behind_the_pieces(void)
{
    struct mqc__outbox_limits few = limits;
    few.events_max = 2;
    few.when_full = MQC__WHEN_FULL_DROP_OLDEST;
    mqc__outbox_init(&outbox, &few);
    accept("a", "12345678");
    CHECK_NEXT("a 1+0:1234");
    accept("a", "x");
    accept("a", "y");
    CHECK_NEXT("a 1+4:5678");
    CHECK_NEXT("a 3:y");
    finish();
}

static void test_without_memory_nothing_is_taken(void)
{
    start();
    accept("a", "12345678");
    struct mqc__batch *batch = NULL;
    fail_allocation(1);
    CHECK_INT(mqc__outbox_take(&outbox, SIZE_MAX, &batch), MQC_ENOMEM);
    CHECK(allocation_has_failed());
    fail_allocation(0);
    CHECK_UNSIGNED(outbox.in_flight_count, 0);
    CHECK_UNSIGNED(outbox.waiting_count, 1);
    CHECK_NEXT("a 1+0:1234");
    finish();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"large_event_leaves_in_pieces", test_large_event_leaves_in_pieces},
        {"event_of_one_piece_leaves_whole", test_event_of_one_piece_leaves_whole},
        {"batch_of_small_events_leaves_whole", test_batch_of_small_events_leaves_whole},
        {"others_pass_between_pieces", test_others_pass_between_pieces},
        {"urgent_ones_take_turns_with_pieces", test_urgent_ones_take_turns_with_pieces},
        {"own_topic_waits_for_the_last_piece", test_own_topic_waits_for_the_last_piece},
        {"second_large_event_waits_and_holds_nobody_up",
         test_second_large_event_waits_and_holds_nobody_up},
        {"event_is_done_with_its_last_piece", test_event_is_done_with_its_last_piece},
        {"acknowledgements_in_any_order_complete_the_event",
         test_acknowledgements_in_any_order_complete_the_event},
        {"token_finds_the_piece", test_token_finds_the_piece},
        {"after_a_loss_the_event_begins_anew_in_its_place",
         test_after_a_loss_the_event_begins_anew_in_its_place},
        {"loss_in_the_middle_of_two_large_events", test_loss_in_the_middle_of_two_large_events},
        {"piece_that_was_not_sent_is_taken_again", test_piece_that_was_not_sent_is_taken_again},
        {"refused_piece_ends_the_event", test_refused_piece_ends_the_event},
        {"event_in_pieces_is_kept_for_its_receivers",
         test_event_in_pieces_is_kept_for_its_receivers},
        {"numbers_of_an_event_in_pieces_are_needed", test_numbers_of_an_event_in_pieces_are_needed},
        {"best_effort_events_count_once", test_best_effort_events_count_once},
        {"full_outbox_drops_what_waits_behind_the_pieces",
         test_full_outbox_drops_what_waits_behind_the_pieces},
        {"without_memory_nothing_is_taken", test_without_memory_nothing_is_taken},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.outbox_pieces", tests);
}
