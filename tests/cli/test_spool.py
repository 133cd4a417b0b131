#!/usr/bin/env python3
"""`mqcluster spool`: what a killed node has left on disk is shown and sent."""

import os
import signal
import socket
import sqlite3

from harness import (BIN, MQCLUSTER, NODES, check, check_equal, check_in, json_lines, mqcluster,
                     run, run_suite)

COUNT = 500


def config(world, node="worker-1", delivery="", patience="5m"):
    """Of a node that keeps its events on disk, and takes its time to leave."""
    return world.file(f"{node}.yaml",
                      f"cluster: {{name: test}}\nnode: {node}\n"
                      f"broker: {{uri: \"{world.broker.uri}\", backoff_max: 1s}}\n{NODES}"
                      f"delivery:\n  durability: disk\n  directory: {world.folder}\n"
                      f"  flush_timeout: {patience}\n{delivery}")


def leave_behind(world, path, count=COUNT):
    """Has a node accept events without a broker, and kills it."""
    sender = world.start(BIN / "ledger", path, "send", str(count))
    sender.wait_for(f"{count} entries are safe", sender.out)
    sender.signal(signal.SIGKILL)
    sender.wait()


def spool(world, node="worker-1"):
    return world.folder / node / "spool.db"


def show(path, *args):
    done = mqcluster("spool", "-c", path, "--json", *args)
    check_equal((done.status, done.err), (0, ""))
    return json_lines(done.out)


def test_without_a_spool_nothing_waits(world):
    world.dead_broker()
    path = config(world)
    for args in ([], ["--json"], ["--events"], ["--drain"]):
        done = mqcluster("spool", "-c", path, *args)
        check_equal((done.status, done.out), (0, ""), done.err)
        check_in("nothing waits", done.err)
        check_in(str(spool(world)), done.err)
        check_equal(mqcluster("spool", "-c", path, "-q", *args).err, "")
    check(not spool(world).exists(), "it has made a spool")


def test_what_a_killed_node_left_is_shown(world):
    world.dead_broker()
    path = config(world)
    leave_behind(world, path)
    line, total = show(path)
    check(line["instance"].startswith("worker-1-"), str(line))
    check_equal({key: line[key] for key in line if key not in ("instance", "bytes")},
                {"topic": "app/ledger", "guarantee": "broker", "events": COUNT,
                 "first_sequence": 1, "last_sequence": COUNT, "first_number": 1,
                 "last_number": COUNT})
    check_equal((total["path"], total["events"], total["bytes"]),
                (str(spool(world)), COUNT, line["bytes"]))
    check(total["file_bytes"] > line["bytes"] > COUNT * 30, str(total))
    done = mqcluster("spool", "-c", path)
    check_equal((done.status, done.err), (0, ""))
    heading, row, last = done.out.splitlines()
    check_equal(heading.split(),
                ["EVENTS", "BYTES", "NUMBERS", "GUARANTEE", "INSTANCE,", "TOPIC"])
    check_equal(row.split(), [str(COUNT), str(line["bytes"]), f"1-{COUNT}", "broker",
                              line["instance"] + ",", "app/ledger"])
    check_equal(last.split()[:4], [str(COUNT), str(line["bytes"]), "in", "all;"])
    check_equal(show(path), [line, total], "looking has changed it")


def test_each_start_and_guarantee_has_a_line(world):
    world.dead_broker()
    path = config(world)
    leave_behind(world, path, 3)
    path = config(world, delivery="  prefixes: [{prefix: app/, guarantee: end_to_end}]\n")
    leave_behind(world, path, 4)
    first, second, total = show(path)
    check_equal((first["guarantee"], first["events"], first["last_number"]), ("broker", 3, 3))
    check_equal((second["guarantee"], second["events"], second["first_sequence"],
                 second["first_number"]), ("end_to_end", 4, 1, 4))
    check(first["instance"] != second["instance"], str(first))
    check_equal(total["events"], 7)


def test_events_are_printed_in_order(world):
    world.dead_broker()
    path = config(world)
    leave_behind(world, path)
    events = show(path, "--events")
    check_equal([event["args"] for event in events],
                [[{"@data-type": "count", "data": n}] for n in range(1, COUNT + 1)])
    check_equal([event["number"] for event in events], list(range(1, COUNT + 1)))
    last = events[-1]
    check(last["sender"]["instance"].startswith("worker-1-"), str(last))
    check_equal((last["topic"], last["event"], last["sender"]["node"], last["sequence"],
                 last["guarantee"], last["received"]),
                ("app/ledger", "entry", "worker-1", COUNT, "broker", None))


