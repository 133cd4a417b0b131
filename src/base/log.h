#ifndef MQC_BASE_LOG_H
#define MQC_BASE_LOG_H

#include "base/export.h"

/* How much a log line matters, the gravest first. */
enum mqc_log_level {
    MQC_LOG_ERROR,   /* something is wrong and stays wrong until somebody acts */
    MQC_LOG_WARNING, /* something is wrong and is being handled */
    MQC_LOG_INFO,    /* the life of the node: connected, subscribed, stopped */
    MQC_LOG_DEBUG,   /* every step */
};

/* Takes one line without a line end or other control characters; `text` is valid for the call.
 * Called from any thread, one call at a time. It must not call back into the library. */
typedef void (*mqc_log_fn)(void *context, enum mqc_log_level level, const char *text);

/*
 * Sends the library's log lines of `level` and graver to `sink`, for the whole process; NULL stops
 * them, as at the start: a library does not print by itself. Any thread; when it returns, the sink
 * that was set before is not called any more.
 */
MQC_API void mqc_log_set(mqc_log_fn sink, void *context, enum mqc_log_level level);

/* Returns "error", "warning", "info" or "debug". */
MQC_API const char *mqc_log_level_name(enum mqc_log_level level);

/* Writes one line to the sink, if the level is wanted. Any thread. */
void mqc__log(enum mqc_log_level level, const char *format, ...) MQC_PRINTF(2, 3);

#endif
