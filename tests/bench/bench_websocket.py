"""What programs get that take part in the cluster through a node's WebSocket server."""

import json
import shutil
import subprocess

import benches
from lab import Broken, environment, medians, totals
from server import free_ports

NAME = "websocket"
WHAT = "events per second between a node and its WebSocket clients, and how long echoes take"

# One row each: direction, kind of client, number of clients, and which figures come from which
# thing that the client measures. What is asked for at once says nothing about a round trip.
RATE = ("events_per_s",)
TIMES = ("p50_us", "p99_us")
CASES = (
    ("to_node", "c", 1, {"to-node": RATE}),
    *(("from_node", "c", clients, {"from-node": RATE}) for clients in (1, 10, 50)),
    *((direction, client, 1, things) for client in ("c", "node-ws") for direction, things in (
        ("echo", {"round-trip": TIMES, "burst": RATE}),
        ("echo_stream", {"stream": RATE + TIMES}))),
)

STREAM_SECONDS = 3
GRACE_S = 90
START_S = 30


class Node:
    """A node with a WebSocket server, on a broker that nobody else uses meanwhile."""

    def __init__(self, lab, name):
        self.port = free_ports(1)[0]
        broker = lab.server("mosquitto").plain
        program = lab.root / "build/release/bench/websocket_node"
        self.log = lab.folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [program, str(broker), str(self.port), name, str(lab.folder)],
                env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        if self.process.stdout.readline() != b"ready\n":
            self.end()
            raise Broken(f"websocket: the node does not start: {self.said()}")

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace").strip()

    def end(self):
        """Returns whether it ended as it should."""
        self.process.stdin.close()
        try:
            status = self.process.wait(START_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        return status == 0


def command(lab, node, client, thing, clients):
    seconds = lab.seconds * (STREAM_SECONDS if thing == "stream" else 1)
    arguments = [thing, str(node.port), f"{seconds:g}"]
    if client == "node-ws":
        return ["node", str(lab.root / "tests/bench/websocket_client.js"), *arguments]
    return [str(lab.root / "build/release/bench/websocket_client"), *arguments, str(clients)]


def measure(lab, node, client, thing, clients):
    """Returns what a client measured; {} when it could not, of which a note tells."""
    # Debian keeps the packages of Node.js there, and looks there by itself for its own node only.
    env = {"NODE_PATH": "/usr/share/nodejs", **environment()}
    try:
        done = subprocess.run(command(lab, node, client, thing, clients), env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=GRACE_S + 2 * STREAM_SECONDS * lab.seconds, check=False)
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode != 0:
        said = ["no end"] if done is None else done.stderr.splitlines() or ["no reason"]
        # A program in JavaScript says more than its error.
        reason = next((line for line in said if "Error" in line), said[-1])
        lab.note(f"failed: websocket: {thing}, {client}, {clients} clients: {reason}")
        lab.has_failed = True
        return {}
    found = json.loads(done.stdout)
    if found["lost"] or found.get("duplicates"):
        lab.note(f"lost: websocket: {found['lost']} of {found['sent']} events in one measurement "
                 f"of {thing}, {client}, {clients} clients")
        lab.has_failed = True
    return found


def cases(lab):
    if shutil.which("node") is not None:
        return CASES
    lab.note("skipped: websocket: Node.js is not installed")
    return [case for case in CASES if case[1] != "node-ws"]


def run(lab):
    if lab.options.subjects is not None and "mqcluster" not in lab.options.subjects:
        return []
    chosen = cases(lab)
    found = {}
    for repetition in range(lab.repetitions):
        node = Node(lab, f"websocket-{repetition}")
        try:
            for case, (direction, client, clients, things) in enumerate(chosen):
                for thing in things:
                    lab.say(f"websocket: {repetition + 1} of {lab.repetitions}: {thing}, "
                            f"{client}, {clients} clients")
                    found.setdefault((case, thing), []).append(
                        measure(lab, node, client, thing, clients))
        finally:
            has_ended = node.end()
        if not has_ended or node.said():
            said = node.said().splitlines() or ["nothing, but it fails"]
            lab.note(f"the node of websocket says: {said[0]}")
    lab.note("websocket: events of a count and a string of 35 bytes, 340 bytes as JSON; echo has "
             "its times from one event at a time, its rate and losses from 20,000 asked for at "
             "once; echo_stream has at most 5,000 under way; client c costs little itself, node-ws "
             "is a program for Node.js; what passes the node goes to the broker too; from_node is "
             "at most 5,000 events ahead of the slowest client, and each client gets them all")
    return [row for case, about in enumerate(chosen) for row in rows_of(case, about, found)]


def rows_of(case, about, found):
    """The row of a case; none when nothing of it could be measured."""
    direction, client, clients, things = about
    runs = {thing: [run for run in found[case, thing] if run] for thing in things}
    if not any(runs.values()):
        return []
    row = {"bench": NAME, "subject": "mqcluster", "client": client, "clients": clients,
           "direction": direction}
    for thing, figures in things.items():
        row.update(medians(runs[thing], figures))
    row["lost"] = sum(totals(some, ["lost"])["lost"] for some in runs.values())
    return [row]


def table(rows):
    columns = ["subject", "client", "clients", "direction", "events/s", "p50 µs", "p99 µs", "lost"]
    return benches.markdown(columns, [
        [row["subject"], row["client"], str(row["clients"]), row["direction"],
         benches.number(row, "events_per_s"), benches.number(row, "p50_us"),
         benches.number(row, "p99_us"), str(row["lost"])] for row in rows])
