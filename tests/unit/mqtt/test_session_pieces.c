#include "support/suite.h"
#include "unit/mqtt/fake_session.h"

#include <stdio.h>
#include <stdlib.h>

static void check_payload(unsigned index, const char *expected)
{
    char *payload = fake_payload(index);
    CHECK_TEXT(payload, expected);
    free(payload);
}

static struct mqc__session_options options_in_pieces(void)
{
    struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    options.piece_bytes = 8;
    options.backoff_max_ms = 5;
    return options;
}

static struct mqc__session *open_in_pieces(void)
{
    const struct mqc__session_options options = options_in_pieces();
    return test_session_open(&options, &fake_recorder, fake_ops());
}

static void script_publish(enum fake_publish publish)
{
    fake_script_lock()->publish = publish;
    fake_script_unlock();
}

static void publish(struct mqc__session *session, const char *topic, enum mqc__qos qos,
                    const char *event)
{
    CHECK_INT(mqc__session_publish(session, mqc_view_text(topic), qos, mqc_view_text(event)),
              MQC_OK);
}

static void check_delivered(struct mqc__session *session, unsigned events, unsigned messages)
{
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    const struct mqc__session_stats stats = fake_stats(session);
    CHECK_UNSIGNED(stats.delivered_events, events);
    CHECK_UNSIGNED(stats.dropped_events, 0);
    CHECK_UNSIGNED(stats.sent_messages, messages);
    CHECK_UNSIGNED(stats.outbox_events, 0);
    CHECK_UNSIGNED(stats.outbox_bytes, 0);
}

/* What was accepted before the session is opened leaves in a known order. */
static void test_pieces_and_others_take_turns(void)
{
    for (enum mqc__qos qos = MQC__QOS_0; qos <= MQC__QOS_1; qos++) {
        fake_begin();
        const struct mqc__session_options options = options_in_pieces();
        const struct mqc__session_events events = recorder_events(&fake_recorder);
        struct mqc__session *session = NULL;
        REQUIRE(mqc__session_new(&options, &events, fake_ops(), &session, NULL) == MQC_OK);
        publish(session, "t", qos, "a large event of 25 byte;");
        publish(session, "t", qos, "next;");
        publish(session, "u", qos, "1;");
        publish(session, "v", qos, "2;");
        CHECK_INT(mqc__session_open(session), MQC_OK);
        check_delivered(session, 4, 7);
        check_payload(0, "i/n/1/1 piece 0 of 25|a large ");
        check_payload(1, "i/n/1/1|1;");
        check_payload(2, "i/n/1/1 piece 8 of 25|event of");
        check_payload(3, "i/n/1/1|2;");
        check_payload(4, "i/n/1/1 piece 16 of 25| 25 byte");
        check_payload(5, "i/n/1/1 piece 24 of 25|;");
        check_payload(6, "i/n/2/0|next;");
        CHECK_UNSIGNED(fake_log().publishes_qos_1, qos == MQC__QOS_1 ? 7 : 0);
        fake_end(session);
    }
}

static void test_pieces_are_not_compressed(void)
{
    fake_begin();
    struct mqc__session_options options = options_in_pieces();
    options.compression_level = 7;
    options.piece_bytes = 110;
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    char event[201];
    memset(event, 'x', 200);
    event[200] = '\0';
    publish(session, "t", MQC__QOS_1, event);
    check_delivered(session, 1, 2);
    char *payload = fake_payload(0);
    CHECK_CONTAINS(payload, "piece 0 of 200|xxx");
    free(payload);
    fake_end(session);
}

static void test_window_holds_for_pieces(void)
{
    fake_begin();
    struct fake_script *script = fake_script_lock();
    script->publish = FAKE_ACK_NEVER;
    script->answer.receive_max = 3;
    fake_script_unlock();
    struct mqc__session *session = open_in_pieces();
    publish(session, "t", MQC__QOS_1,
            "this is an event of eighty bytes, which makes ten pieces of "
            "eight bytes each, see;");
    for (int acknowledged = 0; acknowledged < 11; acknowledged++) {
        WAIT_LOG(log.in_flight_now == 3 || log.publishes == 11);
        CHECK_UNSIGNED(fake_stats(session).delivered_events, 0);
        CHECK(fake_acknowledge(0));
    }
    check_delivered(session, 1, 11);
    CHECK_UNSIGNED(fake_log().in_flight_max, 3);
    fake_end(session);
}

