/* What real and strange brokers say of themselves, and what a node makes of it. */
#include "support/fake_broker.h"
#include "support/log_lines.h"
#include "support/mosquitto.h"
#include "support/suite.h"
#include "unit/mqtt/recorder.h"

#include <stdio.h>
#include <stdlib.h>

#define FITTED "max_inflight_messages 100\nmax_queued_messages 100000\n"

static struct recorder recorder;

static struct mqc__session_options node_options(const char *const *uri,
                                                enum mqc__mqtt_version version)
{
    struct mqc__session_options options = test_session_options(uri, 1);
    options.client_id = "node";
    options.version = version;
    options.presence =
        (struct mqc__session_presence){.topic = "root/node/worker/w", .content_type = "text/plain"};
    return options;
}

/* A node with the filter t/#. */
static struct mqc__session *open_node(const struct mqc__session_options *options)
{
    static const char *const filters[] = {"t/#"};
    recorder_init(&recorder);
    log_lines_begin(MQC_LOG_DEBUG);
    struct mqc__session *session = test_session_open(options, &recorder, NULL);
    CHECK_INT(mqc__session_set_filters(session, filters, 1), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    return session;
}

static void close_node(struct mqc__session *session)
{
    (void)mqc__session_close(session, 0);
    mqc__session_free(&session);
    log_lines_end();
    recorder_fini(&recorder);
}

/* Says whether the broker has logged the words, now or soon. */
static bool wait_broker_log(const struct test_mosquitto *mosquitto, const char *words)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/output.log", mosquitto->folder);
    for (int left = RECORDER_PATIENCE_MS / 10; left > 0; left--) {
        const struct timespec pause = {.tv_nsec = 10000000};
        char *text = NULL;
        size_t size = 0;
        bool is_found = false;
        if (test_read_file(path, &text, &size) && (text = realloc(text, size + 1)) != NULL) {
            text[size] = '\0';
            is_found = strstr(text, words) != NULL;
        }
        free(text);
        if (is_found)
            return true;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

/* Publishes and receives one event with another session's help. */
static void pass_event(const char *const *uri)
{
    struct recorder other;
    struct mqc__session_options options = test_session_options(uri, 1);
    options.client_id = "other";
    recorder_init(&other);
    struct mqc__session *session = test_session_open(&options, &other, NULL);
    CHECK_INT(test_session_publish(session, "t/1", "1;"), MQC_OK);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK(recorder_wait_messages(&recorder, 1));
    (void)mqc__session_close(session, 0);
    mqc__session_free(&session);
    recorder_fini(&other);
}

/* Says whether the broker, which has told its version, is before 2.0.15. */
static bool is_old_mosquitto(void)
{
    for (int patch = 0; patch < 15; patch++) {
        char words[40];
        (void)snprintf(words, sizeof words, "version 2.0.%d'", patch);
        if (log_lines_count(MQC_LOG_INFO, words) != 0)
            return true;
    }
    return false;
}

static void check_warnings(enum mqc__mqtt_version version, bool warns)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_start(&mosquitto, "log_type all\n"));
    const char *const uri[] = {mosquitto.uri};
    struct mqc__session_options options = node_options(uri, version);
    options.event_expiry_s = 60;
    struct mqc__session *session = open_node(&options);
    CHECK(log_lines_wait(MQC_LOG_INFO, " is 'mosquitto version "));
    CHECK(wait_broker_log(&mosquitto, "Received UNSUBSCRIBE from node"));
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_WARNING, "delivery.expiry is not 0"),
                   warns && is_old_mosquitto() ? 1 : 0);
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_WARNING, "takes 20 messages at a time"), warns ? 1 : 0);
    pass_event(uri);
    CHECK_UNSIGNED(recorder_count_messages(&recorder), 1);
    struct mqc__session_stats stats;
    mqc__session_stats(session, &stats);
    CHECK_UNSIGNED(stats.received_messages, 1);
    CHECK_UNSIGNED(recorder.error_count, 0);
    CHECK_UNSIGNED(recorder.answered_count, 1);
    close_node(session);
    test_mosquitto_stop(&mosquitto);
}

static void test_node_is_warned_of_this_mosquitto(void)
{
    check_warnings(MQC__MQTT_5, true);
}

/* No expiry travels, and the broker does not say what it takes at a time. */
static void test_node_with_311_learns_the_version_alone(void)
{
    check_warnings(MQC__MQTT_311, false);
}

static void test_fitted_mosquitto_gives_no_warning(void)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_start(&mosquitto, FITTED));
    const char *const uri[] = {mosquitto.uri};
    const struct mqc__session_options options = node_options(uri, MQC__MQTT_AUTO);
    struct mqc__session *session = open_node(&options);
    CHECK(log_lines_wait(MQC_LOG_INFO, " is 'mosquitto version "));
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_WARNING, "takes 20"), 0);
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_WARNING, "delivery.expiry"), 0);
    CHECK_UNSIGNED(
        log_lines_count(MQC_LOG_DEBUG,
                        "receive maximum 100, packets of any size, maximum QoS 2, "
                        "keep-alive 60 s, with retained messages, with wildcards, with shared"),
        1);
    close_node(session);
    test_mosquitto_stop(&mosquitto);
}

