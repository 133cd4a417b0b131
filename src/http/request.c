#include "http/request.h"

#include "base/buffer.h"
#include "http/request_line.h"

#include <http_parser.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* As much of a client's word as a reason repeats. */
#define WORD_BYTES ((size_t)41)

static const char bad_line[] = "Error reading HTTP request line";
static const char bad_headers[] = "Error parsing HTTP headers";

/* Where something stands in the head. */
struct span {
    uint16_t at;
    uint16_t size;
};

_Static_assert(MQC__HTTP_HEAD_BYTES_MAX <= UINT16_MAX, "a span reaches everywhere");

struct field {
    struct span name;
    struct span value;
};

struct mqc__http_request {
    enum mqc__http_status status;
    struct mqc__buffer head; /* what has come of it */
    size_t line_at;          /* where the line begins that has not ended yet */
    bool has_request_line;
    bool has_ended; /* http-parser has seen the empty line */
    http_parser parser;
    struct span method;
    struct span target;
    struct field fields[MQC__HTTP_HEADER_LINES_MAX];
    size_t field_count;
    unsigned refusal_code;
    char reason[128];
};

static struct mqc_view view_of(const struct mqc__http_request *request, struct span span)
{
    return span.size > 0 ? mqc_view_bytes(request->head.data + span.at, span.size)
                         : mqc_view_text(NULL);
}

static struct span span_of(const struct mqc__http_request *request, const char *at, size_t size)
{
    return (struct span){(uint16_t)(at - request->head.data), (uint16_t)size};
}

static void refuse(struct mqc__http_request *request, unsigned code, const char *reason)
{
    request->status = MQC__HTTP_BAD;
    request->refusal_code = code;
    (void)snprintf(request->reason, sizeof request->reason, "%s", reason);
}

static void refuse_word(struct mqc__http_request *request, const char *reason, struct mqc_view word)
{
    char printable[WORD_BYTES];
    char text[sizeof request->reason];
    mqc__http_printable(word, printable, sizeof printable);
    (void)snprintf(text, sizeof text, "%s%s", reason, printable);
    refuse(request, 400, text);
}

/* --- What http-parser calls. It gets whole lines, so a name or a value comes in one piece. -------
 */

static int on_name(http_parser *parser, const char *at, size_t size)
{
    struct mqc__http_request *request = parser->data;
    if (request->field_count == MQC__HTTP_HEADER_LINES_MAX)
        return -1;
    request->fields[request->field_count++] = (struct field){.name = span_of(request, at, size)};
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t size)
{
    struct mqc__http_request *request = parser->data;
    if (request->field_count == 0)
        return -1;
    request->fields[request->field_count - 1].value = span_of(request, at, size);
    return 0;
}

static int on_end(http_parser *parser)
{
    struct mqc__http_request *request = parser->data;
    request->has_ended = true;
    return 2; /* what follows is not its business */
}

static const http_parser_settings settings = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_end,
};

/* --- Lines --------------------------------------------------------------------------------------
 */

/* In Zeek's order: the method before the version. */
static void judge_request_line(struct mqc__http_request *request, struct mqc_view line)
{
    struct mqc__http_request_line parts;
    if (!mqc__http_request_line_split(line, &parts)) {
        refuse(request, 400, bad_line);
    } else if (!mqc_view_equal(parts.method, mqc_view_text("GET")) &&
               !mqc_view_equal(parts.method, mqc_view_text("HEAD"))) {
        refuse_word(request, "Invalid HTTP method, need GET, got ", parts.method);
    } else if (!mqc_view_equal(parts.version, mqc_view_text("HTTP/1.1"))) {
        refuse_word(request, "Invalid HTTP version, need HTTP/1.1, got: ", parts.version);
    } else {
        request->method = span_of(request, parts.method.data, parts.method.size);
        request->target = span_of(request, parts.target.data, parts.target.size);
    }
}

static void judge_header_line(struct mqc__http_request *request, struct mqc_view line)
{
    if (line.size == 0)
        return;
    if (!mqc__http_header_line_is_valid(line))
        refuse(request, 400, bad_headers);
    else if (request->field_count == MQC__HTTP_HEADER_LINES_MAX)
        refuse(request, 431, "Too many header lines");
}

