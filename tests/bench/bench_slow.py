"""Whether a receiver that is too slow slows down the others."""

import subprocess
import threading
import time

import benches
from lab import environment, medians, totals

NAME = "slow"
WHAT = "events per second beside a receiver that takes 10 ms for each, and without it"

PAYLOAD_BYTES = 100
PAUSE_S = 0.01
AHEAD = ("--max-messages", 5000, "--max-bytes", 1 << 20)

FIGURES = ("events_per_s",)
COUNTS = ("accepted", "received", "duplicates")


class SlowReceiver:
    """`mqcluster subscribe`, whose output is read a line at a time: its handler waits for that."""

    def __init__(self, lab, cluster):
        program = lab.root / "build/release/bin/mqcluster"
        broker = f"mqtt://127.0.0.1:{lab.server('mosquitto').plain}"
        self.count = 0
        self.process = subprocess.Popen(
            [program, "subscribe", "--cluster", cluster, "--broker", broker, ""],
            env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while self.process.stdout.readline():
            self.count += 1
            time.sleep(PAUSE_S)

    def end(self):
        self.process.kill()
        self.process.wait()


def measure(lab, subject, is_beside):
    program = lab.start(subject, "throughput", "--qos", 1, "--payload", PAYLOAD_BYTES, *AHEAD)
    # So a program names the cluster of the first publisher and its receivers.
    slow = SlowReceiver(lab, f"{program.cluster}-0") if is_beside else None
    try:
        objects = lab.finish(program)
    finally:
        if slow is not None:
            slow.end()
    if slow is not None and slow.count == 0:
        lab.note("slow: the slow receiver got nothing, so the figures say nothing")
        lab.has_failed = True
    return objects


def run(lab):
    subjects = [subject for subject in lab.subjects()
                if subject.name == "mqcluster" and not subject.tls]
    found = {}
    for repetition in range(lab.repetitions):
        for subject in subjects:
            for is_beside in (False, True):
                lab.say(f"slow: {repetition + 1} of {lab.repetitions}: "
                        f"{'beside a slow receiver' if is_beside else 'without one'}")
                found.setdefault((subject, is_beside), []).extend(
                    measure(lab, subject, is_beside))
    return [{**subject.row(NAME, qos=1, tls=False, payload_bytes=PAYLOAD_BYTES,
                           slow_receivers=int(is_beside)),
             **medians(runs, FIGURES), **totals(runs, COUNTS)}
            for (subject, is_beside), runs in found.items() if runs]


def table(rows):
    return benches.markdown(["subject", "slow receivers", "events/s", "events", "lost", "twice"], [
        [row["subject"], str(row["slow_receivers"]), benches.number(row, "events_per_s"),
         f"{row['accepted']:,}", str(row["accepted"] - row["received"]), str(row["duplicates"])]
        for row in rows])
