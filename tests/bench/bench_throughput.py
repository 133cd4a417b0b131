"""How many messages a second go from one node through the broker to others."""

import dataclasses

import benches
from lab import Subject, medians, totals

NAME = "throughput"
WHAT = "events per second, their cost, and how long a big message holds up others"

PAYLOAD_BYTES = 100
LARGER_BYTES = (5000, 50000)
BIG_BYTES = 10_000_000

# Numbers of topics and of receivers besides one.
MANY = (2, 4, 8)

FIGURES = ("events_per_s", "max_gap_ms", "cpu_s_per_million", "peak_rss_kb")
COUNTS = ("accepted", "received", "duplicates")

# A publisher may be this far ahead of its receiver, in messages and in bytes.
AHEAD = ("--max-messages", 5000, "--max-bytes", 1 << 20)

GUARANTEES = {0: "best_effort", 1: "broker"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One kind of measurement."""
    subject: Subject
    qos: int
    payload: int = PAYLOAD_BYTES
    big: int = 0
    topics: int = 1
    receivers: int = 1

    def __str__(self):
        return ", ".join(filter(None, (
            str(self.subject), f"QoS {self.qos}", f"{self.payload:,} bytes",
            f"one of {self.big:,}" if self.big else "",
            f"{self.topics} topics" if self.topics > 1 else "",
            f"{self.receivers} receivers" if self.receivers > 1 else "")))

    def options(self):
        return ["--qos", self.qos, "--payload", self.payload, "--topics", self.topics,
                "--receivers", self.receivers, *AHEAD, *(["--big", self.big] if self.big else [])]

    def order(self):
        return (self.big, self.payload, self.topics, self.receivers, self.subject.tls, self.qos)

    def row(self, runs):
        subject = self.subject
        head = subject.row(NAME, qos=self.qos, tls=subject.tls, payload_bytes=self.payload,
                           topics=self.topics, receivers=self.receivers, durability="memory",
                           guarantee=GUARANTEES[self.qos])
        if self.big:
            head["big_bytes"] = self.big
        return {**head, **medians(runs, FIGURES), **totals(runs, COUNTS)}


def shapes(lab):
    """Numbers of topics and of receivers beside one of each."""
    if not lab.is_full:
        return ((MANY[-1], 1), (1, MANY[-1]))
    return (*((many, 1) for many in MANY), *((1, many) for many in MANY), (MANY[-1], MANY[-1]))


def many_cases(lab):
    """Several topics or receivers, of mqcluster alone."""
    for qos in (0, 1) if lab.is_full else (1,):
        for subject in lab.subjects(qos):
            if subject.name == "mqcluster" and (lab.is_full or not subject.tls):
                yield from (Case(subject, qos, topics=topics, receivers=receivers)
                            for topics, receivers in shapes(lab))


def cases(lab):
    for qos in (0, 1):
        for payload in (PAYLOAD_BYTES, *(LARGER_BYTES if lab.is_full else ())):
            yield from (Case(subject, qos, payload)
                        for subject in lab.subjects(qos, has_variants=True))
        if lab.is_full:
            yield from (Case(subject, qos, big=BIG_BYTES, topics=2)
                        for subject in lab.subjects(qos))
    yield from many_cases(lab)


def run(lab):
    found = {}
    for repetition in range(lab.repetitions):
        for case in cases(lab):
            lab.say(f"throughput: {repetition + 1} of {lab.repetitions}: {case}")
            found.setdefault(case, []).extend(lab.measure(case.subject, NAME, *case.options()))
    lab.note(f"throughput: at most {AHEAD[1]:,} messages and {AHEAD[3]:,} bytes ahead of the "
             "slowest receiver; several receivers get every event each, and the rate and what was "
             "received are those of the slowest; the CPU time is that of all nodes without the "
             "broker, the memory that of the largest; nats delivers at most once, which compares "
             "with QoS 0")
    if lab.is_full:
        lab.note("throughput: with a big message, on a topic of its own, the others come at 1,000 a "
                 "second, and the gap is what counts")
    return [case.row(found[case]) for case in sorted(filter(found.get, found), key=Case.order)]


def size(row):
    return f"{row['payload_bytes']:,}" + (f" + {row['big_bytes']:,}" if "big_bytes" in row else "")


def table(rows):
    columns = ["subject", "bytes", "TLS", "QoS", "topics", "receivers", "events/s", "max gap ms",
               "CPU s/million", "peak RSS kB", "events", "lost", "twice"]
    return benches.markdown(columns, [
        [benches.subject(row), size(row), "yes" if row["tls"] else "no", str(row["qos"]),
         str(row["topics"]), str(row["receivers"]),
         benches.number(row, "events_per_s"), benches.number(row, "max_gap_ms", 1),
         benches.number(row, "cpu_s_per_million", 2), benches.number(row, "peak_rss_kb"),
         f"{row['accepted']:,}", str(row["accepted"] - row["received"]), str(row["duplicates"])]
        for row in rows])
