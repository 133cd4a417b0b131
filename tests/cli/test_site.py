#!/usr/bin/env python3
"""config/mosquitto.conf with certificates of certs/*: a Mosquitto that runs as it says."""

import re
import signal

from harness import (MQCLUSTER, ROOT, check, check_equal, check_in, mqcluster, run, run_suite)
from site_broker import CONF, Receiver, start_site

EVENT = "mqcluster/site-7/event"


def options(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def handshake(broker, *args):
    """What openssl's client says of a connection with the certificate of worker-1."""
    broker.command("mosquitto_pub", "worker-1")
    return run("openssl", "s_client", "-connect", f"127.0.0.1:{broker.port}", "-brief",
               "-CAfile", broker.certs / "ca.pem", "-verify_return_error", "-verify_ip",
               "127.0.0.1", "-cert", broker.certs / "worker-1.pem",
               "-key", broker.certs / "worker-1.key", *args)


def test_every_option_is_explained(_):
    paragraphs = re.split(r"\n\n+", CONF.read_text(encoding="utf-8").strip())
    for paragraph in paragraphs:
        check(paragraph.startswith("# "), f"no reason given: {paragraph}")
    names = [line.split(" ")[0] for line in options("\n".join(paragraphs))]
    check_equal({name for name in names if names.count(name) > 1}, {"log_type"})


def test_readme_of_the_certificates_agrees(_):
    readme = (ROOT / "certs" / "README.md").read_text(encoding="utf-8")
    _, found, rest = readme.partition("\nIn Mosquitto's")
    check(found, "the README shows no lines for Mosquitto")
    block = re.search(r"\n\n((?:    .+\n)+)", rest)[1]
    wanted = [line.strip() for line in block.splitlines()]
    check(len(wanted) > 5, block)
    for line in wanted:
        check_in(line, options(CONF.read_text(encoding="utf-8")))


def test_it_starts_without_a_complaint(world):
    broker = start_site(world)
    check(broker.publish("worker-1", f"{EVENT}/x"), broker.log())
    complaints = [line for line in broker.log().splitlines()
                  if re.search("Error|Warning|Note|Unknown|deprecated", line)
                  and "should not be run as root" not in line]
    check_equal(complaints, [])
    check_in("as auto-", broker.log())
    check_in("u'worker-1'", broker.log())


def test_options_that_are_proposed_are_taken(world):
    broker = start_site(world)
    broker.stop()
    changed = broker.settings()
    for option in ("use_username_as_clientid", "memory_limit"):
        check_in(f"\n#{option} ", changed)
        changed = changed.replace(f"\n#{option} ", f"\n{option} ")
    broker.settings = lambda: changed
    broker.start()
    check(broker.publish("worker-1", f"{EVENT}/x", "", "-i", "manager"), broker.log())
    check_in("as worker-1 ", broker.log())
    check("as manager " not in broker.log(), broker.log())


def test_only_certificates_of_the_authority_get_in(world):
    broker = start_site(world)
    plain = ["-h", "127.0.0.1", "-p", broker.port, "-t", f"{EVENT}/x", "-m", "x", "-q", "1"]
    trusting = [*plain, "--cafile", broker.certs / "ca.pem"]
    other = world.folder / "other"
    check_equal(run(ROOT / "certs" / "make-ca", "--dir", other).status, 0)
    check_equal(run(ROOT / "certs" / "issue", "worker-1", "--dir", other).status, 0)
    server = ["--cert", broker.certs / "broker.pem", "--key", broker.certs / "broker.key"]
    stranger = ["--cert", other / "worker-1.pem", "--key", other / "worker-1.key"]
    user = ["-u", "worker-1", "-P", "x"]
    for args in (plain, [*plain, *user], trusting, [*trusting, *user], [*trusting, *server],
                 [*trusting, *stranger]):
        for version in ("mqttv311", "mqttv5"):
            done = run("mosquitto_pub", "-V", version, *args)
            check(done.status != 0, f"{args} {done.out} {done.err}")
    check("New client connected" not in broker.log(), broker.log())
    check(broker.publish("worker-1", f"{EVENT}/x"), broker.log())


def test_user_name_is_that_of_the_certificate(world):
    broker = start_site(world)
    args = ["-u", "manager", "-P", "x", "-i", "mqcluster/site-7/manager"]
    check(not broker.publish("worker-1", "mqcluster/site-7/node/manager/manager", "x", *args),
          "a user name counted")
    check(broker.publish("worker-1", "mqcluster/site-7/node/worker/worker-1", "x", *args),
          "the certificate did not count")


def test_broker_has_the_order_of_ciphers(world):
    broker = start_site(world)
    slow_first = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:" \
                 "ECDHE-ECDSA-CHACHA20-POLY1305"
    done = handshake(broker, "-tls1_2", "-cipher", slow_first)
    check_in("Ciphersuite: ECDHE-ECDSA-CHACHA20-POLY1305", done.err)
    done = handshake(broker, "-tls1_3", "-ciphersuites",
                     "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256")
    check_in("Ciphersuite: TLS_CHACHA20_POLY1305_SHA256", done.err)
    for args in (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
                 ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"],
                 ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]):
        done = handshake(broker, *args)
        check(done.status != 0, f"{args} {done.err}")
        check_in("alert", done.err)


