/* What a session says of its node, and when it calls its owner. */
#include "unit/mqtt/fake_session.h"

#include "base/clock.h"
#include "support/suite.h"

#include <stdlib.h>

static struct mqc__session_options options_with_presence(void)
{
    struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    options.presence = (struct mqc__session_presence){
        .topic = "root/node/worker/w",
        .content_type = "text/plain",
        .expiry_s = 30,
    };
    return options;
}

static struct mqc__session *open_with_presence(void)
{
    const struct mqc__session_options options = options_with_presence();
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    return session;
}

static enum mqc_error announce(struct mqc__session *session, const char *text)
{
    return mqc__session_announce(session, mqc_view_text(text), true);
}

static void check_payload(unsigned index, const char *expected)
{
    char *payload = fake_payload(index);
    CHECK_TEXT(payload != NULL ? payload : "", expected);
    free(payload);
}

static void test_presence_is_said_and_taken_back_at_close(void)
{
    fake_begin();
    fake_recorder.farewell = "bye";
    struct mqc__session *session = open_with_presence();
    CHECK_INT(announce(session, "here"), MQC_OK);
    WAIT_LOG(log.publishes == 1);
    CHECK_UNSIGNED(mqc__session_close(session, RECORDER_PATIENCE_MS), 0);
    CHECK_UNSIGNED(fake_log().publishes, 2);
    CHECK_UNSIGNED(fake_log().publishes_qos_1, 2);
    check_payload(0, "here");
    check_payload(1, "bye");
    CHECK_INT(announce(session, "late"), MQC_ECLOSED);
    CHECK_UNSIGNED(fake_recorder.announced_count, 1);
    fake_end(session);
}

static void test_presence_without_a_topic_is_refused(void)
{
    fake_begin();
    struct mqc__session *session = fake_open();
    CHECK_INT(announce(session, "here"), MQC_EINVAL);
    CHECK_UNSIGNED(mqc__session_close(session, 0), 0);
    CHECK_UNSIGNED(fake_log().publishes, 0);
    fake_end(session);
}

/* Only the latest matters to those who watch, and one at a time is on its way. */
static void test_presence_not_sent_yet_is_replaced(void)
{
    fake_begin();
    fake_script_lock()->publish = FAKE_ACK_NEVER;
    fake_script_unlock();
    struct mqc__session *session = open_with_presence();
    CHECK_INT(announce(session, "one"), MQC_OK);
    WAIT_LOG(log.publishes == 1);
    CHECK_INT(announce(session, "two"), MQC_OK);
    CHECK_INT(announce(session, "three"), MQC_OK);
    CHECK(fake_acknowledge(0));
    WAIT_LOG(log.publishes == 2);
    check_payload(1, "three");
    CHECK(fake_acknowledge(0));
    fake_end(session);
}

static void test_presence_counts_as_in_flight(void)
{
    fake_begin();
    struct fake_script *script = fake_script_lock();
    script->publish = FAKE_ACK_NEVER;
    script->answer.receive_max = 1;
    fake_script_unlock();
    struct mqc__session *session = open_with_presence();
    CHECK_INT(announce(session, "one"), MQC_OK);
    WAIT_LOG(log.publishes == 1);
    CHECK_INT(test_session_publish(session, "t", "1;"), MQC_OK);
    CHECK_INT(announce(session, "two"), MQC_OK);
    fake_sleep_ms(20);
    CHECK_UNSIGNED(fake_log().publishes, 1);
    CHECK(fake_acknowledge(0));
    WAIT_LOG(log.publishes == 2);
    check_payload(1, "two");
    CHECK(fake_acknowledge(0));
    WAIT_LOG(log.publishes == 3);
    CHECK_UNSIGNED(fake_log().in_flight_max, 1);
    CHECK(fake_acknowledge(0));
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_stats(session).delivered_events, 1);
    fake_end(session);
}

static void test_presence_of_a_lost_connection_is_forgotten(void)
{
    fake_begin();
    fake_script_lock()->publish = FAKE_ACK_NEVER;
    fake_script_unlock();
    struct mqc__session *session = open_with_presence();
    CHECK_INT(announce(session, "one"), MQC_OK);
    WAIT_LOG(log.publishes == 1);
    CHECK_INT(announce(session, "two"), MQC_OK);
    fake_lose(0x8b);
    CHECK(recorder_wait_states(&fake_recorder, MQC__SESSION_UP, 2));
    CHECK_INT(announce(session, "three"), MQC_OK);
    WAIT_LOG(log.publishes == 2);
    check_payload(1, "three");
    fake_end(session);
}

static void test_presence_that_the_broker_refuses_is_reported_once(void)
{
    fake_begin();
    fake_script_lock()->ack_reason = 0x87;
    fake_script_unlock();
    struct mqc__session *session = open_with_presence();
    CHECK_INT(announce(session, "one"), MQC_OK);
    CHECK(recorder_wait_error(&fake_recorder, "presence_refused"));
    CHECK_CONTAINS(recorder_error(&fake_recorder, "presence_refused"), "root/node/worker/w");
    CHECK_CONTAINS(recorder_error(&fake_recorder, "presence_refused"), "not authorized");
    CHECK_INT(announce(session, "two"), MQC_OK);
    WAIT_LOG(log.publishes == 2);
    CHECK_UNSIGNED(mqc__session_close(session, 0), 0);
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "presence_refused"), 1);
    fake_end(session);
}

