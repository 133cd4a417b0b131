#ifndef MQC_CLI_NODES_PRINT_H
#define MQC_CLI_NODES_PRINT_H

#include "cli/node_list.h"

/* What `mqcluster nodes` writes. Each returns false when it could not be written, which is
 * reported. */
bool mqc__nodes_print_table(const char *who, const struct mqc__node_list *list);
bool mqc__nodes_print_json(const char *who, const struct mqc__node_list *list);

/* A node that came up or went down. */
struct mqc__change {
    bool is_up;
    char *id;
    int64_t at_ns;
};
bool mqc__nodes_print_change(const char *who, const struct mqc__listed_node *node,
                             const struct mqc__change *change, bool is_json);

#endif
