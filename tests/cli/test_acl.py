#!/usr/bin/env python3
"""`mqcluster acl`: what it prints, and what a Mosquitto that goes by it lets nodes do."""

import re
import subprocess

from harness import (MQCLUSTER, check, check_equal, check_in, environment, mqcluster, run,
                     run_suite)
from site_broker import ADMIN, LAYOUT, Receiver, print_acl, start_site

ROOT = "mqcluster/site-7"

# What a worker may publish to with --strict, and some of what it may not.
UPWARD = ["zeek/cluster/manager", "zeek/cluster/logger", "zeek/cluster/proxy",
          "zeek/cluster/pool/logger", "zeek/cluster/pool/proxy", "zeek/cluster/node/manager/",
          "zeek/cluster/node/logger-1/", "zeek/cluster/node/proxy-1/", "zeek/logs/conn",
          "zeek/cluster/nodeid/worker-2_0/"]
SIDEWAYS = ["zeek/cluster/worker", "zeek/cluster/pool/worker", "zeek/cluster/node/worker-2/",
            "zeek/cluster/node/worker-1/", "zeek/cluster/node/tool/", "zeek/supervisor",
            "zeek/table/x", "zeek/cluster/managers", "app/x", "", "/"]


def rights(text):
    """The lines of each user, and nothing but comments outside."""
    users = {}
    user = None
    for line in text.splitlines():
        if line.startswith("user "):
            user = line.removeprefix("user ")
            check(user not in users, user)
            users[user] = []
        elif line.startswith("topic "):
            users[user].append(line.removeprefix("topic "))
        else:
            check(line == "" or line.startswith("#"), line)
    return users


def open_rights(kind, name, root=ROOT):
    return [f"write {root}/node/{kind}/{name}", "read $SYS/broker/version", f"read {root}/node/#",
            f"readwrite {root}/event/#"]


def test_every_node_announces_itself_and_publishes(world):
    nodes = {"manager": "manager", "logger-1": "logger", "proxy-1": "proxy", "worker-1": "worker",
             "worker-2": "worker", "tool": "control"}
    text = print_acl(world)
    check_equal(rights(text), {name: open_rights(kind, name) for name, kind in nodes.items()})
    check_equal(list(rights(text)), list(nodes), "the order of the file")
    check_equal(print_acl(world), text)
    check_in("SIGHUP", text.split("\n\n")[-1])
    check(all(len(line) <= 100 for line in text.splitlines()), "a long line")


def test_strict_narrows_workers_alone(world):
    open_list, strict = rights(print_acl(world)), rights(print_acl(world, "--strict"))
    for name, lines in strict.items():
        if not name.startswith("worker-"):
            check_equal(lines, open_list[name])
            continue
        check_equal(lines[:4], [f"write {ROOT}/node/worker/{name}", "read $SYS/broker/version",
                                f"read {ROOT}/node/#", f"read {ROOT}/event/#"])
        expected = {re.sub("/(conn|worker-2_0/)?$", "", topic) for topic in UPWARD}
        check_equal({line.removeprefix(f"write {ROOT}/event/").removesuffix("/#")
                     for line in lines[4:]}, expected)
        check_equal(len(lines), 4 + len(expected))


def test_allow_adds_whole_levels_encoded(world):
    cases = {"app": "app", "app/": "app", "app//": "app/", "/": "", "a+b#c%d/x ": "a%2Bb%23c%25d/x ",
             "\u00fc\n": "%C3%BC%0A", "-x": "-x"}
    args = [arg for topic in cases for arg in ("--allow", topic)]
    lines = rights(print_acl(world, "--strict", *args))
    for name, count in (("worker-1", len(cases)), ("worker-2", len(cases))):
        check_equal(lines[name][-count:],
                    [f"write {ROOT}/event/{topic}/#" for topic in cases.values()])


def test_root_and_options_come_from_the_configuration(world):
    layout = LAYOUT.replace("name: site-7", "name: site-7, root: a b/c%")
    check_equal(rights(print_acl(world, layout=layout))["tool"],
                open_rights("control", "tool", "a b/c%"))
    check_equal(rights(print_acl(world, "-s", "cluster.root=r"))["tool"],
                open_rights("control", "tool", "r"))
    done = mqcluster("acl", env=environment(
        MQCLUSTER_CONFIG=str(world.file("layout.yaml", LAYOUT))))
    check_equal((done.status, done.out), (0, print_acl(world)))


def test_wrong_arguments_print_nothing(world):
    path = world.file("layout.yaml", LAYOUT)
    many = ["--allow", "x"] * 65
    cases = [(["x"], "unexpected argument"), (["--allow", "x"], "--allow needs --strict"),
             (["--strict", "--allow", ""], "leave out --strict"), (["--strict", "--allow"], ""),
             (["--strict", *many], "at most 64 times"), (["--what"], ""), (["--strict=x"], ""),
             (["-s", "broker.keep_alive=x"], "keep_alive"), (["-s", "x"], "KEY=VALUE"),
             (["--strict", "--allow", "x" * 65536], "65535"),
             (["--strict", "--allow", "/" * 300], "levels")]
    for args, text in cases:
        done = mqcluster("acl", "-c", path, *args)
        check_equal((done.status, done.out), (2, ""), f"{args[:3]} {done.err}")
        check_in(text, done.err)


