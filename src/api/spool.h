#ifndef MQC_API_SPOOL_H
#define MQC_API_SPOOL_H

#include "backend/message.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* What is promised for an event: delivery.guarantee, and delivery.prefixes. */
enum mqc_guarantee {
    MQC_GUARANTEE_BEST_EFFORT, /* it is sent once; never on disk */
    MQC_GUARANTEE_BROKER,      /* the broker has acknowledged it */
    MQC_GUARANTEE_END_TO_END,  /* the nodes that it is for have handled it */
};

/* Returns "best_effort", "broker" or "end_to_end". Any thread. */
MQC_API const char *mqc_guarantee_name(enum mqc_guarantee guarantee);

/* One event of a spool. Everything is borrowed for the call. */
struct mqc_spool_record {
    uint64_t number;          /* ascending in the order in which events were accepted */
    struct mqc_view instance; /* of the node, which accepted it under this node id */
    struct mqc_view topic;    /* data is NULL where it is of a cluster with another root */
    struct mqc_view mqtt_topic;
    uint64_t sequence; /* among the events of the instance and the topic */
    enum mqc_guarantee guarantee;
    bool is_urgent;
    bool is_to_one;          /* end_to_end, to a topic that reaches one node */
    uint64_t bytes;          /* that it counts towards delivery.spool_bytes */
    struct mqc_view payload; /* for mqc_payload_decode() */
};

/* Takes one event; false: no more. */
typedef bool (*mqc_spool_fn)(void *context, const struct mqc_spool_record *record);

#endif
