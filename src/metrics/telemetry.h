#ifndef MQC_METRICS_TELEMETRY_H
#define MQC_METRICS_TELEMETRY_H

#include "base/view.h"
#include "metrics/prometheus.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Counts events under the metric names of Zeek's Cluster::Telemetry. The label sets of each metric
 * are bounded: what comes when series_max of them exist is counted under "__overflow__".
 */
struct mqc__telemetry;

enum mqc__telemetry_side {
    MQC__TELEMETRY_CORE,      /* between this node and the cluster */
    MQC__TELEMETRY_WEBSOCKET, /* between a WebSocket client and this node */
};

/* Seen from whoever takes part in the cluster, the node or the client: outgoing is what it
 * publishes. */
enum mqc__telemetry_direction {
    MQC__TELEMETRY_OUTGOING,
    MQC__TELEMETRY_INCOMING,
};

/* What is counted; bits, each independent of the others. */
enum mqc__telemetry_level {
    MQC__TELEMETRY_INFO = 1,    /* events, on the WebSocket side by application */
    MQC__TELEMETRY_VERBOSE = 2, /* events by topic and handler */
    MQC__TELEMETRY_DEBUG = 4,   /* their sizes by topic and handler */
};

/* The default of series_max. */
#define MQC__TELEMETRY_SERIES_MAX ((size_t)1000)

/* A label longer than this is counted as "__overflow__". */
#define MQC__TELEMETRY_LABEL_BYTES_MAX ((size_t)512)

struct mqc__telemetry_options {
    unsigned core_levels;
    unsigned websocket_levels;
    size_t series_max;    /* label sets of one metric; 0: MQC__TELEMETRY_SERIES_MAX */
    char topic_separator; /* '/' or '.'; NUL: '/' */
};

struct mqc__telemetry_event {
    enum mqc__telemetry_side side;
    enum mqc__telemetry_direction direction;
    struct mqc_view app; /* of the WebSocket client; empty: "unknown" */
    struct mqc_view topic;
    struct mqc_view handler; /* the event's name */
    size_t bytes;            /* of the serialised event; only looked at when sizes are wanted */
};

/* Makes an object that has counted nothing; copies the options. NULL: memory ran out. */
struct mqc__telemetry *mqc__telemetry_new(const struct mqc__telemetry_options *options);

/* Frees it; no other thread may be using it. NULL is fine. Clears the pointer. */
void mqc__telemetry_free(struct mqc__telemetry **telemetry);

/* Counts one event. Any thread. Takes no lock, but when a label set is seen for the first time;
 * what has no memory then is counted as overflow. */
void mqc__telemetry_count(struct mqc__telemetry *telemetry,
                          const struct mqc__telemetry_event *event);

/* Says whether events of this side are to come with their sizes. Any thread. */
bool mqc__telemetry_wants_bytes(const struct mqc__telemetry *telemetry,
                                enum mqc__telemetry_side side);

/* Writes every metric that is on. Any thread, while others count. */
void mqc__telemetry_write(struct mqc__telemetry *telemetry, struct mqc__prometheus *writer);

#endif
