#include "http/response.h"

#include "http/request_line.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES ((size_t)512)

static const struct {
    unsigned code;
    const char *reason;
} reasons[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *mqc__http_reason(unsigned code)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].code == code)
            return reasons[i].reason;
    return "Unknown";
}

static void line(struct mqc__buffer *out, const char *format, ...) MQC_PRINTF(2, 3);

static void line(struct mqc__buffer *out, const char *format, ...)
{
    char text[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mqc__buffer_append_text(out, text);
    mqc__buffer_append_text(out, "\r\n");
}

bool mqc__http_response_write(struct mqc__buffer *out, const struct mqc__http_response *response)
{
    const bool is_last = response->code >= 200;
    const char *given =
        response->reason != NULL ? response->reason : mqc__http_reason(response->code);
    char reason[LINE_BYTES / 2];
    mqc__http_printable(mqc_view_text(given), reason, sizeof reason);
    line(out, "HTTP/1.1 %u %s", response->code, reason);
    line(out, "Server: mqcluster/%s", MQC_VERSION);
    if (response->content_type != NULL)
        line(out, "Content-Type: %s", response->content_type);
    if (is_last)
        line(out, "Content-Length: %zu\r\nConnection: close", response->body.size);
    if (response->headers != NULL)
        mqc__buffer_append_text(out, response->headers);
    mqc__buffer_append_text(out, "\r\n");
    if (is_last && !response->is_head)
        mqc__buffer_append(out, response->body.data, response->body.size);
    return !mqc__buffer_failed(out);
}
