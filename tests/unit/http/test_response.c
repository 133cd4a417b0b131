#include "http/response.h"
#include "support/suite.h"

#include <stdio.h>

static void check_response(const struct mqc__http_response *response, const char *before_server,
                           const char *after_server)
{
    struct mqc__buffer out;
    char expected[1024];
    mqc__buffer_init(&out, 4096);
    CHECK(mqc__http_response_write(&out, response));
    (void)snprintf(expected, sizeof expected,
                   "HTTP/1.1 %s\r\nServer: mqcluster/" MQC_VERSION "\r\n%s", before_server,
                   after_server);
    CHECK_VIEW_TEXT(mqc__buffer_view(&out), expected);
    mqc__buffer_fini(&out);
}

static void test_response_with_a_body_is_complete(void)
{
    const struct mqc__http_response response = {
        .code = 200,
        .content_type = "text/plain; charset=utf-8",
        .body = mqc_view_bytes("a\0b\n", 4),
        .headers = "Cache-Control: no-store\r\nX: y\r\n",
    };
    struct mqc__buffer out;
    mqc__buffer_init(&out, 4096);
    CHECK(mqc__http_response_write(&out, &response));
    const struct mqc_view all = mqc__buffer_view(&out);
    static const char expected[] = "HTTP/1.1 200 OK\r\nServer: mqcluster/" MQC_VERSION
                                   "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                   "Content-Length: 4\r\nConnection: close\r\n"
                                   "Cache-Control: no-store\r\nX: y\r\n\r\na\0b\n";
    CHECK_VIEW(all, mqc_view_bytes(expected, sizeof expected - 1));
    mqc__buffer_fini(&out);
}

static void test_response_to_head_leaves_the_body_out(void)
{
    const struct mqc__http_response response = {
        .code = 503, .body = mqc_view_text("not connected\n"), .is_head = true};
    check_response(&response, "503 Service Unavailable",
                   "Content-Length: 14\r\nConnection: close\r\n\r\n");
}

static void test_response_that_refuses_gives_the_reason(void)
{
    const struct mqc__http_response response = {.code = 400,
                                                .reason = "Missing Sec-WebSocket-Key value"};
    check_response(&response, "400 Missing Sec-WebSocket-Key value",
                   "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

static void test_response_with_a_strange_reason_stays_one(void)
{
    const struct mqc__http_response response = {.code = 400,
                                                .reason = "got a\r\nSet-Cookie: b\x7f\xc3\xa4"};
    check_response(&response, "400 got a??Set-Cookie: b???",
                   "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

static void test_response_that_switches_has_no_length(void)
{
    const struct mqc__http_response response = {
        .code = 101,
        .headers = "Upgrade: websocket\r\nConnection: Upgrade\r\n",
    };
    check_response(&response, "101 Switching Protocols",
                   "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
}

static void test_response_code_unknown_has_some_reason(void)
{
    const struct mqc__http_response response = {.code = 599};
    check_response(&response, "599 Unknown", "Content-Length: 0\r\nConnection: close\r\n\r\n");
    CHECK_TEXT(mqc__http_reason(404), "Not Found");
    CHECK_TEXT(mqc__http_reason(431), "Request Header Fields Too Large");
}

static void test_response_over_the_limit_fails(void)
{
    const struct mqc__http_response response = {.code = 200};
    struct mqc__buffer out;
    mqc__buffer_init(&out, 40);
    CHECK(!mqc__http_response_write(&out, &response));
    mqc__buffer_fini(&out);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"body", test_response_with_a_body_is_complete},
        {"head", test_response_to_head_leaves_the_body_out},
        {"reason", test_response_that_refuses_gives_the_reason},
        {"strange reason", test_response_with_a_strange_reason_stays_one},
        {"switching", test_response_that_switches_has_no_length},
        {"unknown code", test_response_code_unknown_has_some_reason},
        {"limit", test_response_over_the_limit_fails},
        CU_TEST_INFO_NULL,
    };
    return suite_run("http.response", tests);
}
