#ifndef MQC_CLI_SPOOL_PRINT_H
#define MQC_CLI_SPOOL_PRINT_H

#include "cli/spool_tally.h"

struct mqc__spool_file {
    const char *path;
    uint64_t bytes;
};

/* Prints what waits, and all of it together, for people or as one JSON object a line; false when it
 * could not be written, which is reported. */
bool mqc__spool_print(const char *who, const struct mqc__spool_tally *tally,
                      const struct mqc__spool_file *file, bool is_json);

#endif
