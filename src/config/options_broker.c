#include "config/options_priv.h"

static const struct mqc__choice protocol_choices[] = {
    {"auto", 0}, {"5", 5}, {"3.1.1", 311}, {NULL, 0}};

static const struct mqc__option rows[] = {
    {.path = "broker",
     .kind = MQC__OPTION_SECTION,
     .doc = "The MQTT broker and the connection to it."},
    {.path = "broker.uri",
     .kind = MQC__OPTION_URI,
     .offset = AT(broker.uris),
     .count_offset = AT(broker.uri_count),
     .example = "\"mqtt://127.0.0.1:1883\"",
     .is_required = true,
     .doc = "Where the broker listens: mqtt://HOST or mqtt://HOST:PORT, port 1883 unless given; "
            "with TLS mqtts://HOST or mqtts://HOST:PORT, port 8883 unless given, and the section "
            "tls says whom to trust. An IPv6 address stands in brackets: "
            "mqtt://[2001:db8::1]:1883."},
    {.path = "broker.uris",
     .kind = MQC__OPTION_URIS,
     .offset = AT(broker.uris),
     .count_offset = AT(broker.uri_count),
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
            "begins anew, unless delivery.durability is disk: then it goes on with what the "
            "broker has kept. MQTT 3.1.1 knows only 0 and for ever. Whole seconds."},
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
    {.path = "broker.receive_maximum",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT(broker.receive_maximum),
     .default_text = "100",
     .min = 0,
     .max = 65535,
     .doc = "How many messages the broker may have on their way to this node without its "
            "acknowledgement (MQTT 5's receive maximum). It bounds what is sent again after the "
            "connection broke. Mosquitto goes by it instead of its own limit, so more helps on "
            "links with a long round trip. 0 says nothing: then the broker's own limit holds, 20 "
            "in Mosquitto."},
    {.path = "broker.topic_aliases",
     .kind = MQC__OPTION_BOOL,
     .offset = AT(broker.topic_aliases),
     .default_text = "true",
     .doc = "true sends a topic once a connection and a number instead of it from then on, with "
            "MQTT 5 "
            "and for as many topics as the broker allows (10 in Mosquitto). A lone event of five "
            "short arguments takes 177 bytes instead of 216 with a topic of 42 bytes; in full "
            "batches it makes no difference. false is for brokers or tools in between that cannot "
            "cope with it."},
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
};

const struct mqc__option_table mqc__options_broker = MQC__OPTION_TABLE(rows);
