#include "support/mosquitto.h"
#include "support/suite.h"
#include "unit/mqtt/recorder.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* A session and Mosquitto, undisturbed. */

/* Nobody listens there: whoever obeys it does not get through. */
#define PROXY "http://127.0.0.1:9"

static struct test_mosquitto mosquitto;
static const char *uris[1];

struct peer {
    struct recorder recorder;
    struct mqc__session *session;
};

static struct mqc__session_options options_for(const char *client_id,
                                               enum mqc__mqtt_version version)
{
    struct mqc__session_options options = test_session_options(uris, 1);
    options.client_id = client_id;
    options.version = version;
    return options;
}

static void open_peer(struct peer *peer, const struct mqc__session_options *options)
{
    recorder_init(&peer->recorder);
    peer->session = test_session_open(options, &peer->recorder, NULL);
}

static void open_ready(struct peer *peer, const char *client_id, enum mqc__mqtt_version version,
                       const char *filter)
{
    const struct mqc__session_options options = options_for(client_id, version);
    open_peer(peer, &options);
    if (filter != NULL)
        CHECK_INT(mqc__session_set_filters(peer->session, &filter, 1), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(peer->session, RECORDER_PATIENCE_MS), MQC_OK);
}

static void close_peer(struct peer *peer)
{
    CHECK_UNSIGNED(mqc__session_close(peer->session, RECORDER_PATIENCE_MS), 0);
    mqc__session_free(&peer->session);
    recorder_fini(&peer->recorder);
}

static void publish_numbers(struct peer *peer, const char *topic, enum mqc__qos qos, int count)
{
    for (int i = 1; i <= count; i++) {
        char event[20];
        (void)snprintf(event, sizeof event, "%d;", i);
        CHECK_INT(
            mqc__session_publish(peer->session, mqc_view_text(topic), qos, mqc_view_text(event)),
            MQC_OK);
    }
}

static void say(struct peer *peer, const char *topic, const char *event)
{
    CHECK_INT(test_session_publish(peer->session, topic, event), MQC_OK);
}

/* Waits until a message came on the topic. */
static bool wait_topic(struct peer *peer, const char *topic)
{
    size_t seen = 0;
    const size_t size = strlen(topic);
    for (;;) {
        pthread_mutex_lock(&peer->recorder.mutex);
        const size_t count = peer->recorder.message_count;
        bool is_found = false;
        for (; seen < count && !is_found; seen++)
            is_found = strncmp(peer->recorder.messages[seen], topic, size) == 0 &&
                       peer->recorder.messages[seen][size] == ' ';
        pthread_mutex_unlock(&peer->recorder.mutex);
        if (is_found)
            return true;
        if (!recorder_wait_messages(&peer->recorder, count + 1))
            return false;
    }
}

static void events_arrive_in_order(enum mqc__mqtt_version version)
{
    enum { COUNT = 3000 };
    struct peer sender;
    struct peer receiver;
    open_ready(&receiver, "receiver", version, "t/#");
    open_ready(&sender, "sender", version, NULL);
    publish_numbers(&sender, "t/1", MQC__QOS_1, COUNT);
    publish_numbers(&sender, "t/2", MQC__QOS_0, COUNT);
    CHECK_INT(mqc__session_flush(sender.session, RECORDER_PATIENCE_MS), MQC_OK);
    say(&sender, "t/end", "1;");
    CHECK(wait_topic(&receiver, "t/end"));
    size_t missing = 0;
    CHECK_UNSIGNED(recorder_receive(&receiver.recorder, "t/1", &missing), COUNT);
    CHECK_UNSIGNED(missing, 0);
    CHECK_UNSIGNED(recorder_receive(&receiver.recorder, "t/2", &missing), COUNT);
    CHECK_UNSIGNED(missing, 0);
    struct mqc__session_stats stats;
    mqc__session_stats(receiver.session, &stats);
    CHECK_UNSIGNED(stats.received_messages, recorder_count_messages(&receiver.recorder));
    CHECK_UNSIGNED(sender.recorder.error_count, 0);
    CHECK_UNSIGNED(receiver.recorder.error_count, 0);
    close_peer(&sender);
    close_peer(&receiver);
}

static void test_session_5_events_arrive_in_order(void)
{
    events_arrive_in_order(MQC__MQTT_5);
}

static void test_session_311_events_arrive_in_order(void)
{
    events_arrive_in_order(MQC__MQTT_311);
}

