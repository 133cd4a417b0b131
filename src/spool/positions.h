#ifndef MQC_SPOOL_POSITIONS_H
#define MQC_SPOOL_POSITIONS_H

#include "base/error.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How far a receiver is in each stream (a sender instance and a topic): the number of the last
 * event that its handlers are done with. In a file that is part of the process's memory, so that a
 * kill -9 at any moment leaves the state before a call or after it, or in memory alone. Holds a
 * fixed number of streams; the longest unused gives its place to a new one. One thread at a time.
 */
struct mqc__positions;

/* As many streams as a file has places. */
#define MQC__POSITIONS_MAX 65536

/* The memory of streams_max (1 or more) streams, in no file. NULL: out of memory. */
struct mqc__positions *mqc__positions_new(size_t streams_max);

/*
 * Opens a file, or begins one of some 4 MB, for one process at a time. An event that was in the
 * handlers when the last process ended is remembered, see mqc__positions_is_uncertain(). A file
 * that is damaged is renamed to PATH.damaged-<time> and begun anew: then the result is MQC_OK, and
 * *info (not NULL) has the code MQC_EMALFORMED and says so; else it has MQC_OK. MQC_EEXIST: another
 * process has it; MQC_EUNSUPPORTED: a newer version wrote it; MQC_EIO: it cannot be read or
 * written, or the disk is full; MQC_ENOMEM; *info names the file and what to do.
 */
enum mqc_error mqc__positions_open(const char *path, struct mqc__positions **positions_out,
                                   struct mqc_error_info *info);

/* Frees it, and lets go of the file as it is. */
void mqc__positions_free(struct mqc__positions **positions);

/* How many streams it has places for; whether it is in a file. */
size_t mqc__positions_count(const struct mqc__positions *positions);
bool mqc__positions_is_on_disk(const struct mqc__positions *positions);

/* Brings what is in memory to the disk, where a power cut cannot touch it. Any thread, but not
 * while it is freed; may block for long. MQC_EIO: it failed, *info says why. */
enum mqc_error mqc__positions_sync(const struct mqc__positions *positions,
                                   struct mqc_error_info *info);

/* Returns the place of a stream, below the count, and makes it the youngest. *is_new_out: it was
 * not there, and has a place now, perhaps that of the longest unused.
 */
size_t mqc__positions_take(struct mqc__positions *positions, struct mqc_view instance,
                           struct mqc_view topic, bool *is_new_out);

/* Makes the stream in a place, which was taken, the youngest. */
void mqc__positions_touch(struct mqc__positions *positions, size_t place);

/* The last number that is done with; 0: none. */
uint64_t mqc__positions_last(const struct mqc__positions *positions, size_t place);

/* Says whether the event with this number was in the handlers when an earlier process ended: they
 * may have seen it. */
bool mqc__positions_is_uncertain(const struct mqc__positions *positions, size_t place,
                                 uint64_t number);

/* Around the handlers of an event: begin notes that they run, and that everything before it is done
 * with; done notes that they have run. A number that is not above the last is none. */
void mqc__positions_begin(struct mqc__positions *positions, size_t place, uint64_t number);
void mqc__positions_done(struct mqc__positions *positions, size_t place, uint64_t number);

/* Notes that everything up to a number is done with, with or without handlers. */
void mqc__positions_skip(struct mqc__positions *positions, size_t place, uint64_t last);

/* A number that is kept with a stream; 0 at first. */
uint64_t mqc__positions_mark(const struct mqc__positions *positions, size_t place);
void mqc__positions_set_mark(struct mqc__positions *positions, size_t place, uint64_t mark);

#endif
