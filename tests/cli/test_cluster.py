#!/usr/bin/env python3
"""Commands that know the cluster, with nodes of `mqcluster run`: publish to pools, nodes, route."""

import datetime
import json
import signal

from harness import (MQCLUSTER, SHARED, Skip, check, check_equal, check_in, json_lines, mqcluster,
                     run_suite)

PROXIES = """
manager_is_logger: false
nodes:
  manager:  {type: manager}
  logger-1: {type: logger}
  proxy-1:  {type: proxy}
  proxy-2:  {type: proxy}
  worker-1: {type: worker}
"""

# What a Zeek chose for count keys among proxy-1 and proxy-2.
OWNERS = {0: "proxy-2", 1: "proxy-1", 2: "proxy-2", 3: "proxy-2", 13: "proxy-1", 37: "proxy-1",
          42: "proxy-1", 101: "proxy-1"}


def config(world, node, more="", nodes=PROXIES):
    return world.file(f"{node}.yaml", f"cluster: {{name: test}}\nnode: {node}\n"
                      f"broker: {{uri: \"{world.broker.uri}\", backoff_max: 1s}}\n{nodes}{more}")


def start_node(world, node, more="", nodes=PROXIES):
    program = world.start(MQCLUSTER, "run", "-c", config(world, node, more, nodes))
    program.wait_for("connection is up", program.err)
    return program


def stop_node(program):
    program.signal(signal.SIGTERM)
    check_equal(program.wait(), 0)


def node_topic(node):
    return f"zeek/cluster/node/{node}/"


def test_publish_hrw_reaches_the_owner(world):
    start_node(world, "proxy-1")
    start_node(world, "proxy-2")
    where = ["-c", config(world, "worker-1")]
    subscriber = world.subscribe("--count", str(2 * len(OWNERS)), "zeek/cluster/node/", where=where)
    for key in OWNERS:
        done = mqcluster("publish", *where, "--wait", "--hrw", "proxy", "--key", f"count:{key}",
                         "ping", key)
        check_equal((done.status, done.out, done.err), (0, "", ""), str(key))
    lines = [{"hrw": {"pool": "zeek/cluster/pool/proxy", "key": key}, "event": "ping",
              "args": [key]} for key in OWNERS]
    done = mqcluster("publish", *where, "--stdin", "--wait",
                     stdin="".join(json.dumps(line) + "\n" for line in lines))
    check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)
    got = [(message["args"][0]["data"], message["topic"]) for message in subscriber.messages()]
    check_equal(sorted(got),
                sorted(2 * [(key, node_topic(owner)) for key, owner in OWNERS.items()]))


def test_publish_knows_a_pool_by_its_name(world):
    pools = "pools:\n  single: {type: proxy, max_nodes: 1, topic: app/single}\n"
    start_node(world, "proxy-1", pools)
    start_node(world, "proxy-2", pools)
    where = ["-c", config(world, "worker-1", pools)]
    subscriber = world.subscribe("--count", "4", "zeek/cluster/node/", where=where)
    for pool in ("single", "app/single"):
        done = mqcluster("publish", *where, "--wait", "--hrw", pool, "--key", "0", "ping")
        check_equal((done.status, done.err), (0, ""))
        done = mqcluster("publish", *where, "--wait", "--stdin", stdin=json.dumps(
            {"hrw": {"pool": pool, "key": 0}, "event": "ping"}))
        check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)
    check_equal([message["topic"] for message in subscriber.messages()],
                4 * [node_topic("proxy-1")])


def test_publish_rr_takes_turns(world):
    start_node(world, "proxy-1")
    start_node(world, "proxy-2")
    where = ["-c", config(world, "worker-1")]
    subscriber = world.subscribe("--count", "8", "zeek/cluster/node/", where=where)
    done = mqcluster("publish", *where, "--wait", "--rr", "proxy", "--count", "3", "ping", "all")
    check_equal((done.status, done.err), (0, ""))
    lines = [{"rr": {"pool": "proxy", "key": key}, "event": "ping", "args": [number]}
             for number, key in enumerate(("a", "b", "a", "a"))]
    lines.append({"rr": {"pool": "proxy"}, "event": "ping", "args": [4]})
    done = mqcluster("publish", *where, "--stdin", "--wait",
                     stdin="".join(json.dumps(line) + "\n" for line in lines))
    check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)
    got = [(str(message["args"][0]["data"]), message["topic"]) for message in subscriber.messages()]
    expected = [("all", 1), ("all", 2), ("all", 1), ("0", 1), ("1", 1), ("2", 2), ("3", 1), ("4", 1)]
    check_equal(sorted(got),
                sorted((arg, node_topic(f"proxy-{number}")) for arg, number in expected))


