#ifndef MQC_CLUSTER_MEMBERSHIP_TABLE_H
#define MQC_CLUSTER_MEMBERSHIP_TABLE_H

#include "base/map.h"
#include "cluster/membership_rivals.h"
#include "cluster/node_type.h"

#include <stdint.h>

/* One other node. Made down; the table keeps the fields up to is_up, the rules the rest. */
struct mqc__member {
    size_t index;
    int64_t deadline_ms; /* when its lease runs out; matters while it is up */
    enum mqc__node_type type;
    bool is_up;
    uint8_t grace_count; /* leases granted since it was last heard of */
    uint32_t lease_ms;
    int64_t since_ms;
    int64_t heard_ms;
    uint64_t start_ms;
    uint64_t connection;
    uint64_t renewal;
    char *instance; /* NULL: never heard of */
    size_t instance_size;
    struct mqc__rivals *rivals;
    size_t name_size;
    char name[]; /* NUL-terminated */
};

/*
 * The nodes, by name and by the end of their leases: those that are up stand first in `items`, as a
 * heap whose first has the earliest deadline; the others follow in no order. Going up or down needs
 * no memory. Zeroed memory is an empty table.
 */
struct mqc__member_table {
    struct mqc__map by_name;
    struct mqc__member **items;
    size_t capacity;
    size_t count;
    size_t up_count;
    size_t up_by_type[MQC__NODE_WORKER + 1];
};

void mqc__member_table_fini(struct mqc__member_table *table);

struct mqc__member *mqc__member_find(const struct mqc__member_table *table, struct mqc_view name);

/* Adds a node that is not there yet, down and never heard of; NULL: no memory. */
struct mqc__member *mqc__member_add(struct mqc__member_table *table, struct mqc_view name,
                                    enum mqc__node_type type);

/* Removes and frees a node that is down. */
void mqc__member_remove(struct mqc__member_table *table, struct mqc__member *member);

/* Makes a node that is down go up, or sets the deadline of one that is up. */
void mqc__member_set_up(struct mqc__member_table *table, struct mqc__member *member,
                        int64_t deadline_ms);
/* Makes a node that is up go down. */
void mqc__member_set_down(struct mqc__member_table *table, struct mqc__member *member);

/* The node that is up and has the earliest deadline, or NULL. */
struct mqc__member *mqc__member_first(const struct mqc__member_table *table);

/* A node that has been down for long, the longest of a few that are looked at; NULL: all are up. */
struct mqc__member *mqc__member_longest_down(const struct mqc__member_table *table);

static inline struct mqc_view mqc__member_name(const struct mqc__member *member)
{
    return mqc_view_bytes(member->name, member->name_size);
}

static inline struct mqc_view mqc__member_instance(const struct mqc__member *member)
{
    return mqc_view_bytes(member->instance, member->instance_size);
}

#endif
