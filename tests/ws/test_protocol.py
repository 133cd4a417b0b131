#!/usr/bin/python3
"""Zeek's WebSocket protocol as its clients use it: subscribing, the acknowledgement, events."""

import re

from ws_harness import check, check_equal, run_ws_suite

TOPIC = "/zeek/event/my_topic"


def test_one_client_gets_its_pongs(ws):
    script = ws.script("pong", "--topic", TOPIC)
    client = ws.subscribe(script, TOPIC)
    check(re.fullmatch(r".+-websocket-\d+", client.endpoint) is not None, client.endpoint)
    for number in range(5):
        client.publish(TOPIC, "ping", "my-message", number)
        check_equal(client.event(), (TOPIC, "pong", "my-message", number))
    check_equal(script.events("ping", 5), [(TOPIC, "my-message", number) for number in range(5)])
    client.close()


def test_ack_tells_endpoint_and_version(ws):
    script = ws.script("watch")
    client = ws.connect(script).open()
    client.send([])
    ack = client.message()
    check_equal(list(ack), ["type", "endpoint", "version"])
    check(isinstance(ack["version"], str) and ack["version"] != "", str(ack))
    node_id = ack["endpoint"].rpartition("-websocket-")[0]
    check_equal(script.added(1)[0][0][0], ack["endpoint"])
    check(node_id.startswith("manager"), node_id)


def test_one_pipelining_is_answered_after_the_ack(ws):
    script = ws.script("pong", "--topic", TOPIC)
    client = ws.connect(script).open()
    client.send([TOPIC])
    for number in range(5):
        client.publish(TOPIC, "ping", "early", number)
    client.acknowledged()
    check_equal(client.events(5), [(TOPIC, "pong", "early", number) for number in range(5)])


def test_one_ipv6(ws):
    script = ws.script("pong", "--topic", "/test/pings", "--reply", "/test/pings", address="::1")
    client = ws.subscribe(script, "/test/pings")
    for number in range(5):
        client.publish("/test/pings", "ping", "six", number)
        check_equal(client.event(), ("/test/pings", "pong", "six", number))
    endpoint, subscriptions = script.added(1)[0]
    check_equal((endpoint[1][0], subscriptions), ("::1", ["/test/pings"]))


def test_two_pipelining_get_all_pongs(ws):
    script = ws.script("pong", "--topic", "/test/manager", "--reply", "/test/clients",
                       "--clients", "2")
    clients = [ws.connect(script).open() for _ in range(2)]
    for client in clients:
        client.send(["/test/clients"])
        for number in range(5):
            client.publish("/test/manager", "ping", client.name, number)
    expected = sorted(("/test/clients", "pong", client.name, number)
                      for client in clients for number in range(5))
    for client in clients:
        client.acknowledged()
        check_equal(sorted(client.events(10)), expected)


def test_three_clients_see_every_pong(ws):
    script = ws.script("pong", "--topic", "/test/manager", "--reply", "/test/clients")
    clients = [ws.subscribe(script, "/test/clients") for _ in range(3)]
    check_equal(len({client.endpoint for client in clients}), 3)
    for number in range(4):
        for client in clients:
            client.publish("/test/manager", "ping", client.name, number)
    expected = sorted(("/test/clients", "pong", client.name, number)
                      for client in clients for number in range(4))
    for client in clients:
        events = client.events(12)
        check_equal(sorted(events), expected)
        # What one client sent keeps its order.
        for sender in clients:
            check_equal([number for _, _, name, number in events if name == sender.name],
                        list(range(4)))


def test_binary_messages_are_as_good_as_text(ws):
    script = ws.script("pong", "--topic", TOPIC)
    client = ws.connect(script).open()
    client.send([TOPIC], is_binary=True)
    client.acknowledged()
    client.publish(TOPIC, "ping", "text", 1)
    check_equal(client.event(), (TOPIC, "pong", "text", 1))


def test_strings_keep_their_characters(ws):
    text = "\u00e4\u20ac\U0001f600 \"quoted\" back\\slash /slash\n\t\x01 end"
    script = ws.script("pong", "--topic", TOPIC)
    client = ws.subscribe(script, TOPIC)
    client.publish(TOPIC, "ping", text, 2**64 - 1)
    check_equal(client.event(), (TOPIC, "pong", text, 2**64 - 1))


def timestamp(text):
    return [[1, {"@data-type": "timestamp", "data": text}]]


def metadata(client):
    """The metadata of a pong that comes; None: it has none."""
    event = client.message()["data"][2]["data"]
    check_equal(event[1]["data"][0]["data"], "hihi")
    check_equal(event[1]["data"][1]["data"], 84)
    if len(event) == 2:
        return None
    return [[part["data"] for part in entry["data"]] for entry in event[2]["data"]]


def test_metadata_only_where_it_is_given(ws):
    script = ws.script("double", "--topic", TOPIC)
    client = ws.subscribe(script, TOPIC)
    client.publish(TOPIC, "ping", "hi", 42)
    check_equal(metadata(client), None)
    client.publish(TOPIC, "ping", "hi", 42, metadata=[])
    check_equal(metadata(client), None)
    client.publish(TOPIC, "ping", "hi", 42, metadata=timestamp("1970-01-01T01:42:42.000"))
    check_equal(metadata(client), [[1, "1970-01-01T01:42:42.000"]])


def test_metadata_with_the_time_of_the_node(ws):
    script = ws.script("double", "--topic", TOPIC, "--stamp", "4711")
    client = ws.subscribe(script, TOPIC)
    client.publish(TOPIC, "ping", "hi", 42)
    check_equal(metadata(client), [[1, "1970-01-01T01:18:31.000"]])
    client.publish(TOPIC, "ping", "hi", 42, metadata=timestamp("2026-11-25T12:00:00.125Z"))
    check_equal(metadata(client), [[1, "2026-11-25T12:00:00.125"]])


if __name__ == "__main__":
    run_ws_suite("ws.protocol", globals())
