/* What outlasts a connection: messages that are not acknowledged, and the filters at the broker. */
#include "support/suite.h"
#include "unit/mqtt/fake_session.h"

static struct mqc__session_options lasting_options(void)
{
    struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    options.session_expiry_s = 60;
    options.holds_acks = true;
    return options;
}

/* Opens it, with the filters desired before. */
static struct mqc__session *open_with(const struct mqc__session_options *options, const char *a,
                                      const char *b)
{
    const struct mqc__session_events events = recorder_events(&fake_recorder);
    struct mqc__session *session = NULL;
    REQUIRE(mqc__session_new(options, &events, fake_ops(), &session, NULL) == MQC_OK);
    fake_recorder.session = session;
    fake_set_filters(session, a, b);
    CHECK_INT(mqc__session_open(session), MQC_OK);
    return session;
}

static void wait_ready(struct mqc__session *session)
{
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
}

static void lose_and_wait(struct mqc__session *session, size_t connections)
{
    fake_lose(-1);
    CHECK(recorder_wait_states(&fake_recorder, MQC__SESSION_UP, connections));
    wait_ready(session);
}

static void test_session_handled_names_the_message_to_the_client(void)
{
    const struct mqc__session_options options = lasting_options();
    fake_begin();
    fake_recorder.keeps_acks = true;
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    wait_ready(session);
    for (int i = 0; i < 3; i++)
        fake_deliver("t", "x");
    CHECK(recorder_wait_messages(&fake_recorder, 3));
    CHECK_UNSIGNED(fake_log().handled, 0);
    mqc__session_handled(session, recorder_ack(&fake_recorder, 1));
    CHECK_UNSIGNED(fake_log().handled, 1);
    CHECK_UNSIGNED(fake_log().last_handled, 2);
    mqc__session_handled(session, 0);
    CHECK_UNSIGNED(fake_log().handled, 1);
    mqc__session_handled(session, recorder_ack(&fake_recorder, 2));
    CHECK_UNSIGNED(fake_log().last_handled, 3);
    fake_end(session);
}

static void test_session_handled_of_an_earlier_connection_is_ignored(void)
{
    const struct mqc__session_options options = lasting_options();
    fake_begin();
    fake_recorder.keeps_acks = true;
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    wait_ready(session);
    fake_deliver("t", "x");
    CHECK(recorder_wait_messages(&fake_recorder, 1));
    lose_and_wait(session, 2);
    fake_deliver("t", "x");
    CHECK(recorder_wait_messages(&fake_recorder, 2));
    CHECK(recorder_ack(&fake_recorder, 0) != recorder_ack(&fake_recorder, 1));
    mqc__session_handled(session, recorder_ack(&fake_recorder, 0));
    CHECK_UNSIGNED(fake_log().handled, 0);
    mqc__session_handled(session, recorder_ack(&fake_recorder, 1));
    CHECK_UNSIGNED(fake_log().handled, 1);
    CHECK_UNSIGNED(fake_log().last_handled, 1);
    (void)mqc__session_close(session, 0);
    mqc__session_handled(session, recorder_ack(&fake_recorder, 1));
    CHECK_UNSIGNED(fake_log().handled, 1);
    fake_end(session);
}

static void test_session_that_does_not_hold_has_nothing_to_acknowledge(void)
{
    struct mqc__session_options options = lasting_options();
    options.holds_acks = false;
    fake_begin();
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    wait_ready(session);
    fake_deliver("t", "x");
    CHECK(recorder_wait_messages(&fake_recorder, 1));
    CHECK_UNSIGNED(recorder_ack(&fake_recorder, 0), 0);
    CHECK_UNSIGNED(fake_log().handled, 0);
    fake_end(session);
}

/* Messages of a session without an owner for them are nobody's. */
static void test_session_without_an_owner_acknowledges_by_itself(void)
{
    const struct mqc__session_options options = lasting_options();
    fake_begin();
    struct mqc__session_events events = recorder_events(&fake_recorder);
    struct mqc__session *session = NULL;
    events.message = NULL;
    REQUIRE(mqc__session_new(&options, &events, fake_ops(), &session, NULL) == MQC_OK);
    CHECK_INT(mqc__session_open(session), MQC_OK);
    wait_ready(session);
    fake_deliver("t", "x");
    fake_deliver("t", "x");
    CHECK_UNSIGNED(fake_log().handled, 2);
    CHECK_UNSIGNED(fake_log().last_handled, 2);
    fake_end(session);
}

