#!/usr/bin/python3
"""Opening listeners: the same again, one that is taken, and options that contradict each other."""

import signal
import socket

from harness import BIN, check, check_equal, check_in, free_port, run, run_suite
from ws_harness import Client, Driver


class Listener:
    """A node that opens the listeners that it is told to."""

    def __init__(self, world):
        self.program = world.start(BIN / "ws_script", "listen", "-c", world.config("manager"))
        self.program.wait_for("ready", self.program.err)

    def listen(self, port, address="127.0.0.1", queue=32, ping=5000, cert="-", key="-"):
        """Returns what it says: "listening" or why it does not."""
        count = len(self.program.out)
        self.program.write(f"{address} {port} {queue} {ping} {cert} {key}\n")
        self.program.wait_for("", self.program.out, count + 1)
        return self.program.out[count]

    def end(self):
        check_equal(self.program.wait(), 0, str(self.program.err))


def subscribes(world, port, address="127.0.0.1"):
    driver = Driver("python")
    world.programs.append(driver)
    client = driver.connect(f"ws://{address}:{port}/v1/messages/json")
    check(isinstance(client.subscribe("/x"), Client), "no acknowledgement")


def test_listen_is_idempotent(world):
    port = free_port()
    node = Listener(world)
    check_equal(node.listen(port), "listening")
    check_equal(node.listen(port), "listening")
    taken = f"Already listening on 127.0.0.1:{port}"
    check_in(taken, node.listen(port, queue=33))
    check_in(taken, node.listen(port, ping=1000))
    check_in(taken, node.listen(port, ping=-1))
    check_equal(node.listen(port), "listening")
    subscribes(world, port)
    node.end()


def test_two_listeners_of_one_node(world):
    ports = (free_port(), free_port())
    node = Listener(world)
    check_equal([node.listen(port) for port in ports], ["listening", "listening"])
    for port in ports:
        subscribes(world, port)
    node.end()


def test_usage_errors(world):
    port = free_port()
    node = Listener(world)
    check_in("Invalid tls_options: No key_file field", node.listen(port, cert="cert.pem"))
    check_in("Invalid tls_options: No cert_file field", node.listen(port, key="key.pem"))
    for address in ("localhost", "300.1.1.1", "1.2.3", "::g", "[::1]"):
        check_in(f"WebSocket: Host is not a valid IP {address}", node.listen(port, address))
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        check_in(f"WebSocket: Unable to listen on 127.0.0.1:{taken}: ", node.listen(taken))
    # An address that this host does not have.
    check_in(f"WebSocket: Unable to listen on 192.0.2.1:{port}: ", node.listen(port, "192.0.2.1"))
    # Nothing of that is left over.
    check_equal(node.listen(port), "listening")
    subscribes(world, port)
    node.end()


def test_mistakes_of_the_configuration_are_named(world):
    world.dead_broker()
    for text, expected in (
            ("{listen_addr: 127.0.0.1, tls_options: {cert_file: cert.pem}}",
             "Invalid tls_options: No key_file field"),
            ("{listen_addr: 127.0.0.1, tls_options: {key_file: key.pem}}",
             "Invalid tls_options: No cert_file field"),
            # Zeek's way to ask for encryption without a certificate.
            ("{tls_options: {cert_file: \"\", key_file: \"\"}}", "tls_options"),
            ("{listen_addr: localhost}", "listen_addr"),
            ("{listen_port: 70000}", "listen_port"),
            ("{ping_interval: soon}", "ping_interval"),
            ("{surprise: 1}", "surprise"),
            ("[{listen_port: 27759}, {listen_port: 27759, max_event_queue_size: 1}]", "27759")):
        config = world.config("manager", f"websocket: {text}\n")
        done = run(BIN / "ws_script", "watch", "-c", config)
        check_equal(done.status, 1, text)
        check_in(expected, done.err, text)


def test_start_that_fails_leaves_nothing_open(world):
    world.dead_broker()
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        config = world.config("manager", "websocket:\n"
                              f"  - {{listen_port: {free}}}\n"
                              f"  - {{listen_port: {taken}}}\n")
        done = run(BIN / "ws_script", "watch", "-c", config)
    check_equal(done.status, 1, done.err)
    check_in(f"WebSocket: Unable to listen on 127.0.0.1:{taken}: ", done.err)


def test_listeners_of_the_configuration(world):
    ports = (free_port(), free_port())
    config = world.config("manager", "websocket:\n"
                          f"  - {{listen_port: {ports[0]}}}\n"
                          f"  - {{listen_addr: \"::1\", listen_port: {ports[1]}}}\n")
    node = world.start(BIN / "ws_script", "watch", "-c", config)
    node.wait_for("ready", node.err)
    subscribes(world, ports[0])
    subscribes(world, ports[1], "[::1]")
    node.signal(signal.SIGTERM)
    check_equal(node.wait(), 0)


if __name__ == "__main__":
    run_suite("ws.listen", globals())
