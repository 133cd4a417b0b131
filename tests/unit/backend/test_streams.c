#include "support/suite.h"

#include "backend/streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/mqc-test-streams-XXXXXX";

/* Streams with what they stand on. */
struct setup {
    struct mqc__positions *positions;
    struct mqc__subscribed *subscribed;
    struct mqc__streams *streams;
    int64_t later_ms; /* since the start */
};

static const struct mqc__subscribed_now start = {.monotonic_ms = 1000000,
                                                 .wall_ns = 1764108000000000000};

static struct setup set_up(size_t streams_max)
{
    struct mqc_error_info info;
    struct setup setup = {.positions = mqc__positions_new(streams_max)};
    REQUIRE(setup.positions != NULL);
    REQUIRE(mqc__subscribed_new(NULL, start, &setup.subscribed, &info) == MQC_OK);
    setup.streams = mqc__streams_new(setup.positions, setup.subscribed);
    REQUIRE(setup.streams != NULL);
    return setup;
}

static const char *positions_path(void)
{
    static char path[100];
    (void)snprintf(path, sizeof path, "%s/positions", folder);
    return path;
}

static struct setup set_up_on_disk(void)
{
    struct mqc_error_info info;
    struct setup setup = {.positions = NULL};
    REQUIRE(mqc__positions_open(positions_path(), &setup.positions, &info) == MQC_OK);
    REQUIRE(mqc__subscribed_new(NULL, start, &setup.subscribed, &info) == MQC_OK);
    setup.streams = mqc__streams_new(setup.positions, setup.subscribed);
    REQUIRE(setup.streams != NULL);
    return setup;
}

static void tear_down(struct setup *setup)
{
    mqc__streams_free(&setup->streams);
    CHECK(setup->streams == NULL);
    mqc__subscribed_free(&setup->subscribed);
    mqc__positions_free(&setup->positions);
}

static struct mqc__stream_verdict arrive_batch(struct setup *setup,
                                               const struct mqc__stream_batch *batch)
{
    struct mqc__stream_verdict verdict;
    const int64_t now_ms = start.monotonic_ms + setup->later_ms;
    CHECK_INT(mqc__streams_arrive(setup->streams, batch, now_ms, &verdict), MQC_OK);
    if (!verdict.is_discarded && batch->count > verdict.repeated)
        mqc__streams_handled(setup->streams, verdict.place, batch->first + batch->count - 1,
                             now_ms);
    return verdict;
}

static struct mqc__stream_batch batch_of(const char *instance, const char *topic, uint64_t first,
                                         uint64_t count)
{
    return (struct mqc__stream_batch){
        .instance = mqc_view_text(instance),
        .topic = mqc_view_text(topic),
        .mqtt_topic = mqc_view_text(topic),
        .first = first,
        .count = count,
    };
}

static struct mqc__stream_verdict arrive(struct setup *setup, const char *instance,
                                         const char *topic, uint64_t first, uint64_t count,
                                         bool starts_count)
{
    struct mqc__stream_batch batch = batch_of(instance, topic, first, count);
    batch.starts_count = starts_count;
    return arrive_batch(setup, &batch);
}

static void test_arrive_in_order_repeats_and_misses_nothing(void)
{
    struct setup setup = set_up(10);
    for (uint64_t i = 0; i < 100; i++) {
        const struct mqc__stream_verdict verdict = arrive(&setup, "a", "t", 1 + 3 * i, 3, i == 0);
        CHECK_UNSIGNED(verdict.repeated, 0);
        CHECK_UNSIGNED(verdict.missing, 0);
        CHECK(!verdict.is_discarded);
    }
    tear_down(&setup);
}

static void test_arrive_again_counts_what_was_there(void)
{
    struct setup setup = set_up(10);
    (void)arrive(&setup, "a", "t", 1, 5, true);
    CHECK_UNSIGNED(arrive(&setup, "a", "t", 1, 5, true).repeated, 5);
    CHECK_UNSIGNED(arrive(&setup, "a", "t", 3, 2, false).repeated, 2);
    CHECK_UNSIGNED(arrive(&setup, "a", "t", 4, 4, false).repeated, 2);
    CHECK_UNSIGNED(arrive(&setup, "a", "t", 8, 1, false).repeated, 0);
    tear_down(&setup);
}

