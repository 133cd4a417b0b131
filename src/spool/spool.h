#ifndef MQC_SPOOL_SPOOL_H
#define MQC_SPOOL_SPOOL_H

#include "base/error.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A durable, bounded queue of events, first in, first out. What is put is copied into the group
 * that waits; one thread of the spool's own, the worker, commits group after group to a store
 * (SQLite unless told otherwise), hands the records to the owner, and tells those who wait for the
 * commit. While a group is being committed the next one grows, so the busier the spool the larger
 * the groups.
 *
 * When the owner has no room the spool is behind: later records stay in the store only, and the
 * worker reads them back in order once mqc__spool_resume() says that there is room again. Records
 * are kept until mqc__spool_release() says that they are done with; after a restart those that are
 * left are fed first. When the store is half full, and not all of it waits to be fed, it is sifted:
 * the owner says what it needs, so that a few old records do not keep all later ones.
 *
 * Locks: the owner may call put, resume, release and the questions while it holds a lock of its own
 * that its callbacks take too. The worker holds no lock of the spool when it calls the owner.
 * Callbacks may call put, resume, release and the questions; not wait, close or free.
 */
struct mqc__spool;

/* One event as it is kept. The views are valid for the call that hands the record over. */
struct mqc__spool_record {
    uint64_t number; /* ascending in the order of acceptance, from 1, across restarts; those
                        of failed commits are left out */
    struct mqc_view instance; /* of the sender that accepted it */
    struct mqc_view topic;    /* with a NUL behind its end that does not count */
    struct mqc_view event;    /* the encoded event */
    uint64_t sequence;        /* the owner's, set by its number() */
    uint32_t service;         /* the owner's, as offered */
    bool starts_count;        /* the owner's, set by its number() */
};

/* When what was committed is made safe from a power cut. Every commit is safe from kill -9. */
enum mqc__spool_fsync {
    MQC__SPOOL_FSYNC_ALWAYS,   /* before anybody is told of the commit: nothing is lost */
    MQC__SPOOL_FSYNC_INTERVAL, /* every fsync_interval_ms: what came after that may be lost */
    MQC__SPOOL_FSYNC_NEVER,    /* when the system likes: the file may be damaged by a power cut */
};

/* What happens to an event that would exceed bytes_max. */
enum mqc__spool_when_full {
    MQC__SPOOL_REFUSE,      /* it is refused: MQC_EFULL */
    MQC__SPOOL_DROP_OLDEST, /* the oldest make room, see the owner's dropped() */
};

struct mqc__spool_options {
    const char *path;     /* of the file; its folder is created if need be, for its owner alone */
    const char *instance; /* of the sender, which new records get */
    uint64_t bytes_max;   /* that records take in the store, the pending ones included; at least
                             MQC__SPOOL_BYTES_MIN */
    size_t pending_bytes_max;  /* of records that wait for their commit; 0: 8 MiB */
    size_t pending_events_max; /* 0: 65,536 */
    unsigned fsync_interval_ms;
    enum mqc__spool_fsync fsync;
    enum mqc__spool_when_full when_full;
};

#define MQC__SPOOL_BYTES_MIN ((uint64_t)1 << 20)

/* What the room taken by a record counts beside its topic and event. */
#define MQC__SPOOL_RECORD_COST 20

/* Records from one number to another, both included. */
struct mqc__spool_range {
    uint64_t first;
    uint64_t last;
};

/* Records that made room for others. Those that wait for their turn in the store alone go first,
 * the oldest of them before the others: they are lost. If there are none, those go that were fed
 * and not released: they are no longer safe from a crash, but the owner still has them. */
struct mqc__spool_drop {
    uint64_t first_number;
    uint64_t last_number;
    uint64_t event_count;
    bool was_fed;
};

/* What the spool calls, always on the worker's thread and one at a time. All must be set. */
struct mqc__spool_owner {
    void *context;
    /* Before the commit of a group: fills sequence and starts_count of each record. Comes again
     * only after the commit was done or failed() was called. */
    void (*number)(void *context, struct mqc__spool_record *records, size_t count);
    /* Instead of the commit: what number() gave these is void, and none was given since. */
    void (*failed)(void *context, const struct mqc__spool_record *records, size_t count);
    /* Hands over committed records in ascending order; returns how many were taken, from the first
     * on. Fewer than count: there is no room, and nothing more comes until mqc__spool_resume(). */
    size_t (*feed)(void *context, const struct mqc__spool_record *records, size_t count);
    void (*dropped)(void *context, const struct mqc__spool_drop *drop);
    /* Says which of the records that were fed are not done with: ranges that are ascending and
     * apart from each other, in memory that the spool frees with free(). All others that were fed
     * may be deleted; some of them may be fed again after a restart. An error: not known now. */
    enum mqc_error (*needed)(void *context, struct mqc__spool_range **ranges_out,
                             size_t *count_out);
    /* What went wrong, in words for a person: what, where, what to do. Tags: spool_failed (a
     * commit, a read or a sync failed; the same trouble at most once a minute, with a count),
     * spool_damaged (a file was set aside, which one, and what was carried over). */
    void (*error)(void *context, const char *tag, const char *text);
};

/* Says that one event was committed (MQC_OK) or will never be (MQC_EIO). On the worker's thread,
 * after the records of the group were fed; once for every successful put with a function. */
typedef void (*mqc__spool_done_fn)(void *context, enum mqc_error error);

/* What is put: copied. */
struct mqc__spool_offer {
    struct mqc_view topic; /* at most 65,535 bytes */
    struct mqc_view event;
    uint32_t service;
    mqc__spool_done_fn done; /* NULL: nobody is called */
    void *done_context;
};

