/* What a broker makes of a node's presence: retained, with an expiry, a will, a farewell. */
#include "support/mosquitto.h"
#include "support/suite.h"
#include "unit/mqtt/recorder.h"

#include <stdio.h>
#include <stdlib.h>

static struct test_mosquitto mosquitto;
static const char *uris[1];
static char topic[64]; /* another one for each run: what is retained stays */

static void choose_topic(void)
{
    static int count;
    (void)snprintf(topic, sizeof topic, "root/node/worker/w%d", ++count);
}

struct peer {
    struct recorder recorder;
    struct mqc__session *session;
};

static void open_peer(struct peer *peer, const struct mqc__session_options *options)
{
    recorder_init(&peer->recorder);
    peer->recorder.will = options->presence.topic != NULL ? "gone" : NULL;
    peer->recorder.farewell = options->presence.topic != NULL ? "bye" : NULL;
    peer->session = test_session_open(options, &peer->recorder, NULL);
    CHECK_INT(mqc__session_wait_ready(peer->session, RECORDER_PATIENCE_MS), MQC_OK);
}

static void close_peer(struct peer *peer)
{
    (void)mqc__session_close(peer->session, 0);
    mqc__session_free(&peer->session);
    recorder_fini(&peer->recorder);
}

static struct mqc__session_options options_for(const char *client_id,
                                               enum mqc__mqtt_version version)
{
    struct mqc__session_options options = test_session_options(uris, 1);
    options.client_id = client_id;
    options.version = version;
    return options;
}

static void open_node(struct peer *node, enum mqc__mqtt_version version)
{
    struct mqc__session_options options = options_for("node", version);
    options.presence = (struct mqc__session_presence){
        .topic = topic,
        .content_type = "text/plain",
        .expiry_s = 1000,
    };
    open_peer(node, &options);
    CHECK_INT(mqc__session_announce(node->session, mqc_view_text("here"), true), MQC_OK);
}

static void open_watcher(struct peer *watcher, enum mqc__mqtt_version version)
{
    const char *const filters[] = {topic};
    const struct mqc__session_options options = options_for("watcher", version);
    open_peer(watcher, &options);
    CHECK_INT(mqc__session_set_filters(watcher->session, filters, 1), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(watcher->session, RECORDER_PATIENCE_MS), MQC_OK);
}

static void check_message(struct peer *watcher, size_t index, const char *payload)
{
    char expected[100];
    (void)snprintf(expected, sizeof expected, "%s %s", topic, payload);
    REQUIRE(recorder_wait_messages(&watcher->recorder, index + 1));
    CHECK_TEXT(watcher->recorder.messages[index], expected);
}

static void check_late_watcher_learns(enum mqc__mqtt_version version)
{
    struct peer node;
    struct peer early;
    struct peer late;
    choose_topic();
    open_watcher(&early, version);
    open_node(&node, version);
    check_message(&early, 0, "here");
    close_peer(&early);
    open_watcher(&late, version);
    check_message(&late, 0, "here");
    CHECK(late.recorder.was_last_retained);
    if (version == MQC__MQTT_5)
        CHECK(late.recorder.last_expiry_s > 900 && late.recorder.last_expiry_s <= 1000);
    else
        CHECK_INT(late.recorder.last_expiry_s, -1);
    close_peer(&node);
    check_message(&late, 1, "bye");
    close_peer(&late);
}

static void test_presence_is_retained(void)
{
    check_late_watcher_learns(MQC__MQTT_5);
    check_late_watcher_learns(MQC__MQTT_311);
}

/* A client with the same id makes the broker break the connection of the node. */
static void check_will(enum mqc__mqtt_version version)
{
    struct peer node;
    struct peer watcher;
    struct peer other;
    choose_topic();
    open_watcher(&watcher, version);
    open_node(&node, version);
    check_message(&watcher, 0, "here");
    const struct mqc__session_options options = options_for("node", version);
    open_peer(&other, &options);
    check_message(&watcher, 1, "gone");
    close_peer(&node);
    close_peer(&other);
    close_peer(&watcher);
}

static void test_presence_will_comes_when_the_connection_breaks(void)
{
    check_will(MQC__MQTT_5);
    check_will(MQC__MQTT_311);
}

static void test_presence_forbidden_is_reported(void)
{
    struct test_mosquitto strict;
    choose_topic();
    REQUIRE(test_mosquitto_prepare(&strict));
    REQUIRE(test_mosquitto_write_file(&strict, "acl", "topic read #\n"));
    REQUIRE(test_mosquitto_run(&strict, "acl_file @DIR@/acl"));
    const char *before = uris[0];
    uris[0] = strict.uri;
    struct peer node;
    open_node(&node, MQC__MQTT_5);
    CHECK(recorder_wait_error(&node.recorder, "presence_refused"));
    CHECK_CONTAINS(recorder_error(&node.recorder, "presence_refused"), topic);
    close_peer(&node);
    uris[0] = before;
    test_mosquitto_stop(&strict);
}

int main(void)
{
    if (!test_mosquitto_start(&mosquitto, "")) {
        (void)fprintf(stderr, "mosquitto cannot be started: is it installed?\n");
        return EXIT_FAILURE;
    }
    uris[0] = mosquitto.uri;
    CU_TestInfo tests[] = {
        {"retained", test_presence_is_retained},
        {"will", test_presence_will_comes_when_the_connection_breaks},
        {"forbidden", test_presence_forbidden_is_reported},
        CU_TEST_INFO_NULL,
    };
    const int status = suite_run("broker.session_presence", tests);
    test_mosquitto_stop(&mosquitto);
    return status;
}
