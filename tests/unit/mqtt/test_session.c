#include "support/suite.h"
#include "unit/mqtt/fake_session.h"

static const char *const three_uris[] = {"mqtt://one", "mqtt://two", "mqtt://three"};

static void check_starts(struct mqc__session_options *options, uint32_t expiry_s, unsigned connects,
                         unsigned clean)
{
    fake_begin();
    options->session_expiry_s = expiry_s;
    struct mqc__session *session = test_session_open(options, &fake_recorder, fake_ops());
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    fake_lose(-1);
    WAIT_LOG(log.connects == connects);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().connects_clean, clean);
    fake_end(session);
}

static void test_session_starts_clean_and_then_goes_on(void)
{
    struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    check_starts(&options, 60, 2, 1);
    check_starts(&options, 0, 2, 2);
    options.version = MQC__MQTT_311;
    check_starts(&options, 60, 3, 1);
    check_starts(&options, 0, 2, 2);
}

static void test_session_filters_follow_the_desired_set_over_reconnects(void)
{
    fake_begin();
    const struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    const struct mqc__session_events events = recorder_events(&fake_recorder);
    struct mqc__session *session = NULL;
    REQUIRE(mqc__session_new(&options, &events, fake_ops(), &session, NULL) == MQC_OK);
    fake_set_filters(session, "a", "b");
    CHECK_INT(mqc__session_wait_ready(session, 0), MQC_ETIMEOUT);
    CHECK_INT(mqc__session_open(session), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_TEXT(fake_log().filters, "+a +b ");
    fake_set_filters(session, "b", "c");
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    WAIT_LOG(log.unsubscribes == 1);
    CHECK_TEXT(fake_log().filters, "+a +b +c -a ");
    fake_lose(-1);
    CHECK(recorder_wait_states(&fake_recorder, MQC__SESSION_UP, 2));
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_TEXT(fake_log().filters, "+a +b +c -a ~b ~c ");
    fake_end(session);
}

static void test_session_refused_filter_is_reported_and_not_repeated(void)
{
    fake_begin();
    fake_script_lock()->subscribe_reason = 0x87;
    fake_script_unlock();
    struct mqc__session *session = fake_open();
    fake_set_filters(session, "secret/#", NULL);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_EREFUSED);
    CHECK(mqc__session_is_refused(session, "secret/#"));
    CHECK(recorder_wait_error(&fake_recorder, "subscribe_refused"));
    CHECK_CONTAINS(recorder_error(&fake_recorder, "subscribe_refused"), "secret/#");
    CHECK_CONTAINS(recorder_error(&fake_recorder, "subscribe_refused"), "not authorized");
    fake_publish_numbers(session, "t", 1, 1);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().subscribes, 1);
    fake_script_lock()->subscribe_reason = 0;
    fake_script_unlock();
    fake_lose(-1);
    CHECK(recorder_wait_states(&fake_recorder, MQC__SESSION_UP, 2));
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().subscribes, 2);
    fake_end(session);
}

static enum mqc_error wait_filter(struct mqc__session *session, const char *filter, unsigned ms)
{
    return mqc__session_wait_filters(session, &filter, 1, ms);
}

