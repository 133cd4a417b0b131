#include "bench/subject.h"

#include <stdarg.h>
#include <stdio.h>

void subject_event_topic(const char *event_topic, unsigned number, char *text_out)
{
    (void)snprintf(text_out, TOPIC_BYTES, "%s/%u", event_topic, number);
}

void subject_topic(const struct subject_settings *settings, const char *event_topic,
                   unsigned number, char *text_out)
{
    (void)snprintf(text_out, TOPIC_BYTES, "mqcluster/%s/event/%s/%u", settings->cluster,
                   event_topic, number);
}

void subject_filter(const struct subject_settings *settings, const char *event_topic,
                    char *text_out)
{
    (void)snprintf(text_out, TOPIC_BYTES, "mqcluster/%s/event/%s/#", settings->cluster,
                   event_topic);
}

void subject_client_id(const struct subject_settings *settings, char *text_out, size_t size)
{
    (void)snprintf(text_out, size, "%s/%s", settings->cluster, settings->name);
}

void subject_complain(const char *format, ...)
{
    char text[1000];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "%s: %s\n", subject.name, text);
}
