"""What the tests of the executables share: a broker for each test, programs that run beside the
test, and a runner that counts as the C suites do."""

import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

# Generous, for builds with sanitizers on a busy machine; nothing waits this long that goes well.
PATIENCE = 60

BIN = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(".")
SHARED = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path("shared")
ROOT = pathlib.Path(__file__).resolve().parents[2]
MQCLUSTER = str(BIN / "mqcluster")

NODES = """
nodes:
  manager:  {type: manager}
  worker-1: {type: worker}
"""


class Skip(Exception):
    """Raised by a test that cannot run here, with the reason."""


def check(is_true, text):
    if not is_true:
        raise AssertionError(text)


def check_equal(got, expected, what=""):
    check(got == expected, f"{what}\n     got: {got!r}\nexpected: {expected!r}")


def check_in(part, text, what=""):
    check(part in text, f"{what}\n    part: {part!r}\nis not in: {text!r}")


def environment(**changes):
    """The environment of a program, without what would change how it behaves."""
    dropped = ("MQCLUSTER_CONFIG", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
               "JOURNAL_STREAM", "http_proxy", "https_proxy")
    result = {name: value for name, value in os.environ.items() if name not in dropped}
    result.update(changes)
    return result


def run(*args, stdin=b"", timeout=PATIENCE, env=None, **options):
    """Runs a program to its end; the result has status, out and err (text)."""
    args = [str(arg) for arg in args]
    if not isinstance(stdin, bytes):
        stdin = stdin.encode()
    done = subprocess.run(args, input=stdin, capture_output=True, timeout=timeout,
                          env=env or environment(), check=False, **options)
    done.status = done.returncode
    done.out = done.stdout.decode(errors="surrogateescape")
    done.err = done.stderr.decode(errors="surrogateescape")
    return done


def mqcluster(*args, **options):
    return run(MQCLUSTER, *args, **options)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


class Program:
    """A program that runs beside the test; it is killed at the end if it still runs."""

    def __init__(self, *args, env=None, **options):
        self.process = subprocess.Popen([str(arg) for arg in args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=env or environment(), **options)
        self.out = []
        self.err = []
        self.news = queue.Queue()
        self.readers = [self._reader(self.process.stdout, self.out),
                        self._reader(self.process.stderr, self.err)]

    def _reader(self, stream, lines):
        def read():
            for line in stream:
                lines.append(line.decode(errors="surrogateescape").rstrip("\n"))
                self.news.put(True)
            self.news.put(True)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def wait_for(self, text, lines, count=1):
        """Waits until `count` of the lines contain the text."""
        deadline = time.monotonic() + PATIENCE
        while sum(text in line for line in list(lines)) < count:
            check(any(reader.is_alive() for reader in self.readers) or not self.news.empty(),
                  f"ended without {text!r}\nout: {self.out[-20:]}\nerr: {self.err[-20:]}")
            check(time.monotonic() < deadline,
                  f"no {text!r}\nout: {self.out[-20:]}\nerr: {self.err[-20:]}")
            try:
                self.news.get(timeout=0.2)
            except queue.Empty:
                pass

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=PATIENCE):
        """Ends its input, waits for its end, and returns the exit status."""
        if not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs\nout: {self.out[-20:]}\nerr: {self.err[-20:]}") \
                from None
        for reader in self.readers:
            reader.join(PATIENCE)
        return status

    def messages(self):
        return [json.loads(line) for line in self.out]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """A Mosquitto on a free port, which can be stopped and started again on the same one."""

    def __init__(self, folder):
        if shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") is None:
            raise Skip("mosquitto is not installed")
        self.folder = folder
        self.process = None
        self.port = free_port()
        self.uri = f"mqtt://127.0.0.1:{self.port}"

    def settings(self):
        """The text of its configuration."""
        return (f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                "persistence false\nlog_dest none\n")

    def start(self):
        config = self.folder / "mosquitto.conf"
        config.write_text(self.settings(), encoding="utf-8")
        binary = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        with open(self.folder / "mosquitto.log", "ab") as log:
            self.process = subprocess.Popen([binary, "-c", str(config)],
                                            stdout=subprocess.DEVNULL, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while True:
            check(self.process.poll() is None, "mosquitto ended")
            check(time.monotonic() < deadline, "mosquitto does not answer")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def where(self):
        """The options that lead a program to this broker."""
        return ["-b", self.uri, "--cluster", "test"]

    def client(self, tool, *args, **options):
        """Runs mosquitto_pub or mosquitto_sub."""
        if shutil.which(tool) is None:
            raise Skip(f"{tool} is not installed")
        return run(tool, "-h", "127.0.0.1", "-p", self.port, *args, **options)


class World:
    """What one test needs, taken down after it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mqcluster-test-"))
        self.programs = []
        self._broker = None

    @property
    def broker(self):
        if self._broker is None:
            self._broker = Broker(self.folder).start()
        return self._broker

    def dead_broker(self):
        """A broker that was not started."""
        return self.keep(Broker(self.folder))

    def keep(self, broker):
        """Makes it the broker of this test, which is stopped at its end."""
        self._broker = broker
        return broker

    def start(self, *args, **options):
        program = Program(*args, **options)
        self.programs.append(program)
        return program

    def subscribe(self, *args, where=None):
        """Starts `mqcluster subscribe` and waits until it is subscribed."""
        program = self.start(MQCLUSTER, "subscribe", *(where or self.broker.where()), *args)
        program.wait_for("subscribed", program.err)
        return program

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def config(self, node, more=""):
        return self.file(f"{node}.yaml", f"cluster: {{name: test}}\nnode: {node}\n"
                         f"broker: {{uri: \"{self.broker.uri}\", backoff_max: 1s}}\n"
                         f"{NODES}{more}")

    def close(self):
        for program in self.programs:
            program.kill()
        if self._broker is not None:
            self._broker.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def run_test(function):
    """Returns "passed", "failed" or "skipped"."""
    world = World()
    try:
        function(world)
        return "passed"
    except Skip as reason:
        print(f"skipped: {function.__name__}: {reason}")
        return "skipped"
    except Exception:  # pylint: disable=broad-except
        print(f"{function.__name__}: {traceback.format_exc()}")
        return "failed"
    finally:
        world.close()


def run_suite(name, tests):
    """Runs the functions whose names begin with test_, or those that the arguments name, and
    exits."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = sys.argv[3:]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for test_name, function in list(tests.items()):
        if test_name.startswith("test_") and (not wanted or test_name in wanted):
            counts[run_test(function)] += 1
    print("suite {}: {passed} passed, {failed} failed, {skipped} skipped".format(name, **counts))
    sys.exit(1 if counts["failed"] else 0)
