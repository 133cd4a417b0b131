#include "support/mosquitto.h"
#include "support/suite.h"
#include "unit/mqtt/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A session and a Mosquitto that dies, refuses, or is shared by two with one client id. */

struct peer {
    struct recorder recorder;
    struct mqc__session *session;
};

static void open_peer(struct peer *peer, const struct mqc__session_options *options)
{
    recorder_init(&peer->recorder);
    peer->session = test_session_open(options, &peer->recorder, NULL);
}

static void free_peer(struct peer *peer)
{
    mqc__session_free(&peer->session);
    recorder_fini(&peer->recorder);
}

static struct mqc__session_stats stats_of(const struct peer *peer)
{
    struct mqc__session_stats stats;
    mqc__session_stats(peer->session, &stats);
    return stats;
}

static void sleep_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* Publishes the events number from..to at about 1,000 a second. */
static void publish_paced(struct peer *peer, const char *topic, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char event[20];
        (void)snprintf(event, sizeof event, "%d;", i);
        CHECK_INT(test_session_publish(peer->session, topic, event), MQC_OK);
        sleep_ms(1);
    }
}

static void broker_killed_under_load(enum mqc__mqtt_version version)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_start(&mosquitto, ""));
    const char *const uris[] = {mosquitto.uri};
    struct mqc__session_options options = test_session_options(uris, 1);
    options.version = version;
    options.client_id = "sender";
    struct peer sender;
    struct peer receiver;
    open_peer(&sender, &options);
    options.client_id = "receiver";
    open_peer(&receiver, &options);
    const char *const filter = "k/#";
    CHECK_INT(mqc__session_set_filters(receiver.session, &filter, 1), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(receiver.session, RECORDER_PATIENCE_MS), MQC_OK);
    int number = 0;
    for (int round = 0; round < 3; round++) {
        publish_paced(&sender, "k/1", number + 1, number + 300);
        CHECK(test_mosquitto_kill(&mosquitto));
        publish_paced(&sender, "k/1", number + 301, number + 400);
        REQUIRE(test_mosquitto_restart(&mosquitto));
        publish_paced(&sender, "k/1", number + 401, number + 500);
        number += 500;
        CHECK_INT(mqc__session_flush(sender.session, RECORDER_PATIENCE_MS), MQC_OK);
        CHECK_INT(mqc__session_wait_ready(receiver.session, RECORDER_PATIENCE_MS), MQC_OK);
    }
    /* One that certainly arrives, so that every gap before it shows. */
    publish_paced(&sender, "k/1", number + 1, number + 1);
    number++;
    CHECK_UNSIGNED(mqc__session_close(sender.session, RECORDER_PATIENCE_MS), 0);
    const struct mqc__session_stats stats = stats_of(&sender);
    CHECK_UNSIGNED(stats.accepted_events, (uint64_t)number);
    CHECK_UNSIGNED(stats.delivered_events, (uint64_t)number);
    CHECK_UNSIGNED(stats.dropped_events, 0);
    CHECK(stats.connects >= 4);
    /* A broker that is killed loses what it had acknowledged and not yet passed on; the receiver
     * sees that as gaps, and everything else in order. */
    size_t missing = 0;
    size_t received = 0;
    for (int i = 0; i < 600 && received + missing < (size_t)number; i++) {
        sleep_ms(100);
        received = recorder_receive(&receiver.recorder, "k/1", &missing);
    }
    CHECK_UNSIGNED(received + missing, number);
    CHECK(received >= (size_t)number / 2);
    CHECK_UNSIGNED(recorder_count_errors(&sender.recorder, "duplicate_node"), 0);
    CHECK_UNSIGNED(recorder_count_errors(&receiver.recorder, "duplicate_node"), 0);
    CHECK(recorder_count_errors(&sender.recorder, "connection_lost") >= 3);
    free_peer(&sender);
    free_peer(&receiver);
    test_mosquitto_stop(&mosquitto);
}

static void test_session_5_broker_killed_under_load(void)
{
    broker_killed_under_load(MQC__MQTT_5);
}

static void test_session_311_broker_killed_under_load(void)
{
    broker_killed_under_load(MQC__MQTT_311);
}

