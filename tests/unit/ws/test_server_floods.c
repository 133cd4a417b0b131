/* Clients that send more than can be handled, or read less than they get: they are held back or
 * lose themselves, and nobody else notices. */
#include "base/thread.h"
#include "codec/json.h"
#include "raw_client.h"
#include "support/suite.h"
#include "test_ws_support.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

/* More than the system keeps for a connection in both directions. */
#define FLOOD_BYTES (48 * MIB)

/* Says whether the server takes no more of a client that sends frames and reads nothing. */
static bool is_held_back(struct raw_client *client, unsigned first, const char *payload,
                         size_t *sent_out)
{
    struct mqc__buffer bytes;
    *sent_out = 0;
    mqc__buffer_init(&bytes, MIB * 2);
    while (bytes.size < MIB)
        client_frame_write(first, mqc_view_text(payload), &bytes);
    size_t sent = bytes.size;
    while (sent == bytes.size && *sent_out < FLOOD_BYTES) {
        sent = raw_send_some(client, mqc__buffer_view(&bytes), 300);
        *sent_out += sent;
    }
    mqc__buffer_fini(&bytes);
    return *sent_out < FLOOD_BYTES;
}

/* Reads answers until none comes; returns how many were as they should be. */
static size_t count_answers(struct raw_client *client, const char *expected)
{
    size_t count = 0;
    while (strcmp(raw_next(client, 500), expected) == 0)
        count++;
    return count;
}

static void test_server_holds_back_a_flood_of_pings(void)
{
    struct server_driver driver;
    struct raw_client client;
    size_t sent = 0;
    driver_open(&driver);
    raw_subscribe(&client, &driver, "/a");
    CHECK(is_held_back(&client, RAW_PING, "0123456789", &sent));
    /* What fitted is all answered: 16 bytes in, 12 out. */
    CHECK_UNSIGNED(count_answers(&client, "pong 0123456789"), sent / 16);
    raw_drop(&client);
    driver_close(&driver);
}

static void test_server_holds_back_a_flood_of_mistakes(void)
{
    struct mqc__ws_stats stats;
    struct server_driver driver;
    struct raw_client client;
    size_t sent = 0;
    driver_open(&driver);
    raw_subscribe(&client, &driver, "/a");
    (void)is_held_back(&client, RAW_TEXT, "{}", &sent);
    /* The rest of its messages, 8 bytes each, is not even read. */
    mqc__ws_server_stats(driver.server, &stats);
    CHECK(stats.rejected * 8 < sent / 2);
    raw_drop(&client);
    CHECK(driver_wait(&driver, &driver.lost, 1));
    driver_close(&driver);
}

static void test_server_drops_who_sends_and_never_reads(void)
{
    struct server_driver driver;
    struct raw_client client;
    size_t sent = 0;
    driver_init(&driver);
    driver.options.ping_interval_ms = 200;
    driver_start(&driver);
    raw_subscribe(&client, &driver, "/a");
    (void)is_held_back(&client, RAW_PING, "0123456789", &sent);
    CHECK(driver_wait(&driver, &driver.lost, 1));
    /* Or, on a slow machine, before the system's own buffers are full. */
    CHECK(strcmp(driver_end(&driver), "1006 Send timeout") == 0 ||
          strcmp(driver_end(&driver), "1011 Ping timeout") == 0);
    raw_drop(&client);
    driver_close(&driver);
}

/* A client that waits longer waits for nothing. */
#define SILENCE_MS 20000

#define PUBLISHERS 3
#define LISTENERS ((size_t)20)

struct publisher {
    struct server_driver *driver;
    atomic_bool is_over;
};

static void *publish_without_end(void *context)
{
    struct publisher *publisher = context;
    while (!atomic_load(&publisher->is_over))
        driver_deliver(publisher->driver, "/a", "x");
    return NULL;
}

static void test_server_answers_while_others_publish_without_end(void)
{
    struct server_driver driver;
    struct publisher publisher = {.driver = &driver};
    struct raw_client clients[LISTENERS + 1];
    pthread_t threads[PUBLISHERS];
    driver_init(&driver);
    driver.options.max_outbound_bytes = 256 * MIB;
    driver_start(&driver);
    for (size_t i = 0; i <= LISTENERS; i++)
        raw_subscribe(&clients[i], &driver, i < LISTENERS ? "/a" : "/b");
    for (size_t i = 0; i < PUBLISHERS; i++)
        REQUIRE(mqc__thread_start(&threads[i], publish_without_end, &publisher) == MQC_OK);
    /* Who waits for the end of the others' events waits for ever. */
    for (size_t i = 0; i < 5; i++) {
        CHECK(raw_frame(&clients[LISTENERS], RAW_PING, "hi"));
        CHECK_TEXT(raw_next(&clients[LISTENERS], SILENCE_MS), "pong hi");
    }
    atomic_store(&publisher.is_over, true);
    for (size_t i = 0; i < PUBLISHERS; i++)
        (void)pthread_join(threads[i], NULL);
    for (size_t i = 0; i <= LISTENERS; i++)
        raw_drop(&clients[i]);
    driver_close(&driver);
}

