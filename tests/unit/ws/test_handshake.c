#include "support/suite.h"

#include "ws/handshake.h"

#include <stdio.h>

#define LINE "GET /v1/messages/json HTTP/1.1\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define NEEDED "Host: here\r\n" UPGRADE KEY VERSION
#define END "\r\n"

static const struct mqc__ws_handshake_rules no_rules;

/* What was judged of a request; it borrows from the request. */
struct judged {
    struct mqc__http_request *request;
    struct mqc__ws_handshake handshake;
    enum mqc__ws_handshake_result result;
};

static void judge(const struct mqc__ws_handshake_rules *rules, const char *text,
                  struct judged *judged)
{
    size_t used = 0;
    judged->request = mqc__http_request_new();
    REQUIRE(judged->request != NULL);
    CHECK_INT(mqc__http_request_feed(judged->request, mqc_view_text(text), &used),
              MQC__HTTP_COMPLETE);
    judged->result = mqc__ws_handshake_judge(rules, judged->request, &judged->handshake);
}

static void check_code(const struct mqc__ws_handshake_rules *rules, const char *text, unsigned code)
{
    struct judged judged;
    judge(rules, text, &judged);
    CHECK_UNSIGNED(judged.handshake.code, code);
    CHECK_INT(judged.result, code == 101 ? MQC__WS_UPGRADE : MQC__WS_REFUSE);
    mqc__http_request_free(&judged.request);
}

