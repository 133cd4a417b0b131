/* Held acknowledgements, and a broker that does what Mosquitto never does. */
#include "support/fake_broker.h"
#include "support/suite.h"
#include "unit/mqtt/recorder.h"

#include <string.h>
#include <time.h>

static struct fake_broker *broker;

struct peer {
    struct recorder recorder;
    struct mqc__session *session;
};

static void peer_close(struct peer *peer)
{
    mqc__session_free(&peer->session);
    recorder_fini(&peer->recorder);
    fake_broker_free(&broker);
}

static void handle(struct peer *peer, size_t index)
{
    mqc__session_handled(peer->session, recorder_ack(&peer->recorder, index));
}

static void sleep_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static void scripted_open(struct peer *peer, enum mqc__mqtt_version version)
{
    static const char *uris[1];
    broker = fake_broker_start(&(struct fake_rule){0}, 1);
    REQUIRE(broker != NULL);
    uris[0] = fake_broker_uri(broker);
    struct mqc__session_options options = test_session_options(uris, 1);
    options.session_expiry_s = 3600;
    options.version = version;
    options.holds_acks = true;
    recorder_init(&peer->recorder);
    peer->recorder.keeps_acks = true;
    peer->session = test_session_open(&options, &peer->recorder, NULL);
    CHECK_INT(mqc__session_wait_ready(peer->session, RECORDER_PATIENCE_MS), MQC_OK);
}

/* Sends a PUBLISH on the topic "t", whose payload is the text. */
static void send_publish(enum mqc__mqtt_version version, unsigned flags, uint16_t id,
                         const char *payload)
{
    uint8_t bytes[40] = {(uint8_t)(0x30 | flags), 0, 0, 1, 't'};
    size_t size = 5;
    if ((flags & 6) != 0) {
        bytes[size++] = (uint8_t)(id >> 8);
        bytes[size++] = (uint8_t)id;
    }
    size += version == MQC__MQTT_5 ? 1 : 0;
    memcpy(bytes + size, payload, strlen(payload));
    size += strlen(payload);
    bytes[1] = (uint8_t)(size - 2);
    fake_broker_send(broker, bytes, size);
}

static void await_pubacks(unsigned count)
{
    for (int i = 0; i < RECORDER_PATIENCE_MS && fake_broker_totals(broker).pubacks < count; i++)
        sleep_ms(1);
    CHECK_UNSIGNED(fake_broker_totals(broker).pubacks, count);
}

/* The broker has read what was written before. */
static void expect_flushed(struct peer *peer)
{
    CHECK_INT(test_session_publish(peer->session, "done", "1;"), MQC_OK);
    CHECK_INT(mqc__session_flush(peer->session, RECORDER_PATIENCE_MS), MQC_OK);
}

static void old_acks(enum mqc__mqtt_version version)
{
    struct peer node;
    scripted_open(&node, version);
    for (uint16_t i = 1; i <= 3; i++)
        send_publish(version, 2, i, "x");
    CHECK(recorder_wait_messages(&node.recorder, 3));
    handle(&node, 0);
    await_pubacks(1);
    fake_broker_close_all(broker);
    CHECK(recorder_wait_states(&node.recorder, MQC__SESSION_UP, 2));
    CHECK_INT(mqc__session_wait_ready(node.session, RECORDER_PATIENCE_MS), MQC_OK);
    send_publish(version, 2, 7, "x");
    CHECK(recorder_wait_messages(&node.recorder, 4));
    for (size_t i = 0; i < 3; i++)
        handle(&node, i);
    expect_flushed(&node);
    CHECK_UNSIGNED(fake_broker_totals(broker).pubacks, 1);
    handle(&node, 3);
    await_pubacks(2);
    CHECK_UNSIGNED(fake_broker_totals(broker).last_puback_id, 7);
    peer_close(&node);
}

static void test_session_acks_of_an_earlier_connection_are_ignored(void)
{
    old_acks(MQC__MQTT_5);
    old_acks(MQC__MQTT_311);
}

