#include "unit/mqtt/fake_client.h"
#include "unit/mqtt/recorder.h"

#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const one_uri[] = {"mqtt://one"};
static const char *const three_uris[] = {"mqtt://one", "mqtt://two", "mqtt://three"};

static struct recorder recorder;

static void begin(void)
{
    fake_reset();
    recorder_init(&recorder);
}

static void end(struct mqc__session *session)
{
    mqc__session_free(&session);
    CHECK(session == NULL);
    const struct fake_log log = fake_log();
    CHECK_UNSIGNED(log.frees, log.creates);
    recorder_fini(&recorder);
    fake_reset();
}

static struct mqc__session *open_one(void)
{
    const struct mqc__session_options options = test_session_options(one_uri, 1);
    return test_session_open(&options, &recorder, fake_ops());
}

static void sleep_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* Waits until the fake's log says so. */
#define WAIT_LOG(condition)                                                                        \
    do {                                                                                           \
        int left = RECORDER_PATIENCE_MS;                                                           \
        struct fake_log log = fake_log();                                                          \
        while (!(condition) && left-- > 0) {                                                       \
            sleep_ms(1);                                                                           \
            log = fake_log();                                                                      \
        }                                                                                          \
        CHECK(condition);                                                                          \
    } while (0)

static struct mqc__session_stats stats_of(struct mqc__session *session)
{
    struct mqc__session_stats stats;
    mqc__session_stats(session, &stats);
    return stats;
}

/* Publishes "<n>;" for n from..to. */
static void publish_numbers(struct mqc__session *session, const char *topic, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char event[20];
        (void)snprintf(event, sizeof event, "%d;", i);
        CHECK_INT(test_session_publish(session, topic, event), MQC_OK);
    }
}

static void check_payload(unsigned index, const char *expected)
{
    char *payload = fake_payload(index);
    CHECK_TEXT(payload, expected);
    free(payload);
}

/* More than the recorder's outbox holds. */
#define TOO_LARGE (64 << 20)

static void test_session_publish_is_delivered_in_an_envelope(void)
{
    begin();
    struct mqc__session *session = open_one();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    publish_numbers(session, "t", 1, 1);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    check_payload(0, "i/n/1/1|1;");
    publish_numbers(session, "t", 2, 2);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    check_payload(1, "i/n/2/0|2;");
    const struct mqc__session_stats stats = stats_of(session);
    CHECK_UNSIGNED(stats.accepted_events, 2);
    CHECK_UNSIGNED(stats.delivered_events, 2);
    CHECK_UNSIGNED(stats.sent_messages, 2);
    CHECK_UNSIGNED(stats.connects, 1);
    CHECK_UNSIGNED(stats.outbox_events, 0);
    CHECK_UNSIGNED(mqc__session_close(session, 1000), 0);
    CHECK_UNSIGNED(fake_log().disconnects, 1);
    CHECK_INT(test_session_publish(session, "t", "x"), MQC_ECLOSED);
    CHECK_INT(recorder.states[0], MQC__SESSION_UP);
    CHECK_INT(recorder.states[1], MQC__SESSION_CLOSED);
    CHECK_UNSIGNED(recorder.state_count, 2);
    CHECK_UNSIGNED(recorder.error_count, 0);
    end(session);
}

static void test_session_events_from_before_open_leave_in_one_batch(void)
{
    begin();
    const struct mqc__session_options options = test_session_options(one_uri, 1);
    const struct mqc__session_events events = recorder_events(&recorder);
    struct mqc__session *session = NULL;
    REQUIRE(mqc__session_new(&options, &events, fake_ops(), &session, NULL) == MQC_OK);
    publish_numbers(session, "t", 1, 5);
    CHECK_INT(mqc__session_flush(session, 0), MQC_ETIMEOUT);
    CHECK_INT(mqc__session_open(session), MQC_OK);
    CHECK_INT(mqc__session_open(session), MQC_EINVAL);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    check_payload(0, "i/n/1/1|1;2;3;4;5;");
    CHECK_UNSIGNED(stats_of(session).sent_messages, 1);
    end(session);
}