def test_publish_to_nobody_is_a_failure(world):
    path = config(world, "worker-1")
    for args in (["--hrw", "proxy", "--key", "5"], ["--rr", "proxy"]):
        done = mqcluster("publish", "-c", path, "--timeout", "0.5", *args, "ping")
        check_equal((done.status, done.out), (1, ""))
        check_equal(done.err, "mqcluster publish: none of the 2 nodes of pool "
                    "zeek/cluster/pool/proxy is up\n")
    line = '{"hrw": {"pool": "proxy", "key": 1}, "event": "e"}\n'
    done = mqcluster("publish", "-c", path, "--timeout", "0.5", "--stdin", stdin=line)
    check_equal(done.status, 1)
    check_in("line 1: none of the 2 nodes", done.err)
    check_in("1 of 1 events were refused", done.err)


def test_publish_waits_for_a_node_to_come_up(world):
    publisher = world.start(MQCLUSTER, "publish", "-c", config(world, "worker-1"), "--wait",
                            "--timeout", "60", "-v", "--hrw", "proxy", "--key", "a", "ping")
    publisher.wait_for("connection is up", publisher.err)
    start_node(world, "proxy-2")
    check_equal(publisher.wait(), 0)


def test_what_no_node_can_change_is_told_at_once(world):
    path = config(world, "worker-1")
    world.broker.stop()
    cases = [
        (["--hrw", "proxies", "--key", "5"], "there is no pool 'proxies'"),
        (["--rr", "proxies"], "there is no pool 'proxies'"),
        (["--hrw", "proxy", "--key", "enum:tcp"], "enum NAME"),
        (["--hrw", "proxy", "--key", "count:x"], '"x" is no count'),
        (["--rr", "proxy", "--key", "k" * 600], "round robin key"),
    ]
    for args, part in cases:
        done = mqcluster("publish", "-c", path, "--timeout", "50", *args, "ping")
        check_equal((done.status, done.out), (1, ""), str(args))
        check(done.err.startswith("mqcluster publish: "), done.err)
        check_in(part, done.err)
        check_equal(done.err.count("\n"), 1, done.err)


def test_publish_without_a_broker_says_so(world):
    path = config(world, "worker-1")
    world.broker.stop()
    for args in (["--hrw", "proxy", "--key", "5", "ping"], ["--stdin"]):
        done = mqcluster("publish", "-c", path, "--timeout", "0.5", *args,
                         stdin='{"rr": {"pool": "proxy"}, "event": "ping"}\n')
        check_equal((done.status, done.out), (1, ""))
        check_in("the broker was not reached within the time given", done.err)


def test_a_command_beside_its_node_is_a_guest(world):
    node = start_node(world, "proxy-1")
    subscriber = world.subscribe("--count", "2", "app/", where=["-c", config(world, "proxy-1")])
    for _ in range(2):
        done = mqcluster("publish", "-c", config(world, "proxy-1"), "--wait", "app/x", "ping")
        check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)
    stop_node(node)
    check(not any("duplicate_node" in line for line in node.err), str(node.err))


def listed(world, *args):
    done = mqcluster("nodes", "-c", config(world, "worker-1"), "--json", *args)
    check_equal((done.status, done.err), (0, ""))
    return {node["name"]: node for node in json_lines(done.out)}


def check_time(text):
    check(text.endswith("Z"), text)
    datetime.datetime.fromisoformat(text.removesuffix("Z"))


def test_nodes_tells_who_is_up(world):
    proxy = start_node(world, "proxy-1")
    start_node(world, "logger-1")
    nodes = listed(world)
    check_equal(list(nodes), ["logger-1", "manager", "proxy-1", "proxy-2", "worker-1"])
    check_equal([(node["type"], node["up"], node["pools"]) for node in nodes.values()],
                [("logger", True, ["zeek/cluster/pool/logger"]), ("manager", False, []),
                 ("proxy", True, ["zeek/cluster/pool/proxy"]),
                 ("proxy", False, ["zeek/cluster/pool/proxy"]),
                 ("worker", False, ["zeek/cluster/pool/worker"])])
    check_equal(list(nodes["manager"]),
                ["name", "type", "id", "up", "since", "last_seen", "pools"])
    check_equal([nodes["proxy-2"][name] for name in ("id", "since", "last_seen")], [None] * 3)
    check(nodes["proxy-1"]["id"].startswith("proxy-1-"), nodes["proxy-1"]["id"])
    for name in ("since", "last_seen"):
        check_time(nodes["proxy-1"][name])
    check_equal(listed(world)["proxy-1"]["since"], nodes["proxy-1"]["since"])
    stop_node(proxy)
    nodes = listed(world)
    check_equal((nodes["proxy-1"]["up"], nodes["logger-1"]["up"]), (False, True))