static void check_starts(enum mqc__mqtt_version version, uint32_t expiry_s, unsigned clean)
{
    struct mqc__session_options options = lasting_options();
    options.version = version;
    options.session_expiry_s = expiry_s;
    options.resumes = true;
    fake_begin();
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    wait_ready(session);
    lose_and_wait(session, 2);
    CHECK_UNSIGNED(fake_log().connects, 2);
    CHECK_UNSIGNED(fake_log().connects_clean, clean);
    fake_end(session);
}

static void test_session_resumes_at_the_first_connection(void)
{
    check_starts(MQC__MQTT_5, 60, 0);
    check_starts(MQC__MQTT_311, 60, 0);
    /* Nothing to go on with; with MQTT 3.1.1 it would last for ever. */
    check_starts(MQC__MQTT_5, 0, 2);
    check_starts(MQC__MQTT_311, 0, 2);
}

static void test_session_unsubscribes_stale_filters(void)
{
    static const char *const stale[] = {"old/#", "a/#"};
    struct mqc__session_options options = lasting_options();
    options.resumes = true;
    options.stale_filters = stale;
    options.stale_filter_count = 2;
    fake_begin();
    struct mqc__session *session = open_with(&options, "a/#", "b/#");
    wait_ready(session);
    CHECK(recorder_wait_filters(&fake_recorder, "old/# a/# b/# |a/# b/# |"));
    CHECK_TEXT(fake_log().filters, "+a/# +b/# -old/# ");
    lose_and_wait(session, 2);
    CHECK_TEXT(fake_log().filters, "+a/# +b/# -old/# ~a/# ~b/# ");
    CHECK(recorder_wait_filters(&fake_recorder, "old/# a/# b/# |a/# b/# |"));
    fake_end(session);
}

/* A clean start has thrown them away at the broker. */
static void test_session_that_starts_clean_knows_no_stale_filters(void)
{
    static const char *const stale[] = {"old/#", "a/#"};
    struct mqc__session_options options = lasting_options();
    options.stale_filters = stale;
    options.stale_filter_count = 2;
    fake_begin();
    struct mqc__session *session = open_with(&options, "a/#", NULL);
    wait_ready(session);
    CHECK(recorder_wait_filters(&fake_recorder, "a/# |"));
    CHECK_TEXT(fake_log().filters, "+a/# ");
    CHECK_UNSIGNED(fake_log().unsubscribes, 0);
    fake_end(session);
}

/* What is stored is never less than what the broker may have, also when its answer gets lost. */
static void test_session_tells_filters_before_it_subscribes(void)
{
    const struct mqc__session_options options = lasting_options();
    fake_begin();
    fake_script_lock()->subscribe_result = MQC__CLIENT_LOST;
    fake_script_unlock();
    struct mqc__session *session = open_with(&options, "a/#", "b/#");
    WAIT_LOG(log.subscribes >= 1);
    CHECK(recorder_wait_filters(&fake_recorder, "a/# b/# |"));
    fake_script_lock()->subscribe_result = MQC__CLIENT_OK;
    fake_script_unlock();
    wait_ready(session);
    fake_set_filters(session, "c/#", NULL);
    wait_ready(session);
    WAIT_LOG(log.unsubscribes == 1);
    CHECK(recorder_wait_filters(&fake_recorder, "a/# b/# |a/# b/# c/# |c/# |"));
    fake_end(session);
}

static void test_session_tells_that_a_refused_filter_is_gone(void)
{
    const struct mqc__session_options options = lasting_options();
    fake_begin();
    fake_script_lock()->subscribe_reason = 0x87;
    fake_script_unlock();
    struct mqc__session *session = open_with(&options, "a/#", NULL);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_EREFUSED);
    CHECK(recorder_wait_filters(&fake_recorder, "a/# ||"));
    fake_end(session);
}

int main(void)
{
#define TEST(name) {#name, test_session_##name}
    CU_TestInfo tests[] = {
        TEST(handled_names_the_message_to_the_client),
        TEST(handled_of_an_earlier_connection_is_ignored),
        TEST(that_does_not_hold_has_nothing_to_acknowledge),
        TEST(without_an_owner_acknowledges_by_itself),
        TEST(resumes_at_the_first_connection),
        TEST(unsubscribes_stale_filters),
        TEST(that_starts_clean_knows_no_stale_filters),
        TEST(tells_filters_before_it_subscribes),
        TEST(tells_that_a_refused_filter_is_gone),
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.session_lasting", tests);
}
