/*
 * What becomes of messages from the broker, from the session's callback to the handlers, without a
 * broker: what is handed over, what is acknowledged, and what the senders are told.
 */
#include "backend/backend_priv.h"

#include "support/suite.h"
#include "unit/backend/receive_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWN_TOPIC "zeek/cluster/node/node-1/"

static char folder[] = "/tmp/mqc-test-receive-XXXXXX";

static void test_event_has_its_number_and_is_acknowledged_once(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const struct receive_batch batch = {.topic = "t/x", .first = 5, .count = 3};
    receive_put(&driver, &batch, 17);
    CHECK_UNSIGNED(receive_acks(&driver, 17), 0);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 5; t/x 6; t/x 7; ");
    CHECK_UNSIGNED(receive_acks(&driver, 17), 1);
    receive_free(&driver);
}

static void test_repeated_events_are_skipped_and_acknowledged(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const struct receive_batch first = {.topic = "t/x", .first = 1, .count = 3};
    const struct receive_batch second = {.topic = "t/x", .first = 2, .count = 3};
    receive_put(&driver, &first, 1);
    receive_put(&driver, &second, 2);
    receive_put(&driver, &second, 3);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; t/x 2; t/x 3; t/x 4; ");
    for (uint64_t ack = 1; ack <= 3; ack++)
        CHECK_UNSIGNED(receive_acks(&driver, ack), 1);
    struct mqc_stats stats;
    mqc__backend_stats(driver.backend, &stats);
    CHECK_UNSIGNED(stats.duplicate_events, 5);
    CHECK_UNSIGNED(stats.missing_events, 0);
    receive_free(&driver);
}

static void test_what_never_reaches_a_handler_is_acknowledged_once(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const struct receive_batch unwanted = {.topic = "u/x", .first = 1, .count = 1};
    const struct receive_batch own = {
        .topic = "t/x", .first = 1, .count = 1, .instance = mqc__backend_node_id(driver.backend)};
    const struct receive_batch undeclared = {
        .topic = "t/x", .first = 1, .count = 1, .event = "nobody::handles_it"};
    receive_put(&driver, &unwanted, 1);
    receive_put_bytes(&driver, "mqcluster/c/event/t/x", "\xff garbage", 2);
    receive_put_bytes(&driver, "mqcluster/other/t", "x", 3);
    receive_put_bytes(&driver, "mqcluster/c/event/t/%zz", "x", 4);
    receive_put(&driver, &own, 5);
    receive_put(&driver, &undeclared, 6);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "");
    for (uint64_t ack = 1; ack <= 6; ack++)
        CHECK_UNSIGNED(receive_acks(&driver, ack), 1);
    receive_free(&driver);
}

static void test_what_never_reaches_the_inbox_is_acknowledged_at_once(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    char *large = calloc(1, RECEIVE_INBOX_BYTES + 1);
    REQUIRE(large != NULL);
    memset(large, 'x', RECEIVE_INBOX_BYTES);
    receive_put_bytes(&driver, "mqcluster/c/event/t/x", large, 1);
    CHECK_UNSIGNED(receive_acks(&driver, 1), 1);
    receive_put_bytes(&driver, "mqcluster/c/node/worker/worker-9", "x", 2);
    CHECK_UNSIGNED(receive_acks(&driver, 2), 1);
    receive_run(&driver);
    CHECK_UNSIGNED(receive_acks(&driver, 1), 1);
    CHECK_UNSIGNED(receive_acks(&driver, 2), 1);
    free(large);
    receive_free(&driver);
}

static void test_message_without_an_acknowledgement_has_none(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const struct receive_batch batch = {.topic = "t/x", .first = 1, .count = 1};
    receive_put(&driver, &batch, 0);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; ");
    CHECK_UNSIGNED(receive_acks(&driver, 0), 0);
    receive_free(&driver);
}

/* The broker has to deliver it at the next start. */
static void test_message_that_comes_too_late_is_not_acknowledged(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const struct receive_batch batch = {.topic = "t/x", .first = 1, .count = 1};
    (void)mqc__backend_close(driver.backend, 0);
    receive_put(&driver, &batch, 1);
    receive_free(&driver);
    CHECK_UNSIGNED(receive_acks(&driver, 1), 0);
    CHECK_TEXT(driver.seen, "");
}

static void test_json_has_no_number(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    receive_put_bytes(&driver, "mqcluster/c/event/t/x", "{\"event\": \"e\", \"args\": []}", 1);
    receive_put_bytes(&driver, "mqcluster/c/event/t/x", "{\"event\": \"e\", \"args\": []}", 2);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 0; t/x 0; ");
    CHECK_UNSIGNED(receive_acks(&driver, 2), 1);
    receive_free(&driver);
}