def test_nodes_table(world):
    start_node(world, "proxy-1")
    done = mqcluster("nodes", "-c", config(world, "worker-1"))
    check_equal((done.status, done.err), (0, ""))
    heading, *rows = done.out.splitlines()
    check_equal(heading.split(), ["NAME", "TYPE", "STATE", "ID", "SINCE", "LAST", "SEEN", "POOLS"])
    rows = [row.split() for row in rows]
    check_equal([row[:3] for row in rows],
                [["logger-1", "logger", "down"], ["manager", "manager", "down"],
                 ["proxy-1", "proxy", "up"], ["proxy-2", "proxy", "down"],
                 ["worker-1", "worker", "down"]])
    check_equal(rows[1][3:], ["-", "-", "-", "-"])
    check_equal(rows[2][6:], ["zeek/cluster/pool/proxy"])


def test_nodes_watch_tells_changes(world):
    for args in (["--json"], []):
        watcher = world.start(MQCLUSTER, "nodes", "-c", config(world, "worker-1"), "--watch", *args)
        watcher.wait_for("worker-1", watcher.out)
        before = len(watcher.out)
        proxy = start_node(world, "proxy-1")
        watcher.wait_for("proxy-1", watcher.out, 2)
        stop_node(proxy)
        watcher.wait_for("proxy-1", watcher.out, 3)
        watcher.signal(signal.SIGTERM)
        check_equal((watcher.wait(), watcher.err), (0, []))
        up, down = watcher.out[before:]
        if args:
            up, down = json.loads(up), json.loads(down)
            check_equal([(line["name"], line["up"]) for line in (up, down)],
                        [("proxy-1", True), ("proxy-1", False)])
            check_equal(up["id"], down["id"])
            check_equal(up["pools"], ["zeek/cluster/pool/proxy"])
        else:
            check_equal([line.split()[1:4] for line in (up, down)],
                        [["up", "proxy-1", "proxy"], ["down", "proxy-1", "proxy"]])


def test_nodes_dynamic(world):
    def alone(name, kind):
        return f"membership: dynamic\nnodes: {{{name}: {{type: {kind}}}}}\n"

    start_node(world, "proxy-7", nodes=alone("proxy-7", "proxy"))
    start_node(world, "worker-7", nodes=alone("worker-7", "worker"))
    for where in (["-c", config(world, "worker-8", nodes="membership: dynamic\n")],
                  world.broker.where()):
        done = mqcluster("nodes", *where, "--json")
        check_equal((done.status, done.err), (0, ""))
        check_equal([(node["name"], node["type"], node["up"], node["pools"])
                     for node in json_lines(done.out)],
                    [("proxy-7", "proxy", True, ["zeek/cluster/pool/proxy"]),
                     ("worker-7", "worker", True, ["zeek/cluster/pool/worker"])])
        done = mqcluster("route", *where, "--pool", "proxy", "--key", "a", "--json")
        check_equal((done.status, done.err), (0, ""))
        check_equal(json.loads(done.out)["node"], "proxy-7")


def test_nodes_without_a_broker_gives_up(world):
    path = config(world, "worker-1")
    world.broker.stop()
    done = mqcluster("nodes", "-c", path, "--timeout", "0.5")
    check_equal((done.status, done.out), (1, ""))
    check_in("mqcluster nodes: the broker was not reached within the time given", done.err)


def test_route_asks_the_cluster(world):
    path = config(world, "proxy-1")
    start_node(world, "proxy-1")
    start_node(world, "proxy-2")
    keys = [arg for key in OWNERS for arg in ("--key", str(key))]
    done = mqcluster("route", "-c", path, "--pool", "proxy", "--json", *keys)
    check_equal((done.status, done.err), (0, ""))
    check_equal([(line["key"]["data"], line["node"]) for line in json_lines(done.out)],
                list(OWNERS.items()))
    offline = mqcluster("route", "-c", path, "--pool", "proxy", "--json", *keys, "--alive",
                        "proxy-1,proxy-2")
    check_equal((offline.status, offline.out), (0, done.out))
    done = mqcluster("route", "-c", path, "--pool", "logger", "--key", "5", "--timeout", "0.5")
    check_equal((done.status, done.out), (1, ""))
    check_in("mqcluster route: key '5': none of the 1 nodes", done.err)
    done = mqcluster("route", "-c", path, "--pool", "proxy", "--rr", "3")
    check_equal(done.status, 0, done.err)
    check_equal([line.split()[0] for line in done.out.splitlines()],
                ["proxy-1", "proxy-2", "proxy-1"])