static void test_arrive_after_a_gap_counts_the_missing(void)
{
    struct setup setup = set_up(10);
    (void)arrive(&setup, "a", "t", 1, 5, true);
    CHECK_UNSIGNED(arrive(&setup, "a", "t", 9, 1, false).missing, 3);
    CHECK_UNSIGNED(arrive(&setup, "a", "t", 10, 1, false).missing, 0);
    CHECK_UNSIGNED(arrive(&setup, "a", "t", 90, 1, true).missing, 0);
    tear_down(&setup);
}

static void test_arrive_late_misses_nothing(void)
{
    struct setup setup = set_up(10);
    CHECK_UNSIGNED(arrive(&setup, "a", "t", 1000, 1, false).missing, 0);
    tear_down(&setup);
}

static void test_arrive_streams_are_apart(void)
{
    struct setup setup = set_up(10);
    (void)arrive(&setup, "a", "t", 1, 5, true);
    CHECK_UNSIGNED(arrive(&setup, "b", "t", 1, 5, true).repeated, 0);
    CHECK_UNSIGNED(arrive(&setup, "a", "u", 1, 5, true).repeated, 0);
    CHECK_UNSIGNED(arrive(&setup, "a", "t", 1, 5, true).repeated, 5);
    tear_down(&setup);
}

static void test_arrive_many_streams_forgets_the_longest_unused(void)
{
    struct setup setup = set_up(3);
    (void)arrive(&setup, "a", "1", 1, 1, true);
    (void)arrive(&setup, "a", "2", 1, 1, true);
    (void)arrive(&setup, "a", "3", 1, 1, true);
    (void)arrive(&setup, "a", "1", 2, 1, false);
    (void)arrive(&setup, "a", "4", 1, 1, true);
    CHECK_UNSIGNED(arrive(&setup, "a", "1", 2, 1, false).repeated, 1);
    CHECK_UNSIGNED(arrive(&setup, "a", "3", 1, 1, false).repeated, 1);
    CHECK_UNSIGNED(arrive(&setup, "a", "2", 1, 1, false).repeated, 0);
    tear_down(&setup);
}

static void test_arrive_nonsense_numbers_is_refused(void)
{
    struct setup setup = set_up(3);
    struct mqc__stream_verdict verdict;
    struct mqc__stream_batch batch = batch_of("a", "a", 0, 1);
    CHECK_INT(mqc__streams_arrive(setup.streams, &batch, 0, &verdict), MQC_EMALFORMED);
    batch.first = UINT64_MAX;
    batch.count = 2;
    CHECK_INT(mqc__streams_arrive(setup.streams, &batch, 0, &verdict), MQC_EMALFORMED);
    batch.first = UINT64_MAX - 2;
    batch.count = 1;
    CHECK_INT(mqc__streams_arrive(setup.streams, &batch, 0, &verdict), MQC_OK);
    tear_down(&setup);
}

static void set_filters(struct setup *setup, const char *filter)
{
    CHECK_INT(mqc__subscribed_set(setup->subscribed, &filter, filter != NULL ? 1 : 0, start, NULL),
              MQC_OK);
}

static void test_arrive_after_the_filter_was_away_misses_nothing_but_knows_repeats(void)
{
    struct setup setup = set_up(10);
    set_filters(&setup, "t/#");
    (void)arrive(&setup, "a", "t/x", 1, 3, true);
    set_filters(&setup, NULL);
    set_filters(&setup, "t/#");
    CHECK_UNSIGNED(arrive(&setup, "a", "t/x", 2, 2, false).repeated, 2);
    CHECK_UNSIGNED(arrive(&setup, "a", "t/x", 9, 1, false).missing, 5);
    set_filters(&setup, NULL);
    set_filters(&setup, "t/#");
    CHECK_UNSIGNED(arrive(&setup, "a", "t/x", 20, 1, false).missing, 0);
    /* Other filters come and go. */
    const char *more[] = {"t/#", "u/#"};
    CHECK_INT(mqc__subscribed_set(setup.subscribed, more, 2, start, NULL), MQC_OK);
    set_filters(&setup, "t/#");
    CHECK_UNSIGNED(arrive(&setup, "a", "t/x", 22, 1, false).missing, 1);
    tear_down(&setup);
}

