#ifndef MQC_DAEMON_LOG_H
#define MQC_DAEMON_LOG_H

#include <mqcluster.h>

/*
 * The daemon's log: lines on standard error, "YYYY-MM-DDTHH:MM:SS.mmmZ LEVEL TEXT", or, where
 * standard error goes to systemd's journal, "<N>TEXT" with the level as the journal reads it. Bytes
 * that would steer a terminal are written as '?'. Any thread.
 */

/* Opens the log for lines of `level` and graver, the library's among them. */
void mqc__daemon_log_open(enum mqc_log_level level);

/* Writes one line, if its level is wanted. */
void mqc__daemon_log(enum mqc_log_level level, const char *format, ...) MQC_PRINTF(2, 3);

/* Takes the library's lines no more. */
void mqc__daemon_log_close(void);

#endif