static void test_session_bad_arguments_are_refused(void)
{
    begin();
    struct mqc__session *session = open_one();
    const struct mqc_view event = mqc_view_text("e");
    static const char *const bad_topics[] = {"", "a/#", "+/b"};
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(mqc__session_publish(session, mqc_view_text(bad_topics[i]), MQC__QOS_1, event),
                  MQC_EINVAL);
    CHECK_INT(mqc__session_publish(session, mqc_view_bytes("a\0b", 3), MQC__QOS_1, event),
              MQC_EINVAL);
    CHECK_INT(mqc__session_publish(session, mqc_view_text("t"), MQC__QOS_1, mqc_view_text("")),
              MQC_EINVAL);
    char *large = calloc(1, TOO_LARGE);
    REQUIRE(large != NULL);
    CHECK_INT(mqc__session_publish(session, mqc_view_text("t"), MQC__QOS_1,
                                   mqc_view_bytes(large, TOO_LARGE)),
              MQC_ETOOLARGE);
    free(large);
    CHECK_UNSIGNED(stats_of(session).accepted_events, 0);
    end(session);
}

static void test_session_early_and_repeated_acknowledgements_count_once(void)
{
    begin();
    fake_script_lock()->publish = FAKE_ACK_TWICE;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    publish_numbers(session, "t", 1, 500);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    const struct mqc__session_stats stats = stats_of(session);
    CHECK_UNSIGNED(stats.delivered_events, 500);
    CHECK_UNSIGNED(stats.dropped_events, 0);
    end(session);
}

static void test_session_window_is_never_exceeded(void)
{
    begin();
    struct fake_script *script = fake_script_lock();
    script->publish = FAKE_ACK_NEVER;
    script->answer.receive_max = 3;
    fake_script_unlock();
    struct mqc__session_options options = test_session_options(one_uri, 1);
    options.batch_events_max = 1;
    struct mqc__session *session = test_session_open(&options, &recorder, fake_ops());
    publish_numbers(session, "t", 1, 20);
    for (int acknowledged = 0; acknowledged < 20; acknowledged++) {
        WAIT_LOG(log.in_flight_now == 3 || log.publishes == 20);
        CHECK(fake_acknowledge(0));
    }
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().in_flight_max, 3);
    end(session);
}

static void test_session_bytes_in_flight_are_bounded_but_one_may_go_alone(void)
{
    begin();
    fake_script_lock()->publish = FAKE_ACK_NEVER;
    fake_script_unlock();
    struct mqc__session_options options = test_session_options(one_uri, 1);
    options.in_flight_bytes_max = 1000;
    struct mqc__session *session = test_session_open(&options, &recorder, fake_ops());
    char event[2001];
    memset(event, 'x', 2000);
    static const size_t sizes[] = {400, 2000, 400, 400, 400, 999, 2, 2000, 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const char topic[] = {(char)('a' + (char)i), '\0'};
        CHECK_INT(mqc__session_publish(session, mqc_view_text(topic), MQC__QOS_1,
                                       mqc_view_bytes(event, sizes[i])),
                  MQC_OK);
    }
    while (mqc__session_flush(session, 1) == MQC_ETIMEOUT)
        (void)fake_acknowledge(0);
    CHECK_UNSIGNED(fake_log().publishes, 9);
    /* Envelopes have a header beside the 1,000 bytes. */
    CHECK(fake_log().in_flight_bytes_max <= 1000 + 3 * 20);
    end(session);
}

