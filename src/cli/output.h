#ifndef MQC_CLI_OUTPUT_H
#define MQC_CLI_OUTPUT_H

#include <stdbool.h>

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

/* Brings out what is left. Returns `status`, or that of a failure when something could not be
 * written. */
int mqc__output_close(const char *who, int status);

#endif
