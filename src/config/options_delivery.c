#include "config/options_priv.h"

const struct mqc__choice mqc__guarantee_choices[] = {
    {"broker", MQC__GUARANTEE_BROKER},
    {"best_effort", MQC__GUARANTEE_BEST_EFFORT},
    {NULL, 0},
};

static const struct mqc__choice when_full_choices[] = {
    {"refuse", 0}, {"drop_oldest", 1}, {NULL, 0}};

static const struct mqc__choice compression_choices[] = {{"none", 0}, {"zstd", 1}, {NULL, 0}};

static const struct mqc__option rows[] = {
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
     .example = "- {prefix: app/status/, guarantee: best_effort}\n"
                "- {prefix: app/alarm/, guarantee: broker, urgent: true}",
     .doc = "Other guarantees for the topics that begin with a prefix. The longest prefix that "
            "matches a topic counts. With urgent: true (false unless given) events pass those that "
            "wait and are not urgent; the order of the events of a topic stays as it is. What was "
            "handed to the broker already (broker.max_in_flight_bytes) still goes before. Nothing "
            "else waits for ever: while both wait, at least one of nine messages is not urgent. "
            "An outbox that is full refuses urgent events too; one that drops the oldest drops "
            "urgent ones last."},
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
     .doc = "How many bytes of events may wait for the broker, those under way included. What the "
            "node takes for publishing stays below twice this and broker.max_in_flight_bytes."},
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
    {.path = "delivery.compression",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(delivery.compression),
     .choices = compression_choices,
     .default_text = "none",
     .doc = "How the events in an MQTT message are compressed before it is sent. zstd: for thin "
            "links, where bytes cost more than time; what would save less than an eighth is sent "
            "as it is, and a message has at most 1 MiB of events then. It is for each node to "
            "choose, since every node reads both. So must other programs that read the payloads "
            "by themselves: those that do not know the field for compressed events skip it, and "
            "see no events."},
    {.path = "delivery.compression_level",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT(delivery.compression_level),
     .default_text = "3",
     .min = 1,
     .max = 19,
     .doc = "How hard zstd tries, from 1, fast, to 19, small. For full messages of connections 9 "
            "takes seven times as long as 3 and makes them 7 % smaller, 19 forty times as long and "
            "10 %."},
    {.path = "delivery.inbox_messages",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT(delivery.inbox_messages),
     .default_text = "10000",
     .min = 1,
     .max = 100000000,
     .doc = "How many received messages, of one or more events, may wait for the handlers. When it "
            "is full, the broker is held back until the handlers have caught up, however long that "
            "takes; only a tool without a place in the layout loses its connection when one event "
            "takes it longer than broker.keep_alive. The broker's queue for the node has a limit "
            "too, beyond which it drops events silently (max_queued_messages in Mosquitto)."},
    {.path = "delivery.inbox_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT(delivery.inbox_bytes),
     .default_text = "64MiB",
     .min = 64 * KIB,
     .max = GIB,
     .doc =
         "How many bytes of received events may wait for the handlers. However slow those are, a "
         "node grows by this, by 8 MiB and by what the events of one message take while they are "
         "handled, at most 64 times its size."},
    {.path = "delivery.expiry",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(delivery.expiry_ms),
     .default_text = "0",
     .min = 0,
     .max = 365 * DAY,
     .step = SECOND,
     .doc = "How long the broker keeps an event for a receiver that is away, with MQTT 5; what is "
            "older is never delivered, and the receiver reports the gap. 0 sets no time: then "
            "broker.session_expiry of the receiver is the limit. Mosquitto before 2.0.15 (Debian "
            "12 has 2.0.11) stumbles over expired events: when they fill the window of a "
            "receiver that comes back, it delivers nothing until the next connection, so leave "
            "this at 0 there. Whole seconds."},
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
};

const struct mqc__option_table mqc__options_delivery = MQC__OPTION_TABLE(rows);