static void test_arrive_after_unwanted_messages_misses_nothing(void)
{
    struct setup setup = set_up(10);
    (void)arrive(&setup, "a", "t/x", 1, 3, true);
    /* Only the two together matter: somebody unsubscribed, and something was dropped. */
    mqc__subscribed_break(setup.subscribed, mqc_view_text("t/"), MQC_MATCH_PREFIX);
    CHECK_UNSIGNED(arrive(&setup, "a", "t/x", 5, 1, false).missing, 1);
    mqc__streams_unwanted(setup.streams, mqc_view_text("t/x"));
    CHECK_UNSIGNED(arrive(&setup, "a", "t/x", 7, 1, false).missing, 1);
    mqc__subscribed_break(setup.subscribed, mqc_view_text("t/y"), MQC_MATCH_PREFIX);
    mqc__streams_unwanted(setup.streams, mqc_view_text("t/x"));
    CHECK_UNSIGNED(arrive(&setup, "a", "t/x", 9, 1, false).missing, 1);
    mqc__subscribed_break(setup.subscribed, mqc_view_text("t/"), MQC_MATCH_PREFIX);
    mqc__streams_unwanted(setup.streams, mqc_view_text("t/x"));
    CHECK_UNSIGNED(arrive(&setup, "a", "t/x", 11, 1, false).missing, 0);
    CHECK_UNSIGNED(arrive(&setup, "a", "t/x", 13, 1, false).missing, 1);
    tear_down(&setup);
}

static void test_new_stream_that_began_after_the_subscription_misses_its_beginning(void)
{
    struct setup setup = set_up(10);
    set_filters(&setup, "t/#");
    struct mqc__stream_batch batch = batch_of("a", "t/x", 5, 1);
    batch.count_age_ms = 700;
    struct mqc__stream_verdict verdict;
    const int64_t later_ms = start.monotonic_ms + 1000;
    CHECK_INT(mqc__streams_arrive(setup.streams, &batch, later_ms, &verdict), MQC_OK);
    CHECK_UNSIGNED(verdict.missing, 4);
    batch = batch_of("b", "t/x", 5, 1);
    batch.count_age_ms = 1001;
    CHECK_INT(mqc__streams_arrive(setup.streams, &batch, later_ms, &verdict), MQC_OK);
    CHECK_UNSIGNED(verdict.missing, 0);
    batch = batch_of("c", "u/x", 5, 1);
    batch.count_age_ms = 700;
    CHECK_INT(mqc__streams_arrive(setup.streams, &batch, later_ms, &verdict), MQC_OK);
    CHECK_UNSIGNED(verdict.missing, 0);
    tear_down(&setup);
}

/* A process ends inside the handlers of the 5th event of 4 to 7. */
static void test_streams_go_on_behind_the_last_handled_event(void)
{
    struct setup setup = set_up_on_disk();
    (void)arrive(&setup, "a", "t", 1, 3, true);
    struct mqc__stream_batch batch = batch_of("a", "t", 4, 4);
    struct mqc__stream_verdict verdict;
    CHECK_INT(mqc__streams_arrive(setup.streams, &batch, 0, &verdict), MQC_OK);
    CHECK(!mqc__streams_begin(setup.streams, verdict.place, 4));
    mqc__streams_done(setup.streams, verdict.place, 4);
    CHECK(!mqc__streams_begin(setup.streams, verdict.place, 5));
    tear_down(&setup);

    setup = set_up_on_disk();
    CHECK_INT(mqc__streams_arrive(setup.streams, &batch, 0, &verdict), MQC_OK);
    CHECK_UNSIGNED(verdict.repeated, 1);
    CHECK_UNSIGNED(verdict.missing, 0);
    CHECK(mqc__streams_begin(setup.streams, verdict.place, 5));
    mqc__streams_done(setup.streams, verdict.place, 5);
    CHECK(!mqc__streams_begin(setup.streams, verdict.place, 6));
    mqc__streams_done(setup.streams, verdict.place, 6);
    tear_down(&setup);

    setup = set_up_on_disk();
    batch = batch_of("a", "t", 9, 1);
    CHECK_INT(mqc__streams_arrive(setup.streams, &batch, 0, &verdict), MQC_OK);
    CHECK_UNSIGNED(verdict.missing, 2);
    tear_down(&setup);
    (void)unlink(positions_path());
}

