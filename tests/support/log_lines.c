#include "support/log_lines.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINES_MAX 10000
#define PATIENCE_MS 60000

struct line {
    enum mqc_log_level level;
    char *text;
};

/* Guards the lines. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct line lines[LINES_MAX];
static size_t line_count;

static void take(void *context, enum mqc_log_level level, const char *text)
{
    (void)context;
    pthread_mutex_lock(&mutex);
    char *copy = line_count < LINES_MAX ? strdup(text) : NULL;
    if (copy != NULL)
        lines[line_count++] = (struct line){level, copy};
    pthread_mutex_unlock(&mutex);
}

void log_lines_begin(enum mqc_log_level level)
{
    mqc_log_set(take, NULL, level);
}

void log_lines_end(void)
{
    mqc_log_set(NULL, NULL, MQC_LOG_ERROR);
    pthread_mutex_lock(&mutex);
    while (line_count > 0)
        free(lines[--line_count].text);
    pthread_mutex_unlock(&mutex);
}

size_t log_lines_count(enum mqc_log_level level, const char *words)
{
    size_t count = 0;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < line_count; i++)
        count += lines[i].level == level && strstr(lines[i].text, words) != NULL ? 1 : 0;
    pthread_mutex_unlock(&mutex);
    return count;
}

bool log_lines_wait(enum mqc_log_level level, const char *words)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int left = PATIENCE_MS; left > 0; left--) {
        if (log_lines_count(level, words) != 0)
            return true;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}
