"""What the benches of disk and guarantee share: their program, and the folder for the spool."""

import pathlib
import shutil
import subprocess
import tempfile

import benches
from lab import Subject, medians, totals

SECONDS = 3
THREADS = 8
TOPICS = 4

# As the event is encoded.
EVENT_BYTES = 59

# For each thread: events that wait for the disk, and those by which it is ahead of the receiver.
WINDOW = 1000
AHEAD = 5000

FIGURES = ("events_per_s", "accepted_per_s", "max_gap_ms", "cpu_s_per_million", "peak_rss_kb")
COUNTS = ("accepted", "received", "duplicates")


def subject(lab):
    return Subject("mqcluster", lab.root / "build/release/bench/durable", "mosquitto", 1, False)


def is_wanted(lab):
    return lab.options.subjects is None or "mqcluster" in lab.options.subjects


class Disk:
    """A folder on the disk that the build is on, for one run: a temporary folder may be memory."""

    def __init__(self, lab):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="disk-", dir=lab.root / "build"))

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def file_system(lab):
    """Which one that folder is on, for the reader."""
    done = subprocess.run(["stat", "-f", "-c", "%T", lab.root / "build"], capture_output=True,
                          text=True, check=False)
    return done.stdout.strip() or "unknown"


def flood(lab, *options):
    """One run; the objects that it printed."""
    with Disk(lab) as disk:
        return lab.finish(lab.start(subject(lab), "flood", "--disk", disk, "--threads", THREADS,
                                    "--topics", TOPICS, "--window", WINDOW, "--ahead", AHEAD,
                                    *options, seconds=SECONDS * lab.seconds))


def measure(lab, name, cases, options):
    """Each case as often as wanted, in turn; the runs of each."""
    found = {}
    for repetition in range(lab.repetitions):
        for case in cases:
            lab.say(f"{name}: {repetition + 1} of {lab.repetitions}: {' '.join(filter(None, case))}")
            found.setdefault(case, []).extend(flood(lab, *options(case)))
    return {case: runs for case, runs in found.items() if runs}


def row(runs, **members):
    """A JSON row like those of throughput."""
    return {"bench": "throughput", "subject": "mqcluster", "qos": 1, "tls": False,
            "payload_bytes": EVENT_BYTES, "topics": TOPICS, "receivers": 1, "threads": THREADS,
            **members, **medians(runs, FIGURES), **totals(runs, COUNTS)}


def compare(pairs):
    """Adds to the first row of each pair which part of the other's rate it reaches."""
    for one, other in pairs:
        one["ratio"] = round(one["events_per_s"] / other["events_per_s"], 3)


COLUMNS = ("accepted/s", "events/s", "ratio", "max gap ms", "CPU s/million", "peak RSS kB",
           "events", "lost", "twice")


def cells(line):
    """A row as it stands below COLUMNS."""
    return [benches.number(line, "accepted_per_s"), benches.number(line, "events_per_s"),
            benches.number(line, "ratio", 2), benches.number(line, "max_gap_ms", 1),
            benches.number(line, "cpu_s_per_million", 2), benches.number(line, "peak_rss_kb"),
            f"{line['accepted']:,}", str(line["accepted"] - line["received"]),
            str(line["duplicates"])]
