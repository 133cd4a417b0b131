#!/usr/bin/env python3
"""Who is in the cluster, as the nodes tell it in their logs, while processes, the broker, the
network and the clock fail."""

import collections
import concurrent.futures
import glob
import itertools
import os
import re
import shutil
import signal
import time

from harness import (MQCLUSTER, PATIENCE, Broker, Skip, World, check, check_equal, check_in,
                     environment, run, run_suite)

LEASE_S = 3
HELLO = re.compile(r"got hello from (\S+) \((\S+)\)")
DOWN = re.compile(r"node down: (\S+) \((\S+)\): (.*)")
NODES = """
nodes:
  manager: {type: manager}
  proxy-1: {type: proxy}
  proxy-2: {type: proxy}
"""
NAMES = ("manager", "proxy-1", "proxy-2")
PROTOCOLS = ("5", "3.1.1")


def config(world, name, protocol, uri=None, more=""):
    text = (f"cluster: {{name: test, lease: {LEASE_S}s}}\nnode: {name}\n"
            f"broker: {{uri: \"{uri or world.broker.uri}\", backoff_min: 100ms, backoff_max: 1s, "
            f"connect_timeout: 2s, keep_alive: 5s, protocol: \"{protocol}\"{more}}}\n{NODES}")
    return world.file(f"{name}-{len(world.programs)}.yaml", text)


class Node:
    """A `mqcluster run`, and what its log says of the others."""

    def __init__(self, world, name, protocol, prefix=(), env=None, **options):
        self.name = name
        self.program = world.start(*prefix, MQCLUSTER, "run", "-c",
                                   config(world, name, protocol, **options), env=env)

    @property
    def log(self):
        return self.program.err

    def reports(self, name=None):
        """What was told of the node, or of all, in order: (name, "up" or "down", id)."""
        found = []
        for line in list(self.log):
            up, down = HELLO.search(line), DOWN.search(line)
            if up and name in (None, up[1]):
                found.append((up[1], "up", up[2]))
            if down and name in (None, down[1]):
                found.append((down[1], "down", down[2]))
        return found

    def is_up(self, name):
        reports = self.reports(name)
        return bool(reports) and reports[-1][1] == "up"

    def count(self, name, what):
        return sum(report[1] == what for report in self.reports(name))

    def check_nothing_twice(self):
        """Between two reports that a node is up it was down, and the other way round."""
        latest = collections.defaultdict(lambda: ("down", None))
        for name, what, instance in self.reports():
            check(latest[name][0] != what, f"{self.name} told twice: {name} {what}\n{self.log}")
            check(what == "up" or latest[name][1] == instance,
                  f"{self.name}: {name} of another instance is down\n{self.log}")
            latest[name] = (what, instance)

    def end(self, status=0):
        self.program.signal(signal.SIGTERM)
        check_equal(self.program.wait(), status, f"{self.log}")


def wait_until(condition, what, nodes=()):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        logs = "\n".join(f"{node.name}: {node.log[-12:]}" for node in nodes)
        check(time.monotonic() < deadline, f"not so: {what}\n{logs}")
        time.sleep(0.05)


def wait_agreed(nodes, up_names):
    """Waits until all of the nodes say that of the others exactly these are up."""
    def is_agreed(node):
        return all(node.is_up(name) == (name in up_names) for name in NAMES if name != node.name)

    wait_until(lambda: all(is_agreed(node) for node in nodes),
               f"{[node.name for node in nodes]} see {up_names}", nodes)


def check_still_agreed(nodes, up_names, seconds):
    """So long nothing changes."""
    counts = [len(node.reports()) for node in nodes]
    time.sleep(seconds)
    for node, count in zip(nodes, counts):
        check_equal(node.reports()[count:], [], f"{node.name} changed its mind")
    wait_agreed(nodes, up_names)
    for node in nodes:
        node.check_nothing_twice()


