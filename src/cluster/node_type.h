#ifndef MQC_CLUSTER_NODE_TYPE_H
#define MQC_CLUSTER_NODE_TYPE_H

#include "base/view.h"

/* A node's class, in Zeek's order. NONE is a process outside the cluster. */
enum mqc__node_type {
    MQC__NODE_NONE,
    MQC__NODE_CONTROL,
    MQC__NODE_LOGGER,
    MQC__NODE_MANAGER,
    MQC__NODE_PROXY,
    MQC__NODE_WORKER,
};

/* Returns the name of a type as configuration and topics write it, "worker" for instance; never
 * NULL. Any thread. */
const char *mqc__node_type_name(enum mqc__node_type type);

/* Reads such a name; false leaves *type_out as it was. Any thread. */
bool mqc__node_type_parse(struct mqc_view name, enum mqc__node_type *type_out);

#endif
