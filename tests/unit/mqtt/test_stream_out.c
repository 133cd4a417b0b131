#include "mqtt/stream_out.h"

#include "support/suite.h"

#define NEVER MQC__STREAM_OUT_NEVER

/* A stream to one node or to many, connected at 0, of which 1 to `sent` were sent at 0. */
static struct mqc__stream_out stream_of(enum mqc__receipt_kind kind, uint64_t sent)
{
    struct mqc__stream_out stream;
    mqc__stream_out_init(&stream, kind, 1, 0, 1);
    mqc__stream_out_connected(&stream, 0);
    if (sent != 0)
        mqc__stream_out_sent(&stream, 1, sent, 0);
    return stream;
}

static struct mqc__stream_out_actions hear(struct mqc__stream_out *stream, uint64_t handled_to,
                                           int64_t now_ms)
{
    const struct mqc__stream_out_receipt receipt = {.requester = 7, .handled_to = handled_to};
    struct mqc__stream_out_actions actions;
    mqc__stream_out_receipt(stream, &receipt, now_ms, &actions);
    return actions;
}

static struct mqc__stream_out_actions ask(struct mqc__stream_out *stream, uint64_t requester,
                                          uint64_t handled_to, int64_t now_ms)
{
    const struct mqc__stream_out_receipt receipt = {
        .requester = requester, .handled_to = handled_to, .wants_repeat = true};
    struct mqc__stream_out_actions actions;
    mqc__stream_out_receipt(stream, &receipt, now_ms, &actions);
    return actions;
}

#define CHECK_REPEATS(actions, from, to)                                                           \
    do {                                                                                           \
        const struct mqc__stream_out_actions got = (actions);                                      \
        CHECK_UNSIGNED(got.repeat_from, (from));                                                   \
        CHECK_UNSIGNED(got.repeat_to, (to));                                                       \
        CHECK_UNSIGNED(got.tell_kept_from, 0);                                                     \
    } while (0)

static void test_receipts_are_cumulative(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_ONE, 10);
    CHECK_UNSIGNED(hear(&stream, 4, 5).done_to, 4);
    CHECK_UNSIGNED(stream.kept_from, 5);
    CHECK_UNSIGNED(hear(&stream, 4, 6).done_to, 0);
    CHECK_UNSIGNED(hear(&stream, 2, 6).done_to, 0);
    CHECK_UNSIGNED(stream.kept_from, 5);
    CHECK(!mqc__stream_out_is_done(&stream));
    CHECK_UNSIGNED(hear(&stream, 10, 7).done_to, 10);
    CHECK(mqc__stream_out_is_done(&stream));
    CHECK_INT(mqc__stream_out_due_ms(&stream), NEVER);
}

static void test_receipt_beyond_what_was_sent_covers_what_was_sent(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_ONE, 0);
    CHECK_UNSIGNED(hear(&stream, UINT64_MAX, 5).done_to, 0);
    CHECK_UNSIGNED(stream.kept_from, 1);
    mqc__stream_out_sent(&stream, 1, 10, 6);
    CHECK_UNSIGNED(hear(&stream, UINT64_MAX, 7).done_to, 10);
    mqc__stream_out_sent(&stream, 11, 1, 8);
    CHECK(!mqc__stream_out_is_done(&stream));
    CHECK_UNSIGNED(hear(&stream, 10, 9).done_to, 0);
    CHECK_UNSIGNED(hear(&stream, 11, 9).done_to, 11);
}

static void test_many_are_not_done_by_receipts(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 10);
    CHECK_UNSIGNED(hear(&stream, 10, 5).done_to, 0);
    CHECK_UNSIGNED(stream.kept_from, 1);
    mqc__stream_out_evicted(&stream, 10);
    CHECK(mqc__stream_out_is_done(&stream));
}

static void test_request_is_answered_to_the_end(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 10);
    CHECK_REPEATS(ask(&stream, 1, 3, 10), 4, 10);
    CHECK_REPEATS(ask(&stream, 2, 0, 10), 1, 10);
    CHECK_REPEATS(ask(&stream, 3, 9, 10), 10, 10);
    CHECK_REPEATS(ask(&stream, 4, 10, 10), 0, 0);
    CHECK_REPEATS(ask(&stream, 4, UINT64_MAX, 10), 0, 0);
    /* What was repeated may get lost again. */
    CHECK_INT(mqc__stream_out_due_ms(&stream), 10 + MQC__STREAM_OUT_PROBE_MIN_MS);
}

static void test_request_to_one_counts_as_receipt(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_ONE, 10);
    const struct mqc__stream_out_actions actions = ask(&stream, 1, 3, 10);
    CHECK_UNSIGNED(actions.done_to, 3);
    CHECK_REPEATS(actions, 4, 10);
}

