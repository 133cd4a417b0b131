#ifndef MQC_CLUSTER_PRESENCE_TOPIC_H
#define MQC_CLUSTER_PRESENCE_TOPIC_H

#include "base/buffer.h"
#include "base/error.h"
#include "cluster/node_type.h"

/* The topics of presence: <root>/node/<type>/<enc(name)>, where enc is that of topic/topic.h and
 * the name is one level. */

/* Appends a node's presence topic. MQC_ETOPIC: the name is empty, too long or contains '/';
 * MQC_ENOMEM: the buffer is full. On failure the buffer is as it was. */
enum mqc_error mqc__presence_topic(const char *root, enum mqc__node_type type, struct mqc_view name,
                                   struct mqc__buffer *buffer, struct mqc_error_info *info);

/* Appends the filter that covers all nodes of a type: <root>/node/<type>/#. MQC_ENOMEM. */
enum mqc_error mqc__presence_filter(const char *root, enum mqc__node_type type,
                                    struct mqc__buffer *buffer);

/* Says whether a topic lies below <root>/node/. */
bool mqc__presence_topic_is(const char *root, struct mqc_view mqtt_topic);

/* Takes a topic below <root>/node/ apart; appends the name to the buffer. MQC_EMALFORMED: it is not
 * what mqc__presence_topic() makes, *info says why. MQC_ENOMEM. */
enum mqc_error mqc__presence_topic_parse(const char *root, struct mqc_view mqtt_topic,
                                         enum mqc__node_type *type_out, struct mqc__buffer *name,
                                         struct mqc_error_info *info);

#endif
