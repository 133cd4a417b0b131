"""How many instructions an event costs: what a busy machine does not change."""

import re
import shutil
import subprocess

import benches
from lab import Broken, environment

NAME = "instructions"
WHAT = "instructions of the processor for an event, by callgrind"

TIMEOUT_S = 120
POOLS = (5, 50, 500)
ARGUMENTS = "5 arguments"

# Path and variant as in the JSON lines; path and number of nodes as the program takes them. What
# encoding costs alone is there to compare the choice of a node with.
CASES = [("publish", ARGUMENTS, "publish", 1),
         ("publish", f"{ARGUMENTS}, made and encoded only", "encode", 1),
         ("receive", ARGUMENTS, "receive_batch", 1),
         ("receive", f"{ARGUMENTS}, alone in its message", "receive", 1),
         ("receive", f"{ARGUMENTS}, compressed", "receive_compressed", 1),
         ("compress", ARGUMENTS, "compress", 1),
         ("json_encode", ARGUMENTS, "json_encode", 1),
         ("json_decode", ARGUMENTS, "json_decode", 1),
         *((path, f"{count} nodes", path, count)
           for path in ("publish_hrw", "publish_rr") for count in POOLS)]


def count(lab, path, nodes):
    program = lab.root / "build/release/bench/instructions"
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
               "--toggle-collect=measured", str(program), path, str(nodes)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT_S, env=environment(), check=False)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or collected is None:
        raise Broken(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return round(int(collected[1]) / int(done.stdout), 1)


def run(lab):
    if shutil.which("valgrind") is None:
        lab.note("skipped: instructions: valgrind is not installed")
        return []
    rows = []
    for path, variant, name, nodes in CASES:
        lab.say(f"instructions: {path}, {variant}")
        rows.append({"bench": NAME, "path": path, "variant": variant,
                     "per_event": count(lab, name, nodes)})
    lab.note("instructions: an event with the arguments addr, port, addr, port and string, of a "
             "declared type; up to the outbox, and from the inbox through the handler, 100 in a "
             "message; the thread of the connection is not counted but for compress, which "
             "compresses 100 different events, at the level 3; JSON is the data message of the "
             "WebSocket API")
    return rows


def table(rows):
    return benches.markdown(["path", "variant", "instructions"], [
        [row["path"], row["variant"], benches.number(row, "per_event")] for row in rows])