static void test_what_is_given_up_is_not_repeated(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 10);
    mqc__stream_out_evicted(&stream, 5);
    CHECK_REPEATS(ask(&stream, 1, 3, 10), 6, 10);
    mqc__stream_out_evicted(&stream, 2);
    CHECK_UNSIGNED(stream.kept_from, 6);
    mqc__stream_out_evicted(&stream, 6);
    CHECK_UNSIGNED(stream.kept_from, 7);
    mqc__stream_out_evicted(&stream, 10);
    CHECK_UNSIGNED(ask(&stream, 2, 3, 10).tell_kept_from, 11);
    CHECK_UNSIGNED(ask(&stream, 2, 3, 10).tell_kept_from, 0);
    CHECK_UNSIGNED(ask(&stream, 3, 10, 10).tell_kept_from, 0);
}

/* They were never sent, but their numbers are given. */
static void test_what_was_dropped_unsent_is_told(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 3);
    mqc__stream_out_evicted(&stream, 5);
    CHECK_UNSIGNED(stream.last, 5);
    CHECK_UNSIGNED(ask(&stream, 1, 4, 10).tell_kept_from, 6);
    mqc__stream_out_sent(&stream, 6, 2, 20);
    CHECK_REPEATS(ask(&stream, 2, 3, 30), 6, 7);
}

/* Its records were lost in a power cut, after they were sent. */
static void test_ended_stream_tells_that_nothing_more_comes(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 3);
    CHECK_UNSIGNED(ask(&stream, 1, 4, 10).tell_kept_from, 0);
    mqc__stream_out_ended(&stream);
    CHECK_UNSIGNED(ask(&stream, 1, 4, 10).tell_kept_from, UINT64_MAX);
    CHECK_UNSIGNED(ask(&stream, 2, 3, 10).tell_kept_from, UINT64_MAX);
    CHECK_UNSIGNED(ask(&stream, 3, UINT64_MAX, 10).tell_kept_from, 0);
    CHECK_REPEATS(ask(&stream, 4, 1, 10), 2, 3);
}

static void test_requester_that_makes_no_progress_is_slowed_down(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 100);
    CHECK_REPEATS(ask(&stream, 1, 10, 1000), 11, 100);
    CHECK_REPEATS(ask(&stream, 1, 10, 1499), 0, 0);
    CHECK_REPEATS(ask(&stream, 1, 5, 1499), 0, 0);
    CHECK_REPEATS(ask(&stream, 1, 10, 1500), 11, 100);
    CHECK_REPEATS(ask(&stream, 1, 20, 1599), 0, 0);
    CHECK_REPEATS(ask(&stream, 1, 20, 1600), 21, 100);
    /* Going back and forth is no progress. */
    CHECK_REPEATS(ask(&stream, 1, 10, 2100), 11, 100);
    CHECK_REPEATS(ask(&stream, 1, 19, 2300), 0, 0);
    CHECK_REPEATS(ask(&stream, 1, 21, 2300), 22, 100);
    CHECK_REPEATS(ask(&stream, 2, 10, 2300), 11, 100);
}

static void test_last_requesters_are_remembered(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 100);
    for (uint64_t i = 0; i < MQC__STREAM_OUT_REQUESTERS; i++)
        CHECK_REPEATS(ask(&stream, i, 0, 1000 + (int64_t)i), 1, 100);
    for (uint64_t i = 0; i < MQC__STREAM_OUT_REQUESTERS; i++)
        CHECK_REPEATS(ask(&stream, i, 0, 1100), 0, 0);
    /* Each further one takes the place of the one that was answered longest ago. */
    CHECK_REPEATS(ask(&stream, 100, 0, 1100), 1, 100);
    CHECK_REPEATS(ask(&stream, 0, 0, 1101), 1, 100);
    CHECK_REPEATS(ask(&stream, 1, 0, 1102), 1, 100);
    CHECK_REPEATS(ask(&stream, 3, 0, 1103), 0, 0);
    CHECK_REPEATS(ask(&stream, 100, 0, 1103), 0, 0);
}

static void test_answers_are_bounded_however_many_ask(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 100);
    unsigned answers = 0;
    for (uint64_t i = 0; i < 10000; i++)
        answers += ask(&stream, i, 0, 5000 + (int64_t)i / 10).repeat_from != 0 ? 1 : 0;
    CHECK_UNSIGNED(answers, MQC__STREAM_OUT_ANSWERS_PER_S);
    CHECK_REPEATS(ask(&stream, 20000, 0, 6000), 1, 100);
}

