#include "backend/stream_in.h"

#include "support/suite.h"

#define NEVER MQC__STREAM_IN_NEVER
#define ONE MQC__RECEIPT_ONE
#define MANY MQC__RECEIPT_MANY

static struct mqc__stream_in stream_at(uint64_t last)
{
    struct mqc__stream_in stream;
    mqc__stream_in_restore(&stream, last, 0);
    return stream;
}

static struct mqc__stream_in_batch batch_of(uint64_t first, uint64_t count,
                                            enum mqc__receipt_kind kind)
{
    return (struct mqc__stream_in_batch){.first = first, .count = count, .receipt = (uint8_t)kind};
}

/* Judges a batch and, when it is let through, handles it. */
static struct mqc__stream_in_verdict take_batch(struct mqc__stream_in *stream,
                                                struct mqc__stream_in_batch batch, int64_t now_ms)
{
    CHECK(mqc__stream_in_is_possible(&batch));
    const struct mqc__stream_in_verdict verdict = mqc__stream_in_arrive(stream, &batch, now_ms);
    if (!verdict.is_discarded && batch.count != 0)
        mqc__stream_in_handled(stream, batch.first + batch.count - 1, now_ms);
    return verdict;
}

static struct mqc__stream_in_verdict take(struct mqc__stream_in *stream, uint64_t first,
                                          uint64_t count, enum mqc__receipt_kind kind,
                                          int64_t now_ms)
{
    return take_batch(stream, batch_of(first, count, kind), now_ms);
}

#define CHECK_VERDICT(verdict, repeats, misses, discards)                                          \
    do {                                                                                           \
        const struct mqc__stream_in_verdict got = (verdict);                                       \
        CHECK_UNSIGNED(got.repeated, (repeats));                                                   \
        CHECK_UNSIGNED(got.missing, (misses));                                                     \
        CHECK_INT(got.is_discarded, (discards));                                                   \
    } while (0)

/* Checks what the sender is told now. */
static void check_told(struct mqc__stream_in *stream, int64_t now_ms, uint64_t handled_to,
                       bool wants_repeat)
{
    struct mqc__stream_in_receipt receipt = {0, false};
    CHECK(mqc__stream_in_receipt(stream, now_ms, &receipt));
    CHECK_UNSIGNED(receipt.handled_to, handled_to);
    CHECK_INT(receipt.wants_repeat, wants_repeat);
    CHECK(!mqc__stream_in_receipt(stream, now_ms, &receipt));
}

static void check_told_nothing(struct mqc__stream_in *stream, int64_t now_ms)
{
    struct mqc__stream_in_receipt receipt;
    CHECK(!mqc__stream_in_receipt(stream, now_ms, &receipt));
}

static void test_what_was_there_before_is_skipped(void)
{
    static const enum mqc__receipt_kind kinds[] = {MQC__RECEIPT_NONE, ONE, MANY};
    for (size_t i = 0; i < 3; i++) {
        struct mqc__stream_in stream = stream_at(10);
        CHECK_VERDICT(take(&stream, 11, 5, kinds[i], 0), 0, 0, false);
        CHECK_VERDICT(take(&stream, 11, 5, kinds[i], 0), 5, 0, false);
        CHECK_VERDICT(take(&stream, 1, 3, kinds[i], 0), 3, 0, false);
        CHECK_VERDICT(take(&stream, 14, 5, kinds[i], 0), 2, 0, false);
        CHECK_UNSIGNED(stream.last, 18);
        CHECK_UNSIGNED(mqc__stream_in_awaited(&stream), 0);
    }
}

