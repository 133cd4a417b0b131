#!/usr/bin/python3
"""What a client gets that makes mistakes, and that only this client gets it."""

import json

from ws_harness import check_equal, data_message, run_ws_suite, value

TOPIC = "/zeek/event/my_topic"
STRICT = "strict_events: true\n"

NO_JSON = "failed to decode JSON object"
NO_TOPIC = "no topic in top-level JSON object"
NO_EVENT = "failed to create Zeek event"


def ping(*args):
    return data_message(TOPIC, "ping", *args)


def without(message, member):
    return {key: part for key, part in message.items() if key != member}


BAD_MESSAGES = [
    # What no event's signature decides.
    ("", NO_JSON),
    ("{", NO_JSON),
    ("[]", NO_JSON),
    ("{}", NO_JSON),
    (without(ping("x", 1), "@data-type"), NO_JSON),
    (without(ping("x", 1), "data"), NO_JSON),
    ({**ping("x", 1), "@data-type": "surprise"}, NO_JSON),
    (ping("x", {"@data-type": "count", "data": -1}), NO_JSON),
    (ping("x", {"@data-type": "count", "data": "1"}), NO_JSON),
    (without(ping("x", 1), "topic"), NO_TOPIC),
    ({**ping("x", 1), "topic": 5}, NO_TOPIC),
    # No event.
    ({"topic": TOPIC, **value("ping")}, NO_EVENT),
    ({"topic": TOPIC, **value([])}, NO_EVENT),
    ({"topic": TOPIC, **value([1, 1])}, NO_EVENT),
    ({"topic": TOPIC, **value([1, 1, "ping"])}, NO_EVENT),
    ({"topic": TOPIC, **value([1, 1, []])}, NO_EVENT),
    ({"topic": TOPIC, **value([1, 1, [7, ["x", 1]]])}, NO_EVENT),
    # An event that is not declared, and arguments that do not fit.
    (data_message(TOPIC, "unknown", "x", 1), NO_EVENT),
    (ping(), NO_EVENT),
    (ping("x"), NO_EVENT),
    (ping("x", 1, 2), NO_EVENT),
    (ping(1, "x"), NO_EVENT),
    (ping("x", {"@data-type": "integer", "data": 1}), NO_EVENT),
    (ping("x", {"@data-type": "none", "data": {}}), NO_EVENT),
]


def test_bad_event_args_are_answered_and_the_connection_lives(ws):
    script = ws.script("pong", "--topic", TOPIC, more=STRICT)
    client = ws.subscribe(script, TOPIC)
    other = ws.subscribe(script, "/other")
    for message, context in BAD_MESSAGES:
        client.send(message)
        report = client.expect("message")
        check_equal(json.loads(report["text"]),
                    {"type": "error", "code": "deserialization_failed", "context": context},
                    str(message))
    client.publish(TOPIC, "ping", "good", 1)
    check_equal(client.event(), (TOPIC, "pong", "good", 1))
    check_equal(script.events("ping", 1), [(TOPIC, "good", 1)])
    other.expect_nothing_before(client, "/other")


def test_event_that_is_not_declared_passes_without_strict_events(ws):
    script = ws.script("watch", "--topic", TOPIC)
    client = ws.subscribe(script)
    client.publish(TOPIC, "surprise", True, ["x", [1]])
    check_equal(script.events("surprise", 1), [(TOPIC, True, ["x", [1]])])


def test_bad_subscriptions_are_answered_and_closed(ws):
    script = ws.script("watch")
    cases = [
        ("broken", "subscriptions not an array"),
        ("", "subscriptions not an array"),
        ('{"topics": ["/a"]}', "subscriptions not an array"),
        ('["/a", "/b"', "subscriptions not an array"),
        ([1, 2], "individual subscription not a string"),
        (["/good", 3], "individual subscription not a string"),
        (["/good", ["/bad"]], "individual subscription not a string"),
    ]
    clients = [ws.connect(script).open() for _ in cases]
    for client, (message, context) in zip(clients, cases):
        client.send(message)
        client.expect_error("deserialization_failed", context)
        client.send(["/second/chance"])
    for client in clients:
        check_equal(client.expect("closed")["code"], 1008)
    lost = script.lost(len(cases))
    check_equal({code for _, code, _ in lost}, {1008})
    good = ws.subscribe(script, "/good")
    check_equal([endpoint[0] for endpoint, _ in script.added(1)], [good.endpoint])


