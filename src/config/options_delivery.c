#include "config/options_priv.h"

#include "config/text_check.h"
#include "mqtt/session.h"

#define TIB (KIB * GIB)

const struct mqc__choice mqc__guarantee_choices[] = {
    {"broker", MQC__GUARANTEE_BROKER},
    {"best_effort", MQC__GUARANTEE_BEST_EFFORT},
    {"end_to_end", MQC__GUARANTEE_END_TO_END},
    {NULL, 0},
};

static const struct mqc__choice durability_choices[] = {{"memory", 0}, {"disk", 1}, {NULL, 0}};

static const struct mqc__choice fsync_choices[] = {{"always", MQC__SPOOL_FSYNC_ALWAYS},
                                                   {"interval", MQC__SPOOL_FSYNC_INTERVAL},
                                                   {"never", MQC__SPOOL_FSYNC_NEVER},
                                                   {NULL, 0}};

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
     .doc = "What is promised for an event. broker: the broker has acknowledged it (QoS 1). Not "
            "covered: a broker that is killed or loses power, and one that drops the event because "
            "its queue for a receiver is full. best_effort: it is sent once, without an "
            "acknowledgement (QoS 0). Not covered: a connection that breaks meanwhile, and "
            "receivers that are away. end_to_end: the nodes that subscribed to it have handled it, "
            "for what the broker loses is sent again. An event for one node waits until that node "
            "acknowledges it; one for many is kept so that they can ask for it again. Not covered: "
            "a receiver that is away for longer than keep_time and keep_bytes allow, after which "
            "the event is given up, counted and reported; a node that joins later, which gets "
            "nothing from before. With durability memory no guarantee covers what a node that is "
            "killed had not sent or not handled yet."},
    {.path = "delivery.prefixes",
     .kind = MQC__OPTION_PREFIXES,
     .default_note = "none",
     .example = "- {prefix: app/status/, guarantee: best_effort}\n"
                "- {prefix: app/alarm/, guarantee: end_to_end, urgent: true}",
     .doc = "Other guarantees for the topics that begin with a prefix: broker, best_effort or "
            "end_to_end, as above. The longest prefix that "
            "matches a topic counts. With urgent: true (false unless given) events pass those that "
            "wait and are not urgent; the order of the events of a topic stays as it is. What was "
            "handed to the broker already (broker.max_in_flight_bytes) still goes before. Nothing "
            "else waits for ever: while both wait, at least one of nine messages is not urgent. "
            "An outbox that is full refuses urgent events too; one that drops the oldest drops "
            "urgent ones last."},
    {.path = "delivery.keep_time",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(delivery.keep_time_ms),
     .default_text = "10m",
     .min = SECOND,
     .max = 30 * DAY,
     .doc = "How long an event of guarantee end_to_end waits for the acknowledgement of the node "
            "that it is for, and how long one for many nodes may be asked for again, from when the "
            "broker acknowledged it. Then the sender gives it up; what was not acknowledged is "
            "counted and reported. Make it longer than the nodes are away, and give keep_bytes "
            "room for what is sent in that time."},
    {.path = "delivery.keep_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT(delivery.keep_bytes),
     .default_text = "64MiB",
     .min = 64 * KIB,
     .max = 16 * GIB,
     .doc = "How many bytes of such events are kept after the broker has acknowledged them. When "
            "there are more, the oldest are given up before keep_time is over, counted and "
            "reported likewise."},
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
            "outlast longer times without a connection. With durability disk it only bounds "
            "how many of them are in memory."},
    {.path = "delivery.outbox_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT(delivery.outbox_bytes),
     .default_text = "64MiB",
     .min = 64 * KIB,
     .max = GIB,
     .doc = "How many bytes of events may wait for the broker, those under way included. What the "
            "node takes for publishing stays below twice this and broker.max_in_flight_bytes. With "
            "durability disk more may wait there."},
    {.path = "delivery.when_full",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(delivery.when_full),
     .choices = when_full_choices,
     .default_text = "refuse",
     .doc = "What happens to a new event when the outbox is full, or with durability disk the "
            "spool (spool_bytes). refuse: publish fails and the sender decides. drop_oldest: the "
            "oldest waiting event is dropped, counted and reported; for data of which only the "
            "latest matters."},
    {.path = "delivery.durability",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(delivery.durability),
     .choices = durability_choices,
     .default_text = "memory",
     .doc = "Where the node keeps what it needs after being killed. memory: nowhere; the events "
            "that wait in it are lost then, and what it had handled may come again. disk: in files "
            "in directory. publish returns true once the event survives kill -9 (fsync says what a "
            "power cut may cost), and after a restart the node sends what was left and drops what "
            "it had handled. Only the event that was in its handlers when it was killed comes "
            "again, marked as uncertain. It needs node. Guests, as all commands but run are, go by "
            "memory. Not covered: a disk that fails."},
    {.path = "delivery.directory",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(delivery.directory),
     .check = mqc__check_directory,
     .default_text = "/var/lib/mqcluster",
     .doc = "Where a node with durability disk keeps its files, an absolute path. It must be there "
            "and be writable for the node, which has a folder of its own in it: its name, with %XX "
            "for all bytes but letters, digits, '-', '_' and '.', and for a '.' that is the first. "
            "Who deletes that folder loses what waits in it."},
    {.path = "delivery.spool_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT(delivery.spool_bytes),
     .default_text = "1GiB",
     .min = MIB,
     .max = TIB,
     .doc = "How much of the disk the events that wait in a node with durability disk may take, "
            "for the broker or for what else their guarantee names. At 100 bytes an event 1GiB "
            "lasts for some millions of them."},
    {.path = "delivery.fsync",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(delivery.fsync),
     .choices = fsync_choices,
     .default_text = "interval",
     .doc = "When events are forced through to the disk with durability disk, so that they "
            "survive a power cut or a crash of the system too. always: before publish returns, "
            "several together where many threads publish. interval: every fsync_interval, so that "
            "a power cut costs what was accepted in that time. never: when the system does it by "
            "itself, often after half a minute. A node that is killed loses nothing with any of "
            "them."},
    {.path = "delivery.fsync_interval",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(delivery.fsync_interval_ms),
     .default_text = "1s",
     .min = 10,
     .max = HOUR,
     .doc = "How often, with fsync: interval. A longer one spares flash memory."},
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
    {.path = "delivery.piece_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT(delivery.piece_bytes),
     .default_text = "256KiB",
     .min = 0,
     .max = GIB,
     .doc = "An event with more bytes than this is sent in pieces of so many, each in an MQTT "
            "message of its own, and events of other topics pass in between, so that they do not "
            "wait for all of it. Smaller suits thin links; pieces are not compressed. At least "
            "16KiB; 0 sends every event whole. What its receivers have of such an event counts in "
            "their inbox_bytes until it is complete; there must be room for one from each sender."},
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
