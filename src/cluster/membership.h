#ifndef MQC_CLUSTER_MEMBERSHIP_H
#define MQC_CLUSTER_MEMBERSHIP_H

#include "base/error.h"
#include "base/view.h"
#include "cluster/node_type.h"

#include <stdint.h>

/*
 * Who is in the cluster, as one node knows it from the presence messages of the others, and this
 * node's own presence. Pure: it sends nothing and reads no clock; the owner tells it what happens,
 * with the time, and performs what it hands to the sink. Times are those of one clock that never
 * goes back, in ms from 0 on. Not thread-safe.
 *
 * The lease is the truth: a node is up until its lease, counted here from the arrival of its last
 * renewal, runs out. Goodbyes and wills only make it faster, and count only for the instance, and
 * the connection of it, that they were made for.
 *
 * Leases stand still while nothing can be heard: without a connection; while the broker has
 * acknowledged no announcement and sent no presence for half of this node's lease, as behind a link
 * that is cut silently; and when an input comes much later than was asked for, as after SIGSTOP or
 * the sleep of the machine. Then every node has one full lease more to be heard of, at most
 * MQC__MEMBERSHIP_GRACES_MAX times in a row.
 *
 * An instance that was replaced, or whose clock says that it is older than the present one, must
 * prove that it lives: by two renewals that are apart by at least a sixth of its lease, neither of
 * them retained or long on its way, on one connection of this node. So what was stuck in some queue
 * brings nobody back, and a clock that is wrong keeps nobody out for longer than a lease. If the
 * present instance is heard of too, there are two of one name.
 *
 * Of two instances of this node's own name, both alive, the one that started earlier by their own
 * clocks (if at the same time: whose id is smaller) gives way, and the other does not. It says so
 * in a goodbye that is not retained, since what the broker keeps is the other's by then.
 *
 * When all live nodes are connected and nothing more happens, all of them know who is up within
 * four thirds of a lease and the time that messages take: the lease of what is wrongly held to be
 * up, then the next renewal of what is up. A node that is back within a lease after a break, its
 * own or the broker's, is not taken down by its lease.
 */
struct mqc__membership;

#define MQC__MEMBERSHIP_LEASE_DEFAULT_MS 15000
#define MQC__MEMBERSHIP_NODES_DEFAULT 100000
#define MQC__MEMBERSHIP_GRACES_MAX 3

/* What the owner is to do, or to tell. */
enum mqc__membership_action_kind {
    MQC__MEMBERSHIP_PUBLISH,   /* publish topic, payload: QoS 1, is_retained, expiry_s, content type
                                * MQC__CONTENT_TYPE_PRESENCE (codec/presence.h) */
    MQC__MEMBERSHIP_HELLO,     /* name, instance, type; NODE_UP of the same follows, always */
    MQC__MEMBERSHIP_NODE_UP,   /* name, instance, type */
    MQC__MEMBERSHIP_NODE_DOWN, /* name, instance, type; text says why */
    MQC__MEMBERSHIP_ERROR,     /* tag, text */
    MQC__MEMBERSHIP_GIVE_WAY,  /* tag "give_way", text: another instance has this node's name; this
                                * one announces itself no more and should end */
};

/*
 * One action; what it points to lives for the call of the sink. Tags of errors: "unexpected_node"
 * (a stranger to a static layout, or a node of another type than the layout's), "duplicate_node"
 * (two live instances of one name), "malformed_presence" (the text names the topic),
 * "too_many_nodes". The same error about the same node is told once an hour, and ten of a kind in a
 * minute; the next one says how many were left out.
 */
struct mqc__membership_action {
    enum mqc__membership_action_kind kind;
    enum mqc__node_type type;
    struct mqc_view name;
    struct mqc_view instance;
    const char *tag;
    const char *text;
    struct mqc_view topic;
    struct mqc_view payload;
    bool is_retained;
    uint32_t expiry_s;
};

/* Where the actions go, in order, inside the call that causes them. The sink may ask the membership
 * questions but give it no input. */
struct mqc__membership_sink {
    void *context;
    void (*act)(void *context, const struct mqc__membership_action *action);
};

/* A set of node types. */
#define MQC__TYPE_BIT(type) (1U << (type))
#define MQC__TYPES_ALL                                                                             \
    (MQC__TYPE_BIT(MQC__NODE_CONTROL) | MQC__TYPE_BIT(MQC__NODE_LOGGER) |                          \
     MQC__TYPE_BIT(MQC__NODE_MANAGER) | MQC__TYPE_BIT(MQC__NODE_PROXY) |                           \
     MQC__TYPE_BIT(MQC__NODE_WORKER))

/* A node of the layout. */
struct mqc__membership_node {
    struct mqc_view name;
    enum mqc__node_type type;
};

