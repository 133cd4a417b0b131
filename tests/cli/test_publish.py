#!/usr/bin/env python3
"""`mqcluster publish` against a Mosquitto of the test's own."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import time

from harness import (MQCLUSTER, PATIENCE, SHARED, Skip, check, check_equal, check_in, environment,
                     mqcluster, run_suite)

# Tagged values of every type, and what is read back where that is written differently.
VALUES = [
    {"@data-type": "boolean", "data": True},
    {"@data-type": "count", "data": 18446744073709551615},
    {"@data-type": "integer", "data": -9223372036854775808},
    {"@data-type": "real", "data": 0.1},
    {"@data-type": "string", "data": "a \"quoted\"\n line, \u00e4 \u0000 end"},
    {"@data-type": "address", "data": "2001:db8::1"},
    {"@data-type": "subnet", "data": "10.0.0.0/8"},
    {"@data-type": "port", "data": "53/udp"},
    {"@data-type": "timestamp", "data": "2026-01-02T03:04:05.678"},
    {"@data-type": "timespan", "data": "1500ms"},
    {"@data-type": "enum-value", "data": "Notice::LOG"},
    {"@data-type": "set", "data": [{"@data-type": "count", "data": 1},
                                   {"@data-type": "count", "data": 2}]},
    {"@data-type": "table", "data": [{"key": {"@data-type": "string", "data": "k"},
                                      "value": {"@data-type": "count", "data": 3}}]},
    {"@data-type": "vector", "data": [{"@data-type": "none", "data": {}},
                                      {"@data-type": "real", "data": 1e300}]},
]


def request(topic, event, *args):
    return json.dumps({"topic": topic, "event": event, "args": list(args)}) + "\n"


def unread_bytes(pipe):
    """How much was written to a pipe and not read yet."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"    "))[0]


def numbers(messages):
    return [message["args"][0]["data"] for message in messages]


def test_every_value_type_arrives(world):
    subscriber = world.subscribe("--count", "1", "app/")
    done = mqcluster("publish", *world.broker.where(), "--wait", "app/x", "all",
                     *[json.dumps(value) for value in VALUES])
    check_equal((done.status, done.out, done.err), (0, "", ""))
    check_equal(subscriber.wait(), 0)
    (message,) = subscriber.messages()
    check_equal((message["topic"], message["event"]), ("app/x", "all"))
    check_equal(message["args"], VALUES)
    check(message["sender"]["instance"], "no instance")
    check(message["received"].startswith("20"), message["received"])


def test_plain_arguments_are_guessed(world):
    subscriber = world.subscribe("--count", "1", "app/")
    done = mqcluster("publish", "app/x", "guess", "T", "5", "-5", "1.5", "80/tcp", "10.0.0.1",
                     "10.0.0.0/8", "3s", "some text", "count:7", "string:8", "-.5",
                     *world.broker.where(), "--wait")
    check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)
    got = [(arg["@data-type"], arg["data"]) for arg in subscriber.messages()[0]["args"]]
    check_equal(got, [("boolean", True), ("count", 5), ("integer", -5), ("real", 1.5),
                      ("port", "80/tcp"), ("address", "10.0.0.1"), ("subnet", "10.0.0.0/8"),
                      ("timespan", "3s"), ("string", "some text"), ("count", 7), ("string", "8"),
                      ("real", -0.5)])


def test_declared_arguments_are_checked(world):
    config = world.config("worker-1", "events:\n  ping: {args: [{text: string}, {n: count}]}\n")
    subscriber = world.subscribe("--count", "1", "app/")
    for args in (["5"], ["5", "x"], ["5", "6", "7"]):
        done = mqcluster("publish", "-c", config, "app/x", "ping", *args)
        check_equal((done.status, done.out), (1, ""), str(args))
        check(done.err.startswith("mqcluster publish: "), done.err)
    done = mqcluster("publish", "-c", config, "--wait", "app/x", "ping", "5", "6")
    check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)
    check_equal([arg["@data-type"] for arg in subscriber.messages()[0]["args"]],
                ["string", "count"])
    check_equal(subscriber.messages()[0]["sender"]["node"], "worker-1")