static void test_session_waits_for_some_filters_whatever_becomes_of_others(void)
{
    fake_begin();
    struct mqc__session *session = NULL;
    const struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    const struct mqc__session_events events = recorder_events(&fake_recorder);
    REQUIRE(mqc__session_new(&options, &events, fake_ops(), &session, NULL) == MQC_OK);
    fake_set_filters(session, "a/#", NULL);
    CHECK_INT(wait_filter(session, "a/#", 0), MQC_ETIMEOUT);
    CHECK_INT(mqc__session_wait_filters(session, NULL, 0, 0), MQC_ETIMEOUT);
    CHECK_INT(mqc__session_open(session), MQC_OK);
    CHECK_INT(wait_filter(session, "a/b/#", RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_INT(wait_filter(session, "a/#", 0), MQC_OK);
    CHECK_INT(mqc__session_wait_filters(session, NULL, 0, 0), MQC_OK);
    fake_script_lock()->subscribe_reason = 0x87;
    fake_script_unlock();
    fake_set_filters(session, "a/#", "secret/#");
    CHECK_INT(wait_filter(session, "secret/x/#", 0), MQC_ETIMEOUT);
    CHECK_INT(wait_filter(session, "secret/#", RECORDER_PATIENCE_MS), MQC_EREFUSED);
    CHECK_INT(wait_filter(session, "a/#", 0), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(session, 0), MQC_EREFUSED);
    CHECK_UNSIGNED(mqc__session_close(session, 0), 0);
    CHECK_INT(wait_filter(session, "a/#", 0), MQC_ECLOSED);
    CHECK_UNSIGNED(fake_recorder.answered_count, 2);
    CHECK_UNSIGNED(fake_recorder.refused_count, 1);
    fake_end(session);
}

static void test_session_loss_while_subscribing_subscribes_again(void)
{
    fake_begin();
    struct fake_script *script = fake_script_lock();
    script->subscribe_result = MQC__CLIENT_LOST;
    script->is_reachable = false;
    fake_script_unlock();
    struct mqc__session *session = fake_open();
    fake_set_filters(session, "a", NULL);
    WAIT_LOG(log.subscribes >= 3);
    fake_script_lock()->subscribe_result = MQC__CLIENT_OK;
    fake_script_unlock();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    fake_end(session);
}

static void test_session_unreachable_brokers_are_tried_in_turn_and_reported_once(void)
{
    fake_begin();
    struct fake_script *script = fake_script_lock();
    script->connect_result = MQC__CLIENT_UNREACHABLE;
    script->is_reachable = false;
    script->fail_connects = 20;
    fake_script_unlock();
    const struct mqc__session_options options = test_session_options(three_uris, 3);
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().connects, 21);
    CHECK_TEXT(fake_log().last_uri, "mqtt://three");
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "connect_failed"), 3);
    CHECK_CONTAINS(recorder_error(&fake_recorder, "connect_failed"), "connection refused");
    CHECK_CONTAINS(recorder_error(&fake_recorder, "connect_failed"), "mqtt://");
    fake_end(session);
}

static void test_session_refused_connect_says_why_and_keeps_trying(void)
{
    fake_begin();
    struct fake_script *script = fake_script_lock();
    script->connect_result = MQC__CLIENT_REFUSED;
    script->connect_reason = 0x86;
    script->fail_connects = 5;
    fake_script_unlock();
    struct mqc__session *session = fake_open();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "refused"), 1);
    CHECK_CONTAINS(recorder_error(&fake_recorder, "refused"), "bad user name or password");
    CHECK_UNSIGNED(fake_log().connects_311, 0);
    fake_end(session);
}

static void test_session_falls_back_to_311(void)
{
    for (int hangs_up = 0; hangs_up < 2; hangs_up++) {
        fake_begin();
        struct fake_script *script = fake_script_lock();
        script->refuses_5 = hangs_up == 0;
        script->hangs_up_on_5 = hangs_up != 0;
        fake_script_unlock();
        struct mqc__session *session = fake_open();
        CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
        CHECK_UNSIGNED(fake_log().connects_311, 1);
        CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "refused"), 0);
        fake_end(session);
    }
}

static void test_session_lower_keep_alive_is_adopted(void)
{
    fake_begin();
    fake_script_lock()->answer.keep_alive_s = 7;
    fake_script_unlock();
    struct mqc__session *session = fake_open();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().connects, 2);
    CHECK_UNSIGNED(fake_log().last_keep_alive_s, 7);
    CHECK_UNSIGNED(fake_stats(session).connects, 1);
    fake_lose(-1);
    CHECK(recorder_wait_states(&fake_recorder, MQC__SESSION_UP, 2));
    CHECK_UNSIGNED(fake_log().connects, 3);
    fake_end(session);
}

