#ifndef MQC_CLUSTER_MEMBERSHIP_PRIV_H
#define MQC_CLUSTER_MEMBERSHIP_PRIV_H

#include "cluster/membership.h"
#include "cluster/membership_complaints.h"
#include "cluster/membership_hash.h"
#include "cluster/membership_rivals.h"
#include "cluster/membership_table.h"
#include "codec/presence.h"

/* The kinds of errors, each with its own limit. */
enum mqc__complaint {
    MQC__COMPLAINT_UNEXPECTED,
    MQC__COMPLAINT_DUPLICATE,
    MQC__COMPLAINT_MALFORMED,
    MQC__COMPLAINT_TOO_MANY,
    MQC__COMPLAINT_COUNT,
};

struct mqc__membership {
    /* Fixed at creation; the texts are in `memory`. */
    struct mqc__membership_sink sink;
    struct mqc__arena memory;
    const char *root;
    const char *type_filters[MQC__NODE_WORKER + 1];
    struct mqc_view topic; /* this node's own */
    enum mqc__node_type type;
    bool is_dynamic;
    size_t nodes_max;

    unsigned types;
    const char *filters[MQC__NODE_WORKER + 1]; /* room for every type but NONE, and the own topic */
    size_t filter_count;

    /* This node. */
    struct mqc__presence own; /* its connection and renewal are the latest */
    struct mqc__rivals *rivals;
    bool is_connected;
    bool has_given_way;
    bool is_closed;
    int64_t announced_ms;
    int64_t next_announce_ms;

    /* What can be heard. */
    int64_t evidence_ms;      /* when the broker was last heard of */
    int64_t hearing_since_ms; /* since when there was no gap in what is heard */
    int64_t next_tick_ms;
    uint32_t shortest_lease_ms; /* of all leases so far */

    /* The other nodes. */
    struct mqc__member_table table;
    struct mqc__complaints complaints[MQC__COMPLAINT_COUNT];

    /* Scratch, with enough memory from the beginning but for `decoded`. */
    struct mqc__arena decoded;
    struct mqc__buffer name;
    struct mqc__buffer payload;
};

/* A presence as it arrived. */
struct mqc__arrival {
    const struct mqc__presence *presence;
    enum mqc__node_type type;
    int64_t now_ms;
    int64_t lease_end_ms;
    bool is_fresh; /* was sent just now, as far as can be told */
};

/* membership.c */

static inline bool mqc__is_node_type(enum mqc__node_type type)
{
    return type > MQC__NODE_NONE && type <= MQC__NODE_WORKER;
}

/* A process outside the cluster may go by the name of a node. */
static inline bool mqc__own_is_name(const struct mqc__membership *membership, struct mqc_view name)
{
    return membership->type != MQC__NODE_NONE && mqc_view_equal(name, membership->own.name);
}

/* Lists the filters of the types listened to. */
void mqc__membership_list_filters(struct mqc__membership *membership);

void mqc__membership_act(const struct mqc__membership *membership,
                         const struct mqc__membership_action *action);
/* Tells an error, unless that was done lately; `key` says what is the same error. */
void mqc__membership_complain(struct mqc__membership *membership, enum mqc__complaint complaint,
                              uint64_t key, int64_t now_ms, const char *format, ...)
    MQC_PRINTF(5, 6);
/* A rival's renewal, from its arrival. */
struct mqc__rival_renewal mqc__membership_renewal(const struct mqc__membership *membership,
                                                  const struct mqc__arrival *arrival);

/* membership_lease.c: time. */

/* To be called first by each input: notices that it comes late. */
void mqc__lease_observe(struct mqc__membership *membership, int64_t now_ms);
/* The broker was heard of. */
void mqc__lease_evidence(struct mqc__membership *membership, int64_t now_ms);
/* Takes down the nodes whose leases have run out. */
void mqc__lease_expire(struct mqc__membership *membership, int64_t now_ms);
/* To be called last by each input: plans the next tick. */
void mqc__lease_plan(struct mqc__membership *membership, int64_t now_ms);

/* membership_own.c: this node's own presence. */

/* Says whether this node announces itself whenever it is connected. */
bool mqc__own_is_announced(const struct mqc__membership *membership);
void mqc__own_announce(struct mqc__membership *membership, int64_t now_ms);
/* The broker may keep something else than this node's presence: announces it, not too often. */
void mqc__own_restore(struct mqc__membership *membership, int64_t now_ms);
void mqc__own_goodbye(struct mqc__membership *membership, struct mqc_view reason);
/* A presence under this node's name. MQC_ENOMEM: nothing was done. */
enum mqc_error mqc__own_received(struct mqc__membership *membership,
                                 const struct mqc__arrival *arrival);

/* membership_peer.c: the rules for the others. */

/* A presence under another name, of a type that is listened to. MQC_ENOMEM: nothing was done. */
enum mqc_error mqc__peer_received(struct mqc__membership *membership,
                                  const struct mqc__arrival *arrival);
void mqc__peer_down(struct mqc__membership *membership, struct mqc__member *member, int64_t now_ms,
                    const char *why);
/* A presence that the layout does not allow. */
void mqc__peer_unexpected(struct mqc__membership *membership, const struct mqc__arrival *arrival,
                          const char *problem);

#endif
