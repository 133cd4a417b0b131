"""How fast a spool is drained that an outage has filled."""

import json
import subprocess
import time

import benches
import durable
import server
import server_mosquitto
from lab import environment, medians, totals

NAME = "drain"
WHAT = "events per second from a spool that is full, while new ones come"

SPOOL_MIB = 64
FULL_SPOOL_MIB = 256
NEW_PER_S = 5000
TIMEOUT_S = 300

# From the receiver's connection to its subscriptions.
SETTLE_S = 0.5

FIGURES = ("events_per_s", "new_per_s", "max_gap_ms", "cpu_s_per_million", "peak_rss_kb")
COUNTS = (*durable.COUNTS, "backlog", "refused")

# The receiver's session outlasts the time without a broker: nothing is sent to nobody.
CONFIG = """
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 0
log_dest file {log}
set_tcp_nodelay true
max_queued_messages 100000
listener {plain} 127.0.0.1
listener {tls} 127.0.0.1
"""


class Broker(server_mosquitto.Server):
    """One that goes and comes back."""

    CONFIG = CONFIG


class Failed(Exception):
    """Raised when a run ends early."""


def await_word(program, word):
    if program.stdout.readline().strip() != word:
        raise Failed(f"never {word}")


def await_receiver(broker, count):
    """Waits until the receiver has connected so many times."""
    deadline = time.monotonic() + server.PATIENCE_S
    while broker.log.read_text(encoding="utf-8").count("/receiver (p") < count:
        if time.monotonic() > deadline:
            raise Failed("the receiver does not come back")
        time.sleep(0.02)


def lead(broker, program):
    """Takes the broker away and brings it back, as the program asks for; what that printed."""
    await_word(program, "ready")
    # Mosquitto saves no session of a client that began it anew, as the receiver did.
    broker.stop()
    broker.restart()
    await_receiver(broker, 2)
    time.sleep(SETTLE_S)
    broker.stop()
    print("gone", file=program.stdin, flush=True)
    await_word(program, "full")
    broker.restart()
    out, _ = program.communicate(timeout=TIMEOUT_S)
    if program.returncode != 0:
        raise Failed(f"status {program.returncode}")
    return json.loads(out)


def drain(lab, number, fsync, spool_mib):
    folder = lab.folder / f"{NAME}-{number}-{fsync}"
    folder.mkdir()
    broker = Broker(folder)
    broker.start()
    with durable.Disk(lab) as disk, (folder / "log").open("w+", encoding="utf-8") as log:
        program = subprocess.Popen(
            [str(word) for word in (
                lab.root / "build/release/bench/durable", "drain", "--port", broker.plain,
                "--folder", folder, "--disk", disk, "--cluster", folder.name, "--async",
                "--threads", durable.THREADS, "--topics", durable.TOPICS,
                "--window", durable.WINDOW, "--fsync", fsync, "--spool", f"{spool_mib}MiB",
                "--rate", NEW_PER_S)],
            env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            text=True)
        try:
            return lead(broker, program)
        except (Failed, OSError, subprocess.TimeoutExpired) as problem:
            log.seek(0)
            said = log.read().splitlines()
            lab.note(f"failed: drain: {problem}: {said[-1] if said else 'no reason'}")
            lab.has_failed = True
            return None
        finally:
            program.kill()
            program.wait()
            broker.stop()


def cases(lab):
    return [(fsync, FULL_SPOOL_MIB if lab.is_full else SPOOL_MIB)
            for fsync in ("interval", "always")]


def run(lab):
    if not durable.is_wanted(lab):
        return []
    found = {}
    for repetition in range(lab.repetitions):
        for fsync, spool_mib in cases(lab):
            lab.say(f"drain: {repetition + 1} of {lab.repetitions}: {spool_mib} MiB, fsync {fsync}")
            measured = drain(lab, repetition, fsync, spool_mib)
            if measured is not None:
                lab.check_losses(durable.subject(lab), measured)
                found.setdefault((fsync, spool_mib), []).append(measured)
    lab.note(f"drain: the spool, on {durable.file_system(lab)}, is filled without a broker until "
             f"it refuses; then the broker comes back, and a thread publishes {NEW_PER_S:,} new "
             "events a second until all that was in the spool has arrived; the rate is of these, "
             "from the first arrival; what is refused meanwhile is not offered again")
    return [row(case, runs) for case, runs in found.items()]


def row(case, runs):
    fsync, spool_mib = case
    return {"bench": NAME, "subject": "mqcluster", "qos": 1, "tls": False,
            "payload_bytes": durable.EVENT_BYTES, "topics": durable.TOPICS, "receivers": 1,
            "durability": "disk", "fsync": fsync, "guarantee": "broker", "publish": "async",
            "spool_mib": spool_mib, **medians(runs, FIGURES), **totals(runs, COUNTS)}


def table(rows):
    columns = ["spool MiB", "fsync", "in the spool", "events/s", "new/s", "refused", "max gap ms",
               "CPU s/million", "peak RSS kB", "events", "lost", "twice"]
    return benches.markdown(columns, [
        [str(line["spool_mib"]), line["fsync"], f"{line['backlog']:,}",
         benches.number(line, "events_per_s"), benches.number(line, "new_per_s"),
         f"{line['refused']:,}", benches.number(line, "max_gap_ms", 1),
         benches.number(line, "cpu_s_per_million", 2), benches.number(line, "peak_rss_kb"),
         f"{line['accepted']:,}", str(line["accepted"] - line["received"]),
         str(line["duplicates"])] for line in rows])
