/* The WebSocket server as its clients meet it, well-behaved or not, one at a time. */
#include "raw_client.h"
#include "support/suite.h"
#include "test_ws_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_server_takes_bytes_one_at_a_time(void)
{
    struct server_driver driver;
    struct raw_client client;
    struct mqc__buffer bytes;
    driver_open(&driver);
    raw_connect(&client, &driver, 0);
    mqc__buffer_init(&bytes, 4096);
    (void)mqc__buffer_append_text(&bytes, RAW_UPGRADE);
    client_frame_write(RAW_TEXT, mqc_view_text("[\"/a\"]"), &bytes);
    for (size_t i = 0; i < bytes.size; i++)
        CHECK(raw_send(&client, mqc_view_bytes(bytes.data + i, 1)));
    CHECK_CONTAINS(raw_head(&client), "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    raw_expect(&client, "text {\"type\":\"ack\",\"endpoint\":\"node-1-websocket-0\","
                        "\"version\":\"1.2.3\"}");
    driver_deliver(&driver, "/a/b", "hi");
    CHECK_CONTAINS(raw_next(&client, 10000), "\"topic\":\"/a/b\"");
    mqc__buffer_fini(&bytes);
    raw_drop(&client);
    driver_close(&driver);
}

static void test_server_cuts_a_handshake_that_takes_too_long(void)
{
    const char *const begun[] = {"", "G", "GET / HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\r\n\r"};
    struct server_driver driver;
    driver_init(&driver);
    driver.options.handshake_timeout_ms = 100;
    driver_start(&driver);
    for (size_t i = 0; i < sizeof begun / sizeof begun[0]; i++) {
        struct raw_client client;
        raw_connect(&client, &driver, 0);
        CHECK(raw_send_text(&client, begun[i]));
        raw_expect_end(&client);
        raw_drop(&client);
    }
    driver_close(&driver);
}

static void test_server_answers_what_is_no_upgrade(void)
{
    static const struct {
        const char *request;
        const char *answer;
    } cases[] = {
        {"\x16\x03\x01\x02garbage\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 400 Invalid HTTP version, need HTTP/1.1"},
        {"POST /v1/messages/json HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
         "HTTP/1.1 400 Missing Sec-WebSocket-Key value"},
        {"GET /healthz HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 200 "},
        {"GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 200 "},
        {"GET /metrics?x HTTP/1.1\r\n\r\n", "HTTP/1.1 4"},
    };
    struct server_driver driver;
    driver_open(&driver);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw_client client;
        raw_connect(&client, &driver, 0);
        CHECK(raw_send_text(&client, cases[i].request));
        CHECK_CONTAINS(raw_head(&client), cases[i].answer);
        while (strcmp(raw_next(&client, 10000), "end") != 0)
            continue;
        raw_drop(&client);
    }
    driver_close(&driver);
}

static void test_server_closes_who_breaks_the_protocol(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *close;
    } cases[] = {
        {"\x81\x02hi", 4, "close 1002 Frame of a client not masked"},
        {"\xc1\x80\0\0\0\0", 6, "close 1002 Reserved bit used"},
        {"\x80\x80\0\0\0\0", 6, "close 1002 Fragmentation: continuation opcode out of sequence"},
        {"\x83\x80\0\0\0\0", 6, "close 1002 Protocol error"},
        {"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14,
         "close 1009 Message too big, at most 1024 bytes"},
        {"\x81\xfe\x04\x01\0\0\0\0", 8, "close 1009 Message too big, at most 1024 bytes"},
        {"\x81\x81\0\0\0\0\xff", 7, "close 1007 Invalid frame payload data"},
        {"\x88\x81\0\0\0\0\x03", 7, "close 1002 Protocol error"},
        {"\x88\x82\0\0\0\0\x03\xee", 8, "close 1002 Invalid close code: 1006"},
        {"\x89\xfe\x00\x7e\0\0\0\0", 8,
         "close 1002 Ping reason control frame with payload length > 125 octets"},
    };
    struct server_driver driver;
    driver_init(&driver);
    driver.options.max_message_bytes = 1024;
    driver_start(&driver);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw_client client;
        raw_subscribe(&client, &driver, "/a");
        CHECK(raw_send(&client, mqc_view_bytes(cases[i].bytes, cases[i].size)));
        raw_expect(&client, cases[i].close);
        raw_drop(&client);
    }
    CHECK(driver_wait(&driver, &driver.lost, sizeof cases / sizeof cases[0]));
    driver_close(&driver);
}