/* Receipts as they were given. */
struct given {
    char text[500];
    size_t count;
};

static void note_receipt(void *context, const struct mqc__receipt *receipt)
{
    struct given *given = context;
    const size_t used = strlen(given->text);
    (void)snprintf(given->text + used, sizeof given->text - used, "%.*s %.*s %llu%s; ",
                   (int)receipt->instance.size, receipt->instance.data, (int)receipt->topic.size,
                   receipt->topic.data, (unsigned long long)receipt->handled_to,
                   receipt->wants_repeat ? " repeat" : "");
    given->count++;
}

static void check_given(struct setup *setup, int64_t now_ms, const char *expected)
{
    struct given given = {.count = 0};
    mqc__streams_receipts(setup->streams, now_ms, note_receipt, &given);
    CHECK_TEXT(given.text, expected);
}

static void test_receipts_are_given_when_they_are_due(void)
{
    struct setup setup = set_up(10);
    const int64_t now_ms = start.monotonic_ms;
    CHECK(mqc__streams_due_ms(setup.streams) == MQC__STREAM_IN_NEVER);
    (void)arrive(&setup, "n", "none", 1, 5, true);
    CHECK(mqc__streams_due_ms(setup.streams) == MQC__STREAM_IN_NEVER);
    struct mqc__stream_batch batch = batch_of("a", "t", 1, 5);
    batch.receipt = MQC__RECEIPT_ONE;
    (void)arrive_batch(&setup, &batch);
    CHECK_INT(mqc__streams_due_ms(setup.streams), now_ms + 100);
    check_given(&setup, now_ms + 99, "");
    CHECK_INT(mqc__streams_due_ms(setup.streams), now_ms + 100);
    check_given(&setup, now_ms + 100, "a t 5; ");
    CHECK(mqc__streams_due_ms(setup.streams) == MQC__STREAM_IN_NEVER);
    check_given(&setup, now_ms + 1000, "");
    tear_down(&setup);
}

static void test_gap_is_discarded_and_asked_for_until_it_is_filled(void)
{
    struct setup setup = set_up(10);
    const int64_t now_ms = start.monotonic_ms;
    struct mqc__stream_batch batch = batch_of("a", "t", 1, 5);
    batch.receipt = MQC__RECEIPT_MANY;
    batch.starts_count = true;
    (void)arrive_batch(&setup, &batch);
    batch = batch_of("a", "t", 8, 2);
    batch.receipt = MQC__RECEIPT_MANY;
    CHECK(arrive_batch(&setup, &batch).is_discarded);
    CHECK_INT(mqc__streams_due_ms(setup.streams), now_ms);
    check_given(&setup, now_ms, "a t 5 repeat; ");
    CHECK_INT(mqc__streams_due_ms(setup.streams), now_ms + 1000);
    mqc__streams_connected(setup.streams, now_ms + 300);
    CHECK_INT(mqc__streams_due_ms(setup.streams), now_ms + 300);
    check_given(&setup, now_ms + 300, "a t 5 repeat; ");
    batch.first = 6;
    batch.count = 4;
    CHECK(!arrive_batch(&setup, &batch).is_discarded);
    check_given(&setup, now_ms + 100000, "");
    tear_down(&setup);
}

/* A batch of a stream to many, of the second start of a sender, whose first one is in the place. */
static struct mqc__stream_batch held_batch(uint64_t first, uint64_t count, size_t held_by)
{
    struct mqc__stream_batch batch = batch_of("second", "t", first, count);
    batch.receipt = MQC__RECEIPT_MANY;
    batch.starts_count = first == 1;
    batch.is_held = true;
    batch.held_by = held_by;
    return batch;
}

/* The first start's events 1 to 5 were handled, and 6 to 8 are missing. */
static size_t begin_first_start(struct setup *setup)
{
    struct mqc__stream_batch batch = batch_of("first", "t", 1, 5);
    batch.receipt = MQC__RECEIPT_MANY;
    batch.starts_count = true;
    (void)arrive_batch(setup, &batch);
    batch = batch_of("first", "t", 8, 0);
    batch.receipt = MQC__RECEIPT_MANY;
    const struct mqc__stream_verdict verdict = arrive_batch(setup, &batch);
    CHECK_UNSIGNED(verdict.last, 5);
    check_given(setup, start.monotonic_ms + setup->later_ms, "first t 5 repeat; ");
    return verdict.place;
}

