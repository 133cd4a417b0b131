#include "support/certs.h"
#include "support/mosquitto.h"
#include "support/node.h"
#include "support/suite.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Large events amid small ones, through a real broker. */

#define LARGE_BYTES ((size_t)10 << 20)
#define SMALL_COUNT 20

static struct test_mosquitto broker;
static struct test_certs certs;
static char tls_uri[64];

/* What a receiver has seen; its handler's until `done`. */
struct seen {
    atomic_size_t small;
    size_t large;
    size_t wrong;
    size_t small_before_large;
    uint64_t last_large; /* the number of the last one, from 1 */
    uint64_t final_large;
    unsigned pause_us;
    atomic_bool done; /* the last of the large ones, or the small one behind it, has come */
};

static char letter(size_t at, uint64_t number)
{
    return (char)('a' + (at / 4096 + at + number) % 26);
}

static bool is_large_text(struct mqc_view text, uint64_t number)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != letter(i, number))
            return false;
    return text.size != 0;
}

static void publish_large(struct test_node *node, uint64_t number, size_t size)
{
    char *text = malloc(size);
    REQUIRE(text != NULL);
    for (size_t i = 0; i < size; i++)
        text[i] = letter(i, number);
    const struct mqc_value args[] = {mqc_count(number), mqc_string(mqc_view_bytes(text, size))};
    const struct mqc_event event = {.name = mqc_view_text("large"), .args = args, .arg_count = 2};
    struct mqc_error_info info;
    while (!mqc_publish(node->backend, mqc_view_text("l/"), &event, &info)) {
        REQUIRE(info.code == MQC_EFULL);
        (void)usleep(1000);
    }
    free(text);
}

static void see_small(void *context, const struct mqc_message *message)
{
    struct seen *seen = context;
    (void)message;
    atomic_fetch_add(&seen->small, 1);
    if (seen->pause_us != 0)
        (void)usleep(seen->pause_us);
}

/* Numbers are consecutive from the first one on that comes. */
static void see_large(void *context, const struct mqc_message *message)
{
    struct seen *seen = context;
    const struct mqc_value *args = message->event->args;
    const uint64_t number = args[0].as.count;
    if ((seen->large != 0 && number != seen->last_large + 1) ||
        !is_large_text(args[1].as.text, number))
        seen->wrong++;
    if (seen->large++ == 0)
        seen->small_before_large = atomic_load(&seen->small);
    seen->last_large = number;
    if (number == seen->final_large)
        atomic_store(&seen->done, true);
}

static void watch(const struct test_node *node, const char *prefix, mqc_message_fn handler,
                  void *context)
{
    const struct mqc_view view = mqc_view_text(prefix);
    REQUIRE(mqc_on_prefix(node->backend, view, handler, context, NULL) == MQC_OK);
    REQUIRE(mqc_subscribe(node->backend, view, MQC_MATCH_PREFIX, NULL) == MQC_OK);
}

static bool await_done(struct seen *seen)
{
    for (int i = 0; i < 6000 && !atomic_load(&seen->done); i++)
        (void)usleep(10000);
    return atomic_load(&seen->done);
}

static bool await_small(struct seen *seen, size_t count)
{
    for (int i = 0; i < 6000 && atomic_load(&seen->small) < count; i++)
        (void)usleep(10000);
    return atomic_load(&seen->small) == count;
}

/* How the nodes of a test are connected. */
struct way {
    const char *uri;
    const char *settings[16];
};

#define USUAL "delivery.max_event_bytes", "16MiB"

static void open_pair(const struct way *way, struct test_node *sender, struct test_node *receiver,
                      struct seen *seen)
{
    test_node_new(sender, "sender", way->uri, way->settings);
    test_node_new(receiver, "receiver", way->uri, way->settings);
    watch(receiver, "s/", see_small, seen);
    watch(receiver, "l/", see_large, seen);
    test_node_start(sender);
    test_node_start(receiver);
}

static void check_nothing_missing(const struct test_node *receiver)
{
    struct mqc_stats stats;
    mqc_backend_stats(receiver->backend, &stats);
    CHECK_UNSIGNED(stats.missing_events, 0);
    CHECK_UNSIGNED(stats.malformed_messages, 0);
}

static void check_nothing_came_again(const struct test_node *receiver)
{
    struct mqc_stats stats;
    mqc_backend_stats(receiver->backend, &stats);
    CHECK_UNSIGNED(stats.duplicate_events, 0);
}