static void test_server_takes_ten_thousand_fragments(void)
{
    const char *message = driver_event_text("/a", "fragmented");
    const size_t size = strlen(message);
    struct server_driver driver;
    struct raw_client client;
    struct mqc__buffer bytes;
    driver_open(&driver);
    raw_subscribe(&client, &driver, "/a");
    mqc__buffer_init(&bytes, (size_t)1 << 20);
    for (size_t i = 0; i < 10000; i++) {
        const size_t piece = i < size ? 1 : 0;
        client_frame_write(i == 0 ? 0x01 : 0x00,
                           mqc_view_bytes(message + (piece != 0 ? i : 0), piece), &bytes);
    }
    client_frame_write(0x80, mqc_view_text(""), &bytes);
    CHECK(raw_send(&client, mqc__buffer_view(&bytes)));
    CHECK(driver_wait(&driver, &driver.published, 1));
    CHECK_TEXT(driver.names, "fragmented ");
    mqc__buffer_fini(&bytes);
    raw_drop(&client);
    driver_close(&driver);
}

static void test_server_takes_what_came_before_the_ack(void)
{
    struct server_driver driver;
    struct raw_client client;
    driver_init(&driver);
    driver.ready_error = MQC_ETIMEOUT;
    driver_start(&driver);
    raw_upgrade(&client, &driver);
    CHECK(raw_frame(&client, RAW_TEXT, "[\"/a\"]"));
    CHECK(raw_frame(&client, RAW_TEXT, driver_event_text("/a", "one")));
    CHECK(raw_frame(&client, RAW_TEXT, driver_event_text("/a", "two")));
    CHECK_TEXT(raw_next(&client, 50), "silence");
    mqc__ws_server_ready(driver.server);
    CHECK_TEXT(raw_next(&client, 20), "silence");
    CHECK_UNSIGNED(driver.published, 0);
    driver_set(&driver, &driver.ready_error, MQC_OK);
    mqc__ws_server_ready(driver.server);
    CHECK_CONTAINS(raw_next(&client, 10000), "\"ack\"");
    CHECK(driver_wait(&driver, &driver.published, 2));
    CHECK_TEXT(driver.names, "one two ");
    CHECK_UNSIGNED(driver.added, 1);
    raw_drop(&client);
    driver_close(&driver);
}

/* Sends everything in one piece, so that it is read at once. */
static void send_together(struct raw_client *client, const char *const messages[], size_t count)
{
    struct mqc__buffer bytes;
    mqc__buffer_init(&bytes, 65536);
    for (size_t i = 0; i < count; i++)
        client_frame_write(RAW_TEXT, mqc_view_text(messages[i]), &bytes);
    client_frame_write(RAW_CLOSE,
                       mqc_view_bytes("\x03\xe8"
                                      "done",
                                      6),
                       &bytes);
    CHECK(raw_send(client, mqc__buffer_view(&bytes)));
    mqc__buffer_fini(&bytes);
}

static void test_server_takes_what_a_held_client_said_before_its_close(void)
{
    char texts[3][512];
    const char *const messages[] = {texts[0], texts[1], texts[2]};
    struct server_driver driver;
    struct raw_client client;
    driver_open(&driver);
    for (size_t i = 0; i < 3; i++)
        (void)snprintf(texts[i], sizeof texts[i], "%s",
                       driver_event_text("/a", i == 0   ? "one"
                                               : i == 1 ? "two"
                                                        : "three"));
    raw_subscribe(&client, &driver, "/a");
    driver_set(&driver, &driver.publish_error, MQC_EFULL);
    send_together(&client, messages, 3);
    CHECK_TEXT(raw_next(&client, 50), "silence");
    driver_set(&driver, &driver.publish_error, MQC_OK);
    raw_expect(&client, "close 1000 done");
    raw_expect_end(&client);
    CHECK_TEXT(driver.names, "one two three ");
    CHECK(driver_wait(&driver, &driver.lost, 1));
    CHECK_TEXT(driver_end(&driver), "1000 done");
    raw_drop(&client);
    driver_close(&driver);
}

static void test_server_takes_what_a_hasty_client_said_before_its_close(void)
{
    for (int is_in_time = 0; is_in_time < 2; is_in_time++) {
        const char *const messages[] = {"[\"/a\"]", driver_event_text("/a", "only")};
        struct server_driver driver;
        struct raw_client client;
        driver_init(&driver);
        driver.ready_error = MQC_ETIMEOUT;
        driver.options.grace_ms = is_in_time ? 10000 : 50;
        driver_start(&driver);
        raw_upgrade(&client, &driver);
        send_together(&client, messages, 2);
        if (is_in_time) {
            CHECK_TEXT(raw_next(&client, 20), "silence");
            driver_set(&driver, &driver.ready_error, MQC_OK);
            mqc__ws_server_ready(driver.server);
            CHECK_CONTAINS(raw_next(&client, 10000), "\"ack\"");
        }
        raw_expect(&client, "close 1000 done");
        raw_expect_end(&client);
        CHECK_TEXT(driver.names, is_in_time ? "only " : "");
        raw_drop(&client);
        driver_close(&driver);
    }
}

