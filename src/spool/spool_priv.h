#ifndef MQC_SPOOL_SPOOL_PRIV_H
#define MQC_SPOOL_SPOOL_PRIV_H

#include "spool/group.h"
#include "spool/spool.h"
#include "spool/store.h"

#include <pthread.h>
#include <stdatomic.h>

#define SPOOL_NEVER INT64_MAX

/* Trouble that comes again and again is told once a minute. */
struct mqc__spool_trouble {
    int64_t told_ms; /* 0: not yet */
    uint64_t untold; /* since then */
};

/* What is under way when the store is looked through for what nobody needs. */
struct mqc__spool_sifting {
    bool is_active;
    struct mqc__spool_range *needed; /* on the heap */
    size_t needed_count;
    uint64_t next;       /* the groups below were looked at */
    uint64_t below;      /* what was not fed when it began */
    int64_t began_ms;    /* this one, or the last */
    int64_t pause_ms;    /* from its beginning to that of the next */
    uint64_t bytes_left; /* in the store at its end */
};

struct mqc__spool {
    struct mqc__spool_options options; /* the strings are the spool's own */
    struct mqc__spool_owner owner;
    const struct mqc__spool_store_ops *ops;
    void *store_context;
    pthread_t thread;

    /* The lock protects what follows. */
    pthread_mutex_t mutex;
    pthread_cond_t work;           /* the worker sleeps here */
    struct mqc__spool_group *head; /* the next to be committed */
    struct mqc__spool_group *tail; /* where put adds to */
    struct mqc__spool_group *idle; /* with memory, for the next use */
    size_t idle_count;
    size_t pending_bytes; /* of the groups from head on and of the one being committed */
    size_t pending_events;
    bool is_asleep; /* the worker: nobody has woken it yet */
    bool is_woken;  /* there may be something to do other than a group */
    bool is_started;
    bool is_closing;
    struct mqc__spool_stats stats; /* bytes: in the store; events, unfed_events likewise */

    atomic_uint_least64_t last_number;
    atomic_uint_least64_t next_to_feed;
    atomic_uint_least64_t released;
    atomic_uint room_signals; /* how often resume was called */
    atomic_bool is_blocked;   /* feed had no room */

    /* The worker's own; before start, that of whoever opens it. */
    struct mqc__store *store; /* NULL: lost, to be opened again */
    struct mqc__spool_record *records;
    uint64_t last_kept;     /* the last number in the store */
    uint64_t last_done;     /* of the last group that was committed or failed */
    uint64_t erased_below;  /* what the store was told last is released */
    size_t turn_room;       /* how many records may still be read back in this turn */
    bool has_more_to_erase; /* of what it was told */
    int64_t erase_ms;       /* when the store was told last */
    int64_t sync_due_ms;    /* SPOOL_NEVER: nothing to sync */
    int64_t retry_ms;       /* not before: the store failed; 0: it did not */
    bool is_store_damaged;
    struct mqc__spool_sifting sifting;
    struct mqc__spool_trouble trouble;
    struct mqc_view left;
    char *damage; /* to be told when the worker starts */
};

/* A record array has so many places. */
#define SPOOL_RECORDS_MAX MQC__GROUP_EVENTS_MAX

/* One turn of the worker: commits the next group, reads back some, keeps house. Not a moment of
 * waiting but for the disk. On the worker's thread, or the caller's when there is none. */
void mqc__spool_turn(struct mqc__spool *spool);

/* What the worker's thread runs: turns until the spool is closed and nothing is pending. */
void *mqc__spool_run(void *spool);

/* Closes the store after a last word to it. */
void mqc__spool_finish(struct mqc__spool *spool);

/* Commits the next group and tells those who wait; false: there is none. */
bool mqc__spool_commit_next(struct mqc__spool *spool);

/* Fails all groups, of which none was numbered. */
void mqc__spool_fail_pending(struct mqc__spool *spool, const char *reason);

/* Has the store do it and keeps account. MQC_EIO. MQC_ENOMEM. MQC_EMALFORMED. */
enum mqc_error mqc__spool_change(struct mqc__spool *spool, const struct mqc__store_change *change,
                                 struct mqc_error_info *info);

/* Tells the owner about trouble, unless that was done a moment ago. */
void mqc__spool_tell_trouble(struct mqc__spool *spool, const struct mqc_error_info *info);

/* Takes note that a call of the store failed; reports it. */
void mqc__spool_store_failed(struct mqc__spool *spool, enum mqc_error error,
                             const struct mqc_error_info *info);

/* Whether records in the store wait for feed(). */
bool mqc__spool_is_behind(const struct mqc__spool *spool);

/* With nothing in the store to feed, moves on to the number behind all that is done. */
void mqc__spool_settle(struct mqc__spool *spool);

/* Hands over the records of a group just committed, or leaves them for later. */
void mqc__spool_feed_group(struct mqc__spool *spool, size_t count);

/* Reads back and hands over what waits in the store, a turn's worth, if there is room. */
void mqc__spool_feed_back(struct mqc__spool *spool);

/* Deletes some of what nobody needs, if the store is half full; a step that takes a moment. */
void mqc__spool_sift(struct mqc__spool *spool);

/* The same before so many bytes are added, until there is room for them or all was looked at. */
void mqc__spool_sift_for_room(struct mqc__spool *spool, size_t bytes);

/* Ends it where it stands. */
void mqc__spool_end_sifting(struct mqc__spool *spool);

/* Releases a reference; the last one puts the group back. */
void mqc__spool_unref_group(struct mqc__spool *spool, struct mqc__spool_group *group);

/* Wakes the worker; with the lock held. */
void mqc__spool_wake(struct mqc__spool *spool);

#endif