static void test_session_taken_over_gives_way(void)
{
    fake_begin();
    fake_script_lock()->publish = FAKE_ACK_NEVER;
    fake_script_unlock();
    struct mqc__session *session = fake_open();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    fake_publish_numbers(session, "t", 1, 2);
    fake_lose(0x8E);
    CHECK(recorder_wait_state(&fake_recorder, MQC__SESSION_TAKEN));
    CHECK(recorder_wait_error(&fake_recorder, "duplicate_node"));
    CHECK_CONTAINS(recorder_error(&fake_recorder, "duplicate_node"), "mqc-test");
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "connection_lost"), 0);
    CHECK_INT(test_session_publish(session, "t", "3;"), MQC_ETAKEN);
    CHECK_INT(mqc__session_wait_ready(session, 1000), MQC_ETAKEN);
    CHECK_INT(mqc__session_flush(session, 1000), MQC_ETAKEN);
    CHECK_UNSIGNED(mqc__session_close(session, RECORDER_PATIENCE_MS), 2);
    CHECK_UNSIGNED(mqc__session_close(session, 0), 2);
    CHECK_UNSIGNED(fake_log().connects, 1);
    CHECK_UNSIGNED(fake_stats(session).dropped_events, 2);
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "undelivered"), 1);
    fake_end(session);
}

static void test_session_brief_connections_mean_a_duplicate(void)
{
    fake_begin();
    struct mqc__session *session = fake_open();
    for (size_t i = 1; i <= 3; i++) {
        CHECK(recorder_wait_states(&fake_recorder, MQC__SESSION_UP, i));
        fake_lose(-1);
    }
    CHECK(recorder_wait_state(&fake_recorder, MQC__SESSION_TAKEN));
    CHECK(recorder_wait_error(&fake_recorder, "duplicate_node"));
    CHECK_UNSIGNED(fake_log().connects, 3);
    fake_end(session);
}

static void test_session_broker_that_is_gone_or_says_why_means_no_duplicate(void)
{
    fake_begin();
    struct mqc__session *session = fake_open();
    for (size_t i = 1; i <= 8; i++) {
        fake_script_lock()->is_reachable = i % 2 == 0;
        fake_script_unlock();
        CHECK(recorder_wait_states(&fake_recorder, MQC__SESSION_UP, i));
        fake_lose(i % 2 == 0 ? 0x97 : -1);
    }
    CHECK(recorder_wait_states(&fake_recorder, MQC__SESSION_UP, 9));
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "duplicate_node"), 0);
    fake_end(session);
}

static void test_session_flood_of_acknowledgements_ends_the_connection(void)
{
    fake_begin();
    struct mqc__session *session = fake_open();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    /* The session may process some in between. */
    for (int i = 0; i < 1000000 && recorder_count_errors(&fake_recorder, "protocol_error") == 0;
         i++)
        fake_acknowledge_token(i % 65535 + 1);
    CHECK(recorder_wait_error(&fake_recorder, "protocol_error"));
    CHECK(recorder_wait_states(&fake_recorder, MQC__SESSION_UP, 2));
    fake_publish_numbers(session, "t", 1, 1);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    fake_end(session);
}

static void test_session_message_reaches_the_owner(void)
{
    fake_begin();
    struct mqc__session *session = fake_open();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    fake_deliver("a/b", "hello");
    CHECK(recorder_wait_messages(&fake_recorder, 1));
    CHECK_TEXT(fake_recorder.messages[0], "a/b hello");
    CHECK_UNSIGNED(fake_stats(session).received_messages, 1);
    fake_end(session);
}

