#ifndef MQC_CONFIG_STATE_DIRECTORY_H
#define MQC_CONFIG_STATE_DIRECTORY_H

#include "base/error.h"

#include <limits.h>

/*
 * Writes where a node keeps its state: `directory`/NAME, with every byte of the name that is no
 * letter, digit, '-', '_' or '.' as %XX, and so a '.' at its beginning, so that different nodes
 * never share a folder and none leaves `directory`. MQC_ECONFIG: it is longer than a path or the
 * name of a folder may be.
 */
enum mqc_error mqc__state_directory(const char *directory, const char *node,
                                    char path_out[PATH_MAX], struct mqc_error_info *info);

#endif