static void test_gap_is_counted_and_the_rest_delivered_without_a_promise(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const struct receive_batch batches[] = {{.topic = "t/x", .first = 1, .count = 1},
                                            {.topic = "t/x", .first = 4, .count = 1}};
    receive_put(&driver, &batches[0], 1);
    receive_put(&driver, &batches[1], 2);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; t/x 4; ");
    struct mqc_stats stats;
    mqc__backend_stats(driver.backend, &stats);
    CHECK_UNSIGNED(stats.missing_events, 2);
    receive_free(&driver);
}

static void test_gap_is_asked_for_and_filled_with_a_promise(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const char *id = mqc__backend_node_id(driver.backend);
    char id_topic[300];
    (void)snprintf(id_topic, sizeof id_topic, "zeek/cluster/nodeid/%s/", id);
    const struct receive_batch first = {
        .topic = "t/x", .first = 1, .count = 1, .receipt = MQC__RECEIPT_MANY};
    const struct receive_batch behind = {
        .topic = "t/x", .first = 4, .count = 1, .receipt = MQC__RECEIPT_MANY};
    const struct receive_batch repeated = {.topic = id_topic,
                                           .original_topic = "t/x",
                                           .first = 2,
                                           .count = 3,
                                           .receipt = MQC__RECEIPT_MANY};
    receive_put(&driver, &first, 1);
    receive_put(&driver, &behind, 2);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; ");
    CHECK_UNSIGNED(receive_acks(&driver, 2), 1);
    CHECK_TEXT(driver.receipts, "worker-1-a: t/x 1 repeat; ");
    receive_put(&driver, &repeated, 3);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; t/x 2; t/x 3; t/x 4; ");
    struct mqc_stats stats;
    mqc__backend_stats(driver.backend, &stats);
    CHECK_UNSIGNED(stats.missing_events, 0);
    receive_free(&driver);
}

/* A batch of the second start of a sender, whose first one has left 1 to `last`. */
static struct receive_batch second_start(uint64_t last)
{
    return (struct receive_batch){
        .topic = "t/x",
        .first = 1,
        .count = 1,
        .receipt = MQC__RECEIPT_MANY,
        .instance = "second",
        .after = {.instance = mqc_view_text("first"), .sequence = last},
    };
}

static void test_events_of_an_earlier_start_come_first(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const struct receive_batch second = second_start(3);
    struct receive_batch first = {
        .topic = "t/x", .first = 1, .count = 1, .receipt = MQC__RECEIPT_MANY, .instance = "first"};
    receive_put(&driver, &first, 1);
    receive_put(&driver, &second, 2);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; ");
    CHECK_UNSIGNED(receive_acks(&driver, 2), 1);
    CHECK_TEXT(driver.receipts, "first: t/x 1 repeat; ");
    first.first = 2;
    first.count = 2;
    receive_put(&driver, &first, 3);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; t/x 2; t/x 3; ");
    CHECK_TEXT(driver.receipts, "first: t/x 1 repeat; second: t/x 0 repeat; ");
    receive_put(&driver, &second, 4);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; t/x 2; t/x 3; t/x 1; ");
    struct mqc_stats stats;
    mqc__backend_stats(driver.backend, &stats);
    CHECK_UNSIGNED(stats.missing_events, 0);
    CHECK_UNSIGNED(stats.duplicate_events, 0);
    receive_free(&driver);
}

static void test_events_of_an_earlier_start_that_are_gone_are_counted(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    struct receive_batch second = second_start(3);
    const struct receive_batch first = {
        .topic = "t/x", .first = 1, .count = 1, .receipt = MQC__RECEIPT_MANY, .instance = "first"};
    second.after.kept_from = 4;
    receive_put(&driver, &first, 1);
    receive_put(&driver, &second, 2);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; t/x 1; ");
    struct mqc_stats stats;
    mqc__backend_stats(driver.backend, &stats);
    CHECK_UNSIGNED(stats.missing_events, 2);
    receive_free(&driver);
}