def test_configuration_without_nodes_is_refused(world):
    for section in ("", "nodes: {}\n"):
        layout = world.file("layout.yaml", LAYOUT.split("nodes:")[0] + section)
        done = mqcluster("acl", "-c", layout)
        check_equal((done.status, done.out), (2, ""), done.err)
        check_in("nodes", done.err)
    done = mqcluster("acl", "-c", world.folder / "none.yaml")
    check_equal((done.status, done.out), (2, ""))
    check_in("none.yaml", done.err)


def test_names_that_no_line_can_express_are_refused(world):
    for name in (" x", "x ", " ", "a\\tb", "a\\nb", "a\\x7f", "\\u0085", "a/b", "a+", "#"):
        layout = world.file("layout.yaml", f'{LAYOUT}  "{name}": {{type: worker}}\n')
        done = mqcluster("acl", "-c", layout)
        check_equal((done.status, done.out), (2, ""), repr(name))
        check(done.err != "", repr(name))
    for root in (" r", "a\\tb", "$r", "a/#"):
        layout = world.file("layout.yaml",
                            LAYOUT.replace("name: site-7", f'name: s, root: "{root}"'))
        check_equal(mqcluster("acl", "-c", layout).status, 2, repr(root))


def test_list_that_cannot_be_written_is_a_failure(world):
    path = world.file("layout.yaml", LAYOUT)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([MQCLUSTER, "acl", "-c", str(path)], stdout=full,
                              stderr=subprocess.PIPE, env=environment(), check=False)
    check_equal(done.returncode, 1)
    check_equal(done.stderr.count(b"\n"), 1, str(done.stderr))


# --- With a Mosquitto that goes by the list --------------------------------------------------------

def test_nobody_announces_another(world):
    broker = start_site(world)
    watcher = Receiver(broker, "manager", f"{ROOT}/node/#")
    own, other = f"{ROOT}/node/worker/worker-1", f"{ROOT}/node/worker/worker-2"
    check(broker.publish("worker-1", own, "up", "-r"), "its own presence is refused")
    check(broker.publish("worker-2", other, "up", "-r"), "its own presence is refused")
    for topic in (other, f"{ROOT}/node/manager/manager", f"{ROOT}/node/manager/worker-1",
                  f"{ROOT}/node/worker/worker-1/x", f"{ROOT}/node/worker", f"{ROOT}/node"):
        check(not broker.publish("worker-1", topic, "down", "-r"), topic)
    check(not broker.publish("worker-1", other, "", "-r"), "removed another's presence")
    last = broker.mark(f"{ROOT}/node/end")
    check_equal(watcher.until(last), [f"{own} up", f"{other} up"])
    check_equal(Receiver(broker, "tool", f"{ROOT}/node/worker/+").until(f"{other} up"),
                [f"{own} up"], "what is retained")


def connect(world, broker, name, *args):
    """A mosquitto_sub that is subscribed."""
    client = world.start("stdbuf", "-oL", *broker.command("mosquitto_sub", name), "-d", "-q", "1",
                         "-F", "%t %p", *args)
    client.wait_for("SUBACK", client.out)
    return client


def test_will_counts_for_the_own_presence_alone(world):
    broker = start_site(world)
    watcher = Receiver(broker, "manager", f"{ROOT}/node/#")
    for topic in (f"{ROOT}/node/worker/worker-2", f"{ROOT}/node/worker/worker-1"):
        connect(world, broker, "worker-1", "-t", "x", "--will-topic", topic, "--will-payload",
                "gone", "--will-qos", "1").kill()
    check_equal(watcher.until(f"{ROOT}/node/worker/worker-1 gone"), [])


def test_every_node_publishes_to_every_node(world):
    broker = start_site(world)
    nodes = list(rights(print_acl(world)))
    receivers = [Receiver(broker, name, f"{ROOT}/event/#") for name in nodes]
    sent = [(name, topic) for name in nodes for topic in UPWARD[:1] + SIDEWAYS]
    for name, topic in sent:
        check(broker.publish(name, f"{ROOT}/event/{topic}", name), f"{name} {topic}")
    last = broker.mark(f"{ROOT}/event/end")
    for receiver in receivers:
        check_equal(receiver.until(last), [f"{ROOT}/event/{topic} {name}" for name, topic in sent])


def test_nothing_outside_of_the_root_is_reached(world):
    broker = start_site(world)
    outside = [f"{ROOT}-8/event/x", "mqcluster/other/event/x", "mqcluster", "x", ROOT,
               f"{ROOT}/x", f"{ROOT}/events/x", "/x"]
    receiver = Receiver(broker, "worker-1", "#")
    system = Receiver(broker, "manager", "$SYS/#")
    for name in ("manager", "worker-1", "tool"):
        for topic in outside:
            check(not broker.publish(name, topic), f"{name} {topic}")
    for topic in outside:
        check(broker.publish("admin", topic), topic)
    check_equal(receiver.until(broker.mark(f"{ROOT}/event/end")), [])
    # Of what the broker says of itself a node sees the version alone.
    program = world.start(*broker.command("mosquitto_sub", "manager"), *system.options, "-W", "3",
                          "-F", "%t")
    program.wait()
    check_equal(set(program.out), {"$SYS/broker/version"})


