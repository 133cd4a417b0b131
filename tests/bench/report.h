#ifndef TESTS_BENCH_REPORT_H
#define TESTS_BENCH_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* One JSON object on one line of standard output. */
struct report {
    bool has_members;
};

void report_begin(struct report *report);
void report_text(struct report *report, const char *name, const char *text);
void report_bool(struct report *report, const char *name, bool value);
void report_count(struct report *report, const char *name, uint64_t count);
void report_number(struct report *report, const char *name, double number);
void report_end(struct report *report);

#endif