/* What a caller waits with; filled by put, worthless after wait. */
struct mqc__spool_ticket {
    struct mqc__spool_group *group;
};

struct mqc__spool_store_ops;

/* Opens the file, or begins a new one, and finds out what is left in it: reads it once as a whole.
 * A damaged file is set aside and what is readable in it carried over. Feeds nothing yet; put works
 * from now on, but nothing is committed before start. `store` NULL: SQLite; store_context is for
 * its open(). Strings are copied. On failure *spool_out is NULL and *info says what to do.
 * MQC_EINVAL. MQC_ENOMEM. MQC_EIO: the file cannot be read or written, or another process has it.
 * MQC_EUNSUPPORTED: a newer version wrote it, it is left as it is (tag spool_newer). */
enum mqc_error mqc__spool_open(const struct mqc__spool_options *options,
                               const struct mqc__spool_owner *owner,
                               const struct mqc__spool_store_ops *store, void *store_context,
                               struct mqc__spool **spool_out, struct mqc_error_info *info);

/* Starts the worker, which first feeds what is left from earlier. Once. MQC_ENOMEM. */
enum mqc_error mqc__spool_start(struct mqc__spool *spool);

/* Queues one event for the next commit. Never waits. With a ticket_out, mqc__spool_wait() must be
 * called once for it; NULL: nobody waits. Any thread. MQC_EFULL: too much is pending, or bytes_max
 * with MQC__SPOOL_REFUSE. MQC_ETOOLARGE: it would never fit. MQC_ENOMEM. MQC_ECLOSED. On failure
 * nothing was queued, and done is not called. */
enum mqc_error mqc__spool_put(struct mqc__spool *spool, const struct mqc__spool_offer *offer,
                              struct mqc__spool_ticket *ticket_out);

/* Blocks until the event was committed: MQC_OK, or never will be: MQC_EIO, with the reason in *info
 * (which may be NULL). Any thread but the worker's, without a lock that a callback takes. */
enum mqc_error mqc__spool_wait(struct mqc__spool *spool, struct mqc__spool_ticket *ticket,
                               struct mqc_error_info *info);

/* Says that feed() has room again; also when it is not sure. Any thread; takes no lock unless the
 * spool waits for it. */
void mqc__spool_resume(struct mqc__spool *spool);

/* Says that every record with a number below this one is done with. They are deleted with one of
 * the next commits, or within a second or so. Any thread, no lock. Lower than before: no matter. */
void mqc__spool_release(struct mqc__spool *spool, uint64_t number);

/* The number of the last event that was put, in this start or an earlier one; 0: none ever. The
 * next one gets a higher number. Any thread. */
uint64_t mqc__spool_last_number(const struct mqc__spool *spool);

/* The lowest number that may still come through feed(): all below were fed, dropped or never will
 * be. One above mqc__spool_last_number() when nothing waits. Any thread. */
uint64_t mqc__spool_next_to_feed(const struct mqc__spool *spool);

/* Counters since open but for events, bytes and unfed_events, which are as of now. */
struct mqc__spool_stats {
    uint64_t events;        /* in the store and not deleted yet */
    uint64_t bytes;         /* that these and the pending ones count towards bytes_max */
    uint64_t pending;       /* events that wait for their commit */
    uint64_t unfed_events;  /* about how many in the store wait for feed() */
    uint64_t accepted;      /* events put */
    uint64_t committed;     /* events */
    uint64_t groups;        /* commits that worked */
    uint64_t failed_groups; /* commits that failed */
    uint64_t failed_events;
    uint64_t dropped;   /* events that made room */
    uint64_t sifted;    /* events that were deleted though older ones are kept */
    uint64_t read_back; /* records that were fed from the store */
    uint64_t syncs;     /* of fsync: interval; those of SQLite's own are not known */
    bool is_behind;     /* records wait in the store because feed() had no room */
    bool is_failing;    /* the store failed last, and was not written to since */
};
/* Any thread. */
void mqc__spool_stats(struct mqc__spool *spool, struct mqc__spool_stats *stats_out);

/* Instances other than the own that had records left when the spool was opened, from 0 on; the
 * empty view when there is none with that index. Valid until free. Any thread. */
struct mqc_view mqc__spool_left_instance(const struct mqc__spool *spool, size_t index);

/* Commits what is pending, syncs unless with fsync: never, ends the worker and closes the file.
 * What was not fed stays in the store. Later puts give MQC_ECLOSED; tickets can still be waited
 * for. Without start, what is pending fails. Idempotent; not on the worker's thread, without a lock
 * that a callback takes. */
void mqc__spool_close(struct mqc__spool *spool);

/* Closes and frees it; accepts NULL and clears the pointer. Nobody may wait any more. */
void mqc__spool_free(struct mqc__spool **spool);

/* Called for each record of a file; false ends the walk. */
typedef bool (*mqc__spool_visit_fn)(void *context, const struct mqc__spool_record *record);

/* Reads the file of a node that does not run, record by record, and changes nothing in it. Records
 * that were released are left out. MQC_EIO: cannot be read, or a node runs with it. MQC_ENOTFOUND:
 * no such file. MQC_EUNSUPPORTED: a newer version wrote it. MQC_EMALFORMED: damaged; what was
 * readable up to there was visited. MQC_ENOMEM. */
enum mqc_error mqc__spool_walk(const char *path, mqc__spool_visit_fn visit, void *context,
                               struct mqc_error_info *info);

#endif
