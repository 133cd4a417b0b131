#!/usr/bin/python3
"""Who sees what: clients among each other, their node, and the other nodes."""

import signal

from harness import MQCLUSTER, mqcluster
from ws_harness import check_equal, run_ws_suite


def test_manager_recvs_and_the_sender_gets_no_echo(ws):
    script = ws.script("watch", "--topic", "/test/pings/")
    clients = [ws.subscribe(script, "/test/pings/") for _ in range(3)]
    for client in clients:
        for number in range(3):
            client.publish(f"/test/pings/{client.name}", "ping", client.name, number)
    every = [(f"/test/pings/{client.name}", "ping", client.name, number)
             for client in clients for number in range(3)]
    for client in clients:
        check_equal(sorted(client.events(6)),
                    sorted(event for event in every if event[2] != client.name))
    check_equal(sorted(script.events("ping", 9)),
                sorted((topic, name, number) for topic, _, name, number in every))
    senders = {line["args"][0]["data"]: line["sender"]["instance"]
               for line in script.wait_for_lines('"event":"ping"', 9)}
    check_equal(senders, {client.name: client.endpoint for client in clients})
    for client in clients:
        client.close()
    check_equal({code for _, code, _ in script.lost(3)}, {1000})


def test_manager_sends_to_all_in_order(ws):
    script = ws.script("announce", "--reply", "/test/pings", "--clients", "3")
    clients = [ws.subscribe(script, "/test/pings") for _ in range(3)]
    for client in clients:
        check_equal(client.events(3), [("/test/pings", "ping", "announcement", number)
                                       for number in range(3)])
    check_equal([line for line in script.program.out if '"ping"' in line], [])


def test_manager_and_worker_and_all_clients_see_each_other(ws):
    """Two nodes, each with a server and two clients; the nodes answer every ping."""
    nodes = {name: ws.script("pong", "--topic", "/test/", "--reply", f"/test/{name}", node=name)
             for name in ("manager", "worker-1")}
    clients = [ws.subscribe(node, "/test/") for node in nodes.values() for _ in range(2)]
    check_equal(len({client.endpoint for client in clients}), 4)
    names = [f"{client.name}-of-{client.endpoint}" for client in clients]
    for client, name in zip(clients, names):
        for number in range(3):
            client.publish("/test/pings", "ping", name, number)
    pings = [("/test/pings", "ping", name, number) for name in names for number in range(3)]
    pongs = [(f"/test/{node}", "pong", *ping[2:]) for node in nodes for ping in pings]
    for client, name in zip(clients, names):
        expected = [ping for ping in pings if ping[2] != name] + pongs
        check_equal(sorted(client.events(len(expected))), sorted(expected), name)
    for name, node in nodes.items():
        other = "manager" if name == "worker-1" else "worker-1"
        check_equal(sorted(node.events("ping", 12)),
                    sorted((ping[0], *ping[2:]) for ping in pings))
        check_equal(sorted(node.events("pong", 12)),
                    sorted((f"/test/{other}", *ping[2:]) for ping in pings))


def test_match_all_subscription_gets_every_event(ws):
    script = ws.script("announce", "--reply", "/test/pings", "--clients", "3")
    clients = [ws.subscribe(script, "") for _ in range(3)]
    expected = [("/test/pings", "ping", "announcement", number) for number in range(3)]
    for client in clients:
        check_equal(client.events(3), expected)
    # A node that comes and goes, and events of others; also on the empty topic.
    worker = ws.world.start(MQCLUSTER, "run", "-c", ws.world.config("worker-1"))
    worker.wait_for("connection is up", worker.err)
    worker.signal(signal.SIGTERM)
    check_equal(worker.wait(), 0)
    for topic in ("", "zeek/cluster/worker", "a/b"):
        done = mqcluster("publish", *ws.world.broker.where(), "--wait", topic, "ping", "x", "count:7")
        check_equal((done.status, done.err), (0, ""))
        for client in clients:
            check_equal(client.event(), (topic, "ping", "x", 7))
    clients[0].publish("/last", "ping", "y", 8)
    for client in clients[1:]:
        check_equal(client.event(), ("/last", "ping", "y", 8))


def test_prefix_is_one_of_bytes(ws):
    script = ws.script("watch")
    client = ws.subscribe(script, "/test/wor", "\u00e4/")
    other = ws.subscribe(script)
    for topic in ("/test/worker-1", "/test/wo", "/test", "/test/work", "x/test/wor", "\u00e4/b",
                  "/test/wor"):
        other.publish(topic, "ping", "x", 1)
    check_equal(client.events(4), [(topic, "ping", "x", 1) for topic in
                                   ("/test/worker-1", "/test/work", "\u00e4/b", "/test/wor")])


def test_no_subscriptions_and_one_publish_each(ws):
    script = ws.script("watch", "--topic", "/test/pings")
    for number in range(32):
        client = ws.subscribe(script)
        client.publish("/test/pings", "ping", client.endpoint, number)
        client.close()
    pings = script.events("ping", 32)
    check_equal([number for _, _, number in pings], list(range(32)))
    check_equal(len({endpoint for _, endpoint, _ in pings}), 32)
    check_equal(len(script.lost(32)), 32)


def test_oneshot_arrives_whole_and_in_order(ws):
    """All are sent before the answer to anything but the subscriptions is read."""
    script = ws.script("watch", "--topic", "/test/pings")
    for _ in range(3):
        client = ws.subscribe(script)
        for number in range(100):
            client.publish("/test/pings", "ping", client.name, number)
        client.order("close", code=1000, reason="done")
    pings = script.events("ping", 300)
    for name in sorted({name for _, name, _ in pings}):
        check_equal([number for _, sender, number in pings if sender == name], list(range(100)))
    check_equal([(code, reason) for _, code, reason in script.lost(3)], 3 * [(1000, "done")])


def test_client_hears_a_program_of_the_cluster_and_is_heard(ws):
    script = ws.script("watch")
    client = ws.subscribe(script, "/test/")
    done = mqcluster("publish", *ws.world.broker.where(), "--wait", "/test/x", "note", "addr:10.0.0.1")
    check_equal((done.status, done.err), (0, ""))
    check_equal(client.event(), ("/test/x", "note", "10.0.0.1"))
    subscriber = ws.world.subscribe("--count", "1", "/test/")
    client.publish("/test/y", "note", {"@data-type": "port", "data": "80/tcp"})
    check_equal(subscriber.wait(), 0)
    message = subscriber.messages()[0]
    check_equal((message["topic"], message["event"], message["args"]),
                ("/test/y", "note", [{"@data-type": "port", "data": "80/tcp"}]))


if __name__ == "__main__":
    run_ws_suite("ws.cluster", globals())
