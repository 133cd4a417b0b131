#!/usr/bin/env python3
"""`mqcluster subscribe` and `decode`, with mosquitto_pub and mosquitto_sub as independent peers."""

import os
import pty
import signal
import socket
import subprocess
import time

from harness import (MQCLUSTER, PATIENCE, check, check_equal, check_in, environment, json_lines,
                     mqcluster, run, run_suite)


def publish(world, topic, *event, options=()):
    done = mqcluster("publish", *world.broker.where(), *options, "--wait", "--", topic,
                     *(event or ["ping"]))
    check_equal((done.status, done.err), (0, ""), topic)


def publish_until_ended(world, program, *event, options=()):
    """For programs that do not say when they are subscribed."""
    deadline = time.monotonic() + PATIENCE
    while program.process.poll() is None and time.monotonic() < deadline:
        publish(world, *event, options=options)
        time.sleep(0.1)


def topics(program):
    return [message["topic"] for message in program.messages()]


def test_prefixes_receive_what_begins_with_them_once(world):
    sent = ["a/b/c", "a/b/work", "a/b/word/x", "a/bb", "/lead", "lead", "", "a+b", "a#", "$x",
            "p%41", "\u00fcber/x", "a/b"]
    prefixes = ["a/b/", "a/b/wor", "", "/lead", "a+", "a#", "$", "p%", "\u00fc", "a/b/word/x"]
    programs = [world.subscribe(prefix) for prefix in prefixes]
    for topic in sent:
        publish(world, topic)
    for prefix, program in zip(prefixes, programs):
        expected = [topic for topic in sent if topic.startswith(prefix)]
        program.wait_for('"event"', program.out, len(expected))
        program.signal(signal.SIGTERM)
        check_equal(program.wait(), 0)
        check_equal(topics(program), expected, repr(prefix))


def test_overlapping_prefixes_print_an_event_once(world):
    program = world.subscribe("--count", "3", "a/", "a/b", "a/b/c", "x")
    for topic in ("a/b/c", "a/z", "x"):
        publish(world, topic)
    check_equal(program.wait(), 0)
    check_equal(topics(program), ["a/b/c", "a/z", "x"])


def test_level_matches_whole_levels(world):
    program = world.subscribe("--level", "--count", "2", "a/b")
    for topic in ("a/bc", "a/b", "a", "a/b/c"):
        publish(world, topic)
    check_equal(program.wait(), 0)
    check_equal(topics(program), ["a/b", "a/b/c"])


def test_event_filter(world):
    program = world.subscribe("--event", "pong", "--count", "1", "a/")
    publish(world, "a/1", "ping")
    publish(world, "a/2", "pong")
    check_equal(program.wait(), 0)
    check_equal(topics(program), ["a/2"])


def test_count_stops_at_once(world):
    program = world.subscribe("--count", "2", "a/")
    text = "".join(f'{{"topic":"a/{i}","event":"e","args":[]}}\n' for i in range(50))
    done = mqcluster("publish", *world.broker.where(), "--stdin", "--wait", stdin=text)
    check_equal(done.status, 0, done.err)
    check_equal(program.wait(), 0)
    check_equal(topics(program), ["a/0", "a/1"])


def test_timeouts(world):
    done = mqcluster("subscribe", *world.broker.where(), "--timeout", "1.5", "a/")
    check_equal((done.status, done.out), (0, ""), done.err)
    check_equal(done.err, "mqcluster subscribe: subscribed\n")
    done = mqcluster("subscribe", *world.broker.where(), "-q", "--timeout", "1.5", "--count", "2",
                     "a/")
    check_equal((done.status, done.out), (1, ""))
    check_equal(done.err, "mqcluster subscribe: only 0 of 2 events came within the time given\n")


def test_without_a_broker_it_keeps_trying_until_the_time_is_over(world):
    broker = world.dead_broker()
    done = mqcluster("subscribe", *broker.where(), "--timeout", "1", "a/")
    check_equal((done.status, done.out), (1, ""))
    check_in("mqcluster subscribe: not subscribed within the time given", done.err)
    program = world.start(MQCLUSTER, "subscribe", *broker.where(), "-s", "broker.backoff_max=500ms",
                          "--count", "1", "a/")
    program.wait_for("mqcluster subscribe: ", program.err)
    broker.start()
    program.wait_for("subscribed", program.err)
    publish(world, "a/1")
    check_equal(program.wait(), 0)


def test_broker_restart_restores_the_subscription(world):
    program = world.subscribe("-s", "broker.backoff_max=500ms", "--count", "2", "a/")
    publish(world, "a/1")
    world.broker.stop()
    world.broker.start()
    publish_until_ended(world, program, "a/2")
    check_equal(program.wait(), 0)
    check_equal(topics(program), ["a/1", "a/2"])


