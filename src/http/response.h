#ifndef MQC_HTTP_RESPONSE_H
#define MQC_HTTP_RESPONSE_H

#include "base/buffer.h"
#include "base/export.h"
#include "base/view.h"

#include <stdbool.h>

/*
 * A response to one request, after which the connection is closed; or, with the code 101, the last
 * HTTP on a connection that goes on with another protocol.
 */
struct mqc__http_response {
    unsigned code;
    const char *reason;       /* NULL: the usual one for the code */
    const char *content_type; /* NULL: no such line */
    struct mqc_view body;
    const char *headers; /* further header lines, each ended with CR LF; NULL: none */
    bool is_head;        /* answers HEAD: the body is announced and left out */
};

/* Appends the whole response: status line, Server, Content-Type, Content-Length, Connection: close
 * (with 101 neither of the last two), the further lines, the empty line and the body. What is not
 * printable ASCII in the reason becomes '?', so that no client's text breaks the status line.
 * false: the buffer has failed. */
bool mqc__http_response_write(struct mqc__buffer *out, const struct mqc__http_response *response);

/* The usual reason for a status code; "Unknown" for one that is in no list. */
const char *mqc__http_reason(unsigned code);

#endif
