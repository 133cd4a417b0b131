#include "support/mosquitto.h"
#include "support/node.h"
#include "support/suite.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
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

/* Seconds of a part that is short in the usual run, and long with MQC_TEST_LONG=1. */
static unsigned seconds(unsigned usual, unsigned full)
{
    return getenv("MQC_TEST_LONG") != NULL ? full : usual;
}

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t resident_kib(pid_t process)
{
    char path[40];
    char line[200];
    size_t kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtoul(line + 6, NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    return kib;
}

/* The sanitizers' own memory would hide the node's. */
static void check_memory(size_t grown_kib, size_t most_kib)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)grown_kib;
    (void)most_kib;
#else
    if (grown_kib > most_kib)
        (void)fprintf(stderr, "memory has grown by %zu KiB\n", grown_kib);
    CHECK(grown_kib <= most_kib);
#endif
}

/* Publishes a numbered event of about 100 bytes. */
static bool publish_number(struct test_node *node, const char *topic, uint64_t number)
{
    static const char filler[] = "0123456789012345678901234567890123456789012345678901234567890123";
    const struct mqc_value args[] = {mqc_count(number), mqc_string(mqc_view_text(filler))};
    const struct mqc_event event = {
        .name = mqc_view_text("numbered"), .args = args, .arg_count = 2};
    struct mqc_error_info info;
    const bool is_accepted = mqc_publish(node->backend, mqc_view_text(topic), &event, &info);
    CHECK(is_accepted || info.code == MQC_EFULL);
    return is_accepted;
}

/* A receiver of numbered events, each of which is to come once and in order. */
struct sequence {
    atomic_size_t count;
    atomic_size_t wrong;
};

static void check_number(void *context, const struct mqc_message *message)
{
    struct sequence *sequence = context;
    const size_t expected = atomic_fetch_add(&sequence->count, 1);
    if (message->event->args[0].as.count != expected)
        atomic_fetch_add(&sequence->wrong, 1);
}

/* The slow receiver is a process of its own, whose memory can be looked at. It writes a byte when
 * it is ready, and one for each event. */

#define SLOW_INBOX_BYTES "4MiB"
#define SLOW_INBOX_KIB 4096
/* What else grows with the first messages: message buffers, the decoder's, stacks. */
#define SLOW_SPARE_KIB 8192

static void handle_slowly(void *context, const struct mqc_message *message)
{
    (void)context;
    (void)message;
    (void)!write(STDOUT_FILENO, "e", 1);
    (void)usleep(10000);
}

static void run_slow_receiver(const char *uri)
{
    struct test_node node;
    const char *const settings[] = {"delivery.inbox_bytes", SLOW_INBOX_BYTES, NULL};
    test_node_new(&node, "slow", uri, settings);
    watch(&node, "n/", handle_slowly, NULL);
    test_node_start(&node);
    (void)!write(STDOUT_FILENO, "r", 1);
    for (;;)
        (void)pause();
}

struct slow {
    pid_t process;
    int output;
    size_t before_kib;
};

