/* The limits of the WebSocket server: what happens at each of them, and that nothing is lost
 * before.
 */
#include "base/thread.h"
#include "raw_client.h"
#include "support/suite.h"
#include "test_ws_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_server_turns_away_who_is_too_much(void)
{
    struct mqc__ws_stats stats;
    struct server_driver driver;
    struct raw_client clients[2];
    driver_init(&driver);
    driver.options.max_connections = 2;
    driver_start(&driver);
    for (int round = 0; round < 20; round++) {
        raw_subscribe(&clients[0], &driver, "/a");
        raw_subscribe(&clients[1], &driver, "/a");
        struct raw_client strangers[5];
        for (size_t i = 0; i < 5; i++)
            raw_connect(&strangers[i], &driver, 0);
        for (size_t i = 0; i < 5; i++) {
            raw_expect_end(&strangers[i]);
            raw_drop(&strangers[i]);
        }
        raw_drop(&clients[0]);
        raw_drop(&clients[1]);
        CHECK(driver_wait(&driver, &driver.lost, (size_t)(round + 1) * 2));
        (void)usleep(2000);
    }
    mqc__ws_server_stats(driver.server, &stats);
    CHECK_UNSIGNED(stats.accepted, 40);
    CHECK_UNSIGNED(stats.refused, 100);
    driver_close(&driver);
}

static void test_server_takes_all_that_waits_for_the_ack_and_holds_the_rest_back(void)
{
    struct server_driver driver;
    struct raw_client client;
    struct mqc__buffer bytes;
    const size_t count = 30000;
    driver_init(&driver);
    driver.options.max_pending_bytes = 65536;
    driver.ready_error = MQC_ETIMEOUT;
    driver_start(&driver);
    raw_upgrade(&client, &driver);
    CHECK(raw_frame(&client, RAW_TEXT, "[]"));
    mqc__buffer_init(&bytes, (size_t)64 << 20);
    for (size_t i = 0; i < count; i++)
        client_frame_write(RAW_TEXT, mqc_view_text(driver_event_text("/a", "x")), &bytes);
    const size_t sent = raw_send_some(&client, mqc__buffer_view(&bytes), 200);
    /* The rest is with the system. */
    driver_set(&driver, &driver.ready_error, MQC_OK);
    mqc__ws_server_ready(driver.server);
    CHECK(raw_send(&client, mqc_view_bytes(bytes.data + sent, bytes.size - sent)));
    CHECK(driver_wait(&driver, &driver.published, count));
    mqc__buffer_fini(&bytes);
    raw_drop(&client);
    driver_close(&driver);
}

