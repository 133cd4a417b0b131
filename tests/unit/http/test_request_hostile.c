/* Requests that are refused: each whole, byte by byte and cut anywhere, with the same words. */
#include "http/request.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE "Error reading HTTP request line"
#define HEADERS "Error parsing HTTP headers"
#define GET "GET / HTTP/1.1\r\n"

struct refusal {
    struct mqc_view bytes;
    unsigned code;
    const char *reason;
};

/* The sizes of views follow the literals, which may hold NUL. */
#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void check_refused(const struct mqc__http_request *request, const struct refusal *refusal)
{
    CHECK_TEXT(mqc__http_request_reason(request), refusal->reason);
    CHECK_UNSIGNED(mqc__http_request_refusal_code(request), refusal->code);
}

/* Feeds pieces of `piece` bytes, the first of `first`. */
static void check_in_pieces(const struct refusal *refusal, size_t first, size_t piece)
{
    struct mqc__http_request *request = mqc__http_request_new();
    enum mqc__http_status status = MQC__HTTP_WANTS_INPUT;
    REQUIRE(request != NULL);
    for (size_t at = 0; at < refusal->bytes.size && status == MQC__HTTP_WANTS_INPUT;) {
        const size_t wanted = at == 0 ? first : piece;
        const size_t left = refusal->bytes.size - at;
        const size_t size = wanted < left ? wanted : left;
        size_t used = 0;
        status =
            mqc__http_request_feed(request, mqc_view_bytes(refusal->bytes.data + at, size), &used);
        CHECK(used <= size);
        at += size;
    }
    CHECK_INT(status, MQC__HTTP_BAD);
    check_refused(request, refusal);
    size_t used = 1;
    CHECK_INT(mqc__http_request_feed(request, mqc_view_text(GET "\r\n"), &used), MQC__HTTP_BAD);
    CHECK_UNSIGNED(used, 0);
    mqc__http_request_free(&request);
}

static void check_all_ways(const struct refusal *refusal)
{
    check_in_pieces(refusal, refusal->bytes.size, 1);
    check_in_pieces(refusal, 1, 1);
    for (size_t cut = 1; cut < refusal->bytes.size; cut++)
        check_in_pieces(refusal, cut, refusal->bytes.size);
}

static void check_each(const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_all_ways(&refusals[i]);
}

static void test_request_line_bad_is_refused_in_zeeks_words(void)
{
    static const struct refusal cases[] = {
        {BYTES("POST / HTTP/1.1\r\n\r\n"), 400, "Invalid HTTP method, need GET, got POST"},
        {BYTES("get / HTTP/1.1\r\n"), 400, "Invalid HTTP method, need GET, got get"},
        {BYTES("FOO / HTTP/1.0\r\n"), 400, "Invalid HTTP method, need GET, got FOO"},
        {BYTES("CONNECT a:1 HTTP/1.1\r\n"), 400, "Invalid HTTP method, need GET, got CONNECT"},
        {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400, "Invalid HTTP method, need GET, got PRI"},
        {BYTES("G\xc3\xa4T / HTTP/1.1\r\n"), 400, "Invalid HTTP method, need GET, got G??T"},
        {BYTES("0123456789012345678901234567890123456789X / HTTP/1.1\r\n"), 400,
         "Invalid HTTP method, need GET, got 0123456789012345678901234567890123456789"},
        {BYTES("GET / HTTP/1.0\r\n"), 400, "Invalid HTTP version, need HTTP/1.1, got: HTTP/1.0"},
        {BYTES("GET / HTTP/2\r\n"), 400, "Invalid HTTP version, need HTTP/1.1, got: HTTP/2"},
        {BYTES("GET / http/1.1\r\n"), 400, "Invalid HTTP version, need HTTP/1.1, got: http/1.1"},
        {BYTES("GET / ICE/1.0\r\n"), 400, "Invalid HTTP version, need HTTP/1.1, got: ICE/1.0"},
        {BYTES("GET / HTTP/1.1x\r\n"), 400, "Invalid HTTP version, need HTTP/1.1, got: HTTP/1.1x"},
        {BYTES("HEAD / HTTP/1.0\r\n"), 400, "Invalid HTTP version, need HTTP/1.1, got: HTTP/1.0"},
    };
    check_each(cases, sizeof cases / sizeof cases[0]);
}

