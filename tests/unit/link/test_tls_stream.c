/* An established connection: data, back pressure, its ends, and resumption. */
#include "test_tls_pair.h"

#include <stdint.h>
#include <stdlib.h>

static int64_t clock_s;

static int64_t test_clock(void)
{
    return clock_s;
}

static void start(struct tls_pair *pair)
{
    const struct mqc__tls_options client = tls_client_options(NULL);
    const struct mqc__tls_options server = tls_server_options("server");
    tls_pair_init(pair, &client, &server, "broker.test");
    REQUIRE(tls_pair_run(pair, SIZE_MAX));
}

static void test_stream_large_data_arrives_both_ways(void)
{
    const size_t size = 300000;
    char *data = malloc(size);
    REQUIRE(data != NULL);
    struct test_random random = {.state = 1};
    for (size_t i = 0; i < size; i++)
        data[i] = (char)test_random_next(&random);
    struct tls_pair pair;
    start(&pair);
    tls_check_transfer(pair.client, pair.server, mqc_view_bytes(data, size));
    tls_check_transfer(pair.server, pair.client, mqc_view_bytes(data, size));
    tls_check_transfer(pair.client, pair.server, mqc_view_bytes(data, 1));
    tls_pair_fini(&pair);
    free(data);
}

static void test_stream_before_handshake_nothing_taken(void)
{
    const struct mqc__tls_options client = tls_client_options(NULL);
    const struct mqc__tls_options server = tls_server_options("server");
    struct tls_pair pair;
    size_t taken = 1;
    tls_pair_init(&pair, &client, &server, "broker.test");
    CHECK_INT(mqc__tls_write(pair.client, mqc_view_text("early"), &taken), MQC__TLS_WANTS_INPUT);
    CHECK_UNSIGNED(taken, 0);
    REQUIRE(tls_pair_run(&pair, SIZE_MAX));
    tls_check_transfer(pair.client, pair.server, mqc_view_text("later"));
    tls_pair_fini(&pair);
}

static void test_stream_output_not_taken_write_stops(void)
{
    static const char block[16384];
    struct tls_pair pair;
    size_t total = 0;
    start(&pair);
    enum mqc__tls_status status = MQC__TLS_ESTABLISHED;
    for (int i = 0; i < 100 && status == MQC__TLS_ESTABLISHED; i++) {
        size_t taken = 0;
        status = mqc__tls_write(pair.client, mqc_view_bytes(block, sizeof block), &taken);
        total += taken;
    }
    CHECK_INT(status, MQC__TLS_WANTS_OUTPUT);
    CHECK(mqc__tls_output(pair.client).size < (size_t)128 << 10);
    size_t received = 0;
    size_t size = 0;
    static char buffer[20000];
    while (tls_carry(pair.client, pair.server, 1000) > 0) {
        while (mqc__tls_read(pair.server, buffer, sizeof buffer, &size) == MQC__TLS_ESTABLISHED)
            received += size;
    }
    CHECK_UNSIGNED(received, total);
    tls_check_transfer(pair.client, pair.server, mqc_view_text("goes on"));
    tls_pair_fini(&pair);
}

static void test_stream_input_not_read_is_bounded(void)
{
    static const char block[60000];
    struct tls_pair pair;
    size_t taken = 0;
    size_t carried = 0;
    start(&pair);
    (void)mqc__tls_write(pair.client, mqc_view_bytes(block, sizeof block), &taken);
    for (size_t moved = 1; moved > 0; carried += moved)
        moved = tls_carry(pair.client, pair.server, SIZE_MAX);
    CHECK(carried < (size_t)64 << 10);
    CHECK(mqc__tls_output(pair.client).size > 0);
    tls_pair_fini(&pair);
}

static void test_stream_close_is_seen_and_answered(void)
{
    struct tls_pair pair;
    char byte = 0;
    size_t size = 0;
    start(&pair);
    CHECK_INT(mqc__tls_write(pair.client, mqc_view_text("x"), &size), MQC__TLS_ESTABLISHED);
    mqc__tls_close(pair.client);
    mqc__tls_close(pair.client);
    CHECK_INT(mqc__tls_write(pair.client, mqc_view_text("y"), &size), MQC__TLS_CLOSED);
    CHECK_UNSIGNED(size, 0);
    CHECK(tls_carry(pair.client, pair.server, SIZE_MAX) > 0);
    CHECK_INT(mqc__tls_read(pair.server, &byte, 1, &size), MQC__TLS_ESTABLISHED);
    CHECK_INT(mqc__tls_read(pair.server, &byte, 1, &size), MQC__TLS_CLOSED);
    CHECK_INT(mqc__tls_write(pair.server, mqc_view_text("z"), &size), MQC__TLS_CLOSED);
    CHECK(tls_carry(pair.server, pair.client, SIZE_MAX) > 0);
    CHECK_INT(mqc__tls_read(pair.client, &byte, 1, &size), MQC__TLS_CLOSED);
    CHECK(mqc__tls_failure(pair.client)->tag == NULL);
    tls_pair_fini(&pair);
}

