#ifndef MQC_BACKEND_INTERESTS_H
#define MQC_BACKEND_INTERESTS_H

#include "topic/cover.h"
#include "topic/subscriptions.h"

/*
 * Who in this process wants which topics: the node, by its own subscriptions, and the gateway, for
 * its clients; and the MQTT filters that serve both. The caller makes one change at a time, and
 * asks for filters in between; mqc__interests_match() is for any thread.
 */
struct mqc__interests;

/* Bits, so that one question can be about both. */
enum mqc__interest {
    MQC__INTEREST_NODE = 1,
    MQC__INTEREST_GATEWAY = 2,
};

/* What the gateway may subscribe to: strangers decide about that. */
#define MQC__GATEWAY_PREFIXES_MAX 100000
#define MQC__GATEWAY_PREFIX_BYTES_MAX 4096
#define MQC__GATEWAY_BYTES_MAX ((size_t)4 << 20) /* all together */

/* Creates it without any; the filters stand below <root>/event/. NULL: out of memory. */
struct mqc__interests *mqc__interests_new(const char *root);
void mqc__interests_free(struct mqc__interests **interests);

/* The node's own, as mqc__subscriptions_add() and _remove(). *is_change_out: the set is another. */
enum mqc_error mqc__interests_add(struct mqc__interests *interests, struct mqc_view text,
                                  enum mqc_match match, bool *is_change_out,
                                  struct mqc_error_info *info);
enum mqc_error mqc__interests_remove(struct mqc__interests *interests, struct mqc_view text,
                                     enum mqc_match match);

/* The gateway's, counted: byte prefixes. *is_change_out as above. MQC_EFULL, MQC_ETOOLARGE: its
 * limits; MQC_ENOTFOUND: there is no such prefix. */
enum mqc_error mqc__interests_ref(struct mqc__interests *interests, struct mqc_view prefix,
                                  bool *is_change_out, struct mqc_error_info *info);
enum mqc_error mqc__interests_unref(struct mqc__interests *interests, struct mqc_view prefix,
                                    bool *is_change_out);

/* Returns which of those who are asked about (bits) want a topic. Takes some hundred nanoseconds
 * with 10,000 subscriptions. */
unsigned mqc__interests_match(struct mqc__interests *interests, unsigned who,
                              struct mqc_view topic);

/* Writes the smallest set of filters that serves all who are meant, see mqc__cover(), and returns
 * how many; the array has room for mqc__interests_count(). They live until the next change. */
size_t mqc__interests_count(const struct mqc__interests *interests);
size_t mqc__interests_filters(struct mqc__interests *interests, unsigned who,
                              const struct mqc__cover_rule *rule, const char **filters_out);

#endif