static void test_probes_come_with_growing_pauses(void)
{
    static const int64_t due_ms[] = {1000, 3000, 7000, 15000, 31000, 63000, 123000, 183000};
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_ONE, 3);
    for (size_t i = 0; i < sizeof due_ms / sizeof due_ms[0]; i++) {
        CHECK_INT(mqc__stream_out_due_ms(&stream), due_ms[i]);
        CHECK(!mqc__stream_out_tick(&stream, due_ms[i] - 1));
        CHECK(mqc__stream_out_tick(&stream, due_ms[i]));
        CHECK(!mqc__stream_out_tick(&stream, due_ms[i]));
    }
    CHECK_UNSIGNED(hear(&stream, 1, 190000).done_to, 1);
    CHECK_INT(mqc__stream_out_due_ms(&stream), 191000);
    mqc__stream_out_sent(&stream, 4, 1, 190500);
    CHECK_INT(mqc__stream_out_due_ms(&stream), 191500);
    CHECK_UNSIGNED(hear(&stream, 4, 191000).done_to, 4);
    CHECK_INT(mqc__stream_out_due_ms(&stream), NEVER);
}

static void test_nothing_is_probed_while_disconnected(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 3);
    mqc__stream_out_disconnected(&stream);
    CHECK_INT(mqc__stream_out_due_ms(&stream), NEVER);
    CHECK(!mqc__stream_out_tick(&stream, 100000));
    mqc__stream_out_connected(&stream, 100000);
    CHECK_INT(mqc__stream_out_due_ms(&stream), 101000);
}

static void test_fresh_stream_is_not_probed(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 0);
    CHECK_INT(mqc__stream_out_due_ms(&stream), NEVER);
    CHECK(mqc__stream_out_is_done(&stream));
}

static void test_last_probe_tells_that_all_is_given_up(void)
{
    struct mqc__stream_out stream = stream_of(MQC__RECEIPT_MANY, 3);
    struct mqc__envelope_header header = {.first_sequence = 0};
    mqc__stream_out_disconnected(&stream);
    mqc__stream_out_evicted(&stream, 3);
    CHECK_INT(mqc__stream_out_due_ms(&stream), NEVER);
    mqc__stream_out_connected(&stream, 5000);
    CHECK(mqc__stream_out_tick(&stream, 5000));
    mqc__stream_out_describe(&stream, 5000, &header);
    CHECK_UNSIGNED(header.kept_from, 4);
    CHECK_INT(mqc__stream_out_due_ms(&stream), NEVER);
    CHECK(!mqc__stream_out_tick(&stream, 6000));
}

static void test_header_says_what_receivers_need(void)
{
    struct mqc__envelope_header header = {.first_sequence = 9};
    struct mqc__stream_out stream;
    mqc__stream_out_init(&stream, MQC__RECEIPT_MANY, 1000, 500, 1000);
    mqc__stream_out_describe(&stream, 500, &header);
    CHECK_INT(header.receipt, MQC__RECEIPT_MANY);
    CHECK_UNSIGNED(header.kept_from, 0);
    CHECK_UNSIGNED(header.count_age_ms, 1);
    CHECK_UNSIGNED(header.first_sequence, 9);
    mqc__stream_out_sent(&stream, 1000, 10, 600);
    mqc__stream_out_evicted(&stream, 1004);
    mqc__stream_out_describe(&stream, 2500, &header);
    CHECK_UNSIGNED(header.kept_from, 1005);
    CHECK_UNSIGNED(header.count_age_ms, 2000);
    mqc__stream_out_init(&stream, MQC__RECEIPT_ONE, 1, NEVER, 4);
    mqc__stream_out_describe(&stream, 2500, &header);
    CHECK_INT(header.receipt, MQC__RECEIPT_ONE);
    CHECK_UNSIGNED(header.kept_from, 4);
    CHECK_UNSIGNED(header.count_age_ms, 0);
}

/* Records 4 to 6 were left of the earlier run. */
static void test_restarted_sender_goes_on(void)
{
    struct mqc__stream_out stream;
    mqc__stream_out_init(&stream, MQC__RECEIPT_ONE, 1, NEVER, 4);
    mqc__stream_out_connected(&stream, 0);
    CHECK_INT(mqc__stream_out_due_ms(&stream), NEVER);
    CHECK_UNSIGNED(hear(&stream, 6, 10).done_to, 0);
    mqc__stream_out_sent(&stream, 4, 2, 20);
    CHECK_UNSIGNED(hear(&stream, 6, 30).done_to, 5);
    mqc__stream_out_sent(&stream, 6, 1, 40);
    CHECK_INT(mqc__stream_out_due_ms(&stream), 1040);
    CHECK_UNSIGNED(hear(&stream, 6, 50).done_to, 6);
}

