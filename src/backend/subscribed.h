#ifndef MQC_BACKEND_SUBSCRIBED_H
#define MQC_BACKEND_SUBSCRIBED_H

#include "base/error.h"
#include "base/view.h"
#include "topic/match.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Since when this node has been subscribed to a topic, without a break: by the MQTT filters that
 * the broker has of its session, over restarts too, where there is a file for that; and what was
 * unsubscribed, though a filter may still have let it through. Any thread.
 */
struct mqc__subscribed;

/* A point in time on both clocks, see base/clock.h. */
struct mqc__subscribed_now {
    int64_t monotonic_ms;
    int64_t wall_ns;
};

struct mqc__subscribed_now mqc__subscribed_clock(void);

/* Makes an empty one, or one with what the file at `path` (NULL: none) has; copies the path. A file
 * that cannot be used counts as empty: then the result is MQC_OK, and *info (not NULL) has the code
 * and says why; else its code is MQC_OK. MQC_ENOMEM. */
enum mqc_error mqc__subscribed_new(const char *path, struct mqc__subscribed_now now,
                                   struct mqc__subscribed **subscribed_out,
                                   struct mqc_error_info *info);
void mqc__subscribed_free(struct mqc__subscribed **subscribed);

/* Replaces the filters that the broker may have, and the file. One that was there before, or that a
 * wider one covered, goes on from then. May block for the disk; one call at a time. MQC_ENOMEM: the
 * old ones stay; MQC_EIO, MQC_ETOOLARGE: only the file has the old ones; *info says why. */
enum mqc_error mqc__subscribed_set(struct mqc__subscribed *subscribed, const char *const *filters,
                                   size_t count, struct mqc__subscribed_now now,
                                   struct mqc_error_info *info);

/* Notes that somebody in this process does not want the topics of a subscription any more. Without
 * memory all topics count as such. */
void mqc__subscribed_break(struct mqc__subscribed *subscribed, struct mqc_view text,
                           enum mqc_match match);

/* A number that is another one after every call of the two above; never 0. */
uint64_t mqc__subscribed_generation(const struct mqc__subscribed *subscribed);

/* Says whether a topic was among those that somebody did not want any more, since a generation;
 * very long ago means yes. */
bool mqc__subscribed_is_broken(struct mqc__subscribed *subscribed, struct mqc_view topic,
                               uint64_t generation);

/* How a topic stands with the broker. */
struct mqc__subscribed_time {
    int64_t age_ms; /* so long ago this node has subscribed to it; 0: it has not */
    uint64_t epoch; /* a number for the time since then, also over restarts; 0: it has not */
};

struct mqc__subscribed_time mqc__subscribed_find(struct mqc__subscribed *subscribed,
                                                 struct mqc_view mqtt_topic, int64_t now_ms);

/* Lists the filters that the broker may have, as copies in one piece of memory that the caller
 * frees. NULL: there are none, or *count_out is not 0 and memory ran out. */
const char **mqc__subscribed_filters(struct mqc__subscribed *subscribed, size_t *count_out);

#endif