static void test_presence_options_are_checked_and_copied(void)
{
    fake_begin();
    char topic[] = "root/node/worker/w";
    struct mqc__session_options options = options_with_presence();
    const struct mqc__session_events events = recorder_events(&fake_recorder);
    struct mqc__session *session = NULL;
    struct mqc_error_info info;
    options.presence.topic = "";
    CHECK_INT(mqc__session_new(&options, &events, fake_ops(), &session, &info), MQC_EINVAL);
    CHECK_CONTAINS(info.text, "presence topic");
    options.presence.topic = topic;
    CHECK_INT(mqc__session_new(&options, &events, fake_ops(), &session, &info), MQC_OK);
    memset(topic, 'x', sizeof topic - 1);
    CHECK_INT(mqc__session_open(session), MQC_OK);
    fake_end(session);
}

static void test_give_way_says_the_last_word_and_ends_the_connection(void)
{
    fake_begin();
    struct mqc__session *session = open_with_presence();
    CHECK_INT(announce(session, "here"), MQC_OK);
    WAIT_LOG(log.publishes == 1);
    CHECK_INT(mqc__session_announce(session, mqc_view_text("yours"), false), MQC_OK);
    mqc__session_give_way(session);
    CHECK(recorder_wait_state(&fake_recorder, MQC__SESSION_TAKEN));
    check_payload(1, "yours");
    const struct fake_log log = fake_log();
    CHECK_UNSIGNED(log.publishes, 2);
    CHECK_UNSIGNED(log.disconnects, 1);
    CHECK_UNSIGNED(log.connects, 1);
    CHECK_INT(test_session_publish(session, "t", "1;"), MQC_ETAKEN);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_ETAKEN);
    fake_end(session);
}

/* A new connection would take the session from the one to which this one gives way. */
static void test_give_way_without_a_connection_makes_none(void)
{
    fake_begin();
    struct fake_script *script = fake_script_lock();
    script->connect_result = MQC__CLIENT_UNREACHABLE;
    script->is_reachable = false;
    fake_script_unlock();
    struct mqc__session_options options = options_with_presence();
    options.backoff_min_ms = 30000;
    options.backoff_max_ms = 30000;
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    CHECK(recorder_wait_error(&fake_recorder, "connect_failed"));
    mqc__session_give_way(session);
    CHECK(recorder_wait_state(&fake_recorder, MQC__SESSION_TAKEN));
    CHECK_UNSIGNED(fake_log().connects, 1);
    fake_end(session);
}

/* It comes while the first of two brokers is tried: the second one is not. */
static void test_give_way_during_an_attempt_ends_with_it(void)
{
    static const char *const uris[] = {"mqtt://a", "mqtt://b"};
    fake_begin();
    struct fake_script *script = fake_script_lock();
    script->connect_result = MQC__CLIENT_UNREACHABLE;
    script->fail_connects = 1;
    script->connect_blocks = true;
    fake_script_unlock();
    struct mqc__session_options options = options_with_presence();
    options.uris = uris;
    options.uri_count = 2;
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    WAIT_LOG(log.connects == 1);
    mqc__session_give_way(session);
    fake_unblock();
    CHECK(recorder_wait_state(&fake_recorder, MQC__SESSION_TAKEN));
    CHECK_UNSIGNED(fake_log().connects, 1);
    fake_end(session);
}

static void test_tick_comes_when_it_was_asked_for(void)
{
    fake_begin();
    struct mqc__session *session = fake_open();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(recorder_count_ticks(&fake_recorder), 0);
    mqc__session_tick_at(session, 0);
    CHECK(recorder_wait_ticks(&fake_recorder, 1));
    mqc__session_tick_at(session, mqc__clock_monotonic_ms() + 20);
    CHECK(recorder_wait_ticks(&fake_recorder, 2));
    mqc__session_tick_at(session, mqc__clock_monotonic_ms() + 100000);
    mqc__session_tick_at(session, INT64_MAX);
    fake_sleep_ms(20);
    CHECK_UNSIGNED(recorder_count_ticks(&fake_recorder), 2);
    fake_end(session);
}

/* Also while there is no connection. */
static void test_tick_comes_in_a_pause(void)
{
    fake_begin();
    struct fake_script *script = fake_script_lock();
    script->connect_result = MQC__CLIENT_UNREACHABLE;
    script->is_reachable = false;
    fake_script_unlock();
    struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    options.backoff_min_ms = 30000;
    options.backoff_max_ms = 30000;
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    CHECK(recorder_wait_error(&fake_recorder, "connect_failed"));
    mqc__session_tick_at(session, mqc__clock_monotonic_ms() + 5);
    CHECK(recorder_wait_ticks(&fake_recorder, 1));
    fake_end(session);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"said and taken back", test_presence_is_said_and_taken_back_at_close},
        {"without a topic", test_presence_without_a_topic_is_refused},
        {"replaced", test_presence_not_sent_yet_is_replaced},
        {"in flight", test_presence_counts_as_in_flight},
        {"forgotten", test_presence_of_a_lost_connection_is_forgotten},
        {"refused", test_presence_that_the_broker_refuses_is_reported_once},
        {"options", test_presence_options_are_checked_and_copied},
        {"give way", test_give_way_says_the_last_word_and_ends_the_connection},
        {"give way without a connection", test_give_way_without_a_connection_makes_none},
        {"give way during an attempt", test_give_way_during_an_attempt_ends_with_it},
        {"tick", test_tick_comes_when_it_was_asked_for},
        {"tick in a pause", test_tick_comes_in_a_pause},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.session_presence", tests);
}
