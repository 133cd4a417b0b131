#!/usr/bin/env python3
"""`mqcluster bench` on a Mosquitto of the test's own. How fast that is, is no matter here."""

import signal
import socket
import threading

from harness import (MQCLUSTER, PATIENCE, check, check_equal, check_in, json_lines, mqcluster,
                     run_suite)

# Nothing here is in a hurry, on a busy machine least of all.
LONG = ["--timeout", str(PATIENCE)]


def bench(world, *args, **options):
    return mqcluster("bench", *world.broker.where(), *LONG, *args, timeout=2 * PATIENCE, **options)


def rows_of(done):
    check_equal(done.status, 0, done.err)
    return {row["bench"]: row for row in json_lines(done.out)}


def test_json_has_the_fields_of_the_benchmarks(world):
    done = bench(world, "--events", "500", "--json", "--quiet")
    check_equal(done.err, "")
    rows = rows_of(done)
    check_equal(set(rows), {"latency", "throughput", "wire"})
    throughput = rows["throughput"]
    known = {"subject": "mqcluster", "qos": 1, "tls": False, "payload_bytes": 100, "topics": 1,
             "receivers": 1, "durability": "memory", "guarantee": "broker", "accepted": 500,
             "received": 500, "duplicates": 0}
    check_equal({name: throughput[name] for name in known}, known)
    for name in ("events_per_s", "max_gap_ms", "cpu_s_per_million", "peak_rss_kb"):
        check(throughput[name] > 0, f"{name}: {throughput}")
    latency = rows["latency"]
    check_equal((latency["load"], latency["samples"], latency["tls"]), ("low", 100, False))
    check(0 < latency["p50_us"] <= latency["p90_us"] <= latency["p99_us"] <= latency["max_us"],
          str(latency))
    check_equal(rows["wire"]["compressed"], False)
    check(rows["wire"]["bytes_per_event"] >= 100, str(rows["wire"]))


def test_text_tells_what_it_does_and_what_came_of_it(world):
    done = bench(world, "--events", "20")
    check_equal(done.status, 0, done.err)
    check_in("publishes 1000 events a second of 100 bytes on mqcluster/bench/", done.err)
    check_in(f"which loads {world.broker.uri} and all", done.err)
    for part in (f"broker      {world.broker.uri}, guarantee broker\n",
                 "events      40 accepted, 40 received, 0 lost, 0 twice\n", "round trip  p50 ",
                 "of 20 lone events\n", "rate ", "bytes ", "processor "):
        check_in(part, done.out)


def test_guarantee_size_and_full_speed(world):
    rows = rows_of(bench(world, "--events", "20000", "--rate", "max", "--size", "1000",
                         "--guarantee", "best_effort", "--json"))
    throughput = rows["throughput"]
    check_equal([throughput[name] for name in ("qos", "guarantee", "payload_bytes", "received")],
                [0, "best_effort", 1000, 20000])
    check(1000 <= rows["wire"]["bytes_per_event"] < 1200, str(rows["wire"]))


def test_compression_is_told(world):
    rows = rows_of(bench(world, "--events", "20000", "--rate", "max", "--json",
                         "--set", "delivery.compression=zstd"))
    check_equal(rows["wire"]["compressed"], True)
    check(rows["wire"]["bytes_per_event"] < 100, str(rows["wire"]))


def test_seconds_end_it(world):
    throughput = rows_of(bench(world, "--seconds", "0.3", "--rate", "100", "--json"))["throughput"]
    check(0 < throughput["accepted"] <= 31, str(throughput))


def test_topic_is_of_its_own_unless_given(world):
    own = world.subscribe("mqcluster/bench/")
    given = world.subscribe("lab/")
    for more in ([], [], ["--topic", "lab/x"]):
        check_equal(bench(world, "--events", "1", "--quiet", *more).status, 0)
    given.wait_for("lab/x", given.out, 2)
    own.wait_for("mqcluster/bench/", own.out, 4)
    topics = [message["topic"] for message in own.messages()]
    check_equal((len(set(topics)), len(topics)), (2, 4), str(topics))
    check(all(message["event"] == "mqcluster_bench" for message in own.messages()), "the event")