/* The small ones are published behind the large one, while nothing leaves. */
static void small_events_behind_a_large_one(const struct way *way, size_t passing)
{
    struct test_node sender;
    struct test_node receiver;
    struct seen seen = {.final_large = 2};
    open_pair(way, &sender, &receiver, &seen);
    REQUIRE(kill(broker.process, SIGSTOP) == 0);
    publish_large(&sender, 1, LARGE_BYTES);
    publish_large(&sender, 2, 100);
    for (int i = 0; i < SMALL_COUNT; i++) {
        char topic[20];
        (void)snprintf(topic, sizeof topic, "s/%d", i);
        CHECK(test_node_say(&sender, topic, "small", "x"));
    }
    REQUIRE(kill(broker.process, SIGCONT) == 0);
    CHECK(await_done(&seen));
    CHECK_UNSIGNED(seen.wrong, 0);
    CHECK_UNSIGNED(seen.large, 2);
    CHECK(await_small(&seen, SMALL_COUNT));
    CHECK_UNSIGNED(seen.small_before_large, passing);
    check_nothing_missing(&receiver);
    check_nothing_came_again(&receiver);
    CHECK_INT(mqc_backend_flush(sender.backend, 60000), MQC_OK);
    struct mqc_stats stats;
    mqc_backend_stats(sender.backend, &stats);
    CHECK_UNSIGNED(stats.delivered_events, SMALL_COUNT + 2);
    test_node_free(&sender);
    test_node_free(&receiver);
}

static void test_small_events_pass_a_large_one_with_qos_1(void)
{
    const struct way way = {broker.uri, {USUAL, NULL}};
    small_events_behind_a_large_one(&way, SMALL_COUNT);
}

/* Best effort fills the connection's buffers at once: the small ones come later into it. */
static void test_small_events_come_with_a_large_one_with_qos_0(void)
{
    const struct way way = {broker.uri, {USUAL, "delivery.guarantee", "best_effort", NULL}};
    struct test_node sender;
    struct test_node receiver;
    struct seen seen = {.final_large = 3};
    open_pair(&way, &sender, &receiver, &seen);
    for (uint64_t number = 1; number <= 3; number++) {
        publish_large(&sender, number, LARGE_BYTES);
        CHECK(test_node_say(&sender, "s/", "small", "x"));
    }
    CHECK(await_done(&seen));
    CHECK_UNSIGNED(seen.wrong, 0);
    CHECK_UNSIGNED(seen.large, 3);
    check_nothing_missing(&receiver);
    test_node_free(&sender);
    test_node_free(&receiver);
}

static void test_small_events_pass_a_large_one_with_mqtt_311(void)
{
    const struct way way = {broker.uri, {USUAL, "broker.protocol", "3.1.1", NULL}};
    small_events_behind_a_large_one(&way, SMALL_COUNT);
}

static void test_small_events_pass_a_large_one_over_tls(void)
{
    const struct way way = {tls_uri,
                            {USUAL, "tls.ca_file", test_certs_file(&certs, "ca.pem"), NULL}};
    small_events_behind_a_large_one(&way, SMALL_COUNT);
}

static void test_end_to_end_events_come_in_pieces_too(void)
{
    const struct way way = {broker.uri, {USUAL, "delivery.guarantee", "end_to_end", NULL}};
    small_events_behind_a_large_one(&way, SMALL_COUNT);
}

static void test_nothing_passes_where_pieces_are_not_wanted(void)
{
    const struct way way = {broker.uri, {USUAL, "delivery.piece_bytes", "0", NULL}};
    small_events_behind_a_large_one(&way, 0);
}

/* Its inbox is full all the time, and the pieces come one by one between what it is slow with. */
static void test_slow_receiver_gets_every_event(void)
{
    const struct way way = {
        broker.uri, {USUAL, "delivery.inbox_messages", "4", "delivery.batch_events", "1", NULL}};
    struct test_node sender;
    struct test_node receiver;
    struct seen seen = {.final_large = 5, .pause_us = 2000};
    open_pair(&way, &sender, &receiver, &seen);
    for (uint64_t number = 1; number <= 5; number++) {
        for (int i = 0; i < 50; i++)
            CHECK(test_node_say(&sender, "s/", "small", "x"));
        publish_large(&sender, number, 2 << 20);
    }
    CHECK(await_done(&seen));
    CHECK_UNSIGNED(seen.wrong, 0);
    CHECK_UNSIGNED(seen.large, 5);
    check_nothing_missing(&receiver);
    test_node_free(&sender);
    test_node_free(&receiver);
}

/* An event of which it has not seen the beginning it does not get, and does not miss. */
static void test_receiver_that_joins_in_the_middle_misses_nothing(void)
{
    const char *const settings[] = {USUAL, "delivery.piece_bytes", "16KiB", NULL};
    struct test_node sender;
    struct test_node receivers[5];
    struct seen seen[5] = {0};
    test_node_new(&sender, "sender", broker.uri, settings);
    test_node_start(&sender);
    for (uint64_t i = 0; i < 5; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "receiver-%d", (int)i);
        seen[i].final_large = 51;
        test_node_new(&receivers[i], name, broker.uri, settings);
        watch(&receivers[i], "l/", see_large, &seen[i]);
        for (uint64_t number = 1; number <= 10; number++)
            publish_large(&sender, 10 * i + number, 1 << 20);
        test_node_start(&receivers[i]);
    }
    publish_large(&sender, 51, 1 << 20);
    for (size_t i = 0; i < 5; i++) {
        CHECK(await_done(&seen[i]));
        CHECK_UNSIGNED(seen[i].wrong, 0);
        check_nothing_missing(&receivers[i]);
        test_node_free(&receivers[i]);
    }
    test_node_free(&sender);
}

