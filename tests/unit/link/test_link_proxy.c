/* A client that takes the link for an HTTP proxy. */
#include "test_link_support.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] = "CONNECT 127.0.0.1:1883 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

struct proxy_ends {
    int listener;
    struct mqc__link *link;
    int client;
    int broker;
};

static void open_ends(struct proxy_ends *ends)
{
    uint16_t port = 0;
    const char *tag = NULL;
    ends->listener = listen_at(0, 0, 8, &port);
    struct mqc__link_options options = plain_options(port);
    options.is_proxy = true;
    REQUIRE(mqc__link_open(&options, &ends->link, &tag, NULL) == MQC_OK);
    ends->broker = accept(ends->listener, NULL, NULL);
    REQUIRE(ends->broker >= 0);
    ends->client = connect_to(mqc__link_port(ends->link));
    REQUIRE(ends->client >= 0);
    CHECK(await_ready(ends->client, POLLOUT));
}

static void close_ends(struct proxy_ends *ends)
{
    (void)close(ends->client);
    (void)close(ends->broker);
    (void)close(ends->listener);
    mqc__link_free(&ends->link);
}

static void check_answer(int client)
{
    static const char expected[] = "HTTP/1.1 200 OK\r\n\r\n";
    char answer[64];
    const long size = read_once(client, answer, sizeof answer);
    CHECK_VIEW_TEXT(mqc_view_bytes(answer, size > 0 ? (size_t)size : 0), expected);
}

static void check_passes(const struct proxy_ends *ends)
{
    CHECK(write_stream(ends->client, 0, 5000, 700));
    CHECK(read_stream(ends->broker, 0, 5000, 700));
    CHECK(write_stream(ends->broker, 0, 5000, 700));
    CHECK(read_stream(ends->client, 0, 5000, 700));
}

static void test_proxy_request_is_answered_and_stays_here(void)
{
    struct proxy_ends ends;
    open_ends(&ends);
    CHECK_INT(send(ends.client, request, sizeof request - 1, 0), sizeof request - 1);
    check_answer(ends.client);
    check_passes(&ends);
    close_ends(&ends);
}

static void test_proxy_request_may_come_in_pieces(void)
{
    struct proxy_ends ends;
    open_ends(&ends);
    for (size_t i = 0; i < sizeof request - 1; i++) {
        CHECK_INT(send(ends.client, request + i, 1, 0), 1);
        if (i % 16 == 0)
            sleep_ms(2);
    }
    check_answer(ends.client);
    check_passes(&ends);
    close_ends(&ends);
}

static void check_refused(const char *bytes, size_t size)
{
    struct proxy_ends ends;
    char byte = 0;
    open_ends(&ends);
    CHECK_INT(send(ends.client, bytes, size, MSG_NOSIGNAL), size);
    CHECK(read_once(ends.client, &byte, 1) <= 0);
    CHECK_INT(read_once(ends.broker, &byte, 1), 0);
    close_ends(&ends);
}

static void test_proxy_request_of_another_kind_is_refused(void)
{
    static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    char endless[1024];
    memset(endless, 'C', sizeof endless);
    check_refused(get, sizeof get - 1);
    check_refused(endless, sizeof endless);
}

static void test_proxy_request_missing_close_does_not_wait(void)
{
    struct proxy_ends ends;
    char byte = 0;
    open_ends(&ends);
    mqc__link_close(ends.link);
    CHECK(read_once(ends.client, &byte, 1) <= 0);
    close_ends(&ends);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"is answered", test_proxy_request_is_answered_and_stays_here},
        {"in pieces", test_proxy_request_may_come_in_pieces},
        {"another kind", test_proxy_request_of_another_kind_is_refused},
        {"missing", test_proxy_request_missing_close_does_not_wait},
        CU_TEST_INFO_NULL,
    };
    return suite_run("link.link_proxy", tests);
}
