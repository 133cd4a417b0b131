#include "config/options_priv.h"

#include "config/text_check.h"
#include "topic/topic.h"

static const struct mqc__choice separator_choices[] = {{"/", '/'}, {".", '.'}, {NULL, 0}};

const struct mqc__choice mqc__node_type_choices[] = {
    {"manager", MQC__NODE_MANAGER}, {"logger", MQC__NODE_LOGGER},   {"proxy", MQC__NODE_PROXY},
    {"worker", MQC__NODE_WORKER},   {"control", MQC__NODE_CONTROL}, {NULL, 0},
};

static const struct mqc__option rows[] = {
    {.path = "cluster",
     .kind = MQC__OPTION_SECTION,
     .doc = "The cluster that this node belongs to."},
    {.path = "cluster.name",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(cluster.name),
     .check = mqc__check_level,
     .example = "site-7",
     .is_required = true,
     .doc = "The cluster's name. Nodes talk to the nodes of the same cluster only. It is one level "
            "of an MQTT topic: no '/', '+' or '#'."},
    {.path = "cluster.root",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(cluster.root),
     .check = mqc__topic_check_root,
     .default_note = "mqcluster/ and the cluster's name",
     .example = "mqcluster/site-7",
     .doc = "The MQTT topic below which everything of the cluster stands. Change it where the "
            "broker's access rights ask for another place; all nodes need the same root."},
    {.path = "cluster.topic_separator",
     .kind = MQC__OPTION_BYTE_CHOICE,
     .offset = AT(cluster.topic_separator),
     .choices = separator_choices,
     .default_text = "/",
     .doc = "What stands between the parts of the cluster's own topics, those of node types, nodes "
            "and pools: zeek/cluster/worker, as in Zeek with Broker, or zeek.cluster.worker, as in "
            "Zeek with ZeroMQ. All nodes need the same. The broker tells topics apart at '/' only: "
            "with '.' a node that subscribes to a prefix gets everything sent, and drops what it "
            "does not want."},
    {.path = "cluster.lease",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(cluster.lease_ms),
     .default_text = "60s",
     .min = 3 * SECOND,
     .max = HOUR,
     .step = SECOND,
     .doc = "How long this node counts as up for the others when they hear nothing from it, for "
            "instance because a link between brokers was cut. It announces itself three times in "
            "that time, and the broker passes each announcement on to every node that watches it: "
            "60s makes 4320 messages a day, of a few hundred bytes each, from this node, and as "
            "many to it from each node that it watches. Raise it on all nodes where links are "
            "metered, and leave nodes out of cluster.watch; shorter finds a lost node sooner. "
            "Whole seconds."},
    {.path = "cluster.watch",
     .kind = MQC__OPTION_CHOICES,
     .offset = AT(cluster.watch),
     .given_offset = AT(cluster.has_watch),
     .choices = mqc__node_type_choices,
     .default_note = "all types; for a worker all but worker",
     .example = "[manager, logger, proxy]",
     .doc = "The types of the nodes that this node watches. Only of these it learns that they "
            "come and go (node_up and node_down), and only these can be chosen when it publishes "
            "to a pool; [] is none. Workers do not watch each other unless told to, so that a "
            "fleet of 10,000 workers costs a worker nothing: a worker that publishes to a pool of "
            "workers needs worker in this list."},
    {.path = "cluster.guest",
     .kind = MQC__OPTION_BOOL,
     .offset = AT(cluster.is_guest),
     .default_text = "false",
     .doc = "true makes the process a guest of the cluster, for tools beside a node: it goes by "
            "the name of node without being that node, announces nothing, belongs to no pool, "
            "subscribes to nothing by itself, and watches nobody unless the program asks for it. "
            "All commands but run are guests."},

    {.path = "node",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(node),
     .check = mqc__check_level,
     .example = "worker-1",
     .doc = "This node's name, unique in the cluster. Where nodes lists the cluster's nodes, it "
            "must be one of them. A command that only publishes or listens works without it."},
};

const struct mqc__option_table mqc__options_cluster = MQC__OPTION_TABLE(rows);