def test_signals_end_it_cleanly(world):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        program = world.subscribe("a/")
        program.signal(number)
        check_equal(program.wait(), 0)
        check_equal((program.out, program.err), ([], ["mqcluster subscribe: subscribed"]))


def check_stops_while_blocked(world, output, number):
    """`output` is where the events go, and nobody reads it."""
    with subprocess.Popen([MQCLUSTER, "subscribe", *world.broker.where(), "a/"], stdout=output,
                          stderr=subprocess.PIPE, env=environment()) as program:
        try:
            check_equal(program.stderr.readline(), b"mqcluster subscribe: subscribed\n")
            for _ in range(4):
                publish(world, "a/1", "long", "x" * 60000)
            time.sleep(0.5)
            program.send_signal(number)
            check_equal(program.wait(PATIENCE), 0)
            check_equal(program.stderr.read(), b"")
        finally:
            program.kill()


def test_signals_end_it_while_nobody_reads_a_pipe(world):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        reader, writer = os.pipe()
        check_stops_while_blocked(world, writer, number)
        check(len(os.read(reader, 1 << 20)) > 65536 - 4096, "the pipe was not full")
        os.close(reader)
        os.close(writer)


def test_signals_end_it_while_nobody_reads_a_terminal_or_a_socket(world):
    for primary, secondary in (pty.openpty(), [end.detach() for end in socket.socketpair()]):
        check_stops_while_blocked(world, secondary, signal.SIGTERM)
        check(os.get_blocking(secondary), "the output was changed for others")
        os.close(primary)
        os.close(secondary)


def test_slow_reader_gets_every_line_whole(world):
    reader, writer = os.pipe()
    with subprocess.Popen([MQCLUSTER, "subscribe", *world.broker.where(), "--count", "5", "a/"],
                          stdout=writer, stderr=subprocess.PIPE, env=environment()) as program:
        os.close(writer)
        check_equal(program.stderr.readline(), b"mqcluster subscribe: subscribed\n")
        for i in range(5):
            publish(world, f"a/{i}", "long", "x" * 60000)
        time.sleep(0.5)
        with os.fdopen(reader, encoding="utf-8") as stream:
            messages = json_lines(stream.read())
        check_equal(program.wait(PATIENCE), 0)
    check_equal([(message["topic"], len(message["args"][0]["data"])) for message in messages],
                [(f"a/{i}", 60000) for i in range(5)])