def test_subscriptions_are_sorted_and_unique(ws):
    script = ws.script("announce", "--reply", "/duplicate/x", "--clients", "1")
    client = ws.subscribe(script, "/topic/good", "/duplicate", "/duplicate", "/is/okay")
    endpoint, subscriptions = script.added(1)[0]
    check_equal((endpoint[0], subscriptions),
                (client.endpoint, ["/duplicate", "/is/okay", "/topic/good"]))
    check_equal(client.events(3), [("/duplicate/x", "ping", "announcement", number)
                                   for number in range(3)])


def test_overlapping_subscriptions_deliver_once(ws):
    script = ws.script("watch")
    client = ws.subscribe(script, "", "/te", "/test/", "/test/x")
    other = ws.subscribe(script)
    other.publish("/test/x", "ping", "once", 1)
    check_equal(client.event(), ("/test/x", "ping", "once", 1))
    client.expect_nothing_before(other, "/test/x")


def test_bad_url_is_told_and_closed(ws):
    script = ws.script("watch")
    good = ws.subscribe(script, "/test")
    text = "Invalid URI - use /v1/messages/json"
    for path in ("/", "/v1", "/v1/messages/json/", "/v1/messages/json?x=1", "/v1/messages/binary"):
        client = ws.connect(script, path).open()
        client.expect_error("invalid_uri", text)
        client.expect_closed(1008, text)
    good.expect_nothing_before(ws.subscribe(script), "/test")
    check_equal(len(script.added(2)), 2)
    check_equal([line for line in script.program.out if "client_lost" in line], [])


def test_invalid_application_name_is_told_and_closed(ws):
    script = ws.script("watch")
    for name in ("!!invalid~~", "two words", "quote\"d", "semi;colon"):
        client = ws.connect(script, headers={"X-Application-Name": name}).open()
        client.expect_error("invalid_application_name", "Invalid X-Application-Name")
        client.expect_closed(1008, "Invalid X-Application-Name")
    for name in ("valid/name_1-2.3:4=5*6@7", "x"):
        ws.subscribe(script, headers={"X-Application-Name": name})
    check_equal([endpoint[2] for endpoint, _ in script.added(2)],
                ["valid/name_1-2.3:4=5*6@7", "x"])


def test_trouble_with_the_broker_stays_the_node_s_own(ws):
    topics = ("--topic", "/test/pings/", "--reply", "/test/pings/reply")
    script = ws.script("pong", *topics)
    client = ws.subscribe(script, "/test/pings/reply")
    client.publish("/test/pings/x", "ping", "before", 1)
    check_equal(client.event(), ("/test/pings/reply", "pong", "before", 1))
    ws.world.broker.stop()
    script.program.wait_for("connection is down", script.program.err)
    client.publish("/test/pings/x", "ping", "without", 2)
    check_equal(client.event(), ("/test/pings/reply", "pong", "without", 2))
    ws.world.broker.start()
    script.program.wait_for("connection is up", script.program.err, 2)
    client.publish("/test/pings/x", "ping", "after", 3)
    check_equal(client.event(), ("/test/pings/reply", "pong", "after", 3))


def test_token_and_origin_are_judged_before_the_upgrade(ws):
    script = ws.script("watch", options={
        "bearer_token": '"sesame-123"', "allowed_origins": '["https://good.example"]'})
    token = {"Authorization": "Bearer sesame-123"}
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic b3Blbg=="}):
        client = ws.connect(script, headers=headers)
        report = client.expect("refused")
        check_equal(report["status"], 401)
        check_equal(report["headers"]["www-authenticate"].split(" ")[0], "Bearer")
    client = ws.connect(script, headers=token, origin="https://evil.example")
    check_equal(client.refused(), (403, "Origin not allowed"))
    ws.subscribe(script, headers=token, origin="https://good.example")
    # Programs that are no browsers have no origin.
    ws.subscribe(script, headers=token)


if __name__ == "__main__":
    run_ws_suite("ws.errors", globals())
