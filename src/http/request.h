#ifndef MQC_HTTP_REQUEST_H
#define MQC_HTTP_REQUEST_H

#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The head of one HTTP/1.1 request, parsed as the bytes come: the request line, header lines, and
 * the empty line that ends them. Stricter than most servers, since one connection carries one
 * request and whoever means well writes it plainly: lines end with CR LF, header lines are not
 * folded, names are tokens (RFC 9110 5.6.2), and a request has no body. Not thread-safe.
 */
struct mqc__http_request;

/* The whole head, line ends included. */
#define MQC__HTTP_HEAD_BYTES_MAX ((size_t)16 * 1024)

#define MQC__HTTP_HEADER_LINES_MAX ((size_t)100)

enum mqc__http_status {
    MQC__HTTP_WANTS_INPUT, /* the head has not ended yet */
    MQC__HTTP_COMPLETE,    /* it has, and it can be asked about */
    MQC__HTTP_BAD,         /* it is refused: see the reason and its code */
};

/* Makes a request that wants input; NULL: memory ran out. */
struct mqc__http_request *mqc__http_request_new(void);

/* Frees the request with everything that views of it show; NULL is fine. Clears the pointer. */
void mqc__http_request_free(struct mqc__http_request **request);

/* Takes the next bytes from the client, and copies what it needs. *used_out of them belong to the
 * head; what follows a complete one is the caller's, the client's first frames for instance. Once
 * complete or bad it stays so and uses nothing more. A mistake is found when the line it is in
 * ends, one in the request line at once. */
enum mqc__http_status mqc__http_request_feed(struct mqc__http_request *request,
                                             struct mqc_view bytes, size_t *used_out);

/* Why the request is bad, printable ASCII fit for a status line, in Zeek's words where Zeek has
 * them; "" while it is not. Valid as long as the request. */
const char *mqc__http_request_reason(const struct mqc__http_request *request);

/* The status code to refuse a bad request with: 400; 413 for one with a body; 431 for a head over
 * its limits; 501 for Transfer-Encoding; 503 when memory ran out. 0 while it is not bad. */
unsigned mqc__http_request_refusal_code(const struct mqc__http_request *request);

/* Of a complete request: GET, or HEAD, which a route may welcome; an upgrade is to be asked for
 * with GET only ("Invalid HTTP method, need GET, got HEAD"). Views are valid as long as the
 * request. */
struct mqc_view mqc__http_request_method(const struct mqc__http_request *request);

/* Of a complete request: the request target as the client wrote it, with its query, not decoded. */
struct mqc_view mqc__http_request_target(const struct mqc__http_request *request);

/* Of a complete request: the value of the first header line with this name, in any case, without
 * the blanks around it. May hold bytes above 0x7f, and no control characters but tabs. false: there
 * is no such line, and the value is empty. */
bool mqc__http_request_header(const struct mqc__http_request *request, const char *name,
                              struct mqc_view *value_out);

/* Of a complete request: how many header lines have this name; what must not be doubled is refused
 * by the caller. */
size_t mqc__http_request_header_count(const struct mqc__http_request *request, const char *name);

#endif