def test_reader_that_went_away_is_a_failure(world):
    program = subprocess.Popen([MQCLUSTER, "subscribe", *world.broker.where(), "a/"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    check_equal(program.stderr.readline(), b"mqcluster subscribe: subscribed\n")
    program.stdout.close()
    publish(world, "a/1")
    check_equal(program.wait(60), 1)
    check_equal(program.stderr.read(),
                b"mqcluster subscribe: cannot write to standard output: Broken pipe\n")
    program.stderr.close()


def test_full_disk_is_a_failure(world):
    with open("/dev/full", "wb") as full:
        program = subprocess.Popen([MQCLUSTER, "subscribe", *world.broker.where(), "a/"],
                                   stdout=full, stderr=subprocess.PIPE, env=environment())
        check_equal(program.stderr.readline(), b"mqcluster subscribe: subscribed\n")
        publish(world, "a/1")
        check_equal(program.wait(60), 1)
    check_in(b"No space left on device", program.stderr.read())
    program.stderr.close()


def test_closed_standard_output_does_not_become_a_socket(world):
    command = f"exec '{MQCLUSTER}' subscribe {' '.join(world.broker.where())} a/ >&- <&-"
    program = subprocess.Popen(["sh", "-c", command], stderr=subprocess.PIPE, env=environment())
    check_equal(program.stderr.readline(), b"mqcluster subscribe: subscribed\n")
    publish(world, "a/1")
    check_equal(program.wait(60), 1)
    check_in(b"Bad file descriptor", program.stderr.read())
    program.stderr.close()


def test_reader_that_went_away_ends_it_though_nothing_arrives(world):
    where = world.broker.where()
    for args in (["subscribe", *where, "a/"], ["nodes", "--watch", *where]):
        reader, writer = os.pipe()
        with subprocess.Popen([MQCLUSTER, *args], stdout=writer, stderr=subprocess.PIPE,
                              env=environment()) as program:
            os.close(writer)
            os.close(reader)
            error = program.communicate(timeout=60)[1]
        check_equal(program.returncode, 1)
        check_equal(error.count(b"cannot write to standard output: Broken pipe"), 1, error)


def test_json_of_mosquitto_pub_arrives(world):
    program = world.subscribe("--count", "2", "a/")
    payload = '{"event": "ping", "args": ["hello", {"@data-type": "count", "data": 5}]}'
    for version in ("mqttv5", "mqttv311"):
        options = ["-D", "PUBLISH", "content-type", "application/json"]
        done = world.broker.client("mosquitto_pub", "-V", version,
                                   *(options if version == "mqttv5" else []), "-q", "1", "-t",
                                   "mqcluster/test/event/a/j", "-m", payload)
        check_equal(done.status, 0, done.err)
    check_equal(program.wait(), 0)
    for message in program.messages():
        check_equal((message["topic"], message["event"]), ("a/j", "ping"))
        check_equal(message["args"], [{"@data-type": "string", "data": "hello"},
                                      {"@data-type": "count", "data": 5}])
        check_equal(message["sender"], {"node": None, "instance": None})


def test_garbage_from_others_is_reported_and_harms_nothing(world):
    program = world.subscribe("--count", "1", "a/")
    for options in ([], ["-V", "mqttv5", "-D", "PUBLISH", "content-type", "application/json"]):
        done = world.broker.client("mosquitto_pub", *options, "-q", "1", "-t",
                                   "mqcluster/test/event/a/g", "-m", "\x07garbage{")
        check_equal(done.status, 0, done.err)
    publish(world, "a/1")
    check_equal(program.wait(), 0)
    check_equal(topics(program), ["a/1"])
    check(len(program.err) > 1, "nothing was reported")
    check(all(line.isprintable() for line in program.err), str(program.err))


def test_payload_caught_by_mosquitto_sub_is_decoded(world):
    catcher = world.start("mosquitto_sub", "-h", "127.0.0.1", "-p", world.broker.port, "-t",
                          "mqcluster/test/event/#", "-F", "%t %x", "-C", "1")
    publish_until_ended(world, catcher, "a/ \u00fc", "ping", "hello", "count:5")
    check_equal(catcher.wait(), 0)
    topic, payload = catcher.out[0].rsplit(" ", 1)
    check_equal(topic, "mqcluster/test/event/a/ %C3%BC")
    for args in ([], ["--content-type", "application/x-protobuf; msg=mqcluster.v1.Envelope"]):
        done = mqcluster("decode", *args, stdin=bytes.fromhex(payload))
        check_equal((done.status, done.err), (0, ""))
        (message,) = json_lines(done.out)
        check_equal(message["event"], "ping")
        check_equal([arg["data"] for arg in message["args"]], ["hello", 5])


def test_compressed_payload_is_decoded(world):
    catcher = world.start("mosquitto_sub", "-h", "127.0.0.1", "-p", world.broker.port, "-t",
                          "mqcluster/test/event/#", "-F", "%x", "-C", "1")
    text = "the same words, " * 20
    publish_until_ended(world, catcher, "a/1", "ping", text,
                        options=["--set", "delivery.compression=zstd"])
    check_equal(catcher.wait(), 0)
    payload = bytes.fromhex(catcher.out[0])
    check(len(payload) < len(text), f"{len(payload)} bytes")
    done = mqcluster("decode", stdin=payload)
    check_equal((done.status, done.err), (0, ""))
    check_equal(json_lines(done.out)[0]["args"][0]["data"], text)
    # Without its last byte, which belongs to the compressed events.
    done = mqcluster("decode", stdin=payload[:-1])
    check_equal(done.status, 1)
    check_in("no Envelope that can be read", done.err)


def test_decode_at_the_end_of_a_pipe(world):
    catcher = world.start("sh", "-c", f"mosquitto_sub -h 127.0.0.1 -p {world.broker.port} -C 1 -N "
                          f"-t 'mqcluster/test/event/#' | '{MQCLUSTER}' decode")
    publish_until_ended(world, catcher, "a/1", "ping", "T")
    check_equal(catcher.wait(), 0)
    check_equal(catcher.messages()[0]["event"], "ping")


def test_wide_prefix_of_another_cluster_is_not_seen(world):
    program = world.subscribe("--count", "1", "")
    done = run(MQCLUSTER, "publish", "-b", world.broker.uri, "--cluster", "other", "--wait", "a/1",
               "ping")
    check_equal(done.status, 0, done.err)
    publish(world, "a/2")
    check_equal(program.wait(), 0)
    check_equal(topics(program), ["a/2"])


if __name__ == "__main__":
    run_suite("cli.subscribe", globals())