def test_revoked_certificate_is_refused_after_a_reload(world):
    broker = start_site(world)
    broker.stop()
    world.file("index", "")
    config = world.file("ca.conf", "[ca]\ndefault_ca = here\n[here]\n"
                        f"database = {world.folder}/index\ncertificate = {broker.certs}/ca.pem\n"
                        f"private_key = {broker.certs}/ca.key\ndefault_md = sha256\n"
                        "default_crl_days = 30\n")

    def authority(*args):
        done = run("openssl", "ca", "-config", config, *args)
        check_equal(done.status, 0, done.err)

    def write_list():
        authority("-gencrl", "-out", broker.certs / "crl.new")
        (broker.certs / "crl.new").rename(broker.certs / "crl.pem")

    write_list()
    changed = broker.settings()
    check_in("\n#crlfile ", changed)
    changed = changed.replace("\n#crlfile ", "\ncrlfile ")
    broker.settings = lambda: changed
    broker.start()
    for name in ("worker-1", "worker-2"):
        check(broker.publish(name, f"{EVENT}/x"), broker.log())
    authority("-revoke", broker.certs / "worker-1.pem")
    write_list()
    broker.reload()
    done = broker.client("mosquitto_pub", "worker-1", "-t", f"{EVENT}/x", "-m", "x", "-q", "1")
    check(done.status != 0, broker.log())
    check(broker.publish("worker-2", f"{EVENT}/x"), broker.log())


def test_a_node_that_is_away_misses_nothing_below_the_limits(world):
    """Mosquitto's default is 1000 messages."""
    broker = start_site(world)
    receiver = Receiver(broker, "manager", f"{EVENT}/#")
    lines = [f"{number} {'x' * 200}" for number in range(3000)]
    done = broker.client("mosquitto_pub", "worker-1", "-V", "5", "-q", "1", "-l", "-t",
                         f"{EVENT}/x", stdin="\n".join(lines) + "\n")
    check_equal((done.status, done.err), (0, ""))
    got = receiver.until(broker.mark(f"{EVENT}/end"))
    check(got == [f"{EVENT}/x {line}" for line in lines], f"{len(got)} of {len(lines)}")


def test_largest_event_passes_and_more_is_refused(world):
    broker = start_site(world)
    topic = f"{EVENT}/{'t' * 60000}"
    receiver = Receiver(broker, "manager", f"{EVENT}/#")
    # An event of delivery.max_event_bytes with something around it.
    payload = "x" * ((1 << 20) + 2000)
    done = broker.client("mosquitto_pub", "worker-1", "-V", "5", "-q", "1", "-t", topic, "-s",
                         stdin=payload)
    check_equal((done.status, done.err), (0, ""))
    # With MQTT 5 mosquitto_pub would heed the limit without a word.
    done = broker.client("mosquitto_pub", "worker-1", "-V", "311", "-q", "1", "-t", f"{EVENT}/x",
                         "-s", stdin="x" * (1 << 21))
    check(done.status != 0, "taken")
    check_in("oversize packet", broker.log())
    check_equal(receiver.until(broker.mark(f"{EVENT}/end")), [f"{topic} {payload}"])


