#ifndef MQC_SPOOL_STORE_H
#define MQC_SPOOL_STORE_H

#include "spool/spool.h"

/*
 * Where groups of records are kept. All calls are made by one thread at a time (by open's caller,
 * then by the worker) and may block on the disk; none is called again while it runs.
 */

/* One group: events with the numbers first_number .. first_number + event_count - 1. */
struct mqc__store_group {
    uint64_t first_number;
    size_t event_count;
    struct mqc_view instance;
    struct mqc_view records;
};

/* What a store held when it was opened. */
struct mqc__store_state {
    uint64_t last_number;  /* no number up to this one may be used again; 0: none was */
    uint64_t first_number; /* of the first group; 0: there is none */
    uint64_t last_kept;    /* the last number of the last group; 0: there is none */
    uint64_t released;     /* records below this number are done with */
    uint64_t event_count;
    uint64_t bytes;       /* of all groups' records */
    struct mqc_view left; /* instances that groups have other than the own, each with a NUL behind
                             it; on the heap, the caller's to free */
    char damage[400];     /* what was set aside and what became of it; empty: nothing */
};

/* Looks through groups for records that nobody needs any more. */
struct mqc__store_sift {
    uint64_t from;                         /* the groups that begin here or above */
    uint64_t below;                        /* and end below here */
    const struct mqc__spool_range *needed; /* ascending and apart from each other */
    size_t needed_count;
};

/* One step, all of it or nothing: first deletes the groups that are released, then those that make
 * room, then what the sifting finds, then adds one. */
struct mqc__store_change {
    const struct mqc__store_group *group; /* to be added, above all there are; NULL: none */
    uint64_t released;                    /* noted; groups wholly below go; 0: not now */
    uint64_t room_bytes; /* so much must go beside these, as far as there is: first from */
    uint64_t room_from;  /* the group that begins at this number or next above on, then those below,
                            each way ascending */
    /* NULL: not now. Done in part if it takes too long for one step. Groups with nothing needed go;
     * one with little of it may be replaced by smaller ones, or stays as it is. */
    const struct mqc__store_sift *sift;
};

struct mqc__store_erased {
    uint64_t first_number;
    uint64_t last_number;
    uint64_t event_count;
    uint64_t bytes;
};

/* What a change deleted. */
struct mqc__store_effect {
    struct mqc__store_erased released;
    struct mqc__store_erased room_above; /* from room_from on */
    struct mqc__store_erased room_below;
    struct mqc__store_erased sifted; /* without the numbers */
    uint64_t sifted_to; /* from where the sifting goes on; not below its end: it is over */
    bool has_more; /* released groups are left, since deleting them takes too long for one step */
};

/* Called for one group; the views are valid for the call. false: enough. */
typedef bool (*mqc__store_visit_fn)(void *context, const struct mqc__store_group *group);

struct mqc__store;

/* On failure each fills *info (which may be NULL) with words for a person. MQC_EIO: the disk or the
 * file system; the next call may succeed. MQC_EMALFORMED: the store is damaged and must be opened
 * again with set_aside. MQC_ENOMEM. */
struct mqc__spool_store_ops {
    /* Opens or creates it; set_aside: what is there is known to be damaged. On success the state is
     * filled. MQC_EUNSUPPORTED: written by a newer version. */
    enum mqc_error (*open)(void *context, const struct mqc__spool_options *options, bool set_aside,
                           struct mqc__store **store_out, struct mqc__store_state *state_out,
                           struct mqc_error_info *info);
    /* After a failure nothing of it was done. */
    enum mqc_error (*commit)(struct mqc__store *store, const struct mqc__store_change *change,
                             struct mqc__store_effect *effect_out, struct mqc_error_info *info);
    /* Visits the groups in ascending order, from the last one that begins at or below `number` on:
     * its records may all be below. Checks each group. */
    enum mqc_error (*read)(struct mqc__store *store, uint64_t number, mqc__store_visit_fn visit,
                           void *context, struct mqc_error_info *info);
    /* Makes all commits safe from a power cut. */
    enum mqc_error (*sync)(struct mqc__store *store, struct mqc_error_info *info);
    /* Frees it; accepts NULL. */
    void (*close)(struct mqc__store *store);
};

extern const struct mqc__spool_store_ops mqc__sqlite_store_ops;

#endif
