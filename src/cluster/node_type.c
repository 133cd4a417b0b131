#include "cluster/node_type.h"

static const char *const names[] = {
    [MQC__NODE_NONE] = "none",       [MQC__NODE_CONTROL] = "control", [MQC__NODE_LOGGER] = "logger",
    [MQC__NODE_MANAGER] = "manager", [MQC__NODE_PROXY] = "proxy",     [MQC__NODE_WORKER] = "worker",
};

#define NAME_COUNT (sizeof names / sizeof names[0])

const char *mqc__node_type_name(enum mqc__node_type type)
{
    return (size_t)type < NAME_COUNT ? names[type] : "unknown";
}

bool mqc__node_type_parse(struct mqc_view name, enum mqc__node_type *type_out)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (!mqc_view_equal(name, mqc_view_text(names[i])))
            continue;
        *type_out = (enum mqc__node_type)i;
        return true;
    }
    return false;
}
