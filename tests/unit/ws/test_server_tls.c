/* The WebSocket server with TLS: what a client says and hears is the same, and what goes wrong in
 * TLS ends that client alone. */
#include "raw_client.h"
#include "support/certs.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct test_certs certs;

static void open_tls(struct server_driver *driver, bool wants_certificate)
{
    driver_init(driver);
    driver->options.tls_options = (struct mqc_websocket_tls){
        .cert_file = test_certs_file(&certs, "server.pem"),
        .key_file = test_certs_file(&certs, "server.key"),
        .enable_peer_verification = wants_certificate,
        .ca_file = test_certs_file(&certs, "ca.pem"),
    };
    driver->options.grace_ms = 300;
    driver->options.max_outbound_bytes = 1 << 20;
    driver_start(driver);
}

static struct mqc__tls_config *config_of(const char *identity)
{
    struct mqc__tls_config *config = NULL;
    struct mqc_error_info info = {.text = ""};
    char certificate[64] = "";
    char key[64] = "";
    (void)snprintf(certificate, sizeof certificate, "%s.pem", identity != NULL ? identity : "");
    (void)snprintf(key, sizeof key, "%s.key", identity != NULL ? identity : "");
    const struct mqc__tls_options options = {
        .ca_file = test_certs_file(&certs, "ca.pem"),
        .certificate_file = identity != NULL ? test_certs_file(&certs, certificate) : NULL,
        .key_file = identity != NULL ? test_certs_file(&certs, key) : NULL,
    };
    REQUIRE(mqc__tls_config_new(&options, &config, &info) == MQC_OK);
    return config;
}

static bool connect_tls(struct raw_client *client, const struct server_driver *driver,
                        const char *identity)
{
    struct mqc__tls_config *config = config_of(identity);
    raw_connect(client, driver, 0);
    const bool is_done = raw_begin_tls(client, config);
    mqc__tls_config_unref(&config);
    return is_done;
}

static void subscribe_tls(struct raw_client *client, const struct server_driver *driver,
                          const char *identity)
{
    REQUIRE(connect_tls(client, driver, identity));
    CHECK(raw_send_text(client, RAW_UPGRADE));
    CHECK_CONTAINS(raw_head(client), "HTTP/1.1 101 ");
    CHECK(raw_frame(client, RAW_TEXT, "[\"/a\"]"));
    CHECK_CONTAINS(raw_next(client, 20000), "\"ack\"");
}

static void test_tls_carries_events_both_ways(void)
{
    struct server_driver driver;
    struct raw_client client;
    char *text = calloc(1, 300001);
    REQUIRE(text != NULL);
    memset(text, 'y', 300000);
    open_tls(&driver, true);
    subscribe_tls(&client, &driver, "client");
    for (size_t i = 0; i < 300; i++)
        CHECK(raw_frame(&client, RAW_TEXT, driver_event_text("/a", "x")));
    CHECK(driver_wait(&driver, &driver.published, 300));
    for (size_t i = 0; i < 300; i++)
        driver_deliver(&driver, "/a", i % 100 == 0 ? text : "short");
    for (size_t i = 0; i < 300; i++)
        CHECK(strncmp(raw_next(&client, 20000), "text {\"type\":\"data-message\"", 27) == 0);
    CHECK(raw_close_frame(&client, 1000, "bye"));
    raw_expect(&client, "close 1000 bye");
    raw_expect_end(&client);
    CHECK(driver_wait(&driver, &driver.lost, 1));
    raw_drop(&client);
    free(text);
    driver_close(&driver);
}

static void test_tls_refuses_a_client_without_certificate(void)
{
    struct server_driver driver;
    struct raw_client client;
    open_tls(&driver, true);
    /* With TLS 1.3 the client learns of it after its own end of the handshake. */
    if (connect_tls(&client, &driver, NULL))
        raw_expect_end(&client);
    raw_drop(&client);
    if (connect_tls(&client, &driver, "stranger-client"))
        raw_expect_end(&client);
    raw_drop(&client);
    driver_close(&driver);
}

/* Bytes that are no TLS, at once or in the middle, and a silent client in the middle of it all. */
static void test_tls_survives_garbage(void)
{
    struct server_driver driver;
    struct raw_client silent;
    struct raw_client client;
    open_tls(&driver, false);
    raw_connect(&silent, &driver, 0);
    raw_connect(&client, &driver, 0);
    CHECK(raw_send_text(&client, RAW_UPGRADE));
    while (strcmp(raw_next(&client, 10000), "end") != 0)
        continue;
    raw_drop(&client);
    subscribe_tls(&client, &driver, NULL);
    (void)raw_send_some(&client, mqc_view_text("no record of TLS at all, is it?"), 1000);
    CHECK(driver_wait(&driver, &driver.lost, 1));
    CHECK_TEXT(driver_end(&driver), "1006 Abnormal closure");
    raw_drop(&client);
    driver_close(&driver);
    raw_expect_end(&silent);
    raw_drop(&silent);
}

static void test_tls_cuts_a_handshake_that_takes_too_long(void)
{
    struct server_driver driver;
    struct raw_client client;
    driver_init(&driver);
    driver.options.handshake_timeout_ms = 100;
    driver.options.tls_options = (struct mqc_websocket_tls){
        .cert_file = test_certs_file(&certs, "server.pem"),
        .key_file = test_certs_file(&certs, "server.key"),
    };
    driver_start(&driver);
    raw_connect(&client, &driver, 0);
    CHECK(raw_send_text(&client, "\x16\x03\x01"));
    raw_expect_end(&client);
    raw_drop(&client);
    driver_close(&driver);
}

static void test_tls_holds_back_and_drops_as_without(void)
{
    struct server_driver driver;
    struct raw_client slow;
    struct raw_client other;
    char text[4096];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    open_tls(&driver, false);
    subscribe_tls(&slow, &driver, NULL);
    subscribe_tls(&other, &driver, NULL);
    size_t count = 0;
    for (; count < 40000 && driver_get(&driver, &driver.lost) == 0; count++) {
        driver_deliver(&driver, "/a", text);
        CHECK(strncmp(raw_next(&other, 20000), "text", 4) == 0);
    }
    CHECK(driver_wait(&driver, &driver.lost, 1));
    CHECK_CONTAINS(driver_end(&driver), "1008 Too slow");
    raw_drop(&slow);
    raw_drop(&other);
    driver_close(&driver);
}

static void test_tls_says_good_bye_at_the_end(void)
{
    struct server_driver driver;
    struct raw_client client;
    open_tls(&driver, false);
    subscribe_tls(&client, &driver, NULL);
    driver_deliver(&driver, "/a", "last");
    driver_close(&driver);
    CHECK_CONTAINS(raw_next(&client, 10000), "last");
    raw_expect(&client, "close 1001 Terminating");
    raw_expect_end(&client);
    raw_drop(&client);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"tls_carries_events_both_ways", test_tls_carries_events_both_ways},
        {"tls_refuses_a_client_without_certificate", test_tls_refuses_a_client_without_certificate},
        {"tls_survives_garbage", test_tls_survives_garbage},
        {"tls_cuts_a_handshake_that_takes_too_long", test_tls_cuts_a_handshake_that_takes_too_long},
        {"tls_holds_back_and_drops_as_without", test_tls_holds_back_and_drops_as_without},
        {"tls_says_good_bye_at_the_end", test_tls_says_good_bye_at_the_end},
        CU_TEST_INFO_NULL,
    };
    if (!test_certs_make(&certs))
        return 1;
    const int status = suite_run("ws.server_tls", tests);
    test_certs_remove(&certs);
    return status;
}
