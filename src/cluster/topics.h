#ifndef MQC_CLUSTER_TOPICS_H
#define MQC_CLUSTER_TOPICS_H

#include "base/arena.h"
#include "cluster/node_type.h"

/*
 * The cluster's own topics, as Zeek names them. The separator is '/', or '.' as in a cluster on
 * ZeroMQ. The topics of nodes and node ids end with it, so that worker-1's is no prefix of
 * worker-10's. Each function makes its topic in the arena; false: the arena has no room.
 */

/* zeek/cluster/worker; empty for the types that have none, NONE and CONTROL. */
bool mqc__topic_of_class(struct mqc__arena *arena, char separator, enum mqc__node_type type,
                         struct mqc_view *topic_out);

/* zeek/cluster/pool/worker */
bool mqc__topic_of_pool(struct mqc__arena *arena, char separator, struct mqc_view name,
                        struct mqc_view *topic_out);

/* zeek/cluster/node/worker-1/ */
bool mqc__topic_of_node(struct mqc__arena *arena, char separator, struct mqc_view name,
                        struct mqc_view *topic_out);

/* zeek/cluster/nodeid/ID/ */
bool mqc__topic_of_node_id(struct mqc__arena *arena, char separator, struct mqc_view id,
                           struct mqc_view *topic_out);

/* Says whether a topic is the own one of a node or of a node id, or lies below it: one node alone
 * listens to it. */
bool mqc__topic_is_of_one_node(struct mqc_view topic, char separator);

#endif
