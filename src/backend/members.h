#ifndef MQC_BACKEND_MEMBERS_H
#define MQC_BACKEND_MEMBERS_H

#include "backend/node.h"
#include "base/arena.h"
#include "cluster/pools.h"

/*
 * Who is in the cluster, and which node owns a key: the membership and the pools of one backend
 * under one mutex. What follows from an input is told to the owner inside the call, with the mutex
 * held: the owner must not call back, nor block. Any thread.
 */
struct mqc__members;
struct mqc__mqtt_message;

struct mqc__members_options {
    const char *root;
    const char *node;         /* NULL: a process outside the cluster, which only watches */
    enum mqc__node_type type; /* of this node; NONE without one */
    const struct mqc__layout_node *nodes; /* the layout */
    size_t node_count;
    bool is_dynamic;
    bool manager_is_logger;
    char separator;
    uint32_t lease_ms;
    unsigned watch; /* bits 1 << enum mqc__node_type: whose presence is listened to */
    const struct mqc__pool_spec *pools;
    size_t pool_count;
};

/* What happens to a node. */
enum mqc__member_event {
    MQC__MEMBER_HELLO,
    MQC__MEMBER_UP,
    MQC__MEMBER_DOWN,
};

struct mqc__member_change {
    struct mqc_view name;
    struct mqc_view instance;
    const char *why; /* it went down, for people; NULL for the other events */
};

struct mqc__members_owner {
    void *context;
    /* Say the payload on this node's presence topic. */
    void (*announce)(void *context, struct mqc_view payload, bool is_retained);
    void (*event)(void *context, enum mqc__member_event event,
                  const struct mqc__member_change *change);
    void (*error)(void *context, const char *tag, const char *text);
    /* Another instance has this node's name: end the session. */
    void (*give_way)(void *context, const char *text);
    /* When to call tick, instead of what was said before, in ms of mqc__clock_monotonic_ms();
     * INT64_MAX: not before another input. Inside each input. */
    void (*tick_at)(void *context, int64_t at_ms);
};

/* Makes it, with the pools of the options and Zeek's own. Copies the options. MQC_ECONFIG: a pool's
 * specification is wrong; MQC_ENOMEM. */
enum mqc_error mqc__members_new(const struct mqc__members_options *options,
                                const struct mqc__members_owner *owner,
                                struct mqc__members **members_out, struct mqc_error_info *info);
void mqc__members_free(struct mqc__members **members);

/* Registers a pool. MQC_ECONFIG, MQC_EEXIST (also: it is too late), MQC_ENOMEM. */
enum mqc_error mqc__members_register(struct mqc__members *members,
                                     const struct mqc__pool_spec *spec,
                                     struct mqc_error_info *info);

/* Listens to all types of nodes. Before start, later it has no effect. */
void mqc__members_watch_all(struct mqc__members *members);

/* The node has its instance id now: assigns the nodes to the pools. Again only where the session
 * did not come to life. MQC_ECONFIG: there are too few nodes for exclusive pools, which with
 * dynamic membership is told by a choice instead; MQC_EINVAL; MQC_ENOMEM. */
enum mqc_error mqc__members_start(struct mqc__members *members, const char *instance,
                                  struct mqc_error_info *info);

/* Texts that live as long as the members. */
struct mqc__members_texts {
    const struct mqc_view *topics; /* what this node subscribes to, in Zeek's order */
    size_t topic_count;
    const char *const *filters; /* MQTT filters for the presence of others */
    size_t filter_count;
    const char *presence_topic; /* this node's; NULL: it has none */
    uint32_t presence_expiry_s;
};

/* Tells what the session needs, after start. */
void mqc__members_texts(const struct mqc__members *members, struct mqc__members_texts *texts_out);

/* The inputs of the session's thread. The will lives until the next call. */
struct mqc_view mqc__members_will(struct mqc__members *members);
void mqc__members_connected(struct mqc__members *members, int64_t now_ms);
void mqc__members_disconnected(struct mqc__members *members, int64_t now_ms);
void mqc__members_acknowledged(struct mqc__members *members, int64_t now_ms);
void mqc__members_tick(struct mqc__members *members, int64_t now_ms);
void mqc__members_leave(struct mqc__members *members, const char *reason, int64_t now_ms);

/* Takes a message if it is one of presence; false: it is not. */
bool mqc__members_received(struct mqc__members *members, const struct mqc__mqtt_message *message,
                           int64_t now_ms);

/* Choose the owner of a key as Zeek's hrw_topic and rr_topic do; `pool` is a topic, or the name of
 * a pool of the options or of Zeek's own. MQC_ENOTFOUND: no such pool, or nobody is alive; *info
 * says which. MQC_ETYPE, MQC_ETOOLARGE: the key; MQC_ENOTINIT; MQC_ENOMEM. */
enum mqc_error mqc__members_hrw(struct mqc__members *members, struct mqc_view pool,
                                const struct mqc_key *key, struct mqc_route *route_out,
                                struct mqc_error_info *info);
enum mqc_error mqc__members_rr(struct mqc__members *members, struct mqc_view pool,
                               struct mqc_view key, struct mqc_route *route_out,
                               struct mqc_error_info *info);

/* Calls the function for every node that is known, this one too; returns how many. */
size_t mqc__members_each(struct mqc__members *members, mqc_node_fn function, void *context);

/* Calls the function for every node of every pool; returns how often. */
size_t mqc__members_each_in_pools(struct mqc__members *members, mqc_pool_node_fn function,
                                  void *context);

/* Where there is no session: lets a node of the layout be up, or down again. After start.
 * MQC_ENOTFOUND: no such node. */
enum mqc_error mqc__members_assume(struct mqc__members *members, struct mqc_view node, bool is_up,
                                   struct mqc_error_info *info);

/* How many nodes of a type are up, this one included. */
size_t mqc__members_active_count(struct mqc__members *members, enum mqc__node_type type);

#endif
