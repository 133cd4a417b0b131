"""What the tests of the WebSocket server share: the node under test, clients of two libraries, and
a runner that lets each test meet both."""

import importlib.util
import itertools
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time

from harness import (BIN, PATIENCE, Skip, check, check_equal, environment, free_port, run_suite)

HERE = pathlib.Path(__file__).resolve().parent
PATH = "/v1/messages/json"


def value(plain):
    """The tagged form of a string, a count, a boolean, or of what is tagged already."""
    tag = {str: "string", bool: "boolean", int: "count", list: "vector"}.get(type(plain))
    if tag is None:
        return plain
    return {"@data-type": tag, "data": [value(item) for item in plain] if tag == "vector" else plain}


def plain(tagged):
    """The data alone, that of vectors likewise; None for what is not set."""
    if tagged["@data-type"] == "none":
        return None
    data = tagged["data"]
    return [plain(item) for item in data] if tagged["@data-type"] == "vector" else data


def data_message(topic, event, *args, metadata=None):
    inner = [event, list(args)] if metadata is None else [event, list(args), metadata]
    return {"type": "data-message", "topic": topic, **value([1, 1, inner])}


class Driver:
    """Clients of one library: a program that is told what to do, and tells what it sees."""

    def __init__(self, kind):
        self.kind = kind
        self.names = itertools.count()
        self.news = {}
        self.process = subprocess.Popen(self.command(), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE,
                                        env=environment(NODE_PATH="/usr/share/nodejs"))
        threading.Thread(target=self._read, daemon=True).start()

    def command(self):
        if self.kind == "node":
            if shutil.which("node") is None or not pathlib.Path("/usr/share/nodejs/ws").exists():
                raise Skip("nodejs and node-ws are not installed")
            return ["node", str(HERE / "client.js")]
        if importlib.util.find_spec("websocket") is None:
            raise Skip("python3-websocket is not installed")
        return [sys.executable, str(HERE / "client.py")]

    def _read(self):
        for line in self.process.stdout:
            report = json.loads(line)
            self.news[report["name"]].put(report)
        for reports in list(self.news.values()):
            reports.put({"what": "the driver ended"})

    def order(self, **order):
        self.process.stdin.write((json.dumps(order) + "\n").encode())
        self.process.stdin.flush()

    def connect(self, url, **options):
        """Returns a connection, of which the first report tells whether it is open."""
        client = Client(self, f"client-{next(self.names)}")
        self.order(do="connect", name=client.name, url=url, **options)
        return client

    def kill(self):
        self.process.kill()
        self.process.wait()


