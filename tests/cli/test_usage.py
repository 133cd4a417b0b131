#!/usr/bin/env python3
"""Arguments, exit statuses, configurations, output: what needs no broker."""

import os
import re
import subprocess

from harness import (MQCLUSTER, ROOT, check, check_equal, check_in, environment, json_lines, mqcluster,
                     run_suite)

COMMANDS = ["run", "publish", "subscribe", "bench", "nodes", "route", "spool", "check-config", "decode", "acl",
            "version", "help"]

GOOD = """cluster: {name: site-7}
node: worker-1
broker: {uri: "mqtt://127.0.0.1:1883"}
nodes:
  worker-1: {type: worker}
events:
  ping: {args: [{text: string}, {n: count}]}
"""

BAD = """cluster: {name: site-7, colour: red}
node: worker-9
broker:
  uri: "http://127.0.0.1"
  keep_alive: soon
  max_in_flight: many
nodes:
  worker-1: {type: walker}
events:
  ping: {args: [{text: strung}]}
surprise: 1
"""

# The line and a part of the key of each mistake in BAD.
MISTAKES = [(1, "cluster.colour"), (4, "broker.uri"), (5, "broker.keep_alive"),
            (6, "broker.max_in_flight"), (8, "nodes.worker-1"), (10, "events.ping"),
            (11, "surprise")]


def mistakes_in(text, path):
    """The lines FILE:LINE:COLUMN: KEY: TEXT as (line, key)."""
    pattern = re.compile(re.escape(str(path)) + r":(\d+):(\d+): ([^:]+): \S")
    return [(int(match[1]), match[3]) for match in map(pattern.match, text.splitlines()) if match]


def check_all_mistakes(text, path):
    found = mistakes_in(text, path)
    for line, key in MISTAKES:
        check(any(line == at and name.startswith(key) for at, name in found),
              f"line {line}, {key} is not named in:\n{text}")


def test_help_of_every_subcommand(_):
    for command in COMMANDS[:-1]:
        done = mqcluster(command, "--help")
        check_equal((done.status, done.err), (0, ""), command)
        check(done.out.startswith(f"Usage: mqcluster {command}"), done.out)
        check(all(len(line) <= 100 for line in done.out.splitlines()), "a long line")
        check_equal(mqcluster("help", command).out, done.out)
        check_equal(mqcluster(command, "-h").out, done.out)


def test_overview_names_every_subcommand(_):
    for args in (["help"], ["--help"], ["-h"], ["help", "--help"]):
        done = mqcluster(*args)
        check_equal((done.status, done.err), (0, ""))
        for command in COMMANDS:
            check_in(f"\n  {command} ", done.out)


def test_wrong_arguments_end_with_2(_):
    cases = [
        [], ["frobnicate"], ["help", "frobnicate"], ["version", "x"], ["version", "--x"],
        ["decode", "file"], ["decode", "--content-type"], ["check-config", "a", "b"],
        ["subscribe"], ["subscribe", "--count", "0", ""], ["subscribe", "--count", "-1", ""],
        ["subscribe", "--timeout", "soon", ""], ["subscribe", "--frobnicate", ""],
        ["publish"], ["publish", "topic"], ["publish", "--stdin", "topic"],
        ["publish", "--stdin", "--count", "2"], ["publish", "t", "e", "--count", "x"],
        ["publish", "t", "e", "--wat"], ["publish", "-s", "novalue", "t", "e"],
        ["publish", "--hrw", "proxy", "e"], ["publish", "--hrw", "p", "--rr", "p", "e"],
        ["publish", "--key", "k", "t", "e"], ["publish", "--rr", "p"],
        ["publish", "--rr", "p", "--stdin"], ["publish", "--hrw"],
        ["bench", "x"], ["bench", "--size", "23"], ["bench", "--rate", "0"],
        ["bench", "--events", "100000001"],
        ["nodes", "x"], ["nodes", "--timeout", "soon"], ["nodes", "--what"],
        ["route"], ["route", "--pool", "p"], ["route", "--key", "k"],
        ["route", "--pool", "p", "--rr", "0"], ["route", "--pool", "p", "--key", "k", "x"],
        ["run", "x"], ["run", "--wat"],
    ]
    for args in cases:
        done = mqcluster(*args)
        check_equal((done.status, done.out), (2, ""), f"{args} {done.err}")
        prefix = f"mqcluster {args[0]}: " if args and args[0] in COMMANDS else "mqcluster: "
        check(done.err.startswith(prefix), f"{args}: {done.err}")


def test_unknown_subcommand_suggests_the_nearest(_):
    for name, meant in (("pubilsh", "publish"), ("subscribr", "subscribe"),
                        ("check", "check-config")):
        check_in(f"did you mean '{meant}'?", mqcluster(name).err)


def test_version(_):
    for args in (["version"], ["--version"], ["-V"]):
        done = mqcluster(*args)
        check_equal((done.status, done.err), (0, ""))
        check(re.fullmatch(r"mqcluster \d+\.\d+\.\d+\n", done.out), done.out)


