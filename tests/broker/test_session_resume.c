/* A node that goes on, at its start, with the session that the broker kept. */
#include "support/mosquitto.h"
#include "support/suite.h"
#include "unit/mqtt/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    struct recorder recorder;
    struct mqc__session *session;
};

static void peer_open(struct peer *peer, const struct mqc__session_options *options)
{
    recorder_init(&peer->recorder);
    peer->session = test_session_open(options, &peer->recorder, NULL);
}

static void peer_close(struct peer *peer)
{
    mqc__session_free(&peer->session);
    recorder_fini(&peer->recorder);
}

static struct mqc__session_options receiver_options(const char *const *uris,
                                                    enum mqc__mqtt_version version)
{
    struct mqc__session_options options = test_session_options(uris, 1);
    options.client_id = "receiver";
    options.session_expiry_s = 3600;
    options.version = version;
    options.holds_acks = true;
    options.resumes = true;
    return options;
}

static void subscribe(struct peer *peer, const char *const *filters, size_t count)
{
    CHECK_INT(mqc__session_set_filters(peer->session, filters, count), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(peer->session, RECORDER_PATIENCE_MS), MQC_OK);
}

/* Another client publishes events with the numbers on a topic. */
static void publish(const char *const *uris, const char *topic, int from, int to)
{
    struct peer sender;
    struct mqc__session_options options = test_session_options(uris, 1);
    options.client_id = "sender";
    options.batch_events_max = 1;
    peer_open(&sender, &options);
    for (int i = from; i <= to; i++) {
        char event[20];
        (void)snprintf(event, sizeof event, "%d;", i);
        CHECK_INT(test_session_publish(sender.session, topic, event), MQC_OK);
    }
    CHECK_INT(mqc__session_flush(sender.session, RECORDER_PATIENCE_MS), MQC_OK);
    peer_close(&sender);
}

static bool is_about(struct peer *peer, size_t index, const char *topic)
{
    const size_t size = strlen(topic);
    pthread_mutex_lock(&peer->recorder.mutex);
    const bool is_it = index < peer->recorder.message_count &&
                       strncmp(peer->recorder.messages[index], topic, size) == 0 &&
                       peer->recorder.messages[index][size] == ' ';
    pthread_mutex_unlock(&peer->recorder.mutex);
    return is_it;
}

static void check_received(struct peer *peer, const char *topic, size_t count)
{
    size_t missing = 0;
    CHECK_UNSIGNED(recorder_receive(&peer->recorder, topic, &missing), count);
    CHECK_UNSIGNED(missing, 0);
}

/* An earlier start of the node, which has subscribed to some filters. */
static void earlier_start(const struct mqc__session_options *options, const char *const *filters,
                          size_t count, const char *told)
{
    struct peer node;
    peer_open(&node, options);
    subscribe(&node, filters, count);
    CHECK(recorder_wait_last_filters(&node.recorder, told));
    peer_close(&node);
}

static void away(enum mqc__mqtt_version version)
{
    static const char *const both[] = {"a/#", "b/#"};
    struct test_mosquitto mosquitto;
    struct peer node;
    REQUIRE(test_mosquitto_start(&mosquitto, "max_queued_messages 0"));
    const char *const uris[] = {mosquitto.uri};
    struct mqc__session_options options = receiver_options(uris, version);
    earlier_start(&options, both, 2, "a/# b/# |");
    publish(uris, "a/1", 1, 150);
    options.stale_filters = both;
    options.stale_filter_count = 2;
    peer_open(&node, &options);
    CHECK(recorder_wait_messages(&node.recorder, 150));
    check_received(&node, "a/1", 150);
    subscribe(&node, both, 1);
    CHECK(recorder_wait_last_filters(&node.recorder, "a/# |"));
    /* Nothing comes for the filter that is not wanted any more. */
    publish(uris, "b/1", 1, 3);
    publish(uris, "a/2", 1, 1);
    CHECK(recorder_wait_messages(&node.recorder, 151));
    CHECK(is_about(&node, 150, "a/2"));
    peer_close(&node);
    test_mosquitto_stop(&mosquitto);
}

static void test_session_what_came_while_it_was_away_is_delivered(void)
{
    away(MQC__MQTT_5);
    away(MQC__MQTT_311);
}

/* Without the option a start is a new one. */
static void test_session_without_resuming_nothing_is_delivered(void)
{
    static const char *const filter[] = {"a/#"};
    struct test_mosquitto mosquitto;
    struct peer node;
    REQUIRE(test_mosquitto_start(&mosquitto, ""));
    const char *const uris[] = {mosquitto.uri};
    struct mqc__session_options options = receiver_options(uris, MQC__MQTT_5);
    earlier_start(&options, filter, 1, "a/# |");
    publish(uris, "a/1", 1, 10);
    options.resumes = false;
    peer_open(&node, &options);
    subscribe(&node, filter, 1);
    publish(uris, "a/2", 1, 1);
    CHECK(recorder_wait_messages(&node.recorder, 1));
    CHECK(is_about(&node, 0, "a/2"));
    peer_close(&node);
    test_mosquitto_stop(&mosquitto);
}

