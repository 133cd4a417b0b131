#ifndef TESTS_UNIT_SPOOL_SPOOL_FILES_H
#define TESTS_UNIT_SPOOL_SPOOL_FILES_H

#include "spool/spool.h"

#include <sys/types.h>

/* A folder of the test's own with a spool in it. */
struct spool_files {
    char folder[64];
    char path[96];
};

/* Makes the folder; ends the test when it cannot. */
void spool_files_init(struct spool_files *files);

/* Removes it with what is in it. */
void spool_files_fini(struct spool_files *files);

/* The options that the tests begin with: fsync never, 64 MiB, instance "first". */
struct mqc__spool_options spool_files_options(const struct spool_files *files);

/* How large a file is, with the ending behind the spool's path; -1: there is none. */
off_t spool_files_size(const struct spool_files *files, const char *ending);

/* The name of a file in the folder that begins with the spool's name and ".damaged-" and has no
 * "-wal" behind it; false: there is none. */
bool spool_files_aside(const struct spool_files *files, char *name_out, size_t size);

/* Puts one event with topic "t/<number>" and event "event <number>"; service is the number. */
enum mqc_error put_numbered(struct mqc__spool *spool, uint64_t number);

/* The same, waits for its commit, which a worker must do. */
enum mqc_error commit_numbered(struct mqc__spool *spool, uint64_t number);

/* Puts one with so many bytes. */
enum mqc_error put_bytes(struct mqc__spool *spool, size_t bytes);

#endif
