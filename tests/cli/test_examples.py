#!/usr/bin/env python3
"""The example programs, on this host's real connections."""

import contextlib
import json
import signal
import socket
import time

from harness import BIN, MQCLUSTER, NODES, PATIENCE, check, check_equal, check_in, run, run_suite


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


LAYOUT = """
manager_is_logger: false
nodes:
  logger-1: {type: logger}
  proxy-1:  {type: proxy}
  proxy-2:  {type: proxy}
  worker-1: {type: worker}
events:
  connection_seen:
    args: [{orig_h: addr}, {orig_p: port}, {resp_h: addr}, {resp_p: port}, {state: string}]
"""


def layout(world, node):
    return world.file(f"{node}.yaml", f"cluster: {{name: test}}\nnode: {node}\n"
                      f"broker: {{uri: \"{world.broker.uri}\"}}\n{LAYOUT}")


def wait_until_up(world, *names):
    """Watches the nodes until these are up."""
    watcher = world.start(MQCLUSTER, "nodes", "-c", layout(world, "worker-1"), "--watch", "--json")
    for name in names:
        deadline = time.monotonic() + PATIENCE / 3
        while not any(node["name"] == name and node["up"] for node in watcher.messages()):
            check(time.monotonic() < deadline, f"{name} is not up: {watcher.out} {watcher.err}")
            time.sleep(0.02)
    watcher.kill()


def test_known_hosts_shares_the_hosts(world):
    names = ("logger-1", "proxy-1", "proxy-2")
    nodes = {name: world.start(BIN / "known_hosts", "-c", layout(world, name)) for name in names}
    wait_until_up(world, *names)
    hosts = [f"10.0.0.{number}" for number in range(20)]
    done = run(MQCLUSTER, "publish", "-c", layout(world, "worker-1"), "--stdin", "--wait",
               stdin="".join(json.dumps({
                   "hrw": {"pool": "proxy", "key": {"@data-type": "address", "data": host}},
                   "event": "connection_seen", "args": ["10.1.0.1", 4000, host, 80, "ESTABLISHED"]
               }) + "\n" for host in 2 * hosts))
    check_equal((done.status, done.err), (0, ""))
    for host in hosts:
        nodes["logger-1"].wait_for(f'"{host}"', nodes["logger-1"].out)
    for name in reversed(names):
        nodes[name].signal(signal.SIGTERM)
        check_equal(nodes[name].wait(), 0, str(nodes[name].err))
    seen = {name: [message["args"][2]["data"] for message in nodes[name].messages()]
            for name in ("proxy-1", "proxy-2")}
    check_equal(sorted(seen["proxy-1"] + seen["proxy-2"]), sorted(2 * hosts))
    check(seen["proxy-1"] and seen["proxy-2"], "one proxy has all")
    check_equal(set(seen["proxy-1"]) & set(seen["proxy-2"]), set())
    told = [(message["args"][0]["data"], message["sender"]["node"])
            for message in nodes["logger-1"].messages()]
    check_equal(sorted(told), sorted((host, name) for name in seen for host in set(seen[name])))
    check_in("known_hosts: 20 events arrived", nodes["logger-1"].err[-1])


def test_known_hosts_wrong(world):
    for args in ([], ["-c"], ["--what"], ["-c", layout(world, "proxy-1"), "more"]):
        check_equal(run(BIN / "known_hosts", *args).status, 2, str(args))
    done = run(BIN / "known_hosts", "-c", layout(world, "worker-1"))
    check_equal(done.status, 2)
    check_in("must name a proxy or a logger", done.err)
    done = run(BIN / "known_hosts", "--help")
    check_equal((done.status, done.err), (0, ""))
    check(done.out.startswith("Usage: known_hosts"), done.out)


def test_sensor_publishes_to_the_owner(world):
    proxies = [world.start(BIN / "known_hosts", "-c", layout(world, f"proxy-{number}"))
               for number in (1, 2)]
    wait_until_up(world, "proxy-1", "proxy-2")
    worker = layout(world, "worker-1")
    sensor = world.start(BIN / "conn_sensor", "-c", worker, "--pool", "proxy", "--interval", "20")
    owner = json.loads(run(MQCLUSTER, "route", "-c", worker, "--pool", "proxy", "--key",
                           "addr:127.0.0.1", "--alive", "proxy-1,proxy-2", "--json").out)
    proxy = proxies[int(owner["node"][-1]) - 1]
    # Until the sensor has heard of both proxies, it may choose the other one.
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as clients:
        port = server.getsockname()[1]
        deadline = time.monotonic() + PATIENCE
        while not any(f'"data":"{port}/tcp"' in line for line in proxy.out):
            check(time.monotonic() < deadline, f"the owner gets no connection: {sensor.err}")
            clients.enter_context(socket.create_connection(("127.0.0.1", port)))
            clients.enter_context(server.accept()[0])
            time.sleep(0.2)
    sensor.signal(signal.SIGTERM)
    check_equal(sensor.wait(), 0)


def ledger(world, node):
    return world.file(f"{node}.yaml", f"cluster: {{name: test}}\nnode: {node}\n"
                      f"broker: {{uri: \"{world.broker.uri}\", backoff_max: 1s}}\n{NODES}"
                      f"delivery: {{durability: disk, guarantee: end_to_end,\n"
                      f"  directory: {world.folder}, flush_timeout: 5m}}\n")


def open_book(world, book):
    receiver = world.start(BIN / "ledger", ledger(world, "manager"), "receive", book)
    receiver.wait_for("the book is open", receiver.out)
    return receiver


def wait_for_lines(book, count):
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = book.read_text(encoding="utf-8").splitlines() if book.exists() else []
        if len(lines) >= count:
            return [line.split() for line in lines]
        check(time.monotonic() < deadline, f"{len(lines)} of {count} entries came: {lines[-3:]}")
        time.sleep(0.01)


def test_ledger_is_complete_though_both_ends_are_killed(world):
    book = world.folder / "book"
    receiver = open_book(world, book)
    config = ledger(world, "worker-1")
    sender = world.start(BIN / "ledger", config, "send", "2000")
    wait_for_lines(book, 100)
    receiver.kill()
    sender.wait_for("2000 entries are safe", sender.out)
    sender.kill()
    receiver = open_book(world, book)
    sender = world.start(BIN / "ledger", config, "send", "500")
    lines = wait_for_lines(book, 2500)
    receiver.signal(signal.SIGTERM)
    check_equal(receiver.wait(), 0)
    lines = wait_for_lines(book, 2500)
    instances = list(dict.fromkeys(line[0] for line in lines))
    check_equal(len(instances), 2, str(instances))
    for instance, count in zip(instances, (2000, 500)):
        amounts = [int(line[2]) for line in lines if line[0] == instance]
        wrong = [pair for pair in zip(amounts, range(1, count + 1)) if pair[0] != pair[1]]
        check_equal((len(amounts), wrong[:3]), (count, []), "there, not as expected")
        check(all(line[1] == line[2] for line in lines), "a number is no sequence")


def test_ledger_options(world):
    for args in ([], ["x", "send"], ["x", "lend", "1"]):
        check_equal(run(BIN / "ledger", *args).status, 2, str(args))
    done = run(BIN / "ledger", world.folder / "none.yaml", "send", "1")
    check_equal(done.status, 1)
    done = run(BIN / "ledger", ledger(world, "manager"), "receive", world.folder / "no" / "book")
    check_equal(done.status, 1)
    check_in("cannot be opened", done.err)


if __name__ == "__main__":
    run_suite("cli.examples", globals())
