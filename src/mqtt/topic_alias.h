#ifndef MQC_MQTT_TOPIC_ALIAS_H
#define MQC_MQTT_TOPIC_ALIAS_H

#include "base/view.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The numbers that stand for topics on one connection (MQTT 5, 3.3.2.3.4), the topics of lately
 * among them: one that was used since it was last looked at keeps its number, so that more topics
 * than numbers do not drive each other out all the time. Not thread-safe. Zeroed memory has none.
 */

/* More than brokers usually allow, and still quickly gone through. */
#define MQC__TOPIC_ALIAS_MAX 32

struct mqc__topic_alias {
    char *topic; /* NULL: free */
    size_t size;
    bool was_used;
};

struct mqc__topic_aliases {
    struct mqc__topic_alias list[MQC__TOPIC_ALIAS_MAX]; /* the number is the place, from 1 */
    uint16_t count_max;
    uint16_t hand; /* the place that is looked at next when there is none free */
};

/* With a new connection: none is known to the broker, which takes so many. */
void mqc__topic_aliases_init(struct mqc__topic_aliases *aliases, uint16_t broker_max);
void mqc__topic_aliases_fini(struct mqc__topic_aliases *aliases);

/*
 * Returns the number for a topic, 0 when it is to be sent without one. *is_new_out: the broker does
 * not know it, so the topic goes with it; what is not sent after all must be forgotten.
 */
uint16_t mqc__topic_aliases_use(struct mqc__topic_aliases *aliases, struct mqc_view topic,
                                bool *is_new_out);
void mqc__topic_aliases_forget(struct mqc__topic_aliases *aliases, uint16_t alias);

#endif
