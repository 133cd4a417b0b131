#ifndef MQC_BACKEND_SUBSCRIBED_PRIV_H
#define MQC_BACKEND_SUBSCRIBED_PRIV_H

#include "backend/subscribed.h"

#include "base/buffer.h"
#include "base/map.h"

#include <pthread.h>
#include <stdatomic.h>

/* So many breaks are known one by one; before them, all topics count as broken. */
#define MQC__SUBSCRIBED_BREAKS_MAX 256

/* A filter, and since when it or a wider one was at the broker without a break. */
struct mqc__subscribed_filter {
    int64_t since_ms;
    int64_t epoch;
    bool is_at_broker; /* else a wider one stands for it */
    char text[];
};

/* What was unsubscribed, and the generation that it made. */
struct mqc__subscribed_gone {
    uint64_t generation;
    char *text;
    size_t size;
    enum mqc_match match;
};

struct mqc__subscribed {
    char *path;              /* NULL: no file */
    pthread_mutex_t mutex;   /* guards what follows, but for the generation */
    struct mqc__map filters; /* struct mqc__subscribed_filter by text */
    struct mqc__buffer scratch;
    struct mqc__subscribed_gone breaks[MQC__SUBSCRIBED_BREAKS_MAX]; /* a ring */
    size_t next_break;
    uint64_t broken_before; /* the generation of the youngest break that is not in the ring */
    _Atomic uint64_t generation;
};

/* Makes a filter of a text. NULL: out of memory. */
struct mqc__subscribed_filter *mqc__subscribed_filter_new(struct mqc_view text);

/* Adds a filter whose text is not there yet, and takes it, also on failure; NULL is one. */
bool mqc__subscribed_filter_add(struct mqc__map *filters, struct mqc__subscribed_filter *filter);

/* Fills an empty one with what its file has; one that cannot be used counts as empty, and *info
 * says why. MQC_ENOMEM. */
enum mqc_error mqc__subscribed_load(struct mqc__subscribed *subscribed,
                                    struct mqc__subscribed_now now, struct mqc_error_info *info);

/* Writes the file, if there is to be one. Nobody may change the filters meanwhile. Never
 * MQC_ENOMEM.
 */
enum mqc_error mqc__subscribed_store(struct mqc__subscribed *subscribed,
                                     struct mqc__subscribed_now now, struct mqc_error_info *info);

#endif
