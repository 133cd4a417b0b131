#include "support/mosquitto.h"
#include "support/node.h"
#include "support/suite.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Which protocol the nodes of a test speak. */
static const char *const only_5[] = {"broker.protocol", "5", NULL};
static const char *const only_311[] = {"broker.protocol", "3.1.1", NULL};

static struct test_mosquitto broker;

/* Tells when everything that was sent before has arrived. */
static void say_end(struct test_node *from, const char *topic)
{
    CHECK(test_node_say(from, topic, "end", "end"));
}

static void publish_reaches_subscribers_once(const char *const protocol[])
{
    struct test_node sender;
    struct test_node receiver;
    struct test_node stranger;
    test_node_new(&sender, "sender", broker.uri, protocol);
    test_node_new(&receiver, "receiver", broker.uri, protocol);
    test_node_new(&stranger, "stranger", broker.uri, protocol);
    test_node_watch(&sender, "app/", MQC_MATCH_PREFIX);
    test_node_watch(&receiver, "app/", MQC_MATCH_PREFIX);
    test_node_watch(&receiver, "app/x", MQC_MATCH_PREFIX);
    test_node_watch(&receiver, "", MQC_MATCH_PREFIX);
    CHECK_INT(mqc_on_event(receiver.backend, "ping", test_node_record, &receiver, NULL), MQC_OK);
    test_node_watch(&stranger, "other/", MQC_MATCH_PREFIX);
    test_node_start(&sender);
    test_node_start(&receiver);
    test_node_start(&stranger);
    CHECK(test_node_say(&sender, "app/x", "ping", "1"));
    CHECK(test_node_say(&sender, "", "ping", "2"));
    CHECK(test_node_say(&sender, "other/", "ping", "3"));
    say_end(&sender, "app/");
    say_end(&receiver, "app/");
    CHECK(test_node_wait_lines(&receiver, 4));
    CHECK(test_node_wait_lines(&stranger, 1));
    CHECK(test_node_wait_lines(&sender, 1));
    CHECK_UNSIGNED(receiver.line_count, 4);
    CHECK_UNSIGNED(test_node_count(&receiver, "app/x ping 1"), 1);
    CHECK_UNSIGNED(test_node_count(&receiver, " ping 2"), 1);
    CHECK_UNSIGNED(sender.line_count, 1);
    CHECK_TEXT(sender.lines[0], "app/ end end");
    CHECK_TEXT(stranger.lines[0], "other/ ping 3");
    test_node_free(&sender);
    test_node_free(&receiver);
    test_node_free(&stranger);
}

static void test_publish_with_mqtt_5_reaches_subscribers_once(void)
{
    publish_reaches_subscribers_once(only_5);
}

static void test_publish_with_mqtt_311_reaches_subscribers_once(void)
{
    publish_reaches_subscribers_once(only_311);
}

static const char *const odd_topics[] = {
    "a/b/",
    "a/b",
    "a/b/worker-1",
    "a/b/worker-10",
    "a/b/x",
    "/lead",
    "/lead/x",
    "//",
    "",
    "+",
    "+/x",
    "#",
    "a/#",
    "$SYS/x",
    "$",
    "%",
    "%41",
    "A",
    "\xc3\xa4",
    "\xc3\xa4/x",
    "\xff\xfe/y",
    " spaced",
    "a//b/x",
    "a",
    "plain",
    "x+y#z%/$",
};