static void test_session_loss_repeats_what_was_not_acknowledged_in_order(void)
{
    begin();
    fake_script_lock()->publish = FAKE_ACK_NEVER;
    fake_script_unlock();
    struct mqc__session_options options = test_session_options(one_uri, 1);
    options.batch_events_max = 1;
    struct mqc__session *session = test_session_open(&options, &recorder, fake_ops());
    publish_numbers(session, "t", 1, 3);
    WAIT_LOG(log.publishes == 3);
    CHECK(fake_acknowledge(0));
    fake_script_lock()->publish = FAKE_ACK_EARLY;
    fake_script_unlock();
    fake_lose(0x8B);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    check_payload(3, "i/n/2/0|2;");
    check_payload(4, "i/n/3/0|3;");
    const struct mqc__session_stats stats = stats_of(session);
    CHECK_UNSIGNED(stats.delivered_events, 3);
    CHECK_UNSIGNED(stats.sent_messages, 5);
    CHECK_UNSIGNED(stats.connects, 2);
    CHECK(recorder_wait_error(&recorder, "connection_lost"));
    CHECK_CONTAINS(recorder_error(&recorder, "connection_lost"), "server shutting down");
    CHECK_CONTAINS(recorder_error(&recorder, "connection_lost"), "mqtt://one");
    end(session);
}

/* Loses the connection after each number of publishes; nothing is lost or delivered out of order.
 */
static void test_session_loss_at_every_step_loses_nothing(void)
{
    begin();
    fake_script_lock()->is_reachable = false;
    fake_script_unlock();
    struct mqc__session_options options = test_session_options(one_uri, 1);
    options.batch_events_max = 2;
    options.backoff_max_ms = 5;
    struct mqc__session *session = test_session_open(&options, &recorder, fake_ops());
    int number = 1;
    for (unsigned step = 1; step <= 20; step++) {
        fake_script_lock()->lose_after_publishes = step;
        fake_script_unlock();
        publish_numbers(session, "t", number, number + 49);
        number += 50;
        CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    }
    CHECK_UNSIGNED(stats_of(session).delivered_events, 1000);
    unsigned next = 1;
    for (unsigned i = 0; i < fake_log().publishes; i++) {
        char *payload = fake_payload(i);
        REQUIRE(payload != NULL);
        unsigned first = 0;
        REQUIRE(sscanf(payload, "i/n/%u/", &first) == 1);
        CHECK(first <= next);
        for (const char *at = strchr(payload, '|'); at != NULL; at = strchr(at + 1, ';'))
            next =
                at[1] != '\0' && (unsigned)atoi(at + 1) >= next ? (unsigned)atoi(at + 1) + 1 : next;
        free(payload);
    }
    CHECK_UNSIGNED(next, 1001);
    end(session);
}

static void test_session_publish_that_finds_no_connection_is_repeated(void)
{
    static const enum fake_publish cases[] = {FAKE_PUBLISH_LOST, FAKE_PUBLISH_LOST_UNTOLD};
    for (size_t i = 0; i < 2; i++) {
        begin();
        struct fake_script *script = fake_script_lock();
        script->publish = cases[i];
        script->is_reachable = false;
        fake_script_unlock();
        struct mqc__session *session = open_one();
        CHECK_INT(
            mqc__session_publish(session, mqc_view_text("t"), MQC__QOS_0, mqc_view_text("0;")),
            MQC_OK);
        WAIT_LOG(log.connects >= 2);
        fake_script_lock()->publish = FAKE_ACK_EARLY;
        fake_script_unlock();
        CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
        CHECK_UNSIGNED(stats_of(session).delivered_events, 1);
        end(session);
    }
}

static void test_session_no_memory_to_publish_is_tried_again(void)
{
    begin();
    fake_script_lock()->publish = FAKE_PUBLISH_NOMEM;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    publish_numbers(session, "t", 1, 3);
    CHECK_INT(mqc__session_flush(session, 20), MQC_ETIMEOUT);
    fake_script_lock()->publish = FAKE_ACK_EARLY;
    fake_script_unlock();
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().connects, 1);
    end(session);
}

