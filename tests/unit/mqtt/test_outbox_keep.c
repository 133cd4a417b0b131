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
    .topics_max = 10,
    .header_bytes_max = 6,
    .kept_bytes_max = 1 << 20,
    .keep_ms = 1000,
};

static const struct mqc__service to_one = {
    .qos = MQC__QOS_1, .is_end_to_end = true, .is_to_one = true};
static const struct mqc__service to_many = {.qos = MQC__QOS_1, .is_end_to_end = true};

static void accept(struct mqc__outbox *outbox, struct mqc__service service, const char *topic,
                   const char *events)
{
    size_t dropped = 0;
    for (; *events != '\0'; events++)
        REQUIRE(mqc__outbox_accept(outbox, mqc_view_text(topic), service, mqc_view_bytes(events, 1),
                                   &dropped) == MQC_OK);
}

/* Sends the next batch. */
static struct mqc__batch *send(struct mqc__outbox *outbox, int64_t now_ms)
{
    struct mqc__batch *batch = NULL;
    REQUIRE(mqc__outbox_take(outbox, SIZE_MAX, &batch) == MQC_OK);
    REQUIRE(mqc__outbox_follow(outbox, batch, now_ms) == MQC_OK);
    mqc__outbox_sent(outbox, batch, now_ms);
    return batch;
}

static void send_and_acknowledge(struct mqc__outbox *outbox, int64_t now_ms)
{
    (void)mqc__outbox_acknowledged(outbox, send(outbox, now_ms), now_ms);
}

static struct mqc__kept_stream *stream_of(const struct mqc__outbox *outbox, const char *topic)
{
    struct mqc__kept_stream *stream = mqc__outbox_stream(outbox, mqc_view_text(topic), NULL);
    REQUIRE(stream != NULL);
    return stream;
}

static struct mqc__stream_out_actions tell(struct mqc__outbox *outbox, const char *topic,
                                           uint64_t handled_to, bool wants_repeat)
{
    const struct mqc__stream_out_receipt receipt = {1, handled_to, wants_repeat};
    struct mqc__stream_out_actions actions;
    mqc__outbox_receipt(outbox, stream_of(outbox, topic), &receipt, 0, &actions);
    return actions;
}

static void start(struct mqc__outbox *outbox, const struct mqc__outbox_limits *with)
{
    mqc__outbox_init(outbox, with);
    mqc__outbox_set_online(outbox, true, 0);
}

