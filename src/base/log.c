#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#define LONGEST_LINE 1024

/* Guards sink and sink_context; sink_level is read without it so that silent levels cost nothing.
 */
static pthread_mutex_t sink_mutex = PTHREAD_MUTEX_INITIALIZER;
static mqc_log_fn sink;
static void *sink_context;
static atomic_int sink_level = -1;

void mqc_log_set(mqc_log_fn new_sink, void *context, enum mqc_log_level level)
{
    pthread_mutex_lock(&sink_mutex);
    sink = new_sink;
    sink_context = context;
    atomic_store(&sink_level, new_sink != NULL ? (int)level : -1);
    pthread_mutex_unlock(&sink_mutex);
}

const char *mqc_log_level_name(enum mqc_log_level level)
{
    switch (level) {
    case MQC_LOG_ERROR: return "error";
    case MQC_LOG_WARNING: return "warning";
    case MQC_LOG_INFO: return "info";
    case MQC_LOG_DEBUG: return "debug";
    }
    return "unknown";
}

/* What strangers choose, a topic for instance, must not look like another line. */
static void hide_controls(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

void mqc__log(enum mqc_log_level level, const char *format, ...)
{
    if ((int)level > atomic_load_explicit(&sink_level, memory_order_relaxed))
        return;
    char text[LONGEST_LINE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    hide_controls(text);
    pthread_mutex_lock(&sink_mutex);
    if (sink != NULL && (int)level <= atomic_load(&sink_level))
        sink(sink_context, level, text);
    pthread_mutex_unlock(&sink_mutex);
}