static void test_bytes_in_flight_are_bounded_for_pieces(void)
{
    fake_begin();
    script_publish(FAKE_ACK_NEVER);
    struct mqc__session_options options = options_in_pieces();
    options.piece_bytes = 500;
    options.in_flight_bytes_max = 1000;
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    char event[5001];
    memset(event, 'x', 5000);
    event[5000] = '\0';
    publish(session, "t", MQC__QOS_1, event);
    while (mqc__session_flush(session, 1) == MQC_ETIMEOUT)
        (void)fake_acknowledge(0);
    CHECK_UNSIGNED(fake_log().publishes, 10);
    /* Envelopes have a header beside the bytes. */
    CHECK(fake_log().in_flight_bytes_max <= 1000 + 2 * 30);
    fake_end(session);
}

static void test_after_a_loss_pieces_begin_anew(void)
{
    fake_begin();
    script_publish(FAKE_ACK_NEVER);
    struct mqc__session *session = open_in_pieces();
    publish(session, "t", MQC__QOS_1, "in three pieces now;");
    WAIT_LOG(log.publishes == 3);
    publish(session, "t", MQC__QOS_1, "next;");
    WAIT_LOG(log.publishes == 4);
    CHECK(fake_acknowledge(0));
    CHECK(fake_acknowledge(0));
    script_publish(FAKE_ACK_EARLY);
    fake_lose(0x8B);
    check_delivered(session, 2, 8);
    check_payload(4, "i/n/1/1 piece 0 of 20|in three");
    check_payload(5, "i/n/1/1 piece 8 of 20| pieces ");
    check_payload(6, "i/n/1/1 piece 16 of 20|now;");
    check_payload(7, "i/n/2/0|next;");
    fake_end(session);
}

/* Takes a payload as a receiver would; returns whether an event is complete with it. */
static bool receive(const char *payload, char *event, size_t *size)
{
    const char *content = strchr(payload, '|');
    REQUIRE(content != NULL);
    content++;
    unsigned long offset = 0;
    unsigned long total = strlen(content);
    static const char word[] = " piece ";
    const char *piece = strstr(payload, word);
    if (piece != NULL) {
        char *end = NULL;
        offset = strtoul(piece + strlen(word), &end, 10);
        total = strtoul(end + strlen(" of "), NULL, 10);
    }
    if (offset == 0)
        *size = 0;
    CHECK(offset <= *size);
    memcpy(event + offset, content, strlen(content));
    if (offset + strlen(content) > *size)
        *size = offset + strlen(content);
    event[*size] = '\0';
    return *size == total;
}

/* Loses the connection after each number of publishes: each event arrives in the end, in order. */
static void test_loss_at_every_step_loses_nothing(void)
{
    fake_begin();
    fake_script_lock()->is_reachable = false;
    fake_script_unlock();
    struct mqc__session *session = open_in_pieces();
    int number = 0;
    for (unsigned step = 1; step <= 20; step++) {
        fake_script_lock()->lose_after_publishes = step;
        fake_script_unlock();
        for (int i = 0; i < 5; i++) {
            char event[80];
            (void)snprintf(event, sizeof event, "%d is an event in some pieces;", ++number);
            publish(session, "t", MQC__QOS_1, event);
        }
        CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    }
    CHECK_UNSIGNED(fake_stats(session).delivered_events, 100);
    long next = 1;
    char event[200];
    size_t size = 0;
    for (unsigned i = 0; i < fake_log().publishes; i++) {
        char *payload = fake_payload(i);
        REQUIRE(payload != NULL);
        const bool is_complete = receive(payload, event, &size);
        free(payload);
        if (!is_complete)
            continue;
        CHECK_CONTAINS(event, " is an event in some pieces;");
        CHECK(strtol(event, NULL, 10) <= next);
        next = strtol(event, NULL, 10) == next ? next + 1 : next;
    }
    CHECK_INT(next, 101);
    fake_end(session);
}

