#ifndef MQC_CLI_NODE_H
#define MQC_CLI_NODE_H

#include <mqcluster.h>

/*
 * What `mqcluster run` runs. The module daemon stands beside this one and neither includes the
 * other: the executable brings both together, and a unit test holds this declaration against the
 * one in daemon/daemon.h, which explains it.
 */
enum mqc_error mqc__daemon_run(const struct mqc_config *config, const char *config_path,
                               enum mqc_log_level level);

#endif