def test_after_two_dashes_nothing_is_an_option(world):
    subscriber = world.subscribe("--count", "1", "")
    done = mqcluster("publish", *world.broker.where(), "--wait", "--", "-topic", "--event",
                     "--help")
    check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)
    (message,) = subscriber.messages()
    check_equal((message["topic"], message["event"]), ("-topic", "--event"))
    check_equal(message["args"][0]["data"], "--help")


def test_stdin_in_order_and_bad_lines_are_counted(world):
    subscriber = world.subscribe("--count", "500", "app/")
    lines = [request("app/n", "number", number) for number in range(500)]
    lines.insert(3, "no json\n")
    lines.insert(7, "\n")
    lines.insert(9, '{"event": "number"}\n')
    lines.insert(400, '{"topic": "app/n", "event": "number", "args": [{"@data-type": "what"}]}\n')
    done = mqcluster("publish", *world.broker.where(), "--stdin", "--wait", stdin="".join(lines))
    check_equal((done.status, done.out), (1, ""))
    for line in (4, 10, 401):
        check_in(f"mqcluster publish: line {line}: ", done.err)
    check_in("3 of 503 events were refused", done.err)
    check_equal(done.err.count("\n"), 4, done.err)
    check_equal(subscriber.wait(), 0)
    check_equal(numbers(subscriber.messages()), list(range(500)))


def test_stdin_last_line_without_end_and_crlf(world):
    subscriber = world.subscribe("--count", "2", "app/")
    text = request("app/n", "number", 1).strip() + "\r\n" + request("app/n", "number", 2).strip()
    done = mqcluster("publish", *world.broker.where(), "--stdin", "--wait", stdin=text)
    check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)
    check_equal(numbers(subscriber.messages()), [1, 2])


def test_stdin_line_over_the_limit_is_skipped(world):
    subscriber = world.subscribe("--count", "3", "app/")
    long_line = request("app/n", "number", "x" * (1024 * 1024))
    fitting = request("app/n", "number", "y" * (1024 * 1024 - 200))
    text = request("app/n", "number", 1) + long_line + fitting + request("app/n", "number", 2)
    done = mqcluster("publish", *world.broker.where(), "-s", "delivery.max_event_bytes=2MiB",
                     "--stdin", "--wait", stdin=text)
    check_equal(done.status, 1, done.err)
    check_in("line 2: over 1048576 bytes", done.err)
    check_in("1 of 4 events were refused", done.err)
    check_equal(subscriber.wait(), 0)
    got = numbers(subscriber.messages())
    check_equal((got[0], len(got[1]), got[2]), (1, 1024 * 1024 - 200, 2))


def test_stdin_waits_while_the_outbox_is_full(world):
    """Ten times what the outbox holds, and nothing is lost."""
    count = 2000
    subscriber = world.subscribe("--count", str(count), "app/")
    text = "".join(request("app/n", "number", number) for number in range(count))
    done = mqcluster("publish", *world.broker.where(), "-s", "delivery.outbox_events=200",
                     "--stdin", "--wait", stdin=text)
    check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)
    check_equal(numbers(subscriber.messages()), list(range(count)))


def test_stdin_follows_a_program_that_goes_on(world):
    subscriber = world.subscribe("app/")
    publisher = world.start(MQCLUSTER, "publish", *world.broker.where(), "--stdin")
    for number in range(3):
        publisher.write(request("app/n", "number", number))
        subscriber.wait_for(f'"data":{number}}}', subscriber.out)
    publisher.write("\n")
    publisher.process.stdin.close()
    check_equal(publisher.wait(), 0)
    check_equal(publisher.err, [])
    subscriber.signal(signal.SIGTERM)
    check_equal(subscriber.wait(), 0)
    check_equal(numbers(subscriber.messages()), [0, 1, 2])