static void test_session_close_flushes_for_a_bounded_time(void)
{
    fake_begin();
    fake_script_lock()->publish = FAKE_ACK_NEVER;
    fake_script_unlock();
    struct mqc__session *session = fake_open();
    fake_publish_numbers(session, "t", 1, 3);
    WAIT_LOG(log.publishes >= 1);
    CHECK_UNSIGNED(mqc__session_close(session, 30), 3);
    CHECK_UNSIGNED(fake_log().disconnects, 1);
    CHECK_UNSIGNED(fake_stats(session).dropped_events, 3);
    CHECK_UNSIGNED(fake_stats(session).outbox_events, 0);
    CHECK_CONTAINS(recorder_error(&fake_recorder, "undelivered"), "3 events");
    CHECK_INT(mqc__session_flush(session, 1000), MQC_ECLOSED);
    CHECK_INT(mqc__session_wait_ready(session, 1000), MQC_ECLOSED);
    CHECK_INT(mqc__session_open(session), MQC_EINVAL);
    fake_end(session);
}

static void test_session_close_keeps_connecting_while_there_is_something_to_flush(void)
{
    fake_begin();
    struct fake_script *script = fake_script_lock();
    script->connect_result = MQC__CLIENT_UNREACHABLE;
    script->is_reachable = false;
    script->fail_connects = 4;
    fake_script_unlock();
    struct mqc__session *session = fake_open();
    fake_publish_numbers(session, "t", 1, 3);
    CHECK_UNSIGNED(mqc__session_close(session, RECORDER_PATIENCE_MS), 0);
    CHECK_UNSIGNED(fake_stats(session).delivered_events, 3);
    fake_end(session);
}

static void test_session_close_without_open_reports_what_is_left(void)
{
    fake_begin();
    const struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    const struct mqc__session_events events = recorder_events(&fake_recorder);
    struct mqc__session *session = NULL;
    REQUIRE(mqc__session_new(&options, &events, fake_ops(), &session, NULL) == MQC_OK);
    fake_publish_numbers(session, "t", 1, 3);
    CHECK_UNSIGNED(mqc__session_close(session, 1000), 3);
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "undelivered"), 1);
    CHECK_INT(fake_recorder.states[0], MQC__SESSION_CLOSED);
    fake_end(session);
}

/* A connect that hangs does not hold close up; the thread cleans up by itself when it returns. */
static void test_session_close_does_not_wait_for_a_connect_that_hangs(void)
{
    fake_begin();
    fake_script_lock()->connect_blocks = true;
    fake_script_unlock();
    struct mqc__session *session = fake_open();
    WAIT_LOG(log.connects == 1);
    fake_publish_numbers(session, "t", 1, 2);
    CHECK_UNSIGNED(mqc__session_close(session, 0), 2);
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "undelivered"), 1);
    CHECK_INT(fake_recorder.states[fake_recorder.state_count - 1], MQC__SESSION_CLOSED);
    mqc__session_free(&session);
    CHECK_UNSIGNED(fake_log().frees, 0);
    fake_unblock();
    WAIT_LOG(log.frees == 1);
    fake_end(session);
}

int main(void)
{
#define TEST(name) {#name, test_session_##name}
    CU_TestInfo tests[] = {
        TEST(starts_clean_and_then_goes_on),
        TEST(filters_follow_the_desired_set_over_reconnects),
        TEST(refused_filter_is_reported_and_not_repeated),
        TEST(waits_for_some_filters_whatever_becomes_of_others),
        TEST(loss_while_subscribing_subscribes_again),
        TEST(unreachable_brokers_are_tried_in_turn_and_reported_once),
        TEST(refused_connect_says_why_and_keeps_trying),
        TEST(falls_back_to_311),
        TEST(lower_keep_alive_is_adopted),
        TEST(taken_over_gives_way),
        TEST(brief_connections_mean_a_duplicate),
        TEST(broker_that_is_gone_or_says_why_means_no_duplicate),
        TEST(flood_of_acknowledgements_ends_the_connection),
        TEST(message_reaches_the_owner),
        TEST(close_flushes_for_a_bounded_time),
        TEST(close_keeps_connecting_while_there_is_something_to_flush),
        TEST(close_without_open_reports_what_is_left),
        TEST(close_does_not_wait_for_a_connect_that_hangs),
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.session", tests);
}
