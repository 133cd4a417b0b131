#ifndef TESTS_SUPPORT_LOG_LINES_H
#define TESTS_SUPPORT_LOG_LINES_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>

/* What the library logs while a test runs, of the whole process. */

/* Begins with no lines; the end frees them. */
void log_lines_begin(enum mqc_log_level level);
void log_lines_end(void);

/* How many lines of a level contain the words. */
size_t log_lines_count(enum mqc_log_level level, const char *words);

/* Waits until there is one; false when that does not happen. */
bool log_lines_wait(enum mqc_log_level level, const char *words);

#endif