static void test_session_refused_publish_is_dropped_and_reported(void)
{
    static const struct {
        enum fake_publish publish;
        int reason;
        const char *words;
    } cases[] = {{FAKE_ACK_EARLY, 0x87, "not authorized"},
                 {FAKE_ACK_EARLY, 0x97, "quota exceeded"},
                 {FAKE_PUBLISH_UNUSABLE, 0, "not a valid topic"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        struct fake_script *script = fake_script_lock();
        script->publish = cases[i].publish;
        script->ack_reason = cases[i].reason;
        fake_script_unlock();
        struct mqc__session *session = open_one();
        publish_numbers(session, "secret/topic", 1, 3);
        CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
        CHECK(recorder_wait_error(&recorder, "publish_refused"));
        CHECK_CONTAINS(recorder_error(&recorder, "publish_refused"), cases[i].words);
        CHECK_CONTAINS(recorder_error(&recorder, "publish_refused"), "secret/topic");
        const struct mqc__session_stats stats = stats_of(session);
        CHECK_UNSIGNED(stats.dropped_events, 3);
        CHECK_UNSIGNED(stats.delivered_events, 0);
        CHECK_UNSIGNED(stats.connects, 1);
        end(session);
    }
}

static void test_session_no_subscriber_counts_as_delivered(void)
{
    begin();
    fake_script_lock()->ack_reason = 0x10;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    publish_numbers(session, "t", 1, 1);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(stats_of(session).delivered_events, 1);
    end(session);
}

static void test_session_packet_limit_refuses_and_splits(void)
{
    begin();
    struct fake_script *script = fake_script_lock();
    script->connect_blocks = true;
    script->answer.packet_bytes_max = 400;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    char event[401];
    memset(event, 'x', 400);
    /* Nobody knows the limit yet: one that is too large, and several that are so together. */
    CHECK_INT(
        mqc__session_publish(session, mqc_view_text("t"), MQC__QOS_1, mqc_view_bytes(event, 400)),
        MQC_OK);
    for (int i = 0; i < 4; i++)
        CHECK_INT(mqc__session_publish(session, mqc_view_text("t"), MQC__QOS_1,
                                       mqc_view_bytes(event, 100)),
                  MQC_OK);
    fake_unblock();
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    struct mqc__session_stats stats = stats_of(session);
    CHECK_UNSIGNED(stats.dropped_events, 1);
    CHECK_UNSIGNED(stats.delivered_events, 4);
    CHECK(fake_log().publishes >= 2);
    for (unsigned i = 0; i < fake_log().publishes; i++) {
        char *payload = fake_payload(i);
        CHECK(strlen(payload) <= 400);
        free(payload);
    }
    CHECK(recorder_wait_error(&recorder, "publish_refused"));
    CHECK_CONTAINS(recorder_error(&recorder, "publish_refused"), "maximum packet size");
    CHECK_INT(
        mqc__session_publish(session, mqc_view_text("t"), MQC__QOS_1, mqc_view_bytes(event, 400)),
        MQC_ETOOLARGE);
    end(session);
}

static void test_session_full_outbox_refuses_counts_and_reports_once(void)
{
    begin();
    fake_script_lock()->connect_blocks = true;
    fake_script_unlock();
    struct mqc__session_options options = test_session_options(one_uri, 1);
    options.outbox_events_max = 3;
    struct mqc__session *session = test_session_open(&options, &recorder, fake_ops());
    WAIT_LOG(log.connects == 1);
    publish_numbers(session, "t", 1, 3);
    for (int i = 0; i < 10; i++)
        CHECK_INT(test_session_publish(session, "t", "x"), MQC_EFULL);
    fake_unblock();
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK(recorder_wait_error(&recorder, "outbox_overflow"));
    CHECK_CONTAINS(recorder_error(&recorder, "outbox_overflow"), "10 new events refused");
    const struct mqc__session_stats stats = stats_of(session);
    CHECK_UNSIGNED(stats.accepted_events, 3);
    CHECK_UNSIGNED(stats.refused_events, 10);
    CHECK_UNSIGNED(stats.dropped_events, 0);
    CHECK_INT(test_session_publish(session, "t", "4;"), MQC_OK);
    CHECK_UNSIGNED(mqc__session_close(session, RECORDER_PATIENCE_MS), 0);
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "outbox_overflow"), 1);
    end(session);
}