/* Restarts that follow each other as fast as the session comes back do not look like a duplicate.
 */
static void fast_restarts(enum mqc__mqtt_version version)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_start(&mosquitto, ""));
    const char *const uris[] = {mosquitto.uri};
    struct mqc__session_options options = test_session_options(uris, 1);
    options.version = version;
    struct peer peer;
    open_peer(&peer, &options);
    for (size_t i = 1; i <= 6; i++) {
        CHECK(recorder_wait_states(&peer.recorder, MQC__SESSION_UP, i));
        CHECK(test_mosquitto_kill(&mosquitto));
        CHECK(recorder_wait_states(&peer.recorder, MQC__SESSION_DOWN, i));
        REQUIRE(test_mosquitto_restart(&mosquitto));
    }
    CHECK_INT(mqc__session_wait_ready(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(recorder_count_errors(&peer.recorder, "duplicate_node"), 0);
    free_peer(&peer);
    test_mosquitto_stop(&mosquitto);
}

static void test_session_fast_restarts_are_no_duplicate(void)
{
    fast_restarts(MQC__MQTT_5);
    fast_restarts(MQC__MQTT_311);
}

static void test_session_broker_down_at_start_connects_later(void)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_start(&mosquitto, ""));
    CHECK(test_mosquitto_kill(&mosquitto));
    const char *const uris[] = {mosquitto.uri};
    const struct mqc__session_options options = test_session_options(uris, 1);
    struct peer peer;
    open_peer(&peer, &options);
    const char *const filter = "d/#";
    CHECK_INT(mqc__session_set_filters(peer.session, &filter, 1), MQC_OK);
    CHECK_INT(test_session_publish(peer.session, "d/1", "1;"), MQC_OK);
    CHECK(recorder_wait_error(&peer.recorder, "connect_failed"));
    CHECK_CONTAINS(recorder_error(&peer.recorder, "connect_failed"), mosquitto.uri);
    CHECK_INT(mqc__session_wait_ready(peer.session, 1), MQC_ETIMEOUT);
    REQUIRE(test_mosquitto_restart(&mosquitto));
    CHECK_INT(mqc__session_wait_ready(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_INT(mqc__session_flush(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(stats_of(&peer).delivered_events, 1);
    free_peer(&peer);
    test_mosquitto_stop(&mosquitto);
}

static void wrong_password(enum mqc__mqtt_version version)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_prepare(&mosquitto));
    REQUIRE(test_mosquitto_write_password(&mosquitto, "sensor", "right"));
    REQUIRE(test_mosquitto_run(&mosquitto, "allow_anonymous false\npassword_file @DIR@/passwords"));
    const char *const uris[] = {mosquitto.uri};
    struct mqc__session_options options = test_session_options(uris, 1);
    options.version = version;
    options.username = "sensor";
    options.password = "wrong";
    struct peer peer;
    open_peer(&peer, &options);
    CHECK(recorder_wait_error(&peer.recorder, "refused"));
    CHECK_CONTAINS(recorder_error(&peer.recorder, "refused"), "not authorized");
    CHECK_CONTAINS(recorder_error(&peer.recorder, "refused"), mosquitto.uri);
    sleep_ms(300);
    CHECK_UNSIGNED(recorder_count_errors(&peer.recorder, "refused"), 1);
    free_peer(&peer);
    options.password = "right";
    open_peer(&peer, &options);
    CHECK_INT(mqc__session_wait_ready(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    free_peer(&peer);
    test_mosquitto_stop(&mosquitto);
}

static void test_session_wrong_password_is_reported_once(void)
{
    wrong_password(MQC__MQTT_AUTO);
    wrong_password(MQC__MQTT_311);
}

static void test_session_access_rights_refuse_topics(void)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_prepare(&mosquitto));
    REQUIRE(test_mosquitto_write_file(&mosquitto, "acl", "topic readwrite open/#\n"));
    REQUIRE(test_mosquitto_run(&mosquitto, "acl_file @DIR@/acl"));
    const char *const uris[] = {mosquitto.uri};
    const struct mqc__session_options options = test_session_options(uris, 1);
    struct peer peer;
    open_peer(&peer, &options);
    CHECK_INT(test_session_publish(peer.session, "secret/1", "1;"), MQC_OK);
    CHECK_INT(test_session_publish(peer.session, "open/1", "1;"), MQC_OK);
    CHECK_INT(mqc__session_flush(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK(recorder_wait_error(&peer.recorder, "publish_refused"));
    CHECK_CONTAINS(recorder_error(&peer.recorder, "publish_refused"), "secret/1");
    CHECK_CONTAINS(recorder_error(&peer.recorder, "publish_refused"), "not authorized");
    CHECK_UNSIGNED(stats_of(&peer).dropped_events, 1);
    CHECK_UNSIGNED(stats_of(&peer).delivered_events, 1);
    free_peer(&peer);
    test_mosquitto_stop(&mosquitto);
}

/* Connects two sessions of one client id at almost the same time; one of them gives way. */
static void two_with_one_id(enum mqc__mqtt_version version)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_start(&mosquitto, ""));
    const char *const uris[] = {mosquitto.uri};
    struct mqc__session_options options = test_session_options(uris, 1);
    options.version = version;
    struct peer peers[2];
    for (size_t i = 0; i < 2; i++)
        open_peer(&peers[i], &options);
    size_t taken = 0;
    for (int i = 0; i < RECORDER_PATIENCE_MS && taken == 0; i++) {
        sleep_ms(1);
        for (size_t p = 0; p < 2; p++)
            taken += mqc__session_wait_ready(peers[p].session, 0) == MQC_ETAKEN ? 1 : 0;
    }
    CHECK_UNSIGNED(taken, 1);
    const size_t loser = mqc__session_wait_ready(peers[0].session, 0) == MQC_ETAKEN ? 0 : 1;
    struct peer *winner = &peers[1 - loser];
    CHECK(recorder_wait_error(&peers[loser].recorder, "duplicate_node"));
    CHECK_INT(test_session_publish(peers[loser].session, "t", "1;"), MQC_ETAKEN);
    CHECK_INT(mqc__session_wait_ready(winner->session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_INT(test_session_publish(winner->session, "t", "1;"), MQC_OK);
    CHECK_INT(mqc__session_flush(winner->session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(recorder_count_errors(&winner->recorder, "duplicate_node"), 0);
    for (size_t i = 0; i < 2; i++)
        free_peer(&peers[i]);
    test_mosquitto_stop(&mosquitto);
}

static void test_session_two_with_one_id_one_gives_way(void)
{
    two_with_one_id(MQC__MQTT_5);
    two_with_one_id(MQC__MQTT_311);
}

/* A clean end of the broker is no take-over either, and it says why. */
static void test_session_5_broker_that_shuts_down_is_waited_for(void)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_start(&mosquitto, ""));
    const char *const uris[] = {mosquitto.uri};
    const struct mqc__session_options options = test_session_options(uris, 1);
    struct peer peer;
    open_peer(&peer, &options);
    CHECK_INT(mqc__session_wait_ready(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK(test_mosquitto_end(&mosquitto));
    CHECK(recorder_wait_error(&peer.recorder, "connection_lost"));
    CHECK_CONTAINS(recorder_error(&peer.recorder, "connection_lost"), mosquitto.uri);
    REQUIRE(test_mosquitto_restart(&mosquitto));
    CHECK_INT(mqc__session_wait_ready(peer.session, RECORDER_PATIENCE_MS), MQC_OK);
    free_peer(&peer);
    test_mosquitto_stop(&mosquitto);
}

int main(void)
{
#define TEST(name) {#name, test_session_##name}
    CU_TestInfo tests[] = {
        TEST(5_broker_killed_under_load),
        TEST(311_broker_killed_under_load),
        TEST(fast_restarts_are_no_duplicate),
        TEST(broker_down_at_start_connects_later),
        TEST(wrong_password_is_reported_once),
        TEST(access_rights_refuse_topics),
        TEST(two_with_one_id_one_gives_way),
        TEST(5_broker_that_shuts_down_is_waited_for),
        CU_TEST_INFO_NULL,
    };
    return suite_run("broker.session_restart", tests);
}
