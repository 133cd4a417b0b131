"""A WebSocket client by hand, which can say what no library would."""

import json
import os
import select
import socket
import struct
import time

from harness import PATIENCE, check

PATH = "/v1/messages/json"
UPGRADE = (f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
           "\r\n").encode()
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A


def frame(first, payload, key=b"\x12\x34\xf6\x81"):
    """A masked frame."""
    size = len(payload)
    head = bytes([first])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += struct.pack(">BH", 0xFE, size)
    else:
        head += struct.pack(">BQ", 0xFF, size)
    mask = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + key + masked.to_bytes(size, "big")


def event(topic, name, *texts):
    """The frame of an event with string arguments."""
    def tagged(kind, data):
        return {"@data-type": kind, "data": data}

    inner = [tagged("string", name), tagged("vector", [tagged("string", text) for text in texts])]
    return frame(TEXT, json.dumps({
        "type": "data-message", "topic": topic,
        **tagged("vector", [tagged("count", 1), tagged("count", 1), tagged("vector", inner)])
    }).encode())


class Raw:
    """One connection."""

    def __init__(self, port, receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = bytearray()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def receive(self):
        """Takes in what comes; false at the end."""
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionError:
            return False
        self.input += data
        return len(data) > 0

    def upgrade(self):
        return self.send(UPGRADE).upgrade_answer()

    def upgrade_answer(self):
        while b"\r\n\r\n" not in self.input:
            check(self.receive(), f"ended after {bytes(self.input)!r}")
        end = self.input.index(b"\r\n\r\n") + 4
        check(self.input.startswith(b"HTTP/1.1 101 "), bytes(self.input))
        del self.input[:end]
        return self

    def subscribe(self, *prefixes):
        self.upgrade().send(frame(TEXT, json.dumps(prefixes).encode()))
        kind, payload = self.next_but_pings()
        check(kind == TEXT and b'"ack"' in payload, (kind, payload))
        return self

    def take(self):
        """The next whole frame of what came, as (first byte, payload), or None."""
        data = self.input
        if len(data) < 2:
            return None
        size, start = data[1], 2
        if size == 126:
            start = 4
            size = int.from_bytes(data[2:4], "big") if len(data) >= 4 else 0
        elif size == 127:
            start = 10
            size = int.from_bytes(data[2:10], "big") if len(data) >= 10 else 0
        if len(data) < start + size:
            return None
        payload = bytes(data[start:start + size])
        first = data[0]
        del data[:start + size]
        return first, payload

    def next(self):
        """The next frame; (None, b"") at the end."""
        while (found := self.take()) is None:
            if not self.receive():
                return None, b""
        return found

    def next_but_pings(self):
        """The same, answering pings."""
        while True:
            first, payload = self.next()
            if first != PING:
                return first, payload
            self.send(frame(PONG, payload))

    def closed_with(self):
        """Waits for the close; returns its code, or None when there was none."""
        while True:
            first, payload = self.next()
            if first == CLOSE:
                return int.from_bytes(payload[:2], "big")
            if first is None:
                return None

    def drop(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Node:
    """`mqcluster run` with a WebSocket server, and what it takes of the system."""

    def __init__(self, world, command, port, more=""):
        self.port = port
        config = world.config("manager", f"websocket: {{listen_port: {port}{more}}}\n")
        self.program = world.start(*command, "run", "-q", "-c", config)
        self.pid = self.program.process.pid
        deadline = time.monotonic() + PATIENCE
        while True:
            check(self.program.process.poll() is None, f"ended: {self.program.err[-20:]}")
            check(time.monotonic() < deadline, "nobody listens")
            try:
                Raw(port).subscribe("/ready").drop()
                break
            except OSError:
                time.sleep(0.02)

    def connect(self, **options):
        return Raw(self.port, **options)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

    def ticks(self):
        """The processor time that it has taken, in hundredths of a second."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as status:
            return sum(int(field) for field in status.read().rsplit(")", 1)[1].split()[11:13])

    def has_sanitizer(self):
        """A sanitizer keeps freed memory."""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as maps:
            return any("libasan" in line or "libtsan" in line for line in maps)

    def wait_for_descriptors(self, expected):
        deadline = time.monotonic() + PATIENCE
        while self.descriptors() > expected:
            check(time.monotonic() < deadline, f"{self.descriptors()} descriptors, not {expected}")
            time.sleep(0.02)

    def stop(self):
        self.program.process.terminate()
        status = self.program.wait()
        check(status == 0, f"status {status}: {self.program.err[-30:]}")
        return self.program.err


def poll_readable(sockets, wait_s):
    readable, _, _ = select.select(sockets, [], [], wait_s)
    return readable