/* A new instance knows nothing of what the broker retains, though the broker knows its filter. */
static void retained(enum mqc__mqtt_version version)
{
    static const char *const filter[] = {"r/#"};
    struct test_mosquitto mosquitto;
    struct peer node;
    struct peer other;
    REQUIRE(test_mosquitto_start(&mosquitto, ""));
    const char *const uris[] = {mosquitto.uri};
    struct mqc__session_options options = test_session_options(uris, 1);
    options.client_id = "other";
    options.presence = (struct mqc__session_presence){.topic = "r/1", .content_type = "text"};
    peer_open(&other, &options);
    CHECK_INT(mqc__session_wait_ready(other.session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_INT(mqc__session_announce(other.session, mqc_view_text("here"), true), MQC_OK);
    options = receiver_options(uris, version);
    for (int start = 0; start < 3; start++) {
        peer_open(&node, &options);
        subscribe(&node, filter, 1);
        CHECK(recorder_wait_messages(&node.recorder, 1));
        CHECK(is_about(&node, 0, "r/1"));
        peer_close(&node);
        options.stale_filters = filter;
        options.stale_filter_count = 1;
    }
    peer_close(&other);
    test_mosquitto_stop(&mosquitto);
}

static void test_session_what_is_retained_comes_at_every_start(void)
{
    retained(MQC__MQTT_5);
    retained(MQC__MQTT_311);
}

/* The broker is ended and started again while the node is away. */
static void broker_restart(enum mqc__mqtt_version version)
{
    static const char *const filters[] = {"a/#", "b/#"};
    struct test_mosquitto mosquitto;
    struct peer node;
    REQUIRE(test_mosquitto_start(&mosquitto, "persistence true\npersistence_location @DIR@/\n"
                                             "max_queued_messages 0"));
    const char *const uris[] = {mosquitto.uri};
    struct mqc__session_options options = receiver_options(uris, version);
    earlier_start(&options, filters, 2, "a/# b/# |");
    publish(uris, "a/1", 1, 100);
    CHECK(test_mosquitto_end(&mosquitto));
    REQUIRE(test_mosquitto_restart(&mosquitto));
    options.stale_filters = filters;
    options.stale_filter_count = 2;
    peer_open(&node, &options);
    subscribe(&node, filters, 1);
    CHECK(recorder_wait_last_filters(&node.recorder, "a/# |"));
    publish(uris, "b/1", 1, 1);
    publish(uris, "a/2", 1, 1);
    CHECK(recorder_wait_messages(&node.recorder, 101));
    check_received(&node, "a/1", 100);
    CHECK(is_about(&node, 100, "a/2"));
    peer_close(&node);
    test_mosquitto_stop(&mosquitto);
}

static void test_session_goes_on_over_a_restart_of_the_broker(void)
{
    broker_restart(MQC__MQTT_5);
    broker_restart(MQC__MQTT_311);
}

/* The broker has lost what it kept: a session begins, as it would without the option. */
static void test_session_that_the_broker_has_lost_begins_anew(void)
{
    static const char *const filters[] = {"a/#", "b/#"};
    struct test_mosquitto mosquitto;
    struct peer node;
    REQUIRE(test_mosquitto_start(&mosquitto, ""));
    const char *const uris[] = {mosquitto.uri};
    struct mqc__session_options options = receiver_options(uris, MQC__MQTT_5);
    earlier_start(&options, filters, 2, "a/# b/# |");
    CHECK(test_mosquitto_kill(&mosquitto));
    REQUIRE(test_mosquitto_restart(&mosquitto));
    options.stale_filters = filters;
    options.stale_filter_count = 2;
    peer_open(&node, &options);
    subscribe(&node, filters, 1);
    CHECK(recorder_wait_last_filters(&node.recorder, "a/# |"));
    publish(uris, "a/1", 1, 1);
    CHECK(recorder_wait_messages(&node.recorder, 1));
    CHECK_UNSIGNED(node.recorder.error_count, 0);
    peer_close(&node);
    test_mosquitto_stop(&mosquitto);
}

int main(void)
{
#define TEST(name) {#name, test_session_##name}
    CU_TestInfo tests[] = {
        TEST(what_came_while_it_was_away_is_delivered), TEST(without_resuming_nothing_is_delivered),
        TEST(what_is_retained_comes_at_every_start),    TEST(goes_on_over_a_restart_of_the_broker),
        TEST(that_the_broker_has_lost_begins_anew),     CU_TEST_INFO_NULL,
    };
    return suite_run("broker.session_resume", tests);
}