/* It breaks off while it is held back and events keep coming for it. */
static void test_server_takes_what_a_client_said_before_it_broke_off(void)
{
    struct mqc__buffer bytes;
    mqc__buffer_init(&bytes, 4096);
    struct server_driver driver;
    struct raw_client client;
    driver_open(&driver);
    raw_subscribe(&client, &driver, "/a");
    driver_set(&driver, &driver.publish_error, MQC_EFULL);
    for (size_t i = 0; i < 2; i++)
        client_frame_write(RAW_TEXT, mqc_view_text(driver_event_text("/a", i == 0 ? "one" : "two")),
                           &bytes);
    CHECK(raw_send(&client, mqc__buffer_view(&bytes)));
    mqc__buffer_fini(&bytes);
    (void)usleep(20000);
    raw_reset(&client);
    for (size_t i = 0; i < 2000; i++) {
        driver_deliver(&driver, "/a", "x");
        if (i % 500 == 0)
            (void)usleep(10000);
    }
    CHECK_UNSIGNED(driver_get(&driver, &driver.lost), 0);
    driver_set(&driver, &driver.publish_error, MQC_OK);
    CHECK(driver_wait(&driver, &driver.lost, 1));
    CHECK_TEXT(driver.names, "one two ");
    CHECK_TEXT(driver_end(&driver), "1006 Abnormal closure");
    driver_close(&driver);
}

static void test_server_closes_whom_the_cluster_refuses(void)
{
    struct server_driver driver;
    struct raw_client client;
    driver_open(&driver);
    for (int is_later = 0; is_later < 2; is_later++) {
        driver_set(&driver, &driver.subscribe_error, is_later ? MQC_OK : MQC_ETOPIC);
        driver_set(&driver, &driver.ready_error, MQC_EREFUSED);
        raw_upgrade(&client, &driver);
        CHECK(raw_frame(&client, RAW_TEXT, "[\"/a\"]"));
        raw_expect(&client, "close 1011 Could not subscribe. Something bad happened!");
        raw_drop(&client);
    }
    CHECK(driver_wait(&driver, &driver.lost, 2));
    CHECK_UNSIGNED(driver.added, 0);
    driver_close(&driver);
}

static void test_server_closes_a_bad_subscription_after_a_while(void)
{
    static const char *const cases[][2] = {
        {"{}", "subscriptions not an array"},
        {"[1]", "individual subscription not a string"},
    };
    struct server_driver driver;
    driver_init(&driver);
    driver.options.grace_ms = 50;
    driver_start(&driver);
    for (size_t i = 0; i < 2; i++) {
        char expected[160];
        struct raw_client client;
        raw_upgrade(&client, &driver);
        CHECK(raw_frame(&client, RAW_TEXT, cases[i][0]));
        (void)snprintf(expected, sizeof expected,
                       "text {\"type\":\"error\",\"code\":\"deserialization_failed\","
                       "\"context\":\"%s\"}",
                       cases[i][1]);
        raw_expect(&client, expected);
        CHECK(raw_frame(&client, RAW_TEXT, "[]"));
        (void)snprintf(expected, sizeof expected, "close 1008 %s", cases[i][1]);
        raw_expect(&client, expected);
        raw_expect_end(&client);
        raw_drop(&client);
    }
    CHECK(driver_wait(&driver, &driver.lost, 2));
    driver_close(&driver);
}

static void test_server_closes_who_answers_no_ping(void)
{
    struct server_driver driver;
    struct raw_client client;
    driver_init(&driver);
    driver.options.ping_interval_ms = 100;
    driver_start(&driver);
    raw_subscribe(&client, &driver, "/a");
    CHECK(raw_frame(&client, RAW_PONG, ""));
    while (strncmp(raw_next(&client, 10000), "ping", 4) == 0)
        continue;
    CHECK(driver_wait(&driver, &driver.lost, 1));
    CHECK_TEXT(driver_end(&driver), "1011 Ping timeout");
    raw_drop(&client);
    driver_close(&driver);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"server_takes_bytes_one_at_a_time", test_server_takes_bytes_one_at_a_time},
        {"server_cuts_a_handshake_that_takes_too_long",
         test_server_cuts_a_handshake_that_takes_too_long},
        {"server_answers_what_is_no_upgrade", test_server_answers_what_is_no_upgrade},
        {"server_closes_who_breaks_the_protocol", test_server_closes_who_breaks_the_protocol},
        {"server_takes_ten_thousand_fragments", test_server_takes_ten_thousand_fragments},
        {"server_takes_what_came_before_the_ack", test_server_takes_what_came_before_the_ack},
        {"server_takes_what_a_held_client_said_before_its_close",
         test_server_takes_what_a_held_client_said_before_its_close},
        {"server_takes_what_a_hasty_client_said_before_its_close",
         test_server_takes_what_a_hasty_client_said_before_its_close},
        {"server_takes_what_a_client_said_before_it_broke_off",
         test_server_takes_what_a_client_said_before_it_broke_off},
        {"server_closes_whom_the_cluster_refuses", test_server_closes_whom_the_cluster_refuses},
        {"server_closes_a_bad_subscription_after_a_while",
         test_server_closes_a_bad_subscription_after_a_while},
        {"server_closes_who_answers_no_ping", test_server_closes_who_answers_no_ping},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.server", tests);
}
