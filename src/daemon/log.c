#include "daemon/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2000

/* Set before any thread of the backend runs, and not changed after. */
static struct {
    enum mqc_log_level level;
    bool is_journal;
} log_settings = {.level = MQC_LOG_INFO};

/* systemd says by device and inode which stream is the journal's: the variable alone may come from
 * a parent whose standard error went there. */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char expected[64];
    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
        return false;
    (void)snprintf(expected, sizeof expected, "%ju:%ju", (uintmax_t)status.st_dev,
                   (uintmax_t)status.st_ino);
    return strcmp(stream, expected) == 0;
}

/* syslog's priorities, as sd-daemon(3) has them. */
static int priority(enum mqc_log_level level)
{
    switch (level) {
    case MQC_LOG_ERROR: return 3;
    case MQC_LOG_WARNING: return 4;
    case MQC_LOG_INFO: return 6;
    case MQC_LOG_DEBUG: break;
    }
    return 7;
}

static void format_time(char *text_out, size_t size)
{
    struct timespec now;
    struct tm utc;
    char seconds[32];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(text_out, size, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

static void write_line(void *context, enum mqc_log_level level, const char *text)
{
    char line[LINE_BYTES];
    char time[64];
    (void)context;
    (void)snprintf(line, sizeof line, "%s", text);
    for (char *byte = line; *byte != '\0'; byte++)
        if ((unsigned char)*byte < 0x20 || *byte == 0x7f)
            *byte = '?';
    if (log_settings.is_journal) {
        (void)fprintf(stderr, "<%d>%s\n", priority(level), line);
        return;
    }
    format_time(time, sizeof time);
    (void)fprintf(stderr, "%s %s %s\n", time, mqc_log_level_name(level), line);
}

void mqc__daemon_log_open(enum mqc_log_level level)
{
    log_settings.level = level;
    log_settings.is_journal = is_journal();
    mqc_log_set(write_line, NULL, level);
}

void mqc__daemon_log(enum mqc_log_level level, const char *format, ...)
{
    char text[LINE_BYTES];
    va_list arguments;
    if (level > log_settings.level)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    write_line(NULL, level, text);
}

void mqc__daemon_log_close(void)
{
    mqc_log_set(NULL, NULL, MQC_LOG_ERROR);
}
