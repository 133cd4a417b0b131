/* Heads of HTTP requests: however the bytes are cut the answer is the same; what is understood is
 * what a plain reading of the lines says; what is refused can be answered. The first two bytes of
 * an input say where it is cut. */
#include "fuzz.h"
#include "http/request.h"
#include "http/response.h"

#include <stdio.h>
#include <stdlib.h>

static struct mqc__http_request *new_request(void)
{
    struct mqc__http_request *request = mqc__http_request_new();
    fuzz_require(request != NULL, "there is memory");
    return request;
}

/* Feeds pieces of `piece` bytes; each in memory of its own, so that reading beyond it is seen. */
static enum mqc__http_status feed_pieces(struct mqc__http_request *request, struct mqc_view bytes,
                                         size_t piece, size_t *used_out)
{
    enum mqc__http_status status = MQC__HTTP_WANTS_INPUT;
    *used_out = 0;
    for (size_t at = 0; at < bytes.size && status == MQC__HTTP_WANTS_INPUT;) {
        const size_t size = piece < bytes.size - at ? piece : bytes.size - at;
        size_t used = 0;
        char *copy = malloc(size);
        fuzz_require(copy != NULL, "there is memory");
        memcpy(copy, bytes.data + at, size);
        status = mqc__http_request_feed(request, mqc_view_bytes(copy, size), &used);
        free(copy);
        fuzz_require(used == size || (used < size && status != MQC__HTTP_WANTS_INPUT),
                     "what is wanted is used");
        *used_out += used;
        at += size;
    }
    return status;
}

/* Takes a line without its CR LF off the front of a complete head. */
static struct mqc_view next_line(struct mqc_view *head)
{
    const char *end = memmem(head->data, head->size, "\r\n", 2);
    fuzz_require(end != NULL, "a head ends with CR LF");
    const struct mqc_view line = mqc_view_bytes(head->data, (size_t)(end - head->data));
    *head = mqc_view_bytes(end + 2, head->size - line.size - 2);
    return line;
}

static void check_text(struct mqc_view text)
{
    for (size_t i = 0; i < text.size; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        fuzz_require((byte >= 0x20 && byte != 0x7f) || byte == '\t', "a line is text");
    }
}

static void check_request_line(const struct mqc__http_request *request, struct mqc_view line)
{
    const struct mqc_view method = mqc__http_request_method(request);
    const struct mqc_view target = mqc__http_request_target(request);
    char *expected = malloc(line.size + 64);
    fuzz_require(expected != NULL, "there is memory");
    const int size = snprintf(expected, line.size + 64, "%.*s %.*s HTTP/1.1", (int)method.size,
                              method.data, (int)target.size, target.data);
    fuzz_require(mqc_view_equal(line, mqc_view_bytes(expected, (size_t)size)),
                 "the request line is a method, a target and the version");
    fuzz_require(mqc_view_equal(method, mqc_view_text("GET")) ||
                     mqc_view_equal(method, mqc_view_text("HEAD")),
                 "the method is GET or HEAD");
    fuzz_require(target.size > 0 && memchr(target.data, ' ', target.size) == NULL,
                 "the target is one word");
    free(expected);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* The header line is found by its name, unless an earlier one has that name. */
static void check_header_line(const struct mqc__http_request *request, struct mqc_view line)
{
    const char *colon = memchr(line.data, ':', line.size);
    fuzz_require(colon != NULL && colon > line.data && !is_blank(line.data[0]) &&
                     !is_blank(colon[-1]),
                 "a header line has a name");
    const struct fuzz_source before = {(const unsigned char *)line.data,
                                       (size_t)(colon - line.data)};
    char *name = fuzz_text(&before);
    struct mqc_view value = mqc_view_bytes(colon + 1, line.size - before.left - 1);
    struct mqc_view found;
    while (value.size > 0 && is_blank(value.data[0]))
        value = mqc_view_bytes(value.data + 1, value.size - 1);
    while (value.size > 0 && is_blank(value.data[value.size - 1]))
        value.size--;
    fuzz_require(mqc__http_request_header(request, name, &found), name);
    fuzz_require(mqc__http_request_header_count(request, name) > 1 || mqc_view_equal(value, found),
                 name);
    free(name);
}

static void check_complete(const struct mqc__http_request *request, struct mqc_view head)
{
    size_t line_count = 0;
    const struct mqc_view first = next_line(&head);
    struct mqc_view none;
    check_text(first);
    check_request_line(request, first);
    struct mqc_view line = next_line(&head);
    for (; line.size > 0; line = next_line(&head)) {
        check_text(line);
        check_header_line(request, line);
        line_count++;
    }
    fuzz_require(head.size == 0, "an empty line ends the head");
    fuzz_require(line_count <= MQC__HTTP_HEADER_LINES_MAX, "the header lines are bounded");
    fuzz_require(!mqc__http_request_header(request, "Transfer-Encoding", &none),
                 "there is no body");
    fuzz_require(!mqc__http_request_header(request, "Content-Length", &none) ||
                     mqc_view_equal(none, mqc_view_text("0")),
                 "there is no body");
}

/* The answer is one head, whatever the request was. */
static void check_refusal(const struct mqc__http_request *request)
{
    const char *reason = mqc__http_request_reason(request);
    const struct mqc__http_response response = {.code = mqc__http_request_refusal_code(request),
                                                .reason = reason};
    char expected[256];
    struct mqc__buffer out;
    mqc__buffer_init(&out, 4096);
    fuzz_require(response.code >= 400 && response.code <= 599 && reason[0] != '\0',
                 "a refusal has a code and words");
    fuzz_require(mqc__http_response_write(&out, &response), "a response can be written");
    struct mqc_view head = mqc__buffer_view(&out);
    (void)snprintf(expected, sizeof expected, "HTTP/1.1 %u %s", response.code, reason);
    fuzz_require(mqc_view_equal(next_line(&head), mqc_view_text(expected)),
                 "the reason is in the status line");
    while (next_line(&head).size > 0) {
    }
    fuzz_require(head.size == 0, "a refusal is one head");
    mqc__buffer_fini(&out);
}

static void check_same(const struct mqc__http_request *request,
                       const struct mqc__http_request *other)
{
    fuzz_require(strcmp(mqc__http_request_reason(request), mqc__http_request_reason(other)) == 0,
                 "the reason does not depend on the cuts");
    fuzz_require(mqc__http_request_refusal_code(request) == mqc__http_request_refusal_code(other),
                 "the code does not depend on the cuts");
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct fuzz_source source = {.at = data, .left = size};
    const size_t piece = 1 + fuzz_two_bytes(&source) % 300;
    const struct mqc_view bytes = fuzz_rest(&source);
    struct mqc__http_request *whole = new_request();
    struct mqc__http_request *cut = new_request();
    size_t used = 0;
    size_t used_cut = 0;
    const enum mqc__http_status status = mqc__http_request_feed(whole, bytes, &used);
    fuzz_require(feed_pieces(cut, bytes, piece, &used_cut) == status,
                 "the status does not depend on the cuts");
    check_same(whole, cut);
    if (status == MQC__HTTP_BAD)
        check_refusal(whole);
    else
        fuzz_require(used == used_cut, "the size does not depend on the cuts");
    if (status == MQC__HTTP_COMPLETE) {
        check_complete(whole, mqc_view_bytes(bytes.data, used));
        check_complete(cut, mqc_view_bytes(bytes.data, used));
    }
    mqc__http_request_free(&whole);
    mqc__http_request_free(&cut);
    return 0;
}