def start_cluster(world, protocol):
    nodes = [Node(world, name, protocol) for name in NAMES]
    wait_agreed(nodes, NAMES)
    return nodes


def with_both_protocols(scenario, make_broker=Broker):
    """Runs it with each at the same time, since it waits for leases and does little else."""
    worlds = [World() for _ in PROTOCOLS]
    try:
        for world in worlds:
            world.keep(make_broker(world.folder)).start()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            runs = [pool.submit(scenario, world, protocol)
                    for world, protocol in zip(worlds, PROTOCOLS)]
        for done in runs:
            done.result()
    finally:
        for world in worlds:
            world.close()


def node_killed(world, protocol):
    manager, proxy, victim = start_cluster(world, protocol)
    victim.program.kill()
    wait_agreed([manager, proxy], ("manager", "proxy-1"))
    restarted = Node(world, "proxy-2", protocol)
    wait_agreed([manager, proxy, restarted], NAMES)
    ids = [report[2] for report in manager.reports("proxy-2")]
    check_equal(len(ids), 3, "up, down, up")
    check(ids[0] == ids[1] != ids[2], f"the ids of a node that was started again: {ids}")
    check_still_agreed([manager, proxy, restarted], NAMES, LEASE_S / 2)


def test_node_killed_goes_down_and_comes_back_as_another(_world):
    with_both_protocols(node_killed)


def node_stopped(world, protocol):
    manager, proxy, victim = start_cluster(world, protocol)
    victim.program.signal(signal.SIGSTOP)
    wait_agreed([manager, proxy], ("manager", "proxy-1"))
    why = [line for line in manager.log if "node down" in line]
    check_in("lease", why[-1], "nothing but the lease can tell so soon")
    victim.program.signal(signal.SIGCONT)
    wait_agreed([manager, proxy, victim], NAMES)
    check_equal(manager.count("proxy-2", "up"), 2)
    check_still_agreed([manager, proxy, victim], NAMES, LEASE_S / 2)
    check_equal(victim.count("manager", "down"), 0, "it was not the others that were away")


def test_stopped_process_goes_down_by_its_lease_and_comes_back(_world):
    with_both_protocols(node_stopped)


def clean_stop(world, protocol):
    manager, proxy, victim = start_cluster(world, protocol)
    victim.end()
    wait_agreed([manager, proxy], ("manager", "proxy-1"))
    for node in (manager, proxy):
        down = [line for line in node.log if "node down" in line]
        check_equal(len(down), 1)
        check_in("'stopped'", down[0])
    restarted = Node(world, "proxy-2", protocol)
    wait_agreed([manager, proxy, restarted], NAMES)
    for node in (manager, proxy, restarted):
        node.check_nothing_twice()


def test_clean_stop_is_told_at_once_with_its_reason(_world):
    with_both_protocols(clean_stop)


def replaced_at_once(world, protocol):
    """Its name comes back with another id before anybody has noticed that it was gone."""
    manager, proxy, victim = start_cluster(world, protocol)
    victim.program.signal(signal.SIGSTOP)
    replacement = Node(world, "proxy-2", protocol)
    victim.program.kill()
    wait_until(lambda: manager.count("proxy-2", "up") == 2 == proxy.count("proxy-2", "up"),
               "the new one is up", [manager, proxy])
    wait_agreed([manager, proxy, replacement], NAMES)
    check_still_agreed([manager, proxy, replacement], NAMES, LEASE_S * 2)


def test_name_that_returns_with_another_id_goes_down_then_up(_world):
    with_both_protocols(replaced_at_once)


class LastingBroker(Broker):
    """Writes what it has to remember to disk after each change."""

    def settings(self):
        text = super().settings().replace("persistence false", "persistence true")
        return (f"{text}persistence_location {self.folder}/\nautosave_on_changes true\n"
                "autosave_interval 1\n")


def kill_broker(world):
    world.broker.process.kill()
    world.broker.process.wait()
    world.broker.process = None