/* Who joins late has nothing to wait for, nor has who would wait for nonsense. */
static void test_nothing_is_held_that_need_not_be(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    struct receive_batch batches[6];
    for (size_t i = 0; i < 6; i++)
        batches[i] = second_start(3);
    batches[1].after.sequence = 0;
    batches[2].after.sequence = UINT64_MAX;
    batches[3].after.instance = mqc_view_text("second");
    batches[4].after.instance = mqc_view_text(mqc__backend_node_id(driver.backend));
    batches[4].after.sequence = 100;
    batches[4].after.count_age_ms = 1;
    batches[5].after.sequence = 100;
    batches[5].receipt = MQC__RECEIPT_NONE;
    for (size_t i = 0; i < 6; i++) {
        batches[i].first = i + 1;
        receive_put(&driver, &batches[i], i + 1);
    }
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; t/x 2; t/x 3; t/x 4; t/x 5; t/x 6; ");
    CHECK_TEXT(driver.receipts, "");
    receive_free(&driver);
}

/* As a tool that has no place in the layout: it must not wait for what cannot come. */
static void test_node_that_does_not_listen_on_its_id_counts_the_gap(void)
{
    struct receive_driver driver;
    struct mqc__backend_options options = receive_options(NULL);
    options.members.type = MQC__NODE_NONE;
    options.members.is_dynamic = false;
    receive_new_with(&driver, &options);
    for (uint64_t i = 0; i < 2; i++) {
        const struct receive_batch batch = {
            .topic = "t/x", .first = 1 + 3 * i, .count = 1, .receipt = MQC__RECEIPT_MANY};
        receive_put(&driver, &batch, i + 1);
    }
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; t/x 4; ");
    CHECK_TEXT(driver.receipts, "");
    struct mqc_stats stats;
    mqc__backend_stats(driver.backend, &stats);
    CHECK_UNSIGNED(stats.missing_events, 2);
    receive_free(&driver);
}

/* Else who may publish to one topic could to all of them. */
static void test_other_topic_in_an_envelope_is_refused_but_on_the_own_id(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const struct receive_batch batches[] = {
        {.topic = "t/x", .original_topic = "t/y", .first = 1, .count = 1},
        {.topic = OWN_TOPIC, .original_topic = "t/y", .first = 1, .count = 1}};
    receive_put(&driver, &batches[0], 1);
    receive_put(&driver, &batches[1], 2);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "");
    CHECK_UNSIGNED(receive_acks(&driver, 1), 1);
    struct mqc_stats stats;
    mqc__backend_stats(driver.backend, &stats);
    CHECK_UNSIGNED(stats.malformed_messages, 2);
    receive_free(&driver);
}

static void test_repeated_event_that_nobody_wants_any_more_is_dropped(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    char id_topic[300];
    (void)snprintf(id_topic, sizeof id_topic, "zeek/cluster/nodeid/%s/",
                   mqc__backend_node_id(driver.backend));
    const struct receive_batch batch = {
        .topic = id_topic, .original_topic = "u/x", .first = 1, .count = 1};
    receive_put(&driver, &batch, 1);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "");
    CHECK_UNSIGNED(receive_acks(&driver, 1), 1);
    struct mqc_stats stats;
    mqc__backend_stats(driver.backend, &stats);
    CHECK_UNSIGNED(stats.unwanted_messages, 1);
    receive_free(&driver);
}

static void test_receipts_leave_when_it_is_time(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const struct receive_batch batches[] = {
        {.topic = OWN_TOPIC, .first = 1, .count = 3, .receipt = MQC__RECEIPT_ONE},
        {.topic = OWN_TOPIC, .first = 1, .count = 1, .receipt = MQC__RECEIPT_ONE, .instance = "b"},
        {.topic = OWN_TOPIC "x", .first = 1, .count = 2, .receipt = MQC__RECEIPT_ONE},
        {.topic = "t/x", .first = 1, .count = 2, .receipt = MQC__RECEIPT_ONE},
    };
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++)
        receive_put(&driver, &batches[i], i + 1);
    receive_run(&driver);
    CHECK_TEXT(driver.receipts, "");
    receive_wait_receipts(&driver, 3);
    /* Of the stream to another node nothing. */
    CHECK_CONTAINS(driver.receipts, "b: " OWN_TOPIC " 1; ");
    CHECK_CONTAINS(driver.receipts, OWN_TOPIC " 3; ");
    CHECK_CONTAINS(driver.receipts, OWN_TOPIC "x 2; ");
    receive_free(&driver);
}

static void test_receipts_for_this_node_reach_the_sender(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    receive_put_receipts(&driver, OWN_TOPIC, 3, 1);
    receive_run(&driver);
    CHECK_UNSIGNED(driver.taken_receipts, 3);
    CHECK_UNSIGNED(receive_acks(&driver, 1), 1);
    receive_free(&driver);
}