def test_stdin_stopped_before_its_end_is_a_failure(world):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        subscriber = world.subscribe("--count", "2", "app/")
        publisher = world.start(MQCLUSTER, "publish", *world.broker.where(), "--stdin")
        publisher.write(request("app/n", "number", 0) + "\n" + request("app/n", "number", 1))
        publisher.write('{"topic": "app/half')
        check_equal(subscriber.wait(), 0)
        publisher.signal(number)
        check_equal(publisher.process.wait(60), 1)
        publisher.wait_for("stopped after line 3", publisher.err)
        check_equal(publisher.err, ["mqcluster publish: stopped after line 3"])


def test_stdin_stopped_while_the_outbox_is_full_is_a_failure(world):
    broker = world.dead_broker()
    publisher = world.start(MQCLUSTER, "publish", *broker.where(), "-s",
                            "delivery.outbox_events=10", "-s", "delivery.flush_timeout=500ms",
                            "--stdin")
    publisher.write("".join(request("app/n", "number", number) for number in range(50)))
    publisher.wait_for("connect", publisher.err)
    deadline = time.monotonic() + PATIENCE
    while unread_bytes(publisher.process.stdin) != 0:
        check(time.monotonic() < deadline, "it does not read")
        time.sleep(0.05)
    time.sleep(1)  # for ten events that it has in memory
    publisher.signal(signal.SIGTERM)
    check_equal(publisher.process.wait(60), 1)
    publisher.wait_for("stopped after line 11", publisher.err)
    publisher.wait_for("10 of 10 events were not delivered", publisher.err)


def test_zeek_connections_arrive_in_order(world):
    path = SHARED / "data" / "zeek-conn.json"
    if not path.exists():
        raise Skip("the shared folder with Zeek's logs is missing")
    with open(path, encoding="utf-8") as log:
        records = [json.loads(line) for line in log]
    lines = [request("zeek/conn/", "conn", record["uid"],
                     {"@data-type": "address", "data": record["id.orig_h"]},
                     {"@data-type": "port", "data": f"{record['id.orig_p']}/{record['proto']}"},
                     record["ts"], record.get("history", "")) for record in records]
    subscriber = world.subscribe("--count", str(len(lines)), "zeek/")
    done = mqcluster("publish", *world.broker.where(), "--stdin", "--wait", stdin="".join(lines))
    check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)
    check_equal(numbers(subscriber.messages()), [record["uid"] for record in records])
    first = subscriber.messages()[0]["args"]
    check_equal(first[1], {"@data-type": "address", "data": records[0]["id.orig_h"]})
    check_equal(first[3], {"@data-type": "real", "data": records[0]["ts"]})


def test_wait_without_a_broker_gives_up(world):
    broker = world.dead_broker()
    start = time.monotonic()
    done = mqcluster("publish", *broker.where(), "--wait", "--timeout", "1", "app/x", "ping", "1")
    check_equal((done.status, done.out), (1, ""), done.err)
    check_in("1 of 1 events were not delivered", done.err)
    check(0.9 < time.monotonic() - start < 20, "not the time given")


def test_without_wait_and_broker_the_loss_is_told(world):
    broker = world.dead_broker()
    done = mqcluster("publish", *broker.where(), "-s", "delivery.flush_timeout=500ms", "app/x",
                     "ping", "1")
    check_equal(done.status, 1, done.err)
    check_in("1 of 1 events were not delivered", done.err)


def test_stdin_without_a_broker_gives_up_with_timeout(world):
    broker = world.dead_broker()
    text = "".join(request("app/n", "number", number) for number in range(50))
    done = mqcluster("publish", *broker.where(), "-s", "delivery.outbox_events=10", "--stdin",
                     "--timeout", "0.5", stdin=text)
    check_equal(done.status, 1, done.err)
    check_in("line 11: ", done.err)
    check_in("10 of 10 events were not delivered", done.err)


