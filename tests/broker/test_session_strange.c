#include "support/fake_broker.h"
#include "support/suite.h"
#include "unit/mqtt/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A session and a broker that does what Mosquitto never does. */

static struct recorder recorder;
static struct fake_broker *broker;
static struct mqc__session *session;

static struct mqc__session_options start(const struct fake_rule *rules, size_t count)
{
    static const char *uris[1];
    recorder_init(&recorder);
    broker = fake_broker_start(rules, count);
    REQUIRE(broker != NULL);
    uris[0] = fake_broker_uri(broker);
    return test_session_options(uris, 1);
}

static void start_and_open(const struct fake_rule *rules, size_t count)
{
    const struct mqc__session_options options = start(rules, count);
    session = test_session_open(&options, &recorder, NULL);
}

static void stop(void)
{
    mqc__session_free(&session);
    fake_broker_free(&broker);
    recorder_fini(&recorder);
}

static struct mqc__session_stats stats_now(void)
{
    struct mqc__session_stats stats;
    mqc__session_stats(session, &stats);
    return stats;
}

static void publish_numbers(int count)
{
    for (int i = 1; i <= count; i++) {
        char event[20];
        (void)snprintf(event, sizeof event, "%d;", i);
        CHECK_INT(test_session_publish(session, "t", event), MQC_OK);
    }
}

static void expect_ready(void)
{
    CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_OK);
}

static void expect_flushed(void)
{
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
}

static void test_session_no_answer_to_connect_is_reported(void)
{
    struct mqc__session_options options =
        start(&(struct fake_rule){.on_connect = FAKE_CONNECT_SILENT}, 1);
    options.connect_timeout_ms = 1000;
    session = test_session_open(&options, &recorder, NULL);
    CHECK(recorder_wait_error(&recorder, "mqtt_timeout"));
    CHECK_CONTAINS(recorder_error(&recorder, "mqtt_timeout"), "no MQTT answer within 1000 ms");
    CHECK_UNSIGNED(fake_broker_totals(broker).connects, fake_broker_totals(broker).connects_5);
    stop();
}

static void test_session_close_does_not_wait_for_an_answer_to_connect(void)
{
    start_and_open(&(struct fake_rule){.on_connect = FAKE_CONNECT_SILENT}, 1);
    publish_numbers(2);
    for (int i = 0; i < 10000 && fake_broker_totals(broker).connects == 0; i++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    struct timespec before;
    struct timespec after;
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK_UNSIGNED(mqc__session_close(session, 100), 2);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(after.tv_sec - before.tv_sec < 15); /* the answer is waited for 20 s */
    /* Lets the attempt end, which was left alone. */
    fake_broker_close_all(broker);
    stop();
}

static void falls_back(const struct fake_rule *rules, size_t count)
{
    start_and_open(rules, count);
    expect_ready();
    publish_numbers(3);
    expect_flushed();
    const struct fake_totals totals = fake_broker_totals(broker);
    CHECK_UNSIGNED(totals.connects, count);
    CHECK_UNSIGNED(totals.connects_5, count - 1);
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "refused"), 0);
    stop();
}

static void test_session_broker_without_5_is_spoken_to_in_311(void)
{
    static const struct fake_rule by_311[] = {{.connack_code = 1, .is_connack_311 = true}, {0}};
    static const struct fake_rule by_5[] = {{.connack_code = 0x84}, {0}};
    static const struct fake_rule by_silence[] = {
        {.on_connect = FAKE_CONNECT_HANG_UP}, {.on_connect = FAKE_CONNECT_HANG_UP}, {0}};
    falls_back(by_311, 2);
    falls_back(by_5, 2);
    falls_back(by_silence, 3);
}