def test_output_that_cannot_be_written_is_a_failure(_):
    for command in (["version"], ["help"], ["publish", "--help"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([MQCLUSTER, *command], stdout=full, stderr=subprocess.PIPE,
                                  env=environment(), check=False)
        check_equal(done.returncode, 1, str(command))
        check_in(b"cannot write to standard output: No space left on device", done.stderr)
        closed = subprocess.run(f"'{MQCLUSTER}' {' '.join(command)} >&-", shell=True,
                                stderr=subprocess.PIPE, env=environment(), check=False)
        check_equal(closed.returncode, 1, str(command))
        check_in(b"cannot write to standard output", closed.stderr)


def test_check_config_good_file(world):
    path = world.file("good.yaml", GOOD)
    for args in (["-c", path], [path], ["--config", path]):
        done = mqcluster("check-config", *args)
        check_equal((done.status, done.out, done.err), (0, f"{path}: ok\n", ""))
    done = mqcluster("check-config", env=environment(MQCLUSTER_CONFIG=str(path)))
    check_equal((done.status, done.out), (0, f"{path}: ok\n"))
    done = mqcluster("check-config", "-", stdin=GOOD)
    check_equal((done.status, done.out), (0, "-: ok\n"), done.err)


def test_check_config_lists_every_mistake(world):
    path = world.file("bad.yaml", BAD)
    done = mqcluster("check-config", path)
    check_equal(done.status, 2)
    check_all_mistakes(done.out, path)


def test_check_config_tabs_and_unreadable_files(world):
    path = world.file("tabs.yaml", "cluster: {name: x}\nbroker:\n\turi: mqtt://a\n")
    done = mqcluster("check-config", path)
    check_equal(done.status, 2)
    check(done.out.startswith(f"{path}:3:"), done.out)
    done = mqcluster("check-config", world.folder / "none.yaml")
    check_equal(done.status, 2)
    check_in("none.yaml", done.out)
    done = mqcluster("check-config", world.folder)
    check_equal(done.status, 2)
    check_in(str(world.folder), done.out)


def test_check_config_set_is_checked_too(world):
    path = world.file("good.yaml", GOOD)
    done = mqcluster("check-config", path, "-s", "broker.keep_alive=30s", "-s",
                     "strict_events=true")
    check_equal((done.status, done.out), (0, f"{path}: ok\n"))
    done = mqcluster("check-config", path, "-s", "broker.keep_alive=soon", "-s", "no.such=1")
    check_equal(done.status, 2)
    check_in("--set: broker.keep_alive: ", done.out)
    check_in("--set: no.such: ", done.out)


def test_check_config_set_of_tls_is_checked_as_a_whole(world):
    path = world.file("good.yaml", GOOD)
    subprocess.run([ROOT / "certs/make-ca", "--dir", world.folder / "ca"], check=True,
                   stdout=subprocess.DEVNULL)
    os.rename(world.folder / "ca/ca.pem", world.folder / "ca.pem")
    secure = ["-s", "broker.uri=mqtts://h", "-s", "tls.ciphers=[TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256, "
              "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384]"]
    done = mqcluster("check-config", path, *secure, "-s", "tls.ca_file=ca.pem")
    check_equal((done.status, done.out), (0, f"{path}: ok\n"))
    done = mqcluster("check-config", path, *secure, "-s", "tls.ca_file=none.pem")
    check_equal(done.status, 2)
    check_in("none.pem cannot be read", done.out)
    done = mqcluster("check-config", path, *secure)
    check_equal(done.status, 2)
    check_in("command line: broker.uri: ", done.out)
    check_in("give tls.ca_file", done.out)
    done = mqcluster("check-config", path, "-s", "tls.ca_file=ca.pem")
    check_equal(done.status, 2)
    check_in("command line: tls.ca_file: ", done.out)
    check_in("in the clear", done.out)


def test_wrong_configuration_stops_every_subcommand(world):
    path = world.file("bad.yaml", BAD)
    for args in (["run"], ["subscribe", "x"], ["publish", "t", "e"], ["publish", "--stdin"]):
        done = mqcluster(args[0], "-c", path, *args[1:])
        check_equal((done.status, done.out), (2, ""), f"{args} {done.err}")
        check_all_mistakes(done.err, path)


def test_missing_configuration_is_explained(world):
    done = mqcluster("publish", "t", "e",
                     env=environment(MQCLUSTER_CONFIG=str(world.folder / "none.yaml")))
    check_equal(done.status, 2)
    check_in("give a configuration with -c FILE", done.err)
    done = mqcluster("subscribe", "-b", "mqtt//nowhere", "--cluster", "a/b", "x")
    check_equal(done.status, 2)
    check_in("--broker: broker.uri: ", done.err)
    check_in("--cluster: cluster.name: ", done.err)


def test_run_needs_a_node_name(world):
    path = world.file("anonymous.yaml", GOOD.replace("node: worker-1\n", ""))
    done = mqcluster("run", "-c", path, timeout=20)
    check_equal(done.status, 2, done.err)
    check_in("node", done.err)


def test_decode_json(_):
    payload = '{"event":"ping","args":["hello",{"@data-type":"count","data":5}]}'
    for args in ([], ["--content-type", "application/json"]):
        done = mqcluster("decode", *args, stdin=payload)
        check_equal((done.status, done.err), (0, ""))
        (message,) = json_lines(done.out)
        check_equal(message["event"], "ping")
        check_equal(message["args"][1], {"@data-type": "count", "data": 5})


def test_decode_of_nothing_is_a_failure(_):
    for args in ([], ["--content-type", "application/json"]):
        done = mqcluster("decode", *args)
        check_equal((done.status, done.out), (1, ""))
        check_equal(done.err, "mqcluster decode: the payload is empty; nothing to decode\n")


def test_decode_refuses_garbage(_):
    cases = [b"\xff\xff\xff\xff", b"{", b'{"event":5}', b"\x0a\xff\xff\xff\xff\x0f", b"[" * 100000,
             os.urandom(1000)]
    for payload in cases:
        done = mqcluster("decode", stdin=payload)
        check_equal((done.status, done.out), (1, ""), f"{payload[:30]}: {done.err}")
        check(done.err.startswith("mqcluster decode: ") and done.err.count("\n") == 1, done.err)


if __name__ == "__main__":
    run_suite("cli.usage", globals())