/* Copied by mqc__membership_new. */
struct mqc__membership_options {
    const char *root;
    struct mqc_view name;
    enum mqc__node_type type; /* NONE: a process outside the cluster, which only listens */
    struct mqc_view instance; /* new at each start */
    uint64_t start_ms;        /* wall clock */
    uint32_t lease_ms;        /* this node's; it announces itself after each third of it */
    unsigned types;           /* listen to nodes of these types */
    bool is_dynamic; /* whoever announces itself is a member; else the nodes below are all */
    const struct mqc__membership_node *nodes; /* this node among them is left out */
    size_t node_count;
    size_t nodes_max; /* dynamic: at most so many are known; one that is down makes room */
};

/* Makes a membership without a connection. The caller frees it. MQC_EINVAL: an option is out of its
 * limits, or a name of the layout stands twice; *info says which. MQC_ENOMEM. */
enum mqc_error mqc__membership_new(const struct mqc__membership_options *options,
                                   const struct mqc__membership_sink *sink,
                                   struct mqc__membership **membership_out,
                                   struct mqc_error_info *info);
void mqc__membership_free(struct mqc__membership **membership);

/* Listens to one more type of nodes; the filters grow by one, unless it was listened to before. */
void mqc__membership_listen(struct mqc__membership *membership, enum mqc__node_type type);

/* The MQTT filters to subscribe to: this node's own topic and one for each type listened to.
 * NUL-terminated; they live until the next listen, the texts as long as the membership. */
const char *const *mqc__membership_filters(const struct mqc__membership *membership,
                                           size_t *count_out);

/*
 * The will for the next attempt to connect: on the same topic, retained, QoS 1, with the expiry of
 * an announcement, and with MQTT 5 best delayed by a few seconds, so that a short break is none.
 * Call it anew for each attempt, also one that fails: that is how the will of an earlier
 * connection, which may come late, is told from the present one's. False: this node leaves no will.
 * The payload lives until the next input.
 */
bool mqc__membership_will(struct mqc__membership *membership,
                          struct mqc__membership_action *will_out);

/* The session is connected (again); what is subscribed to may arrive before or after. Announces. */
void mqc__membership_connected(struct mqc__membership *membership, int64_t now_ms);

/* The session has no connection any more. */
void mqc__membership_disconnected(struct mqc__membership *membership, int64_t now_ms);

/* The broker has acknowledged something that was published on the present connection. Must be
 * called for this node's announcements at least: without it leases do not run. */
void mqc__membership_acknowledged(struct mqc__membership *membership, int64_t now_ms);

/* A message on a presence topic. */
struct mqc__membership_message {
    struct mqc_view topic;
    struct mqc_view payload;
    bool is_retained;
    int64_t expiry_ms; /* what is left of its expiry, as MQTT 5 tells; -1: not told */
};

/* Says whether a message is for mqc__membership_received(). */
bool mqc__membership_concerns(const struct mqc__membership *membership, struct mqc_view topic);

/* Takes a message. What is malformed is an action. MQC_ENOMEM: as if it had not arrived, the next
 * renewal will do. */
MQC_MUST_USE enum mqc_error mqc__membership_received(struct mqc__membership *membership,
                                                     const struct mqc__membership_message *message,
                                                     int64_t now_ms);

/* When mqc__membership_tick() is due, at the latest; INT64_MAX: not before another input. */
int64_t mqc__membership_next_tick_ms(const struct mqc__membership *membership);

/* Renews this node's presence and takes down the nodes whose lease has run out, as far as due. */
void mqc__membership_tick(struct mqc__membership *membership, int64_t now_ms);

/* Says goodbye, if there is a connection; no input has an effect after that. `reason` is for the
 * people at the other nodes, cut after 255 bytes. */
void mqc__membership_close(struct mqc__membership *membership, struct mqc_view reason,
                           int64_t now_ms);

/* What is known of one other node. The texts live until the next input. */
struct mqc__membership_member {
    struct mqc_view name;
    enum mqc__node_type type;
    struct mqc_view instance; /* the present or last one; empty: never heard of */
    bool is_up;
    int64_t since_ms;     /* up or down since then; 0: never heard of */
    uint64_t start_ms;    /* when the instance started, by its wall clock; 0: never heard of */
    int64_t last_seen_ms; /* when its last renewal arrived; 0: never heard of */
};

/* The nodes other than this one, in no order: all of a static layout, whatever is listened to; in a
 * dynamic one those that were heard of. The index counts from 0 to count - 1 and is good until the
 * next input. */
size_t mqc__membership_count(const struct mqc__membership *membership);
void mqc__membership_at(const struct mqc__membership *membership, size_t index,
                        struct mqc__membership_member *member_out);

/* How many nodes of a type are up, this one not counted. */
size_t mqc__membership_up_count(const struct mqc__membership *membership, enum mqc__node_type type);

#endif
