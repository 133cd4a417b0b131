#ifndef MQC_CLI_SPOOL_DRAIN_H
#define MQC_CLI_SPOOL_DRAIN_H

#include "cli/options.h"

/* Sends what waits in the spool of the configuration's node until nothing is left, a signal comes,
 * or the time is over (0: never). Reports how it goes and returns the exit status. */
int mqc__spool_drain(const struct mqc__options *options, int64_t timeout_ms);

#endif
