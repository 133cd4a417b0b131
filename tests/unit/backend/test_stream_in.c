#include "stream_in_driver.h"

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
    CHECK_INT(mqc__stream_in_due_ms(&stream), 100 + MQC__STREAM_IN_ASK_MIN_MS);
    CHECK_VERDICT(take(&stream, 11, 3, MANY, 200), 0, 0, false);
    CHECK_VERDICT(take(&stream, 14, 2, MANY, 210), 0, 0, false);
    CHECK_UNSIGNED(mqc__stream_in_awaited(&stream), 0);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

static void test_batch_that_is_held_is_discarded_and_asked_for_later(void)
{
    struct mqc__stream_in stream = stream_at(10);
    struct mqc__stream_in_batch batch = batch_of(11, 2, MANY);
    batch.is_held = true;
    CHECK_VERDICT(take_batch(&stream, batch, 100), 0, 0, true);
    CHECK_UNSIGNED(stream.last, 10);
    CHECK_UNSIGNED(mqc__stream_in_awaited(&stream), 2);
    check_told_nothing(&stream, 100);
    CHECK_INT(mqc__stream_in_due_ms(&stream), 100 + MQC__STREAM_IN_ASK_MIN_MS);
    CHECK_VERDICT(take_batch(&stream, batch, 500), 0, 0, true);
    check_told(&stream, 100 + MQC__STREAM_IN_ASK_MIN_MS, 10, true);
    CHECK_INT(mqc__stream_in_due_ms(&stream), 100 + 3 * MQC__STREAM_IN_ASK_MIN_MS);
    /* Both are there. */
    mqc__stream_in_connected(&stream, 1200);
    check_told(&stream, 1200, 10, true);
    CHECK_VERDICT(take(&stream, 11, 2, MANY, 1300), 0, 0, false);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
}

static void test_only_what_is_new_and_promised_is_held(void)
{
    struct mqc__stream_in stream = stream_at(10);
    struct mqc__stream_in_batch batch = batch_of(9, 2, ONE);
    batch.is_held = true;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 2, 0, false);
    batch.count = 3;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, true);
    CHECK_UNSIGNED(stream.last, 10);
    stream = stream_at(10);
    batch = batch_of(10, 0, MANY);
    batch.is_held = true;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, false);
    CHECK_INT(mqc__stream_in_due_ms(&stream), NEVER);
    batch = batch_of(13, 1, MQC__RECEIPT_NONE);
    batch.is_held = true;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 2, false);
}

/* Where it begins is found out as if it were not held. */
static void test_new_stream_that_is_held_begins_where_it_would(void)
{
    struct mqc__stream_in stream;
    mqc__stream_in_init(&stream);
    struct mqc__stream_in_batch batch = batch_of(5, 2, MANY);
    batch.is_held = true;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, true);
    CHECK_UNSIGNED(stream.last, 4);
    mqc__stream_in_init(&stream);
    batch.count_age_ms = 9;
    batch.subscribed_for_ms = 9;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, true);
    CHECK_UNSIGNED(stream.last, 0);
    CHECK_UNSIGNED(mqc__stream_in_awaited(&stream), 6);
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

static void test_earlier_run_is_continued(void)
{
    struct mqc__stream_in stream;
    mqc__stream_in_restore(&stream, 5000, 3);
    struct mqc__stream_in_batch batch = batch_of(5001, 1, ONE);
    batch.epoch = 3;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, false);
    check_told(&stream, MQC__STREAM_IN_RECEIPT_MS, 5001, false);
    batch = batch_of(5003, 1, MANY);
    batch.epoch = 3;
    CHECK_VERDICT(take_batch(&stream, batch, 0), 0, 0, true);
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
        {{.first = 5,
          .count = 1,
          .receipt = ONE,
          .kept_from = 4,
          .count_age_ms = 9,
          .subscribed_for_ms = 9},
         3,
         3,
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__stream_in stream;
        mqc__stream_in_init(&stream);
        CHECK_VERDICT(take_batch(&stream, cases[i].batch, 0), 0, cases[i].missing,
                      cases[i].is_discarded);
        CHECK_UNSIGNED(stream.last, cases[i].last);
    }
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

