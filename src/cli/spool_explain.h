#ifndef MQC_CLI_SPOOL_EXPLAIN_H
#define MQC_CLI_SPOOL_EXPLAIN_H

#include "cli/options.h"

/* Says why a spool could not be looked into, and returns the exit status: that there is none is no
 * failure. */
int mqc__spool_explain(const struct mqc__options *options, const struct mqc_error_info *info);

#endif