static void test_judge_right_requests_are_upgraded(void)
{
    static const char *const requests[] = {
        LINE NEEDED END,
        LINE "upgrade: WebSocket\r\nSEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==\r\n" VERSION END,
        LINE NEEDED "Sec-WebSocket-Protocol: chat\r\n"
                    "Sec-WebSocket-Extensions: permessage-deflate\r\n" END,
        LINE NEEDED "Origin: https://example.org\r\nAuthorization: Basic YTpi\r\n" END,
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct judged judged;
        judge(&no_rules, requests[i], &judged);
        CHECK_INT(judged.result, MQC__WS_UPGRADE);
        CHECK_UNSIGNED(judged.handshake.code, 101);
        CHECK_TEXT(judged.handshake.reason, "");
        CHECK_TEXT(judged.handshake.headers,
                   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
        CHECK(judged.handshake.is_path_right);
        CHECK(!judged.handshake.has_application_name);
        CHECK(judged.handshake.is_application_name_right);
        mqc__http_request_free(&judged.request);
    }
}

static void test_judge_wrong_requests_have_zeeks_reason(void)
{
    static const struct {
        const char *request;
        const char *reason;
    } cases[] = {
        {"HEAD /v1/messages/json HTTP/1.1\r\n" NEEDED END,
         "Invalid HTTP method, need GET, got HEAD"},
        {LINE UPGRADE VERSION END, "Missing Sec-WebSocket-Key value"},
        {LINE UPGRADE VERSION "Sec-WebSocket-Key:\r\n" END, "Missing Sec-WebSocket-Key value"},
        {LINE KEY VERSION END, "Missing Upgrade header"},
        {LINE KEY VERSION "Upgrade: h2c\r\n" END,
         "Invalid Upgrade header, need WebSocket, got h2c"},
        {LINE KEY VERSION "Upgrade:\r\n" END, "Invalid Upgrade header, need WebSocket, got "},
        {LINE KEY UPGRADE END, "Missing Sec-WebSocket-Version value"},
        {LINE KEY UPGRADE "Sec-WebSocket-Version: 8\r\n" END,
         "Invalid Sec-WebSocket-Version, need 13, got 8"},
        {LINE KEY UPGRADE "Sec-WebSocket-Version: 13, 8\r\n" END,
         "Invalid Sec-WebSocket-Version, need 13, got 13, 8"},
        /* The first thing that is wrong, in this order. */
        {LINE "Upgrade: h2c\r\n" END, "Missing Sec-WebSocket-Key value"},
        {LINE KEY "Upgrade: h2c\r\n" END, "Invalid Upgrade header, need WebSocket, got h2c"},
        {LINE NEEDED KEY END, "More than one header Sec-WebSocket-Key"},
        {LINE NEEDED "Upgrade: h2c\r\n" END, "More than one header Upgrade"},
        {LINE NEEDED "Origin: a\r\nOrigin: b\r\n" END, "More than one header Origin"},
        {LINE NEEDED "Authorization: a\r\nAuthorization: b\r\n" END,
         "More than one header Authorization"},
        {LINE NEEDED "X-Application-Name: a\r\nX-Application-Name: b\r\n" END,
         "More than one header X-Application-Name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct judged judged;
        judge(&no_rules, cases[i].request, &judged);
        CHECK_INT(judged.result, MQC__WS_REFUSE);
        CHECK_UNSIGNED(judged.handshake.code, 400);
        CHECK_TEXT(judged.handshake.reason, cases[i].reason);
        const bool is_about_version = strstr(cases[i].reason, "need 13") != NULL;
        CHECK_TEXT(judged.handshake.headers, is_about_version ? VERSION : "");
        mqc__http_request_free(&judged.request);
    }
}

static void test_judge_long_value_is_cut_in_the_reason(void)
{
    char text[2000];
    char value[1000];
    memset(value, 'x', sizeof value);
    (void)snprintf(text, sizeof text, LINE KEY "Upgrade: %.*s\r\n" END, (int)sizeof value, value);
    struct judged judged;
    judge(&no_rules, text, &judged);
    CHECK_UNSIGNED(strlen(judged.handshake.reason),
                   strlen("Invalid Upgrade header, need WebSocket, got ") + 64);
    mqc__http_request_free(&judged.request);
}

static void test_judge_request_for_no_upgrade_is_plain(void)
{
    static const char *const requests[] = {
        "GET /metrics HTTP/1.1\r\nHost: here\r\n" END,
        "HEAD /healthz HTTP/1.1\r\nConnection: keep-alive\r\n" END,
        LINE END,
        LINE VERSION END,
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct judged judged;
        judge(&no_rules, requests[i], &judged);
        CHECK_INT(judged.result, MQC__WS_PLAIN);
        /* What to say where no route wants it. */
        CHECK_UNSIGNED(judged.handshake.code, 400);
        CHECK(judged.handshake.reason[0] != '\0');
        mqc__http_request_free(&judged.request);
    }
}

static void test_judge_path_must_be_zeeks_to_the_byte(void)
{
    static const char *const wrong[] = {
        "/",
        "/v1/messages/json/",
        "/v1/messages/json?access_token=x",
        "/v1/messages/Json",
        "/v1/messages/jso",
        "/v1/messages%2fjson",
        "http://here/v1/messages/json",
        "//v1/messages/json",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[500];
        (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" NEEDED END, wrong[i]);
        struct judged judged;
        judge(&no_rules, text, &judged);
        CHECK_INT(judged.result, MQC__WS_UPGRADE);
        CHECK(!judged.handshake.is_path_right);
        mqc__http_request_free(&judged.request);
    }
}

static void check_name(const char *name, const char *expected, bool is_right)
{
    char text[500];
    (void)snprintf(text, sizeof text, LINE NEEDED "X-Application-Name: %s\r\n" END, name);
    struct judged judged;
    judge(&no_rules, text, &judged);
    CHECK_INT(judged.result, MQC__WS_UPGRADE);
    CHECK(judged.handshake.has_application_name);
    CHECK(judged.handshake.is_application_name_right == is_right);
    CHECK_VIEW_TEXT(judged.handshake.application_name, expected);
    mqc__http_request_free(&judged.request);
}

static void test_judge_application_name_has_zeeks_characters(void)
{
    check_name("", "", true);
    check_name("edge/zeek-client_1.2.3=a:b*@home  ", "edge/zeek-client_1.2.3=a:b*@home", true);
    check_name("!!invalid~~", "!!invalid~~", false);
    for (unsigned c = 0x21; c < 0x100; c++) {
        const char name[] = {'a', (char)c, 'b', '\0'};
        const bool is_right = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || strchr("/_-.=:*@", (int)c) != NULL;
        if (c != 0x7f)
            check_name(name, name, is_right);
    }
    check_name("a b", "a b", false);
}

static void test_judge_origin_must_be_allowed(void)
{
    static const char *const origins[] = {"https://example.org", "http://here:8080"};
    const struct mqc__ws_handshake_rules rules = {.origins = origins, .origin_count = 2};
    check_code(&rules, LINE NEEDED END, 101);
    check_code(&rules, LINE NEEDED "Origin: https://example.org\r\n" END, 101);
    check_code(&rules, LINE NEEDED "Origin: HTTP://Here:8080\r\n" END, 101);
    check_code(&rules, LINE NEEDED "Origin: https://example.org.evil.org\r\n" END, 403);
    check_code(&rules, LINE NEEDED "Origin: http://example.org\r\n" END, 403);
    check_code(&rules, LINE NEEDED "Origin: https://example.or\r\n" END, 403);
    check_code(&rules, LINE NEEDED "Origin: null\r\n" END, 403);
    check_code(&rules, LINE NEEDED "Origin:\r\n" END, 403);
}

static void test_judge_token_must_be_right(void)
{
    static const struct {
        const char *header;
        const char *answer; /* NULL: it is right */
    } cases[] = {
        {"Authorization: Bearer s3cret\r\n", NULL},
        {"authorization: bearer   s3cret\r\n", NULL},
        {"", "WWW-Authenticate: Bearer\r\n"},
        {"Authorization: Basic s3cret\r\n", "WWW-Authenticate: Bearer\r\n"},
        {"Authorization: s3cret\r\n", "WWW-Authenticate: Bearer\r\n"},
        {"Authorization: Bearers3cret\r\n", "WWW-Authenticate: Bearer\r\n"},
        {"Authorization: Bearer\r\n", "WWW-Authenticate: Bearer\r\n"},
        {"Authorization: Bearer s3cre\r\n", "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n"},
        {"Authorization: Bearer s3crets\r\n",
         "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n"},
        {"Authorization: Bearer S3cret\r\n",
         "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n"},
        {"Authorization: Bearer s3cret x\r\n",
         "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n"},
    };
    const struct mqc__ws_handshake_rules rules = {.bearer_token = mqc_view_text("s3cret")};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[500];
        (void)snprintf(text, sizeof text, LINE NEEDED "%s" END, cases[i].header);
        struct judged judged;
        judge(&rules, text, &judged);
        CHECK_INT(judged.result, cases[i].answer == NULL ? MQC__WS_UPGRADE : MQC__WS_REFUSE);
        CHECK_UNSIGNED(judged.handshake.code, cases[i].answer == NULL ? 101 : 401);
        CHECK(mqc__ws_handshake_has_token(&rules, judged.request) == (cases[i].answer == NULL));
        if (cases[i].answer != NULL)
            CHECK_TEXT(judged.handshake.headers, cases[i].answer);
        mqc__http_request_free(&judged.request);
    }
}

static void test_judge_token_in_the_target_does_not_count(void)
{
    const struct mqc__ws_handshake_rules rules = {.bearer_token = mqc_view_text("s3cret")};
    check_code(&rules, "GET /v1/messages/json?access_token=s3cret HTTP/1.1\r\n" NEEDED END, 401);
}

static void test_has_token_is_asked_of_plain_requests_too(void)
{
    const struct mqc__ws_handshake_rules rules = {.bearer_token = mqc_view_text("s3cret")};
    struct judged judged;
    judge(&rules, "GET /metrics HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n" END, &judged);
    CHECK_INT(judged.result, MQC__WS_PLAIN);
    CHECK(mqc__ws_handshake_has_token(&rules, judged.request));
    mqc__http_request_free(&judged.request);
    judge(&rules, "GET /metrics HTTP/1.1\r\n" END, &judged);
    CHECK(!mqc__ws_handshake_has_token(&rules, judged.request));
    CHECK(mqc__ws_handshake_has_token(&no_rules, judged.request));
    mqc__http_request_free(&judged.request);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"judge_right_requests_are_upgraded", test_judge_right_requests_are_upgraded},
        {"judge_wrong_requests_have_zeeks_reason", test_judge_wrong_requests_have_zeeks_reason},
        {"judge_long_value_is_cut_in_the_reason", test_judge_long_value_is_cut_in_the_reason},
        {"judge_request_for_no_upgrade_is_plain", test_judge_request_for_no_upgrade_is_plain},
        {"judge_path_must_be_zeeks_to_the_byte", test_judge_path_must_be_zeeks_to_the_byte},
        {"judge_application_name_has_zeeks_characters",
         test_judge_application_name_has_zeeks_characters},
        {"judge_origin_must_be_allowed", test_judge_origin_must_be_allowed},
        {"judge_token_must_be_right", test_judge_token_must_be_right},
        {"judge_token_in_the_target_does_not_count", test_judge_token_in_the_target_does_not_count},
        {"has_token_is_asked_of_plain_requests_too", test_has_token_is_asked_of_plain_requests_too},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.handshake", tests);
}