static uint64_t any_number(struct test_random *random)
{
    static const uint64_t numbers[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2};
    const uint64_t which = test_random_below(random, 40);
    return which < 3 ? numbers[which] : test_random_below(random, 30);
}

static struct mqc__stream_in_batch any_batch(struct test_random *random)
{
    return (struct mqc__stream_in_batch){
        .first = any_number(random),
        .count = any_number(random) % 8,
        .starts_count = test_random_below(random, 20) == 0,
        .is_for_others = test_random_below(random, 20) == 0,
        .receipt = (uint8_t)test_random_below(random, 3),
        .kept_from = any_number(random),
        .count_age_ms = any_number(random),
        .subscribed_for_ms = (int64_t)any_number(random),
        .epoch = test_random_below(random, 3),
    };
}

/* Whatever a peer makes up: what is let through begins behind what was handled, and what is gone
 * past is reported or was not meant for this node. */
static void check_any_batch(struct mqc__stream_in *stream, struct test_random *random,
                            int64_t now_ms)
{
    const struct mqc__stream_in_batch batch = any_batch(random);
    if (!mqc__stream_in_is_possible(&batch))
        return;
    const struct mqc__stream_in before = *stream;
    const struct mqc__stream_in_verdict verdict = mqc__stream_in_arrive(stream, &batch, now_ms);
    REQUIRE(verdict.repeated <= batch.count);
    if (before.is_known)
        REQUIRE(stream->last >= before.last && verdict.missing <= stream->last - before.last);
    const bool is_new = !verdict.is_discarded && verdict.repeated < batch.count;
    if (is_new) {
        REQUIRE(batch.first + verdict.repeated == stream->last + 1);
        mqc__stream_in_handled(stream, batch.first + batch.count - 1, now_ms);
    }
    REQUIRE(!verdict.is_discarded || (verdict.repeated == 0 && batch.first > stream->last + 1));
    REQUIRE(stream->known_to >= stream->last && stream->receipted_to <= stream->last);
    REQUIRE(mqc__stream_in_awaited(stream) == 0 || mqc__stream_in_due_ms(stream) != NEVER);
    struct mqc__stream_in_receipt receipt;
    if (mqc__stream_in_receipt(stream, now_ms, &receipt))
        REQUIRE(receipt.handled_to == stream->last &&
                (!receipt.wants_repeat || mqc__stream_in_awaited(stream) != 0));
}

static void test_any_batches_do_no_harm(void)
{
    struct test_random random = {.state = 4};
    for (int round = 0; round < 3000; round++) {
        struct mqc__stream_in stream;
        int64_t now_ms = 0;
        mqc__stream_in_init(&stream);
        for (int i = 0; i < 30; i++) {
            check_any_batch(&stream, &random, now_ms);
            now_ms += (int64_t)test_random_below(&random, 2000);
        }
    }
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
        {"batch_that_is_held_is_discarded_and_asked_for_later",
         test_batch_that_is_held_is_discarded_and_asked_for_later},
        {"only_what_is_new_and_promised_is_held", test_only_what_is_new_and_promised_is_held},
        {"new_stream_that_is_held_begins_where_it_would",
         test_new_stream_that_is_held_begins_where_it_would},
        {"probe_shows_what_is_missing_at_the_end", test_probe_shows_what_is_missing_at_the_end},
        {"what_the_sender_cannot_repeat_is_counted", test_what_the_sender_cannot_repeat_is_counted},
        {"kept_from_above_a_batch_does_not_skip_it", test_kept_from_above_a_batch_does_not_skip_it},
        {"probe_tells_that_nothing_will_come", test_probe_tells_that_nothing_will_come},
        {"earlier_run_is_continued", test_earlier_run_is_continued},
        {"count_that_starts_anew_misses_nothing", test_count_that_starts_anew_misses_nothing},
        {"what_was_not_subscribed_is_not_missing", test_what_was_not_subscribed_is_not_missing},
        {"first_batch_of_a_stream", test_first_batch_of_a_stream},
        {"impossible_numbers_are_told_from_possible_ones",
         test_impossible_numbers_are_told_from_possible_ones},
        {"memory_for_a_stream_is_small", test_memory_for_a_stream_is_small},
        {"any_batches_do_no_harm", test_any_batches_do_no_harm},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.stream_in", tests);
}