/* A body would be taken for frames. http-parser has seen to it that a length is one number. */
static void judge_body(struct mqc__http_request *request)
{
    struct mqc_view length;
    if (mqc__http_request_header_count(request, "Transfer-Encoding") > 0)
        refuse(request, 501, "Transfer-Encoding is not supported");
    else if (mqc__http_request_header(request, "Content-Length", &length) &&
             !mqc_view_equal(length, mqc_view_text("0")))
        refuse(request, 413, "A request with a body is not supported");
}

static void parse(struct mqc__http_request *request, struct mqc_view line)
{
    const size_t parsed = http_parser_execute(&request->parser, &settings, line.data, line.size);
    if (HTTP_PARSER_ERRNO(&request->parser) != HPE_OK || parsed != line.size) {
        refuse(request, 400, request->has_request_line ? bad_headers : bad_line);
    } else if (request->has_ended) {
        request->status = MQC__HTTP_COMPLETE;
        judge_body(request);
    }
}

static void end_line(struct mqc__http_request *request)
{
    const struct mqc_view whole = mqc_view_bytes(request->head.data + request->line_at,
                                                 request->head.size - request->line_at);
    struct mqc_view line = whole;
    if (!mqc__http_line_trim(&line))
        refuse(request, 400, request->has_request_line ? bad_headers : bad_line);
    else if (request->has_request_line)
        judge_header_line(request, line);
    else
        judge_request_line(request, line);
    if (request->status == MQC__HTTP_WANTS_INPUT)
        parse(request, whole);
    request->has_request_line = true;
    request->line_at = request->head.size;
}

/* Takes bytes up to the end of the line, or all there are; returns how many. */
static size_t take(struct mqc__http_request *request, struct mqc_view bytes)
{
    const size_t room = MQC__HTTP_HEAD_BYTES_MAX - request->head.size;
    if (room == 0) {
        refuse(request, 431, "The request head is too large");
        return 0;
    }
    bytes.size = bytes.size < room ? bytes.size : room;
    const char *end = memchr(bytes.data, '\n', bytes.size);
    if (end != NULL)
        bytes.size = (size_t)(end - bytes.data) + 1;
    if (!mqc__buffer_append(&request->head, bytes.data, bytes.size))
        refuse(request, 503, "Out of memory");
    else if (!request->has_request_line && !mqc__http_request_line_allows(bytes))
        refuse(request, 400, bad_line); /* a TLS handshake for instance, which has no line ends */
    else if (end != NULL)
        end_line(request);
    return bytes.size;
}

/* --- The interface ------------------------------------------------------------------------------
 */

struct mqc__http_request *mqc__http_request_new(void)
{
    struct mqc__http_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    mqc__buffer_init(&request->head, MQC__HTTP_HEAD_BYTES_MAX);
    http_parser_init(&request->parser, HTTP_REQUEST);
    request->parser.data = request;
    return request;
}

void mqc__http_request_free(struct mqc__http_request **request)
{
    if (*request == NULL)
        return;
    mqc__buffer_fini(&(*request)->head);
    free(*request);
    *request = NULL;
}

enum mqc__http_status mqc__http_request_feed(struct mqc__http_request *request,
                                             struct mqc_view bytes, size_t *used_out)
{
    size_t used = 0;
    while (request->status == MQC__HTTP_WANTS_INPUT && used < bytes.size)
        used += take(request, mqc_view_bytes(bytes.data + used, bytes.size - used));
    *used_out = used;
    return request->status;
}

const char *mqc__http_request_reason(const struct mqc__http_request *request)
{
    return request->reason;
}

unsigned mqc__http_request_refusal_code(const struct mqc__http_request *request)
{
    return request->refusal_code;
}

struct mqc_view mqc__http_request_method(const struct mqc__http_request *request)
{
    return view_of(request, request->method);
}

struct mqc_view mqc__http_request_target(const struct mqc__http_request *request)
{
    return view_of(request, request->target);
}

static int lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

/* In any case, and in any locale. */
static bool is_name(struct mqc_view text, const char *name)
{
    if (text.size != strlen(name))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (lower(text.data[i]) != lower(name[i]))
            return false;
    return true;
}

bool mqc__http_request_header(const struct mqc__http_request *request, const char *name,
                              struct mqc_view *value_out)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (is_name(view_of(request, request->fields[i].name), name)) {
            *value_out = mqc__http_strip(view_of(request, request->fields[i].value));
            return true;
        }
    *value_out = mqc_view_text(NULL);
    return false;
}

size_t mqc__http_request_header_count(const struct mqc__http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++)
        count += is_name(view_of(request, request->fields[i].name), name) ? 1 : 0;
    return count;
}