static const char *const odd_prefixes[] = {
    "",  "a/b/", "a/b/wor",  "a/b/worker-1", "/lead", "/",  "+", "#", "$",
    "%", "\xc3", "\xc3\xa4", "\xff",         "a/#",   "x+", " ", "A", "nothing",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void test_prefix_receives_exactly_its_topics(void)
{
    struct test_node sender;
    test_node_new(&sender, "sender", broker.uri, NULL);
    test_node_start(&sender);
    for (size_t p = 0; p < COUNT(odd_prefixes); p++) {
        struct test_node receiver;
        test_node_new(&receiver, "receiver", broker.uri, NULL);
        test_node_watch(&receiver, odd_prefixes[p], MQC_MATCH_PREFIX);
        test_node_watch(&receiver, "zz/end", MQC_MATCH_PREFIX);
        test_node_start(&receiver);
        size_t expected = 1;
        for (size_t t = 0; t < COUNT(odd_topics); t++) {
            CHECK(test_node_say(&sender, odd_topics[t], "e", "x"));
            expected +=
                mqc_view_starts_with(mqc_view_text(odd_topics[t]), mqc_view_text(odd_prefixes[p]));
        }
        say_end(&sender, "zz/end");
        CHECK(test_node_wait_lines(&receiver, expected));
        CHECK_UNSIGNED(receiver.line_count, expected);
        for (size_t t = 0; t < COUNT(odd_topics); t++) {
            char line[100];
            (void)snprintf(line, sizeof line, "%s e x", odd_topics[t]);
            CHECK_UNSIGNED(
                test_node_count(&receiver, line),
                mqc_view_starts_with(mqc_view_text(odd_topics[t]), mqc_view_text(odd_prefixes[p])));
        }
        test_node_free(&receiver);
    }
    test_node_free(&sender);
}

static void test_level_match_does_not_see_longer_names(void)
{
    struct test_node sender;
    struct test_node receiver;
    test_node_new(&sender, "sender", broker.uri, NULL);
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    test_node_watch(&receiver, "zeek/cluster/node/worker-1", MQC_MATCH_LEVEL);
    test_node_start(&sender);
    test_node_start(&receiver);
    CHECK(test_node_say(&sender, "zeek/cluster/node/worker-10/", "e", "no"));
    CHECK(test_node_say(&sender, "zeek/cluster/node/worker-1/", "e", "yes"));
    CHECK(test_node_say(&sender, "zeek/cluster/node/worker-1", "e", "also"));
    /* Order holds within a topic only; so wait for both before counting. */
    CHECK(test_node_wait_lines(&receiver, 1));
    say_end(&sender, "zeek/cluster/node/worker-1/end");
    while (test_node_count(&receiver, "zeek/cluster/node/worker-1/end end end") == 0 ||
           test_node_count(&receiver, "zeek/cluster/node/worker-1 e also") == 0)
        (void)usleep(1000);
    CHECK_UNSIGNED(test_node_count(&receiver, "zeek/cluster/node/worker-10/ e no"), 0);
    struct mqc_stats stats;
    mqc_backend_stats(receiver.backend, &stats);
    CHECK_UNSIGNED(stats.unwanted_messages, 0);
    test_node_free(&sender);
    test_node_free(&receiver);
}

static void test_unsubscribe_one_of_two_leaves_the_other(void)
{
    struct test_node sender;
    struct test_node receiver;
    test_node_new(&sender, "sender", broker.uri, NULL);
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    test_node_watch(&receiver, "u/", MQC_MATCH_PREFIX);
    test_node_watch(&receiver, "u/v/", MQC_MATCH_PREFIX);
    test_node_start(&sender);
    test_node_start(&receiver);
    CHECK(test_node_say(&sender, "u/v/1", "e", "both"));
    CHECK(test_node_wait_lines(&receiver, 1));
    CHECK_INT(mqc_unsubscribe(receiver.backend, mqc_view_text("u/"), MQC_MATCH_PREFIX, NULL),
              MQC_OK);
    CHECK_INT(mqc_backend_wait_ready(receiver.backend, 60000), MQC_OK);
    CHECK(test_node_say(&sender, "u/w", "e", "gone"));
    CHECK(test_node_say(&sender, "u/v/2", "e", "stays"));
    CHECK(test_node_wait_lines(&receiver, 2));
    CHECK_UNSIGNED(test_node_count(&receiver, "u/v/2 e stays"), 1);
    CHECK_UNSIGNED(test_node_count(&receiver, "u/w e gone"), 0);
    CHECK_INT(mqc_unsubscribe(receiver.backend, mqc_view_text("u/"), MQC_MATCH_PREFIX, NULL),
              MQC_ENOTFOUND);
    test_node_free(&sender);
    test_node_free(&receiver);
}

static void test_events_are_checked_on_both_sides(void)
{
    struct test_node sender;
    struct test_node receiver;
    test_node_new(&sender, "sender", broker.uri, NULL);
    const char *const strict[] = {"strict_events", "true", NULL};
    test_node_new(&receiver, "receiver", broker.uri, strict);
    CHECK_INT(mqc_declare_event(receiver.backend, "typed", "n: count", NULL), MQC_OK);
    CHECK_INT(mqc_declare_event(receiver.backend, "end", "text: string", NULL), MQC_OK);
    test_node_watch(&receiver, "t/", MQC_MATCH_PREFIX);
    test_node_start(&sender);
    test_node_start(&receiver);
    CHECK(test_node_say(&sender, "t/", "typed", "a string"));
    CHECK(test_node_say(&sender, "t/", "unheard_of", "x"));
    say_end(&sender, "t/");
    CHECK(test_node_wait_lines(&receiver, 1));
    CHECK(test_node_wait_error(&receiver, "event_mismatch"));
    CHECK_CONTAINS(receiver.errors[0], "argument 1 (n): got string, expected count");
    struct mqc_stats stats;
    mqc_backend_stats(receiver.backend, &stats);
    CHECK_UNSIGNED(stats.mismatched_events, 2);
    CHECK_UNSIGNED(stats.received_events, 1);
    CHECK(!test_node_say(&receiver, "t/", "typed", "a string"));
    CHECK(!test_node_say(&receiver, "t/", "unheard_of", "a string"));
    test_node_free(&sender);
    test_node_free(&receiver);
}

static void run_or_fail(const char *command)
{
    /* NOLINTNEXTLINE(cert-env33-c): the words are the test's own */
    if (system(command) != 0)
        (void)fprintf(stderr, "failed: %s\n", command);
}

static void test_compressed_batches_reach_nodes_of_both_protocols(void)
{
    enum { EVENTS = 3000 };
    static const char *const compressed[] = {"delivery.compression", "zstd", NULL};
    const char *const *const protocols[] = {only_5, only_311};
    struct test_node receivers[2];
    struct test_node sender;
    for (size_t i = 0; i < 2; i++) {
        test_node_new(&receivers[i], i == 0 ? "five" : "three", broker.uri, protocols[i]);
        test_node_watch(&receivers[i], "z/", MQC_MATCH_PREFIX);
        test_node_start(&receivers[i]);
    }
    test_node_new(&sender, "sender", broker.uri, compressed);
    test_node_start(&sender);
    for (int i = 0; i < EVENTS; i++) {
        char text[60];
        (void)snprintf(text, sizeof text, "the same words around a number, %d", i);
        CHECK(test_node_say(&sender, "z/1", "e", text));
    }
    for (size_t i = 0; i < 2; i++) {
        CHECK(test_node_wait_lines(&receivers[i], EVENTS));
        CHECK_UNSIGNED(receivers[i].line_count, EVENTS);
        CHECK_TEXT(receivers[i].lines[EVENTS - 1], "z/1 e the same words around a number, 2999");
        test_node_free(&receivers[i]);
    }
    test_node_free(&sender);
}

/* The gap in the numbers is seen all the same. */
static void test_unknown_compression_is_reported(void)
{
    struct test_node receiver;
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    test_node_watch(&receiver, "z/", MQC_MATCH_PREFIX);
    test_node_start(&receiver);
    /* An event each: of number 1, of number 2 and compressed in a way yet to come, of number 3. */
    static const char *const payloads[] = {"\\n\\001i\\030\\001\\040\\001*\\003\\n\\001e",
                                           "\\n\\001i\\030\\002\\060\\011:\\003xyz",
                                           "\\n\\001i\\030\\003*\\003\\n\\001f"};
    for (size_t i = 0; i < COUNT(payloads); i++) {
        char command[200];
        (void)snprintf(command, sizeof command,
                       "printf '%s' | mosquitto_pub -h 127.0.0.1 -p %d -q 1 -s -t "
                       "mqcluster/test/event/z/2",
                       payloads[i], broker.port);
        run_or_fail(command);
    }
    CHECK(test_node_wait_lines(&receiver, 2));
    CHECK(test_node_wait_error(&receiver, "malformed_payload"));
    CHECK(test_node_wait_error(&receiver, "events_missing"));
    CHECK_UNSIGNED(test_node_count(&receiver, "z/2 e"), 1);
    CHECK_UNSIGNED(test_node_count(&receiver, "z/2 f"), 1);
    bool is_named = false;
    for (size_t i = 0; i < receiver.error_count; i++)
        is_named = is_named || strstr(receiver.errors[i], "number 9, that this version") != NULL;
    CHECK(is_named);
    test_node_free(&receiver);
}

static void test_json_and_garbage_from_mosquitto_pub(void)
{
    struct test_node receiver;
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    CHECK_INT(mqc_declare_event(receiver.backend, "typed", "a: string, n: count", NULL), MQC_OK);
    test_node_watch(&receiver, "j/", MQC_MATCH_PREFIX);
    test_node_start(&receiver);
    char command[1000];
    const char *const payloads[] = {
        "-V 5 -D publish content-type application/json -m "
        "'{\"event\":\"typed\",\"args\":[\"x\",5]}'",
        "-V 5 -D publish content-type application/json -m "
        "'{\"type\":\"data-message\",\"topic\":\"j/1\",\"@data-type\":\"vector\",\"data\":["
        "{\"@data-type\":\"count\",\"data\":1},{\"@data-type\":\"count\",\"data\":1},"
        "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"string\",\"data\":\"typed\"},"
        "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"string\",\"data\":\"y\"},"
        "{\"@data-type\":\"count\",\"data\":6}]}]}]}'",
        "-V 311 -m '{\"event\":\"typed\",\"args\":[\"z\",7]}'",
        "-V 5 -m 'garbage'",
        "-V 5 -n",
        "-V 5 -D publish content-type application/json -m '{\"event\":'",
        "-V 5 -D publish content-type application/json -m '{\"event\":\"last\"}'",
    };
    for (size_t i = 0; i < COUNT(payloads); i++) {
        (void)snprintf(command, sizeof command,
                       "mosquitto_pub -h 127.0.0.1 -p %d -q 1 -t mqcluster/test/event/j/1 %s",
                       broker.port, payloads[i]);
        run_or_fail(command);
    }
    CHECK(test_node_wait_lines(&receiver, 4));
    CHECK(test_node_wait_error(&receiver, "malformed_payload"));
    CHECK_UNSIGNED(test_node_count(&receiver, "j/1 typed x 5"), 1);
    CHECK_UNSIGNED(test_node_count(&receiver, "j/1 typed y 6"), 1);
    CHECK_UNSIGNED(test_node_count(&receiver, "j/1 typed z 7"), 1);
    CHECK_UNSIGNED(test_node_count(&receiver, "j/1 last"), 1);
    struct mqc_stats stats;
    mqc_backend_stats(receiver.backend, &stats);
    CHECK_UNSIGNED(stats.malformed_messages, 2);
    test_node_free(&receiver);
}

static void test_process_runs_handlers_in_the_applications_loop(void)
{
    struct test_node sender;
    struct test_node receiver;
    test_node_new(&sender, "sender", broker.uri, NULL);
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    const int fd = mqc_backend_fd(receiver.backend);
    REQUIRE(fd >= 0);
    test_node_watch(&receiver, "p/", MQC_MATCH_PREFIX);
    test_node_start(&sender);
    CHECK_INT(mqc_backend_fd(sender.backend), -1);
    CHECK_UNSIGNED(mqc_backend_process(sender.backend, 0), 0);
    test_node_start(&receiver);
    for (int i = 0; i < 10; i++)
        CHECK(test_node_say(&sender, "p/", "e", "x"));
    CHECK_INT(mqc_backend_flush(sender.backend, 60000), MQC_OK);
    for (int i = 0; i < 1000 && receiver.line_count < 10; i++) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        (void)poll(&poll_fd, 1, 1000);
        (void)mqc_backend_process(receiver.backend, 1);
    }
    CHECK_UNSIGNED(receiver.line_count, 10);
    test_node_free(&sender);
    test_node_free(&receiver);
}

