#!/usr/bin/env python3
"""The example programs, on this host's real connections."""

import signal
import socket

from harness import BIN, check, check_equal, check_in, run, run_suite


def seen(program):
    return [tuple(arg["data"] for arg in message["args"]) for message in program.messages()]


def test_sensor_reports_a_real_connection(world):
    subscriber = world.subscribe("zeek/connections/")
    sensor = world.start(BIN / "conn_sensor", "-c", world.config("worker-1"), "--interval", "20")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            wanted = (f'"data":"{client.getsockname()[1]}/tcp"', f'"data":"{port}/tcp"')
            subscriber.wait_for(f'{wanted[0]}}},{{"@data-type":"address","data":"127.0.0.1"}},'
                                f'{{"@data-type":"port",{wanted[1]}', subscriber.out)
            expected = ("127.0.0.1", f"{client.getsockname()[1]}/tcp", "127.0.0.1", f"{port}/tcp",
                        "ESTABLISHED")
            accepted.close()
    sensor.signal(signal.SIGTERM)
    check_equal(sensor.wait(), 0)
    subscriber.signal(signal.SIGTERM)
    check_equal(subscriber.wait(), 0)
    check_equal(seen(subscriber).count(expected), 1, str(seen(subscriber)))
    message = subscriber.messages()[0]
    check_equal((message["topic"], message["event"], message["sender"]["node"]),
                ("zeek/connections/", "connection_seen", "worker-1"))
    check_in(" 0 lost", sensor.err[-1])


def test_sensor_options(world):
    config = world.config("worker-1")
    subscriber = world.subscribe("--count", "1", "my/topic")
    done = run(BIN / "conn_sensor", "-c", config, "--topic", "my/topic", "--seconds", "1")
    check_equal(done.status, 0, done.err)
    check_equal(subscriber.wait(), 0)
    for args in ([], ["-c"], ["-c", config, "--seconds", "x"], ["-c", config, "more"], ["--what"]):
        check_equal(run(BIN / "conn_sensor", *args).status, 2, str(args))
    done = run(BIN / "conn_sensor", "--help")
    check_equal((done.status, done.err), (0, ""))
    check(done.out.startswith("Usage: conn_sensor"), done.out)
    done = run(BIN / "conn_sensor", "-c", world.folder / "none.yaml")
    check_equal(done.status, 2)
    check_in("none.yaml", done.err)


def test_sensor_without_a_broker_says_what_was_lost(world):
    world.dead_broker()
    config = world.config("worker-1", "delivery: {flush_timeout: 300ms}\n")
    done = run(BIN / "conn_sensor", "-c", config, "--seconds", "1")
    check_equal(done.status, 1, done.err)
    check_in(" lost", done.err)


def test_hello_greets(world):
    config = world.file("hello.yaml", f"cluster: {{name: test}}\n"
                        f"broker: {{uri: \"{world.broker.uri}\"}}\n")
    alice = world.start(BIN / "hello", config, "alice")
    bob = world.start(BIN / "hello", config, "bob")
    alice.wait_for("bob says: hello", alice.out)
    bob.wait_for("alice says: hello", bob.out)
    check_equal((alice.wait(), bob.wait()), (0, 0))
    check(not any("alice" in line for line in alice.out), "heard itself")


if __name__ == "__main__":
    run_suite("cli.examples", globals())
