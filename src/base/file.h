#ifndef MQC_BASE_FILE_H
#define MQC_BASE_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* The contents of a file, with a NUL behind them that `size` does not count. */
struct mqc__file {
    unsigned char *data;
    size_t size;
};

/* Who may read a file. */
enum mqc__secrecy {
    MQC__FILE_PUBLIC,
    MQC__FILE_SECRET, /* its owner alone, or it is refused */
};

/* Reads a regular file of at most a few megabytes. MQC_ECONFIG: it cannot be read, is too large or
 * is a secret open to others; *info names the file, the reason and how to mend it. MQC_ENOMEM. */
enum mqc_error mqc__file_read(const char *path, enum mqc__secrecy secrecy,
                              struct mqc__file *file_out, struct mqc_error_info *info);

/* Wipes and frees the contents. */
void mqc__file_fini(struct mqc__file *file);

#endif
