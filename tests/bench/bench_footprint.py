"""What many nodes on one broker need: a fleet of processes `mqcluster run`."""

import os
import pathlib
import statistics
import subprocess
import time

import benches
from lab import Broken, environment

NAME = "footprint"
WHAT = "200 nodes on one broker: until they know each other, their memory, their idle time"

NODES = {"manager": 1, "logger": 2, "proxy": 17, "worker": 180}
PATIENCE_S = 300
# Longer than the nodes take from one renewal of their presence to the next.
IDLE_LEAST_S = 25


def names():
    return [(f"{kind}-{i + 1}", kind) for kind, count in NODES.items() for i in range(count)]


def watched_count(kind):
    """A worker does not watch the other workers."""
    total = sum(NODES.values()) - 1
    return total - (NODES["worker"] - 1 if kind == "worker" else 0)


class Node:
    """One process; its log goes to a file."""

    def __init__(self, lab, name, kind, layout, port):
        self.watched = watched_count(kind)
        self.log = lab.folder / f"fleet-{name}.log"
        config = lab.folder / f"fleet-{name}.yaml"
        config.write_text(f"cluster: {{name: fleet}}\nnode: {name}\n"
                          f"broker: {{uri: \"mqtt://127.0.0.1:{port}\"}}\n{layout}",
                          encoding="utf-8")
        program = lab.root / "build/release/bin/mqcluster"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([program, "run", "-c", config], env=environment(),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def seen(self):
        return self.log.read_text(encoding="utf-8").count("got hello from ")

    def proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text(encoding="utf-8")

    def memory_kb(self, what):
        line = next(line for line in self.proc("smaps_rollup").splitlines()
                    if line.startswith(f"{what}:"))
        return int(line.split()[1])

    def cpu_ms(self):
        fields = self.proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.terminate()

    def reap(self):
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(lab, port):
    listed = "".join(f"  {name}: {{type: {kind}}}\n" for name, kind in names())
    nodes = []
    for name, kind in names():
        nodes.append(Node(lab, name, kind, f"nodes:\n{listed}", port))
    return nodes


def await_all(nodes):
    """Waits until each has heard of all that it watches."""
    deadline = time.monotonic() + PATIENCE_S
    waiting = list(nodes)
    while waiting:
        waiting = [node for node in waiting if node.seen() < node.watched]
        if any(node.process.poll() is not None for node in waiting):
            raise Broken("footprint: a node has ended")
        if time.monotonic() > deadline:
            raise Broken(f"footprint: {len(waiting)} nodes do not know all others")
        time.sleep(0.05)


def idle_ms_per_s(nodes, seconds):
    before = [node.cpu_ms() for node in nodes]
    time.sleep(seconds)
    used = sum(node.cpu_ms() for node in nodes) - sum(before)
    return used / len(nodes) / seconds


def row(what, value, unit):
    return {"bench": NAME, "what": what, "value": round(value, 3), "unit": unit}


def measure(lab, nodes, since):
    await_all(nodes)
    total = len(nodes)
    yield row(f"{total} nodes know each other", time.monotonic() - since, "s")
    lab.say("footprint: at rest")
    yield row(f"processor time of an idle node of {total}",
              idle_ms_per_s(nodes, max(IDLE_LEAST_S, IDLE_LEAST_S * lab.seconds)), "ms/s")
    for what in ("Rss", "Pss"):
        memory = [node.memory_kb(what) for node in nodes]
        yield row(f"{what.upper()} of a node of {total}", statistics.median(memory), "kB")
        yield row(f"largest {what.upper()} of a node of {total}", max(memory), "kB")


def run(lab):
    if lab.options.subjects is not None and "mqcluster" not in lab.options.subjects:
        return []
    port = lab.server("mosquitto").plain
    lab.say(f"footprint: {sum(NODES.values())} nodes start")
    since = time.monotonic()
    nodes = start(lab, port)
    try:
        rows = list(measure(lab, nodes, since))
    finally:
        for node in nodes:
            node.end()
        for node in nodes:
            node.reap()
    lab.note("footprint: processes of the release build on this machine, with the default lease of "
             "60 s; a worker watches all but the workers; the time begins with the first process")
    return rows


def table(rows):
    return benches.markdown(["what", "value", "unit"], [
        [row["what"], benches.number(row, "value", 3), row["unit"]] for row in rows])
