#!/usr/bin/python3
"""What the server counts and tells at /metrics, and its answer at /healthz."""

import re
import time
import urllib.error
import urllib.request

from harness import PATIENCE, check_in
from ws_harness import check, check_equal, run_ws_suite

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def get(script, path):
    """Returns status, content type and body."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(script.url(path, "http"), timeout=PATIENCE) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def samples(text, name):
    """The samples of one name: labels without the node's name, as sorted pairs, to the value."""
    result = {}
    for line in text.splitlines():
        sample = SAMPLE.match(line)
        if sample is not None and sample[1] == name:
            labels = dict(LABEL.findall(sample[2] or ""))
            check_equal(labels.pop("node", None), "manager", line)
            result[tuple(sorted(labels.items()))] = float(sample[3])
    return result


def wait_for_samples(script, expected):
    """Waits until the metrics are these: {name: {labels: value}}; the last may come late."""
    deadline = time.monotonic() + PATIENCE
    while True:
        status, kind, text = get(script, "/metrics")
        check_equal(status, 200, text)
        check_in("text/plain", kind)
        got = {name: samples(text, name) for name in expected}
        if got == expected:
            return text
        if time.monotonic() > deadline:
            check_equal(got, expected, text)
        time.sleep(0.05)


def exchange(ws, script, **options):
    """100 pings to four topics, of which the node publishes every other again: to two of them."""
    client = ws.subscribe(script, "/test/pings", **options)
    for number in range(100):
        client.publish(f"/test/pings/{number % 4}", "ping", "hello", number)
    check_equal(client.events(50), [(f"/test/pings/{number % 4}", "ping", "hello", number)
                                    for number in range(0, 100, 2)])
    return client


def by_topic(topics, count, **more):
    return {tuple(sorted({"topic": f"/test/pings/{topic}", "handler": "ping", **more}.items())):
            count for topic in topics}


def test_ws_events_are_counted_by_topic(ws):
    script = ws.script("alternate", "--topic", "/test/pings",
                       more="metrics: {core: [info, verbose], websocket: [info, verbose]}\n")
    exchange(ws, script)
    unknown = (("app", "unknown"),)
    wait_for_samples(script, {
        "zeek_cluster_core_incoming_events_total": {(): 100},
        "zeek_cluster_core_outgoing_events_total": {(): 50},
        "zeek_cluster_websocket_outgoing_events_total": {unknown: 100},
        "zeek_cluster_websocket_incoming_events_total": {unknown: 50},
        "zeek_cluster_core_verbose_incoming_events_total": by_topic(range(4), 25),
        "zeek_cluster_core_verbose_outgoing_events_total": by_topic((0, 2), 25),
        "zeek_cluster_websocket_verbose_outgoing_events_total":
            by_topic(range(4), 25, app="unknown"),
        "zeek_cluster_websocket_verbose_incoming_events_total":
            by_topic((0, 2), 25, app="unknown"),
    })


def test_ws_app_is_a_label(ws):
    script = ws.script("alternate", "--topic", "/test/pings",
                       more="metrics: {websocket: [info, debug]}\n")
    exchange(ws, script, headers={"X-Application-Name": "my-app"}).close()
    exchange(ws, script)
    named, unknown = (("app", "my-app"),), (("app", "unknown"),)
    text = wait_for_samples(script, {
        "zeek_cluster_core_incoming_events_total": {(): 200},
        "zeek_cluster_core_outgoing_events_total": {(): 100},
        "zeek_cluster_websocket_outgoing_events_total": {named: 100, unknown: 100},
        "zeek_cluster_websocket_incoming_events_total": {named: 50, unknown: 50},
        "zeek_cluster_websocket_verbose_outgoing_events_total": {},
    })
    for direction, topics in (("outgoing", range(4)), ("incoming", (0, 2))):
        sizes = samples(text, f"zeek_cluster_websocket_debug_{direction}_event_sizes_count")
        for app in ("my-app", "unknown"):
            for topic in topics:
                check_equal(sum(count for labels, count in sizes.items()
                                if ("app", app) in labels
                                and ("topic", f"/test/pings/{topic}") in labels), 25, str(sizes))


def test_metrics_are_well_formed(ws):
    script = ws.script("alternate", "--topic", "/test/pings", more="metrics: {"
                       "core: [info, verbose, debug], websocket: [info, verbose, debug]}\n")
    client = ws.subscribe(script, "/test/pings")
    for number, topic in enumerate(('/test/pings/"\\\u00e4', "/test/pings/\n\0")):
        client.publish(topic, "ping", "x", 2 * number)
        check_equal(client.event()[0], topic)
    text = get(script, "/metrics")[2]
    check(text.endswith("\n"), "no end of line")
    types = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    check_equal(len(types), len(dict(types)), "a type told twice")
    for line in text.splitlines():
        check(line.startswith("# ") or SAMPLE.match(line) is not None, line)
    check_in('topic="/test/pings/\\"\\\\\u00e4"', text)


def test_routes_beside_the_websocket(ws):
    script = ws.script("watch")
    check_equal(get(script, "/healthz")[0], 200)
    check_equal(get(script, "/nowhere")[0], 404)
    # Not an upgrade: answered as Zeek does, and not left open.
    check_equal(get(script, "/v1/messages/json")[0], 400)
    ws.world.broker.stop()
    script.program.wait_for("connection is down", script.program.err)
    check_equal(get(script, "/healthz")[0], 503)


def test_routes_can_be_switched_off(ws):
    script = ws.script("watch", options={"serve": "[websocket]"})
    check_equal([get(script, path)[0] for path in ("/healthz", "/metrics")], [404, 404])
    ws.subscribe(script)


if __name__ == "__main__":
    run_ws_suite("ws.telemetry", globals())