/* Answers each event with another one, from inside the handler. */
static void answer(void *context, const struct mqc_message *message)
{
    struct test_node *node = context;
    (void)message;
    CHECK(test_node_say(node, "pong/", "pong", "x"));
    CHECK_UNSIGNED(mqc_backend_close(node->backend, 0), 0);
    CHECK_INT(mqc_backend_flush(node->backend, 10), MQC_EINVAL);
}

static void test_publish_from_inside_a_handler_works(void)
{
    struct test_node sender;
    struct test_node receiver;
    test_node_new(&sender, "sender", broker.uri, NULL);
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    CHECK_INT(mqc_on_event(receiver.backend, "ping", answer, &receiver, NULL), MQC_OK);
    CHECK_INT(mqc_subscribe(receiver.backend, mqc_view_text("ping/"), MQC_MATCH_PREFIX, NULL),
              MQC_OK);
    test_node_watch(&sender, "pong/", MQC_MATCH_PREFIX);
    test_node_start(&sender);
    test_node_start(&receiver);
    for (int i = 0; i < 100; i++)
        CHECK(test_node_say(&sender, "ping/", "ping", "x"));
    CHECK(test_node_wait_lines(&sender, 100));
    test_node_free(&sender);
    test_node_free(&receiver);
}

static void ignore_error(void *context, const char *tag, const char *message)
{
    (void)context;
    (void)tag;
    (void)message;
}

