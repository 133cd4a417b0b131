"""The links between the nodes and the broker: each node's is a port of ours, which can be cut."""

import collections
import random
import selectors
import socket
import struct
import threading

CHUNK = 65536


def bind_to_free_port(sock):
    """Binds to a port of 127.0.0.1 that no outgoing connection can take while it is not listened
    to, and returns it."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    while True:
        port = random.randrange(12000, 32000)
        try:
            sock.bind(("127.0.0.1", port))
            return port
        except OSError:
            pass


def _prepare(sock):
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class _Side:
    """One end of a connection: its socket, and what the other end sent and it has not taken yet."""

    def __init__(self, sock):
        self.sock = sock
        self.pending = b""
        self.other = None
        self.link = None
        self.is_silent = False
        self.events = 0

    def abort(self):
        """Closes it by a reset; what is under way is lost."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Link:
    """A port that leads to the broker while it is up, and refuses connections while it is not."""

    def __init__(self, proxy):
        self.listener = socket.socket()
        self.port = bind_to_free_port(self.listener)
        self.listener.setblocking(False)
        self.proxy = proxy
        self.is_up = True
        self.is_listening = False
        self.clients = set()

    def cut(self, is_silent):
        """Nothing passes until restore(). Both ends are told by a reset, or neither is; a second
        cut may tell the node."""
        self.proxy.do(lambda: self.proxy.cut(self, is_silent))

    def restore(self):
        self.proxy.do(lambda: self.proxy.restore(self))


class Proxy:
    """One thread that passes on what all links carry, to a port of 127.0.0.1."""

    def __init__(self, port):
        self.port = port  # the broker's
        self.selector = selectors.DefaultSelector()
        self.orders = collections.deque()
        self.wake_read, self.wake_write = socket.socketpair()
        self.wake_read.setblocking(False)
        self.selector.register(self.wake_read, selectors.EVENT_READ, None)
        self.links = []
        self.is_broker_up = False
        self.is_closing = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def link(self):
        link = Link(self)
        self.do(lambda: self.links.append(link))
        return link

    def set_broker(self, is_up):
        """Whether connections are passed on to the broker, or refused for all links."""
        self.do(lambda: self._set_broker(is_up))

    def do(self, order):
        """Has the thread do something, and waits for it."""
        is_done = threading.Event()
        self.orders.append((order, is_done))
        self.wake_write.send(b"x")
        if not is_done.wait(30):
            raise RuntimeError("the proxy's thread hangs")

    def close(self):
        self.do(lambda: setattr(self, "is_closing", True))
        self.thread.join()

    # --- On the thread ------------------------------------------------------------------------

    def cut(self, link, is_silent):
        link.is_up = False
        self._listen(link)
        for client in list(link.clients):
            if is_silent:
                client.is_silent = client.other.is_silent = True
                self._update(client)
                self._update(client.other)
            elif client.is_silent:
                self._drop(client)  # the broker finds out for itself
            else:
                self._drop(client.other)
                self._drop(client)

    def restore(self, link):
        link.is_up = True
        self._listen(link)

    def _set_broker(self, is_up):
        self.is_broker_up = is_up
        for link in self.links:
            self._listen(link)

    def _listen(self, link):
        """Only shut down, a socket keeps its port."""
        is_wanted = link.is_up and self.is_broker_up
        if is_wanted and not link.is_listening:
            link.listener.listen(16)
            self.selector.register(link.listener, selectors.EVENT_READ, link)
        elif link.is_listening and not is_wanted:
            self.selector.unregister(link.listener)
            link.listener.shutdown(socket.SHUT_RD)
        link.is_listening = is_wanted

    def _run(self):
        while not self.is_closing:
            for key, events in self.selector.select():
                if key.data is None:
                    self._obey()
                elif isinstance(key.data, Link):
                    self._accept(key.data)
                elif key.data.sock.fileno() >= 0:
                    self._serve(key.data, events)

    def _obey(self):
        self.wake_read.recv(CHUNK)
        while self.orders:
            order, is_done = self.orders.popleft()
            order()
            is_done.set()

    def _accept(self, link):
        try:
            client = _Side(_prepare(link.listener.accept()[0]))
        except OSError:
            return
        try:
            broker = _Side(_prepare(socket.create_connection(("127.0.0.1", self.port), 5)))
        except OSError:
            client.abort()
            return
        client.other, broker.other = broker, client
        client.link = broker.link = link
        link.clients.add(client)
        for side in (client, broker):
            self._watch(side, selectors.EVENT_READ)

    def _serve(self, side, events):
        try:
            if events & selectors.EVENT_WRITE:
                side.pending = side.pending[side.sock.send(side.pending):]
            if events & selectors.EVENT_READ:
                self._read(side)
        except BlockingIOError:
            pass
        except OSError:
            self._end(side)
            return
        if side.sock.fileno() >= 0:
            self._update(side)
            self._update(side.other)

    def _read(self, side):
        data = side.sock.recv(CHUNK)
        if not data:
            self._end(side)
        elif not side.is_silent:
            side.other.pending += data

    def _end(self, side):
        """One end is gone. The other one is told, unless the link is silent."""
        if not side.is_silent and side.other.sock.fileno() >= 0:
            self._drop(side.other)
        self._drop(side)

    def _update(self, side):
        """Reads from a side only when the other one has taken everything."""
        if side.sock.fileno() < 0:
            return
        events = 0
        if side.is_silent or not side.other.pending:
            events |= selectors.EVENT_READ
        if side.pending and not side.is_silent:
            events |= selectors.EVENT_WRITE
        self._watch(side, events)

    def _watch(self, side, events):
        if side.events == events:
            return
        if side.events == 0:
            self.selector.register(side.sock, events, side)
        elif events == 0:
            self.selector.unregister(side.sock)
        else:
            self.selector.modify(side.sock, events, side)
        side.events = events

    def _drop(self, side):
        if side.sock.fileno() < 0:
            return
        self._watch(side, 0)
        side.link.clients.discard(side)
        side.abort()