/* With TLS 1.3 the server sends a ticket after the handshake, perhaps long before any data. */
static void test_stream_ticket_alone_is_taken_at_once(void)
{
    struct tls_pair pair;
    struct mqc__tls_session *session = NULL;
    char byte = 0;
    size_t size = 0;
    start(&pair);
    CHECK_INT(mqc__tls_read(pair.server, &byte, 1, &size), MQC__TLS_WANTS_INPUT);
    (void)tls_carry(pair.server, pair.client, SIZE_MAX);
    CHECK_INT(mqc__tls_read(pair.client, &byte, 1, &size), MQC__TLS_WANTS_INPUT);
    CHECK_INT(mqc__tls_session_save(pair.client, &session), MQC_OK);
    tls_check_transfer(pair.client, pair.server, mqc_view_text("after the ticket"));
    mqc__tls_session_free(&session);
    tls_pair_fini(&pair);
}

static void test_stream_transport_ends_data_first_then_closed(void)
{
    struct tls_pair pair;
    char byte = 0;
    size_t size = 0;
    start(&pair);
    (void)mqc__tls_write(pair.client, mqc_view_text("x"), &size);
    (void)tls_carry(pair.client, pair.server, SIZE_MAX);
    mqc__tls_input_end(pair.server);
    CHECK_INT(mqc__tls_read(pair.server, &byte, 1, &size), MQC__TLS_ESTABLISHED);
    CHECK_INT(mqc__tls_read(pair.server, &byte, 1, &size), MQC__TLS_FAILED);
    CHECK_TEXT(tls_state(pair.server), "tls_closed");
    CHECK_CONTAINS(mqc__tls_failure(pair.server)->info.text, "without a good-bye");
    CHECK_INT(mqc__tls_write(pair.server, mqc_view_text("y"), &size), MQC__TLS_FAILED);
    CHECK_UNSIGNED(mqc__tls_input(pair.server, mqc_view_text("dropped")), 7);
    tls_pair_fini(&pair);
}

/* One client configuration and one server configuration, which connect again and again. */
struct again {
    struct mqc__tls_config *client;
    struct mqc__tls_config *server;
};

static void again_init(struct again *again, mqc__tls_clock_fn clock)
{
    struct mqc__tls_options client = tls_client_options("client");
    struct mqc__tls_options server = tls_server_options("server");
    server.client_certificate = MQC__TLS_CLIENT_CERTIFICATE_REQUIRED;
    client.clock = clock;
    again->client = tls_config(&client);
    again->server = tls_config(&server);
}

static void again_fini(struct again *again)
{
    mqc__tls_config_unref(&again->client);
    mqc__tls_config_unref(&again->server);
}

/* Connects, says whether a session was resumed, and gives the one to resume next. */
static bool connect_again(const struct again *again, const char *name,
                          const struct mqc__tls_session *session,
                          struct mqc__tls_session **session_out)
{
    struct tls_pair pair;
    REQUIRE(mqc__tls_new(again->client, name, session, &pair.client, NULL) == MQC_OK);
    REQUIRE(mqc__tls_new(again->server, NULL, NULL, &pair.server, NULL) == MQC_OK);
    CHECK(tls_pair_run(&pair, SIZE_MAX));
    tls_check_transfer(pair.server, pair.client, mqc_view_text("ticket, if any, and data"));
    const bool is_resumed = mqc__tls_is_resumed(pair.client);
    CHECK(mqc__tls_is_resumed(pair.server) == is_resumed);
    mqc__tls_input_end(pair.client);
    char byte = 0;
    size_t size = 0;
    (void)mqc__tls_read(pair.client, &byte, 1, &size);
    CHECK_TEXT(tls_state(pair.client), "tls_closed");
    if (session_out != NULL)
        CHECK_INT(mqc__tls_session_save(pair.client, session_out), MQC_OK);
    tls_pair_fini(&pair);
    return is_resumed;
}