/* Calls, while the backend closes, what takes its lock. */
static void call_back(void *context, const struct mqc_message *message)
{
    struct test_node *node = context;
    (void)usleep(20000);
    CHECK_INT(mqc_on_error(node->backend, ignore_error, NULL), MQC_EEXIST);
    CHECK_INT(mqc_backend_init(node->backend, NULL, NULL) == MQC_OK, 0);
    (void)mqc_backend_fd(node->backend);
    test_node_record(context, message);
}

static void close_with_handlers_running(bool is_polled)
{
    struct test_node sender;
    struct test_node receiver;
    test_node_new(&sender, "sender", broker.uri, NULL);
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    if (is_polled)
        CHECK(mqc_backend_fd(receiver.backend) >= 0);
    CHECK_INT(mqc_on_event(receiver.backend, "e", call_back, &receiver, NULL), MQC_OK);
    CHECK_INT(mqc_subscribe(receiver.backend, mqc_view_text("c/"), MQC_MATCH_PREFIX, NULL), MQC_OK);
    test_node_start(&sender);
    test_node_start(&receiver);
    for (int i = 0; i < 20; i++)
        CHECK(test_node_say(&sender, "c/", "e", "x"));
    CHECK_INT(mqc_backend_flush(sender.backend, 60000), MQC_OK);
    struct mqc_stats stats = {0};
    while (stats.inbox_messages + stats.received_events == 0) {
        (void)usleep(1000);
        mqc_backend_stats(receiver.backend, &stats);
    }
    CHECK_UNSIGNED(mqc_backend_close(receiver.backend, 1000), 0);
    const size_t handled = receiver.line_count;
    CHECK(handled > 0);
    CHECK_UNSIGNED(mqc_backend_process(receiver.backend, 0), 0);
    CHECK_UNSIGNED(receiver.line_count, handled);
    CHECK_INT(mqc_subscribe(receiver.backend, mqc_view_text("d/"), MQC_MATCH_PREFIX, NULL),
              MQC_ECLOSED);
    test_node_free(&sender);
    test_node_free(&receiver);
}

