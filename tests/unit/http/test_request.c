#include "http/request.h"
#include "support/suite.h"

#include <string.h>

#define UPGRADE                                                                                    \
    "GET /v1/messages/json HTTP/1.1\r\n"                                                           \
    "Host: 127.0.0.1:27759\r\n"                                                                    \
    "Upgrade: websocket\r\n"                                                                       \
    "Connection: Upgrade\r\n"                                                                      \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                                              \
    "Sec-WebSocket-Version: 13\r\n"                                                                \
    "X-Application-Name:   edge/one  \t\r\n"                                                       \
    "\r\n"

static struct mqc__http_request *new_request(void)
{
    struct mqc__http_request *request = mqc__http_request_new();
    REQUIRE(request != NULL);
    return request;
}

static size_t feed(struct mqc__http_request *request, struct mqc_view bytes,
                   enum mqc__http_status expected)
{
    size_t used = 0;
    CHECK_INT(mqc__http_request_feed(request, bytes, &used), expected);
    return used;
}

static void check_header(const struct mqc__http_request *request, const char *name,
                         const char *expected)
{
    struct mqc_view value = mqc_view_text("?");
    CHECK_INT(mqc__http_request_header(request, name, &value), expected != NULL);
    CHECK_VIEW_TEXT(value, expected != NULL ? expected : "");
}

static void check_upgrade(const struct mqc__http_request *request)
{
    CHECK_VIEW_TEXT(mqc__http_request_method(request), "GET");
    CHECK_VIEW_TEXT(mqc__http_request_target(request), "/v1/messages/json");
    check_header(request, "host", "127.0.0.1:27759");
    check_header(request, "UPGRADE", "websocket");
    check_header(request, "connection", "Upgrade");
    check_header(request, "sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    check_header(request, "Sec-WebSocket-Version", "13");
    check_header(request, "X-Application-Name", "edge/one");
    check_header(request, "Sec-WebSocket", NULL);
    check_header(request, "Sec-WebSocket-Version-", NULL);
    CHECK_TEXT(mqc__http_request_reason(request), "");
    CHECK_UNSIGNED(mqc__http_request_refusal_code(request), 0);
}

static void test_request_whole_is_understood(void)
{
    struct mqc__http_request *request = new_request();
    CHECK_UNSIGNED(feed(request, mqc_view_text(UPGRADE), MQC__HTTP_COMPLETE), strlen(UPGRADE));
    check_upgrade(request);
    mqc__http_request_free(&request);
    CHECK(request == NULL);
    mqc__http_request_free(&request);
}

static void test_request_byte_by_byte_is_understood(void)
{
    static const char text[] = UPGRADE;
    struct mqc__http_request *request = new_request();
    for (size_t i = 0; i + 2 < sizeof text; i++)
        CHECK_UNSIGNED(feed(request, mqc_view_bytes(text + i, 1), MQC__HTTP_WANTS_INPUT), 1);
    CHECK_UNSIGNED(feed(request, mqc_view_text("\n"), MQC__HTTP_COMPLETE), 1);
    check_upgrade(request);
    mqc__http_request_free(&request);
}

static void test_request_cut_anywhere_is_understood(void)
{
    static const char text[] = UPGRADE "frames";
    const size_t head = strlen(UPGRADE);
    for (size_t cut = 0; cut < head; cut++) {
        struct mqc__http_request *request = new_request();
        CHECK_UNSIGNED(feed(request, mqc_view_bytes(text, cut), MQC__HTTP_WANTS_INPUT), cut);
        const struct mqc_view rest = mqc_view_bytes(text + cut, sizeof text - 1 - cut);
        CHECK_UNSIGNED(feed(request, rest, MQC__HTTP_COMPLETE), head - cut);
        check_upgrade(request);
        mqc__http_request_free(&request);
    }
}

static void test_request_followed_by_more_leaves_it(void)
{
    struct mqc__http_request *request = new_request();
    CHECK_UNSIGNED(feed(request, mqc_view_text(UPGRADE UPGRADE), MQC__HTTP_COMPLETE),
                   strlen(UPGRADE));
    CHECK_UNSIGNED(feed(request, mqc_view_text(UPGRADE), MQC__HTTP_COMPLETE), 0);
    check_upgrade(request);
    mqc__http_request_free(&request);
}

static void test_request_of_a_route_is_understood(void)
{
    static const struct {
        const char *text;
        const char *method;
        const char *target;
    } cases[] = {
        {"GET /metrics HTTP/1.1\r\n\r\n", "GET", "/metrics"},
        {"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD", "/healthz"},
        {"GET /healthz?a=b%20c#d HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/healthz?a=b%20c#d"},
        {"GET http://h:1/metrics HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "http://h:1/metrics"},
        {"GET /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "GET", "/metrics"},
        {"GET /a HTTP/1.1\r\nConnection: close\r\nUpgrade: h2c\r\n\r\n", "GET", "/a"},
        {"GET /\xc3\xa4 HTTP/1.1\r\n\r\n", "GET", "/\xc3\xa4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__http_request *request = new_request();
        CHECK_UNSIGNED(feed(request, mqc_view_text(cases[i].text), MQC__HTTP_COMPLETE),
                       strlen(cases[i].text));
        CHECK_VIEW_TEXT(mqc__http_request_method(request), cases[i].method);
        CHECK_VIEW_TEXT(mqc__http_request_target(request), cases[i].target);
        mqc__http_request_free(&request);
    }
}

static void test_request_headers_empty_or_doubled_are_told(void)
{
    struct mqc__http_request *request = new_request();
    feed(request,
         mqc_view_text(
             "GET / HTTP/1.1\r\nA:\r\nB: \t \r\nC:c\r\nc: d\r\nD: x  y:z\r\nE: \xff\r\n\r\n"),
         MQC__HTTP_COMPLETE);
    check_header(request, "a", "");
    check_header(request, "b", "");
    check_header(request, "C", "c");
    check_header(request, "d", "x  y:z");
    check_header(request, "e", "\xff");
    check_header(request, "", NULL);
    CHECK_UNSIGNED(mqc__http_request_header_count(request, "A"), 1);
    CHECK_UNSIGNED(mqc__http_request_header_count(request, "C"), 2);
    CHECK_UNSIGNED(mqc__http_request_header_count(request, "X"), 0);
    mqc__http_request_free(&request);
}

static void test_request_of_nothing_wants_input(void)
{
    struct mqc__http_request *request = new_request();
    CHECK_UNSIGNED(feed(request, mqc_view_text(NULL), MQC__HTTP_WANTS_INPUT), 0);
    CHECK_UNSIGNED(feed(request, mqc_view_text("GET / HTTP/1.1\r\n\r"), MQC__HTTP_WANTS_INPUT), 17);
    CHECK_UNSIGNED(feed(request, mqc_view_text(NULL), MQC__HTTP_WANTS_INPUT), 0);
    CHECK_TEXT(mqc__http_request_reason(request), "");
    mqc__http_request_free(&request);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"whole", test_request_whole_is_understood},
        {"byte by byte", test_request_byte_by_byte_is_understood},
        {"cut", test_request_cut_anywhere_is_understood},
        {"followed", test_request_followed_by_more_leaves_it},
        {"routes", test_request_of_a_route_is_understood},
        {"headers", test_request_headers_empty_or_doubled_are_told},
        {"nothing", test_request_of_nothing_wants_input},
        CU_TEST_INFO_NULL,
    };
    return suite_run("http.request", tests);
}
