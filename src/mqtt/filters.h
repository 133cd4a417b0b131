#ifndef MQC_MQTT_FILTERS_H
#define MQC_MQTT_FILTERS_H

#include "base/error.h"
#include "mqtt/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The filters that are desired, compared with those that the broker knows. Not thread-safe, no
 * input or output; zeroed memory is ready to use.
 */

/* How a filter stands with the present connection. */
enum mqc__filter_state {
    MQC__FILTER_UNKNOWN, /* not asked for, or the answer is not there yet */
    MQC__FILTER_ACTIVE,  /* acknowledged */
    MQC__FILTER_REFUSED, /* refused; asked for again with the next connection */
};

struct mqc__filter {
    UT_hash_handle hh;
    enum mqc__filter_state state;
    bool is_desired;
    bool is_listed;      /* scratch of mqc__filters_set */
    bool has_retained;   /* the present broker has sent what it retains for it */
    uint32_t remains_at; /* a bit for each broker that may know it: that it was asked for there, in
                          * this or an earlier connection */
    char text[];
};

struct mqc__filters {
    struct mqc__filter *all;
    unsigned broker; /* that of the present or last connection, less than 32 */
    bool has_news;   /* for mqc__filters_remaining */
};

/* Filters to name in one packet; the texts are its own. */
struct mqc__filter_batch {
    char **texts;
    size_t count;
    bool wants_retained; /* to subscribe: for none of them was it sent yet */
};

/* Makes exactly these filters the desired ones; one may stand there twice. MQC_ENOMEM: the old ones
 * stay. */
enum mqc_error mqc__filters_set(struct mqc__filters *filters, const char *const *texts,
                                size_t count);

/* Adds filters that each of so many brokers may know from an earlier session. MQC_ENOMEM: some of
 * them. */
enum mqc_error mqc__filters_remember(struct mqc__filters *filters, const char *const *texts,
                                     size_t count, unsigned broker_count);

/* Notes which broker was connected to; `is_clean`: it has thrown away what it knew. */
void mqc__filters_connected(struct mqc__filters *filters, unsigned broker, bool is_clean);

/*
 * Collects all that a broker may know, if that has changed since the last call; count is 0 and
 * texts NULL when it has not. The caller frees the batch. MQC_ENOMEM: the next call says it again.
 */
enum mqc_error mqc__filters_remaining(struct mqc__filters *filters,
                                      struct mqc__filter_batch *batch_out);

/*
 * Collects filters to subscribe (or to unsubscribe), as many as one packet should have; count is 0
 * when there are none. The caller frees the batch. MQC_ENOMEM.
 */
enum mqc_error mqc__filters_to_subscribe(struct mqc__filters *filters,
                                         struct mqc__filter_batch *batch_out);
enum mqc_error mqc__filters_to_unsubscribe(struct mqc__filters *filters,
                                           struct mqc__filter_batch *batch_out);

/* Notes what the broker answered to a filter. */
void mqc__filters_subscribed(struct mqc__filters *filters, const char *text, bool is_accepted);
void mqc__filters_unsubscribed(struct mqc__filters *filters, const char *text);

/* Notes that the connection is gone; `is_kept` says that its broker may keep the session. */
void mqc__filters_lost(struct mqc__filters *filters, bool is_kept);

/* Says whether every desired filter was answered, and whether one was refused. */
bool mqc__filters_settled(const struct mqc__filters *filters);
bool mqc__filters_refused(const struct mqc__filters *filters);

/* Says whether the broker has refused this filter, which is desired. */
bool mqc__filters_is_refused(const struct mqc__filters *filters, const char *text);

/*
 * Says whether the broker serves a filter, by itself or by a desired one that ends in '#' and
 * covers it. MQC_OK: it does, or nothing of the kind is desired; MQC_ETIMEOUT: an answer is
 * missing; MQC_EREFUSED: this filter was refused, and no other serves it; MQC_ENOMEM.
 */
enum mqc_error mqc__filters_serve(const struct mqc__filters *filters, const char *text);

/* Adds a copy of a text that is none of the filters to a batch that was collected; false: the
 * packet is full, or there is no memory. */
bool mqc__filter_batch_add(struct mqc__filter_batch *batch, const char *text);

void mqc__filter_batch_fini(struct mqc__filter_batch *batch);
void mqc__filters_fini(struct mqc__filters *filters);

#endif