/* It is ended anywhere in the middle, and goes on with what it had. */
static void test_receiver_with_a_disk_goes_on_after_a_restart(void)
{
    const char *const settings[] = {USUAL, "delivery.piece_bytes", "16KiB", NULL};
    const char *const on_disk[] = {
        USUAL, "delivery.durability", "disk", "delivery.directory", certs.folder, NULL};
    struct test_node sender;
    struct test_node receiver;
    struct seen seen = {.final_large = 61};
    test_node_new(&sender, "sender", broker.uri, settings);
    test_node_start(&sender);
    for (uint64_t i = 0; i <= 6; i++) {
        test_node_new(&receiver, "receiver-with-a-disk", broker.uri, on_disk);
        watch(&receiver, "l/", see_large, &seen);
        test_node_start(&receiver);
        for (uint64_t number = 1; number <= 10 && i < 6; number++)
            publish_large(&sender, 10 * i + number, 1 << 20);
        if (i == 6)
            publish_large(&sender, 61, 1 << 20);
        if (i == 6)
            CHECK(await_done(&seen));
        check_nothing_missing(&receiver);
        test_node_free(&receiver);
    }
    CHECK_UNSIGNED(seen.wrong, 0);
    CHECK_UNSIGNED(seen.large, 61);
    test_node_free(&sender);
}

static void test_event_over_the_receivers_limit_is_dropped_and_reported(void)
{
    const char *const settings[] = {USUAL, NULL};
    const char *const small[] = {"delivery.max_event_bytes", "1MiB", NULL};
    struct test_node sender;
    struct test_node receiver;
    struct seen seen = {.final_large = 2};
    test_node_new(&sender, "sender", broker.uri, settings);
    test_node_new(&receiver, "receiver", broker.uri, small);
    watch(&receiver, "l/", see_large, &seen);
    test_node_start(&sender);
    test_node_start(&receiver);
    publish_large(&sender, 1, 2 << 20);
    publish_large(&sender, 2, 1000);
    CHECK(await_done(&seen));
    CHECK_UNSIGNED(seen.large, 1);
    CHECK(test_node_wait_error(&receiver, "message_too_large"));
    struct mqc_stats stats;
    mqc_backend_stats(receiver.backend, &stats);
    CHECK_UNSIGNED(stats.malformed_messages, 1);
    CHECK_UNSIGNED(stats.missing_events, 1);
    test_node_free(&sender);
    test_node_free(&receiver);
}

static bool start_broker(void)
{
    char config[500];
    const int port = test_free_port();
    if (!test_certs_make(&certs))
        return false;
    (void)snprintf(tls_uri, sizeof tls_uri, "mqtts://localhost:%d", port);
    (void)snprintf(config, sizeof config,
                   "max_queued_messages 20000\nlistener %d 127.0.0.1\ncafile %s/ca.pem\n"
                   "certfile %s/server.pem\nkeyfile %s/server.key\n",
                   port, certs.folder, certs.folder, certs.folder);
    return test_mosquitto_start(&broker, config);
}

int main(void)
{
    if (!start_broker()) {
        (void)fprintf(stderr, "mosquitto cannot be started: is it installed?\n");
        return EXIT_FAILURE;
    }
    CU_TestInfo tests[] = {
        {"small_events_pass_a_large_one_with_qos_1", test_small_events_pass_a_large_one_with_qos_1},
        {"small_events_come_with_a_large_one_with_qos_0",
         test_small_events_come_with_a_large_one_with_qos_0},
        {"small_events_pass_a_large_one_with_mqtt_311",
         test_small_events_pass_a_large_one_with_mqtt_311},
        {"small_events_pass_a_large_one_over_tls", test_small_events_pass_a_large_one_over_tls},
        {"end_to_end_events_come_in_pieces_too", test_end_to_end_events_come_in_pieces_too},
        {"nothing_passes_where_pieces_are_not_wanted",
         test_nothing_passes_where_pieces_are_not_wanted},
        {"slow_receiver_gets_every_event", test_slow_receiver_gets_every_event},
        {"receiver_that_joins_in_the_middle_misses_nothing",
         test_receiver_that_joins_in_the_middle_misses_nothing},
        {"receiver_with_a_disk_goes_on_after_a_restart",
         test_receiver_with_a_disk_goes_on_after_a_restart},
        {"event_over_the_receivers_limit_is_dropped_and_reported",
         test_event_over_the_receivers_limit_is_dropped_and_reported},
        CU_TEST_INFO_NULL,
    };
    const int status = suite_run("broker.pieces", tests);
    test_mosquitto_stop(&broker);
    test_certs_remove(&certs);
    return status;
}
