#ifndef MQC_WS_OUTGOING_H
#define MQC_WS_OUTGOING_H

#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes on their way to clients, one or many: a whole frame, or an HTTP response. Reference
 * counted, immutable. Any thread. */
struct mqc__ws_outgoing;

/* Makes a text frame around an event. The caller has the only reference; NULL: out of memory. */
struct mqc__ws_outgoing *mqc__ws_outgoing_text(struct mqc_view message);

/* The same around an answer: what the server says to one client because of what that said. */
struct mqc__ws_outgoing *mqc__ws_outgoing_answer(struct mqc_view message);

/* Takes an answer's bytes as they are. As above. */
struct mqc__ws_outgoing *mqc__ws_outgoing_bytes(struct mqc_view bytes);

/* Adds a reference and returns it. */
struct mqc__ws_outgoing *mqc__ws_outgoing_ref(struct mqc__ws_outgoing *outgoing);

/* Drops a reference; the last one frees. NULL is fine. */
void mqc__ws_outgoing_unref(struct mqc__ws_outgoing *outgoing);

/* Says whether it is an answer. */
bool mqc__ws_outgoing_is_answer(const struct mqc__ws_outgoing *outgoing);

/* All bytes. */
struct mqc_view mqc__ws_outgoing_view(const struct mqc__ws_outgoing *outgoing);

/* A line of them, each with a reference of its own. Zeroed memory is an empty one. Not
 * thread-safe. */
struct mqc__ws_line {
    struct mqc__ws_outgoing **items;
    size_t first;
    size_t count;
    size_t capacity; /* 0 or a power of two */
};

/* Appends one and takes the caller's reference. false: no memory, the reference stays. */
bool mqc__ws_line_append(struct mqc__ws_line *line, struct mqc__ws_outgoing *outgoing);

/* The one at a place, 0 being the first; there must be so many. */
struct mqc__ws_outgoing *mqc__ws_line_at(const struct mqc__ws_line *line, size_t place);

/* Takes the first one out, with its reference; NULL: the line is empty. */
struct mqc__ws_outgoing *mqc__ws_line_take(struct mqc__ws_line *line);

/* Drops all and frees the memory. */
void mqc__ws_line_clear(struct mqc__ws_line *line);

#endif