static void test_close_handles_what_has_arrived_and_does_not_lock_up(void)
{
    close_with_handlers_running(false);
    close_with_handlers_running(true);
}

/* What is wanted again right after it was not is there when the node says that it is ready. */
static void test_subscribe_right_after_unsubscribe_takes_effect(void)
{
    struct test_node sender;
    struct test_node receiver;
    test_node_new(&sender, "sender", broker.uri, NULL);
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    test_node_watch(&receiver, "q/", MQC_MATCH_PREFIX);
    test_node_start(&sender);
    test_node_start(&receiver);
    const struct mqc_view prefix = mqc_view_text("q/");
    for (size_t i = 0; i < 50; i++) {
        CHECK_INT(mqc_unsubscribe(receiver.backend, prefix, MQC_MATCH_PREFIX, NULL), MQC_OK);
        (void)usleep((unsigned)(i % 5) * 100);
        CHECK_INT(mqc_subscribe(receiver.backend, prefix, MQC_MATCH_PREFIX, NULL), MQC_OK);
        CHECK_INT(mqc_backend_wait_ready(receiver.backend, 60000), MQC_OK);
        CHECK(test_node_say(&sender, "q/", "e", "x"));
        REQUIRE(test_node_wait_lines(&receiver, i + 1));
    }
    CHECK_UNSIGNED(test_node_count_errors(&receiver, "events_missing"), 0);
    test_node_free(&sender);
    test_node_free(&receiver);
}

#define THREADS 4
#define EVENTS_PER_THREAD 2000

struct talker {
    struct test_node *node;
    int number;
};

static void *talk(void *context)
{
    const struct talker *talker = context;
    char topic[20];
    (void)snprintf(topic, sizeof topic, "th/%d", talker->number);
    for (uint64_t i = 0; i < EVENTS_PER_THREAD; i++) {
        const struct mqc_value args[] = {mqc_count(i)};
        struct mqc_event event;
        CHECK_INT(mqc_make_event(talker->node->backend, "n", args, 1, &event, NULL), MQC_OK);
        while (!mqc_publish(talker->node->backend, mqc_view_text(topic), &event, NULL))
            (void)usleep(1000);
    }
    return NULL;
}