static void test_server_closes_who_reads_too_slowly_and_nobody_else(void)
{
    char text[4096];
    struct mqc__ws_stats stats;
    struct server_driver driver;
    struct raw_client slow;
    struct raw_client other;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    driver_init(&driver);
    driver.options.max_outbound_bytes = 65536;
    driver.options.grace_ms = 500;
    driver_start(&driver);
    raw_subscribe(&slow, &driver, "/a");
    raw_subscribe(&other, &driver, "/a");
    const int buffer_bytes = 4096;
    (void)setsockopt(slow.fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    size_t count = 0;
    while (count < 20000 && driver_get(&driver, &driver.lost) == 0) {
        driver_deliver(&driver, "/a", text);
        CHECK(strncmp(raw_next(&other, 10000), "text", 4) == 0);
        count++;
    }
    CHECK(driver_wait(&driver, &driver.lost, 1));
    CHECK_CONTAINS(driver_end(&driver), "1008 Too slow");
    mqc__ws_server_stats(driver.server, &stats);
    CHECK_UNSIGNED(stats.too_slow, 1);
    CHECK_TEXT(raw_next(&other, 20), "silence");
    raw_drop(&slow);
    raw_drop(&other);
    driver_close(&driver);
}

static void *handle_slowly(void *context)
{
    struct server_driver *driver = context;
    for (size_t done = 0; done < 100;) {
        (void)usleep(500);
        const size_t waiting = driver_get(driver, &driver->handled_count);
        CHECK(waiting <= 2);
        if (waiting == 0)
            continue;
        driver_handle(driver, 1);
        done++;
    }
    return NULL;
}

static void test_server_keeps_within_the_event_queue(void)
{
    struct mqc__ws_stats stats;
    struct server_driver driver;
    struct raw_client clients[2];
    pthread_t thread;
    driver_init(&driver);
    driver.options.max_event_queue_size = 2;
    driver.is_handled_later = true;
    driver_start(&driver);
    for (size_t i = 0; i < 2; i++)
        raw_subscribe(&clients[i], &driver, "/a");
    for (size_t i = 0; i < 100; i++)
        CHECK(raw_frame(&clients[i % 2], RAW_TEXT, driver_event_text("/a", "x")));
    CHECK(driver_wait(&driver, &driver.published, 2));
    REQUIRE(mqc__thread_start(&thread, handle_slowly, &driver) == MQC_OK);
    CHECK(driver_wait(&driver, &driver.published, 100));
    (void)pthread_join(thread, NULL);
    mqc__ws_server_stats(driver.server, &stats);
    CHECK(stats.held >= 2 && stats.held <= 98);
    for (size_t i = 0; i < 2; i++)
        raw_drop(&clients[i]);
    driver_close(&driver);
}

static void test_server_keeps_the_order_of_what_finds_no_room(void)
{
    char names[512] = "";
    struct server_driver driver;
    struct raw_client client;
    driver_open(&driver);
    raw_subscribe(&client, &driver, "/a");
    for (unsigned i = 0; i < 50; i++) {
        char *name = names + strlen(names);
        if (i % 10 == 3)
            driver_set(&driver, &driver.publish_error, MQC_EFULL);
        if (i % 10 == 7)
            driver_set(&driver, &driver.publish_error, MQC_OK);
        (void)snprintf(name, 16, "n%u", i);
        CHECK(raw_frame(&client, RAW_TEXT, driver_event_text("/a", name)));
        name[strlen(name)] = ' ';
        (void)usleep(500);
    }
    CHECK(driver_wait(&driver, &driver.published, 50));
    CHECK_TEXT(driver.names, names);
    raw_drop(&client);
    driver_close(&driver);
}

static void test_server_sends_a_large_page_whole(void)
{
    struct server_driver driver;
    struct raw_client client;
    driver_init(&driver);
    driver.answer_bytes = (size_t)8 << 20;
    driver.options.grace_ms = 10000;
    driver_start(&driver);
    raw_connect(&client, &driver, 0);
    CHECK(raw_send_text(&client, "GET /metrics HTTP/1.1\r\n\r\n"));
    CHECK_CONTAINS(raw_head(&client), "Content-Length: 8388608\r\n");
    while (strcmp(raw_next(&client, 10000), "end") != 0)
        continue;
    CHECK_UNSIGNED(client.input.size, driver.answer_bytes % 122);
    raw_drop(&client);
    driver_close(&driver);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"server_turns_away_who_is_too_much", test_server_turns_away_who_is_too_much},
        {"server_takes_all_that_waits_for_the_ack_and_holds_the_rest_back",
         test_server_takes_all_that_waits_for_the_ack_and_holds_the_rest_back},
        {"server_closes_who_reads_too_slowly_and_nobody_else",
         test_server_closes_who_reads_too_slowly_and_nobody_else},
        {"server_keeps_within_the_event_queue", test_server_keeps_within_the_event_queue},
        {"server_keeps_the_order_of_what_finds_no_room",
         test_server_keeps_the_order_of_what_finds_no_room},
        {"server_sends_a_large_page_whole", test_server_sends_a_large_page_whole},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.server_limits", tests);
}
