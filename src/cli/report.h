#ifndef MQC_CLI_REPORT_H
#define MQC_CLI_REPORT_H

#include <mqcluster.h>

/*
 * What the subcommands say on standard error: whole lines that begin with "mqcluster NAME: ". Bytes
 * that would steer a terminal are written as '?', since texts may quote what came from outside.
 * Any thread.
 */

/* Writes "WHO: text". */
void mqc__report(const char *who, const char *format, ...) MQC_PRINTF(2, 3);

/* Writes "WHO: PLACE: text", without the place where the error has none. */
void mqc__report_error(const char *who, const struct mqc_error_info *info);

/* Sends the library's log lines to standard error, as "WHO: LEVEL: text". `who` must live on. */
void mqc__report_log(char *who, enum mqc_log_level level);

#endif