static void test_gap_without_a_promise_is_counted(void)
{
    struct mqc__stream_in stream = stream_at(10);
    CHECK_VERDICT(take(&stream, 14, 2, MQC__RECEIPT_NONE, 0), 0, 3, false);
    CHECK_VERDICT(take(&stream, 12, 1, MQC__RECEIPT_NONE, 0), 1, 0, false);
    CHECK_VERDICT(take(&stream, 18, 0, MQC__RECEIPT_NONE, 0), 0, 3, false);
    CHECK_UNSIGNED(stream.last, 18);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

static void test_listener_in_on_a_stream_to_another_node_says_nothing(void)
{
    struct mqc__stream_in stream = stream_at(10);
    struct mqc__stream_in_batch batch = batch_of(13, 1, ONE);
    batch.is_for_others = true;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 2, false);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

static void test_batch_behind_a_gap_is_discarded_and_asked_for(void)
{
    struct mqc__stream_in stream = stream_at(10);
    CHECK_VERDICT(take(&stream, 13, 2, MANY, 100), 0, 0, true);
    CHECK_UNSIGNED(stream.last, 10);
    CHECK_UNSIGNED(mqc__stream_in_awaited(&stream), 4);
    check_told(&stream, 100, 10, true);
    CHECK_VERDICT(take(&stream, 15, 1, MANY, 150), 0, 0, true);
    check_told_nothing(&stream, 150);
    CHECK_VERDICT(take(&stream, 11, 3, MANY, 200), 0, 0, false);
    CHECK_VERDICT(take(&stream, 14, 2, MANY, 210), 0, 0, false);
    CHECK_UNSIGNED(mqc__stream_in_awaited(&stream), 0);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

static void test_probe_shows_what_is_missing_at_the_end(void)
{
    struct mqc__stream_in stream = stream_at(10);
    CHECK_VERDICT(take(&stream, 10, 0, MANY, 0), 0, 0, false);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
    CHECK_VERDICT(take(&stream, 12, 0, MANY, 0), 0, 0, false);
    check_told(&stream, 0, 10, true);
    CHECK_VERDICT(take(&stream, 11, 2, MANY, 5), 0, 0, false);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

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
}

static void test_connection_alone_asks_nothing(void)
{
    struct mqc__stream_in stream = stream_at(3);
    mqc__stream_in_connected(&stream, 10);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

static void test_what_the_sender_cannot_repeat_is_counted(void)
{
    struct mqc__stream_in stream = stream_at(10);
    struct mqc__stream_in_batch batch = batch_of(18, 2, MANY);
    batch.kept_from = 15;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 4, true);
    CHECK_UNSIGNED(stream.last, 14);
    check_told(&stream, 0, 14, true);
    batch.kept_from = 18;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 3, false);
    CHECK_UNSIGNED(stream.last, 19);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

static void test_kept_from_above_a_batch_does_not_skip_it(void)
{
    struct mqc__stream_in stream = stream_at(10);
    struct mqc__stream_in_batch batch = batch_of(12, 2, MANY);
    batch.kept_from = UINT64_MAX;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 1, false);
    CHECK_UNSIGNED(stream.last, 13);
    batch = batch_of(14, 1, MANY);
    batch.kept_from = 1000;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, false);
    CHECK_UNSIGNED(stream.last, 14);
}

/* The answer to a request for what nobody has any more. */
static void test_probe_tells_that_nothing_will_come(void)
{
    struct mqc__stream_in stream = stream_at(10);
    CHECK_VERDICT(take(&stream, 15, 3, MANY, 0), 0, 0, true);
    struct mqc__stream_in_batch probe = batch_of(8, 0, MANY);
    probe.kept_from = 13;
    CHECK_VERDICT(take_batch(&stream, probe, 5), 0, 2, false);
    CHECK_UNSIGNED(mqc__stream_in_awaited(&stream), 5);
    probe.kept_from = UINT64_MAX;
    CHECK_VERDICT(take_batch(&stream, probe, 6), 0, 5, false);
    CHECK_UNSIGNED(stream.last, 17);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
    CHECK_VERDICT(take_batch(&stream, probe, 7), 0, 0, false);
}

static void test_count_that_starts_anew_misses_nothing(void)
{
    struct mqc__stream_in stream = stream_at(10);
    struct mqc__stream_in_batch batch = batch_of(1000, 1, MANY);
    batch.starts_count = true;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, false);
    CHECK_UNSIGNED(stream.last, 1000);
    /* Its first batch was lost and is repeated. */
    stream = stream_at(10);
    CHECK_VERDICT(take(&stream, 1001, 1, MANY, 0), 0, 0, true);
    CHECK_VERDICT(take_batch(&stream, batch, 1), 0, 0, false);
    CHECK_UNSIGNED(stream.last, 1000);
    /* The earlier count still owed something. */
    stream = stream_at(10);
    CHECK_VERDICT(take(&stream, 13, 1, MANY, 0), 0, 0, true);
    CHECK_VERDICT(take_batch(&stream, batch, 1), 0, 3, false);
    /* Repeated later it is like any other. */
    stream = stream_at(2000);
    CHECK_VERDICT(take_batch(&stream, batch, 1), 1, 0, false);
    batch.first = 2001;
    CHECK_VERDICT(take_batch(&stream, batch, 1), 0, 0, false);
}

