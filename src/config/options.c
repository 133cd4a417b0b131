#include "config/option.h"

#include "base/log.h"
#include "config/settings.h"
#include "config/text_check.h"
#include "link/tls_config.h"
#include "mqtt/session.h"
#include "topic/topic.h"

#define AT(member) offsetof(struct mqc__settings, member)

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

const struct mqc__choice mqc__guarantee_choices[] = {
    {"broker", MQC__GUARANTEE_BROKER},
    {"best_effort", MQC__GUARANTEE_BEST_EFFORT},
    {NULL, 0},
};

const struct mqc__choice mqc__node_type_choices[] = {
    {"manager", MQC__NODE_MANAGER}, {"logger", MQC__NODE_LOGGER},   {"proxy", MQC__NODE_PROXY},
    {"worker", MQC__NODE_WORKER},   {"control", MQC__NODE_CONTROL}, {NULL, 0},
};

const struct mqc__choice mqc__pool_type_choices[] = {{"worker", MQC__NODE_WORKER},
                                                     {"proxy", MQC__NODE_PROXY},
                                                     {"logger", MQC__NODE_LOGGER},
                                                     {NULL, 0}};

static const struct mqc__choice separator_choices[] = {{"/", '/'}, {".", '.'}, {NULL, 0}};

static const struct mqc__choice membership_choices[] = {
    {"static", false}, {"dynamic", true}, {NULL, 0}};

static const struct mqc__choice protocol_choices[] = {
    {"auto", 0}, {"5", 5}, {"3.1.1", 311}, {NULL, 0}};

static const struct mqc__choice when_full_choices[] = {
    {"refuse", 0}, {"drop_oldest", 1}, {NULL, 0}};

static const struct mqc__choice log_level_choices[] = {{"error", MQC_LOG_ERROR},
                                                       {"warning", MQC_LOG_WARNING},
                                                       {"info", MQC_LOG_INFO},
                                                       {"debug", MQC_LOG_DEBUG},
                                                       {NULL, 0}};

static const struct mqc__choice tls_version_choices[] = {
    {"1.2", MQC__TLS_VERSION_1_2}, {"1.3", MQC__TLS_VERSION_1_3}, {NULL, 0}};

static const struct mqc__choice tls_on_change_choices[] = {
    {"keep", MQC__TLS_KEEP}, {"reconnect", MQC__TLS_RENEW}, {NULL, 0}};