def test_two_on_one_topic_do_not_mix(world):
    programs = [world.start(MQCLUSTER, "bench", *world.broker.where(), *LONG, "--topic", "lab/x",
                            "--events", "300", "--json", "-q") for _ in range(2)]
    for program in programs:
        check_equal((program.wait(), program.err), (0, []))
        throughput = next(row for row in program.messages() if row["bench"] == "throughput")
        check_equal([throughput[name] for name in ("accepted", "received", "duplicates")],
                    [300, 300, 0])


def test_strict_events_and_the_configuration_of_a_node(world):
    config = world.config("worker-1", "strict_events: true\ndelivery: {guarantee: best_effort}\n")
    done = mqcluster("bench", "-c", config, *LONG, "--events", "5", "--json")
    check_equal(rows_of(done)["throughput"]["guarantee"], "best_effort")


def test_signal_ends_it_with_the_figures(world):
    program = world.start(MQCLUSTER, "bench", *world.broker.where(), *LONG, "--seconds", "3600",
                          "--rate", "100", "--topic", "lab/x", "--json")
    watcher = world.subscribe("--count", "120", "lab/")
    check_equal(watcher.wait(), 0)
    program.signal(signal.SIGINT)
    check_equal(program.wait(), 0, str(program.err))
    throughput = next(row for row in program.messages() if row["bench"] == "throughput")
    check_equal(throughput["accepted"], throughput["received"])


def test_broker_out_of_reach_is_told(world):
    done = mqcluster("bench", *world.dead_broker().where(), "--timeout", "1")
    check_equal((done.status, done.out), (1, ""))
    check_in("connection refused", done.err)
    check_in("the broker was not reached within the time given", done.err)


def restrict(world, rights):
    """Gives the broker an access list."""
    acl = world.file("acl", rights)
    # Mosquitto reads it as a user of its own when root starts it.
    world.folder.chmod(0o755)
    plain = world.broker.settings
    world.broker.stop()
    world.broker.settings = lambda: f"{plain()}acl_file {acl}\n"
    world.broker.start()


def test_wrong_guarantee_is_a_mistake(world):
    done = mqcluster("bench", *world.dead_broker().where(), "--guarantee", "exactly_once")
    check_equal((done.status, done.out), (2, ""))
    check_in("delivery.guarantee: 'exactly_once' is not possible", done.err)


def test_refused_topic_is_told(world):
    restrict(world, "topic readwrite mqcluster/test/node/#\n")
    done = mqcluster("bench", *world.broker.where(), "--timeout", "2", "--events", "3")
    check_equal(done.status, 1, done.err)
    check_in("the broker lets this client write and read mqcluster/bench/", done.err)


def test_lost_events_are_a_failure(world):
    """The broker passes nothing on: it acknowledges the subscription, but its access list lets
    nobody read."""
    restrict(world, "topic write mqcluster/test/#\ntopic read mqcluster/test/node/#\n")
    done = mqcluster("bench", *world.broker.where(), "--timeout", "1", "--events", "3")
    check_equal(done.status, 1, done.err)
    check_in("an event did not arrive within the time given", done.err)
    check_in("events      1 accepted, 0 received, 1 lost, 0 twice", done.out)


def test_broker_that_says_nothing_is_given_up(_):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        taken = []
        taker = threading.Thread(target=lambda: taken.append(silent.accept()), daemon=True)
        taker.start()
        done = mqcluster("bench", "-b", f"mqtt://127.0.0.1:{silent.getsockname()[1]}", "--cluster",
                         "test", "--timeout", "1")
        check_equal((done.status, done.out), (1, ""))
        check_in("the broker was not reached within the time given", done.err)


if __name__ == "__main__":
    run_suite("cli.bench", globals())
