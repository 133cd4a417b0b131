#ifndef MQC_METRICS_PROMETHEUS_H
#define MQC_METRICS_PROMETHEUS_H

#include "base/buffer.h"
#include "base/view.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Writes metrics in the Prometheus text format 0.0.4. A family is begun once; its samples follow.
 * A failed append is remembered in the buffer. Not thread-safe.
 */
#define MQC__PROMETHEUS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct mqc__prometheus {
    struct mqc__buffer *out;
    struct mqc_view node; /* on every line as the label `node`, unless it is empty */
    const char *name;     /* of the family that was begun last */
    const char *suffix;
};

struct mqc__prometheus_label {
    const char *name;
    struct mqc_view value; /* any bytes: written escaped, and cleaned as below */
};

struct mqc__prometheus_labels {
    const struct mqc__prometheus_label *items;
    size_t count;
};

/* What a histogram counted: counts[i] is what was at most bounds[i] and above the bound before, and
 * counts[bound_count] what was above all. */
struct mqc__prometheus_histogram {
    const uint64_t *bounds;
    size_t bound_count;
    const uint64_t *counts;
    uint64_t sum;
};

/* Prepares a writer that appends to the buffer; the node's name is borrowed as long as it writes.
 */
void mqc__prometheus_init(struct mqc__prometheus *writer, struct mqc__buffer *out,
                          struct mqc_view node);

/* Begin a family; the help is one line of ASCII. Name and help are borrowed until the next one. The
 * name of a counter goes without "_total", which every line gets. */
void mqc__prometheus_begin_counter(struct mqc__prometheus *writer, const char *name,
                                   const char *help);
void mqc__prometheus_begin_gauge(struct mqc__prometheus *writer, const char *name,
                                 const char *help);
void mqc__prometheus_begin_histogram(struct mqc__prometheus *writer, const char *name,
                                     const char *help);

/* One line of the counter or gauge that was begun last; its labels differ from those of its other
 * lines. */
void mqc__prometheus_count(struct mqc__prometheus *writer, struct mqc__prometheus_labels labels,
                           uint64_t value);
void mqc__prometheus_number(struct mqc__prometheus *writer, struct mqc__prometheus_labels labels,
                            double value);

/* The lines of one histogram of the family that was begun last. */
void mqc__prometheus_histogram(struct mqc__prometheus *writer, struct mqc__prometheus_labels labels,
                               const struct mqc__prometheus_histogram *histogram);

/* A whole family without labels in one call. */
void mqc__prometheus_counter(struct mqc__prometheus *writer, const char *name, const char *help,
                             uint64_t value);
void mqc__prometheus_gauge(struct mqc__prometheus *writer, const char *name, const char *help,
                           double value);

/* Cleans a label's value: what is no UTF-8 and control characters become U+FFFD, one for each byte.
 * Returns the value itself when it is clean, or what was written to `room`, which has space for
 * three times the value's size. Two values that differ may be equal once clean: who keeps values
 * apart cleans them first. */
struct mqc_view mqc__prometheus_clean(struct mqc_view value, char *room);

#endif