/* Mosquitto takes the subscription and sends nothing. */
static void test_access_list_without_the_version_leaves_it_unknown(void)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_prepare(&mosquitto));
    REQUIRE(test_mosquitto_write_file(&mosquitto, "acl",
                                      "topic readwrite t/#\ntopic readwrite root/#\n"));
    REQUIRE(test_mosquitto_run(&mosquitto, FITTED "log_type all\nacl_file @DIR@/acl\n"));
    const char *const uri[] = {mosquitto.uri};
    const struct mqc__session_options options = node_options(uri, MQC__MQTT_AUTO);
    struct mqc__session *session = open_node(&options);
    pass_event(uri);
    CHECK(log_lines_wait(MQC_LOG_DEBUG, " does not say which one it is"));
    CHECK(wait_broker_log(&mosquitto, "Received UNSUBSCRIBE from node"));
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_WARNING, "broker "), 0);
    CHECK_UNSIGNED(recorder_count_messages(&recorder), 1);
    CHECK_UNSIGNED(recorder.error_count, 0);
    close_node(session);
    test_mosquitto_stop(&mosquitto);
}

/* A broker that restarts is asked again, and warned of once. */
static void test_reconnect_asks_again_and_warns_once(void)
{
    struct test_mosquitto mosquitto;
    REQUIRE(test_mosquitto_start(&mosquitto, ""));
    const char *const uri[] = {mosquitto.uri};
    const struct mqc__session_options options = node_options(uri, MQC__MQTT_AUTO);
    struct mqc__session *session = open_node(&options);
    CHECK(log_lines_wait(MQC_LOG_WARNING, "takes 20 messages at a time"));
    CHECK(test_mosquitto_kill(&mosquitto));
    CHECK(test_mosquitto_restart(&mosquitto));
    CHECK(recorder_wait_states(&recorder, MQC__SESSION_UP, 2));
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    pass_event(uri);
    CHECK_UNSIGNED(recorder_count_messages(&recorder), 1);
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_WARNING, "takes 20 messages at a time"), 1);
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_INFO, " is 'mosquitto version "), 1);
    close_node(session);
    test_mosquitto_stop(&mosquitto);
}

/* MQTT 5, 3.2.2.3: retain, wildcards and shared subscriptions not available. */
static void test_connack_without_features_is_an_error(void)
{
    static const uint8_t properties[] = {0x25, 0, 0x28, 0, 0x2a, 0, 0x21, 0, 20};
    const struct fake_rule rule = {.connack_properties = properties,
                                   .connack_properties_size = sizeof properties};
    struct fake_broker *broker = fake_broker_start(&rule, 1);
    REQUIRE(broker != NULL);
    const char *const uri[] = {fake_broker_uri(broker)};
    const struct mqc__session_options options = node_options(uri, MQC__MQTT_5);
    struct mqc__session *session = open_node(&options);
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "broker_unfit"), 2);
    CHECK_CONTAINS(recorder_error(&recorder, "broker_unfit"), "wildcards");
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_DEBUG, "receive maximum 20, packets of any size"), 1);
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_DEBUG,
                                   "no retained messages, no wildcards, no shared subscriptions"),
                   1);
    /* It takes the subscription and says nothing, so the number alone is a hint. */
    CHECK(log_lines_wait(MQC_LOG_WARNING, "takes 20 messages at a time"));
    close_node(session);
    fake_broker_free(&broker);
}

/* It ends the connection in the place of a SUBACK: the next one is for the filters alone. */
static void test_broker_that_hangs_up_at_the_question_serves_the_filters(void)
{
    const struct fake_rule rules[] = {{.drops_suback = true}, {.drops_suback = false}};
    struct fake_broker *broker = fake_broker_start(rules, 2);
    REQUIRE(broker != NULL);
    const char *const uri[] = {fake_broker_uri(broker)};
    const struct mqc__session_options options = node_options(uri, MQC__MQTT_5);
    struct mqc__session *session = open_node(&options);
    CHECK_UNSIGNED(fake_broker_totals(broker).connects, 2);
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "connection_lost"), 1);
    close_node(session);
    fake_broker_free(&broker);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"this_mosquitto", test_node_is_warned_of_this_mosquitto},
        {"with_311", test_node_with_311_learns_the_version_alone},
        {"fitted_mosquitto", test_fitted_mosquitto_gives_no_warning},
        {"access_list", test_access_list_without_the_version_leaves_it_unknown},
        {"reconnect", test_reconnect_asks_again_and_warns_once},
        {"connack_without_features", test_connack_without_features_is_an_error},
        {"hangs_up", test_broker_that_hangs_up_at_the_question_serves_the_filters},
        CU_TEST_INFO_NULL,
    };
    return suite_run("broker.session_broker", tests);
}
