#include "base/buffer.h"
#include "support/suite.h"
#include "unit/mqtt/fake_session.h"

#include <stdio.h>
#include <stdlib.h>

static const struct mqc__service to_many = {.qos = MQC__QOS_1, .is_end_to_end = true};
static const struct mqc__service to_one = {
    .qos = MQC__QOS_1, .is_end_to_end = true, .is_to_one = true};

static struct mqc__session_options keeping(void)
{
    struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    options.batch_events_max = 2;
    options.durability.keep_ms = 600000;
    options.durability.keep_bytes = 1 << 20;
    return options;
}

/* Publishes "<n>;" for n from..to. */
static void publish(struct mqc__session *session, struct mqc__service service, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char scratch[20];
        char text[20];
        struct mqc__buffer event;
        mqc__buffer_init_scratch(&event, scratch, sizeof scratch, sizeof scratch);
        (void)snprintf(text, sizeof text, "%d;", i);
        REQUIRE(mqc__buffer_append_text(&event, text));
        CHECK_INT(mqc__session_publish_buffer(session, mqc_view_text("t"), service, &event),
                  MQC_OK);
    }
}

static struct mqc__session_receipt receipt(uint64_t handled_to, bool wants_repeat)
{
    return (struct mqc__session_receipt){
        .instance = mqc_view_text("i"),
        .mqtt_topic = mqc_view_text("t"),
        .topic = mqc_view_text("event"),
        .requester = mqc_view_text("receiver"),
        .reply_topic = mqc_view_text("reply"),
        .handled_to = handled_to,
        .wants_repeat = wants_repeat,
    };
}

static void tell(struct mqc__session *session, uint64_t handled_to, bool wants_repeat)
{
    const struct mqc__session_receipt told = receipt(handled_to, wants_repeat);
    mqc__session_receipt(session, &told);
}

static void await_payload(unsigned index, const char *expected)
{
    WAIT_LOG(log.publishes > index);
    char *payload = fake_payload(index);
    CHECK_TEXT(payload, expected);
    free(payload);
}

/* Open and published from before, so that the batches are full. */
static struct mqc__session *open_with(const struct mqc__session_options *options,
                                      struct mqc__service service, int count)
{
    const struct mqc__session_events events = recorder_events(&fake_recorder);
    struct mqc__session *session = NULL;
    REQUIRE(mqc__session_new(options, &events, fake_ops(), &session, NULL) == MQC_OK);
    publish(session, service, 1, count);
    CHECK_INT(mqc__session_open(session), MQC_OK);
    return session;
}

static void test_session_repeats_what_a_receiver_misses(void)
{
    fake_begin();
    const struct mqc__session_options options = keeping();
    struct mqc__session *session = open_with(&options, to_many, 6);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    await_payload(0, "i/n/1/1 receipt 2 kept 0|1;2;");
    await_payload(2, "i/n/5/0 receipt 2 kept 0|5;6;");
    CHECK_UNSIGNED(fake_stats(session).kept_events, 6);
    tell(session, 3, true);
    /* Whole messages, merged or not: the receiver skips what it has. */
    WAIT_LOG(log.publishes > 3);
    char *payload = fake_payload(3);
    REQUIRE(payload != NULL);
    CHECK(strstr(payload, "receipt 2 kept 0 of event|") != NULL);
    CHECK(strstr(payload, "4;5;6;") != NULL || strstr(payload, "3;4;") != NULL);
    free(payload);
    CHECK_UNSIGNED(fake_log().publishes_qos_1, 3);
    CHECK_UNSIGNED(mqc__session_close(session, 1000), 0);
    fake_end(session);
}

static void test_session_to_one_is_done_with_its_receipt(void)
{
    fake_begin();
    const struct mqc__session_options options = keeping();
    struct mqc__session *session = open_with(&options, to_one, 4);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    WAIT_LOG(log.publishes >= 2);
    CHECK_INT(mqc__session_flush(session, 50), MQC_ETIMEOUT);
    tell(session, 2, false);
    CHECK_INT(mqc__session_flush(session, 50), MQC_ETIMEOUT);
    tell(session, 4, false);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_stats(session).kept_events, 0);
    CHECK_UNSIGNED(fake_stats(session).delivered_events, 4);
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "receiver_silent"), 0);
    fake_end(session);
}