def test_drain_sends_everything_once(world):
    broker = world.dead_broker()
    path = config(world)
    leave_behind(world, path)
    broker.start()
    subscriber = world.subscribe("--count", str(COUNT), "app/")
    done = mqcluster("spool", "-c", path, "--drain", "--timeout", "60")
    check_equal((done.status, done.out), (0, ""), done.err)
    check_in(f"nothing is left: {COUNT} events sent", done.err)
    check_equal(subscriber.wait(), 0, str(subscriber.err))
    check_equal([message["args"][0]["data"] for message in subscriber.messages()],
                list(range(1, COUNT + 1)))
    check_equal({message["sender"]["node"] for message in subscriber.messages()}, {"worker-1"})
    check_equal([line["events"] for line in show(path)], [0])
    done = mqcluster("spool", "-c", path, "--drain")
    check_equal(done.status, 0, done.err)
    check_in("nothing waits", done.err)
    # The numbers go on: nobody takes what comes next for something that was seen.
    broker.stop()
    leave_behind(world, path, 1)
    check_equal(show(path)[0]["first_number"], COUNT + 1)


def test_drain_keeps_end_to_end_as_long_as_the_node_would(world):
    """For many, that is for as long as they may ask for it again."""
    broker = world.dead_broker()
    path = config(world, delivery="  guarantee: end_to_end\n")
    leave_behind(world, path)
    broker.start()
    done = mqcluster("spool", "-c", path, "--drain", "--timeout", "2")
    check_equal(done.status, 1, done.err)
    check_in(f"not done within the time given: {COUNT} events are left on disk", done.err)
    path = config(world, delivery="  guarantee: end_to_end\n  keep_time: 1s\n")
    done = mqcluster("spool", "-c", path, "--drain", "--timeout", "60")
    check_equal(done.status, 0, done.err)


def test_drain_ends_when_the_receiver_has_acknowledged(world):
    """What goes to one node is done when this node says so, and no time has to pass."""
    broker = world.dead_broker()
    path = config(world, delivery="  guarantee: end_to_end\n  keep_time: 1d\n", patience="100ms")
    with socket.create_server(("127.0.0.1", 0)) as server, \
            socket.create_connection(server.getsockname()):
        done = run(BIN / "conn_sensor", "-c", path, "--topic", "zeek/cluster/node/manager/",
                   "--seconds", "1")
    check_equal(done.status, 0, done.err)
    count = show(path)[0]["events"]
    broker.start()
    manager = world.start(MQCLUSTER, "run", "-c", config(world, "manager"))
    manager.wait_for("connection is up", manager.err)
    done = mqcluster("spool", "-c", path, "--drain", "--timeout", "50")
    check_equal(done.status, 0, done.err)
    check_in(f"nothing is left: {count} events sent", done.err)
    manager.signal(signal.SIGTERM)
    check_equal(manager.wait(), 0)
    manager.wait_for(f"received {count}, duplicate 0, missing 0", manager.err)


def test_drain_gives_up_in_time(world):
    world.dead_broker()
    path = config(world)
    leave_behind(world, path, 10)
    done = mqcluster("spool", "-c", path, "--drain", "--timeout", "1")
    check_equal((done.status, done.out), (1, ""))
    check_in("not done within the time given: 10 events are left on disk; the broker was not "
             "reached", done.err)
    check_equal(show(path)[0]["events"], 10)


def test_drain_ends_at_a_signal(world):
    world.dead_broker()
    path = config(world)
    leave_behind(world, path, 10)
    drain = world.start(MQCLUSTER, "spool", "-c", path, "--drain")
    drain.wait_for("10 events left", drain.err)
    drain.wait_for("not connected", drain.err)
    drain.signal(signal.SIGTERM)
    check_equal(drain.wait(), 1)
    check_in("stopped: 10 events are left on disk", drain.err[-1])


def test_a_running_node_keeps_its_spool_to_itself(world):
    path = config(world)
    node = world.start(MQCLUSTER, "run", "-c", path)
    node.wait_for("connection is up", node.err)
    for args in ([], ["--json"], ["--events"], ["--drain"]):
        done = mqcluster("spool", "-c", path, *args)
        check_equal((done.status, done.out), (1, ""), done.err)
        check_in("another process uses it: while its node runs, /metrics tells of it", done.err)
    node.signal(signal.SIGTERM)
    check_equal(node.wait(), 0)
    check_equal(show(path)[-1]["events"], 0)


def test_damage_and_a_newer_version_are_named(world):
    world.dead_broker()
    path = config(world)
    leave_behind(world, path, 10)
    file = spool(world)
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    done = mqcluster("spool", "-c", path)
    check_equal((done.status, done.out), (1, ""))
    check_in("newer version", done.err)
    done = mqcluster("spool", "-c", path, "--drain", "--timeout", "1")
    check_equal(done.status, 1)
    check_in("newer version", done.err)
    file.write_bytes(os.urandom(8192))
    done = mqcluster("spool", "-c", path)
    check_equal(done.status, 1)
    check_in(str(file), done.err)


def test_wrong_arguments(world):
    world.dead_broker()
    path = config(world)
    for args in (["x"], ["--drain", "--json"], ["--drain", "--events"], ["--timeout", "1"],
                 ["--drain", "--timeout", "soon"], ["--what"]):
        done = mqcluster("spool", "-c", path, *args)
        check_equal((done.status, done.out), (2, ""), str(args))
    done = mqcluster("spool", "-b", "mqtt://127.0.0.1", "--cluster", "test")
    check_equal((done.status, done.out), (2, ""))
    check_in("node is not set", done.err)


if __name__ == "__main__":
    run_suite("cli.spool", globals())
