"""A Mosquitto on free ports of 127.0.0.1: one without TLS, one with certificates on both sides."""

import os
import shutil
import socket
import subprocess
import time

from lab import Broken, environment

PATIENCE_S = 15

# As in certs/README.md.
CIPHERS = ("ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
           "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256")

# With Nagle's algorithm in the broker, every answer that follows an acknowledgement would wait 40
# ms for the client's, whatever the client does. The queue has room for what is under way; how much
# a receiver may have in flight is as Mosquitto has it, 20.
CONFIG = """
allow_anonymous true
persistence false
log_dest file {folder}/mosquitto.log
set_tcp_nodelay true
max_queued_messages 100000
listener {plain} 127.0.0.1
listener {tls} 127.0.0.1
cafile {folder}/certs/ca.pem
certfile {folder}/certs/server.pem
keyfile {folder}/certs/server.key
require_certificate true
ciphers {ciphers}
"""


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Server:
    def __init__(self, folder):
        self.folder = folder
        self.process = None
        # Debian puts it where only root's PATH leads.
        self.program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        self.plain = self.tls = None

    def start(self):
        if self.program is None:
            raise Broken("mosquitto is not installed")
        # Another program may take a port between our look and the start.
        for _ in range(3):
            self.plain, self.tls = free_ports(2)
            if self._start_once():
                return
        log = self.folder / "mosquitto.log"
        raise Broken(f"mosquitto does not start: "
                     f"{log.read_text(encoding='utf-8') if log.exists() else 'no log'}")

    def _start_once(self):
        config = self.folder / "mosquitto.conf"
        text = CONFIG.format(folder=self.folder, plain=self.plain, tls=self.tls, ciphers=CIPHERS)
        if os.geteuid() == 0:
            text = f"user root\n{text}"
        config.write_text(text, encoding="utf-8")
        command = [self.program, "-c", str(config)]
        if shutil.which("setpriv"):
            # It does not outlive us, however we end.
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=environment(), start_new_session=True)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if accepts(self.plain) and accepts(self.tls):
                return True
            time.sleep(0.02)
        self.stop()
        return False

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def arguments(self, tls):
        """How a subject's program finds it."""
        if not tls:
            return ["--host", "127.0.0.1", "--port", self.plain]
        certs = self.folder / "certs"
        return ["--host", "localhost", "--port", self.tls, "--ca", certs / "ca.pem",
                "--certificate", certs / "client.pem", "--key", certs / "client.key"]

    def what(self):
        done = subprocess.run([self.program, "-h"], capture_output=True, text=True, check=False)
        return (f"{done.stdout.splitlines()[0]}, set_tcp_nodelay true, "
                "max_queued_messages 100000, otherwise as installed")
