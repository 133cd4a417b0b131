#ifndef MQC_SPOOL_SUBSCRIPTION_FILE_H
#define MQC_SPOOL_SUBSCRIPTION_FILE_H

#include "base/error.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A small text file with the MQTT filters of this node's session, and since when. It is replaced as
 * a whole: what is on the disk is the old one or the new one.
 */

/* No larger file is written or read. */
#define MQC__SUBSCRIPTION_FILE_BYTES_MAX ((size_t)8 << 20)

/* A filter. */
struct mqc__subscription_entry {
    struct mqc_view filter; /* not empty, without NUL */
    int64_t since_ns;       /* when the node subscribed to it, since the Unix epoch; not negative */
    int64_t epoch;          /* a number for the time since then; not negative */
    bool is_at_broker;      /* false: wider ones stand for it */
};

/* What a file held; the entries point into the memory of the list. Zeroed memory is an empty one.
 */
struct mqc__subscription_list {
    struct mqc__subscription_entry *entries;
    size_t count;
    void *memory;
};

/* Replaces the file, and waits until it is on the disk. MQC_ETOOLARGE: over the limit; MQC_EIO;
 * MQC_ENOMEM: the old file is still there, and *info says what to do. */
enum mqc_error mqc__subscription_file_write(const char *path,
                                            const struct mqc__subscription_entry *entries,
                                            size_t count, struct mqc_error_info *info);

/* Reads the file; one that is not there is an empty list. The caller ends the list with fini.
 * MQC_EMALFORMED: it is damaged or of a newer version; MQC_EIO: it cannot be read; MQC_ENOMEM: the
 * list is empty then, and *info says what to do. */
enum mqc_error mqc__subscription_file_read(const char *path,
                                           struct mqc__subscription_list *list_out,
                                           struct mqc_error_info *info);

void mqc__subscription_list_fini(struct mqc__subscription_list *list);

#endif
