#ifndef MQC_CONFIG_PATH_H
#define MQC_CONFIG_PATH_H

#include "base/error.h"

#include <limits.h>

/* Writes where a file is: a relative name starts at `directory`, which ends with '/' (NULL: the
 * working directory). MQC_ECONFIG: the name is too long. */
enum mqc_error mqc__path_resolve(const char *directory, const char *name, char path_out[PATH_MAX],
                                 struct mqc_error_info *info);

#endif