static uint64_t any_number(struct test_random *random)
{
    static const uint64_t numbers[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2};
    const uint64_t which = test_random_below(random, 40);
    return which < 3 ? numbers[which] : test_random_below(random, 30);
}

/* Whatever a receiver makes up: nothing is done with or repeated that was not sent, and nothing
 * comes back. */
static void check_any_receipt(struct mqc__stream_out *stream, struct test_random *random,
                              int64_t now_ms)
{
    const struct mqc__stream_out before = *stream;
    const struct mqc__stream_out_receipt receipt = {
        .requester = test_random_below(random, 20),
        .handled_to = any_number(random),
        .wants_repeat = test_random_below(random, 2) != 0,
    };
    struct mqc__stream_out_actions actions;
    mqc__stream_out_receipt(stream, &receipt, now_ms, &actions);
    REQUIRE(stream->last == before.last && stream->kept_from >= before.kept_from);
    REQUIRE(stream->kept_from == before.kept_from ||
            (stream->kind == MQC__RECEIPT_ONE && actions.done_to == stream->kept_from - 1 &&
             actions.done_to <= stream->last));
    REQUIRE((actions.repeat_from == 0) == (actions.repeat_to == 0));
    if (actions.repeat_from != 0)
        REQUIRE(actions.repeat_to == stream->last && actions.repeat_from <= stream->last &&
                actions.repeat_from >= stream->kept_from &&
                actions.repeat_from > receipt.handled_to);
    REQUIRE(receipt.wants_repeat || (actions.repeat_from == 0 && actions.tell_kept_from == 0));
    REQUIRE(actions.tell_kept_from == 0 || actions.tell_kept_from > receipt.handled_to);
}

static void test_any_receipts_do_no_harm(void)
{
    struct test_random random = {.state = 5};
    for (int round = 0; round < 3000; round++) {
        struct mqc__stream_out stream =
            stream_of(round % 2 != 0 ? MQC__RECEIPT_ONE : MQC__RECEIPT_MANY, 0);
        int64_t now_ms = 0;
        for (int i = 0; i < 40; i++) {
            now_ms += (int64_t)test_random_below(&random, 300);
            check_any_receipt(&stream, &random, now_ms);
            if (test_random_below(&random, 4) == 0)
                mqc__stream_out_sent(&stream, stream.last + 1, 1 + test_random_below(&random, 3),
                                     now_ms);
            if (test_random_below(&random, 8) == 0)
                mqc__stream_out_evicted(&stream, test_random_below(&random, stream.last + 1));
            if (test_random_below(&random, 40) == 0)
                mqc__stream_out_ended(&stream);
            REQUIRE(mqc__stream_out_is_done(&stream) || mqc__stream_out_due_ms(&stream) != NEVER);
        }
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"receipts_are_cumulative", test_receipts_are_cumulative},
        {"receipt_beyond_what_was_sent_covers_what_was_sent",
         test_receipt_beyond_what_was_sent_covers_what_was_sent},
        {"many_are_not_done_by_receipts", test_many_are_not_done_by_receipts},
        {"request_is_answered_to_the_end", test_request_is_answered_to_the_end},
        {"request_to_one_counts_as_receipt", test_request_to_one_counts_as_receipt},
        {"what_is_given_up_is_not_repeated", test_what_is_given_up_is_not_repeated},
        {"what_was_dropped_unsent_is_told", test_what_was_dropped_unsent_is_told},
        {"ended_stream_tells_that_nothing_more_comes",
         test_ended_stream_tells_that_nothing_more_comes},
        {"requester_that_makes_no_progress_is_slowed_down",
         test_requester_that_makes_no_progress_is_slowed_down},
        {"last_requesters_are_remembered", test_last_requesters_are_remembered},
        {"answers_are_bounded_however_many_ask", test_answers_are_bounded_however_many_ask},
        {"probes_come_with_growing_pauses", test_probes_come_with_growing_pauses},
        {"nothing_is_probed_while_disconnected", test_nothing_is_probed_while_disconnected},
        {"fresh_stream_is_not_probed", test_fresh_stream_is_not_probed},
        {"last_probe_tells_that_all_is_given_up", test_last_probe_tells_that_all_is_given_up},
        {"header_says_what_receivers_need", test_header_says_what_receivers_need},
        {"restarted_sender_goes_on", test_restarted_sender_goes_on},
        {"any_receipts_do_no_harm", test_any_receipts_do_no_harm},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.stream_out", tests);
}