static bool start_slow(struct slow *slow)
{
    int ends[2];
    char byte;
    if (pipe(ends) != 0)
        return false;
    slow->process = fork();
    if (slow->process == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execl("/proc/self/exe", "test_broker_flow", "slow", broker.uri, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    slow->output = ends[0];
    const bool is_ready = slow->process > 0 && read(slow->output, &byte, 1) == 1;
    slow->before_kib = resident_kib(slow->process);
    return is_ready;
}

static size_t stop_slow(const struct slow *slow)
{
    int handled = 0;
    (void)ioctl(slow->output, FIONREAD, &handled);
    (void)kill(slow->process, SIGKILL);
    (void)waitpid(slow->process, NULL, 0);
    (void)close(slow->output);
    return (size_t)handled;
}

/* Publishes as fast as the other receiver takes it; returns how many. */
static uint64_t feed(struct test_node *sender, struct sequence *fast, const struct slow *slow)
{
    enum { AHEAD_MAX = 50000 };
    const double end_s = now_s() + seconds(3, 60);
    size_t most_kib = 0;
    uint64_t accepted = 0;
    while (now_s() < end_s) {
        for (int i = 0; i < 1000 && accepted < atomic_load(&fast->count) + AHEAD_MAX; i++)
            accepted += publish_number(sender, "n/", accepted) ? 1 : 0;
        const size_t now_kib = resident_kib(slow->process);
        most_kib = now_kib > most_kib ? now_kib : most_kib;
    }
    check_memory(most_kib - slow->before_kib, SLOW_INBOX_KIB + SLOW_SPARE_KIB);
    return accepted;
}

static void test_slow_receiver_stays_bounded_and_holds_up_nobody(void)
{
    struct test_node sender;
    struct test_node receiver;
    struct sequence fast = {0};
    struct slow slow = {0};
    const char *const settings[] = {"delivery.batch_events", "20", NULL};
    REQUIRE(start_slow(&slow));
    test_node_new(&sender, "sender", broker.uri, settings);
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    watch(&receiver, "n/", check_number, &fast);
    test_node_start(&sender);
    test_node_start(&receiver);
    const uint64_t accepted = feed(&sender, &fast, &slow);
    CHECK(await_count(&fast.count, accepted));
    CHECK_UNSIGNED(atomic_load(&fast.count), accepted);
    CHECK_UNSIGNED(atomic_load(&fast.wrong), 0);
    const size_t handled = stop_slow(&slow);
    CHECK(handled > 0 && handled < accepted / 10);
    test_node_free(&sender);
    test_node_free(&receiver);
}

#define OUTBOX_BYTES "8MiB"
#define OUTBOX_KIB 8192
/* Beside the outbox: what is in flight a second time, at Paho, and the receiver's share. */
#define STOPPED_SPARE_KIB 16384

/* Publishes at full speed while the broker stands still; returns the next number. */
static uint64_t publish_into_silence(struct test_node *sender, uint64_t number, size_t *refused_out)
{
    const double end_s = now_s() + seconds(3, 30);
    const size_t before_kib = resident_kib(getpid());
    size_t most_kib = before_kib;
    while (now_s() < end_s) {
        const bool is_accepted = publish_number(sender, "n/", number);
        number += is_accepted ? 1 : 0;
        *refused_out += is_accepted ? 0 : 1;
        if (!is_accepted)
            (void)usleep(1000);
        const size_t now_kib = *refused_out % 100 == 1 ? resident_kib(getpid()) : 0;
        most_kib = now_kib > most_kib ? now_kib : most_kib;
    }
    check_memory(most_kib - before_kib, OUTBOX_KIB + STOPPED_SPARE_KIB);
    return number;
}

static void test_broker_that_stands_still_loses_nothing_accepted(void)
{
    struct test_node sender;
    struct test_node receiver;
    struct sequence all = {0};
    struct mqc_stats stats;
    const char *const settings[] = {"delivery.outbox_bytes", OUTBOX_BYTES, "delivery.outbox_events",
                                    "1000000", NULL};
    test_node_new(&sender, "sender", broker.uri, settings);
    test_node_new(&receiver, "receiver", broker.uri, NULL);
    watch(&receiver, "n/", check_number, &all);
    test_node_start(&sender);
    test_node_start(&receiver);
    uint64_t accepted = 0;
    while (accepted < 20000)
        accepted += publish_number(&sender, "n/", accepted) ? 1 : 0;
    size_t refused = 0;
    REQUIRE(kill(broker.process, SIGSTOP) == 0);
    accepted = publish_into_silence(&sender, accepted, &refused);
    mqc_backend_stats(sender.backend, &stats);
    CHECK(stats.outbox_bytes <= (size_t)OUTBOX_KIB * 1024);
    REQUIRE(kill(broker.process, SIGCONT) == 0);
    CHECK(refused > 0);
    CHECK(test_node_wait_error(&sender, "outbox_overflow"));
    CHECK(await_count(&all.count, accepted));
    CHECK_INT(mqc_backend_flush(sender.backend, 60000), MQC_OK);
    CHECK_UNSIGNED(atomic_load(&all.count), accepted);
    CHECK_UNSIGNED(atomic_load(&all.wrong), 0);
    mqc_backend_stats(sender.backend, &stats);
    CHECK_UNSIGNED(stats.published_events, accepted);
    CHECK_UNSIGNED(stats.refused_events, refused);
    CHECK_UNSIGNED(stats.dropped_events, 0);
    test_node_free(&sender);
    test_node_free(&receiver);
}

/* The handler of one event takes longer than the node's lease. */
static void sleep_long(void *context, const struct mqc_message *message)
{
    atomic_size_t *count = context;
    (void)message;
    if (atomic_fetch_add(count, 1) == 0)
        (void)sleep(7);
}

static void test_node_with_a_long_handler_stays_up(void)
{
    static const char layout[] = "cluster: {name: test}\n"
                                 "nodes: {logger-1: {type: logger}, worker-1: {type: worker}}\n";
    struct test_node logger;
    struct test_node worker;
    atomic_size_t handled = 0;
    const char *const settings[] = {"delivery.inbox_messages",
                                    "1",
                                    "delivery.batch_events",
                                    "1",
                                    "cluster.lease",
                                    "3s",
                                    "broker.keep_alive",
                                    "5s",
                                    NULL};
    test_node_new_with(&logger, "logger-1", broker.uri, layout, settings);
    test_node_new_with(&worker, "worker-1", broker.uri, layout, settings);
    watch(&logger, "n/", sleep_long, &handled);
    test_node_watch_nodes(&worker, false);
    test_node_start(&logger);
    test_node_start(&worker);
    CHECK(test_node_wait_active(&worker, "logger", 1));
    for (uint64_t i = 0; i < 50; i++)
        CHECK(publish_number(&worker, "n/", i));
    CHECK(await_count(&handled, 50));
    struct mqc_stats stats;
    mqc_backend_stats(logger.backend, &stats);
    CHECK_UNSIGNED(stats.connects, 1);
    pthread_mutex_lock(&worker.mutex);
    for (size_t i = 0; i < worker.line_count; i++)
        CHECK(strstr(worker.lines[i], "node_down") == NULL);
    pthread_mutex_unlock(&worker.mutex);
    test_node_free(&worker);
    test_node_free(&logger);
}

int main(int argc, char *argv[])
{
    if (argc == 3 && strcmp(argv[1], "slow") == 0)
        run_slow_receiver(argv[2]);
    /* What waits for the receiver that is not slow must not be dropped. */
    if (!test_mosquitto_start(&broker, "max_queued_messages 20000\n")) {
        (void)fprintf(stderr, "mosquitto cannot be started: is it installed?\n");
        return EXIT_FAILURE;
    }
    CU_TestInfo tests[] = {
        {"urgent_event_passes_what_waits", test_urgent_event_passes_what_waits},
        {"slow_receiver_stays_bounded_and_holds_up_nobody",
         test_slow_receiver_stays_bounded_and_holds_up_nobody},
        {"broker_that_stands_still_loses_nothing_accepted",
         test_broker_that_stands_still_loses_nothing_accepted},
        {"node_with_a_long_handler_stays_up", test_node_with_a_long_handler_stays_up},
        CU_TEST_INFO_NULL,
    };
    const int status = suite_run("broker.flow", tests);
    test_mosquitto_stop(&broker);
    return status;
}
