"""How many messages a second go from one node through the broker to another."""

import benches
from lab import medians, totals

NAME = "throughput"
WHAT = "events per second, their cost, and how long a big message holds up others"

PAYLOADS = (100, 5000, 50000)
BIG_BYTES = 10_000_000

FIGURES = ("events_per_s", "max_gap_ms", "cpu_s_per_million", "peak_rss_kb")
COUNTS = ("accepted", "received", "duplicates")

# A publisher may be this far ahead of its receiver, in messages and in bytes.
AHEAD = ("--max-messages", 5000, "--max-bytes", 1 << 20)

GUARANTEES = {0: "best_effort", 1: "broker"}


def cases(lab):
    """What is measured: (payload, big, qos, subject)."""
    for qos in (0, 1):
        for payload in PAYLOADS:
            yield from ((payload, 0, qos, subject) for subject in lab.subjects(has_variants=True))
        yield from ((PAYLOADS[0], BIG_BYTES, qos, subject) for subject in lab.subjects())


def run(lab):
    found = {}
    for repetition in range(lab.repetitions):
        for payload, big, qos, subject in cases(lab):
            amid = f" around one of {big:,}" if big else ""
            lab.say(f"throughput: {repetition + 1} of {lab.repetitions}: {subject}, QoS {qos}, "
                    f"{payload} bytes{amid}")
            options = ["--qos", qos, "--payload", payload, *AHEAD]
            objects = lab.measure(subject, NAME, *options, *(["--big", big] if big else []))
            found.setdefault((big, payload, subject.tls, qos, subject), []).extend(objects)
    lab.note(f"throughput: at most {AHEAD[1]:,} messages and {AHEAD[3]:,} bytes ahead of the "
             "receiver; the CPU time is that of both nodes, the memory that of the larger; with a "
             "big message the others come at 1,000 a second, and the gap is what counts")
    keys = sorted(filter(found.get, found), key=lambda key: key[:4])
    return [row(*key, found[key]) for key in keys]


def row(big, payload, tls, qos, subject, runs):
    head = subject.row(NAME, qos=qos, tls=tls, payload_bytes=payload, topics=1, receivers=1,
                       durability="memory", guarantee=GUARANTEES[qos])
    if big:
        head["big_bytes"] = big
    return {**head, **medians(runs, FIGURES), **totals(runs, COUNTS)}


def name(row):
    return row["subject"] + (" batch 1" if "batch" in row else "")


def size(row):
    return f"{row['payload_bytes']:,}" + (f" + {row['big_bytes']:,}" if "big_bytes" in row else "")


def table(rows):
    columns = ["subject", "bytes", "TLS", "QoS", "events/s", "max gap ms", "CPU s/million",
               "peak RSS kB", "events", "lost", "twice"]
    return benches.markdown(columns, [
        [name(row), size(row), "yes" if row["tls"] else "no", str(row["qos"]),
         benches.number(row, "events_per_s"), benches.number(row, "max_gap_ms", 1),
         benches.number(row, "cpu_s_per_million", 2), benches.number(row, "peak_rss_kb"),
         f"{row['accepted']:,}", str(row["accepted"] - row["received"]), str(row["duplicates"])]
        for row in rows])
