#!/usr/bin/python3
"""How connections end and what the node is told and logs of it."""

import pathlib
import re
import time

from harness import PATIENCE
from ws_harness import check, check_equal, run_ws_suite


def cluster_log(script, part, count):
    """The log lines that contain the text, without what stands before."""
    script.program.wait_for(part, script.program.err, count)
    return [line[line.index("WebSocket client"):] for line in list(script.program.err)
            if part in line]


def who(endpoint):
    name, (address, port), _ = endpoint
    return f"WebSocket client '{name}' ({address}:{port.split('/')[0]})"


def test_cluster_log_tells_of_clients(ws):
    script = ws.script("watch")
    named = ws.subscribe(script, "/b", "/a", headers={"X-Application-Name": "my-app"})
    plain = ws.subscribe(script)
    (first, _), (second, _) = script.added(2)
    check_equal((first[0], first[1][0], first[2]), (named.endpoint, "127.0.0.1", "my-app"))
    check_equal((second[0], second[1][0], second[2]), (plain.endpoint, "127.0.0.1", None))
    check_equal(cluster_log(script, "subscribed to", 2),
                [f"{who(first)} application_name=my-app subscribed to [/a, /b]",
                 f"{who(second)} subscribed to []"])
    named.close(1001, "going away")
    check_equal(cluster_log(script, "gone with", 1),
                [f"{who(first)} application_name=my-app gone with code 1001 and reason "
                 "'going away'"])
    plain.close(1000)
    check_equal(cluster_log(script, "gone with", 2)[1], f"{who(second)} gone with code 1000")
    check_equal(script.lost(2), [[first, 1001, "going away"], [second, 1000, ""]])


def test_ways_to_go(ws):
    script = ws.script("watch")
    ways = [
        ("close", {"code": 1000, "reason": "bye"}, [1000, "bye"]),
        ("close", {"code": 4711, "reason": "\u00e4"}, [4711, "\u00e4"]),
        ("close", {}, [1005, "No status code"]),
        ("drop", {}, [1006, "Abnormal closure"]),
    ]
    for count, (what, more, lost) in enumerate(ways, 1):
        client = ws.subscribe(script, "/x")
        client.order(what, **more)
        client.expect("closed")
        check_equal(script.lost(count)[-1], [script.added(count)[-1][0], *lost])


def test_ping_timeout_closes_who_does_not_answer(ws):
    script = ws.script("watch", "--topic", "/x", options={"ping_interval": "1s"})
    mute = ws.subscribe(script, "/x", answers_pings=False)
    alive = ws.subscribe(script, "/x")
    mute.expect_closed(1011, "Ping timeout")
    endpoint, code, reason = script.lost(1)[0]
    check_equal((endpoint[0], code, reason), (mute.endpoint, 1011, "Ping timeout"))
    alive.publish("/x", "ping", "still here", 1)
    check_equal(script.events("ping", 1), [("/x", "still here", 1)])


def test_terminate_while_queuing_is_an_orderly_end(ws):
    script = ws.script("count", "--topic", "/test/pings", "--pings", "1000",
                       options={"max_event_queue_size": 1})
    clients = [ws.subscribe(script) for _ in range(3)]
    for client in clients:
        client.order("flood", text='{"topic":"/test/pings","@data-type":"vector","data":['
                     '{"@data-type":"count","data":1},{"@data-type":"count","data":1},'
                     '{"@data-type":"vector","data":[{"@data-type":"string","data":"ping"},'
                     '{"@data-type":"vector","data":[{"@data-type":"string","data":"flood"},'
                     '{"@data-type":"count","data":1}]}]}]}')
    for client in clients:
        client.expect_closed(1001, "Terminating")
    script.ended()
    count = int(script.program.out[-1].split()[0])
    check(count >= 1000, script.program.out[-1])


def test_server_that_stops_says_so_in_every_state(ws):
    script = ws.script("watch")
    clients = [ws.connect(script).open(), ws.subscribe(script, "/x")]
    refused = ws.connect(script).open()
    refused.send("broken")
    refused.expect("message")
    script.stop()
    for client in clients:
        client.expect_closed(1001, "Terminating")
    check(refused.expect("closed")["code"] in (1001, 1008), "neither")


def sockets(pid):
    """The descriptors of a process that are sockets, each with whether a child would inherit it."""
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            is_socket = str(link.readlink()).startswith("socket:")
            text = pathlib.Path(f"/proc/{pid}/fdinfo/{link.name}").read_text(encoding="utf-8")
        except FileNotFoundError:  # closed meanwhile
            continue
        if is_socket:
            flags = int(re.search(r"^flags:\s+([0-7]+)$", text, re.MULTILINE)[1], 8)
            yield link.name, flags & 0o2000000 == 0  # O_CLOEXEC


def test_no_socket_is_left_to_children(ws):
    script = ws.script("watch")
    pid = script.program.process.pid
    before = dict(sockets(pid))
    client = ws.subscribe(script, "/x")
    during = dict(sockets(pid))
    check_equal(len(during), len(before) + 1)
    check_equal([name for name, is_inherited in during.items() if is_inherited], [])
    client.close()
    deadline = time.monotonic() + PATIENCE
    while len(dict(sockets(pid))) != len(before):
        check(time.monotonic() < deadline, f"{dict(sockets(pid))} of {before}")
        time.sleep(0.02)


def test_client_that_comes_before_the_broker_waits_for_its_ack(ws):
    ws.world.dead_broker()
    script = ws.script("pong", "--topic", "/x", until="started")
    client = ws.connect(script).open()
    client.send(["/x"])
    client.publish("/x", "ping", "early", 1)
    ws.world.broker.start()
    client.acknowledged()
    check_equal(client.event(), ("/x", "pong", "early", 1))


if __name__ == "__main__":
    run_ws_suite("ws.lifecycle", globals())