static void test_session_saved_is_resumed(void)
{
    struct again again;
    struct mqc__tls_session *first = NULL;
    struct mqc__tls_session *second = NULL;
    again_init(&again, NULL);
    CHECK(!connect_again(&again, "broker.test", NULL, &first));
    CHECK(connect_again(&again, "broker.test", first, &second));
    CHECK(connect_again(&again, "broker.test", second, NULL));
    mqc__tls_session_free(&first);
    mqc__tls_session_free(&second);
    CHECK(first == NULL);
    again_fini(&again);
}

static void test_session_of_other_name_not_used(void)
{
    struct again again;
    struct mqc__tls_session *session = NULL;
    again_init(&again, NULL);
    CHECK(!connect_again(&again, "broker.test", NULL, &session));
    CHECK(!connect_again(&again, "localhost", session, NULL));
    mqc__tls_session_free(&session);
    again_fini(&again);
}

static void test_session_of_other_config_not_used(void)
{
    struct again again;
    struct again reloaded;
    struct mqc__tls_session *session = NULL;
    again_init(&again, NULL);
    CHECK(!connect_again(&again, "broker.test", NULL, &session));
    again_init(&reloaded, NULL);
    CHECK(!connect_again(&reloaded, "broker.test", session, NULL));
    mqc__tls_session_free(&session);
    again_fini(&again);
    again_fini(&reloaded);
}

static void test_session_server_restarted_full_handshake(void)
{
    struct again again;
    struct again restarted;
    struct mqc__tls_session *session = NULL;
    again_init(&again, NULL);
    CHECK(!connect_again(&again, "broker.test", NULL, &session));
    again_init(&restarted, NULL);
    const struct again mixed = {.client = again.client, .server = restarted.server};
    CHECK(!connect_again(&mixed, "broker.test", session, NULL));
    mqc__tls_session_free(&session);
    again_fini(&again);
    again_fini(&restarted);
}

static void test_session_lives_a_day_however_often_resumed(void)
{
    struct again again;
    struct mqc__tls_session *first = NULL;
    struct mqc__tls_session *second = NULL;
    clock_s = INT64_C(1893456000); /* 2030 */
    again_init(&again, test_clock);
    CHECK(!connect_again(&again, "broker.test", NULL, &first));
    clock_s += 80000;
    CHECK(connect_again(&again, "broker.test", first, &second));
    clock_s += 10000;
    CHECK(!connect_again(&again, "broker.test", second, NULL));
    clock_s -= 100000;
    CHECK(!connect_again(&again, "broker.test", first, NULL));
    mqc__tls_session_free(&first);
    mqc__tls_session_free(&second);
    again_fini(&again);
}

static void test_session_of_failed_connection_not_found(void)
{
    const struct mqc__tls_options client = tls_client_options(NULL);
    const struct mqc__tls_options server = tls_server_options("expired");
    struct mqc__tls_session *session = NULL;
    struct tls_pair pair;
    tls_pair_init(&pair, &client, &server, "broker.test");
    CHECK_INT(mqc__tls_session_save(pair.client, &session), MQC_ENOTFOUND);
    CHECK(!tls_pair_run(&pair, SIZE_MAX));
    CHECK_INT(mqc__tls_session_save(pair.client, &session), MQC_ENOTFOUND);
    CHECK_INT(mqc__tls_session_save(pair.server, &session), MQC_ENOTFOUND);
    CHECK(session == NULL);
    tls_pair_fini(&pair);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"large data arrives both ways", test_stream_large_data_arrives_both_ways},
        {"before the handshake nothing is taken", test_stream_before_handshake_nothing_taken},
        {"output not taken stops write", test_stream_output_not_taken_write_stops},
        {"input not read is bounded", test_stream_input_not_read_is_bounded},
        {"close is seen and answered", test_stream_close_is_seen_and_answered},
        {"a ticket alone is taken at once", test_stream_ticket_alone_is_taken_at_once},
        {"data before the transport's end", test_stream_transport_ends_data_first_then_closed},
        {"a saved session is resumed", test_session_saved_is_resumed},
        {"session of another name", test_session_of_other_name_not_used},
        {"session of another configuration", test_session_of_other_config_not_used},
        {"session of a restarted server", test_session_server_restarted_full_handshake},
        {"a session lives a day", test_session_lives_a_day_however_often_resumed},
        {"session of a failed connection", test_session_of_failed_connection_not_found},
        CU_TEST_INFO_NULL,
    };
    return tls_suite_run("link.tls_stream", tests);
}
