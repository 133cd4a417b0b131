#include "cli/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void hide_controls(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

void mqc__report(const char *who, const char *format, ...)
{
    char text[1500];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    hide_controls(text);
    (void)fprintf(stderr, "%s: %s\n", who, text);
}

/* Many texts name their place: a file, or the broker's address. */
void mqc__report_error(const char *who, const struct mqc_error_info *info)
{
    const char *text = info->text[0] != '\0' ? info->text : mqc_error_text(info->code);
    if (info->place[0] != '\0' && strstr(text, info->place) == NULL)
        mqc__report(who, "%s: %s", info->place, text);
    else
        mqc__report(who, "%s", text);
}

static void write_log_line(void *context, enum mqc_log_level level, const char *text)
{
    mqc__report(context, "%s: %s", mqc_log_level_name(level), text);
}

void mqc__report_log(char *who, enum mqc_log_level level)
{
    mqc_log_set(write_log_line, who, level);
}
