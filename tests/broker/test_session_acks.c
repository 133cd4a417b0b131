/* Messages that are acknowledged only when they were handled: what a node has not handled when it
 * is killed, the broker sends again. */
#include "link/tls_source.h"
#include "support/certs.h"
#include "support/mosquitto.h"
#include "support/suite.h"
#include "unit/mqtt/envelope_double.h"
#include "unit/mqtt/recorder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ALL 200
#define HANDLED 100

static const char *program;
static struct test_certs certs;

struct peer {
    struct recorder recorder;
    struct mqc__session *session;
};

static void peer_open(struct peer *peer, const struct mqc__session_options *options)
{
    recorder_init(&peer->recorder);
    peer->recorder.keeps_acks = options->holds_acks;
    peer->session = test_session_open(options, &peer->recorder, NULL);
}

static void peer_close(struct peer *peer)
{
    mqc__session_free(&peer->session);
    recorder_fini(&peer->recorder);
}

static void handle(struct peer *peer, size_t index)
{
    mqc__session_handled(peer->session, recorder_ack(&peer->recorder, index));
}

static void subscribe(struct peer *peer)
{
    const char *const filter = "h/#";
    CHECK_INT(mqc__session_set_filters(peer->session, &filter, 1), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(peer->session, RECORDER_PATIENCE_MS), MQC_OK);
}

static void publish(struct peer *peer, const char *topic, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char event[20];
        (void)snprintf(event, sizeof event, "%d;", i);
        CHECK_INT(test_session_publish(peer->session, topic, event), MQC_OK);
    }
    CHECK_INT(mqc__session_flush(peer->session, RECORDER_PATIENCE_MS), MQC_OK);
}

static void sleep_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static struct mqc__session_options receiver_options(const char *const *uris,
                                                    enum mqc__mqtt_version version)
{
    struct mqc__session_options options = test_session_options(uris, 1);
    options.client_id = "receiver";
    options.session_expiry_s = 3600;
    options.version = version;
    options.holds_acks = true;
    return options;
}

static struct mqc__session_options sender_options(const char *const *uris)
{
    struct mqc__session_options options = test_session_options(uris, 1);
    options.client_id = "sender";
    options.batch_events_max = 1;
    return options;
}

/* The number of the event in a message that came, 0 if it is none of ours. */
static uint64_t number_of(struct peer *peer, size_t index)
{
    uint64_t number = 0;
    struct envelope_double envelope;
    pthread_mutex_lock(&peer->recorder.mutex);
    if (index < peer->recorder.message_count) {
        const char *payload = strchr(peer->recorder.messages[index], ' ') + 1;
        if (envelope_double_read(mqc_view_text(payload), &envelope))
            number = envelope.first_sequence;
    }
    pthread_mutex_unlock(&peer->recorder.mutex);
    return number;
}

static void check_numbers(struct peer *peer, size_t from_index, uint64_t first, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_UNSIGNED(number_of(peer, from_index + i), first + i);
}

static struct mqc__tls_source *trust(const char *ca_file)
{
    struct mqc__tls_source *source = NULL;
    const struct mqc__tls_options options = {.ca_file = ca_file};
    REQUIRE(mqc__tls_source_new(&options, &source, NULL) == MQC_OK);
    return source;
}

/* --- The node that is killed, a process of its own ---------------------------------------------
 */

static void say(char word)
{
    if (write(STDOUT_FILENO, &word, 1) != 1)
        _exit(1);
}

/* Arguments: URI, version, CA file or "", "holds" or "". Says 'r' when it has subscribed, and 'd'
 * when it has handled a part of the messages and the broker knows it. */
static int run_node(char **arguments)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char *const uris[] = {arguments[0]};
    struct mqc__session_options options =
        receiver_options(uris, strcmp(arguments[1], "5") == 0 ? MQC__MQTT_5 : MQC__MQTT_311);
    options.tls.source = arguments[2][0] != '\0' ? trust(arguments[2]) : NULL;
    options.holds_acks = arguments[3][0] != '\0';
    struct peer node;
    peer_open(&node, &options);
    subscribe(&node);
    say('r');
    if (!recorder_wait_messages(&node.recorder, ALL))
        return 1;
    /* In no order: what was handled goes out as far as there is no gap. */
    for (size_t i = 0; i < HANDLED; i++)
        handle(&node, i * 37 % HANDLED);
    /* The broker answers to it after it has read what was written before. */
    publish(&node, "done", 1, 1);
    say('d');
    for (;;)
        (void)pause();
}

