#!/usr/bin/env python3
"""`mqcluster run`: the life of a node, and what it tells systemd."""

import os
import re
import signal
import socket
import subprocess
import time

from harness import (MQCLUSTER, PATIENCE, ROOT, check, check_equal, check_in, environment,
                     mqcluster, run_suite)

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warning|info|debug) \S")


class Notifications:
    """The socket to which systemd's services report."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(PATIENCE)
        self.seen = []

    def wait_for(self, text):
        while not any(text in message for message in self.seen):
            self.seen.append(self.socket.recv(4096).decode())


def start_node(world, node="worker-1", env=None, more=""):
    return world.start(MQCLUSTER, "run", "-c", world.config(node, more), env=env)


def test_node_runs_until_sigterm_and_logs_lines(world):
    for number, name in ((signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")):
        node = start_node(world)
        node.wait_for("connection is up", node.err)
        node.signal(number)
        check_equal(node.wait(), 0)
        check_equal(node.out, [])
        check(all(LINE.match(line) for line in node.err), str(node.err))
        node.wait_for(f"info {name}: stopping", node.err)
        node.wait_for("totals: published 0, ", node.err)


def test_systemd_is_told(world):
    notifications = Notifications(world.folder)
    node = start_node(world, env=environment(NOTIFY_SOCKET=str(notifications.path),
                                             WATCHDOG_USEC="300000"))
    notifications.wait_for("READY=1")
    notifications.wait_for("STATUS=connected to the broker")
    notifications.wait_for("WATCHDOG=1")
    node.signal(signal.SIGTERM)
    notifications.wait_for("STOPPING=1")
    check_equal(node.wait(), 0)
    texts = " ".join(notifications.seen)
    check(texts.index("READY=1") < texts.index("STOPPING=1"), texts)
    notifications.socket.close()


def test_not_ready_without_a_broker(world):
    broker = world.dead_broker()
    notifications = Notifications(world.folder)
    node = start_node(world, env=environment(NOTIFY_SOCKET=str(notifications.path)))
    node.wait_for(" error ", node.err)
    check(not any("READY=1" in message for message in notifications.seen), "ready too soon")
    broker.start()
    notifications.wait_for("READY=1")
    broker.stop()
    notifications.wait_for("STATUS=not connected")
    node.signal(signal.SIGTERM)
    check_equal(node.wait(), 0)
    notifications.socket.close()


def test_journal_gets_levels_instead_of_times(world):
    script = 'JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr) exec "$@"'
    node = world.start("sh", "-c", script, "sh", MQCLUSTER, "run", "-c", world.config("worker-1"))
    node.wait_for("connection is up", node.err)
    node.signal(signal.SIGTERM)
    check_equal(node.wait(), 0)
    check(all(re.match(r"<[3467]>\S", line) for line in node.err), str(node.err))


def test_of_two_nodes_of_one_name_one_gives_way(world):
    """Which one it is depends on the broker: one that does not tell the reason lets them take the
    session from each other a few times."""
    nodes = [start_node(world)]
    nodes[0].wait_for("connection is up", nodes[0].err)
    nodes.append(start_node(world))
    deadline = time.monotonic() + PATIENCE
    while all(node.process.poll() is None for node in nodes):
        check(time.monotonic() < deadline, f"both go on: {nodes[0].err[-5:]}")
        time.sleep(0.1)
    ended, other = sorted(nodes, key=lambda node: node.process.poll() is None)
    check_equal(ended.wait(), 1)
    check_in("took its session over", "\n".join(ended.err))
    check_in("duplicate_node", "\n".join(ended.err))
    check_equal(other.process.poll(), None)
    other.signal(signal.SIGTERM)
    check_equal(other.wait(), 0)


def test_broker_restart_is_survived(world):
    node = start_node(world)
    node.wait_for("connection is up", node.err)
    world.broker.stop()
    node.wait_for("connection is down", node.err)
    world.broker.start()
    node.wait_for("connection is up", node.err, 2)
    node.signal(signal.SIGTERM)
    check_equal(node.wait(), 0)


def test_sighup_checks_the_file(world):
    node = start_node(world)
    node.wait_for("connection is up", node.err)
    node.signal(signal.SIGHUP)
    node.wait_for("is in order", node.err)
    path = world.config("worker-1", "surprise: 1\n")
    node.signal(signal.SIGHUP)
    node.wait_for("surprise", node.err)
    os.remove(path)
    node.signal(signal.SIGHUP)
    node.wait_for(f"{path}: the file cannot be read", node.err)
    check_equal(node.process.poll(), None)
    node.signal(signal.SIGTERM)
    check_equal(node.wait(), 0)


def secure_node(world):
    """A configuration with TLS, whose certificate is about to expire. No broker is there."""
    folder = world.folder / "certs"
    for command in ("make-ca", "issue worker-1 --days 1"):
        subprocess.run([ROOT / "certs" / command.split()[0], *command.split()[1:], "--dir", folder],
                       check=True, stdout=subprocess.DEVNULL)
    tls = ("tls: {ca_file: certs/ca.pem, certificate_file: certs/worker-1.pem, "
           "key_file: certs/worker-1.key}\n")
    return world.file("secure.yaml", "cluster: {name: test}\nnode: worker-1\n"
                      "broker: {uri: \"mqtts://127.0.0.1:1\"}\n"
                      f"nodes: {{worker-1: {{type: worker}}}}\n{tls}")


def test_certificate_that_expires_soon_is_told_in_hours(world):
    node = world.start(MQCLUSTER, "run", "-c", secure_node(world))
    node.wait_for("certificate_expires", node.err)
    text = " ".join(line for line in node.err if "certificate_expires" in line)
    check(re.search(r", in 2[0-9] hours: replace it", text) is not None, text)
    node.signal(signal.SIGTERM)
    check_equal(node.wait(), 0)


def test_wrong_tls_file_is_named_once(world):
    path = secure_node(world)
    key = str(world.folder / "certs/worker-1.key")
    with open(key, "w", encoding="utf-8") as file:
        file.write("nonsense")
    for command in (["run"], ["publish", "t", "e"]):
        done = mqcluster(command[0], "-c", path, *command[1:])
        check_equal(done.status, 2)
        check_equal(done.err.count(key), 1, done.err)


def test_log_level_of_the_configuration(world):
    quiet = start_node(world, more="log: {level: error}\n")
    verbose = start_node(world, "manager", more="log: {level: debug}\n")
    verbose.wait_for(" debug ", verbose.err)
    verbose.wait_for("connection is up", verbose.err)
    for node in (quiet, verbose):
        node.signal(signal.SIGTERM)
        check_equal(node.wait(), 0)
    check_equal(quiet.err, [])


if __name__ == "__main__":
    run_suite("cli.run", globals())
