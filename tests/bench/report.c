#include "bench/report.h"

#include <inttypes.h>
#include <stdio.h>

/* Names and texts are the program's own and need no escape. */
static void put_name(struct report *report, const char *name)
{
    (void)printf("%s\"%s\": ", report->has_members ? ", " : "", name);
    report->has_members = true;
}

void report_begin(struct report *report)
{
    *report = (struct report){.has_members = false};
    (void)putchar('{');
}

void report_text(struct report *report, const char *name, const char *text)
{
    put_name(report, name);
    (void)printf("\"%s\"", text);
}

void report_bool(struct report *report, const char *name, bool value)
{
    put_name(report, name);
    (void)fputs(value ? "true" : "false", stdout);
}

void report_count(struct report *report, const char *name, uint64_t count)
{
    put_name(report, name);
    (void)printf("%" PRIu64, count);
}

void report_number(struct report *report, const char *name, double number)
{
    put_name(report, name);
    (void)printf("%.3f", number);
}

void report_end(struct report *report)
{
    *report = (struct report){.has_members = false};
    (void)puts("}");
}
