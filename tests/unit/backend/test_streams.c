#include "support/suite.h"

#include "backend/streams.h"

#include <stdio.h>

static struct mqc__stream_verdict arrive(struct mqc__streams *streams, const char *instance,
                                         const char *topic, uint64_t first, uint64_t count,
                                         bool starts_count)
{
    struct mqc__stream_verdict verdict;
    const struct mqc__stream_batch batch = {
        mqc_view_text(instance), mqc_view_text(topic), first, count, starts_count, 0};
    CHECK_INT(mqc__streams_arrive(streams, &batch, &verdict), MQC_OK);
    return verdict;
}

static void test_arrive_in_order_repeats_and_misses_nothing(void)
{
    struct mqc__streams *streams = mqc__streams_new(10);
    for (uint64_t i = 0; i < 100; i++) {
        const struct mqc__stream_verdict verdict = arrive(streams, "a", "t", 1 + 3 * i, 3, i == 0);
        CHECK_UNSIGNED(verdict.repeated, 0);
        CHECK_UNSIGNED(verdict.missing, 0);
    }
    mqc__streams_free(&streams);
    CHECK(streams == NULL);
}

static void test_arrive_again_counts_what_was_there(void)
{
    struct mqc__streams *streams = mqc__streams_new(10);
    (void)arrive(streams, "a", "t", 1, 5, true);
    CHECK_UNSIGNED(arrive(streams, "a", "t", 1, 5, true).repeated, 5);
    CHECK_UNSIGNED(arrive(streams, "a", "t", 3, 2, false).repeated, 2);
    CHECK_UNSIGNED(arrive(streams, "a", "t", 4, 4, false).repeated, 2);
    CHECK_UNSIGNED(arrive(streams, "a", "t", 8, 1, false).repeated, 0);
    mqc__streams_free(&streams);
}

static void test_arrive_after_a_gap_counts_the_missing(void)
{
    struct mqc__streams *streams = mqc__streams_new(10);
    (void)arrive(streams, "a", "t", 1, 5, true);
    CHECK_UNSIGNED(arrive(streams, "a", "t", 9, 1, false).missing, 3);
    CHECK_UNSIGNED(arrive(streams, "a", "t", 10, 1, false).missing, 0);
    CHECK_UNSIGNED(arrive(streams, "a", "t", 90, 1, true).missing, 0);
    mqc__streams_free(&streams);
}

static void test_arrive_in_another_epoch_misses_nothing_but_knows_repeats(void)
{
    struct mqc__streams *streams = mqc__streams_new(10);
    struct mqc__stream_verdict verdict;
    struct mqc__stream_batch batch = {mqc_view_text("a"), mqc_view_text("t"), 1, 3, true, 0};
    CHECK_INT(mqc__streams_arrive(streams, &batch, &verdict), MQC_OK);
    batch = (struct mqc__stream_batch){mqc_view_text("a"), mqc_view_text("t"), 2, 2, false, 1};
    CHECK_INT(mqc__streams_arrive(streams, &batch, &verdict), MQC_OK);
    CHECK_UNSIGNED(verdict.repeated, 2);
    batch = (struct mqc__stream_batch){mqc_view_text("a"), mqc_view_text("t"), 9, 1, false, 2};
    CHECK_INT(mqc__streams_arrive(streams, &batch, &verdict), MQC_OK);
    CHECK_UNSIGNED(verdict.missing, 0);
    batch.first = 11;
    CHECK_INT(mqc__streams_arrive(streams, &batch, &verdict), MQC_OK);
    CHECK_UNSIGNED(verdict.missing, 1);
    mqc__streams_free(&streams);
}

static void test_arrive_late_misses_nothing(void)
{
    struct mqc__streams *streams = mqc__streams_new(10);
    CHECK_UNSIGNED(arrive(streams, "a", "t", 1000, 1, false).missing, 0);
    mqc__streams_free(&streams);
}

static void test_arrive_streams_are_apart(void)
{
    struct mqc__streams *streams = mqc__streams_new(10);
    (void)arrive(streams, "a", "t", 1, 5, true);
    CHECK_UNSIGNED(arrive(streams, "b", "t", 1, 5, true).repeated, 0);
    CHECK_UNSIGNED(arrive(streams, "a", "u", 1, 5, true).repeated, 0);
    CHECK_UNSIGNED(arrive(streams, "a", "t", 1, 5, true).repeated, 5);
    mqc__streams_free(&streams);
}

static void test_arrive_many_streams_forgets_the_longest_unused(void)
{
    struct mqc__streams *streams = mqc__streams_new(3);
    (void)arrive(streams, "a", "1", 1, 1, true);
    (void)arrive(streams, "a", "2", 1, 1, true);
    (void)arrive(streams, "a", "3", 1, 1, true);
    (void)arrive(streams, "a", "1", 2, 1, false);
    (void)arrive(streams, "a", "4", 1, 1, true);
    CHECK_UNSIGNED(arrive(streams, "a", "1", 2, 1, false).repeated, 1);
    CHECK_UNSIGNED(arrive(streams, "a", "3", 1, 1, false).repeated, 1);
    CHECK_UNSIGNED(arrive(streams, "a", "2", 1, 1, false).repeated, 0);
    mqc__streams_free(&streams);
}

static void test_arrive_nonsense_numbers_is_refused(void)
{
    struct mqc__streams *streams = mqc__streams_new(3);
    struct mqc__stream_verdict verdict;
    struct mqc__stream_batch batch = {mqc_view_text("a"), mqc_view_text("a"), 0, 1, false, 0};
    CHECK_INT(mqc__streams_arrive(streams, &batch, &verdict), MQC_EMALFORMED);
    batch.first = UINT64_MAX;
    batch.count = 2;
    CHECK_INT(mqc__streams_arrive(streams, &batch, &verdict), MQC_EMALFORMED);
    batch.first = UINT64_MAX - 1;
    batch.count = 1;
    CHECK_INT(mqc__streams_arrive(streams, &batch, &verdict), MQC_OK);
    mqc__streams_free(&streams);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"arrive_in_order_repeats_and_misses_nothing",
         test_arrive_in_order_repeats_and_misses_nothing},
        {"arrive_again_counts_what_was_there", test_arrive_again_counts_what_was_there},
        {"arrive_after_a_gap_counts_the_missing", test_arrive_after_a_gap_counts_the_missing},
        {"arrive_in_another_epoch_misses_nothing_but_knows_repeats",
         test_arrive_in_another_epoch_misses_nothing_but_knows_repeats},
        {"arrive_late_misses_nothing", test_arrive_late_misses_nothing},
        {"arrive_streams_are_apart", test_arrive_streams_are_apart},
        {"arrive_many_streams_forgets_the_longest_unused",
         test_arrive_many_streams_forgets_the_longest_unused},
        {"arrive_nonsense_numbers_is_refused", test_arrive_nonsense_numbers_is_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.streams", tests);
}