static void test_session_drop_oldest_counts_and_leaves_a_gap(void)
{
    begin();
    fake_script_lock()->connect_blocks = true;
    fake_script_unlock();
    struct mqc__session_options options = test_session_options(one_uri, 1);
    options.outbox_events_max = 3;
    options.when_full = MQC__WHEN_FULL_DROP_OLDEST;
    struct mqc__session *session = test_session_open(&options, &recorder, fake_ops());
    publish_numbers(session, "t", 1, 10);
    fake_unblock();
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    check_payload(0, "i/n/8/1|8;9;10;");
    CHECK(recorder_wait_error(&recorder, "outbox_overflow"));
    const struct mqc__session_stats stats = stats_of(session);
    CHECK_UNSIGNED(stats.accepted_events, 10);
    CHECK_UNSIGNED(stats.dropped_events, 7);
    CHECK_UNSIGNED(stats.delivered_events, 3);
    end(session);
}

static void set_filters(struct mqc__session *session, const char *a, const char *b)
{
    const char *const filters[] = {a, b};
    CHECK_INT(mqc__session_set_filters(session, filters, b != NULL ? 2 : 1), MQC_OK);
}

/* How many connections there were, and how many of them started clean, after one was lost. */
static void check_starts(struct mqc__session_options *options, uint32_t expiry_s, unsigned connects,
                         unsigned clean)
{
    begin();
    options->session_expiry_s = expiry_s;
    struct mqc__session *session = test_session_open(options, &recorder, fake_ops());
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    fake_lose(-1);
    WAIT_LOG(log.connects == connects);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().connects_clean, clean);
    end(session);
}

static void test_session_starts_clean_and_then_goes_on(void)
{
    struct mqc__session_options options = test_session_options(one_uri, 1);
    check_starts(&options, 60, 2, 1);
    check_starts(&options, 0, 2, 2);
    options.version = MQC__MQTT_311;
    check_starts(&options, 60, 3, 1);
    check_starts(&options, 0, 2, 2);
}

static void test_session_filters_follow_the_desired_set_over_reconnects(void)
{
    begin();
    const struct mqc__session_options options = test_session_options(one_uri, 1);
    const struct mqc__session_events events = recorder_events(&recorder);
    struct mqc__session *session = NULL;
    REQUIRE(mqc__session_new(&options, &events, fake_ops(), &session, NULL) == MQC_OK);
    set_filters(session, "a", "b");
    CHECK_INT(mqc__session_wait_ready(session, 0), MQC_ETIMEOUT);
    CHECK_INT(mqc__session_open(session), MQC_OK);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_TEXT(fake_log().filters, "+a +b ");
    set_filters(session, "b", "c");
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    WAIT_LOG(log.unsubscribes == 1);
    CHECK_TEXT(fake_log().filters, "+a +b +c -a ");
    fake_lose(-1);
    CHECK(recorder_wait_states(&recorder, MQC__SESSION_UP, 2));
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_TEXT(fake_log().filters, "+a +b +c -a +b +c ");
    end(session);
}

static void test_session_refused_filter_is_reported_and_not_repeated(void)
{
    begin();
    fake_script_lock()->subscribe_reason = 0x87;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    set_filters(session, "secret/#", NULL);
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_EREFUSED);
    CHECK(recorder_wait_error(&recorder, "subscribe_refused"));
    CHECK_CONTAINS(recorder_error(&recorder, "subscribe_refused"), "secret/#");
    CHECK_CONTAINS(recorder_error(&recorder, "subscribe_refused"), "not authorized");
    publish_numbers(session, "t", 1, 1);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().subscribes, 1);
    fake_script_lock()->subscribe_reason = 0;
    fake_script_unlock();
    fake_lose(-1);
    CHECK(recorder_wait_states(&recorder, MQC__SESSION_UP, 2));
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().subscribes, 2);
    end(session);
}