/* Starts it; *output_out is what it says. */
static pid_t start_node(const char *uri, enum mqc__mqtt_version version, const char *ca_file,
                        bool holds, int *output_out)
{
    int pipes[2];
    REQUIRE(pipe(pipes) == 0);
    const char *arguments[] = {
        program, "--node", uri, version == MQC__MQTT_5 ? "5" : "311", ca_file, holds ? "holds" : "",
        NULL};
    const pid_t process = fork();
    if (process == 0) {
        (void)dup2(pipes[1], STDOUT_FILENO);
        (void)close(pipes[0]);
        (void)execv(program, (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    (void)close(pipes[1]);
    *output_out = pipes[0];
    return process;
}

static void expect_word(int output, char expected)
{
    char word = 0;
    CHECK_INT(read(output, &word, 1), 1);
    CHECK_INT(word, expected);
}

static void kill_node(pid_t process, int output)
{
    (void)kill(process, SIGKILL);
    (void)waitpid(process, NULL, 0);
    (void)close(output);
}

/* --- Tests with Mosquitto ----------------------------------------------------------------------
 */

/* One listener without TLS and one with. */
struct site {
    struct test_mosquitto mosquitto;
    char tls_uri[64];
};

static void site_start(struct site *site, const char *more)
{
    char config[1000];
    REQUIRE(test_mosquitto_prepare(&site->mosquitto));
    const unsigned tls_port = test_free_port();
    (void)snprintf(config, sizeof config,
                   "log_type all\nmax_queued_messages 0\n%s\n"
                   "listener %u 127.0.0.1\ncafile %s/ca.pem\ncertfile %s/server.pem\n"
                   "keyfile %s/server.key\n",
                   more, tls_port, certs.folder, certs.folder, certs.folder);
    (void)snprintf(site->tls_uri, sizeof site->tls_uri, "mqtts://127.0.0.1:%u", tls_port);
    REQUIRE(test_mosquitto_run(&site->mosquitto, config));
}

/* How many PUBLISH packets the broker has sent to the receiver with the DUP flag, by its log. */
static unsigned count_duplicates(const struct site *site)
{
    char path[160];
    char *text = NULL;
    size_t size = 0;
    unsigned count = 0;
    (void)snprintf(path, sizeof path, "%s/output.log", site->mosquitto.folder);
    REQUIRE(test_read_file(path, &text, &size));
    const char *at = text;
    while ((at = strstr(at, "Sending PUBLISH to receiver (d1, q1")) != NULL) {
        at++;
        count++;
    }
    free(text);
    return count;
}

/* Lets a node receive ALL messages and handle HANDLED of them, and kills it. */
static void run_and_kill(struct site *site, enum mqc__mqtt_version version, bool is_tls, bool holds)
{
    struct peer sender;
    int output = -1;
    const char *const plain_uris[] = {site->mosquitto.uri};
    const struct mqc__session_options sends = sender_options(plain_uris);
    const char *uri = is_tls ? site->tls_uri : site->mosquitto.uri;
    const char *ca_file = is_tls ? test_certs_file(&certs, "ca.pem") : "";
    const pid_t process = start_node(uri, version, ca_file, holds, &output);
    REQUIRE(process > 0);
    expect_word(output, 'r');
    peer_open(&sender, &sends);
    publish(&sender, "h/1", 1, ALL);
    expect_word(output, 'd');
    kill_node(process, output);
    peer_close(&sender);
}

static void killed_node(enum mqc__mqtt_version version, bool is_tls)
{
    struct site site;
    struct peer sender;
    struct peer node;
    site_start(&site, "max_inflight_messages 0");
    run_and_kill(&site, version, is_tls, true);
    CHECK_UNSIGNED(count_duplicates(&site), 0);
    const char *const uris[] = {is_tls ? site.tls_uri : site.mosquitto.uri};
    const char *const plain_uris[] = {site.mosquitto.uri};
    struct mqc__session_options options = receiver_options(uris, version);
    options.tls.source = is_tls ? trust(test_certs_file(&certs, "ca.pem")) : NULL;
    options.resumes = true;
    peer_open(&node, &options);
    CHECK(recorder_wait_messages(&node.recorder, ALL - HANDLED));
    CHECK(count_duplicates(&site) > 0);
    /* Something new comes behind them, and nothing else before. */
    const struct mqc__session_options sends = sender_options(plain_uris);
    peer_open(&sender, &sends);
    publish(&sender, "h/1", 1, 1);
    CHECK(recorder_wait_messages(&node.recorder, ALL - HANDLED + 1));
    check_numbers(&node, 0, HANDLED + 1, ALL - HANDLED);
    check_numbers(&node, ALL - HANDLED, 1, 1);
    for (size_t i = 0; i <= ALL - HANDLED; i++)
        handle(&node, i);
    peer_close(&node);
    /* All were handled now. */
    peer_open(&node, &options);
    subscribe(&node);
    publish(&sender, "h/1", 2, 2);
    CHECK(recorder_wait_messages(&node.recorder, 1));
    check_numbers(&node, 0, 2, 1);
    peer_close(&node);
    peer_close(&sender);
    mqc__tls_source_unref(&options.tls.source);
    test_mosquitto_stop(&site.mosquitto);
}

static void test_session_5_killed_node_gets_what_it_had_not_handled(void)
{
    killed_node(MQC__MQTT_5, false);
}

static void test_session_311_killed_node_gets_what_it_had_not_handled(void)
{
    killed_node(MQC__MQTT_311, false);
}

static void test_session_5_tls_killed_node_gets_what_it_had_not_handled(void)
{
    killed_node(MQC__MQTT_5, true);
}

static void test_session_311_tls_killed_node_gets_what_it_had_not_handled(void)
{
    killed_node(MQC__MQTT_311, true);
}

/* Shows that it is the holding that makes the difference. */
static void test_session_without_holding_a_killed_node_gets_nothing_again(void)
{
    struct site site;
    struct peer sender;
    struct peer node;
    site_start(&site, "max_inflight_messages 0");
    run_and_kill(&site, MQC__MQTT_5, false, false);
    const char *const uris[] = {site.mosquitto.uri};
    struct mqc__session_options options = receiver_options(uris, MQC__MQTT_5);
    options.resumes = true;
    peer_open(&node, &options);
    subscribe(&node);
    const struct mqc__session_options sends = sender_options(uris);
    peer_open(&sender, &sends);
    publish(&sender, "h/1", 1, 1);
    CHECK(recorder_wait_messages(&node.recorder, 1));
    check_numbers(&node, 0, 1, 1);
    peer_close(&node);
    peer_close(&sender);
    test_mosquitto_stop(&site.mosquitto);
}

/* The broker has 20 messages in flight and waits; each that is handled lets one more come. */
static void window(enum mqc__mqtt_version version)
{
    struct site site;
    struct peer sender;
    struct peer node;
    site_start(&site, "max_inflight_messages 20");
    const char *const uris[] = {site.mosquitto.uri};
    const struct mqc__session_options options = receiver_options(uris, version);
    const struct mqc__session_options sends = sender_options(uris);
    peer_open(&node, &options);
    subscribe(&node);
    peer_open(&sender, &sends);
    publish(&sender, "h/1", 1, 100);
    CHECK(recorder_wait_messages(&node.recorder, 20));
    sleep_ms(200);
    CHECK_UNSIGNED(recorder_count_messages(&node.recorder), 20);
    for (size_t i = 0; i < 100; i++) {
        handle(&node, i);
        CHECK(recorder_wait_messages(&node.recorder, i < 80 ? i + 21 : 100));
    }
    publish(&sender, "h/1", 101, 101);
    CHECK(recorder_wait_messages(&node.recorder, 101));
    check_numbers(&node, 0, 1, 101);
    peer_close(&node);
    peer_close(&sender);
    test_mosquitto_stop(&site.mosquitto);
}

static void test_session_unhandled_messages_hold_the_broker_back(void)
{
    window(MQC__MQTT_5);
    window(MQC__MQTT_311);
}

/* A node whose handlers take longer than the keep-alive time. */
static void slow_handlers(enum mqc__mqtt_version version)
{
    struct site site;
    struct peer sender;
    struct peer node;
    struct mqc__session_stats stats;
    site_start(&site, "");
    const char *const uris[] = {site.mosquitto.uri};
    struct mqc__session_options options = receiver_options(uris, version);
    const struct mqc__session_options sends = sender_options(uris);
    options.keep_alive_s = 1;
    options.presence = (struct mqc__session_presence){.topic = NULL};
    peer_open(&node, &options);
    subscribe(&node);
    mqc__session_stats(node.session, &stats);
    const uint64_t connects = stats.connects;
    peer_open(&sender, &sends);
    publish(&sender, "h/1", 1, 30);
    CHECK(recorder_wait_messages(&node.recorder, 20));
    sleep_ms(4000); /* the broker waits for a packet for 1.5 s (MQTT 5, 3.1.2.10) */
    for (size_t i = 0; i < 30; i++) {
        CHECK(recorder_wait_messages(&node.recorder, i + 1));
        handle(&node, i);
    }
    publish(&node, "done", 1, 1);
    mqc__session_stats(node.session, &stats);
    CHECK_UNSIGNED(stats.connects, connects);
    CHECK_UNSIGNED(node.recorder.error_count, 0);
    check_numbers(&node, 0, 1, 30);
    peer_close(&node);
    peer_close(&sender);
    test_mosquitto_stop(&site.mosquitto);
}

static void test_session_slow_handlers_keep_the_connection(void)
{
    slow_handlers(MQC__MQTT_5);
    slow_handlers(MQC__MQTT_311);
}

int main(int argc, char **argv)
{
#define TEST(name) {#name, test_session_##name}
    CU_TestInfo tests[] = {
        TEST(5_killed_node_gets_what_it_had_not_handled),
        TEST(311_killed_node_gets_what_it_had_not_handled),
        TEST(5_tls_killed_node_gets_what_it_had_not_handled),
        TEST(311_tls_killed_node_gets_what_it_had_not_handled),
        TEST(without_holding_a_killed_node_gets_nothing_again),
        TEST(unhandled_messages_hold_the_broker_back),
        TEST(slow_handlers_keep_the_connection),
        CU_TEST_INFO_NULL,
    };
    if (argc == 6 && strcmp(argv[1], "--node") == 0)
        return run_node(argv + 2);
    program = argv[0];
    if (!test_certs_make(&certs))
        return 1;
    const int status = suite_run("broker.session_acks", tests);
    test_certs_remove(&certs);
    return status;
}