static void test_session_refusals_are_reported_in_words(void)
{
    static const struct {
        uint8_t code;
        const char *words;
    } cases[] = {{0x85, "client identifier not valid"},
                 {0x86, "bad user name or password"},
                 {0x88, "server unavailable"},
                 {0x89, "server busy"},
                 {0x8A, "banned"},
                 {0xEE, "does not define"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct fake_rule rules[] = {{.connack_code = cases[i].code}, {0}};
        start_and_open(rules, 2);
        CHECK(recorder_wait_error(&recorder, "refused"));
        CHECK_CONTAINS(recorder_error(&recorder, "refused"), cases[i].words);
        expect_ready();
        stop();
    }
}

static void test_session_garbage_instead_of_connack_is_survived(void)
{
    static const uint8_t text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    static const uint8_t cut[] = {0x20, 0x20, 0x00};
    static const uint8_t long_length[] = {0x20, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t bad_properties[] = {0x20, 0x05, 0x00, 0x00, 0x7f, 0x21, 0x00};
    static const uint8_t empty[] = {0x20, 0x00};
    const struct fake_rule rules[] = {
        {.on_connect = FAKE_CONNECT_RAW,
         .raw = text,
         .raw_size = sizeof text - 1,
         .closes_after_raw = true},
        {.on_connect = FAKE_CONNECT_RAW,
         .raw = cut,
         .raw_size = sizeof cut,
         .closes_after_raw = true},
        {.on_connect = FAKE_CONNECT_RAW,
         .raw = long_length,
         .raw_size = sizeof long_length,
         .closes_after_raw = true},
        {.on_connect = FAKE_CONNECT_RAW,
         .raw = bad_properties,
         .raw_size = sizeof bad_properties,
         .closes_after_raw = true},
        {.on_connect = FAKE_CONNECT_RAW,
         .raw = empty,
         .raw_size = sizeof empty,
         .closes_after_raw = true},
        {0},
    };
    struct mqc__session_options options = start(rules, 6);
    options.version = MQC__MQTT_5;
    options.connect_timeout_ms = 2000;
    session = test_session_open(&options, &recorder, NULL);
    expect_ready();
    CHECK(recorder_count_errors(&recorder, "mqtt_malformed") +
              recorder_count_errors(&recorder, "mqtt_closed") >=
          1);
    publish_numbers(3);
    expect_flushed();
    stop();
}

static void test_session_garbage_while_connected_reconnects(void)
{
    static const uint8_t garbage[][8] = {
        {0x40, 0x01, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff}, /* a PUBACK that is too short */
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, /* a length that does not end */
        {0x30, 0x06, 0x00, 0x09, 'x', 0x00, 'y', 'z'},    /* a topic that is too long */
    };
    for (size_t i = 0; i < 3; i++) {
        start_and_open(&(struct fake_rule){0}, 1);
        expect_ready();
        fake_broker_send(broker, garbage[i], sizeof garbage[i]);
        CHECK(recorder_wait_states(&recorder, MQC__SESSION_UP, 2));
        publish_numbers(3);
        expect_flushed();
        stop();
    }
}

static void test_session_closed_at_or_in_a_packet_repeats(void)
{
    const struct fake_rule rules[] = {
        {.close_at_publish = 1}, {.close_at_publish = 3}, {.close_mid_publish = 2}, {0}};
    struct mqc__session_options options = start(rules, 4);
    options.batch_events_max = 1;
    options.version = MQC__MQTT_5;
    session = test_session_open(&options, &recorder, NULL);
    publish_numbers(20);
    expect_flushed();
    CHECK_UNSIGNED(stats_now().delivered_events, 20);
    CHECK_UNSIGNED(stats_now().connects, 4);
    CHECK_UNSIGNED(fake_broker_totals(broker).repeated_publishes, 0);
    stop();
}

static void test_session_no_puback_reconnects_and_repeats(void)
{
    const struct fake_rule rules[] = {{.on_publish = FAKE_PUBLISH_SILENT}, {0}};
    struct mqc__session_options options = start(rules, 2);
    options.keep_alive_s = 1;
    session = test_session_open(&options, &recorder, NULL);
    publish_numbers(3);
    expect_flushed();
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "publish_stalled"), 1);
    CHECK_UNSIGNED(stats_now().delivered_events, 3);
    CHECK_UNSIGNED(stats_now().connects, 2);
    stop();
}