static void test_session_loss_while_subscribing_subscribes_again(void)
{
    begin();
    struct fake_script *script = fake_script_lock();
    script->subscribe_result = MQC__CLIENT_LOST;
    script->is_reachable = false;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    set_filters(session, "a", NULL);
    WAIT_LOG(log.subscribes >= 3);
    fake_script_lock()->subscribe_result = MQC__CLIENT_OK;
    fake_script_unlock();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    end(session);
}

static void test_session_unreachable_brokers_are_tried_in_turn_and_reported_once(void)
{
    begin();
    struct fake_script *script = fake_script_lock();
    script->connect_result = MQC__CLIENT_UNREACHABLE;
    script->is_reachable = false;
    script->fail_connects = 20;
    fake_script_unlock();
    const struct mqc__session_options options = test_session_options(three_uris, 3);
    struct mqc__session *session = test_session_open(&options, &recorder, fake_ops());
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().connects, 21);
    CHECK_TEXT(fake_log().last_uri, "mqtt://three");
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "connect_failed"), 3);
    CHECK_CONTAINS(recorder_error(&recorder, "connect_failed"), "connection refused");
    CHECK_CONTAINS(recorder_error(&recorder, "connect_failed"), "mqtt://");
    end(session);
}

static void test_session_refused_connect_says_why_and_keeps_trying(void)
{
    begin();
    struct fake_script *script = fake_script_lock();
    script->connect_result = MQC__CLIENT_REFUSED;
    script->connect_reason = 0x86;
    script->fail_connects = 5;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "refused"), 1);
    CHECK_CONTAINS(recorder_error(&recorder, "refused"), "bad user name or password");
    CHECK_UNSIGNED(fake_log().connects_311, 0);
    end(session);
}

static void test_session_falls_back_to_311(void)
{
    for (int hangs_up = 0; hangs_up < 2; hangs_up++) {
        begin();
        struct fake_script *script = fake_script_lock();
        script->refuses_5 = hangs_up == 0;
        script->hangs_up_on_5 = hangs_up != 0;
        fake_script_unlock();
        struct mqc__session *session = open_one();
        CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
        CHECK_UNSIGNED(fake_log().connects_311, 1);
        CHECK_UNSIGNED(recorder_count_errors(&recorder, "refused"), 0);
        end(session);
    }
}

static void test_session_lower_keep_alive_is_adopted(void)
{
    begin();
    fake_script_lock()->answer.keep_alive_s = 7;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().connects, 2);
    CHECK_UNSIGNED(fake_log().last_keep_alive_s, 7);
    CHECK_UNSIGNED(stats_of(session).connects, 1);
    fake_lose(-1);
    CHECK(recorder_wait_states(&recorder, MQC__SESSION_UP, 2));
    CHECK_UNSIGNED(fake_log().connects, 3);
    end(session);
}

static void test_session_taken_over_gives_way(void)
{
    begin();
    fake_script_lock()->publish = FAKE_ACK_NEVER;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    publish_numbers(session, "t", 1, 2);
    fake_lose(0x8E);
    CHECK(recorder_wait_state(&recorder, MQC__SESSION_TAKEN));
    CHECK(recorder_wait_error(&recorder, "duplicate_node"));
    CHECK_CONTAINS(recorder_error(&recorder, "duplicate_node"), "mqc-test");
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "connection_lost"), 0);
    CHECK_INT(test_session_publish(session, "t", "3;"), MQC_ETAKEN);
    CHECK_INT(mqc__session_wait_ready(session, 1000), MQC_ETAKEN);
    CHECK_INT(mqc__session_flush(session, 1000), MQC_ETAKEN);
    CHECK_UNSIGNED(mqc__session_close(session, RECORDER_PATIENCE_MS), 2);
    CHECK_UNSIGNED(mqc__session_close(session, 0), 2);
    CHECK_UNSIGNED(fake_log().connects, 1);
    CHECK_UNSIGNED(stats_of(session).dropped_events, 2);
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "undelivered"), 1);
    end(session);
}

