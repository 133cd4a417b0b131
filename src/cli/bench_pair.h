#ifndef MQC_CLI_BENCH_PAIR_H
#define MQC_CLI_BENCH_PAIR_H

#include "cli/bench_tally.h"
#include "cli/client.h"

#include <pthread.h>

/* The least bytes of an event, for what its arguments tell. */
#define MQC__BENCH_SIZE_LEAST 24
#define MQC__BENCH_SIZE_MOST (1U << 20)

/* How many lone events are sent, and how many others at most. */
#define MQC__BENCH_LONE 100
#define MQC__BENCH_EVENTS_MOST 100000000

/* Lone events tell how long one takes, the others how many can be sent. */
enum mqc__bench_kind {
    MQC__BENCH_KIND_LONE,
    MQC__BENCH_KIND_FLOW,
    MQC__BENCH_KINDS,
};

/*
 * The two ends of `mqcluster bench`: a client that publishes, and a second one that receives on a
 * thread of the library. Both are guests of the cluster.
 */
struct mqc__bench_pair {
    struct mqc__client client; /* publishes */
    struct mqc_backend *receiver;
    const char *topic;
    uint64_t run;  /* tells our events from those of others on the topic */
    char *filling; /* makes an event as large as it is to be */
    size_t filling_bytes;
    uint64_t accepted[MQC__BENCH_KINDS];
    bool has_mutex;
    pthread_mutex_t mutex; /* protects what follows */
    struct mqc__bench_tally tallies[MQC__BENCH_KINDS];
    int64_t lone_ns[MQC__BENCH_LONE]; /* how long each took that has arrived */
};

/* Makes both ends, for events of `size` bytes on a topic, which lives as long as the pair. Reports
 * what goes wrong and returns the exit status. The caller calls mqc__bench_pair_fini() in any
 * case. */
int mqc__bench_pair_open(struct mqc__bench_pair *pair, const struct mqc__options *options,
                         const char *topic, size_t size);

/* Connects both ends and waits, for at most timeout_ms, until the broker has acknowledged the
 * subscription. Reports what goes wrong and returns the exit status. */
int mqc__bench_pair_connect(struct mqc__bench_pair *pair, int64_t timeout_ms);

/* Publishes the next event of a kind and counts it. MQC_EFULL: try again in a moment; on all other
 * errors *info says why no event will do better. */
enum mqc_error mqc__bench_pair_send(struct mqc__bench_pair *pair, enum mqc__bench_kind kind,
                                    struct mqc_error_info *info);

/* How many of a kind have arrived. */
uint64_t mqc__bench_pair_received(struct mqc__bench_pair *pair, enum mqc__bench_kind kind);

/* Closes both ends without waiting: from here on nothing arrives. */
void mqc__bench_pair_close(struct mqc__bench_pair *pair);

/* Closes what is open and frees everything. */
void mqc__bench_pair_fini(struct mqc__bench_pair *pair);

/* Nanoseconds of a clock that never jumps. */
int64_t mqc__bench_now_ns(void);

#endif