static void test_refused_piece_refuses_the_event(void)
{
    fake_begin();
    script_publish(FAKE_ACK_NEVER);
    struct mqc__session *session = open_in_pieces();
    publish(session, "t", MQC__QOS_1, "in three pieces now;");
    publish(session, "u", MQC__QOS_1, "1;");
    WAIT_LOG(log.publishes == 4);
    CHECK(fake_acknowledge(0x87));
    CHECK(recorder_wait_error(&fake_recorder, "publish_refused"));
    CHECK_CONTAINS(recorder_error(&fake_recorder, "publish_refused"), "not authorized");
    while (fake_acknowledge(0))
        ;
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    const struct mqc__session_stats stats = fake_stats(session);
    CHECK_UNSIGNED(stats.dropped_events, 1);
    CHECK_UNSIGNED(stats.delivered_events, 1);
    script_publish(FAKE_ACK_EARLY);
    publish(session, "t", MQC__QOS_1, "next;");
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    check_payload(4, "i/n/2/1|next;");
    fake_end(session);
}

static void test_no_memory_or_connection_for_a_piece_is_tried_again(void)
{
    static const enum fake_publish cases[] = {FAKE_PUBLISH_NOMEM, FAKE_PUBLISH_LOST,
                                              FAKE_PUBLISH_LOST_UNTOLD};
    for (size_t i = 0; i < 3; i++) {
        fake_begin();
        fake_script_lock()->publish = cases[i];
        fake_script_lock()->is_reachable = false;
        fake_script_unlock();
        fake_script_unlock();
        struct mqc__session *session = open_in_pieces();
        publish(session, "t", MQC__QOS_0, "in three pieces now;");
        CHECK_INT(mqc__session_flush(session, 20), MQC_ETIMEOUT);
        script_publish(FAKE_ACK_EARLY);
        CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
        CHECK_UNSIGNED(fake_stats(session).delivered_events, 1);
        CHECK_UNSIGNED(fake_stats(session).sent_messages, 3);
        fake_end(session);
    }
}

static void test_event_over_the_packet_limit_is_refused_in_pieces_too(void)
{
    fake_begin();
    fake_script_lock()->answer.packet_bytes_max = 1000;
    fake_script_unlock();
    struct mqc__session *session = open_in_pieces();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    char event[1001];
    memset(event, 'x', 1000);
    event[1000] = '\0';
    CHECK_INT(test_session_publish(session, "t", event), MQC_ETOOLARGE);
    fake_end(session);
}

static void test_closing_in_the_middle_counts_the_event(void)
{
    fake_begin();
    script_publish(FAKE_ACK_NEVER);
    struct mqc__session_options options = options_in_pieces();
    options.in_flight_max = 2;
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    publish(session, "t", MQC__QOS_1, "in three pieces now;");
    WAIT_LOG(log.publishes == 2);
    CHECK_UNSIGNED(mqc__session_close(session, 1), 1);
    fake_end(session);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"pieces_and_others_take_turns", test_pieces_and_others_take_turns},
        {"pieces_are_not_compressed", test_pieces_are_not_compressed},
        {"window_holds_for_pieces", test_window_holds_for_pieces},
        {"bytes_in_flight_are_bounded_for_pieces", test_bytes_in_flight_are_bounded_for_pieces},
        {"after_a_loss_pieces_begin_anew", test_after_a_loss_pieces_begin_anew},
        {"loss_at_every_step_loses_nothing", test_loss_at_every_step_loses_nothing},
        {"refused_piece_refuses_the_event", test_refused_piece_refuses_the_event},
        {"no_memory_or_connection_for_a_piece_is_tried_again",
         test_no_memory_or_connection_for_a_piece_is_tried_again},
        {"event_over_the_packet_limit_is_refused_in_pieces_too",
         test_event_over_the_packet_limit_is_refused_in_pieces_too},
        {"closing_in_the_middle_counts_the_event", test_closing_in_the_middle_counts_the_event},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.session_pieces", tests);
}
