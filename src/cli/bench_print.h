#ifndef MQC_CLI_BENCH_PRINT_H
#define MQC_CLI_BENCH_PRINT_H

#include "cli/bench_run.h"

/* What was measured, and on what. */
struct mqc__bench_report {
    const char *who;
    struct mqc__bench_pair *pair; /* closed: nothing arrives any more */
    const struct mqc__bench_cost *cost;
    size_t size; /* of each event */
    const char *broker;
    const char *guarantee;
    bool is_tls;
    bool is_compressed;
};

/* Print it on standard output: a few lines for people, or one JSON object for each thing measured.
 * What could not be measured is left out. False when it could not be written. */
bool mqc__bench_print_text(const struct mqc__bench_report *report);
bool mqc__bench_print_json(const struct mqc__bench_report *report);

#endif
