#ifndef MQC_BACKEND_MEMBERS_PRIV_H
#define MQC_BACKEND_MEMBERS_PRIV_H

#include "backend/members.h"
#include "base/buffer.h"
#include "cluster/membership.h"

#include <pthread.h>

struct mqc__members {
    struct mqc__arena texts;             /* where the texts of the options and those below live */
    struct mqc__members_options options; /* fixed after start */
    struct mqc__members_owner owner;
    struct mqc__members_texts told; /* fixed after start */
    struct mqc_view self;
    struct mqc__buffer will; /* the session's thread's */

    pthread_mutex_t mutex; /* guards what follows, and the above until it is fixed */
    const char *instance;  /* NULL before start */
    int64_t started_ms;
    struct mqc__membership *membership; /* NULL before start */
    struct mqc__pools *pools;
    bool is_stale; /* dynamic: the pools do not have all members yet */
};

/* Gives the pools all members that are known, if they lack some. With the mutex held. */
enum mqc_error mqc__members_refresh_locked(struct mqc__members *members,
                                           struct mqc_error_info *info);

#endif