static void test_session_brief_connections_mean_a_duplicate(void)
{
    begin();
    struct mqc__session *session = open_one();
    for (size_t i = 1; i <= 3; i++) {
        CHECK(recorder_wait_states(&recorder, MQC__SESSION_UP, i));
        fake_lose(-1);
    }
    CHECK(recorder_wait_state(&recorder, MQC__SESSION_TAKEN));
    CHECK(recorder_wait_error(&recorder, "duplicate_node"));
    CHECK_UNSIGNED(fake_log().connects, 3);
    end(session);
}

static void test_session_broker_that_is_gone_or_says_why_means_no_duplicate(void)
{
    begin();
    struct mqc__session *session = open_one();
    for (size_t i = 1; i <= 8; i++) {
        fake_script_lock()->is_reachable = i % 2 == 0;
        fake_script_unlock();
        CHECK(recorder_wait_states(&recorder, MQC__SESSION_UP, i));
        fake_lose(i % 2 == 0 ? 0x97 : -1);
    }
    CHECK(recorder_wait_states(&recorder, MQC__SESSION_UP, 9));
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "duplicate_node"), 0);
    end(session);
}

static void test_session_flood_of_acknowledgements_ends_the_connection(void)
{
    begin();
    struct mqc__session *session = open_one();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    /* The session may process some in between. */
    for (int i = 0; i < 1000000 && recorder_count_errors(&recorder, "protocol_error") == 0; i++)
        fake_acknowledge_token(i % 65535 + 1);
    CHECK(recorder_wait_error(&recorder, "protocol_error"));
    CHECK(recorder_wait_states(&recorder, MQC__SESSION_UP, 2));
    publish_numbers(session, "t", 1, 1);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    end(session);
}

static void test_session_message_reaches_the_owner(void)
{
    begin();
    struct mqc__session *session = open_one();
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
    fake_deliver("a/b", "hello");
    CHECK(recorder_wait_messages(&recorder, 1));
    CHECK_TEXT(recorder.messages[0], "a/b hello");
    CHECK_UNSIGNED(stats_of(session).received_messages, 1);
    end(session);
}

static void test_session_close_flushes_for_a_bounded_time(void)
{
    begin();
    fake_script_lock()->publish = FAKE_ACK_NEVER;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    publish_numbers(session, "t", 1, 3);
    WAIT_LOG(log.publishes >= 1);
    CHECK_UNSIGNED(mqc__session_close(session, 30), 3);
    CHECK_UNSIGNED(fake_log().disconnects, 1);
    CHECK_UNSIGNED(stats_of(session).dropped_events, 3);
    CHECK_UNSIGNED(stats_of(session).outbox_events, 0);
    CHECK_CONTAINS(recorder_error(&recorder, "undelivered"), "3 events");
    CHECK_INT(mqc__session_flush(session, 1000), MQC_ECLOSED);
    CHECK_INT(mqc__session_wait_ready(session, 1000), MQC_ECLOSED);
    CHECK_INT(mqc__session_open(session), MQC_EINVAL);
    end(session);
}

static void test_session_close_keeps_connecting_while_there_is_something_to_flush(void)
{
    begin();
    struct fake_script *script = fake_script_lock();
    script->connect_result = MQC__CLIENT_UNREACHABLE;
    script->is_reachable = false;
    script->fail_connects = 4;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    publish_numbers(session, "t", 1, 3);
    CHECK_UNSIGNED(mqc__session_close(session, RECORDER_PATIENCE_MS), 0);
    CHECK_UNSIGNED(stats_of(session).delivered_events, 3);
    end(session);
}