/* With a state directory a second process goes on where the first one stopped. */
static void test_events_are_not_repeated_over_a_restart(void)
{
    struct receive_driver driver;
    receive_new(&driver, folder);
    const struct receive_batch first = {.topic = "t/x", .first = 1, .count = 3};
    const struct receive_batch second = {.topic = "t/x", .first = 2, .count = 4};
    receive_put(&driver, &first, 1);
    receive_run(&driver);
    receive_free(&driver);
    receive_new(&driver, folder);
    receive_put(&driver, &second, 1);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 4; t/x 5; ");
    receive_free(&driver);
    receive_remove_state(folder);
}

static void test_two_backends_cannot_share_their_state(void)
{
    struct receive_driver driver;
    struct mqc_error_info info;
    struct mqc_backend *second = NULL;
    receive_new(&driver, folder);
    const struct mqc__backend_options options = receive_options(folder);
    CHECK_INT(mqc__backend_new(&options, &second, &info), MQC_OK);
    CHECK_INT(mqc__backend_init(second, NULL, &info), MQC_EEXIST);
    CHECK_CONTAINS(info.text, folder);
    mqc__backend_free(&second);
    receive_free(&driver);
    receive_remove_state(folder);
}

static void test_state_directory_that_cannot_be_is_an_error(void)
{
    struct mqc_error_info info;
    struct mqc_backend *backend = NULL;
    const struct mqc__backend_options options = receive_options("/proc/version/state");
    CHECK_INT(mqc__backend_new(&options, &backend, &info), MQC_OK);
    CHECK_INT(mqc__backend_init(backend, NULL, &info), MQC_EIO);
    CHECK_CONTAINS(info.text, "/proc/version/state");
    mqc__backend_free(&backend);
}

static void put_garbage(const char *name)
{
    char path[100];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    REQUIRE(file != NULL);
    CHECK(fputs("garbage\n", file) >= 0);
    CHECK_INT(fclose(file), 0);
}

static void test_damaged_state_is_told_and_the_node_runs(void)
{
    struct receive_driver driver;
    put_garbage("positions");
    put_garbage("subscriptions");
    receive_new(&driver, folder);
    const struct receive_batch batch = {.topic = "t/x", .first = 1, .count = 1};
    receive_put(&driver, &batch, 1);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; ");
    CHECK_CONTAINS(driver.errors, "positions_damaged; ");
    CHECK_CONTAINS(driver.errors, "subscriptions_damaged; ");
    receive_free(&driver);
    receive_remove_state(folder);
}

static void new_with_fsync(struct receive_driver *driver, enum mqc__spool_fsync fsync)
{
    struct mqc__backend_options options = receive_options(folder);
    options.session.durability.fsync = fsync;
    receive_new_with(driver, &options);
    for (uint64_t i = 1; i <= 3; i++) {
        const struct receive_batch batch = {.topic = "t/x", .first = i, .count = 1};
        receive_put(driver, &batch, i);
    }
    receive_run(driver);
    for (uint64_t ack = 1; ack <= 3; ack++)
        CHECK_UNSIGNED(receive_acks(driver, ack), 1);
}

static void test_fsync_always_comes_before_the_acknowledgements_of_what_waits(void)
{
    struct receive_driver driver;
    new_with_fsync(&driver, MQC__SPOOL_FSYNC_ALWAYS);
    CHECK_UNSIGNED(driver.syncs, 1);
    CHECK_UNSIGNED(driver.unsynced_acks, 0);
    for (uint64_t i = 1; i <= 200; i++) {
        const struct receive_batch batch = {.topic = "t/x", .first = 3 + i, .count = 1};
        receive_put(&driver, &batch, 3 + i);
    }
    receive_run(&driver);
    for (uint64_t ack = 4; ack <= 203; ack++)
        CHECK_UNSIGNED(receive_acks(&driver, ack), 1);
    CHECK(driver.syncs > 1 && driver.syncs < 50);
    receive_free(&driver);
    receive_remove_state(folder);
}

static void test_fsync_interval_follows_the_first_message(void)
{
    struct receive_driver driver;
    new_with_fsync(&driver, MQC__SPOOL_FSYNC_INTERVAL);
    receive_wait_syncs(&driver, 1);
    const struct receive_batch batch = {.topic = "t/x", .first = 4, .count = 1};
    const unsigned syncs = driver.syncs;
    receive_put(&driver, &batch, 4);
    receive_wait_syncs(&driver, syncs + 1);
    receive_free(&driver);
    receive_remove_state(folder);
}

static void test_fsync_never_leaves_the_disk_alone(void)
{
    struct receive_driver driver;
    new_with_fsync(&driver, MQC__SPOOL_FSYNC_NEVER);
    CHECK_UNSIGNED(driver.syncs, 0);
    receive_free(&driver);
    receive_remove_state(folder);
}

