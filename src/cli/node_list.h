#ifndef MQC_CLI_NODE_LIST_H
#define MQC_CLI_NODE_LIST_H

#include <mqcluster.h>

/* The nodes of the cluster and the pools they are in, as they are at one moment, sorted by name. */
struct mqc__listed_node {
    char *name;
    char *type;
    char *id; /* "": never heard of */
    bool is_up;
    int64_t since_ns;
    int64_t last_seen_ns;
    char **pools; /* their topics, sorted */
    size_t pool_count;
};

struct mqc__node_list {
    struct mqc__listed_node *items;
    size_t count;
    size_t capacity;
    struct mqc_view only; /* the one node that is wanted; empty: all */
    bool has_failed;
};

/* Lists all nodes, or the one of that name if it is known. False: no memory. The caller frees the
 * list in any case. */
bool mqc__node_list_fill(struct mqc__node_list *list, struct mqc_backend *backend,
                         struct mqc_view only);
void mqc__node_list_free(struct mqc__node_list *list);

#endif
