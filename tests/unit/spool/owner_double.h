#ifndef TESTS_UNIT_SPOOL_OWNER_DOUBLE_H
#define TESTS_UNIT_SPOOL_OWNER_DOUBLE_H

#include "spool/spool.h"

#include <pthread.h>

/* The most records that the double keeps by heart. */
#define FED_MAX 4096

/* And the most ranges that it needs. */
#define NEEDED_MAX 64

struct fed_record {
    uint64_t number;
    uint64_t sequence;
    uint32_t service;
    bool starts_count;
    char instance[32];
    char topic[64];
    char event[64]; /* text, cut */
};

/* An owner that numbers from 1 on, takes as much as it has room for, and writes down what it is
 * told. The functions below may be called by any thread. */
struct owner_double {
    struct mqc__spool_owner owner; /* what to open a spool with */
    pthread_mutex_t mutex;
    struct fed_record fed[FED_MAX];
    size_t fed_count; /* also those beyond FED_MAX */
    size_t room;      /* how many more it takes */
    bool is_in_order; /* every number above the one before */
    uint64_t last_sequence;
    uint64_t numbered;
    uint64_t failed_events;
    uint64_t dropped_unfed;
    uint64_t dropped_fed;
    struct mqc__spool_range needed[NEEDED_MAX]; /* what it says that it needs: at first all */
    size_t needed_count;
    unsigned needed_calls;
    bool needed_fails;
    unsigned error_count;
    char error_tag[32];
    char error_text[512];
};

void owner_double_init(struct owner_double *owner);
void owner_double_fini(struct owner_double *owner);

/* How many were fed up to now. */
size_t owner_double_fed(struct owner_double *owner);

/* Gives it room for so many more. */
void owner_double_add_room(struct owner_double *owner, size_t count);

/* Waits until so many were fed. */
void owner_double_await(struct owner_double *owner, size_t count);

/* Forgets what was fed and told; the sequence goes on. */
void owner_double_forget(struct owner_double *owner);

#endif
