#ifndef TESTS_BENCH_DURABLE_H
#define TESTS_BENCH_DURABLE_H

#include "bench/flow.h"
#include "bench/pair.h"

#include <mqcluster.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A publisher with several threads and its receiver, each in a process of its own, on the public
 * interface, for tests/bench/bench_durability.py and its like. Each thread has a stream of events,
 * numbered from 0 on each topic, so that the receiver sees what is missing, twice, or late.
 */

#define STREAMS_MOST 16
#define DURABLE_TOPICS_MOST 8
#define DURABLE_EVENT "connection_seen"
#define DURABLE_PUBLISHER "publisher"
#define DURABLE_RECEIVER "receiver"

/* Nothing has arrived for so long: what is missing is lost. */
#define DURABLE_PATIENCE_NS (10 * NS_PER_S)

/* What one run is to measure; all texts are of the command line. */
struct durable_plan {
    bool is_drain; /* the spool is filled first, without a broker */
    const char *host;
    const char *folder; /* for files */
    const char *disk;   /* for the spool */
    const char *cluster;
    const char *guarantee;
    const char *fsync; /* NULL: durability memory */
    const char *spool_bytes;
    uint16_t port;
    bool is_async;
    bool is_to_one; /* on topics of the receiver alone */
    unsigned topic_count;
    unsigned thread_count; /* beside the one that goes on while the spool is drained */
    uint64_t window;       /* of events of a thread that wait for the disk, with is_async */
    uint64_t ahead;        /* events by which a thread may be ahead of the receiver */
    double seconds;
    double per_s; /* of the thread that goes on */
};

/* One thread's events. The receiver's handlers write the upper half, the publisher the lower. */
struct stream {
    struct flow arrived;                /* counts those that came in their order */
    uint64_t next[DURABLE_TOPICS_MOST]; /* the number that is due on a topic */
    uint64_t disordered;                /* came again, or too late */
    int64_t last_ns;

    uint64_t accepted;
    uint64_t failed;  /* taken, but never committed */
    uint64_t refused; /* for want of room, and not offered again */
};

/* What the processes share. */
struct durable {
    sem_t is_receiver_ready;
    sem_t may_publish;   /* drain: the broker is gone */
    sem_t is_spool_full; /* drain: the broker may come back */
    sem_t is_over;
    struct stream streams[STREAMS_MOST];
    int64_t first_ns; /* of the first arrival */
    int64_t max_gap_ns;
    int64_t last_ns;
    int64_t accepting_ns; /* how long events were accepted */
    uint64_t backlog;     /* what was in the spool when the broker came back */
    struct usage publisher;
    struct usage receiver;
};

/* Writes the event topic of a number; room for 128 bytes. */
void durable_topic(const struct durable_plan *plan, unsigned number, char *text_out);

/* Opens the node of a role, without waiting for the broker; the receiver's calls `handler`. Says on
 * standard error why not; NULL then. durable_close() ends it. */
struct mqc_backend *durable_open(const struct durable_plan *plan, const char *name,
                                 mqc_message_fn handler, void *context);
void durable_close(struct mqc_backend **backend);

/* Waits for the broker; complains. */
bool durable_await_ready(struct mqc_backend *backend);

/* The lives of the two processes; false when it could not be measured, of which standard error
 * tells. */
bool durable_receive(const struct durable_plan *plan, struct durable *durable);
bool durable_publish(const struct durable_plan *plan, struct durable *durable);

/* The events of a stream: taken apart by the receiver, put together by the publisher. */
struct durable_mark {
    uint32_t number;
    uint8_t stream;
    uint8_t topic;
};

/* Fills in the arguments, of which there are DURABLE_ARGS. */
#define DURABLE_ARGS 5
void durable_fill(struct mqc_value *args, const struct durable_mark *mark);
struct durable_mark durable_read(const struct mqc_event *event);

/* One line to standard error. Any thread. */
__attribute__((format(printf, 1, 2))) void durable_complain(const char *format, ...);

#endif
