#ifndef MQC_BACKEND_PIECES_FILE_H
#define MQC_BACKEND_PIECES_FILE_H

#include "base/view.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What has come of large events, a file for each stream in a folder of their own: the broker gets
 * the acknowledgement of a piece before the event is complete, since it sends the next ones only
 * then. A file survives a kill at any instruction; what a power cut has damaged is noticed.
 */

/* What event it is. */
struct mqc__pieces_label {
    struct mqc_view key; /* of the stream */
    uint64_t number;
    uint64_t total;
};

/* Begins a file, in the place of the stream's earlier one. false, with errno set: there is none. */
bool mqc__pieces_file_begin(const char *folder, const struct mqc__pieces_label *label);

/* Adds bytes, and waits until they are on the disk if that is wanted. false, with errno set: they
 * are not there, or in part; the file is of no use any more. */
bool mqc__pieces_file_append(const char *folder, struct mqc_view key, struct mqc_view bytes,
                             bool syncs);

/* Removes it, if it is there. */
void mqc__pieces_file_remove(const char *folder, struct mqc_view key);

/* Makes the folder if it is not there, and calls `found` for each file in it, with what is whole in
 * it; texts are borrowed for the call. Files that cannot be read, and those for which it returns
 * false, are removed. false, with errno set: there is no folder. */
bool mqc__pieces_file_load(const char *folder,
                           bool (*found)(void *context, const struct mqc__pieces_label *label,
                                         struct mqc_view bytes),
                           void *context);

#endif