#define PINGS ((size_t)20)

struct flood {
    struct raw_client client;
    atomic_bool is_over;
};

/* Sends events as fast as the server takes them. */
static void *flood_without_end(void *context)
{
    struct flood *flood = context;
    struct mqc__buffer bytes;
    mqc__buffer_init(&bytes, 2 * MIB);
    while (bytes.size < MIB)
        client_frame_write(RAW_TEXT, mqc_view_text(driver_event_text("/a", "x")), &bytes);
    while (!atomic_load(&flood->is_over))
        (void)raw_send_some(&flood->client, mqc__buffer_view(&bytes), 1000);
    mqc__buffer_fini(&bytes);
    return NULL;
}

static void test_server_listens_to_others_while_one_sends_without_end(void)
{
    struct server_driver driver;
    struct flood flood = {.client = {.fd = -1}};
    struct raw_client other;
    pthread_t thread;
    driver_open(&driver);
    raw_subscribe(&flood.client, &driver, "/b");
    raw_subscribe(&other, &driver, "/b");
    REQUIRE(mqc__thread_start(&thread, flood_without_end, &flood) == MQC_OK);
    (void)usleep(50000);
    const size_t before = driver_get(&driver, &driver.publishes);
    for (size_t i = 0; i < PINGS; i++) {
        CHECK(raw_frame(&other, RAW_PING, "hi"));
        raw_expect(&other, "pong hi");
    }
    CHECK(driver_get(&driver, &driver.publishes) - before < PINGS * 2000);
    atomic_store(&flood.is_over, true);
    (void)pthread_join(thread, NULL);
    raw_drop(&flood.client);
    raw_drop(&other);
    driver_close(&driver);
}

#define HELD ((size_t)20)
#define ARGS ((size_t)2000)

/* Sends an event that takes a while to be read. */
static void send_large_event(struct raw_client *client)
{
    struct mqc_value args[ARGS];
    for (size_t i = 0; i < ARGS; i++)
        args[i] = mqc_count(i);
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = args, .arg_count = ARGS};
    struct mqc__buffer json;
    struct mqc__buffer bytes;
    mqc__buffer_init(&json, MIB);
    mqc__buffer_init(&bytes, MIB);
    REQUIRE(mqc__json_write_message(mqc_view_text("/a"), &event, &json) == MQC_OK);
    client_frame_write(RAW_TEXT, mqc__buffer_view(&json), &bytes);
    CHECK(raw_send(client, mqc__buffer_view(&bytes)));
    mqc__buffer_fini(&json);
    mqc__buffer_fini(&bytes);
}

static void test_server_spends_little_time_on_those_that_wait_for_room(void)
{
    struct mqc__ws_stats stats;
    struct server_driver driver;
    struct raw_client clients[HELD + 1];
    driver_open(&driver);
    for (size_t i = 0; i <= HELD; i++)
        raw_subscribe(&clients[i], &driver, "/b");
    driver_set(&driver, &driver.publish_error, MQC_EFULL);
    for (size_t i = 0; i < HELD; i++)
        send_large_event(&clients[i]);
    (void)usleep(100000);
    const size_t before = driver_get(&driver, &driver.publishes);
    for (size_t i = 0; i < 50; i++) {
        CHECK(raw_frame(&clients[HELD], RAW_PING, "hi"));
        raw_expect(&clients[HELD], "pong hi");
    }
    /* Not all of them are tried again before somebody else has a turn. */
    CHECK(driver_get(&driver, &driver.publishes) - before < 50 * HELD / 4);
    driver_set(&driver, &driver.publish_error, MQC_OK);
    CHECK(driver_wait(&driver, &driver.published, HELD));
    mqc__ws_server_stats(driver.server, &stats);
    CHECK_UNSIGNED(stats.held, HELD);
    for (size_t i = 0; i <= HELD; i++)
        raw_drop(&clients[i]);
    driver_close(&driver);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"server_holds_back_a_flood_of_pings", test_server_holds_back_a_flood_of_pings},
        {"server_holds_back_a_flood_of_mistakes", test_server_holds_back_a_flood_of_mistakes},
        {"server_drops_who_sends_and_never_reads", test_server_drops_who_sends_and_never_reads},
        {"server_answers_while_others_publish_without_end",
         test_server_answers_while_others_publish_without_end},
        {"server_listens_to_others_while_one_sends_without_end",
         test_server_listens_to_others_while_one_sends_without_end},
        {"server_spends_little_time_on_those_that_wait_for_room",
         test_server_spends_little_time_on_those_that_wait_for_room},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.server_floods", tests);
}
