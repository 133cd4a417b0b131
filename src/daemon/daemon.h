#ifndef MQC_DAEMON_DAEMON_H
#define MQC_DAEMON_DAEMON_H

#include <mqcluster.h>

/*
 * Runs a node until SIGTERM or SIGINT, or until another client takes its session over, and then
 * brings what waits to the broker. Logs to standard error lines of `level` and graver; tells
 * systemd how it is doing; checks the file config_path at SIGHUP. Takes over the process's signals;
 * once in a process. MQC_OK: stopped by a signal; MQC_ETAKEN; MQC_ECONFIG, MQC_ENOMEM, MQC_EIO:
 * could not start. All of it is logged.
 */
enum mqc_error mqc__daemon_run(const struct mqc_config *config, const char *config_path,
                               enum mqc_log_level level);

#endif
