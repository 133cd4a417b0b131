#ifndef MQC_TOPIC_SUBSCRIPTIONS_H
#define MQC_TOPIC_SUBSCRIPTIONS_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/view.h"
#include "topic/match.h"

/*
 * The node's subscriptions as a set: what Zeek code subscribed to, the MQTT filters that cover it,
 * and the exact test on arrival. A (text, mode) pair counts once however often it is added, and as
 * often as it is referenced. Not thread-safe, but for matching while the filters are made.
 */
struct mqc__subscriptions;

/* Creates an empty set whose filters stand below <root>/event/; copies root. NULL: out of memory.
 */
struct mqc__subscriptions *mqc__subscriptions_new(const char *root);
void mqc__subscriptions_free(struct mqc__subscriptions **set);

/* Adds a subscription; adding it again changes nothing. MQC_ETOPIC: its filter breaks a limit;
 * MQC_ENOMEM: nothing was added. */
enum mqc_error mqc__subscriptions_add(struct mqc__subscriptions *set, struct mqc_view text,
                                      enum mqc_match match, struct mqc_error_info *info);

/* Removes exactly that subscription. MQC_ENOTFOUND: it was not there. */
enum mqc_error mqc__subscriptions_remove(struct mqc__subscriptions *set, struct mqc_view text,
                                         enum mqc_match match);

/* Add one that goes only when it was taken back as often. Errors as above. */
enum mqc_error mqc__subscriptions_ref(struct mqc__subscriptions *set, struct mqc_view text,
                                      enum mqc_match match, struct mqc_error_info *info);
enum mqc_error mqc__subscriptions_unref(struct mqc__subscriptions *set, struct mqc_view text,
                                        enum mqc_match match);

/* Says whether any subscription wants the (decoded) topic. */
bool mqc__subscriptions_match(const struct mqc__subscriptions *set, struct mqc_view topic);

/* Says whether one subscription wants the topic: the rule itself, without a set. */
bool mqc__match(struct mqc_view text, enum mqc_match match, struct mqc_view topic);

size_t mqc__subscriptions_count(const struct mqc__subscriptions *set);

/* Writes each subscription's filter, as many as are counted, in no order; they live until it is
 * removed. Returns how many. */
size_t mqc__subscriptions_list(const struct mqc__subscriptions *set, const char **filters_out);

/*
 * The smallest set of MQTT filters that covers every subscription: no filter of it covers another.
 * Returns NUL-terminated texts in byte order that live until the next add or remove, and their
 * number. NULL with *count_out 0 when there are none; NULL with *count_out 1 or more when memory
 * ran out.
 */
const char *const *mqc__subscriptions_filters(struct mqc__subscriptions *set, size_t *count_out);

/* Appends the MQTT filter of one subscription. MQC_ETOPIC: it breaks a limit; MQC_ENOMEM; the
 * buffer is then as it was. */
enum mqc_error mqc__filter_compose(const char *root, struct mqc_view text, enum mqc_match match,
                                   struct mqc__buffer *buffer, struct mqc_error_info *info);

/* Says whether filter a matches every topic that filter b matches (MQTT 4.7). */
bool mqc__filter_covers(const char *a, const char *b);

/* Says whether an MQTT filter matches an MQTT topic name (MQTT 4.7). */
bool mqc__filter_match(const char *filter, struct mqc_view mqtt_topic);

#endif