static void test_held_stream_is_asked_for_when_the_other_is_complete(void)
{
    struct setup setup = set_up(10);
    const int64_t now_ms = start.monotonic_ms;
    const size_t place = begin_first_start(&setup);
    struct mqc__stream_batch batch = held_batch(1, 2, place);
    CHECK(arrive_batch(&setup, &batch).is_discarded);
    check_given(&setup, now_ms + 500, "");
    batch = batch_of("first", "t", 6, 2);
    batch.receipt = MQC__RECEIPT_MANY;
    (void)arrive_batch(&setup, &batch);
    check_given(&setup, now_ms + 500, "");
    setup.later_ms = 600;
    batch = batch_of("first", "t", 8, 1);
    batch.receipt = MQC__RECEIPT_MANY;
    (void)arrive_batch(&setup, &batch);
    check_given(&setup, now_ms + 600, "second t 0 repeat; ");
    batch = held_batch(1, 2, place);
    batch.is_held = false;
    CHECK(!arrive_batch(&setup, &batch).is_discarded);
    check_given(&setup, now_ms + 100000, "");
    tear_down(&setup);
}

static void test_held_stream_is_asked_for_when_the_other_is_gone(void)
{
    struct setup setup = set_up(10);
    const size_t place = begin_first_start(&setup);
    struct mqc__stream_batch batch = held_batch(1, 2, place);
    CHECK(arrive_batch(&setup, &batch).is_discarded);
    batch = batch_of("first", "t", 8, 0);
    batch.receipt = MQC__RECEIPT_MANY;
    batch.kept_from = UINT64_MAX;
    const struct mqc__stream_verdict verdict = arrive_batch(&setup, &batch);
    CHECK_UNSIGNED(verdict.missing, 3);
    CHECK_UNSIGNED(verdict.last, 8);
    check_given(&setup, start.monotonic_ms, "second t 0 repeat; ");
    tear_down(&setup);
}

/* A sender may say that anything comes before. */
static void test_stream_is_not_held_for_ever(void)
{
    struct setup setup = set_up(10);
    const size_t place = begin_first_start(&setup);
    struct mqc__stream_batch batch = held_batch(1, 2, place);
    for (unsigned i = 0; i < MQC__STREAMS_HELD_SECONDS; i++) {
        CHECK(arrive_batch(&setup, &batch).is_discarded);
        CHECK(arrive_batch(&setup, &batch).is_discarded);
        setup.later_ms += 1000;
    }
    /* As long as the other one goes on it is. */
    struct mqc__stream_batch other = batch_of("first", "t", 6, 1);
    other.receipt = MQC__RECEIPT_MANY;
    (void)arrive_batch(&setup, &other);
    for (unsigned i = 0; i < MQC__STREAMS_HELD_SECONDS; i++) {
        CHECK(arrive_batch(&setup, &batch).is_discarded);
        setup.later_ms += 1000;
    }
    const struct mqc__stream_verdict verdict = arrive_batch(&setup, &batch);
    CHECK(!verdict.is_discarded);
    CHECK_UNSIGNED(verdict.missing, 0);
    batch = held_batch(3, 1, place);
    CHECK(!arrive_batch(&setup, &batch).is_discarded);
    tear_down(&setup);
}

/* Streams that are held by each other, and by one that is forgotten. */
static void test_streams_that_hold_each_other_go_on(void)
{
    struct setup setup = set_up(2);
    struct mqc__stream_batch batches[2] = {held_batch(1, 2, 1), held_batch(1, 2, 0)};
    batches[1].instance = mqc_view_text("first");
    for (unsigned i = 0; i <= MQC__STREAMS_HELD_SECONDS; i++) {
        for (unsigned k = 0; k < 2; k++)
            CHECK(arrive_batch(&setup, &batches[k]).is_discarded ==
                  (i < MQC__STREAMS_HELD_SECONDS || k != 0));
        setup.later_ms += 1000;
    }
    CHECK_UNSIGNED(arrive(&setup, "a", "u", 1, 1, true).missing, 0);
    CHECK_UNSIGNED(arrive(&setup, "a", "v", 1, 1, true).missing, 0);
    tear_down(&setup);
}