class Client:
    """One connection."""

    def __init__(self, driver, name):
        self.driver = driver
        self.name = name
        self.endpoint = None
        self.reports = driver.news[name] = queue.Queue()

    def order(self, what, **more):
        self.driver.order(do=what, name=self.name, **more)

    def send(self, message, **more):
        """Sends text as it is, and anything else as JSON."""
        text = message if isinstance(message, str) else json.dumps(message)
        self.order("send", text=text, **more)

    def publish(self, topic, event, *args, metadata=None):
        self.send(data_message(topic, event, *args, metadata=metadata))

    def next(self):
        """The next report but for pings."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                report = self.reports.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{self.name}: nothing comes") from None
            if report["what"] != "ping":
                return report

    def expect(self, what):
        report = self.next()
        check_equal(report["what"], what, str(report))
        return report

    def message(self):
        report = self.expect("message")
        check_equal(report["is_binary"], False, str(report))
        return json.loads(report["text"])

    def open(self):
        self.expect("open")
        return self

    def acknowledged(self):
        message = self.message()
        check_equal(list(message), ["type", "endpoint", "version"], str(message))
        check_equal(message["type"], "ack", str(message))
        self.endpoint = message["endpoint"]
        return self

    def subscribe(self, *prefixes):
        """Opens it and waits for the acknowledgement."""
        self.open().send(list(prefixes))
        return self.acknowledged()

    def event(self):
        """The next message as (topic, event, argument...), the arguments without their types."""
        message = self.message()
        check_equal(list(message), ["type", "topic", "@data-type", "data"], str(message))
        check_equal((message["type"], message["@data-type"]), ("data-message", "vector"))
        version, kind, event = plain(message)
        check_equal((version, kind), (1, 1), str(message))
        check_equal(len(event), 2, f"metadata or less in {event}")
        return (message["topic"], event[0], *event[1])

    def events(self, count):
        return [self.event() for _ in range(count)]

    def expect_error(self, code, context):
        check_equal(self.expect("message")["text"],
                    f'{{"type":"error","code":"{code}","context":"{context}"}}')

    def expect_closed(self, code, reason):
        report = self.expect("closed")
        check_equal((report["code"], report["reason"]), (code, reason))

    def expect_nothing_before(self, partner, topic):
        """Lets another client publish a last event, before which nothing else may come."""
        partner.publish(topic, "last", partner.name)
        check_equal(self.event(), (topic, "last", partner.name))

    def close(self, code=1000, reason=""):
        self.order("close", code=code, reason=reason)
        check_equal(self.expect("closed")["code"], code)

    def refused(self):
        """Why there is no connection, as (status, reason)."""
        report = self.expect("refused")
        return report["status"], report["reason"]


class Script:
    """The node under test: the program script.c in one of its roles."""

    def __init__(self, world, role, *args, node="manager", address="127.0.0.1", port=None,
                 options=None, more=""):
        self.port = port or free_port()
        self.address = f"[{address}]" if ":" in address else address
        settings = {"listen_addr": f'"{address}"', "listen_port": self.port, **(options or {})}
        text = ", ".join(f"{key}: {setting}" for key, setting in settings.items())
        self.config = world.config(node, f"websocket: {{{text}}}\n{more}")
        self.program = world.start(BIN / "ws_script", role, "-c", self.config, *args)

    def url(self, path=PATH, scheme="ws"):
        return f"{scheme}://{self.address}:{self.port}{path}"

    def wait_for_lines(self, part, count=1):
        """Waits until it has printed so many events that contain the text; returns all those, the
        lines parsed."""
        self.program.wait_for(part, self.program.out, count)
        return [json.loads(line) for line in list(self.program.out) if part in line]

    def events(self, name, count):
        """Waits for so many events of a name; returns (topic, argument...) of all of them."""
        return [(line["topic"], *map(plain, line["args"]))
                for line in self.wait_for_lines(f'"event":"{name}"', count)]

    def added(self, count):
        """Waits for so many clients; returns [endpoint record, subscriptions] of each."""
        return [list(args[1:]) for args in self.events("Cluster::websocket_client_added", count)]

    def lost(self, count):
        """Waits for so many clients to go; returns [endpoint record, code, reason] of each."""
        return [list(args[1:]) for args in self.events("Cluster::websocket_client_lost", count)]

    def stop(self):
        self.program.signal(signal.SIGTERM)
        self.ended()

    def ended(self, status=0):
        check_equal(self.program.wait(), status, "\n".join(self.program.err[-200:]))


class WsWorld:
    """What one test with one of the two libraries needs."""

    def __init__(self, world, kind):
        self.world = world
        self.scripts = []
        self.driver = Driver(kind)
        world.programs.append(self.driver)

    def script(self, *args, until="ready", **options):
        """Starts a node and waits until it is connected, or until it listens: "started"."""
        script = Script(self.world, *args, **options)
        self.scripts.append(script)
        script.program.wait_for(until, script.program.err)
        return script

    def connect(self, script, path=PATH, scheme="ws", **options):
        return self.driver.connect(script.url(path, scheme), **options)

    def subscribe(self, script, *prefixes, **options):
        return self.connect(script, **options).subscribe(*prefixes)

    def finish(self):
        """Ends the nodes that still run: whatever was done to them, they end well."""
        for script in self.scripts:
            if script.program.process.poll() is None:
                script.stop()


def with_client(function, kind):
    """A test for harness.run_suite() of one for both libraries."""

    def test(world):
        ws = WsWorld(world, kind)
        function(ws)
        ws.finish()

    test.__name__ = f"{function.__name__}_{kind}"
    return test


def run_ws_suite(name, tests):
    """Runs each test with the clients of both libraries."""
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    both = {}
    for test_name, function in list(tests.items()):
        if test_name.startswith("test_"):
            for kind in ("python", "node"):
                both[f"{test_name}_{kind}"] = with_client(function, kind)
    run_suite(name, both)


__all__ = ["Client", "Driver", "PATH", "Script", "WsWorld", "check", "check_equal", "data_message",
           "plain", "run_ws_suite", "value"]