static void test_session_gives_up_a_silent_receiver_in_time(void)
{
    fake_begin();
    struct mqc__session_options options = keeping();
    options.durability.keep_ms = 20;
    struct mqc__session *session = open_with(&options, to_one, 4);
    CHECK(recorder_wait_error(&fake_recorder, "receiver_silent"));
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_stats(session).given_up_events, 4);
    CHECK_UNSIGNED(fake_stats(session).dropped_events, 4);
    /* It comes back and asks: it is told that nothing is left. */
    tell(session, 1, true);
    WAIT_LOG(log.publishes > 2);
    fake_end(session);
}

static void test_session_keeps_no_more_than_it_may(void)
{
    fake_begin();
    struct mqc__session_options options = keeping();
    options.durability.keep_bytes = 1;
    struct mqc__session *session = open_with(&options, to_many, 4);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_stats(session).kept_events, 0);
    CHECK_UNSIGNED(fake_stats(session).dropped_events, 0);
    fake_end(session);
}

static void test_session_answers_for_streams_that_it_does_not_know(void)
{
    fake_begin();
    const struct mqc__session_options options = keeping();
    struct mqc__session *session = open_with(&options, to_many, 0);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    struct mqc__session_receipt stranger = receipt(5, true);
    stranger.instance = mqc_view_text("before");
    mqc__session_receipt(session, &stranger);
    await_payload(0, "before/n/1/0 receipt 2 kept 18446744073709551615 of event|");
    stranger.reply_topic = mqc_view_text("no/#/topic");
    mqc__session_receipt(session, &stranger);
    stranger.wants_repeat = false;
    mqc__session_receipt(session, &stranger);
    publish(session, to_many, 1, 1);
    await_payload(1, "i/n/1/1 receipt 2 kept 0|1;");
    fake_end(session);
}

static void test_session_probes_when_a_topic_falls_silent(void)
{
    fake_begin();
    const struct mqc__session_options options = keeping();
    struct mqc__session *session = open_with(&options, to_one, 2);
    await_payload(0, "i/n/1/1 receipt 1 kept 0|1;2;");
    await_payload(1, "i/n/2/0 receipt 1 kept 0|");
    CHECK_UNSIGNED(fake_log().publishes_qos_1, 2);
    tell(session, 2, false);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    fake_end(session);
}

static void test_session_close_says_what_nobody_has_acknowledged(void)
{
    fake_begin();
    const struct mqc__session_options options = keeping();
    struct mqc__session *session = open_with(&options, to_one, 3);
    WAIT_LOG(log.publishes >= 2);
    CHECK_UNSIGNED(mqc__session_close(session, 100), 0);
    CHECK(recorder_wait_error(&fake_recorder, "receiver_silent"));
    fake_end(session);
}

static void test_session_says_notes_while_it_is_up(void)
{
    fake_begin();
    const struct mqc__session_options options = keeping();
    const struct mqc__session_events events = recorder_events(&fake_recorder);
    struct mqc__session *session = NULL;
    REQUIRE(mqc__session_new(&options, &events, fake_ops(), &session, NULL) == MQC_OK);
    const struct mqc_view topic = mqc_view_text("other");
    CHECK_INT(mqc__session_say(session, topic, mqc_view_text("x")), MQC_EFULL);
    CHECK_INT(mqc__session_open(session), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_INT(mqc__session_say(session, mqc_view_text("#"), mqc_view_text("x")), MQC_EINVAL);
    CHECK_INT(mqc__session_say(session, topic, mqc_view_text("a word")), MQC_OK);
    await_payload(0, "a word");
    (void)mqc__session_close(session, 0);
    CHECK_INT(mqc__session_say(session, topic, mqc_view_text("x")), MQC_ECLOSED);
    fake_end(session);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"repeats_what_a_receiver_misses", test_session_repeats_what_a_receiver_misses},
        {"to_one_is_done_with_its_receipt", test_session_to_one_is_done_with_its_receipt},
        {"gives_up_a_silent_receiver_in_time", test_session_gives_up_a_silent_receiver_in_time},
        {"keeps_no_more_than_it_may", test_session_keeps_no_more_than_it_may},
        {"answers_for_streams_that_it_does_not_know",
         test_session_answers_for_streams_that_it_does_not_know},
        {"probes_when_a_topic_falls_silent", test_session_probes_when_a_topic_falls_silent},
        {"close_says_what_nobody_has_acknowledged",
         test_session_close_says_what_nobody_has_acknowledged},
        {"says_notes_while_it_is_up", test_session_says_notes_while_it_is_up},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.session_end_to_end", tests);
}
