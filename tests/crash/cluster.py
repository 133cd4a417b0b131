"""What a crash test kills: a broker, and nodes whose links lead to it through a proxy."""

import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import time

from proxy import Proxy, bind_to_free_port

PATIENCE_S = 120

MOSQUITTO = """listener {port} 127.0.0.1
allow_anonymous true
log_dest file {folder}/mosquitto.log
log_timestamp_format %Y-%m-%dT%H:%M:%S
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 100
persistence {persistence}
"""

PERSISTENCE = """persistence_location {folder}/
persistence_file mosquitto.db
autosave_interval {autosave_s}
"""

NODE = """cluster: {{name: crash}}
node: {name}
broker:
  uri: "mqtt://127.0.0.1:{port}"
  backoff_min: 20ms
  backoff_max: 200ms
  connect_timeout: 3s
  keep_alive: 5s
nodes:
{nodes}
"""


class Broken(Exception):
    """Raised when the test cannot go on: a program ended by itself or does not answer."""


def environment():
    """Without what would lead a library through a proxy."""
    return {name: value for name, value in os.environ.items()
            if name.lower() not in ("http_proxy", "https_proxy")}


def start_process(command, **options):
    """Starts a process that does not outlive us, however we end."""
    tied = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    return subprocess.Popen([*tied, *map(str, command)], env=environment(),
                            start_new_session=True, **options)


class Mosquitto:
    def __init__(self, folder, persistence, autosave_s):
        self.folder = folder
        self.process = None
        # Debian puts it where only root's PATH leads.
        self.program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if self.program is None:
            raise Broken("mosquitto is not installed")
        with socket.socket() as probe:
            self.port = bind_to_free_port(probe)
        text = MOSQUITTO + (PERSISTENCE if persistence else "")
        text = text.format(port=self.port, folder=folder, autosave_s=autosave_s,
                           persistence=str(persistence).lower())
        if os.geteuid() == 0:
            text = f"user root\n{text}"
        self.config = folder / "mosquitto.conf"
        self.config.write_text(text, encoding="utf-8")

    def start(self):
        self.process = start_process([self.program, "-c", self.config], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.check()
            if time.monotonic() > deadline:
                raise Broken("mosquitto does not answer")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.005)

    def check(self):
        if self.process.poll() is not None:
            raise Broken(f"mosquitto ended by itself: {describe(self.process.returncode)}")

    def kill(self):
        self.check()
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def describe(status):
    return f"status {status}" if status >= 0 else signal.Signals(-status).name


class Node:
    """A sender or a receiver, which is started again and again under the same name."""

    def __init__(self, folder, name, program, link):
        self.folder = folder
        self.name = name
        self.program = program
        self.link = link
        self.arguments = []
        self.config = folder / f"{name}.yaml"
        self.state = folder / f"{name}.state"
        self.state.mkdir()
        self.starts = 0
        self.process = None
        self.output = b""

    def configure(self, names, delivery):
        """Writes its configuration; in the text for `delivery`, {state} is its folder."""
        nodes = "\n".join(f"  {name}: {{type: {'worker' if name == 'sender' else 'logger'}}}"
                          for name in names)
        text = NODE.format(name=self.name, port=self.link.port, nodes=nodes)
        self.config.write_text(text + delivery.format(state=self.state), encoding="utf-8")

    def start(self):
        self.starts += 1
        self.output = b""
        with open(self.folder / f"{self.name}.log", "ab") as log:
            self.process = start_process(
                [self.program, self.config, self.folder, self.name, self.starts, *self.arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def check(self):
        if self.process.poll() is not None:
            said = self.output.decode(errors="replace").strip()
            raise Broken(f"{self.name} ended by itself at start {self.starts}: "
                         f"{describe(self.process.returncode)} {said}, see {self.name}.log")

    def kill(self):
        self.check()
        self.process.kill()
        self._reap()

    def _reap(self):
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def tell(self, command):
        try:
            self.process.stdin.write(f"{command}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            self.check()
            raise

    def wait_for(self, answer):
        """Waits for a line of its output."""
        deadline = time.monotonic() + PATIENCE_S
        while f"{answer}\n".encode() not in self.output:
            if time.monotonic() > deadline:
                raise Broken(f"{self.name} does not say {answer!r}, but {self.output!r}")
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                data = os.read(self.process.stdout.fileno(), 4096)
                self.output += data
                if not data:
                    self.process.wait()
                    self.check()
        self.output = self.output.split(f"{answer}\n".encode(), 1)[1]

    def quit(self):
        self.tell("quit")
        self.wait_for("done")
        self._reap()
        if self.process.returncode != 0:
            raise Broken(f"{self.name} ended badly: {describe(self.process.returncode)}")

    def check_log(self):
        """A sanitizer may have found something in a process that was killed before its end."""
        if "Sanitizer" in (self.folder / f"{self.name}.log").read_text(errors="replace"):
            raise Broken(f"a sanitizer complains, see {self.name}.log")

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self._reap()


class Cluster:
    """One broker, one sender, some receivers, and their links."""

    def __init__(self, folder, programs, scenario, rate):
        self.folder = pathlib.Path(folder)
        self.scenario = scenario
        self.broker = Mosquitto(self.folder, scenario.persistence, scenario.autosave_s)
        self.proxy = Proxy(self.broker.port)
        self.sender = self._node("sender", programs / "crash_sender")
        self.receivers = [self._node(name, programs / "crash_receiver")
                          for name in scenario.receivers]
        self.nodes = [self.sender, *self.receivers]
        for node in self.nodes:
            node.configure([other.name for other in self.nodes], scenario.delivery)
        self.sender.arguments = [scenario.threads, rate, *(topic.name for topic in scenario.topics)]
        for receiver in self.receivers:
            receiver.arguments = [topic.name for topic in scenario.topics if not topic.is_to_node]

    def _node(self, name, program):
        if not program.exists():
            raise Broken(f"{program} is missing: build the targets crash_sender, crash_receiver")
        return Node(self.folder, name, program, self.proxy.link())

    def start(self):
        """The sender starts when everybody listens: nobody is to join late."""
        self.start_broker()
        for receiver in self.receivers:
            receiver.start()
        for receiver in self.receivers:
            receiver.wait_for("ready")
        self.sender.start()

    def kill_broker(self):
        self.proxy.set_broker(False)
        self.broker.kill()

    def start_broker(self):
        self.broker.start()
        self.proxy.set_broker(True)

    def start_node(self, node):
        """Starts a node that was killed; without what it knew, if the scenario wants that."""
        if self.scenario.forgets and node is not self.sender:
            for path in node.state.rglob(self.scenario.forgets):
                path.unlink()
        node.start()

    def check(self):
        """Raises Broken if anything ended that was not killed."""
        self.broker.check()
        for node in self.nodes:
            node.check()

    def quit(self):
        for node in self.nodes:
            node.quit()
            node.check_log()

    def close(self):
        for node in self.nodes:
            node.close()
        self.broker.close()
        self.proxy.close()