const struct mqc__option mqc__options[] = {
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

    {.path = "broker",
     .kind = MQC__OPTION_SECTION,
     .doc = "The MQTT broker and the connection to it."},
    {.path = "broker.uri",
     .kind = MQC__OPTION_URI,
     .example = "\"mqtt://127.0.0.1:1883\"",
     .is_required = true,
     .doc = "Where the broker listens: mqtt://HOST or mqtt://HOST:PORT, port 1883 unless given; "
            "with TLS mqtts://HOST or mqtts://HOST:PORT, port 8883 unless given, and the section "
            "tls says whom to trust. An IPv6 address stands in brackets: "
            "mqtt://[2001:db8::1]:1883."},
    {.path = "broker.uris",
     .kind = MQC__OPTION_URIS,
     .excludes = "broker.uri",
     .example = "[\"mqtt://10.0.0.1\", \"mqtt://10.0.0.2\"]",
     .doc = "Several brokers instead of one, tried in turn until one answers. What goes to those "
            "at mqtt:// addresses goes in the clear, whatever the others are."},
    {.path = "broker.client_id",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(broker.client_id),
     .default_note = "made from the cluster's and the node's name",
     .example = "site-7-worker-1",
     .doc = "The MQTT client identifier. Of two clients with the same one the broker throws out "
            "the first. Change it where the broker ties access rights to it."},
    {.path = "broker.username",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(broker.username),
     .default_note = "none",
     .example = "sensor",
     .doc = "The user name for the broker."},
    {.path = "broker.password",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(broker.password),
     .default_note = "none",
     .example = "${MQTT_PASSWORD}",
     .is_secret = true,
     .doc = "The password for the broker. Better taken from the environment or from a file than "
            "written here."},
    {.path = "broker.password_file",
     .kind = MQC__OPTION_PASSWORD_FILE,
     .offset = AT(broker.password),
     .default_note = "none",
     .excludes = "broker.password",
     .example = "/etc/mqcluster/password",
     .doc = "A file that holds the password; a line end after it does not count. Only its owner "
            "may have access to it (chmod 600). A relative name starts at the folder of this "
            "file."},
    {.path = "broker.protocol",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(broker.protocol),
     .choices = protocol_choices,
     .default_text = "auto",
     .doc = "The MQTT version. auto speaks 5, and 3.1.1 with a broker that refuses 5."},
    {.path = "broker.keep_alive",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(broker.keep_alive_ms),
     .default_text = "60s",
     .min = 5 * SECOND,
     .max = 18 * HOUR,
     .step = SECOND,
     .doc = "How long the connection may be silent before it is probed. Shorter finds a dead link "
            "sooner and keeps the state of a NAT alive; longer costs less on a metered link. Whole "
            "seconds."},
    {.path = "broker.connect_timeout",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(broker.connect_timeout_ms),
     .default_text = "10s",
     .min = 100,
     .max = 5 * MINUTE,
     .doc = "How long one attempt to connect may take. Raise it for satellite and radio links."},
    {.path = "broker.backoff_min",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(broker.backoff_min_ms),
     .default_text = "500ms",
     .min = 10,
     .max = HOUR,
     .doc = "The pause after a failed attempt to connect. It doubles with every failure, with some "
            "jitter, so that many nodes do not come back at the same moment."},
    {.path = "broker.backoff_max",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(broker.backoff_max_ms),
     .default_text = "60s",
     .min = 10,
     .max = DAY,
     .doc = "The longest pause between attempts to connect."},
    {.path = "broker.session_expiry",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(broker.session_expiry_ms),
     .default_text = "1h",
     .min = 0,
     .max = 365 * DAY,
     .step = SECOND,
     .doc = "How long the broker keeps subscriptions and waiting messages of a node that lost its "
            "connection. An hour covers most broken links, and yet does not leave the broker with "
            "the queues of nodes that never return. 0 keeps nothing. A node that is started "
            "begins anew in any case. MQTT 3.1.1 knows only 0 and for ever. Whole seconds."},
    {.path = "broker.max_in_flight",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT(broker.max_in_flight),
     .default_text = "16",
     .min = 1,
     .max = 65535,
     .doc = "How many messages may be on their way to the broker without its acknowledgement. Stay "
            "below the broker's own limit (20 in Mosquitto); more helps on links with a long round "
            "trip, if the broker allows more."},
    {.path = "broker.max_in_flight_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT(broker.max_in_flight_bytes),
     .default_text = "1MiB",
     .min = KIB,
     .max = GIB,
     .doc = "How many bytes may be on their way to the broker without its acknowledgement."},
    {.path = "broker.tcp_timeout",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(broker.tcp_timeout_ms),
     .default_text = "20s",
     .min = 0,
     .max = HOUR,
     .doc = "How long sent bytes may go without TCP's acknowledgement before the connection is "
            "given up and made anew. Raise it where a link falls silent for longer and comes back. "
            "0 leaves it to the system, which waits a quarter of an hour."},
    {.path = "broker.tcp_keep_alive",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(broker.tcp_keep_alive_ms),
     .default_text = "30s",
     .min = 0,
     .max = HOUR,
     .step = SECOND,
     .doc = "After how much silence TCP probes whether the broker's host is there. 0 never does, "
            "which saves packets on metered links; broker.keep_alive still finds a dead link. "
            "Whole seconds."},
    {.path = "broker.tcp_quick_ack",
     .kind = MQC__OPTION_BOOL,
     .offset = AT(broker.tcp_quick_ack),
     .default_text = "true",
     .doc = "true acknowledges what the broker sends at once. A broker that holds small packets "
            "back until then (Nagle's algorithm, Mosquitto's default) answers 40 ms sooner. false "
            "saves a small packet for each message on metered links."},

    {.path = "tls",
     .kind = MQC__OPTION_SECTION,
     .doc = "TLS, for brokers at mqtts:// addresses: whom to trust, and how this node proves who "
            "it is."},
    {.path = "tls.ca_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.ca_file),
     .default_note = "none",
     .example = "/etc/mqcluster/ca.pem",
     .doc = "The certificates of the authorities (CAs) that may vouch for the broker, in PEM or "
            "one in DER. The public ones are in /etc/ssl/certs/ca-certificates.crt. A relative "
            "name starts at the folder of this file, as for all files of this section."},
    {.path = "tls.ca_path",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.ca_path),
     .default_note = "none",
     .example = "/etc/mqcluster/ca.d",
     .doc = "A folder of such files. With ca_file both count."},
    {.path = "tls.certificate_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.certificate_file),
     .default_note = "none",
     .example = "/etc/mqcluster/node.pem",
     .doc = "This node's certificate in PEM, followed by its intermediates, for a broker that asks "
            "for one. It needs key_file."},
    {.path = "tls.key_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.key_file),
     .default_note = "none",
     .example = "/etc/mqcluster/node.key",
     .doc = "The private key of the certificate. Only its owner may have access to it (chmod "
            "600)."},
    {.path = "tls.key_password_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.key_password_file),
     .default_note = "none",
     .example = "/etc/mqcluster/node.key.password",
     .doc = "A file that holds the password of an encrypted key; a line end after it does not "
            "count. Only its owner may have access to it."},
    {.path = "tls.crl_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.crl_file),
     .default_note = "none",
     .example = "/etc/mqcluster/crl.pem",
     .doc = "A list of revoked certificates of the authorities. A broker with one of them is "
            "refused."},
    {.path = "tls.psk_identity",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(tls.psk_identity),
     .default_note = "none",
     .example = "worker-1",
     .doc = "The name of a key that was shared with the broker beforehand, which takes the place "
            "of all certificates. It needs psk_file."},
    {.path = "tls.psk_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.psk_file),
     .default_note = "none",
     .example = "/etc/mqcluster/psk",
     .doc = "A file that holds the shared key, at least 16 bytes in hexadecimal, as made by: "
            "openssl rand -hex 32. Only its owner may have access to it."},
    {.path = "tls.server_name",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(tls.server_name),
     .check = mqc__check_server_name,
     .default_note = "the host of the broker's address",
     .example = "broker.example.org",
     .doc = "The host name or IP address that the broker's certificate must be for. Set it where "
            "the broker is reached by another one, for instance through a tunnel."},
    {.path = "tls.alpn",
     .kind = MQC__OPTION_TEXTS,
     .offset = AT(tls.alpn),
     .count_offset = AT(tls.alpn_count),
     .check = mqc__check_alpn,
     .default_note = "none",
     .example = "[mqtt]",
     .doc = "Names of protocols to offer (ALPN), the preferred first, for a broker that shares its "
            "port with other services."},
    {.path = "tls.ciphers",
     .kind = MQC__OPTION_TEXTS,
     .offset = AT(tls.ciphers),
     .count_offset = AT(tls.cipher_count),
     .check = mqc__check_cipher,
     .default_note = "those with forward secrecy and authenticated encryption",
     .example = "[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
     .doc = "The cipher suites to offer, the preferred first."},
    {.path = "tls.min_version",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(tls.minimum_version),
     .choices = tls_version_choices,
     .default_text = "1.2",
     .doc = "The oldest version of TLS to accept."},
    {.path = "tls.insecure",
     .kind = MQC__OPTION_BOOL,
     .offset = AT(tls.insecure),
     .default_text = "false",
     .doc = "true accepts whoever answers as the broker, with a warning at each connection: "
            "anybody on the way can read and change everything. For tests only."},
    {.path = "tls.allow_readable_key",
     .kind = MQC__OPTION_BOOL,
     .offset = AT(tls.allow_readable_key),
     .default_text = "false",
     .doc = "true accepts a key or password file that others than its owner can read, where the "
            "system that puts it there does not let you change that."},
    {.path = "tls.on_change",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(tls.on_change),
     .choices = tls_on_change_choices,
     .default_text = "keep",
     .doc = "What happens when the files of this section change. keep: the running connection "
            "stays, the next one uses the new files. reconnect: the connection is made anew at "
            "once, for instance because the old certificate was revoked."},
    {.path = "tls.watch_interval",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(tls.watch_interval_ms),
     .default_text = "10s",
     .min = 0,
     .max = DAY,
     .doc = "How often the files of this section are looked at for changes. 0 never does: only "
            "SIGHUP reads them again."},
    {.path = "tls.expiry_warning",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(tls.expiry_warning_ms),
     .default_text = "30d",
     .min = 0,
     .max = 365 * DAY,
     .doc = "How long before this node's certificate expires the log warns of it."},

    {.path = "delivery",
     .kind = MQC__OPTION_SECTION,
     .doc = "What happens between publish and the handlers, and how much memory it may take."},
    {.path = "delivery.guarantee",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(delivery.guarantee),
     .choices = mqc__guarantee_choices,
     .default_text = "broker",
     .doc = "What is promised for an event. broker: the broker has acknowledged it (QoS 1); not "
            "covered: a broker that is killed, or that drops the event because its queue for a "
            "receiver is full. best_effort: sent once, without an acknowledgement (QoS 0); what is "
            "under way when the connection breaks is lost."},
    {.path = "delivery.prefixes",
     .kind = MQC__OPTION_PREFIXES,
     .default_note = "none",
     .example = "- {prefix: app/status/, guarantee: best_effort}",
     .doc = "Other guarantees for the topics that begin with a prefix. The longest prefix that "
            "matches a topic counts."},
    {.path = "delivery.max_event_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT(delivery.max_event_bytes),
     .default_text = "1MiB",
     .min = KIB,
     .max = 255 * MIB,
     .doc = "The largest event, encoded. publish refuses a larger one; one that arrives is dropped "
            "and reported."},
    {.path = "delivery.outbox_events",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT(delivery.outbox_events),
     .default_text = "100000",
     .min = 1,
     .max = 100000000,
     .doc = "How many events may wait for the broker. Raise it together with outbox_bytes to "
            "outlast longer times without a connection."},
    {.path = "delivery.outbox_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT(delivery.outbox_bytes),
     .default_text = "64MiB",
     .min = 64 * KIB,
     .max = GIB,
     .doc = "How many bytes of events may wait for the broker."},
    {.path = "delivery.when_full",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(delivery.when_full),
     .choices = when_full_choices,
     .default_text = "refuse",
     .doc = "What happens to a new event when the outbox is full. refuse: publish fails and the "
            "sender decides. drop_oldest: the oldest waiting event is dropped, counted and "
            "reported; for data of which only the latest matters."},
    {.path = "delivery.batch_events",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT(delivery.batch_events),
     .default_text = "1000",
     .min = 1,
     .max = 100000,
     .doc = "How many events of one topic may share an MQTT message. 1 sends each alone."},
    {.path = "delivery.batch_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT(delivery.batch_bytes),
     .default_text = "64KiB",
     .min = KIB,
     .max = 16 * MIB,
     .doc = "How large an MQTT message may grow by adding events to it. Smaller suits links that "
            "break often."},
    {.path = "delivery.inbox_messages",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT(delivery.inbox_messages),
     .default_text = "10000",
     .min = 1,
     .max = 100000000,
     .doc = "How many received events may wait for the handlers. When it is full, the broker is "
            "held back until the handlers have caught up."},
    {.path = "delivery.inbox_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT(delivery.inbox_bytes),
     .default_text = "64MiB",
     .min = 64 * KIB,
     .max = GIB,
     .doc = "How many bytes of received events may wait for the handlers."},
    {.path = "delivery.flush_timeout",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(delivery.flush_timeout_ms),
     .default_text = "10s",
     .min = 0,
     .max = HOUR,
     .doc = "How long a node that stops may take to bring waiting events to the broker. What is "
            "left over then is dropped, counted and reported."},
    {.path = "delivery.to_self",
     .kind = MQC__OPTION_BOOL,
     .offset = AT(deliver_to_self),
     .default_text = "true",
     .doc = "What becomes of an event for which publish_rr chooses this node itself. true hands it "
            "to this node's own handlers. false lets it reach nobody, as in Zeek, where what a "
            "node publishes never comes back to it."},

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

    {.path = "log", .kind = MQC__OPTION_SECTION, .doc = "What the node writes to its log."},
    {.path = "log.level",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(log.level),
     .choices = log_level_choices,
     .default_text = "info",
     .doc = "The least grave lines that are written."},
};

const size_t mqc__option_count = sizeof mqc__options / sizeof mqc__options[0];

_Static_assert(sizeof mqc__options / sizeof mqc__options[0] <= MQC__OPTION_LIMIT,
               "raise MQC__OPTION_LIMIT");
