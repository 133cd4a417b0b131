#!/usr/bin/python3
"""The WebSocket server behind TLS, with and without certificates of the clients."""

from harness import ROOT, check, check_equal, run
from ws_harness import run_ws_suite

TOPIC = "/zeek/event/my_topic"


class Authority:
    """The project's own scripts issue what the server and the clients need."""

    def __init__(self, world, name="certs"):
        self.folder = world.folder / name
        check_equal(run(ROOT / "certs" / "make-ca", "--dir", self.folder).status, 0)
        self.ca = str(self.folder / "ca.pem")

    def issue(self, name, *args):
        done = run(ROOT / "certs" / "issue", name, "--dir", self.folder, *args)
        check_equal(done.status, 0, done.err)
        return {"cert": str(self.folder / f"{name}.pem"), "key": str(self.folder / f"{name}.key")}

    def server_options(self, **more):
        files = self.issue("server", "--server", "--san", "IP:127.0.0.1", "--san", "DNS:localhost")
        options = {"cert_file": files["cert"], "key_file": files["key"], **more}
        return {"tls_options": "{" + ", ".join(f"{key}: {option}"
                                               for key, option in options.items()) + "}"}


def ping_pong(client):
    client.subscribe(TOPIC)
    for number in range(5):
        client.publish(TOPIC, "ping", "secret", number)
        check_equal(client.event(), (TOPIC, "pong", "secret", number))
    # More than a record of TLS holds.
    client.publish(TOPIC, "ping", 100000 * "x", 5)
    check_equal(client.event(), (TOPIC, "pong", 100000 * "x", 5))
    client.close()


def test_tls_with_a_certificate(ws):
    authority = Authority(ws.world)
    script = ws.script("pong", "--topic", TOPIC, options=authority.server_options())
    ping_pong(ws.connect(script, scheme="wss", ca=authority.ca))


def test_clients_that_do_not_fit_do_no_harm(ws):
    authority = Authority(ws.world)
    stranger = Authority(ws.world, "strangers")
    script = ws.script("pong", "--topic", TOPIC, options=authority.server_options())
    ws.connect(script, scheme="wss", ca=stranger.ca).expect("failed")
    ws.connect(script, scheme="ws").expect("failed")
    ping_pong(ws.connect(script, scheme="wss", ca=authority.ca))
    check_equal(len(script.added(1)), 1)


def test_certificate_of_the_client_is_asked_for(ws):
    authority = Authority(ws.world)
    stranger = Authority(ws.world, "strangers")
    script = ws.script("pong", "--topic", TOPIC, options=authority.server_options(
        enable_peer_verification="true", ca_file=authority.ca))
    for files in ({}, stranger.issue("sensor")):
        ws.connect(script, scheme="wss", ca=authority.ca, **files).expect("failed")
    ping_pong(ws.connect(script, scheme="wss", ca=authority.ca, **authority.issue("sensor")))
    check_equal(len(script.added(1)), 1)


def test_server_that_stops_says_so_within_tls(ws):
    authority = Authority(ws.world)
    script = ws.script("watch", options=authority.server_options())
    client = ws.connect(script, scheme="wss", ca=authority.ca).subscribe("/x")
    script.stop()
    client.expect_closed(1001, "Terminating")


def test_client_that_floods_within_tls_is_held_back(ws):
    authority = Authority(ws.world)
    script = ws.script("count", "--topic", TOPIC, "--pings", "300",
                       options={**authority.server_options(), "max_event_queue_size": 1})
    client = ws.connect(script, scheme="wss", ca=authority.ca).subscribe()
    for number in range(1000):
        client.publish(TOPIC, "ping", 1000 * "x", number)
    client.expect_closed(1001, "Terminating")
    script.ended()
    check(int(script.program.out[-1].split()[0]) >= 300, script.program.out[-1])


if __name__ == "__main__":
    run_ws_suite("ws.tls", globals())
