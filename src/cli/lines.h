#ifndef MQC_CLI_LINES_H
#define MQC_CLI_LINES_H

#include <mqcluster.h>

/*
 * Cuts what comes from a descriptor into lines, with a bound on their length. Reading and cutting
 * are apart, so that the caller can wait for input and for other things at once. One thread.
 */
struct mqc__lines {
    char *data;
    size_t capacity;
    size_t limit_bytes;
    size_t start;    /* of the first line that was not handed out */
    size_t searched; /* up to here there is no line end */
    size_t end;
    uint64_t number; /* of the line handed out last, from 1 */
    bool is_skipping;
    bool is_at_end;
};

enum mqc__lines_result {
    MQC__LINES_LINE,     /* a line */
    MQC__LINES_TOO_LONG, /* a line over the limit: it is skipped */
    MQC__LINES_MORE,     /* no whole line is there: read, then ask again */
    MQC__LINES_END,      /* everything was handed out */
};

/* Prepares for lines of at most limit_bytes; takes no memory yet. */
void mqc__lines_init(struct mqc__lines *lines, size_t limit_bytes);

/* Hands out the next line without its line end, LF or CR LF, valid until the next read. What
 * follows the last line end is a line too, unless it is empty. */
enum mqc__lines_result mqc__lines_next(struct mqc__lines *lines, struct mqc_view *line_out);

/* Whether everything was handed out, up to the end of the input. */
bool mqc__lines_is_done(const struct mqc__lines *lines);

/* Reads once from the descriptor, which waits if nothing is there. MQC_EIO: errno says why;
 * MQC_ENOMEM. */
MQC_MUST_USE enum mqc_error mqc__lines_read(struct mqc__lines *lines, int fd);

/* Frees the memory. */
void mqc__lines_fini(struct mqc__lines *lines);

#endif
