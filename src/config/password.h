#ifndef MQC_CONFIG_PASSWORD_H
#define MQC_CONFIG_PASSWORD_H

#include "base/arena.h"
#include "base/error.h"

/*
 * Reads a password from a file into the arena, without the line end after it. A relative name
 * starts at `directory` (NULL: the working directory). MQC_ECONFIG: it cannot be read, is no
 * regular file, empty, too large, no text, or open to others than its owner; *info says how to mend
 * that. MQC_ENOMEM.
 */
enum mqc_error mqc__password_read(struct mqc__arena *arena, const char *directory, const char *path,
                                  const char **password_out, struct mqc_error_info *info);

#endif
