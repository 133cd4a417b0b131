"""How long a message takes from one node through the broker to another."""

import benches
from lab import medians, totals

NAME = "latency"
WHAT = "the time from publish to the handler of another node, under four loads"

LOADS = ("idle", "low", "half", "full")
FIGURES = ("p50_us", "p90_us", "p99_us", "max_us")

PAYLOAD_BYTES = 100

# One message a second takes long to become many, so that this is done with many pairs at once, each
# of which sends at a time of its own, and once only.
IDLE_PAIRS = 8
IDLE_SECONDS = 25

# A publisher may be this far ahead of its receiver; more would measure how long the queue is.
AHEAD = ("--max-messages", 500)


def combinations(lab):
    """Subjects with the QoS: the highest that they have, or each."""
    return [(subject, qos) for qos in (0, 1) for subject in lab.subjects(qos, has_variants=True)
            if lab.is_full or qos == subject.qos_most]


def measure_idle(lab, found):
    combined = combinations(lab)
    seconds = max(5, round(IDLE_SECONDS * lab.seconds))
    lab.say(f"latency: {len(combined)} kinds at one message a second, {seconds} s")
    programs = [
        lab.start(subject, NAME, "--idle", "--qos", qos, "--payload", PAYLOAD_BYTES,
                  "--pairs", IDLE_PAIRS, "--slot", i * IDLE_PAIRS,
                  "--slots", len(combined) * IDLE_PAIRS, seconds=seconds)
        for i, (subject, qos) in enumerate(combined)]
    for (subject, qos), program in zip(combined, programs):
        keep(found, subject, qos, lab.finish(program))


def keep(found, subject, qos, objects):
    for measured in objects:
        found.setdefault((measured["load"], subject.tls, qos, subject), []).append(measured)


def run(lab):
    found = {}
    measure_idle(lab, found)
    for repetition in range(lab.repetitions):
        for subject, qos in combinations(lab):
            lab.say(f"latency: {repetition + 1} of {lab.repetitions}: {subject}, QoS {qos}")
            keep(found, subject, qos,
                 lab.measure(subject, NAME, "--qos", qos, "--payload", PAYLOAD_BYTES, *AHEAD))
    lab.note(f"latency: payload {PAYLOAD_BYTES} bytes; idle is one run of {IDLE_PAIRS} receivers of "
             "each kind, all at once; low is one message at a time, there and back; half and full "
             f"are at most {AHEAD[1]} messages ahead of the receiver")
    keys = sorted(found, key=lambda key: (LOADS.index(key[0]), key[1], key[2]))
    return [row(*key, found[key]) for key in keys]


def row(load, tls, qos, subject, runs):
    return {**subject.row(NAME, qos=qos, tls=tls, load=load), **medians(runs, FIGURES),
            "samples": totals(runs, ["received"])["received"]}


def table(rows):
    columns = ["subject", "load", "TLS", "QoS", "p50 µs", "p90 µs", "p99 µs", "max µs", "samples"]
    return benches.markdown(columns, [
        [benches.subject(row), row["load"], "yes" if row["tls"] else "no", str(row["qos"]),
         *(benches.number(row, name) for name in FIGURES), benches.number(row, "samples")]
        for row in rows])