static void test_outbox_keeps_what_the_broker_has_until_the_receiver_does(void)
{
    struct mqc__outbox outbox;
    start(&outbox, &limits);
    accept(&outbox, to_one, "a", "12345");
    send_and_acknowledge(&outbox, 0);
    CHECK_UNSIGNED(outbox.event_count, 1);
    CHECK_UNSIGNED(outbox.keep.event_count, 4);
    CHECK_UNSIGNED(mqc__outbox_frontier(&outbox), 1);
    CHECK_UNSIGNED(mqc__outbox_oldest(&outbox), 5);
    CHECK_UNSIGNED(mqc__outbox_oldest_undone(&outbox), 1);
    CHECK_UNSIGNED(tell(&outbox, "a", 3, false).done_to, 3);
    CHECK_UNSIGNED(outbox.keep.event_count, 4); /* whole batches go */
    (void)tell(&outbox, "a", 4, false);
    CHECK_UNSIGNED(outbox.keep.event_count, 0);
    CHECK_UNSIGNED(outbox.keep.byte_count, 0);
    CHECK_UNSIGNED(outbox.keep.awaited_count, 0);
    /* A receipt may come before the broker's acknowledgement. */
    struct mqc__batch *batch = send(&outbox, 0);
    (void)tell(&outbox, "a", 5, false);
    CHECK_UNSIGNED(mqc__outbox_acknowledged(&outbox, batch, 0), 1);
    CHECK_UNSIGNED(outbox.keep.event_count, 0);
    CHECK_UNSIGNED(mqc__outbox_frontier(&outbox), UINT64_MAX);
    CHECK_UNSIGNED(outbox.keep.given_up, 0);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_keeps_lone_events_together(void)
{
    struct mqc__outbox outbox;
    start(&outbox, &limits);
    for (int i = 0; i < 6; i++) {
        accept(&outbox, to_many, "a", "x");
        send_and_acknowledge(&outbox, i);
    }
    const struct mqc__batch *first = stream_of(&outbox, "a")->kept;
    REQUIRE(first != NULL);
    CHECK_UNSIGNED(first->event_count, 4);
    CHECK_UNSIGNED(first->number, 1);
    CHECK_UNSIGNED(mqc__batch_number(first, 3), 4);
    CHECK_UNSIGNED(outbox.keep.event_count, 6);
    /* Not those that are far apart in time. */
    accept(&outbox, to_many, "a", "y");
    send_and_acknowledge(&outbox, MQC__KEEP_MERGE_MS + 10);
    CHECK_UNSIGNED(stream_of(&outbox, "a")->batch_count, 3);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_gives_up_the_oldest_first(void)
{
    struct mqc__outbox outbox;
    struct mqc__outbox_limits small = limits;
    small.batch_events_max = 1;
    start(&outbox, &small);
    accept(&outbox, to_one, "a", "1");
    accept(&outbox, to_many, "b", "1");
    accept(&outbox, to_one, "a", "2");
    for (int i = 0; i < 3; i++)
        send_and_acknowledge(&outbox, i);
    CHECK_UNSIGNED(outbox.keep.event_count, 3);
    mqc__outbox_expire(&outbox, 1000);
    CHECK_UNSIGNED(outbox.keep.event_count, 2);
    CHECK_UNSIGNED(outbox.keep.given_up, 1);
    mqc__outbox_expire(&outbox, 1001);
    CHECK_UNSIGNED(outbox.keep.given_up, 1); /* nobody had to acknowledge it */
    CHECK_INT(mqc__outbox_expiry_ms(&outbox), 1002);
    CHECK_UNSIGNED(mqc__outbox_frontier(&outbox), 3);
    /* One of many may still ask, and hears that it is gone. */
    CHECK_UNSIGNED(tell(&outbox, "b", 0, true).tell_kept_from, 2);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_keeps_within_its_bytes(void)
{
    struct mqc__outbox outbox;
    struct mqc__outbox_limits small = limits;
    small.batch_events_max = 1;
    small.keep_ms = 600000;
    small.kept_bytes_max = 3 * (MQC__OUTBOX_BATCH_COST + MQC__OUTBOX_EVENT_COST + 1);
    start(&outbox, &small);
    accept(&outbox, to_one, "a", "12345");
    for (int i = 0; i < 3; i++)
        send_and_acknowledge(&outbox, i);
    CHECK(!mqc__outbox_waits_for_receipts(&outbox, 3));
    /* What was under way comes on top; nothing is given up that may be acknowledged soon. */
    send_and_acknowledge(&outbox, 3);
    send_and_acknowledge(&outbox, 4);
    CHECK(mqc__outbox_waits_for_receipts(&outbox, 4));
    CHECK_UNSIGNED(outbox.keep.event_count, 5);
    CHECK_INT(mqc__outbox_expiry_ms(&outbox), MQC__KEEP_PATIENCE_MS);
    mqc__outbox_expire(&outbox, MQC__KEEP_PATIENCE_MS);
    CHECK_UNSIGNED(outbox.keep.given_up, 1);
    mqc__outbox_expire(&outbox, MQC__KEEP_PATIENCE_MS + 1);
    CHECK_UNSIGNED(outbox.keep.given_up, 2);
    CHECK(outbox.keep.byte_count <= small.kept_bytes_max);
    CHECK(!mqc__outbox_waits_for_receipts(&outbox, MQC__KEEP_PATIENCE_MS + 1));
    CHECK_INT(mqc__outbox_expiry_ms(&outbox), 600002);
    const struct mqc__stream_out_actions actions = tell(&outbox, "a", 1, true);
    CHECK_UNSIGNED(actions.repeat_from, 3);
    CHECK_UNSIGNED(actions.repeat_to, 5);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_of_many_keeps_the_latest_at_once(void)
{
    struct mqc__outbox outbox;
    struct mqc__outbox_limits small = limits;
    small.batch_events_max = 1;
    small.kept_bytes_max = 2 * (MQC__OUTBOX_BATCH_COST + MQC__OUTBOX_EVENT_COST + 1);
    start(&outbox, &small);
    accept(&outbox, to_many, "a", "12345");
    for (int i = 0; i < 5; i++)
        send_and_acknowledge(&outbox, i);
    CHECK_UNSIGNED(outbox.keep.event_count, 2);
    CHECK_UNSIGNED(outbox.keep.given_up, 0);
    CHECK(!mqc__outbox_waits_for_receipts(&outbox, 5));
    mqc__outbox_fini(&outbox);
}

static void test_outbox_time_stands_still_without_a_connection(void)
{
    struct mqc__outbox outbox;
    start(&outbox, &limits);
    accept(&outbox, to_one, "a", "1");
    send_and_acknowledge(&outbox, 0);
    mqc__outbox_set_online(&outbox, false, 500);
    CHECK_INT(mqc__outbox_expiry_ms(&outbox), INT64_MAX);
    mqc__outbox_expire(&outbox, 100000);
    CHECK_UNSIGNED(outbox.keep.event_count, 1);
    mqc__outbox_set_online(&outbox, true, 100000);
    CHECK_INT(mqc__outbox_expiry_ms(&outbox), 100500);
    mqc__outbox_expire(&outbox, 100500);
    CHECK_UNSIGNED(outbox.keep.event_count, 0);
    mqc__outbox_fini(&outbox);
}

static struct mqc__repetition *repeat(struct mqc__outbox *outbox, uint64_t from, uint64_t to)
{
    const struct mqc__repeat_request request = {
        .requester = 1,
        .from = from,
        .to = to,
        .reply_topic = mqc_view_text("reply"),
        .topic = mqc_view_text("event"),
        .instance = mqc_view_text("i"),
    };
    REQUIRE(mqc__outbox_repeat(outbox, stream_of(outbox, "a"), &request) == MQC_OK);
    return outbox->keep.repetitions;
}

static void test_outbox_repeats_what_is_kept_and_then_what_is_in_flight(void)
{
    struct mqc__outbox outbox;
    struct mqc__outbox_limits small = limits;
    small.batch_events_max = 2;
    start(&outbox, &small);
    accept(&outbox, to_many, "a", "12345678");
    send_and_acknowledge(&outbox, 0);
    send_and_acknowledge(&outbox, 0);
    const struct mqc__batch *in_flight = send(&outbox, 0);
    struct mqc__repetition *repetition = repeat(&outbox, 3, 6);
    CHECK_TEXT(repetition->reply_topic, "reply");
    CHECK_VIEW_TEXT(repetition->topic, "event");
    const struct mqc__batch *batch = mqc__outbox_next_repeated(&outbox, repetition);
    REQUIRE(batch != NULL);
    CHECK_UNSIGNED(batch->sequence, 3);
    repetition->from = 5;
    CHECK(mqc__outbox_next_repeated(&outbox, repetition) == in_flight);
    repetition->from = 7; /* what waits leaves by itself */
    CHECK(mqc__outbox_next_repeated(&outbox, repetition) == NULL);
    /* The next request of the same receiver takes its place. */
    CHECK_UNSIGNED(repeat(&outbox, 1, 6)->from, 1);
    CHECK_UNSIGNED(outbox.keep.repetition_count, 1);
    mqc__outbox_set_online(&outbox, false, 0);
    CHECK_UNSIGNED(outbox.keep.repetition_count, 0);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_after_a_hole_repeats_only_what_follows(void)
{
    struct mqc__outbox outbox;
    struct mqc__outbox_limits small = limits;
    small.batch_events_max = 1;
    start(&outbox, &small);
    accept(&outbox, to_one, "a", "1234");
    send_and_acknowledge(&outbox, 0);
    mqc__outbox_drop_head(&outbox);
    (void)send(&outbox, 0);
    CHECK_UNSIGNED(outbox.keep.event_count, 0);
    CHECK_UNSIGNED(tell(&outbox, "a", 0, true).repeat_from, 3);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_refused_batch_is_given_up(void)
{
    struct mqc__outbox outbox;
    struct mqc__outbox_limits small = limits;
    small.batch_events_max = 1;
    start(&outbox, &small);
    accept(&outbox, to_one, "a", "12");
    struct mqc__batch *batch = send(&outbox, 0);
    CHECK_UNSIGNED(mqc__outbox_drop_batch(&outbox, batch), 1);
    CHECK_UNSIGNED(stream_of(&outbox, "a")->machine.kept_from, 2);
    CHECK_UNSIGNED(stream_of(&outbox, "a")->batch_count, 0);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_needed_joins_what_touches(void)
{
    struct mqc__outbox outbox;
    struct mqc__outbox_limits small = limits;
    small.batch_events_max = 2;
    start(&outbox, &small);
    accept(&outbox, to_one, "a", "12");                                     /* 1, 2: kept */
    accept(&outbox, (struct mqc__service){.qos = MQC__QOS_1}, "b", "1234"); /* 3..6: done with */
    accept(&outbox, to_one, "c", "12");                                     /* 7, 8: in flight */
    accept(&outbox, to_one, "c", "34");                                     /* 9, 10: wait */
    for (int i = 0; i < 3; i++)
        send_and_acknowledge(&outbox, 0);
    (void)send(&outbox, 0);
    struct mqc__spool_range *ranges = NULL;
    size_t count = 0;
    REQUIRE(mqc__outbox_needed(&outbox, &ranges, &count) == MQC_OK);
    count = mqc__outbox_order_ranges(ranges, count);
    REQUIRE(count == 2);
    CHECK_UNSIGNED(ranges[0].first, 1);
    CHECK_UNSIGNED(ranges[0].last, 2);
    CHECK_UNSIGNED(ranges[1].first, 7);
    CHECK_UNSIGNED(ranges[1].last, 10);
    free(ranges);
    mqc__outbox_fini(&outbox);
}

/* Events are kept together, whatever came between them. */
static void test_outbox_needed_is_exact(void)
{
    struct mqc__outbox outbox;
    start(&outbox, &limits);
    for (int i = 0; i < 3; i++) {
        accept(&outbox, to_one, "a", "1");                                     /* 1, 5, 9: kept */
        accept(&outbox, (struct mqc__service){.qos = MQC__QOS_1}, "b", "123"); /* done with */
        send_and_acknowledge(&outbox, 0);
        send_and_acknowledge(&outbox, 0);
    }
    accept(&outbox, to_one, "a", "1"); /* 13: waits */
    CHECK_UNSIGNED(stream_of(&outbox, "a")->kept->event_count, 3);
    struct mqc__spool_range *ranges = NULL;
    size_t count = 0;
    REQUIRE(mqc__outbox_needed(&outbox, &ranges, &count) == MQC_OK);
    count = mqc__outbox_order_ranges(ranges, count);
    REQUIRE(count == 4);
    for (size_t i = 0; i < count; i++) {
        CHECK_UNSIGNED(ranges[i].first, 4 * i + 1);
        CHECK_UNSIGNED(ranges[i].last, 4 * i + 1);
    }
    free(ranges);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_forgets_streams_that_are_done_with(void)
{
    struct mqc__outbox outbox;
    start(&outbox, &limits);
    for (unsigned i = 0; i < MQC__KEEP_IDLE_STREAMS_MAX + 100; i++) {
        char topic[20];
        (void)snprintf(topic, sizeof topic, "t%u", i);
        accept(&outbox, to_one, topic, "1");
        send_and_acknowledge(&outbox, 0);
        (void)tell(&outbox, topic, 1, false);
    }
    CHECK(outbox.keep.stream_count <= MQC__KEEP_IDLE_STREAMS_MAX + 1);
    CHECK(mqc__outbox_stream(&outbox, mqc_view_text("t0"), NULL) == NULL);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_keep_without_memory_loses_nothing(void)
{
    for (size_t nth = 1;; nth++) {
        struct mqc__outbox outbox;
        struct mqc__batch *batch = NULL;
        start(&outbox, &limits);
        accept(&outbox, to_one, "a", "1");
        REQUIRE(mqc__outbox_take(&outbox, SIZE_MAX, &batch) == MQC_OK);
        fail_allocation(nth);
        const bool is_done = mqc__outbox_follow(&outbox, batch, 0) == MQC_OK;
        const bool has_failed = allocation_has_failed();
        fail_allocation(0);
        CHECK(is_done != has_failed);
        mqc__outbox_put_back(&outbox, batch);
        CHECK_UNSIGNED(outbox.event_count, 1);
        mqc__outbox_fini(&outbox);
        if (is_done)
            return;
        REQUIRE(nth < 100);
    }
}

static struct mqc__kept_stream *stream_of_start(struct mqc__outbox *outbox,
                                                const struct mqc__origin *origin)
{
    struct mqc__kept_stream *stream = mqc__outbox_stream(outbox, mqc_view_text("a"), origin);
    REQUIRE(stream != NULL);
    return stream;
}

/* One event of an earlier start, or of this one (NULL), that the broker has. */
static const struct mqc__kept_stream *send_of_start(struct mqc__outbox *outbox, uint64_t number,
                                                    const struct mqc__origin *origin,
                                                    int64_t now_ms)
{
    const struct mqc__numbering numbering = {
        .number = number, .sequence = 1, .starts_count = true, .origin = origin};
    REQUIRE(mqc__outbox_accept_numbered(outbox, mqc_view_text("a"), to_many, mqc_view_text("x"),
                                        &numbering) == MQC_OK);
    send_and_acknowledge(outbox, now_ms);
    return stream_of_start(outbox, origin);
}

static void test_outbox_knows_which_stream_comes_before(void)
{
    struct mqc__outbox outbox;
    start(&outbox, &limits);
    const struct mqc__origin *origins[] = {mqc__outbox_origin(&outbox, mqc_view_text("1")),
                                           mqc__outbox_origin(&outbox, mqc_view_text("2"))};
    const struct mqc__kept_stream *first = send_of_start(&outbox, 1, origins[0], 0);
    const struct mqc__kept_stream *second = send_of_start(&outbox, 2, origins[1], 500);
    const struct mqc__kept_stream *own = send_of_start(&outbox, 3, NULL, 500);
    CHECK(mqc__outbox_stream_before(first) == NULL);
    CHECK(mqc__outbox_stream_before(second) == first);
    CHECK(mqc__outbox_stream_before(own) == second);
    /* What was given up is said once more. */
    mqc__outbox_expire(&outbox, 1000);
    CHECK(mqc__outbox_stream_before(second) == first);
    mqc__outbox_set_online(&outbox, true, 1000);
    while (mqc__outbox_probe(&outbox, 1000) != NULL) {
    }
    CHECK(mqc__outbox_stream_before(second) == NULL);
    CHECK(mqc__outbox_stream_before(own) == second);
    /* One that is over in between does not hide the one before it. */
    mqc__outbox_fini(&outbox);
    start(&outbox, &limits);
    first = send_of_start(&outbox, 1, mqc__outbox_origin(&outbox, mqc_view_text("1")), 0);
    (void)send_of_start(&outbox, 2, mqc__outbox_origin(&outbox, mqc_view_text("2")), 0);
    own = send_of_start(&outbox, 3, NULL, 0);
    struct mqc__kept_stream *over = own->topic_next;
    over->machine.kept_from = 2;
    over->machine.probe_ms = MQC__STREAM_OUT_NEVER;
    CHECK(mqc__outbox_stream_before(own) == first);
    mqc__outbox_fini(&outbox);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"keeps_what_the_broker_has_until_the_receiver_does",
         test_outbox_keeps_what_the_broker_has_until_the_receiver_does},
        {"keeps_lone_events_together", test_outbox_keeps_lone_events_together},
        {"gives_up_the_oldest_first", test_outbox_gives_up_the_oldest_first},
        {"keeps_within_its_bytes", test_outbox_keeps_within_its_bytes},
        {"of_many_keeps_the_latest_at_once", test_outbox_of_many_keeps_the_latest_at_once},
        {"time_stands_still_without_a_connection",
         test_outbox_time_stands_still_without_a_connection},
        {"repeats_what_is_kept_and_then_what_is_in_flight",
         test_outbox_repeats_what_is_kept_and_then_what_is_in_flight},
        {"after_a_hole_repeats_only_what_follows",
         test_outbox_after_a_hole_repeats_only_what_follows},
        {"refused_batch_is_given_up", test_outbox_refused_batch_is_given_up},
        {"needed_joins_what_touches", test_outbox_needed_joins_what_touches},
        {"needed_is_exact", test_outbox_needed_is_exact},
        {"forgets_streams_that_are_done_with", test_outbox_forgets_streams_that_are_done_with},
        {"keep_without_memory_loses_nothing", test_outbox_keep_without_memory_loses_nothing},
        {"knows_which_stream_comes_before", test_outbox_knows_which_stream_comes_before},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.outbox_keep", tests);
}