def broker_restart(world, protocol):
    manager, proxy, victim = start_cluster(world, protocol)
    kill_broker(world)
    wait_until(lambda: any("connection is down" in line for line in manager.log), "it is noticed")
    world.broker.start()
    for node in (manager, proxy, victim):
        node.program.wait_for("connection is up", node.log, 2)
    check_still_agreed([manager, proxy, victim], NAMES, LEASE_S * 2)
    for node in (manager, proxy, victim):
        check(not any(DOWN.search(line) for line in node.log), f"a false down: {node.log}")
    # Now one of them dies while the broker is away, so that no will can tell.
    kill_broker(world)
    victim.program.kill()
    world.broker.start()
    wait_agreed([manager, proxy], ("manager", "proxy-1"))
    check_still_agreed([manager, proxy], ("manager", "proxy-1"), LEASE_S / 2)


def test_broker_killed_and_forgetful_takes_nobody_down_but_the_dead(_world):
    with_both_protocols(broker_restart)


def test_broker_killed_with_persistence_takes_nobody_down_but_the_dead(_world):
    with_both_protocols(broker_restart, LastingBroker)


def one_name_twice(world, protocol):
    manager = Node(world, "manager", protocol)
    twins = [Node(world, "proxy-1", protocol)]
    wait_until(lambda: manager.is_up("proxy-1"), "the first is up", [manager])
    twins.append(Node(world, "proxy-1", protocol))
    wait_until(lambda: any(twin.program.process.poll() is not None for twin in twins),
               "one gives way", twins)
    loser, winner = sorted(twins, key=lambda twin: twin.program.process.poll() is None)
    check_equal(loser.program.wait(), 1)
    check_in("duplicate_node", "\n".join(loser.log))
    winner.program.wait_for("connection is up", winner.log)
    check_in("another client with the same id", "\n".join(winner.log))
    wait_until(lambda: manager.is_up("proxy-1"), "the other is up", [manager, winner])
    time.sleep(LEASE_S)
    check_equal(winner.program.process.poll(), None, f"the other went too: {winner.log}")
    check(manager.is_up("proxy-1"), f"{manager.log}")
    manager.check_nothing_twice()


def test_one_name_twice_leaves_exactly_one(_world):
    with_both_protocols(one_name_twice)


def one_name_under_two_client_ids(world, protocol):
    """The broker does not notice; the nodes have to."""
    manager = Node(world, "manager", protocol)
    twins = [Node(world, "proxy-1", protocol, more=", client_id: one")]
    wait_until(lambda: manager.is_up("proxy-1"), "the first is up", [manager])
    twins.append(Node(world, "proxy-1", protocol, more=", client_id: two"))
    check_equal(twins[0].program.wait(), 1, "the one that was there first gives way")
    check_in("gives way to instance", "\n".join(twins[0].log))
    wait_until(lambda: "duplicate_node" in "\n".join(twins[1].log), "the other says so too",
               [twins[1]])
    wait_until(lambda: manager.is_up("proxy-1"), "the other is up", [manager, twins[1]])
    check_still_agreed([manager], ("manager", "proxy-1"), LEASE_S)
    check_equal(twins[1].program.process.poll(), None)


def test_one_name_under_two_client_ids_leaves_the_later(_world):
    with_both_protocols(one_name_under_two_client_ids)


