/* What a session asks a node's broker, and what it warns of. */
#include "unit/mqtt/fake_session.h"

#include "support/log_lines.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>

static struct mqc__session_options node_options(void)
{
    struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    options.presence =
        (struct mqc__session_presence){.topic = "root/node/worker/w", .content_type = "text/plain"};
    return options;
}

static void set_version(const char *version)
{
    struct fake_script *script = fake_script_lock();
    (void)snprintf(script->version, sizeof script->version, "%s", version);
    fake_script_unlock();
}

static void begin(const char *version)
{
    fake_begin();
    log_lines_begin(MQC_LOG_DEBUG);
    set_version(version);
}

static void end(struct mqc__session *session)
{
    log_lines_end();
    fake_end(session);
}

/* A session that has the filter "a" from the beginning. */
static struct mqc__session *make(const struct mqc__session_options *options)
{
    struct mqc__session *session = NULL;
    const struct mqc__session_events events = recorder_events(&fake_recorder);
    REQUIRE(mqc__session_new(options, &events, fake_ops(), &session, NULL) == MQC_OK);
    fake_set_filters(session, "a", NULL);
    return session;
}

static struct mqc__session *open_node(const struct mqc__session_options *options)
{
    struct mqc__session *session = make(options);
    REQUIRE(mqc__session_open(session) == MQC_OK);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    return session;
}

static void reconnect(struct mqc__session *session, size_t connections)
{
    fake_lose(0x8b); /* with a reason it is no sign of a rival */
    CHECK(recorder_wait_states(&fake_recorder, MQC__SESSION_UP, connections));
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
}

static size_t count_warnings(void)
{
    return log_lines_count(MQC_LOG_WARNING, "broker ");
}

static void test_node_is_warned_of_its_broker_and_told_nothing_else(void)
{
    begin("mosquitto version 2.0.12");
    fake_script_lock()->answer.receive_max = 20;
    fake_script_unlock();
    struct mqc__session_options options = node_options();
    options.event_expiry_s = 60;
    struct mqc__session *session = open_node(&options);
    WAIT_LOG(log.version_unsubscribes == 1);
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_INFO, "mqtt://one is 'mosquitto version 2.0.12'"), 1);
    CHECK_UNSIGNED(count_warnings(), 3);
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_WARNING,
                                   "broker mqtt://one (Mosquitto 2.0.12): delivery.expiry is not"),
                   1);
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_WARNING, "per_listener_settings"), 1);
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_WARNING, "max_queued_messages 100000"), 1);
    CHECK_TEXT(fake_log().filters, "+a ");
    CHECK_UNSIGNED(fake_log().subscribes, 1);
    CHECK_UNSIGNED(fake_log().unsubscribes, 0);
    CHECK_UNSIGNED(fake_log().version_subscribes, 1);
    CHECK_UNSIGNED(recorder_count_messages(&fake_recorder), 0);
    CHECK_UNSIGNED(fake_stats(session).received_messages, 0);
    CHECK_UNSIGNED(fake_recorder.error_count, 0);
    CHECK_UNSIGNED(fake_recorder.answered_count, 1);
    end(session);
}

static void test_tool_asks_nothing(void)
{
    begin("mosquitto version 2.0.12");
    struct fake_script *script = fake_script_lock();
    script->answer.receive_max = 20;
    script->answer.lacks_retain = true;
    fake_script_unlock();
    const struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    struct mqc__session *session = open_node(&options);
    fake_sleep_ms(20);
    CHECK_UNSIGNED(fake_log().version_subscribes, 0);
    CHECK_UNSIGNED(count_warnings(), 0);
    CHECK_UNSIGNED(fake_recorder.error_count, 0);
    end(session);
}

static void test_warnings_come_once_until_the_version_changes(void)
{
    begin("mosquitto version 2.0.12");
    const struct mqc__session_options options = node_options();
    struct mqc__session *session = open_node(&options);
    CHECK(log_lines_wait(MQC_LOG_WARNING, "(Mosquitto 2.0.12)"));
    reconnect(session, 2);
    CHECK_UNSIGNED(fake_log().version_subscribes, 2);
    set_version("mosquitto version 2.0.23");
    reconnect(session, 3);
    CHECK(log_lines_wait(MQC_LOG_INFO, "version 2.0.23"));
    CHECK_UNSIGNED(count_warnings(), 1);
    set_version("mosquitto version 2.0.22");
    reconnect(session, 4);
    CHECK(log_lines_wait(MQC_LOG_WARNING, "(Mosquitto 2.0.22)"));
    CHECK_UNSIGNED(count_warnings(), 2);
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_INFO, "one is 'mosquitto"), 3);
    end(session);
}

static void test_refused_question_is_not_repeated_nor_reported(void)
{
    begin("");
    struct fake_script *script = fake_script_lock();
    script->version_reason = 0x87;
    script->answer.receive_max = 20;
    fake_script_unlock();
    const struct mqc__session_options options = node_options();
    struct mqc__session *session = open_node(&options);
    CHECK(log_lines_wait(MQC_LOG_WARNING, "broker mqtt://one: it takes 20 messages at a time"));
    CHECK_UNSIGNED(log_lines_count(MQC_LOG_DEBUG, "does not say which one it is"), 1);
    reconnect(session, 2);
    fake_sleep_ms(20);
    CHECK_UNSIGNED(count_warnings(), 1);
    CHECK_UNSIGNED(fake_log().version_subscribes, 1);
    CHECK_UNSIGNED(fake_log().version_unsubscribes, 0);
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "subscribe_refused"), 0);
    CHECK_UNSIGNED(fake_recorder.refused_count, 0);
    end(session);
}