static void test_session_close_without_open_reports_what_is_left(void)
{
    begin();
    const struct mqc__session_options options = test_session_options(one_uri, 1);
    const struct mqc__session_events events = recorder_events(&recorder);
    struct mqc__session *session = NULL;
    REQUIRE(mqc__session_new(&options, &events, fake_ops(), &session, NULL) == MQC_OK);
    publish_numbers(session, "t", 1, 3);
    CHECK_UNSIGNED(mqc__session_close(session, 1000), 3);
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "undelivered"), 1);
    CHECK_INT(recorder.states[0], MQC__SESSION_CLOSED);
    end(session);
}

/* A connect that hangs does not hold close up; the thread cleans up by itself when it returns. */
static void test_session_close_does_not_wait_for_a_connect_that_hangs(void)
{
    begin();
    fake_script_lock()->connect_blocks = true;
    fake_script_unlock();
    struct mqc__session *session = open_one();
    WAIT_LOG(log.connects == 1);
    publish_numbers(session, "t", 1, 2);
    CHECK_UNSIGNED(mqc__session_close(session, 0), 2);
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "undelivered"), 1);
    CHECK_INT(recorder.states[recorder.state_count - 1], MQC__SESSION_CLOSED);
    mqc__session_free(&session);
    CHECK_UNSIGNED(fake_log().frees, 0);
    fake_unblock();
    WAIT_LOG(log.frees == 1);
    end(session);
}

#define PUBLISHERS 4
#define PUBLISHED_EACH 2000

static void *publish_many(void *argument)
{
    struct mqc__session *session = argument;
    for (int i = 0; i < PUBLISHED_EACH; i++) {
        const char topic[] = {(char)('a' + i % 5), '\0'};
        while (test_session_publish(session, topic, "x;") == MQC_EFULL)
            sleep_ms(1);
    }
    return NULL;
}

static void test_session_many_threads_publish_while_the_connection_breaks(void)
{
    begin();
    fake_script_lock()->is_reachable = false;
    fake_script_unlock();
    struct mqc__session_options options = test_session_options(one_uri, 1);
    options.outbox_events_max = 500;
    struct mqc__session *session = test_session_open(&options, &recorder, fake_ops());
    pthread_t threads[PUBLISHERS];
    for (size_t i = 0; i < PUBLISHERS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, publish_many, session) == 0);
    for (int i = 0; i < 20; i++) {
        set_filters(session, i % 2 == 0 ? "a" : "b", "c");
        sleep_ms(2);
        fake_lose(-1);
    }
    for (size_t i = 0; i < PUBLISHERS; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    const struct mqc__session_stats stats = stats_of(session);
    CHECK_UNSIGNED(stats.accepted_events, PUBLISHERS * PUBLISHED_EACH);
    CHECK_UNSIGNED(stats.delivered_events, PUBLISHERS * PUBLISHED_EACH);
    CHECK_UNSIGNED(stats.dropped_events, 0);
    end(session);
}

int main(void)
{
#define TEST(name) {#name, test_session_##name}
    CU_TestInfo tests[] = {
        {"starts_clean_and_then_goes_on", test_session_starts_clean_and_then_goes_on},
        TEST(publish_is_delivered_in_an_envelope),
        TEST(events_from_before_open_leave_in_one_batch),
        TEST(bad_arguments_are_refused),
        TEST(early_and_repeated_acknowledgements_count_once),
        TEST(window_is_never_exceeded),
        TEST(bytes_in_flight_are_bounded_but_one_may_go_alone),
        TEST(loss_repeats_what_was_not_acknowledged_in_order),
        TEST(loss_at_every_step_loses_nothing),
        TEST(publish_that_finds_no_connection_is_repeated),
        TEST(no_memory_to_publish_is_tried_again),
        TEST(refused_publish_is_dropped_and_reported),
        TEST(no_subscriber_counts_as_delivered),
        TEST(packet_limit_refuses_and_splits),
        TEST(full_outbox_refuses_counts_and_reports_once),
        TEST(drop_oldest_counts_and_leaves_a_gap),
        TEST(filters_follow_the_desired_set_over_reconnects),
        TEST(refused_filter_is_reported_and_not_repeated),
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
        TEST(many_threads_publish_while_the_connection_breaks),
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.session", tests);
}
