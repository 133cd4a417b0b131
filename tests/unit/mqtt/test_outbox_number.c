#include "mqtt/outbox.h"

#include "support/failing_malloc.h"
#include "support/suite.h"

static const struct mqc__outbox_limits fed = {
    .events_max = 8,
    .bytes_max = 1 << 20,
    .batch_events_max = 4,
    .batch_bytes_max = 1000,
    .topics_max = 2,
    .when_full = MQC__WHEN_FULL_DROP_OLDEST,
    .is_fed = true,
};

static struct mqc__numbering number(struct mqc__outbox *outbox, const char *topic)
{
    struct mqc__numbering numbering;
    REQUIRE(mqc__outbox_number(outbox, mqc_view_text(topic), &numbering) == MQC_OK);
    return numbering;
}

static enum mqc_error feed(struct mqc__outbox *outbox, const char *topic,
                           struct mqc__numbering numbering)
{
    return mqc__outbox_accept_numbered(outbox, mqc_view_text(topic),
                                       (struct mqc__service){.qos = MQC__QOS_1},
                                       mqc_view_text("event"), &numbering);
}

static struct mqc__batch *take(struct mqc__outbox *outbox)
{
    struct mqc__batch *batch = NULL;
    REQUIRE(mqc__outbox_take(outbox, SIZE_MAX, &batch) == MQC_OK);
    return batch;
}

static void test_outbox_number_counts_each_topic(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &fed);
    const struct mqc__numbering first = number(&outbox, "a");
    CHECK_UNSIGNED(first.sequence, 1);
    CHECK(first.starts_count);
    CHECK_UNSIGNED(number(&outbox, "b").sequence, 1);
    const struct mqc__numbering second = number(&outbox, "a");
    CHECK_UNSIGNED(second.sequence, 2);
    CHECK(!second.starts_count);
    struct mqc__numbering none;
    CHECK_INT(mqc__outbox_number(&outbox, mqc_view_text("a/#"), &none), MQC_EINVAL);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_unnumber_gives_the_numbers_again(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &fed);
    const struct mqc__numbering first = number(&outbox, "a");
    const struct mqc__numbering second = number(&outbox, "a");
    /* In the wrong order nothing happens: somebody may have seen the second. */
    mqc__outbox_unnumber(&outbox, mqc_view_text("a"), &first);
    CHECK_UNSIGNED(number(&outbox, "a").sequence, 3);
    mqc__outbox_unnumber(&outbox, mqc_view_text("a"),
                         &(struct mqc__numbering){.sequence = 3, .starts_count = false});
    mqc__outbox_unnumber(&outbox, mqc_view_text("a"), &second);
    mqc__outbox_unnumber(&outbox, mqc_view_text("a"), &first);
    const struct mqc__numbering again = number(&outbox, "a");
    CHECK_UNSIGNED(again.sequence, 1);
    CHECK(again.starts_count);
    /* A topic that was forgotten begins above what it had. */
    (void)number(&outbox, "b");
    (void)number(&outbox, "c");
    mqc__outbox_unnumber(&outbox, mqc_view_text("a"), &again);
    CHECK(number(&outbox, "a").sequence > 1);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_accept_numbered_keeps_instances_and_gaps_apart(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &fed);
    const struct mqc__origin *old = mqc__outbox_origin(&outbox, mqc_view_text("old"));
    REQUIRE(old != NULL);
    CHECK(mqc__outbox_origin(&outbox, mqc_view_text("old")) == old);
    CHECK(mqc__outbox_origin(&outbox, mqc_view_text("older")) != old);
    CHECK_INT(feed(&outbox, "a", (struct mqc__numbering){10, 7, false, old}), MQC_OK);
    CHECK_INT(feed(&outbox, "a", (struct mqc__numbering){12, 8, false, old}), MQC_OK);
    CHECK_INT(feed(&outbox, "a", (struct mqc__numbering){15, 10, false, old}), MQC_OK);
    CHECK_INT(feed(&outbox, "a", (struct mqc__numbering){16, 1, true, NULL}), MQC_OK);
    CHECK_UNSIGNED(mqc__outbox_oldest(&outbox), 10);
    const struct mqc__batch *batch = take(&outbox);
    CHECK(batch->origin == old);
    CHECK_UNSIGNED(batch->sequence, 7);
    CHECK_UNSIGNED(batch->event_count, 2);
    (void)mqc__outbox_complete(&outbox, outbox.in_flight);
    CHECK_UNSIGNED(mqc__outbox_oldest(&outbox), 15);
    CHECK_UNSIGNED(take(&outbox)->sequence, 10);
    batch = take(&outbox);
    CHECK(batch->origin == NULL);
    CHECK(batch->starts_count);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_accept_numbered_full_drops_nothing(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &fed);
    for (uint64_t i = 1; i <= fed.events_max; i++)
        REQUIRE(feed(&outbox, "a", (struct mqc__numbering){i, i, i == 1, NULL}) == MQC_OK);
    CHECK_INT(feed(&outbox, "a", (struct mqc__numbering){9, 9, false, NULL}), MQC_EFULL);
    CHECK_UNSIGNED(outbox.event_count, fed.events_max);
    CHECK_UNSIGNED(outbox.last_number, fed.events_max);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_accept_beside_numbered_ones_shares_the_latest_number(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &fed);
    size_t dropped = 0;
    CHECK_INT(feed(&outbox, "a", (struct mqc__numbering){5, 1, true, NULL}), MQC_OK);
    CHECK_INT(mqc__outbox_accept(&outbox, mqc_view_text("b"), (struct mqc__service){0},
                                 mqc_view_text("event"), &dropped),
              MQC_OK);
    CHECK_INT(mqc__outbox_accept(&outbox, mqc_view_text("b"), (struct mqc__service){0},
                                 mqc_view_text("event"), &dropped),
              MQC_OK);
    CHECK_UNSIGNED(outbox.last_number, 5);
    CHECK_INT(feed(&outbox, "a", (struct mqc__numbering){6, 2, false, NULL}), MQC_OK);
    CHECK_UNSIGNED(take(&outbox)->event_count, 2);
    const struct mqc__batch *other = take(&outbox);
    CHECK_UNSIGNED(other->sequence, 1);
    CHECK_UNSIGNED(other->event_count, 2);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_number_without_memory(void)
{
    struct mqc__outbox outbox;
    struct mqc__numbering numbering;
    mqc__outbox_init(&outbox, &fed);
    for (size_t nth = 1;; nth++) {
        fail_allocation(nth);
        const bool is_done =
            mqc__outbox_number(&outbox, mqc_view_text("a"), &numbering) == MQC_OK &&
            mqc__outbox_origin(&outbox, mqc_view_text("old")) != NULL;
        const bool has_failed = allocation_has_failed();
        fail_allocation(0);
        CHECK(is_done != has_failed);
        if (is_done)
            break;
        REQUIRE(nth < 100);
    }
    mqc__outbox_fini(&outbox);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"number_counts_each_topic", test_outbox_number_counts_each_topic},
        {"unnumber_gives_the_numbers_again", test_outbox_unnumber_gives_the_numbers_again},
        {"accept_numbered_keeps_instances_and_gaps_apart",
         test_outbox_accept_numbered_keeps_instances_and_gaps_apart},
        {"accept_numbered_full_drops_nothing", test_outbox_accept_numbered_full_drops_nothing},
        {"accept_beside_numbered_ones_shares_the_latest_number",
         test_outbox_accept_beside_numbered_ones_shares_the_latest_number},
        {"number_without_memory", test_outbox_number_without_memory},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.outbox_number", tests);
}
