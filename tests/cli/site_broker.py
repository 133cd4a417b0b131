"""A broker as a site runs it: config/mosquitto.conf, certificates of certs/*, and the access list
that `mqcluster acl` prints."""

import itertools
import os
import pathlib
import pwd
import shutil
import signal
import tempfile
import time

from harness import PATIENCE, ROOT, Broker, Program, Skip, check, check_equal, mqcluster, run

CONF = ROOT / "config" / "mosquitto.conf"

LAYOUT = """cluster: {name: site-7}
broker: {uri: "mqtt://127.0.0.1"}
nodes:
  manager:  {type: manager}
  logger-1: {type: logger}
  proxy-1:  {type: proxy}
  worker-1: {type: worker}
  worker-2: {type: worker}
  tool:     {type: control}
"""

# A user beside the nodes, for what the nodes may not do.
ADMIN = "\nuser admin\ntopic readwrite #\ntopic read $SYS/#\n"


class Receiver:
    """A client whose session was at the broker before anything was published, so that nothing
    depends on when it reads."""

    numbers = itertools.count()

    def __init__(self, broker, name, topic):
        self.broker = broker
        self.name = name
        self.options = ["-V", "5", "-q", "1", "-c", "-x", "600", "-t", topic,
                        "-i", f"receiver-{next(self.numbers)}"]
        done = broker.client("mosquitto_sub", name, *self.options, "-E")
        check_equal((done.status, done.err), (0, ""))

    def until(self, last):
        """Returns the lines "TOPIC PAYLOAD" before the one that is `last`."""
        program = Program(*self.broker.command("mosquitto_sub", self.name), *self.options,
                          "-F", "%t %p")
        try:
            program.wait_for(last, program.out)
        finally:
            program.kill()
        check(last in program.out, str(program.out))
        return program.out[:program.out.index(last)]


class SiteBroker(Broker):
    """Certificates are issued to the names as they are asked for."""

    def __init__(self, folder, acl):
        super().__init__(folder)
        if shutil.which("openssl") is None:
            raise Skip("openssl is not installed")
        self.uri = f"mqtts://127.0.0.1:{self.port}"
        self.certs = folder / "certs"
        self.acl = folder / "acl"
        (folder / "db").mkdir(exist_ok=True)
        self.write_acl(acl)
        check_equal(run(ROOT / "certs" / "make-ca", "--dir", self.certs).status, 0)
        self.issue("broker", "--server", "--san", "IP:127.0.0.1", "--san", "DNS:localhost")

    def issue(self, name, *args):
        done = run(ROOT / "certs" / "issue", name, "--dir", self.certs, *args)
        check_equal(done.status, 0, done.err)

    def write_acl(self, text):
        self.acl.write_text(text, encoding="utf-8")

    def add_rights(self, text):
        """Adds to the access list and lets the broker read it."""
        self.write_acl(self.acl.read_text(encoding="utf-8") + text)
        self.reload()

    def settings(self):
        user = pwd.getpwuid(os.getuid()).pw_name
        text = CONF.read_text(encoding="utf-8")
        for old, new in (("/etc/mosquitto/certs/", f"{self.certs}/"),
                         ("/etc/mosquitto/mqcluster.acl", str(self.acl)),
                         ("/var/lib/mosquitto/", f"{self.folder}/db/"),
                         ("\nuser mosquitto\n", f"\nuser {user}\n"),
                         ("\nlistener 8883\n", f"\nlistener {self.port} 127.0.0.1\n")):
            check(old in text, f"{old} is not in {CONF}")
            text = text.replace(old, new)
        # Says when it reads its files again and when it saves.
        return text + "log_type information\n"

    def log(self):
        return (self.folder / "mosquitto.log").read_text(encoding="utf-8")

    def wait_for_log(self, text, count=1):
        deadline = time.monotonic() + PATIENCE
        while self.log().count(text) < count:
            check(time.monotonic() < deadline, f"no {text!r}\n{self.log()}")
            time.sleep(0.01)

    def reload(self):
        """Returns when whatever comes next meets what was read again."""
        count = self.log().count("Reloading config")
        self.process.send_signal(signal.SIGHUP)
        self.wait_for_log("Reloading config", count + 1)

    def command(self, tool, name):
        """How mosquitto_pub or mosquitto_sub connects with the certificate of that name."""
        if shutil.which(tool) is None:
            raise Skip(f"{tool} is not installed")
        if not (self.certs / f"{name}.pem").exists():
            self.issue(name)
        return [tool, "-h", "127.0.0.1", "-p", str(self.port),
                "--cafile", str(self.certs / "ca.pem"),
                "--cert", str(self.certs / f"{name}.pem"),
                "--key", str(self.certs / f"{name}.key")]

    def node(self, world, name):
        """The options that let a program of mqcluster connect as that node."""
        self.command("mosquitto_pub", name)
        layout = LAYOUT.replace('"mqtt://127.0.0.1"', f'"{self.uri}"')
        return ["-c", world.file(f"{name}.yaml", f"node: {name}\n{layout}tls:\n"
                                 f"  ca_file: {self.certs}/ca.pem\n"
                                 f"  certificate_file: {self.certs}/{name}.pem\n"
                                 f"  key_file: {self.certs}/{name}.key\n")]

    def client(self, tool, name, *args, **options):
        return run(*self.command(tool, name), *args, **options)

    def publish(self, name, topic, payload="", *args):
        """Says whether the broker took the message, which MQTT 5 tells."""
        done = self.client("mosquitto_pub", name, "-V", "5", "-q", "1", "-t", topic, "-m", payload,
                           *args)
        check_equal(done.status, 0, done.err)
        check(done.err == "" or "Not authorized" in done.err, done.err)
        return done.err == ""

    def mark(self, topic):
        """Publishes what ends a Receiver.until(), and returns it."""
        check(self.publish("admin", topic, "last"), topic)
        return f"{topic} last"


def print_acl(world, *args, layout=LAYOUT):
    done = mqcluster("acl", "-c", world.file("layout.yaml", layout), *args)
    check_equal((done.status, done.err), (0, ""))
    return done.out


def start_site(world, *acl_args, layout=LAYOUT):
    """A running broker whose access list is that of the layout, and the user admin."""
    broker = SiteBroker(pathlib.Path(tempfile.mkdtemp(dir=world.folder)),
                        print_acl(world, *acl_args, layout=layout) + ADMIN)
    world.keep(broker)
    return broker.start()