def test_restart_keeps_sessions_presence_and_rights(world):
    broker = start_site(world)
    receiver = Receiver(broker, "manager", f"{EVENT}/#")
    presence = "mqcluster/site-7/node/worker/worker-1"
    check(broker.publish("worker-1", presence, "up", "-r"), broker.log())
    check(broker.publish("worker-1", f"{EVENT}/x", "before"), broker.log())
    broker.stop()
    broker.start()
    check(broker.publish("worker-1", f"{EVENT}/x", "after"), broker.log())
    check_equal(receiver.until(broker.mark(f"{EVENT}/end")),
                [f"{EVENT}/x before", f"{EVENT}/x after"])
    check_equal(Receiver(broker, "manager", "mqcluster/site-7/node/worker/+")
                .until(f"{presence} up"), [])


def test_what_was_saved_survives_a_kill(world):
    broker = start_site(world)
    receiver = Receiver(broker, "manager", f"{EVENT}/#")
    check(broker.publish("worker-1", f"{EVENT}/x", "saved"), broker.log())
    # What the autosave does by the clock.
    broker.process.send_signal(signal.SIGUSR1)
    broker.wait_for_log("Saving in-memory database")
    check(broker.publish("worker-1", f"{EVENT}/x", "not saved"), broker.log())
    broker.process.kill()
    broker.process.wait()
    broker.start()
    check_equal(receiver.until(broker.mark(f"{EVENT}/end")), [f"{EVENT}/x saved"])


def test_nodes_meet_there(world):
    broker = start_site(world, "--strict")
    manager = world.subscribe("--count", "2", "zeek/cluster/manager", "zeek/cluster/node/manager/",
                              where=broker.node(world, "manager"))
    for name, topic in (("worker-1", "zeek/cluster/manager"),
                        ("worker-2", "zeek/cluster/node/manager/")):
        done = mqcluster("publish", *broker.node(world, name), "--wait", topic, "ping", name)
        check_equal((done.status, done.err), (0, ""))
    check_equal(manager.wait(), 0)
    check_equal([(message["topic"], message["sender"]["node"]) for message in manager.messages()],
                [("zeek/cluster/manager", "worker-1"), ("zeek/cluster/node/manager/", "worker-2")])
    node = world.start(MQCLUSTER, "run", *broker.node(world, "worker-1"))
    node.wait_for("connection is up", node.err)
    node.signal(signal.SIGTERM)
    check_equal(node.wait(), 0)


def test_node_is_told_what_it_may_not_publish(world):
    broker = start_site(world, "--strict", "--allow", "app/")
    done = mqcluster("publish", *broker.node(world, "worker-1"), "--wait", "app/x", "ping")
    check_equal((done.status, done.err), (0, ""))
    done = mqcluster("publish", *broker.node(world, "worker-1"), "--wait", "zeek/cluster/worker",
                     "ping")
    check_equal(done.status, 1, done.err)
    check_in("not authorized", done.err)


def test_presence_of_a_node_that_was_struck_off_vanishes(world):
    broker = start_site(world)
    for name in ("worker-1", "worker-2"):
        check(broker.publish(name, f"mqcluster/site-7/node/worker/{name}", "up", "-r"), name)
    text = broker.acl.read_text(encoding="utf-8")
    before, _, rest = text.partition("user worker-1\n")
    broker.write_acl(before + rest.partition("\n\n")[2])
    broker.reload()
    check_equal(Receiver(broker, "manager", "mqcluster/site-7/node/#")
                .until("mqcluster/site-7/node/worker/worker-2 up"), [])


if __name__ == "__main__":
    run_suite("cli.site", globals())
