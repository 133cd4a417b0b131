"""What the servers have in common: free ports, and processes that end with us."""

import os
import shutil
import socket
import subprocess
import time

from lab import Broken, environment

PATIENCE_S = 15


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
    """A server on two free ports of 127.0.0.1: one without TLS, one with certificates on both
    sides. Each kind has a module server_NAME.py with a class Server that has NAME, commands() and
    what()."""

    NAME = None

    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        # Debian puts them where only root's PATH leads.
        self.program = shutil.which(self.NAME, path=f"{os.environ['PATH']}:/usr/sbin")
        self.log = folder / f"{self.NAME}.log"
        self.plain = self.tls = None

    def commands(self):
        """Writes the configuration for the ports; returns the processes' command lines."""
        raise NotImplementedError

    def what(self):
        """Which server it is and how it is configured, for the reader."""
        raise NotImplementedError

    def start(self):
        if self.program is None:
            raise Broken(f"{self.NAME} is not installed")
        # Another program may take a port between our look and the start.
        for _ in range(3):
            self.plain, self.tls = free_ports(2)
            if self._start_once():
                return
        log = self.log.read_text(encoding="utf-8") if self.log.exists() else "no log"
        raise Broken(f"{self.NAME} does not start: {log}")

    def restart(self):
        """Starts it again after stop(), on the same ports."""
        if not self._start_once():
            raise Broken(f"{self.NAME} does not start again")

    def _start_once(self):
        # It does not outlive us, however we end.
        tied = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        self.processes = [
            subprocess.Popen(tied + command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, env=environment(), start_new_session=True)
            for command in self.commands()]
        deadline = time.monotonic() + PATIENCE_S
        while (time.monotonic() < deadline
               and all(process.poll() is None for process in self.processes)):
            if accepts(self.plain) and accepts(self.tls):
                return True
            time.sleep(0.02)
        self.stop()
        return False

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    def arguments(self, tls):
        """How a subject's program finds it."""
        if not tls:
            return ["--host", "127.0.0.1", "--port", self.plain]
        certs = self.folder / "certs"
        return ["--host", "localhost", "--port", self.tls, "--ca", certs / "ca.pem",
                "--certificate", certs / "client.pem", "--key", certs / "client.key"]
