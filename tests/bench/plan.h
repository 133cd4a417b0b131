#ifndef TESTS_BENCH_PLAN_H
#define TESTS_BENCH_PLAN_H

#include "bench/subject.h"

struct bench;

/* What one run of a program is to measure, as its command line says. */
struct plan {
    const struct bench *bench;
    struct subject_settings settings; /* but for name and callback, which are each session's own */
    double seconds;                   /* of each phase */
    size_t payload_bytes;
    size_t big_bytes;      /* of one message amid the others; 0: there is none */
    uint64_t max_messages; /* that a publisher may be ahead of its receiver */
    uint64_t max_bytes;
    uint64_t samples; /* after which a phase without load ends */
    bool is_idle;
    unsigned pair_count;     /* a publisher and a receiver each, beside one another */
    unsigned receiver_count; /* of each publisher: the first pair's, and of pairs without one */
    unsigned slot;           /* the turn of the first pair, and how many turns there are in all */
    unsigned slot_count;
};

/* Fills in a plan from the command line, `argv[1]` being the bench's name. On failure says why on
 * standard error and returns false. */
bool plan_read(struct plan *plan, int argc, char **argv);

/* Prints how the program is called. */
void plan_print_usage(void);

#endif
