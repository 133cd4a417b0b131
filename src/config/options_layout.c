#include "config/options_priv.h"

const struct mqc__choice mqc__pool_type_choices[] = {{"worker", MQC__NODE_WORKER},
                                                     {"proxy", MQC__NODE_PROXY},
                                                     {"logger", MQC__NODE_LOGGER},
                                                     {NULL, 0}};

static const struct mqc__choice membership_choices[] = {
    {"static", false}, {"dynamic", true}, {NULL, 0}};

static const struct mqc__option rows[] = {
    {.path = "nodes",
     .kind = MQC__OPTION_NODES,
     .default_note = "none",
     .example = "manager: {type: manager}\n"
                "logger-1: {type: logger}\n"
                "proxy-1: {type: proxy}\n"
                "worker-1: {type: worker}",
     .doc = "The cluster's nodes by name, each with its type: manager, logger, proxy, worker or "
            "control."},
    {.path = "membership",
     .kind = MQC__OPTION_BYTE_CHOICE,
     .offset = AT(is_dynamic),
     .choices = membership_choices,
     .default_text = "static",
     .doc = "Who belongs to the cluster. static: the nodes listed in nodes, and a stranger that "
            "announces itself is reported. dynamic: whoever the broker lets announce itself. nodes "
            "then needs to list this node only, for its type; until all nodes know each other, "
            "they may choose different nodes for a key."},
    {.path = "manager_is_logger",
     .kind = MQC__OPTION_BOOL,
     .offset = AT(manager_is_logger),
     .default_text = "true",
     .doc = "true counts the manager as a logger as well: it is in the pools of loggers, as in "
            "Zeek. Set it to false in a cluster with logger nodes, as ZeekControl does. All nodes "
            "need the same."},
    {.path = "pools",
     .kind = MQC__OPTION_POOLS,
     .default_note = "only Zeek's own",
     .example = "proxy: {type: proxy, max_nodes: 4}\n"
                "intel: {type: proxy, max_nodes: 1, exclusive: true}\n"
                "dns: {type: worker, topic: app/pool/dns}",
     .doc = "Pools by name: nodes of one type, worker, proxy or logger, of which one is chosen for "
            "each event (publish_hrw and publish_rr). max_nodes: how many nodes the pool gets at "
            "most; all of its type unless given. exclusive: true keeps its nodes out of all other "
            "pools; it needs max_nodes. topic: what all its nodes subscribe to; unless given "
            "zeek/cluster/pool/ and the name, written with cluster.topic_separator. The pools "
            "worker, proxy and logger are Zeek's own, with all nodes of that type; an entry of "
            "that name takes their place. Nodes are assigned as in Zeek, so all nodes need the "
            "same pools."},

    {.path = "events",
     .kind = MQC__OPTION_EVENTS,
     .default_note = "none",
     .example = "connection_seen:\n"
                "  args: [{orig_h: addr}, {orig_p: port}, {resp_h: addr}, {resp_p: port}, "
                "{state: string}]\n"
                "hosts_found: {args: [{hosts: \"set[addr]\"}]}",
     .doc = "The declared events: a name, and the parameters in order, each with its type in "
            "Zeek's syntax. Events that are published or received with other arguments are "
            "refused. Types with brackets or braces need quotes: \"set[addr]\", \"table[string] of "
            "count\", \"record { a: count; b: string &optional; }\"."},
    {.path = "strict_events",
     .kind = MQC__OPTION_BOOL,
     .offset = AT(strict_events),
     .default_text = "false",
     .doc = "true refuses every event that is not declared; false lets it pass unchecked."},
};

const struct mqc__option_table mqc__options_layout = MQC__OPTION_TABLE(rows);
