#include "support/mosquitto.h"
#include "support/node.h"
#include "support/suite.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Nodes that are faster, slower or more patient than the broker and each other. */

static struct test_mosquitto broker;

#define BULK_COUNT 100000
#define BULK_TOPICS 4

/* What a receiver has seen. */
struct seen {
    atomic_size_t bulk;
    atomic_size_t bulk_before_urgent; /* when the urgent one came; SIZE_MAX: it has not */
};

static void count_bulk(void *context, const struct mqc_message *message)
{
    struct seen *seen = context;
    (void)message;
    atomic_fetch_add(&seen->bulk, 1);
}

static void note_urgent(void *context, const struct mqc_message *message)
{
    struct seen *seen = context;
    (void)message;
    atomic_store(&seen->bulk_before_urgent, atomic_load(&seen->bulk));
}

static void watch(const struct test_node *node, const char *prefix, mqc_message_fn handler,
                  void *context)
{
    const struct mqc_view view = mqc_view_text(prefix);
    REQUIRE(mqc_on_prefix(node->backend, view, handler, context, NULL) == MQC_OK);
    REQUIRE(mqc_subscribe(node->backend, view, MQC_MATCH_PREFIX, NULL) == MQC_OK);
}

/* Waits until a counter has come so far; false after a generous time. */
static bool await_count(atomic_size_t *counter, size_t count)
{
    for (int i = 0; i < 12000 && atomic_load(counter) < count; i++)
        (void)usleep(10000);
    return atomic_load(counter) >= count;
}

static void fill_outbox(struct test_node *sender)
{
    for (int i = 0; i < BULK_COUNT; i++) {
        char topic[] = "bulk/0";
        topic[5] = (char)('0' + i % BULK_TOPICS);
        REQUIRE(test_node_say(sender, topic, "e", "what is not urgent"));
    }
}

static void test_urgent_event_passes_what_waits(void)
{
    struct test_node sender;
    struct test_node receiver;
    struct seen seen = {0};
    atomic_store(&seen.bulk_before_urgent, SIZE_MAX);
    const char *const settings[] = {"delivery.outbox_events", "200000", "delivery.batch_events",
                                    "10", NULL};
    test_node_new_with(&sender, "sender", broker.uri,
                       "cluster: {name: test}\ndelivery:\n  prefixes:\n"
                       "  - {prefix: alarm/, guarantee: broker, urgent: true}\n",
                       settings);
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    watch(&receiver, "bulk/", count_bulk, &seen);
    watch(&receiver, "alarm/", note_urgent, &seen);
    test_node_start(&sender);
    test_node_start(&receiver);
    REQUIRE(kill(broker.process, SIGSTOP) == 0);
    fill_outbox(&sender);
    CHECK(test_node_say(&sender, "alarm/fire", "e", "what is"));
    REQUIRE(kill(broker.process, SIGCONT) == 0);
    CHECK(await_count(&seen.bulk, BULK_COUNT));
    CHECK(atomic_load(&seen.bulk_before_urgent) < BULK_COUNT / 10);
    struct mqc_stats stats;
    mqc_backend_stats(receiver.backend, &stats);
    CHECK_UNSIGNED(stats.received_events, BULK_COUNT + 1);
    CHECK_UNSIGNED(stats.missing_events, 0);
    CHECK_UNSIGNED(stats.duplicate_events, 0);
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
        {"urgent_event_passes_what_waits", test_urgent_event_passes_what_waits},
        CU_TEST_INFO_NULL,
    };
    const int status = suite_run("broker.flow", tests);
    test_mosquitto_stop(&broker);
    return status;
}