static void test_request_line_broken_is_refused(void)
{
    static const struct refusal cases[] = {
        {BYTES("GET /\r\n"), 400, LINE},
        {BYTES("GET\r\n"), 400, LINE},
        {BYTES("\r\n"), 400, LINE},
        {BYTES("\r\n" GET), 400, LINE},
        {BYTES("\n"), 400, LINE},
        {BYTES("hello\r\n"), 400, LINE},
        {BYTES("GET / HTTP/1.1 \r\n"), 400, LINE},
        {BYTES("GET / x HTTP/1.1\r\n"), 400, LINE},
        {BYTES("GET  / HTTP/1.1\r\n"), 400, LINE},
        {BYTES(" GET / HTTP/1.1\r\n"), 400, LINE},
        {BYTES("GET  HTTP/1.1\r\n"), 400, LINE},
        {BYTES("GET\t/\tHTTP/1.1\r\n"), 400, LINE},
        {BYTES("GET nowhere HTTP/1.1\r\n"), 400, LINE},
        {BYTES("GET / HTTP/1.1\n"), 400, LINE},
        {BYTES("GET / HTTP/1.1\r\r\n"), 400, LINE},
        {BYTES("GET /\rA HTTP/1.1\r\n"), 400, LINE},
        {BYTES("GET /\0 HTTP/1.1\r\n"), 400, LINE},
        {BYTES("\0"), 400, LINE},
        {BYTES("\x16\x03\x01\x02"), 400, LINE},
        {BYTES("GET /\x7f"), 400, LINE},
    };
    check_each(cases, sizeof cases / sizeof cases[0]);
}

static void test_request_headers_broken_are_refused(void)
{
    static const struct refusal cases[] = {
        {BYTES(GET "A\r\n"), 400, HEADERS},
        {BYTES(GET ": b\r\n"), 400, HEADERS},
        {BYTES(GET "A b: c\r\n"), 400, HEADERS},
        {BYTES(GET "A : b\r\n"), 400, HEADERS},
        {BYTES(GET "A\t: b\r\n"), 400, HEADERS},
        {BYTES(GET " A: b\r\n"), 400, HEADERS},
        {BYTES(GET "A: b\r\n c\r\n"), 400, HEADERS},
        {BYTES(GET "A: b\r\n\tc: d\r\n"), 400, HEADERS},
        {BYTES(GET "A:\r\n \r\n"), 400, HEADERS},
        {BYTES(GET "A: b\nC: d\r\n"), 400, HEADERS},
        {BYTES(GET "A: b\r\n\n"), 400, HEADERS},
        {BYTES(GET "\n"), 400, HEADERS},
        {BYTES(GET "A: b\rC: d\r\n"), 400, HEADERS},
        {BYTES(GET "A: b\r\r\n"), 400, HEADERS},
        {BYTES(GET "\r\r\n"), 400, HEADERS},
        {BYTES(GET "A: b\r\n\rX\n"), 400, HEADERS},
        {BYTES(GET "A: b\0c\r\n"), 400, HEADERS},
        {BYTES(GET "A\0: b\r\n"), 400, HEADERS},
        {BYTES(GET "\0\r\n"), 400, HEADERS},
        {BYTES(GET "A: \x01\r\n"), 400, HEADERS},
        {BYTES(GET "A: \x7f\r\n"), 400, HEADERS},
        {BYTES(GET "\xc3\xa4: b\r\n"), 400, HEADERS},
        {BYTES(GET "A(b): c\r\n"), 400, HEADERS},
        {BYTES(GET "Content-Length: x\r\n"), 400, HEADERS},
        {BYTES(GET "Content-Length:\r\n\r\n"), 400, HEADERS},
        {BYTES(GET "Content-Length: \r\nContent-Length: 0\r\n\r\n"), 400, HEADERS},
        {BYTES(GET "Content-Length: 0\r\nContent-Length:\r\n\r\n"), 400, HEADERS},
        {BYTES(GET "Content-Length: -1\r\n"), 400, HEADERS},
        {BYTES(GET "Content-Length: 0, 0\r\n"), 400, HEADERS},
        {BYTES(GET "Content-Length: 0\r\nContent-Length: 0\r\n"), 400, HEADERS},
        {BYTES(GET "Content-Length: 99999999999999999999\r\n"), 400, HEADERS},
    };
    check_each(cases, sizeof cases / sizeof cases[0]);
}

