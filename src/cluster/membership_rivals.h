#ifndef MQC_CLUSTER_MEMBERSHIP_RIVALS_H
#define MQC_CLUSTER_MEMBERSHIP_RIVALS_H

#include "base/view.h"

#include <stdint.h>

/*
 * The instances of one name beside the present one: those that it replaced, and others that
 * announce themselves. Remembers a few, the last heard of, by a hash of their ids.
 */
struct mqc__rivals;

struct mqc__rival {
    uint64_t hash;
    uint64_t renewal; /* the highest seen */
    int64_t first_ms; /* when its present run of renewals began */
    int64_t last_ms;  /* when it was last heard of */
    bool is_in_run;   /* a run has begun: first_ms counts */
};

/* A renewal of a rival as it arrived. */
struct mqc__rival_renewal {
    uint64_t number;
    uint32_t lease_ms;
    bool is_fresh; /* was sent just now, as far as can be told */
    int64_t now_ms;
    int64_t hearing_since_ms; /* since when everything has been heard without a gap */
};

void mqc__rivals_free(struct mqc__rivals **rivals);

/* Finds an instance; NULL: not known. `rivals` may be NULL. */
struct mqc__rival *mqc__rivals_find(struct mqc__rivals *rivals, struct mqc_view instance);

/* Finds or adds an instance; one that was not heard of for the longest time makes room. *rivals may
 * be NULL and is made then. NULL: no memory. */
struct mqc__rival *mqc__rivals_add(struct mqc__rivals **rivals, struct mqc_view instance,
                                   int64_t now_ms);

/* Notes a renewal; says whether the rival has now proven that it lives. */
bool mqc__rival_renew(struct mqc__rival *rival, const struct mqc__rival_renewal *renewal);

/* Notes that the rival has gone, with its number of then. */
void mqc__rival_leave(struct mqc__rival *rival, uint64_t renewal, int64_t now_ms);

#endif
