#ifndef MQC_SPOOL_GROUP_H
#define MQC_SPOOL_GROUP_H

#include "spool/latch.h"
#include "spool/spool.h"

/*
 * Events that are committed together. It grows under the spool's lock until the worker takes it,
 * then it is the worker's. Who waits holds a reference; the last one puts it back.
 */

/* A group takes no more events when it has so many or so many bytes. */
#define MQC__GROUP_EVENTS_MAX ((size_t)4096)
#define MQC__GROUP_BYTES_MAX ((size_t)1 << 20)

struct mqc__group_done {
    mqc__spool_done_fn function;
    void *context;
};

struct mqc__spool_group {
    struct mqc__spool_group *next;
    char *records;
    size_t size;
    size_t capacity;
    size_t count;
    uint64_t first_number;
    struct mqc__group_done *dones;
    size_t done_count;
    size_t done_capacity;
    struct mqc__latch latch; /* opens with MQC__GROUP_COMMITTED or _FAILED */
    atomic_uint refs;
    char failure[400];
};

enum {
    MQC__GROUP_COMMITTED = 2,
    MQC__GROUP_FAILED = 3,
};

/* Makes an empty group with one reference, the worker's; NULL: out of memory. */
struct mqc__spool_group *mqc__group_new(void);

/* Says whether it takes no more events. */
bool mqc__group_is_full(const struct mqc__spool_group *group);

/* Adds an event; false and unchanged when memory is exhausted. */
bool mqc__group_add(struct mqc__spool_group *group, const struct mqc__spool_offer *offer);

/* Calls the functions that wait for its end. */
void mqc__group_tell(const struct mqc__spool_group *group, enum mqc_error error);

/* Makes it as new, but for the memory it has, if that is not too much to keep: else false. */
bool mqc__group_reuse(struct mqc__spool_group *group);

/* Accepts NULL and clears the pointer. */
void mqc__group_free(struct mqc__spool_group **group);

#endif