static void test_request_with_a_body_is_refused(void)
{
    static const char body[] = "A request with a body is not supported";
    static const char encoding[] = "Transfer-Encoding is not supported";
    const struct refusal cases[] = {
        {BYTES(GET "Content-Length: 1\r\n\r\nx"), 413, body},
        {BYTES(GET "content-length: 18446744073709551600\r\n\r\n"), 413, body},
        {BYTES(GET "Content-Length: 00\r\n\r\n"), 413, body},
        {BYTES(GET "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n"), 413,
         body},
        {BYTES(GET "Transfer-Encoding: chunked\r\n\r\n5\r\n"), 501, encoding},
        {BYTES(GET "transfer-encoding: identity\r\n\r\n"), 501, encoding},
        {BYTES(GET "Transfer-Encoding:\r\n\r\n"), 501, encoding},
    };
    check_each(cases, sizeof cases / sizeof cases[0]);
    static const struct refusal both = {
        BYTES(GET "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400, HEADERS};
    check_all_ways(&both);
}

/* A head of header lines "N: <filler>", `size` bytes without the empty line. */
static char *long_head(size_t size)
{
    char *text = malloc(size + 3);
    REQUIRE(text != NULL);
    const size_t used = (size_t)snprintf(text, size, GET "N: ");
    memset(text + used, 'x', size - used - 2);
    memcpy(text + size - 2, "\r\n", 3);
    return text;
}

static void check_size(size_t size, size_t piece, bool is_too_large)
{
    char *text = long_head(size - 2);
    struct refusal refusal = {mqc_view_bytes(text, size), 431, "The request head is too large"};
    memcpy(text + size - 2, "\r\n", 2);
    if (is_too_large) {
        check_in_pieces(&refusal, piece, piece);
    } else {
        struct mqc__http_request *request = mqc__http_request_new();
        size_t used = 0;
        CHECK_INT(mqc__http_request_feed(request, refusal.bytes, &used), MQC__HTTP_COMPLETE);
        CHECK_UNSIGNED(used, size);
        mqc__http_request_free(&request);
    }
    free(text);
}

static void test_request_head_over_its_size_is_refused(void)
{
    check_size(MQC__HTTP_HEAD_BYTES_MAX, 0, false);
    for (size_t piece = 1; piece < 40000; piece = piece * 3 + 1) {
        check_size(MQC__HTTP_HEAD_BYTES_MAX + 1, piece, true);
        check_size(MQC__HTTP_HEAD_BYTES_MAX + 2, piece, true);
        check_size((size_t)2 * MQC__HTTP_HEAD_BYTES_MAX, piece, true);
    }
}

static void test_request_line_without_end_is_refused(void)
{
    char text[MQC__HTTP_HEAD_BYTES_MAX + 1];
    memset(text, 'G', sizeof text);
    const struct refusal refusal = {mqc_view_bytes(text, sizeof text), 431,
                                    "The request head is too large"};
    check_in_pieces(&refusal, sizeof text, 1);
    check_in_pieces(&refusal, 1, 1);
}

/* Writes a request with so many header lines; returns its size. */
static size_t many_lines(char *text, size_t size, size_t line_count)
{
    size_t used = (size_t)snprintf(text, size, GET);
    for (size_t i = 0; i < line_count; i++)
        used += (size_t)snprintf(text + used, size - used, "H%zu: %zu\r\n", i, i);
    return used + (size_t)snprintf(text + used, size - used, "\r\n");
}

static void test_request_header_lines_over_their_number_are_refused(void)
{
    char text[4096];
    struct mqc_view value;
    size_t used = 0;
    size_t size = many_lines(text, sizeof text, MQC__HTTP_HEADER_LINES_MAX);
    struct mqc__http_request *request = mqc__http_request_new();
    CHECK_INT(mqc__http_request_feed(request, mqc_view_bytes(text, size), &used),
              MQC__HTTP_COMPLETE);
    CHECK(mqc__http_request_header(request, "h99", &value));
    CHECK_VIEW_TEXT(value, "99");
    mqc__http_request_free(&request);
    size = many_lines(text, sizeof text, MQC__HTTP_HEADER_LINES_MAX + 1);
    const struct refusal refusal = {mqc_view_bytes(text, size), 431, "Too many header lines"};
    check_all_ways(&refusal);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"request line", test_request_line_bad_is_refused_in_zeeks_words},
        {"broken request line", test_request_line_broken_is_refused},
        {"broken headers", test_request_headers_broken_are_refused},
        {"body", test_request_with_a_body_is_refused},
        {"size", test_request_head_over_its_size_is_refused},
        {"no end", test_request_line_without_end_is_refused},
        {"lines", test_request_header_lines_over_their_number_are_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("http.request_hostile", tests);
}
