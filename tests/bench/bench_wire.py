"""How many bytes of a PUBLISH an event takes when batches are full, as the broker gets them."""

import json
import random
import socket
import subprocess
import threading
import time

import benches
from lab import Broken, environment

NAME = "wire"
WHAT = "bytes from a node to the broker for an event in full batches, plain and compressed"

EVENT = "connection_seen"
TOPIC = "site/connections"
BATCHES = 10
# delivery.batch_events as it is by default.
EVENTS = BATCHES * 1000
TIMEOUT_S = 60

# The broker's first answer is kept back for so long, so that all events wait by then; the next
# times longer.
HELD_BACK_S = (1, 4, 16)

PUBLISH = 3
STATES = ["SF"] * 60 + ["S0"] * 15 + ["REJ"] * 8 + ["RSTO", "RSTR", "S1", "SH", "OTH"] * 3
PORTS = [443] * 40 + [80] * 15 + [53] * 25 + [22, 25, 123, 445, 993, 3389, 5353, 8080]


class Tap:
    """Stands between a client and the broker, and counts what goes to the broker."""

    def __init__(self, broker_port, held_back_s):
        self.broker_port = broker_port
        self.held_back_s = held_back_s
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sent = bytearray()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        client, _ = self.listener.accept()
        with client, socket.create_connection(("127.0.0.1", self.broker_port)) as broker:
            back = threading.Thread(target=self._answer, args=(broker, client), daemon=True)
            back.start()
            while data := client.recv(1 << 16):
                self.sent += data
                broker.sendall(data)
            broker.shutdown(socket.SHUT_WR)
            back.join(TIMEOUT_S)

    def _answer(self, broker, client):
        data = broker.recv(1 << 16)
        time.sleep(self.held_back_s)
        try:
            while data:
                client.sendall(data)
                data = broker.recv(1 << 16)
        except OSError:
            pass

    def close(self):
        self.listener.close()
        self.thread.join(TIMEOUT_S)


def packets(stream):
    """The type and the whole size of each packet of MQTT (MQTT 5, 2.1)."""
    at = 0
    while at < len(stream):
        length, shift, behind = 0, 0, at + 1
        while True:
            length |= (stream[behind] & 0x7f) << shift
            shift, behind = shift + 7, behind + 1
            if stream[behind - 1] < 0x80:
                break
        yield stream[at] >> 4, behind + length - at
        at = behind + length


def connections():
    """What a sensor sees of a site with many hosts: the arguments, tagged as in Zeek's JSON."""
    dice = random.Random(9)

    def tagged(kind, data):
        return {"@data-type": kind, "data": data}

    def local():
        return f"10.20.{dice.randrange(8)}.{dice.randrange(1, 255)}"

    def remote():
        return ".".join(str(dice.randrange(1, 255)) for _ in range(4))

    for _ in range(EVENTS):
        protocol = dice.choice(("tcp", "tcp", "tcp", "udp"))
        yield [tagged("address", local()), tagged("port", f"{dice.randrange(1024, 65536)}/{protocol}"),
               tagged("address", dice.choice((local, remote, remote))()),
               tagged("port", f"{dice.choice(PORTS)}/{protocol}"),
               tagged("string", dice.choice(STATES))]


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def zeek_json(args):
    """The event as a client of Zeek's WebSocket server gets it."""
    def vector(*items):
        return {"@data-type": "vector", "data": list(items)}

    one = {"@data-type": "count", "data": 1}
    return compact({"type": "data-message", "topic": TOPIC,
                    **vector(one, one, vector({"@data-type": "string", "data": EVENT},
                                              vector(*args)))})


def publish(lab, port, events, compression, held_back_s):
    """Publishes them and returns the sizes of the PUBLISH packets."""
    tap = Tap(port, held_back_s)
    lines = "".join(compact({"topic": TOPIC, "event": EVENT, "args": args}) + "\n"
                    for args in events)
    command = [str(lab.root / "build/release/bin/mqcluster"), "publish", "-b",
               f"mqtt://127.0.0.1:{tap.port}", "--cluster", "site-7", "--set",
               f"delivery.compression={compression}", "--wait", "--stdin"]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False,
                          timeout=TIMEOUT_S, env=environment())
    tap.close()
    if done.returncode != 0:
        raise Broken(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return [size for kind, size in packets(tap.sent) if kind == PUBLISH]


def measure(lab, port, events, compression):
    """The bytes of an event in full batches."""
    lab.say(f"wire: {EVENTS} events, compression: {compression}")
    for held_back_s in HELD_BACK_S:
        sizes = publish(lab, port, events, compression, held_back_s)
        if len(sizes) == BATCHES:
            return round(sum(sizes) / EVENTS, 1)
    raise Broken(f"the batches were not full: {len(sizes)} messages")


def run(lab):
    events = list(connections())
    port = lab.server("mosquitto").plain
    rows = [{"bench": NAME, "subject": "zeek-json", "compressed": False,
             "bytes_per_event": round(sum(len(zeek_json(args)) for args in events) / EVENTS, 1)}]
    for compression in ("none", "zstd"):
        rows.append({"bench": NAME, "subject": "mqcluster", "compressed": compression != "none",
                     "bytes_per_event": measure(lab, port, events, compression)})
    lab.note(f"wire: {EVENT} with the arguments addr, port, addr, port and string, {EVENTS} different "
             f"ones in {BATCHES} messages of MQTT 5 with QoS 1; whole PUBLISH packets, topic and "
             "properties included; Zeek's JSON is the message of its WebSocket server alone")
    return rows


def table(rows):
    json_bytes = rows[0]["bytes_per_event"]
    return benches.markdown(["subject", "compressed", "bytes an event", "of Zeek's JSON"], [
        [row["subject"], "yes" if row["compressed"] else "no",
         benches.number(row, "bytes_per_event", 1),
         f"{100 * row['bytes_per_event'] / json_bytes:.1f} %"] for row in rows])