static void test_session_311_message_repeated_on_the_connection_is_acknowledged_once(void)
{
    struct peer node;
    scripted_open(&node, MQC__MQTT_311);
    send_publish(MQC__MQTT_311, 2, 5, "x");
    send_publish(MQC__MQTT_311, 10, 5, "x");
    CHECK(recorder_wait_messages(&node.recorder, 2));
    expect_flushed(&node);
    handle(&node, 0);
    handle(&node, 1);
    await_pubacks(1);
    send_publish(MQC__MQTT_311, 2, 6, "x");
    CHECK(recorder_wait_messages(&node.recorder, 3));
    handle(&node, 2);
    await_pubacks(2);
    CHECK_UNSIGNED(fake_broker_totals(broker).last_puback_id, 6);
    expect_flushed(&node);
    CHECK_UNSIGNED(fake_broker_totals(broker).pubacks, 2);
    peer_close(&node);
}

static void kinds(enum mqc__mqtt_version version)
{
    struct peer node;
    scripted_open(&node, version);
    send_publish(version, 0, 0, "x");
    send_publish(version, 2, 1, "");
    send_publish(version, 3, 2, "retained");
    send_publish(version, 10, 3, "repeated");
    CHECK(recorder_wait_messages(&node.recorder, 4));
    CHECK_UNSIGNED(recorder_ack(&node.recorder, 0), 0);
    for (size_t i = 1; i < 4; i++)
        CHECK_UNSIGNED(recorder_ack(&node.recorder, i) & UINT32_MAX, i);
    handle(&node, 0);
    handle(&node, 3);
    handle(&node, 2);
    expect_flushed(&node);
    CHECK_UNSIGNED(fake_broker_totals(broker).pubacks, 0);
    handle(&node, 1);
    await_pubacks(3);
    CHECK_UNSIGNED(fake_broker_totals(broker).last_puback_id, 3);
    peer_close(&node);
}

static void test_session_every_message_with_qos_1_counts(void)
{
    kinds(MQC__MQTT_5);
    kinds(MQC__MQTT_311);
}

/* QoS 2 is not asked for; such a message is acknowledged as ever, and does not count. */
static void test_session_5_message_with_qos_2_does_not_count(void)
{
    struct peer node;
    scripted_open(&node, MQC__MQTT_5);
    send_publish(MQC__MQTT_5, 4, 1, "x");
    send_publish(MQC__MQTT_5, 2, 2, "x");
    CHECK(recorder_wait_messages(&node.recorder, 2));
    CHECK_UNSIGNED(recorder_ack(&node.recorder, 0), 0);
    handle(&node, 1);
    await_pubacks(1);
    CHECK_UNSIGNED(fake_broker_totals(broker).last_puback_id, 2);
    peer_close(&node);
}

static void test_session_close_acknowledges_what_was_handled(void)
{
    struct peer node;
    scripted_open(&node, MQC__MQTT_5);
    for (uint16_t i = 1; i <= 5; i++)
        send_publish(MQC__MQTT_5, 2, i, "x");
    CHECK(recorder_wait_messages(&node.recorder, 5));
    expect_flushed(&node);
    for (size_t i = 0; i < 3; i++)
        handle(&node, i);
    (void)mqc__session_close(node.session, RECORDER_PATIENCE_MS);
    handle(&node, 3);
    for (int i = 0; i < RECORDER_PATIENCE_MS && fake_broker_totals(broker).disconnects == 0; i++)
        sleep_ms(1);
    CHECK_UNSIGNED(fake_broker_totals(broker).disconnects, 1);
    CHECK_UNSIGNED(fake_broker_totals(broker).pubacks, 3);
    CHECK_UNSIGNED(fake_broker_totals(broker).last_puback_id, 3);
    peer_close(&node);
}

int main(void)
{
#define TEST(name) {#name, test_session_##name}
    CU_TestInfo tests[] = {
        TEST(acks_of_an_earlier_connection_are_ignored),
        TEST(311_message_repeated_on_the_connection_is_acknowledged_once),
        TEST(every_message_with_qos_1_counts),
        TEST(5_message_with_qos_2_does_not_count),
        TEST(close_acknowledges_what_was_handled),
        CU_TEST_INFO_NULL,
    };
    return suite_run("broker.session_acks_strange", tests);
}
