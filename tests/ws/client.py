#!/usr/bin/python3
"""WebSocket clients of Python's `websocket` for the tests: does what it is told on standard input,
and tells what it sees on standard output, both as lines of JSON.

What it can be told, always with the name of the connection:
  {"do": "connect", "name", "url", "headers": {}, "origin", "ca", "cert", "key", "answers_pings"}
  {"do": "send", "name", "text", "is_binary"}
  {"do": "flood", "name", "text"}             sends the text again and again, until it is closed
  {"do": "close", "name", "code", "reason"}   without a code: a close frame without any
  {"do": "drop", "name"}                      cuts the connection without a close frame
What it tells:
  {"name", "what": "open"}
  {"name", "what": "refused", "status", "reason", "headers"}   instead of an open connection
  {"name", "what": "failed", "text"}                           likewise, or when it breaks a rule
  {"name", "what": "message", "text", "is_binary"}
  {"name", "what": "ping", "text"}
  {"name", "what": "closed", "code", "reason"}                 1006: without a close frame
"""

import json
import socket
import struct
import sys
import threading

import websocket

# The server has to end the connection within this time after the close frames.
PATIENCE = 60

output_lock = threading.Lock()


def tell(name, what, **more):
    with output_lock:
        print(json.dumps({"name": name, "what": what, **more}), flush=True)


class Connection(websocket.WebSocket):
    """A connection whose messages are told by a thread of its own."""

    def __init__(self, order):
        tls = {option: order[key] for option, key in
               (("ca_certs", "ca"), ("certfile", "cert"), ("keyfile", "key")) if key in order}
        super().__init__(sslopt=tls, enable_multithread=True)
        self.name = order["name"]
        self.answers_pings = order.get("answers_pings", True)
        self.has_sent_close = False

    def pong(self, payload=""):
        if self.answers_pings:
            super().pong(payload)

    def send_close(self, status=websocket.STATUS_NORMAL, reason=b""):
        """The library calls this for every close frame that arrives, also for an answer."""
        if not self.has_sent_close:
            self.has_sent_close = True
            super().send_close(status, reason)

    def start_close(self, code, reason):
        if code is not None:
            self.send_close(code, reason.encode())
            return
        self.has_sent_close = True
        self.send(b"", websocket.ABNF.OPCODE_CLOSE)

    def read(self):
        """Tells what arrives until the connection ends."""
        end = {"code": 1006, "reason": ""}
        try:
            while True:
                opcode, frame = self.recv_data_frame(control_frame=True)
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    end = read_close(frame.data)
                    self.await_end()
                    break
                self.tell_frame(opcode, frame.data)
        except (OSError, websocket.WebSocketConnectionClosedException):
            pass
        except websocket.WebSocketException as error:
            tell(self.name, "failed", text=str(error))
        tell(self.name, "closed", **end)

    def tell_frame(self, opcode, data):
        if opcode == websocket.ABNF.OPCODE_PING:
            tell(self.name, "ping", text=data.decode())
        elif opcode != websocket.ABNF.OPCODE_PONG:
            tell(self.name, "message", text=data.decode(),
                 is_binary=opcode == websocket.ABNF.OPCODE_BINARY)

    def await_end(self):
        """It is the server that ends the TCP connection."""
        self.settimeout(PATIENCE)
        try:
            while self.sock.recv(65536):
                pass
        except TimeoutError:
            tell(self.name, "failed", text="the server does not end the connection")
        except OSError:
            pass
        self.shutdown()

    def flood(self, text):
        try:
            while self.connected:
                self.send(text)
        except (OSError, websocket.WebSocketException):
            pass

    def drop(self):
        """shutdown() wakes the reader up, which close() would not."""
        self.sock.shutdown(socket.SHUT_RDWR)


def read_close(data):
    if len(data) < 2:
        return {"code": 1005, "reason": ""}
    return {"code": struct.unpack("!H", data[:2])[0], "reason": data[2:].decode()}


def start_thread(function, *args):
    threading.Thread(target=function, args=args, daemon=True).start()


def connect(order):
    """Returns the connection, or None when there is none."""
    connection = Connection(order)
    origin = {"origin": order["origin"]} if "origin" in order else {"suppress_origin": True}
    try:
        connection.connect(order["url"], timeout=PATIENCE, header=order.get("headers", {}),
                           **origin)
    except websocket.WebSocketBadStatusException as error:
        tell(order["name"], "refused", status=error.status_code, headers=error.resp_headers,
             reason=str(error).split(" ", 3)[3])
        return None
    except (OSError, websocket.WebSocketException) as error:
        tell(order["name"], "failed", text=str(error))
        return None
    connection.settimeout(None)
    tell(order["name"], "open")
    start_thread(connection.read)
    return connection


def obey(connection, order):
    """Does what needs a connection. One that is gone has been told by its reader."""
    opcode = websocket.ABNF.OPCODE_BINARY if order.get("is_binary") else websocket.ABNF.OPCODE_TEXT
    try:
        if order["do"] == "send":
            connection.send(order["text"].encode(), opcode)
        elif order["do"] == "flood":
            start_thread(connection.flood, order["text"])
        elif order["do"] == "close":
            connection.start_close(order.get("code"), order.get("reason", ""))
        elif order["do"] == "drop":
            connection.drop()
    except (OSError, websocket.WebSocketException):
        pass


def main():
    connections = {}
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "connect":
            connections[order["name"]] = connect(order)
        else:
            obey(connections[order["name"]], order)


if __name__ == "__main__":
    main()