def test_strict_worker_reaches_what_is_above_it(world):
    broker = start_site(world, "--strict", "--allow", "zeek/connections/", "--allow", "a+b")
    receiver = Receiver(broker, "worker-2", f"{ROOT}/event/#")
    allowed = UPWARD + ["zeek/connections/", "zeek/connections/x", "zeek/connections", "a%2Bb",
                        "zeek/cluster/manager/x"]
    for topic in allowed:
        check(broker.publish("worker-1", f"{ROOT}/event/{topic}"), topic)
    for topic in SIDEWAYS + ["zeek/connections2", "axb", "zeek/cluster/node/x/"]:
        check(not broker.publish("worker-1", f"{ROOT}/event/{topic}"), topic)
    for name in ("manager", "logger-1", "proxy-1", "tool"):
        for topic in SIDEWAYS:
            check(broker.publish(name, f"{ROOT}/event/{topic}", name), f"{name} {topic}")
    expected = [f"{ROOT}/event/{topic} " for topic in allowed]
    expected += [f"{ROOT}/event/{topic} {name}" for name in ("manager", "logger-1", "proxy-1",
                                                             "tool") for topic in SIDEWAYS]
    check_equal(receiver.until(broker.mark(f"{ROOT}/event/end")), expected)


def test_certificate_that_is_not_listed_reaches_nothing(world):
    broker = start_site(world)
    watcher = connect(world, broker, "stranger", "-t", "#")
    check(broker.publish("manager", f"{ROOT}/event/x"), "the manager is refused")
    for topic in (f"{ROOT}/event/x", f"{ROOT}/node/worker/stranger", "x"):
        check(not broker.publish("stranger", topic), topic)
    broker.add_rights(f"\nuser stranger\ntopic read {ROOT}/event/end\n")
    last = broker.mark(f"{ROOT}/event/end")
    watcher.wait_for(last, watcher.out)
    check_equal([line for line in watcher.out if " PUBLISH " in line or line == last][1:], [last])


def test_reloaded_list_counts_for_connected_clients(world):
    broker = start_site(world)
    watcher = connect(world, broker, "worker-1", "-t", f"{ROOT}/event/#")
    check(broker.publish("manager", f"{ROOT}/event/x", "before"), "refused")
    watcher.wait_for("x before", watcher.out)
    without = LAYOUT.replace("  worker-1: {type: worker}\n", "")
    broker.write_acl(print_acl(world, layout=without) + ADMIN)
    broker.add_rights(f"\nuser worker-1\ntopic read {ROOT}/event/end\n")
    check(not broker.publish("worker-1", f"{ROOT}/event/y"), "still listed")
    check(broker.publish("manager", f"{ROOT}/event/x", "after"), "refused")
    watcher.wait_for(broker.mark(f"{ROOT}/event/end"), watcher.out)
    check(not any("x after" in line for line in watcher.out), str(watcher.out))


def issue_odd_name(broker, name):
    """certs/issue takes plain names only; other authorities do not."""
    done = run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-utf8", "-subj", f"/CN={name}", "-keyout", broker.certs / f"{name}.key",
               "-out", broker.certs / "request")
    check_equal(done.status, 0, done.err)
    done = run("openssl", "x509", "-req", "-in", broker.certs / "request", "-days", "2",
               "-CA", broker.certs / "ca.pem", "-CAkey", broker.certs / "ca.key",
               "-out", broker.certs / f"{name}.pem", "-set_serial", "7")
    check_equal(done.status, 0, done.err)


def encoded(name):
    return "".join(chr(byte) if 0x20 <= byte <= 0x7e and chr(byte) not in "+#%" else f"%{byte:02X}"
                   for byte in name.encode())


def test_odd_names_are_expressed(world):
    names = ["w 1", "w  1", "w\u00f6rk%er", "%u", "user", "topic", "a=b,c", "readwrite x"]
    layout = LAYOUT + "".join(f'  "{name}": {{type: worker}}\n' for name in names)
    layout = layout.replace("name: site-7", 'name: site-7, root: "a  b/%c/c "')
    broker = start_site(world, "--strict", layout=layout)
    watcher = Receiver(broker, "manager", "a  b/%c/c /node/#")
    for name in names:
        issue_odd_name(broker, name)
        for other in names:
            is_taken = broker.publish(name, f"a  b/%c/c /node/worker/{encoded(other)}", "up")
            check_equal(is_taken, other == name, f"{name} as {other}")
    check_equal(watcher.until(broker.mark("a  b/%c/c /node/end")),
                [f"a  b/%c/c /node/worker/{encoded(name)} up" for name in names])


if __name__ == "__main__":
    run_suite("cli.acl", globals())
