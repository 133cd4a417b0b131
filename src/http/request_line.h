#ifndef MQC_HTTP_REQUEST_LINE_H
#define MQC_HTTP_REQUEST_LINE_H

#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * What a line of a request's head must look like, beyond what http-parser asks for: Debian builds
 * it without its strict checks, so that it takes blanks within names and lone line ends.
 */

struct mqc__http_request_line {
    struct mqc_view method;
    struct mqc_view target;
    struct mqc_view version;
};

/* Says whether the bytes may occur in a request line, its end included; for the part that has come.
 */
bool mqc__http_request_line_allows(struct mqc_view bytes);

/* Takes the line end off a line whose last byte is LF. false: it does not end with CR LF, or has a
 * CR before. */
bool mqc__http_line_trim(struct mqc_view *line);

/* Splits a line without its end into its three parts, which one blank each separates, none of them
 * empty. */
bool mqc__http_request_line_split(struct mqc_view line, struct mqc__http_request_line *parts_out);

/* Says whether a line without its end is a name, a colon, and a value without control characters
 * other than tabs. */
bool mqc__http_header_line_is_valid(struct mqc_view line);

/* The view without the blanks and tabs around it. */
struct mqc_view mqc__http_strip(struct mqc_view text);

/* Writes text with '?' for what is not printable ASCII, cut where text_out of size bytes is full,
 * and with NUL. */
void mqc__http_printable(struct mqc_view text, char *text_out, size_t size);

#endif
