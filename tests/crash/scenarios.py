"""What is killed, what is promised, and what must come of it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Topic:
    """A topic of the sender's, and the receivers that its events are for."""
    name: str
    receivers: tuple

    @property
    def is_to_node(self):
        """Whether it is a node's own, to which that node subscribes by itself."""
        return self.name.startswith("zeek/cluster/node/")


# What may be shown: nothing may be lost, doubled or disordered, or the harness must find it so.
NOTHING = "nothing"
LOSSES = "losses"
REPORTED_LOSSES = "reported losses"  # and the receivers counted each of them as missing
DUPLICATES = "duplicates"


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    what: str
    receivers: tuple
    topics: tuple
    victims: tuple  # of: sender, receiver, sender-link, receiver-link, broker
    delivery: str
    is_together: bool = False  # each round hits all of them, in this order
    finds: str = NOTHING
    persistence: bool = False
    autosave_s: int = 1800
    forgets: str = ""  # files of a receiver's state that are deleted before it starts again
    threads: int = 4
    is_to_many: bool = False

    @property
    def may_keep(self):
        """Whether the sender keeps what has arrived, for receivers that may ask for it."""
        return self.is_to_many


ONE = ("receiver-1",)
THREE = ("receiver-1", "receiver-2", "receiver-3")
TO_ONE = (Topic("zeek/cluster/node/receiver-1/", ONE),)
TO_THREE = tuple(Topic(f"crash/common/{i}", THREE) for i in range(4))

LINKS = ("sender-link", "receiver-link")
NODES = ("sender", "receiver", *LINKS)
ALL = ("broker", *NODES)

MEMORY = "delivery: {{guarantee: broker}}\n"
# So few in memory that in every outage events are on disk alone.
DISK = ("delivery: {{durability: disk, directory: \"{state}\", guarantee: broker, "
        "fsync: interval, outbox_events: 300, batch_events: 100}}\n")
# Much longer than anything is away. A sender that starts sends all that it keeps before anything new.
END_TO_END = DISK.replace("guarantee: broker",
                          "guarantee: end_to_end, keep_time: 1m, keep_bytes: 256MiB")

SCENARIOS = {scenario.name: scenario for scenario in (
    Scenario("links", "only links are cut: the memory is enough",
             THREE, TO_ONE + TO_THREE, LINKS, MEMORY),
    Scenario("sender-killed", "the sender is killed, links are cut; receivers and broker live",
             THREE, TO_ONE + TO_THREE, ("sender", *LINKS), DISK),
    Scenario("broker-guarantee", "nodes are killed, links are cut; the broker lives",
             THREE, TO_ONE + TO_THREE, NODES, DISK),
    Scenario("end-to-end-one", "the broker is killed too and forgets everything; to one node",
             ONE, TO_ONE, ALL, END_TO_END),
    Scenario("end-to-end-one-persistence", "the same, and the broker remembers old states",
             ONE, TO_ONE, ALL, END_TO_END, persistence=True, autosave_s=1),
    Scenario("end-to-end-many", "the broker is killed too and forgets everything; to three nodes",
             THREE, TO_THREE, ALL, END_TO_END, is_to_many=True),
    Scenario("end-to-end-many-persistence", "the same, and the broker remembers old states",
             THREE, TO_THREE, ALL, END_TO_END, is_to_many=True, persistence=True, autosave_s=1),
    # The harness proves itself: these faults it must find.
    Scenario("no-dedup", "receivers forget what they had: duplicates",
             THREE, TO_ONE + TO_THREE, ("sender", "receiver"), DISK, is_together=True,
             finds=DUPLICATES, forgets="positions*"),
    Scenario("memory", "the sender keeps its events in memory and is killed: losses",
             THREE, TO_ONE + TO_THREE, ("sender-link", "sender"), MEMORY, is_together=True,
             finds=LOSSES),
    Scenario("broker-killed", "the broker is killed with what it acknowledged: losses, all reported",
             THREE, TO_ONE + TO_THREE, ("broker",), DISK, finds=REPORTED_LOSSES),
)}