class Network:
    """A network namespace that is joined to this one by a cable that can be cut."""

    numbers = itertools.count()

    def __init__(self):
        if os.geteuid() != 0:
            raise Skip("only root can make a network namespace")
        if shutil.which("ip", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            raise Skip("ip is not installed")
        number = next(Network.numbers)
        self.name = f"mqct{os.getpid()}-{number}"
        self.here = f"mqc{os.getpid()}-{number}"
        subnet = (os.getpid() + number) % 256
        self.address = f"198.18.{subnet}.1"
        if self._ip("netns", "add", self.name).status != 0:
            raise Skip("no network namespace can be made here")
        self._must("link", "add", self.here, "type", "veth", "peer", "name", "far", "netns",
                   self.name)
        self._must("addr", "add", f"{self.address}/30", "dev", self.here)
        self._must("link", "set", self.here, "up")
        self._must("-n", self.name, "addr", "add", f"198.18.{subnet}.2/30", "dev", "far")
        self._must("-n", self.name, "link", "set", "far", "up")
        self._must("-n", self.name, "link", "set", "lo", "up")
        self.prefix = ("ip", "netns", "exec", self.name)

    @staticmethod
    def _ip(*args):
        return run("ip", *args)

    def _must(self, *args):
        done = self._ip(*args)
        if done.status != 0:
            self.close()
            raise Skip(f"ip {' '.join(args)}: {done.err.strip()}")

    def cut(self):
        """Nothing passes, and nobody is told."""
        self._must("-n", self.name, "link", "set", "far", "down")

    def join(self):
        self._must("-n", self.name, "link", "set", "far", "up")

    def close(self):
        self._ip("link", "del", self.here)
        self._ip("netns", "del", self.name)


class FarBroker(Broker):
    """Listens at the cable's near end too."""

    def __init__(self, folder):
        super().__init__(folder)
        self.network = Network()

    def settings(self):
        return (f"{super().settings()}listener {self.port} {self.network.address}\n"
                "allow_anonymous true\n")

    def stop(self):
        super().stop()
        self.network.close()


def partition(world, protocol):
    network = world.broker.network
    near = [Node(world, name, protocol) for name in ("manager", "proxy-1")]
    far = Node(world, "proxy-2", protocol, prefix=network.prefix,
               uri=f"mqtt://{network.address}:{world.broker.port}")
    nodes = [*near, far]
    wait_agreed(nodes, NAMES)
    network.cut()
    wait_agreed(near, ("manager", "proxy-1"))
    network.join()
    wait_agreed(nodes, NAMES)
    check_still_agreed(nodes, NAMES, LEASE_S)
    check_equal(near[0].count("proxy-2", "up"), 2)
    check_equal(far.count("manager", "down"), 0, "what it cannot hear of it does not take down")


def test_partition_is_noticed_and_heals(_world):
    with_both_protocols(partition, FarBroker)


def fake_clock(world, offset):
    """The environment of a program whose wall clock is what the file says."""
    library = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
    if library is None:
        raise Skip("libfaketime is not installed")
    clock = world.file("clock", offset)
    return clock, environment(LD_PRELOAD=library, FAKETIME_TIMESTAMP_FILE=str(clock),
                              FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")


def jumping_clock(world, protocol):
    clock, env = fake_clock(world, "+0")
    nodes = [Node(world, name, protocol) for name in ("manager", "proxy-1")]
    nodes.append(Node(world, "proxy-2", protocol, env=env))
    wait_agreed(nodes, NAMES)
    for offset in ("+3650d", "-3650d"):
        clock.write_text(offset, encoding="utf-8")
        check_still_agreed(nodes, NAMES, LEASE_S * 4 / 3 + 1)
    # A node whose clock is ten years behind what it was comes back all the same.
    nodes[2].program.kill()
    wait_agreed(nodes[:2], ("manager", "proxy-1"))
    nodes[2] = Node(world, "proxy-2", protocol, env=env)
    wait_agreed(nodes, NAMES)
    years = [node.log[0][:4] for node in nodes]
    check(years[2] != years[0], f"the clock is not ten years off: {years}")
    check_still_agreed(nodes, NAMES, LEASE_S / 2)


def has_sanitizer():
    return re.search(r"lib[atlu]+san", run("ldd", MQCLUSTER).out) is not None


def test_wall_clock_may_jump(_world):
    if has_sanitizer():
        raise Skip("libfaketime does not work with the sanitizers in this build")
    with_both_protocols(jumping_clock)


if __name__ == "__main__":
    run_suite("cli.membership", globals())
