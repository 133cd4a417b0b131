#ifndef MQC_CLI_OUTPUT_H
#define MQC_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Results on standard output, handed to the system line by line. A reader that went away or a full
 * disk is reported once, and every later call says no.
 */

/* Prepares standard output; before any other output. */
void mqc__output_init(void);

/* Writes a text as it stands; false when it could not be written. */
bool mqc__output_text(const char *who, const char *text);

/* Writes a text and a line end; false when it could not be written. */
bool mqc__output_line(const char *who, const char *text);

/*
 * For output that must not block for ever. The first call gives the descriptor to wait for; once it
 * can be written, the second writes some of `size` bytes to it without blocking and returns how
 * many, 0 for another wait, or -1 when they cannot be written, which it reports. Not to be mixed
 * with the calls above.
 */
int mqc__output_open(void);
ssize_t mqc__output_some(const char *who, int fd, const char *data, size_t size);

/* Says whether the reader of a pipe is still there, for a program that waits long for something to
 * write; reports it if not. Other output than a pipe counts as read. */
bool mqc__output_is_read(const char *who, int fd);

/* Brings out what is left. Returns `status`, or that of a failure when something could not be
 * written. */
int mqc__output_close(const char *who, int status);

#endif
