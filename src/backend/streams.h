#ifndef MQC_BACKEND_STREAMS_H
#define MQC_BACKEND_STREAMS_H

#include "base/error.h"
#include "base/view.h"

#include <stdint.h>

/*
 * What has arrived from each sender instance on each topic, by sequence number: so nothing that is
 * sent again reaches a handler twice, and a gap is noticed. Remembers a bounded number of streams;
 * the one that was silent longest is forgotten first, and what it repeats after that is new again.
 * Not thread-safe.
 */
struct mqc__streams;

/* A batch as it arrived. */
struct mqc__stream_batch {
    struct mqc_view instance;
    struct mqc_view topic;
    uint64_t first; /* the number of its first event; numbers begin at 1 */
    uint64_t count;
    bool starts_count; /* earlier numbers are not missing */
    uint64_t epoch;    /* what came between two epochs may not have been asked for: no gap */
};

/* What a batch means for its stream. */
struct mqc__stream_verdict {
    uint64_t repeated; /* this many of its first events were there before */
    uint64_t missing;  /* this many events before it never came */
};

/* Creates an empty memory of at most streams_max streams. NULL: out of memory. */
struct mqc__streams *mqc__streams_new(size_t streams_max);
void mqc__streams_free(struct mqc__streams **streams);

/* Takes note of a batch. A stream that is seen for the first time misses nothing: the node joined
 * late. MQC_EMALFORMED: impossible numbers; MQC_ENOMEM: the batch counts as new. */
enum mqc_error mqc__streams_arrive(struct mqc__streams *streams,
                                   const struct mqc__stream_batch *batch,
                                   struct mqc__stream_verdict *verdict_out);

#endif