static void test_publish_from_threads_keeps_the_order_of_each(void)
{
    struct test_node sender;
    struct test_node receiver;
    test_node_new(&sender, "sender", broker.uri, NULL);
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    test_node_watch(&receiver, "th/", MQC_MATCH_PREFIX);
    test_node_start(&sender);
    test_node_start(&receiver);
    pthread_t threads[THREADS];
    struct talker talkers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        talkers[i] = (struct talker){&sender, i};
        REQUIRE(pthread_create(&threads[i], NULL, talk, &talkers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK(test_node_wait_lines(&receiver, (size_t)THREADS * EVENTS_PER_THREAD));
    unsigned next[THREADS] = {0};
    for (size_t i = 0; i < receiver.line_count; i++) {
        /* "th/THREAD n NUMBER" */
        char *rest = NULL;
        const unsigned long thread = strtoul(receiver.lines[i] + 3, &rest, 10);
        REQUIRE(thread < THREADS && strncmp(rest, " n ", 3) == 0);
        CHECK_UNSIGNED(strtoul(rest + 3, NULL, 10), next[thread]++);
    }
    CHECK_UNSIGNED(receiver.line_count, (size_t)THREADS * EVENTS_PER_THREAD);
    test_node_free(&sender);
    test_node_free(&receiver);
}

static void test_close_without_a_broker_counts_what_is_left(void)
{
    struct test_node sender;
    test_node_new(&sender, "sender", "mqtt://127.0.0.1:1", NULL);
    struct mqc_error_info info;
    CHECK(!test_node_say(&sender, "t", "e", "x"));
    const struct mqc_event event = {.name = mqc_view_text("e")};
    CHECK(!mqc_publish(sender.backend, mqc_view_text("t"), &event, &info));
    CHECK_INT(info.code, MQC_ENOTINIT);
    CHECK_INT(mqc_backend_init(sender.backend, "my-id", &info), MQC_OK);
    CHECK_TEXT(mqc_backend_node_id(sender.backend), "my-id");
    CHECK_INT(mqc_backend_init(sender.backend, "my-id", &info), MQC_EEXIST);
    CHECK(test_node_say(&sender, "t", "e", "x"));
    CHECK(test_node_say(&sender, "t", "e", "y"));
    CHECK_INT(mqc_backend_wait_ready(sender.backend, 20), MQC_ETIMEOUT);
    CHECK_INT(mqc_backend_flush(sender.backend, 20), MQC_ETIMEOUT);
    CHECK(test_node_wait_error(&sender, "connect_failed"));
    CHECK_UNSIGNED(mqc_backend_close(sender.backend, 20), 2);
    CHECK_UNSIGNED(mqc_backend_close(sender.backend, 20), 0);
    CHECK(!mqc_publish(sender.backend, mqc_view_text("t"), &event, &info));
    CHECK_INT(info.code, MQC_ECLOSED);
    struct mqc_stats stats;
    mqc_backend_stats(sender.backend, &stats);
    CHECK_UNSIGNED(stats.published_events, 2);
    CHECK_UNSIGNED(stats.dropped_events, 2);
    CHECK_INT(mqc_backend_state(sender.backend), MQC_STATE_CLOSED);
    test_node_free(&sender);
}

/* A full outbox says so, and nothing that was accepted before is harmed. */
static void test_publish_into_a_full_outbox_is_refused(void)
{
    struct test_node sender;
    const char *const small[] = {"delivery.outbox_events", "10", "delivery.batch_events", "10",
                                 NULL};
    test_node_new(&sender, "sender", "mqtt://127.0.0.1:1", small);
    CHECK_INT(mqc_backend_init(sender.backend, NULL, NULL), MQC_OK);
    for (int i = 0; i < 10; i++)
        CHECK(test_node_say(&sender, "t", "e", "x"));
    const struct mqc_event event = {.name = mqc_view_text("e")};
    struct mqc_error_info info;
    CHECK(!mqc_publish(sender.backend, mqc_view_text("t"), &event, &info));
    CHECK_INT(info.code, MQC_EFULL);
    CHECK(test_node_wait_error(&sender, "outbox_overflow"));
    struct mqc_stats stats;
    mqc_backend_stats(sender.backend, &stats);
    CHECK_UNSIGNED(stats.refused_events, 1);
    CHECK_UNSIGNED(stats.outbox_events, 10);
    test_node_free(&sender);
}

static void test_publish_bad_topics_is_refused(void)
{
    struct test_node sender;
    test_node_new(&sender, "sender", broker.uri, NULL);
    test_node_start(&sender);
    char *large = malloc(70001);
    REQUIRE(large != NULL);
    memset(large, 'a', 70000);
    large[70000] = '\0';
    const struct mqc_event event = {.name = mqc_view_text("e")};
    struct mqc_error_info info;
    CHECK(!mqc_publish(sender.backend, mqc_view_text(large), &event, &info));
    CHECK_INT(info.code, MQC_ETOPIC);
    CHECK_INT(mqc_subscribe(sender.backend, mqc_view_text(large), MQC_MATCH_PREFIX, &info), MQC_OK);
    memset(large, '/', 300);
    large[300] = '\0';
    CHECK(!mqc_publish(sender.backend, mqc_view_text(large), &event, &info));
    CHECK_INT(info.code, MQC_ETOPIC);
    CHECK_CONTAINS(info.text, "200");
    free(large);
    test_node_free(&sender);
}

static void test_two_nodes_of_one_name_one_gives_way(void)
{
    struct test_node first;
    struct test_node second;
    test_node_new(&first, "twin", broker.uri, only_5);
    test_node_new(&second, "twin", broker.uri, only_5);
    test_node_start(&first);
    CHECK_INT(mqc_backend_init(second.backend, NULL, NULL), MQC_OK);
    while (mqc_backend_state(first.backend) != MQC_STATE_TAKEN &&
           mqc_backend_state(second.backend) != MQC_STATE_TAKEN)
        (void)usleep(10000);
    const bool is_first = mqc_backend_state(first.backend) == MQC_STATE_TAKEN;
    struct test_node *taken = is_first ? &first : &second;
    struct test_node *stays = is_first ? &second : &first;
    CHECK(test_node_wait_error(taken, "duplicate_node"));
    const struct mqc_event event = {.name = mqc_view_text("e")};
    struct mqc_error_info info;
    CHECK(!mqc_publish(taken->backend, mqc_view_text("t"), &event, &info));
    CHECK_INT(info.code, MQC_ETAKEN);
    CHECK_INT(mqc_backend_wait_ready(taken->backend, 1000), MQC_ETAKEN);
    CHECK_INT(mqc_backend_wait_ready(stays->backend, 60000), MQC_OK);
    CHECK_UNSIGNED(test_node_count_errors(stays, "duplicate_node"), 0);
    test_node_free(&first);
    test_node_free(&second);
}

static void restart_under_load(const char *const protocol[])
{
    struct test_mosquitto own;
    REQUIRE(test_mosquitto_start(&own, "persistence false\n"));
    struct test_node sender;
    struct test_node receiver;
    test_node_new(&sender, "sender", own.uri, protocol);
    test_node_new(&receiver, "receiver", own.uri, protocol);
    test_node_watch(&receiver, "r/", MQC_MATCH_PREFIX);
    test_node_start(&sender);
    test_node_start(&receiver);
    uint64_t accepted = 0;
    for (int i = 0; i < 3000; i++) {
        if (i == 1000)
            REQUIRE(test_mosquitto_kill(&own));
        if (i == 2000)
            REQUIRE(test_mosquitto_restart(&own));
        accepted += test_node_say(&sender, "r/", "e", "x");
        (void)usleep(1000);
    }
    CHECK_INT(mqc_backend_wait_ready(receiver.backend, 60000), MQC_OK);
    CHECK_INT(mqc_backend_flush(sender.backend, 60000), MQC_OK);
    say_end(&sender, "r/");
    while (test_node_count(&receiver, "r/ end end") == 0)
        (void)usleep(10000);
    struct mqc_stats sent;
    struct mqc_stats got;
    mqc_backend_stats(sender.backend, &sent);
    mqc_backend_stats(receiver.backend, &got);
    CHECK_UNSIGNED(sent.published_events, accepted + 1);
    CHECK_UNSIGNED(sent.delivered_events + sent.dropped_events, accepted + 1);
    /* What a killed broker had acknowledged and not passed on is a gap that the receiver counts. */
    CHECK_UNSIGNED(got.received_events + got.missing_events + sent.dropped_events, accepted + 1);
    CHECK(sent.connects >= 2);
    CHECK_UNSIGNED(test_node_count(&receiver, "r/ e x") + 1, got.received_events);
    test_node_free(&sender);
    test_node_free(&receiver);
    test_mosquitto_stop(&own);
}

static void test_broker_killed_with_mqtt_5_loses_nothing_silently(void)
{
    restart_under_load(only_5);
}

static void test_broker_killed_with_mqtt_311_loses_nothing_silently(void)
{
    restart_under_load(only_311);
}

/* Handles slowly, so that the inbox fills. */
static void handle_slowly(void *context, const struct mqc_message *message)
{
    (void)usleep(2000);
    test_node_record(context, message);
}

static void test_slow_handler_holds_back_and_loses_nothing(void)
{
    struct test_node sender;
    struct test_node receiver;
    const char *const small[] = {"delivery.inbox_messages", "4", NULL};
    const char *const single[] = {"delivery.batch_events", "1", NULL};
    test_node_new(&sender, "sender", broker.uri, single);
    test_node_new(&receiver, "receiver", broker.uri, small);
    CHECK_INT(mqc_on_prefix(receiver.backend, mqc_view_text("s/"), handle_slowly, &receiver, NULL),
              MQC_OK);
    CHECK_INT(mqc_subscribe(receiver.backend, mqc_view_text("s/"), MQC_MATCH_PREFIX, NULL), MQC_OK);
    test_node_start(&sender);
    test_node_start(&receiver);
    for (int i = 0; i < 500; i++)
        CHECK(test_node_say(&sender, "s/", "e", "x"));
    size_t most = 0;
    while (test_node_count(&receiver, "s/ e x") < 500) {
        struct mqc_stats stats;
        mqc_backend_stats(receiver.backend, &stats);
        most = stats.inbox_messages > most ? stats.inbox_messages : most;
        (void)usleep(5000);
    }
    CHECK(most <= 4);
    test_node_free(&sender);
    test_node_free(&receiver);
}

int main(void)
{
    if (!test_mosquitto_start(&broker, "")) {
        (void)fprintf(stderr, "mosquitto cannot be started: is it installed?\n");
        return EXIT_FAILURE;
    }
    CU_TestInfo tests[] = {
        {"publish_with_mqtt_5_reaches_subscribers_once",
         test_publish_with_mqtt_5_reaches_subscribers_once},
        {"publish_with_mqtt_311_reaches_subscribers_once",
         test_publish_with_mqtt_311_reaches_subscribers_once},
        {"prefix_receives_exactly_its_topics", test_prefix_receives_exactly_its_topics},
        {"level_match_does_not_see_longer_names", test_level_match_does_not_see_longer_names},
        {"unsubscribe_one_of_two_leaves_the_other", test_unsubscribe_one_of_two_leaves_the_other},
        {"events_are_checked_on_both_sides", test_events_are_checked_on_both_sides},
        {"compressed_batches_reach_nodes_of_both_protocols",
         test_compressed_batches_reach_nodes_of_both_protocols},
        {"unknown_compression_is_reported", test_unknown_compression_is_reported},
        {"json_and_garbage_from_mosquitto_pub", test_json_and_garbage_from_mosquitto_pub},
        {"process_runs_handlers_in_the_applications_loop",
         test_process_runs_handlers_in_the_applications_loop},
        {"publish_from_inside_a_handler_works", test_publish_from_inside_a_handler_works},
        {"close_handles_what_has_arrived_and_does_not_lock_up",
         test_close_handles_what_has_arrived_and_does_not_lock_up},
        {"subscribe_right_after_unsubscribe_takes_effect",
         test_subscribe_right_after_unsubscribe_takes_effect},
        {"publish_from_threads_keeps_the_order_of_each",
         test_publish_from_threads_keeps_the_order_of_each},
        {"close_without_a_broker_counts_what_is_left",
         test_close_without_a_broker_counts_what_is_left},
        {"publish_into_a_full_outbox_is_refused", test_publish_into_a_full_outbox_is_refused},
        {"publish_bad_topics_is_refused", test_publish_bad_topics_is_refused},
        {"two_nodes_of_one_name_one_gives_way", test_two_nodes_of_one_name_one_gives_way},
        {"broker_killed_with_mqtt_5_loses_nothing_silently",
         test_broker_killed_with_mqtt_5_loses_nothing_silently},
        {"broker_killed_with_mqtt_311_loses_nothing_silently",
         test_broker_killed_with_mqtt_311_loses_nothing_silently},
        {"slow_handler_holds_back_and_loses_nothing",
         test_slow_handler_holds_back_and_loses_nothing},
        CU_TEST_INFO_NULL,
    };
    const int status = suite_run("broker.backend", tests);
    test_mosquitto_stop(&broker);
    return status;
}
