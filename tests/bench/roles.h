#ifndef TESTS_BENCH_ROLES_H
#define TESTS_BENCH_ROLES_H

#include "bench/pair.h"
#include "bench/plan.h"

/* How a program and the processes that it starts end. */
enum exit_status {
    EXIT_MEASURED = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_UNSUPPORTED = 3, /* the subject cannot do this */
};

/* The life of the receiver of a pair, and that of its publisher, each in its own process. */
enum exit_status receiver_run(const struct plan *plan, struct pair *pair, unsigned index);
enum exit_status publisher_run(const struct plan *plan, struct pair *pair, unsigned index);

/* Runs both for every pair of the plan, each in a process, and waits for them. When one fails, or
 * all together take much longer than planned, ends them all. */
enum exit_status roles_run(const struct plan *plan, struct pair *pairs);

#endif