def test_route_goes_by_the_configuration(world):
    path = world.file("pools.yaml", "cluster: {name: test, topic_separator: .}\n"
                      f"broker: {{uri: \"mqtt://127.0.0.1\"}}\n{PROXIES}"
                      "pools:\n  single: {type: proxy, max_nodes: 1, exclusive: true}\n"
                      "  logger: {type: logger, topic: app/loggers}\n")
    expected = {"single": "proxy-1", "zeek.cluster.pool.single": "proxy-1", "proxy": "proxy-2",
                "app/loggers": "logger-1", "logger": "logger-1"}
    for pool, node in expected.items():
        done = mqcluster("route", "-c", path, "--pool", pool, "--key", "a", "--key", "b", "--json",
                         "--alive", "proxy-1,proxy-2,logger-1")
        check_equal((done.status, done.err), (0, ""), pool)
        check_equal([(line["node"], line["topic"]) for line in json_lines(done.out)],
                    2 * [(node, f"zeek.cluster.node.{node}.")], pool)


def test_route_wrong(world):
    path = config(world, "worker-1")
    world.broker.stop()
    cases = [
        (["--pool", "proxy", "--key", "a", "--alive", "proxy-3"], 2, "no node 'proxy-3'"),
        (["--pool", "none", "--key", "a", "--alive", "proxy-1"], 1, "there is no pool 'none'"),
        (["--pool", "none", "--key", "a"], 1, "there is no pool 'none'"),
        (["--pool", "proxy", "--key", "a", "--alive", ""], 1, "none of the 2 nodes"),
        (["--pool", "proxy", "--key", "int:x", "--alive", "proxy-1"], 1, '"x" is no int'),
        (["--pool", "proxy", "--keys-from", world.folder / "none", "--alive", "proxy-1"], 1,
         "No such file"),
        (["--pool", "proxy", "--key", "a", "--timeout", "0.5"], 1, "the broker was not reached"),
    ]
    for args, status, part in cases:
        done = mqcluster("route", "-c", path, *args)
        check_equal((done.status, done.out), (status, ""), f"{args} {done.err}")
        check(done.err.startswith("mqcluster route: "), done.err)
        check_in(part, done.err)


def key_text(key):
    """How a key of the vectors is written on a command line."""
    kind, data = key["@data-type"], key["data"]
    if kind == "timestamp_s":
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=data)
        return f"time:{moment.isoformat()}"
    if kind == "enum-value":
        return f"enum Cluster::NodeType:{data}"
    if kind == "vector":
        return f"vector of string:{json.dumps([item['data'] for item in data])}"
    return json.dumps(key)


def check_phase(path, keys, vectors, phase):
    """Compares one phase of a file of vectors with what `mqcluster route` says."""
    args = ["route", "-c", path, "--pool", "proxy", "--json", "--alive", ",".join(phase["alive"])]
    done = mqcluster(*args, "--keys-from", keys)
    check_equal((done.status, done.err), (0, ""))
    lines = json_lines(done.out)
    check_equal([line["hash"] for line in lines], [key["fnv1a32"] for key in vectors["keys"]])
    sites = {node["name"]: node["site_id"] for node in vectors["pool"]}
    check_equal({(line["node"], line["site_id"]) for line in lines} - set(sites.items()), set())
    check_equal({index: lines[int(index)]["topic"] for index in phase["hrw"]}, phase["hrw"])
    check_equal({line["node"] for line in lines} - set(phase["alive"]), set())
    count = len(phase["rr"])
    done = mqcluster(*args, "--rr", count, "--key", "k")
    check_equal((done.status, done.err), (0, ""))
    topics = [line["topic"] for line in json_lines(done.out)]
    # The vectors go on from phase to phase; here each begins with the first node that is alive.
    start = topics.index(phase["rr"][0])
    period = len(phase["alive"])
    check_equal([topics[(start + i) % period] for i in range(count)], phase["rr"])
    check_equal(topics[0], node_topic(min(phase["alive"])))


def test_route_chooses_as_zeek(world):
    for name in ("pools-1.json", "pools-2.json"):
        file = SHARED / "vectors" / name
        if not file.exists():
            raise Skip("the shared folder with Zeek's choices is missing")
        vectors = json.loads(file.read_text(encoding="utf-8"))
        nodes = "".join(f"  {node['name']}: {{type: proxy}}\n" for node in vectors["pool"])
        path = world.file("layout.yaml", "cluster: {name: test}\n"
                          f"broker: {{uri: \"mqtt://127.0.0.1\"}}\nnodes:\n{nodes}")
        keys = world.file("keys", "".join(key_text(key["key"]) + "\n" for key in vectors["keys"]))
        check_equal(len(vectors["phases"]), 4)
        for phase in vectors["phases"]:
            check_phase(path, keys, vectors, phase)


if __name__ == "__main__":
    run_suite("cli.cluster", globals())