static void test_session_puback_twice_counts_once(void)
{
    struct mqc__session_options options =
        start(&(struct fake_rule){.on_publish = FAKE_PUBLISH_ACK_TWICE}, 1);
    options.batch_events_max = 1;
    session = test_session_open(&options, &recorder, NULL);
    publish_numbers(100);
    expect_flushed();
    CHECK_UNSIGNED(stats_now().delivered_events, 100);
    CHECK_UNSIGNED(stats_now().connects, 1);
    stop();
}

static void test_session_puback_refusal_is_reported(void)
{
    start_and_open(&(struct fake_rule){.puback_code = 0x97}, 1);
    publish_numbers(1);
    expect_flushed();
    CHECK(recorder_wait_error(&recorder, "publish_refused"));
    CHECK_CONTAINS(recorder_error(&recorder, "publish_refused"), "quota exceeded");
    CHECK_UNSIGNED(stats_now().dropped_events, 1);
    stop();
}

static void test_session_disconnect_taken_over_gives_way(void)
{
    static const uint8_t taken_over[] = {0xe0, 0x02, 0x8e, 0x00};
    start_and_open(&(struct fake_rule){0}, 1);
    expect_ready();
    fake_broker_send(broker, taken_over, sizeof taken_over);
    CHECK(recorder_wait_state(&recorder, MQC__SESSION_TAKEN));
    CHECK(recorder_wait_error(&recorder, "duplicate_node"));
    CHECK_INT(test_session_publish(session, "t", "1;"), MQC_ETAKEN);
    CHECK_UNSIGNED(fake_broker_totals(broker).connects, 1);
    stop();
}

static void test_session_other_disconnect_reconnects(void)
{
    static const uint8_t shutting_down[] = {0xe0, 0x01, 0x8b};
    start_and_open(&(struct fake_rule){0}, 1);
    expect_ready();
    fake_broker_send(broker, shutting_down, sizeof shutting_down);
    CHECK(recorder_wait_states(&recorder, MQC__SESSION_UP, 2));
    CHECK_CONTAINS(recorder_error(&recorder, "connection_lost"), "server shutting down");
    stop();
}

static void test_session_suback_failure_is_reported(void)
{
    static const struct {
        enum mqc__mqtt_version version;
        uint8_t code;
        const char *words;
    } cases[] = {{MQC__MQTT_5, 0x87, "not authorized"},
                 {MQC__MQTT_5, 0xa2, "wildcard subscriptions not supported"},
                 {MQC__MQTT_311, 0x80, "unspecified error"}};
    static const char *const filters[] = {"a/#", "b/#"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__session_options options =
            start(&(struct fake_rule){.suback_code = cases[i].code}, 1);
        options.version = cases[i].version;
        session = test_session_open(&options, &recorder, NULL);
        CHECK_INT(mqc__session_set_filters(session, filters, 1 + i % 2), MQC_OK);
        CHECK_INT(mqc__session_wait_ready(session, RECORDER_PATIENCE_MS), MQC_EREFUSED);
        publish_numbers(1);
        expect_flushed(); /* after that every filter was reported */
        CHECK_UNSIGNED(recorder_count_errors(&recorder, "subscribe_refused"), 1 + i % 2);
        CHECK_CONTAINS(recorder_error(&recorder, "subscribe_refused"), filters[i % 2]);
        CHECK_CONTAINS(recorder_error(&recorder, "subscribe_refused"), cases[i].words);
        CHECK_UNSIGNED(fake_broker_totals(broker).subscribes, 1);
        stop();
    }
}