static void test_session_5_own_messages_do_not_come_back(void)
{
    struct peer peer;
    struct peer other;
    open_ready(&peer, "own", MQC__MQTT_AUTO, "o/#");
    open_ready(&other, "other", MQC__MQTT_AUTO, NULL);
    say(&peer, "o/mine", "1;");
    CHECK_INT(mqc__session_flush(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    say(&other, "o/theirs", "1;");
    CHECK(wait_topic(&peer, "o/theirs"));
    CHECK_UNSIGNED(recorder_count_messages(&peer.recorder), 1);
    close_peer(&peer);
    close_peer(&other);
}

static void test_session_more_topics_than_aliases_are_not_mixed_up(void)
{
    enum { TOPICS = 25, COUNT = 40 };
    struct peer sender;
    struct peer receiver;
    struct mqc__session_options options = options_for("sender", MQC__MQTT_5);
    options.uses_topic_aliases = true;
    options.batch_events_max = 1;
    open_ready(&receiver, "receiver", MQC__MQTT_5, "#");
    open_peer(&sender, &options);
    char topic[20];
    for (int i = 1; i <= COUNT * TOPICS; i++) {
        char event[32];
        /* Some topics are busy and some are not. */
        (void)snprintf(topic, sizeof topic, "topic/%d", (i * i) % TOPICS);
        (void)snprintf(event, sizeof event, "%s=", topic);
        say(&sender, topic, event);
    }
    say(&sender, "end/end", "1;");
    CHECK(wait_topic(&receiver, "end/end"));
    const size_t count = (size_t)COUNT * TOPICS;
    for (size_t i = 0; i < count && i < receiver.recorder.message_count; i++) {
        const char *payload = strchr(receiver.recorder.messages[i], ' ');
        char expected[64];
        (void)snprintf(expected, sizeof expected,
                       "%.*s=", (int)(payload - receiver.recorder.messages[i]),
                       receiver.recorder.messages[i]);
        CHECK_CONTAINS(payload, expected);
    }
    CHECK_UNSIGNED(receiver.recorder.message_count, count + 1);
    close_peer(&sender);
    close_peer(&receiver);
}

static void test_session_event_expiry_reaches_the_receiver(void)
{
    struct peer sender;
    struct peer receiver;
    struct mqc__session_options options = options_for("sender", MQC__MQTT_5);
    options.event_expiry_s = 3600;
    open_ready(&receiver, "receiver", MQC__MQTT_5, "t/#");
    open_peer(&sender, &options);
    say(&sender, "t/1", "1;");
    CHECK(recorder_wait_messages(&receiver.recorder, 1));
    CHECK(receiver.recorder.last_expiry_s > 3500 && receiver.recorder.last_expiry_s <= 3600);
    close_peer(&sender);
    close_peer(&receiver);
}

static void test_session_content_type_is_sent_with_5(void)
{
    char text[200];
    struct peer peer;
    open_ready(&peer, "typed", MQC__MQTT_5, NULL);
    (void)snprintf(text, sizeof text,
                   "timeout 60 mosquitto_sub -V 5 -p %d -t c/# -C 1 -F '%%t %%C'", mosquitto.port);
    /* NOLINTNEXTLINE(cert-env33-c): a fixed command */
    FILE *subscriber = popen(text, "r");
    REQUIRE(subscriber != NULL);
    struct pollfd has_ended = {.fd = fileno(subscriber), .events = POLLIN};
    /* Again and again: nothing tells when mosquitto_sub has subscribed. */
    do
        say(&peer, "c/1", "x;");
    while (poll(&has_ended, 1, 20) == 0);
    text[0] = '\0';
    CHECK(fgets(text, sizeof text, subscriber) != NULL);
    CHECK_CONTAINS(text, "c/1 application/x-protobuf; msg=mqcluster.v1.Envelope");
    CHECK_INT(pclose(subscriber), 0);
    close_peer(&peer);
}

static void filters_can_change(enum mqc__mqtt_version version)
{
    struct peer peer;
    struct peer other;
    const char *const both[] = {"f/a/#", "f/b/#"};
    open_ready(&other, "other", version, NULL);
    open_ready(&peer, "changing", version, "f/a/#");
    CHECK_INT(mqc__session_set_filters(peer.session, both, 2), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    say(&other, "f/a/1", "1;");
    say(&other, "f/b/1", "1;");
    CHECK(recorder_wait_messages(&peer.recorder, 2));
    CHECK_INT(mqc__session_set_filters(peer.session, &both[1], 1), MQC_OK);
    const char *const replaced[] = {"f/b/#", "f/c/#"};
    CHECK_INT(mqc__session_set_filters(peer.session, replaced, 2), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    /* What is published by the session that unsubscribes comes after that. */
    say(&peer, "f/go", "1;");
    CHECK_INT(mqc__session_flush(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    say(&other, "f/a/2", "1;");
    say(&other, "f/c/2", "1;");
    CHECK(wait_topic(&peer, "f/c/2"));
    CHECK_UNSIGNED(recorder_count_messages(&peer.recorder), 3);
    close_peer(&peer);
    close_peer(&other);
}

static void test_session_filters_can_change(void)
{
    filters_can_change(MQC__MQTT_5);
    filters_can_change(MQC__MQTT_311);
}

/* What an earlier start subscribed to, and what came for it, is not for this one. */
static void starts_anew(enum mqc__mqtt_version version)
{
    struct peer peer;
    struct peer other;
    struct mqc__session_options options = options_for("sleeper", version);
    options.session_expiry_s = 3600;
    const char *const filters[] = {"k/old/#", "k/new/#"};
    open_ready(&other, "other", version, NULL);
    for (int round = 0; round < 2; round++) {
        open_peer(&peer, &options);
        CHECK_INT(mqc__session_set_filters(peer.session, &filters[round], 1), MQC_OK);
        CHECK_INT(mqc__session_wait_ready(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
        if (round == 1) {
            say(&other, "k/old/now", "1;");
            say(&other, "k/new/now", "1;");
            CHECK(wait_topic(&peer, "k/new/now"));
            CHECK_UNSIGNED(recorder_count_messages(&peer.recorder), 1);
        }
        close_peer(&peer);
        say(&other, "k/old/meanwhile", "1;");
        CHECK_INT(mqc__session_flush(other.session, RECORDER_PATIENCE_MS), MQC_OK);
    }
    close_peer(&other);
}

static void test_session_new_start_gets_nothing_of_the_old(void)
{
    starts_anew(MQC__MQTT_5);
    starts_anew(MQC__MQTT_311);
}

static void test_session_large_events_pass(void)
{
    enum { SIZE = 3000000 };
    struct peer sender;
    struct peer receiver;
    struct mqc__session_options options = options_for("large", MQC__MQTT_5);
    options.batch_bytes_max = SIZE;
    open_ready(&receiver, "receiver", MQC__MQTT_5, "l/#");
    open_peer(&sender, &options);
    char *event = malloc(SIZE);
    REQUIRE(event != NULL);
    memset(event, 'x', SIZE);
    for (int i = 0; i < 3; i++)
        CHECK_INT(mqc__session_publish(sender.session, mqc_view_text("l/1"), MQC__QOS_1,
                                       mqc_view_bytes(event, SIZE)),
                  MQC_OK);
    CHECK_INT(mqc__session_flush(sender.session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK(recorder_wait_messages(&receiver.recorder, 3));
    for (size_t i = 0; i < 3; i++)
        CHECK_UNSIGNED(strlen(receiver.recorder.messages[i]), strlen("l/1 i/n/1/1|") + SIZE);
    free(event);
    close_peer(&sender);
    close_peer(&receiver);
}

static void test_session_blocked_owner_holds_back_and_close_waits_for_it(void)
{
    struct peer sender;
    struct peer receiver;
    open_ready(&sender, "sender", MQC__MQTT_5, NULL);
    open_ready(&receiver, "receiver", MQC__MQTT_5, "b/#");
    recorder_block(&receiver.recorder, true);
    for (int i = 0; i < 50; i++) {
        char topic[20];
        (void)snprintf(topic, sizeof topic, "b/%d", i);
        say(&sender, topic, "1;");
    }
    CHECK(recorder_wait_blocked(&receiver.recorder));
    CHECK_UNSIGNED(recorder_count_messages(&receiver.recorder), 1);
    recorder_block(&receiver.recorder, false);
    CHECK(recorder_wait_messages(&receiver.recorder, 50));
    close_peer(&receiver);
    close_peer(&sender);
}

/* Far longer than the broker waits for a packet, and than an acknowledgement may take. */
static void test_session_owner_blocked_for_long_keeps_the_connection(void)
{
    struct peer slow;
    struct peer sender;
    struct mqc__session_options options = options_for("slow", MQC__MQTT_AUTO);
    options.keep_alive_s = 1;
    options.presence =
        (struct mqc__session_presence){.topic = "node/slow", .content_type = "text/plain"};
    open_peer(&slow, &options);
    const char *filter = "t/#";
    CHECK_INT(mqc__session_set_filters(slow.session, &filter, 1), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(slow.session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_INT(mqc__session_announce(slow.session, mqc_view_text("here"), true), MQC_OK);
    open_ready(&sender, "sender", MQC__MQTT_AUTO, NULL);
    recorder_block(&slow.recorder, true);
    publish_numbers(&sender, "t/1", MQC__QOS_1, 100);
    CHECK(recorder_wait_blocked(&slow.recorder));
    say(&slow, "other", "1;");
    CHECK_INT(mqc__session_flush(slow.session, 5000), MQC_ETIMEOUT);
    recorder_block(&slow.recorder, false);
    CHECK_INT(mqc__session_flush(slow.session, RECORDER_PATIENCE_MS), MQC_OK);
    say(&sender, "t/end", "1;");
    CHECK(wait_topic(&slow, "t/end"));
    struct mqc__session_stats stats;
    mqc__session_stats(slow.session, &stats);
    CHECK_UNSIGNED(stats.connects, 1);
    CHECK_UNSIGNED(slow.recorder.error_count, 0);
    close_peer(&sender);
    close_peer(&slow);
}

static void test_session_several_uris_finds_the_one_that_answers(void)
{
    char dead[2][64];
    for (size_t i = 0; i < 2; i++)
        (void)snprintf(dead[i], sizeof dead[i], "mqtt://127.0.0.1:%u", (unsigned)test_free_port());
    const char *const some[] = {dead[0], dead[1], mosquitto.uri};
    struct mqc__session_options options = test_session_options(some, 3);
    struct peer peer;
    open_peer(&peer, &options);
    CHECK_INT(mqc__session_wait_ready(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(recorder_count_errors(&peer.recorder, "connect_failed"), 2);
    CHECK_CONTAINS(recorder_error(&peer.recorder, "connect_failed"), "connection refused");
    close_peer(&peer);
}

static void test_session_unknown_host_is_named(void)
{
    static const char *const unknown[] = {"mqtt://no-such-host.invalid"};
    struct mqc__session_options options = test_session_options(unknown, 1);
    struct peer peer;
    open_peer(&peer, &options);
    CHECK(recorder_wait_error(&peer.recorder, "resolve_failed"));
    const char *text = recorder_error(&peer.recorder, "resolve_failed");
    CHECK_CONTAINS(text, "broker mqtt://no-such-host.invalid: ");
    CHECK_CONTAINS(text, "name service");
    CHECK_INT(mqc__session_wait_ready(peer.session, 1), MQC_ETIMEOUT);
    close_peer(&peer);
}

static void test_session_sigpipe_and_proxy_are_harmless(void)
{
    struct sigaction now;
    REQUIRE(sigaction(SIGPIPE, NULL, &now) == 0);
    CHECK(now.sa_handler == SIG_DFL);
    CHECK_TEXT(getenv("http_proxy"), PROXY);
}

static void test_session_many_at_once_come_and_go(void)
{
    enum { COUNT = 4, ROUNDS = 3 };
    struct peer hub;
    struct peer peers[COUNT];
    open_ready(&hub, "hub", MQC__MQTT_5, "m/#");
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < COUNT; i++) {
            char id[20];
            (void)snprintf(id, sizeof id, "p%d", i);
            open_ready(&peers[i], id, i % 2 == 0 ? MQC__MQTT_5 : MQC__MQTT_311, "m/hub");
        }
        for (int i = 0; i < COUNT; i++)
            publish_numbers(&peers[i], "m/x", MQC__QOS_1, 50);
        say(&hub, "m/hub", "1;");
        for (int i = 0; i < COUNT; i++) {
            CHECK(wait_topic(&peers[i], "m/hub"));
            close_peer(&peers[i]);
        }
    }
    CHECK_UNSIGNED(hub.recorder.error_count, 0);
    close_peer(&hub);
}

int main(void)
{
    /* Paho from 1.3.14 on asks for the second before it looks at the first. */
    if (setenv("http_proxy", PROXY, 1) != 0 ||
        setenv("PAHO_C_CLIENT_USE_HTTP_PROXY", "TRUE", 1) != 0 ||
        !test_mosquitto_start(&mosquitto, "")) {
        (void)fprintf(stderr, "mosquitto cannot be started: is it installed?\n");
        return EXIT_FAILURE;
    }
    uris[0] = mosquitto.uri;
#define TEST(name) {#name, test_session_##name}
    CU_TestInfo tests[] = {
        TEST(5_events_arrive_in_order),
        TEST(311_events_arrive_in_order),
        TEST(5_own_messages_do_not_come_back),
        TEST(more_topics_than_aliases_are_not_mixed_up),
        TEST(event_expiry_reaches_the_receiver),
        TEST(content_type_is_sent_with_5),
        TEST(filters_can_change),
        TEST(new_start_gets_nothing_of_the_old),
        TEST(large_events_pass),
        TEST(blocked_owner_holds_back_and_close_waits_for_it),
        TEST(owner_blocked_for_long_keeps_the_connection),
        TEST(several_uris_finds_the_one_that_answers),
        TEST(unknown_host_is_named),
        TEST(sigpipe_and_proxy_are_harmless),
        TEST(many_at_once_come_and_go),
        CU_TEST_INFO_NULL,
    };
    const int status = suite_run("broker.session", tests);
    test_mosquitto_stop(&mosquitto);
    return status;
}
