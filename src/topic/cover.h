#ifndef MQC_TOPIC_COVER_H
#define MQC_TOPIC_COVER_H

#include <stdbool.h>
#include <stddef.h>

/* Says whether the broker refuses a filter, which covers nothing then. */
struct mqc__cover_rule {
    void *context;
    bool (*is_refused)(void *context, const char *filter);
};

/*
 * Reduces MQTT filters, all of which end in '#' and have no other wildcard, to the smallest set
 * that covers them: sorts them in place and drops those that another one covers. One that the
 * broker refuses stays, for it may be granted later, and so do those that it alone would cover.
 * Returns how many are left. `rule` may be NULL: none is refused.
 */
size_t mqc__cover(const char **filters, size_t count, const struct mqc__cover_rule *rule);

#endif