/* It may lose the connection once, and no more. */
static void test_broker_that_hangs_up_is_not_asked_again(void)
{
    begin("");
    fake_script_lock()->hangs_up_on_version = true;
    fake_script_unlock();
    const struct mqc__session_options options = node_options();
    struct mqc__session *session = open_node(&options);
    CHECK_UNSIGNED(fake_log().connects, 2);
    CHECK_UNSIGNED(fake_log().version_subscribes, 1);
    reconnect(session, 3);
    CHECK_UNSIGNED(fake_log().version_subscribes, 1);
    /* The session that the broker kept may have the subscription. */
    WAIT_LOG(log.version_unsubscribes == 1);
    end(session);
}

static void test_late_answer_counts_and_is_no_event(void)
{
    begin("");
    const struct mqc__session_options options = node_options();
    struct mqc__session *session = open_node(&options);
    fake_deliver("$SYS/broker/version", "mosquitto version 2.0.14");
    CHECK(log_lines_wait(MQC_LOG_WARNING, "(Mosquitto 2.0.14)"));
    fake_deliver("$SYS/broker/versions", "1;");
    CHECK(recorder_wait_messages(&fake_recorder, 1));
    CHECK_TEXT(fake_recorder.messages[0], "$SYS/broker/versions 1;");
    WAIT_LOG(log.version_unsubscribes == 1);
    reconnect(session, 2);
    CHECK_UNSIGNED(fake_log().version_subscribes, 2);
    end(session);
}

static void test_strange_answers_are_harmless(void)
{
    static const char *const versions[] = {
        "5.3.2",
        "mosquitto version 2.0.11 and much more than anybody would ever put into the text that is "
        "to tell the version of a broker, of any broker",
        "\xff\n\x1b[2J",
    };
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        begin(versions[i]);
        const struct mqc__session_options options = node_options();
        struct mqc__session *session = open_node(&options);
        CHECK(log_lines_wait(MQC_LOG_INFO, "broker mqtt://one is '"));
        CHECK_UNSIGNED(count_warnings(), 0);
        end(session);
    }
}

static void test_question_is_taken_back_when_nothing_is_to_be_sent(void)
{
    begin("mosquitto version 2.0.11");
    fake_script_lock()->publish = FAKE_ACK_NEVER;
    fake_script_unlock();
    const struct mqc__session_options options = node_options();
    struct mqc__session *session = make(&options);
    fake_publish_numbers(session, "t", 1, 1);
    REQUIRE(mqc__session_open(session) == MQC_OK);
    WAIT_LOG(log.publishes == 1);
    CHECK(log_lines_wait(MQC_LOG_INFO, "is 'mosquitto"));
    fake_sleep_ms(50);
    CHECK_UNSIGNED(fake_log().version_unsubscribes, 0);
    CHECK(fake_acknowledge(0));
    WAIT_LOG(log.version_unsubscribes == 1);
    end(session);
}

static void test_expiry_does_not_travel_with_311(void)
{
    begin("mosquitto version 2.0.11");
    struct mqc__session_options options = node_options();
    options.version = MQC__MQTT_311;
    options.event_expiry_s = 60;
    struct mqc__session *session = open_node(&options);
    CHECK(log_lines_wait(MQC_LOG_INFO, "is 'mosquitto"));
    WAIT_LOG(log.version_unsubscribes == 1);
    CHECK_UNSIGNED(count_warnings(), 0);
    end(session);
}

static void test_broker_that_cannot_serve_is_an_error_once(void)
{
    begin("");
    struct fake_script *script = fake_script_lock();
    script->answer.lacks_retain = true;
    script->answer.lacks_wildcards = true;
    fake_script_unlock();
    const struct mqc__session_options options = node_options();
    struct mqc__session *session = open_node(&options);
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "broker_unfit"), 2);
    CHECK_CONTAINS(recorder_error(&fake_recorder, "broker_unfit"),
                   "broker mqtt://one: it takes no subscriptions with wildcards");
    reconnect(session, 2);
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "broker_unfit"), 2);
    CHECK_UNSIGNED(count_warnings(), 0);
    end(session);
}

/* A packet has room for 64. */
static void test_question_waits_for_a_packet_with_room(void)
{
    const char *filters[65];
    char texts[65][8];
    for (size_t i = 0; i < 65; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "f%zu", i);
        filters[i] = texts[i];
    }
    for (size_t count = 63; count <= 65; count++) {
        begin("mosquitto version 2.0.11");
        const struct mqc__session_options options = node_options();
        struct mqc__session *session = make(&options);
        CHECK_INT(mqc__session_set_filters(session, filters, count), MQC_OK);
        REQUIRE(mqc__session_open(session) == MQC_OK);
        CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
        CHECK_UNSIGNED(fake_log().subscribes, count > 64 ? 2 : 1);
        CHECK_UNSIGNED(fake_log().version_subscribes, count == 64 ? 0 : 1);
        end(session);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"node_is_warned", test_node_is_warned_of_its_broker_and_told_nothing_else},
        {"tool_asks_nothing", test_tool_asks_nothing},
        {"once_until_the_version_changes", test_warnings_come_once_until_the_version_changes},
        {"refused_question", test_refused_question_is_not_repeated_nor_reported},
        {"hangs_up", test_broker_that_hangs_up_is_not_asked_again},
        {"late_answer", test_late_answer_counts_and_is_no_event},
        {"strange_answers", test_strange_answers_are_harmless},
        {"taken_back", test_question_is_taken_back_when_nothing_is_to_be_sent},
        {"expiry_311", test_expiry_does_not_travel_with_311},
        {"cannot_serve", test_broker_that_cannot_serve_is_an_error_once},
        {"packet_with_room", test_question_waits_for_a_packet_with_room},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.session_broker", tests);
}