static void test_unsubscribed_topic_misses_nothing_when_it_comes_back(void)
{
    struct receive_driver driver;
    receive_new(&driver, NULL);
    const struct receive_batch batches[] = {{.topic = "t/x", .first = 1, .count = 1},
                                            {.topic = "t/x", .first = 2, .count = 4},
                                            {.topic = "t/x", .first = 6, .count = 1},
                                            {.topic = "t/x", .first = 9, .count = 1}};
    receive_put(&driver, &batches[0], 1);
    receive_run(&driver);
    const struct mqc_view text = mqc_view_text("t/");
    CHECK_INT(mqc__backend_unsubscribe(driver.backend, text, MQC_MATCH_PREFIX, NULL), MQC_OK);
    receive_put(&driver, &batches[1], 2);
    receive_run(&driver);
    CHECK_INT(mqc__backend_subscribe(driver.backend, text, MQC_MATCH_PREFIX, NULL), MQC_OK);
    receive_put(&driver, &batches[2], 3);
    receive_run(&driver);
    struct mqc_stats stats;
    mqc__backend_stats(driver.backend, &stats);
    CHECK_UNSIGNED(stats.missing_events, 0);
    receive_put(&driver, &batches[3], 4);
    receive_run(&driver);
    CHECK_TEXT(driver.seen, "t/x 1; t/x 6; t/x 9; ");
    mqc__backend_stats(driver.backend, &stats);
    CHECK_UNSIGNED(stats.missing_events, 2);
    receive_free(&driver);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"event_has_its_number_and_is_acknowledged_once",
         test_event_has_its_number_and_is_acknowledged_once},
        {"repeated_events_are_skipped_and_acknowledged",
         test_repeated_events_are_skipped_and_acknowledged},
        {"what_never_reaches_a_handler_is_acknowledged_once",
         test_what_never_reaches_a_handler_is_acknowledged_once},
        {"what_never_reaches_the_inbox_is_acknowledged_at_once",
         test_what_never_reaches_the_inbox_is_acknowledged_at_once},
        {"message_without_an_acknowledgement_has_none",
         test_message_without_an_acknowledgement_has_none},
        {"message_that_comes_too_late_is_not_acknowledged",
         test_message_that_comes_too_late_is_not_acknowledged},
        {"json_has_no_number", test_json_has_no_number},
        {"gap_is_counted_and_the_rest_delivered_without_a_promise",
         test_gap_is_counted_and_the_rest_delivered_without_a_promise},
        {"gap_is_asked_for_and_filled_with_a_promise",
         test_gap_is_asked_for_and_filled_with_a_promise},
        {"events_of_an_earlier_start_come_first", test_events_of_an_earlier_start_come_first},
        {"events_of_an_earlier_start_that_are_gone_are_counted",
         test_events_of_an_earlier_start_that_are_gone_are_counted},
        {"nothing_is_held_that_need_not_be", test_nothing_is_held_that_need_not_be},
        {"node_that_does_not_listen_on_its_id_counts_the_gap",
         test_node_that_does_not_listen_on_its_id_counts_the_gap},
        {"other_topic_in_an_envelope_is_refused_but_on_the_own_id",
         test_other_topic_in_an_envelope_is_refused_but_on_the_own_id},
        {"repeated_event_that_nobody_wants_any_more_is_dropped",
         test_repeated_event_that_nobody_wants_any_more_is_dropped},
        {"receipts_leave_when_it_is_time", test_receipts_leave_when_it_is_time},
        {"receipts_for_this_node_reach_the_sender", test_receipts_for_this_node_reach_the_sender},
        {"events_are_not_repeated_over_a_restart", test_events_are_not_repeated_over_a_restart},
        {"two_backends_cannot_share_their_state", test_two_backends_cannot_share_their_state},
        {"state_directory_that_cannot_be_is_an_error",
         test_state_directory_that_cannot_be_is_an_error},
        {"damaged_state_is_told_and_the_node_runs", test_damaged_state_is_told_and_the_node_runs},
        {"fsync_always_comes_before_the_acknowledgements_of_what_waits",
         test_fsync_always_comes_before_the_acknowledgements_of_what_waits},
        {"fsync_interval_follows_the_first_message", test_fsync_interval_follows_the_first_message},
        {"fsync_never_leaves_the_disk_alone", test_fsync_never_leaves_the_disk_alone},
        {"unsubscribed_topic_misses_nothing_when_it_comes_back",
         test_unsubscribed_topic_misses_nothing_when_it_comes_back},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("backend.receive", tests);
    (void)rmdir(folder);
    return status;
}
