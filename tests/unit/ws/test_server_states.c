/* Connections in every state that they may be in, when they end from one side or the other. */
#include "raw_client.h"
#include "support/suite.h"

#include <stdlib.h>
#include <unistd.h>

/* The states in which a connection may be when something happens to it. */
enum state {
    STATE_CONNECTED,
    STATE_HALF_A_REQUEST,
    STATE_ANSWERED,
    STATE_UPGRADED,
    STATE_HALF_A_FRAME,
    STATE_AWAITS_ACK,
    STATE_OPEN,
    STATE_HELD, /* there is no room for its event */
    STATE_REFUSED,
    STATE_CLOSING, /* the server has sent its close */
    STATE_COUNT,
};

static void reach(struct raw_client *client, struct server_driver *driver, enum state state)
{
    if (state == STATE_OPEN || state == STATE_HELD)
        raw_subscribe(client, driver, "/a");
    else if (state >= STATE_UPGRADED)
        raw_upgrade(client, driver);
    else
        raw_connect(client, driver, 0);
    switch (state) {
    case STATE_HALF_A_REQUEST: CHECK(raw_send_text(client, "GET / HTTP/1.1\r\nUpg")); break;
    case STATE_ANSWERED: CHECK(raw_send_text(client, "GET /healthz HTTP/1.1\r\n\r\n")); break;
    case STATE_HALF_A_FRAME: CHECK(raw_send_text(client, "\x81\x85half")); break;
    case STATE_AWAITS_ACK:
        driver_set(driver, &driver->ready_error, MQC_ETIMEOUT);
        CHECK(raw_frame(client, RAW_TEXT, "[\"/a\"]"));
        CHECK(raw_frame(client, RAW_TEXT, driver_event_text("/a", "early")));
        break;
    case STATE_HELD:
        driver_set(driver, &driver->publish_error, MQC_EFULL);
        CHECK(raw_frame(client, RAW_TEXT, driver_event_text("/a", "held")));
        break;
    case STATE_REFUSED: CHECK(raw_frame(client, RAW_TEXT, "{}")); break;
    case STATE_CLOSING: CHECK(raw_frame(client, 0xb1, "")); break;
    default: break;
    }
    (void)usleep(5000);
}

static void open_for_states(struct server_driver *driver)
{
    driver_init(driver);
    driver->options.grace_ms = 300;
    driver_start(driver);
}

static void test_server_survives_clients_that_go_in_every_state(void)
{
    for (int state = 0; state < STATE_COUNT; state++) {
        for (int is_reset = 0; is_reset < 2; is_reset++) {
            struct server_driver driver;
            struct raw_client client;
            open_for_states(&driver);
            reach(&client, &driver, (enum state)state);
            if (is_reset)
                raw_reset(&client);
            else
                raw_drop(&client);
            driver_set(&driver, &driver.publish_error, MQC_OK);
            CHECK(driver_wait_clients(&driver, 0));
            driver_close(&driver);
        }
    }
}

static void test_server_terminates_clients_in_every_state(void)
{
    struct raw_client clients[STATE_COUNT];
    struct server_driver driver;
    open_for_states(&driver);
    for (int state = 0; state < STATE_COUNT; state++) {
        driver_set(&driver, &driver.ready_error, MQC_OK);
        reach(&clients[state], &driver, (enum state)state);
    }
    driver_close(&driver);
    for (int state = STATE_UPGRADED; state < STATE_REFUSED; state++)
        raw_expect(&clients[state], "close 1001 Terminating");
    for (int state = 0; state < STATE_COUNT; state++)
        raw_drop(&clients[state]);
}

static void test_server_answers_a_close_in_every_state(void)
{
    for (int state = STATE_UPGRADED; state < STATE_COUNT; state++) {
        struct server_driver driver;
        struct raw_client client;
        if (state == STATE_HALF_A_FRAME)
            continue;
        open_for_states(&driver);
        reach(&client, &driver, (enum state)state);
        CHECK(raw_close_frame(&client, 4000, "bye"));
        driver_set(&driver, &driver.publish_error, MQC_OK);
        const char *next = "";
        while (strncmp(next, "close", 5) != 0 && strcmp(next, "end") != 0)
            next = raw_next(&client, 10000);
        CHECK_TEXT(next,
                   state == STATE_CLOSING ? "close 1002 Reserved bit used" : "close 4000 bye");
        raw_expect_end(&client);
        raw_drop(&client);
        CHECK(driver_wait_clients(&driver, 0));
        CHECK(driver_wait(&driver, &driver.lost, 1));
        CHECK_TEXT(driver_end(&driver),
                   state == STATE_CLOSING ? "1002 Reserved bit used" : "4000 bye");
        driver_close(&driver);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"server_survives_clients_that_go_in_every_state",
         test_server_survives_clients_that_go_in_every_state},
        {"server_terminates_clients_in_every_state", test_server_terminates_clients_in_every_state},
        {"server_answers_a_close_in_every_state", test_server_answers_a_close_in_every_state},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.server_states", tests);
}