static void test_forgotten_stream_gives_no_receipt_and_tells_what_it_waits_for(void)
{
    struct setup setup = set_up(2);
    struct mqc__stream_batch batch = batch_of("a", "t", 1, 5);
    batch.receipt = MQC__RECEIPT_MANY;
    batch.starts_count = true;
    (void)arrive_batch(&setup, &batch);
    batch = batch_of("a", "t", 8, 2);
    batch.receipt = MQC__RECEIPT_MANY;
    CHECK_UNSIGNED(arrive_batch(&setup, &batch).forgotten, 0);
    CHECK_UNSIGNED(arrive(&setup, "a", "u", 1, 1, true).forgotten, 0);
    CHECK_UNSIGNED(arrive(&setup, "a", "v", 1, 1, true).forgotten, 4);
    check_given(&setup, start.monotonic_ms + 100000, "");
    tear_down(&setup);
}

/* As many streams as there are places, and the list of those that are due, in any order. */
static void test_every_due_stream_gives_its_receipt_once(void)
{
    struct setup setup = set_up(50);
    struct test_random random = {5};
    for (int round = 0; round < 50; round++) {
        bool is_due[50] = {false};
        size_t expected = 0;
        for (int i = 0; i < 60; i++) {
            const size_t stream = test_random_below(&random, 50);
            char topic[8];
            (void)snprintf(topic, sizeof topic, "%zu", stream);
            struct mqc__stream_batch batch = batch_of("a", topic, 1, 1);
            batch.receipt = MQC__RECEIPT_ONE;
            batch.kept_from = 1;
            (void)arrive_batch(&setup, &batch);
            expected += !is_due[stream];
            is_due[stream] = true;
        }
        struct given given = {.count = 0};
        setup.later_ms += 200;
        mqc__streams_receipts(setup.streams, start.monotonic_ms + setup.later_ms, note_receipt,
                              &given);
        CHECK_UNSIGNED(given.count, expected);
    }
    tear_down(&setup);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"arrive_in_order_repeats_and_misses_nothing",
         test_arrive_in_order_repeats_and_misses_nothing},
        {"arrive_again_counts_what_was_there", test_arrive_again_counts_what_was_there},
        {"arrive_after_a_gap_counts_the_missing", test_arrive_after_a_gap_counts_the_missing},
        {"arrive_late_misses_nothing", test_arrive_late_misses_nothing},
        {"arrive_streams_are_apart", test_arrive_streams_are_apart},
        {"arrive_many_streams_forgets_the_longest_unused",
         test_arrive_many_streams_forgets_the_longest_unused},
        {"arrive_nonsense_numbers_is_refused", test_arrive_nonsense_numbers_is_refused},
        {"arrive_after_the_filter_was_away_misses_nothing_but_knows_repeats",
         test_arrive_after_the_filter_was_away_misses_nothing_but_knows_repeats},
        {"arrive_after_unwanted_messages_misses_nothing",
         test_arrive_after_unwanted_messages_misses_nothing},
        {"new_stream_that_began_after_the_subscription_misses_its_beginning",
         test_new_stream_that_began_after_the_subscription_misses_its_beginning},
        {"streams_go_on_behind_the_last_handled_event",
         test_streams_go_on_behind_the_last_handled_event},
        {"receipts_are_given_when_they_are_due", test_receipts_are_given_when_they_are_due},
        {"gap_is_discarded_and_asked_for_until_it_is_filled",
         test_gap_is_discarded_and_asked_for_until_it_is_filled},
        {"held_stream_is_asked_for_when_the_other_is_complete",
         test_held_stream_is_asked_for_when_the_other_is_complete},
        {"held_stream_is_asked_for_when_the_other_is_gone",
         test_held_stream_is_asked_for_when_the_other_is_gone},
        {"stream_is_not_held_for_ever", test_stream_is_not_held_for_ever},
        {"streams_that_hold_each_other_go_on", test_streams_that_hold_each_other_go_on},
        {"forgotten_stream_gives_no_receipt_and_tells_what_it_waits_for",
         test_forgotten_stream_gives_no_receipt_and_tells_what_it_waits_for},
        {"every_due_stream_gives_its_receipt_once", test_every_due_stream_gives_its_receipt_once},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("backend.streams", tests);
    (void)unlink(positions_path());
    (void)rmdir(folder);
    return status;
}