static void test_session_low_server_keep_alive_is_kept(void)
{
    static const uint8_t server_keep_alive[] = {0x13, 0x00, 0x01};
    start_and_open(&(struct fake_rule){.connack_properties = server_keep_alive,
                                       .connack_properties_size = sizeof server_keep_alive},
                   1);
    expect_ready();
    for (int i = 0; i < RECORDER_PATIENCE_MS && fake_broker_totals(broker).pings < 2; i++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    const struct fake_totals totals = fake_broker_totals(broker);
    /* Paho from 1.3.14 on keeps it by itself; an older one has to connect again with it. */
    CHECK(totals.connects == 1 || (totals.connects == 2 && totals.last_keep_alive_s == 1));
    CHECK(totals.pings >= 2);
    stop();
}

static void test_session_receive_maximum_is_kept(void)
{
    static const uint8_t receive_maximum[] = {0x21, 0x00, 0x01};
    struct mqc__session_options options =
        start(&(struct fake_rule){.connack_properties = receive_maximum,
                                  .connack_properties_size = sizeof receive_maximum},
              1);
    options.batch_events_max = 1;
    session = test_session_open(&options, &recorder, NULL);
    publish_numbers(200);
    expect_flushed();
    CHECK_UNSIGNED(fake_broker_totals(broker).in_flight_max, 1);
    CHECK_UNSIGNED(fake_broker_totals(broker).publishes, 200);
    stop();
}

static void test_session_aliases_are_made_anew_with_each_connection(void)
{
    static const uint8_t alias_maximum[] = {0x22, 0x00, 0x02};
    const struct fake_rule rules[] = {
        {.connack_properties = alias_maximum,
         .connack_properties_size = sizeof alias_maximum,
         .close_at_publish = 7},
        {.connack_properties = alias_maximum, .connack_properties_size = sizeof alias_maximum},
    };
    struct mqc__session_options options = start(rules, 2);
    options.batch_events_max = 1;
    options.uses_topic_aliases = true;
    session = test_session_open(&options, &recorder, NULL);
    for (int i = 0; i < 30; i++)
        CHECK_INT(test_session_publish(session, i % 2 == 0 ? "topic/a" : "topic/b", "x"), MQC_OK);
    expect_flushed();
    const struct fake_totals totals = fake_broker_totals(broker);
    CHECK_UNSIGNED(totals.connects, 2);
    CHECK_UNSIGNED(totals.unknown_aliases, 0);
    /* All but the first of each topic on each connection. */
    CHECK_UNSIGNED(totals.aliased_publishes, totals.publishes - 4);
    stop();
}

static void test_session_receive_maximum_is_said(void)
{
    struct mqc__session_options options = start(&(struct fake_rule){0}, 1);
    options.receive_max = 300;
    session = test_session_open(&options, &recorder, NULL);
    expect_ready();
    CHECK_UNSIGNED(fake_broker_totals(broker).last_receive_max, 300);
    stop();
}

static void test_session_window_is_kept_while_nothing_is_acknowledged(void)
{
    struct mqc__session_options options =
        start(&(struct fake_rule){.on_publish = FAKE_PUBLISH_HOLD}, 1);
    options.batch_events_max = 1;
    options.in_flight_max = 7;
    session = test_session_open(&options, &recorder, NULL);
    publish_numbers(50);
    for (int i = 0; i < RECORDER_PATIENCE_MS && fake_broker_totals(broker).publishes < 7; i++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    CHECK_INT(mqc__session_flush(session, 100), MQC_ETIMEOUT);
    CHECK_UNSIGNED(fake_broker_totals(broker).publishes, 7);
    fake_broker_release(broker);
    expect_flushed();
    CHECK_UNSIGNED(fake_broker_totals(broker).in_flight_max, 7);
    stop();
}

static void test_session_packet_size_limit_is_kept(void)
{
    static const uint8_t packet_max[] = {0x27, 0x00, 0x00, 0x01, 0x2c}; /* 300 */
    start_and_open(&(struct fake_rule){.connack_properties = packet_max,
                                       .connack_properties_size = sizeof packet_max},
                   1);
    expect_ready();
    char event[401];
    memset(event, 'x', 400);
    CHECK_INT(
        mqc__session_publish(session, mqc_view_text("t"), MQC__QOS_1, mqc_view_bytes(event, 300)),
        MQC_ETOOLARGE);
    for (int i = 0; i < 20; i++)
        CHECK_INT(mqc__session_publish(session, mqc_view_text("t"), MQC__QOS_1,
                                       mqc_view_bytes(event, 40)),
                  MQC_OK);
    expect_flushed();
    CHECK(fake_broker_totals(broker).largest_packet_bytes <= 300);
    CHECK_UNSIGNED(stats_now().delivered_events, 20);
    stop();
}

static void test_session_broker_without_qos_1_gets_qos_0(void)
{
    static const uint8_t maximum_qos[] = {0x24, 0x00};
    start_and_open(&(struct fake_rule){.connack_properties = maximum_qos,
                                       .connack_properties_size = sizeof maximum_qos,
                                       .on_publish = FAKE_PUBLISH_SILENT},
                   1);
    expect_ready();
    publish_numbers(5);
    expect_flushed();
    CHECK_UNSIGNED(recorder_count_errors(&recorder, "qos_reduced"), 1);
    CHECK_UNSIGNED(fake_broker_totals(broker).in_flight_max, 0);
    stop();
}

static void test_session_loss_instead_of_suback_subscribes_again(void)
{
    static const char *const filter = "a/#";
    const struct fake_rule rules[] = {{.drops_suback = true}, {0}};
    struct mqc__session_options options = start(rules, 2);
    options.version = MQC__MQTT_5;
    session = test_session_open(&options, &recorder, NULL);
    CHECK_INT(mqc__session_set_filters(session, &filter, 1), MQC_OK);
    expect_ready();
    CHECK_UNSIGNED(fake_broker_totals(broker).subscribes, 2);
    stop();
}

/* Clients of one process come and go while another one is busy: Paho's objects and thread are
 * shared.
 */
static void test_session_reconnects_beside_a_busy_one(void)
{
    static const uint8_t message[] = {0x30, 0x05, 0x00, 0x01, 'x', 0x00, 'y'};
    start_and_open(&(struct fake_rule){0}, 1);
    expect_ready();
    struct recorder other_recorder;
    recorder_init(&other_recorder);
    const struct fake_rule restless_rules[] = {
        {.raw = message, .raw_size = sizeof message, .close_at_publish = 3, .close_code = 0x96}};
    struct fake_broker *restless = fake_broker_start(restless_rules, 1);
    REQUIRE(restless != NULL);
    const char *const uris[] = {fake_broker_uri(restless)};
    struct mqc__session_options options = test_session_options(uris, 1);
    options.batch_events_max = 1;
    options.in_flight_max = 1; /* nothing is under way when the broker says why it closes */
    struct mqc__session *other = test_session_open(&options, &other_recorder, NULL);
    for (int i = 0; i < 30; i++)
        CHECK_INT(test_session_publish(other, "o", "1;"), MQC_OK);
    while (mqc__session_flush(other, 1) == MQC_ETIMEOUT)
        CHECK_INT(test_session_publish(session, "t", "1;"), MQC_OK);
    struct mqc__session_stats stats;
    mqc__session_stats(other, &stats);
    CHECK_UNSIGNED(stats.delivered_events, 30);
    CHECK(stats.connects >= 10);
    mqc__session_free(&other);
    fake_broker_free(&restless);
    recorder_fini(&other_recorder);
    expect_flushed();
    CHECK_UNSIGNED(recorder.error_count, 0);
    stop();
}

int main(void)
{
#define TEST(name) {#name, test_session_##name}
    CU_TestInfo tests[] = {
        TEST(no_answer_to_connect_is_reported),
        TEST(close_does_not_wait_for_an_answer_to_connect),
        TEST(broker_without_5_is_spoken_to_in_311),
        TEST(refusals_are_reported_in_words),
        TEST(garbage_instead_of_connack_is_survived),
        TEST(garbage_while_connected_reconnects),
        TEST(closed_at_or_in_a_packet_repeats),
        TEST(no_puback_reconnects_and_repeats),
        TEST(puback_twice_counts_once),
        TEST(puback_refusal_is_reported),
        TEST(disconnect_taken_over_gives_way),
        TEST(other_disconnect_reconnects),
        TEST(suback_failure_is_reported),
        TEST(low_server_keep_alive_is_kept),
        TEST(receive_maximum_is_kept),
        TEST(aliases_are_made_anew_with_each_connection),
        TEST(receive_maximum_is_said),
        TEST(window_is_kept_while_nothing_is_acknowledged),
        TEST(packet_size_limit_is_kept),
        TEST(broker_without_qos_1_gets_qos_0),
        TEST(loss_instead_of_suback_subscribes_again),
        TEST(reconnects_beside_a_busy_one),
        CU_TEST_INFO_NULL,
    };
    return suite_run("broker.session_strange", tests);
}
