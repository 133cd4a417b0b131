#ifndef MQC_CONFIG_PROBLEMS_H
#define MQC_CONFIG_PROBLEMS_H

#include "base/arena.h"
#include "config/config.h"

/* More mistakes than this are counted as "and more". */
#define MQC__PROBLEMS_MAX 200

/* The mistakes found in a file, collected in any order and reported in the order of the file. */
struct mqc__problems {
    const char *file;
    struct mqc__arena arena; /* the texts */
    struct mqc_config_problem items[MQC__PROBLEMS_MAX];
    size_t count;
    bool is_full; /* there are more mistakes than could be kept: stop looking */
    bool is_out_of_memory;
};

/* Where something stands in the file, and the dotted path that leads there. */
struct mqc__spot {
    unsigned line; /* from 1, 0 for none */
    unsigned column;
    const char *key;
};

/* Borrows the file's name for as long as the collection lives. */
void mqc__problems_init(struct mqc__problems *problems, const char *file);

/* Adds a mistake; copies. */
void mqc__problems_add(struct mqc__problems *problems, const struct mqc__spot *spot,
                       const char *format, ...) MQC_PRINTF(3, 4);

/* Says whether looking on makes no sense: the collection is full or memory ran out. */
bool mqc__problems_must_stop(const struct mqc__problems *problems);

/* Sorts by place, what belongs to no line last, and calls `problem` (may be NULL) for each. */
void mqc__problems_report(struct mqc__problems *problems, mqc_config_problem_fn problem,
                          void *context);

void mqc__problems_fini(struct mqc__problems *problems);

#endif