def test_broker_that_starts_later_is_waited_for(world):
    broker = world.dead_broker()
    publisher = world.start(MQCLUSTER, "publish", *broker.where(), "--wait", "-s",
                            "broker.backoff_max=500ms", "app/x", "ping", "1")
    publisher.wait_for("mqcluster publish: ", publisher.err)
    broker.start()
    check_equal(publisher.wait(), 0)


def test_count_and_interval(world):
    subscriber = world.subscribe("--count", "3", "app/")
    start = time.monotonic()
    done = mqcluster("publish", *world.broker.where(), "--count", "3", "--interval", "0.2",
                     "app/x", "ping")
    check_equal((done.status, done.err), (0, ""))
    check(time.monotonic() - start >= 0.4, "too fast")
    check_equal(subscriber.wait(), 0)


def test_interrupted_repetition_is_a_failure(world):
    subscriber = world.subscribe("app/")
    publisher = world.start(MQCLUSTER, "publish", *world.broker.where(), "--count", "1000",
                            "--interval", "30", "app/x", "ping")
    subscriber.wait_for("ping", subscriber.out)
    publisher.signal(signal.SIGTERM)
    check_equal(publisher.wait(), 1)
    publisher.wait_for("stopped after 1 of 1000 events", publisher.err)


def test_topic_over_the_limit_is_refused(world):
    done = mqcluster("publish", *world.broker.where(), "x" * 70000, "ping")
    check_equal(done.status, 1)
    check(done.err.startswith("mqcluster publish: "), done.err)
    done = mqcluster("publish", *world.broker.where(), "/" * 300, "ping")
    check_equal(done.status, 1)


def test_mqtt_3_1_1(world):
    subscriber = world.subscribe("-s", "broker.protocol=3.1.1", "--count", "2", "app/")
    for version in ("3.1.1", "5"):
        done = mqcluster("publish", *world.broker.where(), "-s", f"broker.protocol={version}",
                         "--wait", "app/x", "ping", version)
        check_equal((done.status, done.err), (0, ""))
    check_equal(subscriber.wait(), 0)


def test_two_at_once_do_not_take_each_other_over(world):
    config = world.config("worker-1")
    subscriber = world.subscribe("--count", "4", "app/", where=["-c", config])
    publishers = [world.start(MQCLUSTER, "publish", "-c", config, "--wait", "--count", "2",
                              "--interval", "0.3", "app/x", "ping") for _ in range(2)]
    check_equal([publisher.wait() for publisher in publishers], [0, 0])
    check_equal(subscriber.wait(), 0)
    check_equal([publisher.err for publisher in publishers], [[], []])


def test_progress_on_a_terminal(world):
    primary, secondary = pty.openpty()
    publisher = subprocess.Popen([MQCLUSTER, "publish", *world.broker.where(), "--stdin"],
                                 stdin=subprocess.PIPE, stderr=secondary, env=environment())
    os.close(secondary)
    for number in range(4):
        publisher.stdin.write(request("app/n", "number", number).encode())
        publisher.stdin.flush()
        time.sleep(0.3)
    publisher.stdin.write(b"bad\n")
    publisher.stdin.close()
    drawn = b""
    while True:
        try:
            piece = os.read(primary, 4096)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        drawn += piece
    os.close(primary)
    check_equal(publisher.wait(60), 1)
    check_in(b"line 5: ", drawn)
    check(drawn.rstrip().endswith(b"4 events were refused") or b"4 events, " in drawn, drawn)
    check_in(b", 1 refused\r\n", drawn)
    check(3 <= drawn.count(b"\x1b[K") <= 20, drawn)


if __name__ == "__main__":
    run_suite("cli.publish", globals())