static void test_what_was_not_subscribed_is_not_missing(void)
{
    struct mqc__stream_in stream = stream_at(10);
    struct mqc__stream_in_batch batch = batch_of(20, 1, MANY);
    batch.epoch = 1;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, false);
    CHECK_UNSIGNED(stream.last, 20);
    batch.first = 25;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, true);
    /* What is waited for already was asked for. */
    batch.first = 28;
    batch.epoch = 2;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, true);
    /* A probe. */
    stream = stream_at(10);
    batch = batch_of(20, 0, MANY);
    batch.epoch = 1;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, false);
    CHECK_UNSIGNED(stream.last, 20);
    batch = batch_of(5, 0, MANY);
    batch.epoch = 2;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, false);
    CHECK_UNSIGNED(stream.last, 20);
    /* What is for this node alone is meant for it in any case. */
    stream = stream_at(10);
    batch = batch_of(20, 1, ONE);
    batch.epoch = 1;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, true);
}

/* What is heard first of a stream, and where that leaves it. */
static void test_first_batch_of_a_stream(void)
{
    static const struct {
        struct mqc__stream_in_batch batch;
        uint64_t missing;
        uint64_t last;
        bool is_discarded;
    } cases[] = {
        {{.first = 1, .count = 2}, 0, 2, false},
        {{.first = 5, .count = 2}, 0, 6, false},
        {{.first = 5, .count = 0}, 0, 5, false},
        {{.first = 5, .count = 2, .receipt = MANY}, 0, 6, false},
        {{.first = 5, .count = 0, .receipt = MANY}, 0, 5, false},
        /* begun before this node subscribed, and after */
        {{.first = 5, .count = 1, .receipt = MANY, .count_age_ms = 9, .subscribed_for_ms = 8},
         0,
         5,
         false},
        {{.first = 5, .count = 1, .receipt = MANY, .count_age_ms = 9, .subscribed_for_ms = 9},
         0,
         0,
         true},
        {{.first = 5, .count = 0, .receipt = MANY, .count_age_ms = 9, .subscribed_for_ms = 9},
         0,
         0,
         false},
        {{.first = 5, .count = 1, .receipt = MANY, .count_age_ms = 9, .subscribed_for_ms = -1},
         0,
         5,
         false},
        {{.first = 5, .count = 1, .count_age_ms = 9, .subscribed_for_ms = 9}, 4, 5, false},
        {{.first = 5,
          .count = 1,
          .receipt = MANY,
          .kept_from = 3,
          .count_age_ms = 9,
          .subscribed_for_ms = 9},
         2,
         2,
         true},
        {{.first = 1000, .count = 1, .receipt = MANY, .starts_count = true}, 0, 1000, false},
        /* to this node alone: all that is kept for it */
        {{.first = 5, .count = 1, .receipt = ONE}, 0, 0, true},
        {{.first = 5, .count = 0, .receipt = ONE}, 0, 0, false},
        {{.first = 5, .count = 1, .receipt = ONE, .kept_from = 4}, 0, 3, true},
        {{.first = 5, .count = 1, .receipt = ONE, .kept_from = 5}, 0, 5, false},
        {{.first = 5, .count = 2, .receipt = ONE, .kept_from = 6}, 0, 6, false},
        {{.first = 5, .count = 0, .receipt = ONE, .kept_from = 6}, 0, 5, false},
        {{.first = 5, .count = 0, .receipt = ONE, .kept_from = UINT64_MAX}, 0, 5, false},
        {{.first = 1, .count = 1, .receipt = ONE, .starts_count = true}, 0, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__stream_in stream;
        mqc__stream_in_init(&stream);
        CHECK_VERDICT(take_batch(&stream, cases[i].batch, 0), 0, cases[i].missing,
                      cases[i].is_discarded);
        CHECK_UNSIGNED(stream.last, cases[i].last);
    }
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
    CHECK_VERDICT(take(&stream, 1, 999, ONE, 0), 0, 0, false);
    check_told_nothing(&stream, 0);
    CHECK_VERDICT(take(&stream, 1000, 1, ONE, 0), 0, 0, false);
    check_told(&stream, 0, 1000, false);
    mqc__stream_in_handled(&stream, 1999, 1);
    check_told_nothing(&stream, 1);
    mqc__stream_in_handled(&stream, 2000, 1);
    check_told(&stream, 1, 2000, false);
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

static void test_impossible_numbers_are_told_from_possible_ones(void)
{
    static const struct {
        uint64_t first;
        uint64_t count;
        bool is_possible;
    } cases[] = {
        {0, 0, false},          {0, 1, false},          {1, 0, true},
        {1, UINT64_MAX, false}, {UINT64_MAX, 0, false}, {UINT64_MAX - 1, 0, true},
        {UINT64_MAX, 1, false}, {UINT64_MAX, 2, false}, {UINT64_MAX - 2, 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__stream_in stream = stream_at(5);
        const struct mqc__stream_in_batch batch = batch_of(cases[i].first, cases[i].count, MANY);
        CHECK_INT(mqc__stream_in_is_possible(&batch), cases[i].is_possible);
        if (cases[i].is_possible)
            CHECK_INT(mqc__stream_in_arrive(&stream, &batch, 0).is_discarded,
                      cases[i].first > 6 && cases[i].count != 0);
    }
}

static void test_memory_for_a_stream_is_small(void)
{
    CHECK(sizeof(struct mqc__stream_in) <= 64);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"what_was_there_before_is_skipped", test_what_was_there_before_is_skipped},
        {"gap_without_a_promise_is_counted", test_gap_without_a_promise_is_counted},
        {"listener_in_on_a_stream_to_another_node_says_nothing",
         test_listener_in_on_a_stream_to_another_node_says_nothing},
        {"batch_behind_a_gap_is_discarded_and_asked_for",
         test_batch_behind_a_gap_is_discarded_and_asked_for},
        {"probe_shows_what_is_missing_at_the_end", test_probe_shows_what_is_missing_at_the_end},
        {"asking_again_has_growing_pauses", test_asking_again_has_growing_pauses},
        {"connection_alone_asks_nothing", test_connection_alone_asks_nothing},
        {"what_the_sender_cannot_repeat_is_counted", test_what_the_sender_cannot_repeat_is_counted},
        {"kept_from_above_a_batch_does_not_skip_it", test_kept_from_above_a_batch_does_not_skip_it},
        {"probe_tells_that_nothing_will_come", test_probe_tells_that_nothing_will_come},
        {"count_that_starts_anew_misses_nothing", test_count_that_starts_anew_misses_nothing},
        {"what_was_not_subscribed_is_not_missing", test_what_was_not_subscribed_is_not_missing},
        {"first_batch_of_a_stream", test_first_batch_of_a_stream},
        {"receipt_comes_soon_after_the_first_event", test_receipt_comes_soon_after_the_first_event},
        {"receipt_comes_after_many_events", test_receipt_comes_after_many_events},
        {"probe_and_repetition_are_receipted_at_once_but_not_in_a_flood",
         test_probe_and_repetition_are_receipted_at_once_but_not_in_a_flood},
        {"many_send_no_receipts", test_many_send_no_receipts},
        {"receipt_between_requests_does_not_ask", test_receipt_between_requests_does_not_ask},
        {"single_events_of_a_batch_are_handled", test_single_events_of_a_batch_are_handled},
        {"giving_up_counts_what_was_waited_for", test_giving_up_counts_what_was_waited_for},
        {"impossible_numbers_are_told_from_possible_ones",
         test_impossible_numbers_are_told_from_possible_ones},
        {"memory_for_a_stream_is_small", test_memory_for_a_stream_is_small},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.stream_in", tests);
}
