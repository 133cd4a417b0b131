"""What the benches share: the build, the subjects' programs, the servers, and the end of it all."""

import dataclasses
import importlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

# Exit statuses of a subject's program.
MEASURED = 0
UNSUPPORTED = 3

# What its phases do not explain: starting, waiting for what was lost, ending.
GRACE_S = 100


class Broken(Exception):
    """Raised when nothing more can be measured, with the reason."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """A library with or without TLS, in one of its variants ("" or "batch=1")."""
    name: str
    program: pathlib.Path
    server: str
    qos_most: int
    tls: bool
    variant: str = ""

    def __str__(self):
        return " ".join(filter(None, (self.name, self.variant, "TLS" if self.tls else "")))

    def row(self, bench, **members):
        """The head of a JSON row."""
        row = {"bench": bench, "subject": self.name, **members}
        if self.variant:
            name, value = self.variant.split("=")
            row[name] = int(value) if value.isdigit() else value
        return row


class Program:
    """A subject's program at work; its output goes to files, so that it never waits for us."""

    def __init__(self, subject, command, folder, timeout):
        self.subject = subject
        self.timeout = timeout
        self.out = tempfile.TemporaryFile("w+", dir=folder, encoding="utf-8")
        self.err = tempfile.TemporaryFile("w+", dir=folder, encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.out,
                                        stderr=self.err, env=environment(),
                                        start_new_session=True)

    def finish(self):
        """Waits for its end and returns its status, its JSON objects, and what it complained."""
        try:
            status = self.process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            status = None
        out, err = self._read(self.out), self._read(self.err)
        return status, [json.loads(line) for line in out] if status == MEASURED else [], err

    @staticmethod
    def _read(file):
        with file:
            file.seek(0)
            return file.read().splitlines()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def environment():
    """Without what would lead a library through a proxy."""
    return {name: value for name, value in os.environ.items()
            if name.lower() not in ("http_proxy", "https_proxy")}


def medians(runs, names):
    """For each name the median over the runs that have it; absent when none has."""
    values = {name: [run[name] for run in runs if name in run] for name in names}
    return {name: round(statistics.median(found), 3) for name, found in values.items() if found}


def totals(runs, names):
    return {name: sum(run[name] for run in runs) for name in names}


class Lab:
    """Everything that must be there to measure. close() takes it down, whatever had happened."""

    def __init__(self, root, options):
        self.root = root
        self.options = options
        self.seconds = options.seconds
        self.is_full = options.full
        self.repetitions = options.repetitions
        self.has_failed = False
        self.notes = []
        self.folder = None
        self._subjects = []
        self._servers = {}
        self._programs = []
        self._serial = 0

    def open(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mqc-bench-"))
        self._build()
        self._make_certificates()
        self._find_subjects()
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        self.note(f"{os.cpu_count()} processors, load average {load} at the start; each figure is "
                  f"the median of {self.repetitions} measurements of {self.seconds:g} s")

    def close(self):
        for program in self._programs:
            program.kill()
        for server in self._servers.values():
            server.stop()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- Preparing ----------------------------------------------------------------------------

    def run(self, *command):
        """Runs a command in the project's folder, which must succeed."""
        log = self.folder / "log"
        with log.open("w", encoding="utf-8") as file:
            done = subprocess.run(command, cwd=self.root, stdin=subprocess.DEVNULL, stdout=file,
                                  stderr=file, check=False)
        if done.returncode != 0:
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
            raise Broken(f"{' '.join(map(str, command))} failed:\n{tail}")

    def _build(self):
        self.say("building a release in build/release")
        options = ["-DMQC_BUILD_BENCH=ON"]
        # What only the tests need is not installed here; who has it keeps the tests.
        if not (self.root / "build/release/CMakeCache.txt").exists():
            options.append("-DMQC_BUILD_TESTS=OFF")
        self.run("config/install-packages", "build", "run", "bench")
        self.run("cmake", "--preset", "release", *options)
        self.run("cmake", "--build", "--preset", "release", "--target", "mqc_bench")

    def _make_certificates(self):
        where = ("--dir", self.folder / "certs")
        self.run("certs/make-ca", *where)
        self.run("certs/issue", "server", "--server", "--san", "DNS:localhost", "--san",
                  "IP:127.0.0.1", *where)
        self.run("certs/issue", "client", *where)

    def _find_subjects(self):
        programs = sorted((self.root / "build/release/bench/subjects").iterdir())
        # mqcluster first, then the peers.
        for program in sorted(programs, key=lambda program: program.name != "mqcluster"):
            done = subprocess.run([program, "describe"], capture_output=True, check=True)
            about = json.loads(done.stdout)
            self._subjects += [
                Subject(about["subject"], program, about["server"], about["qos_most"], tls, variant)
                for tls in (False, True) if about["tls" if tls else "plain"]
                for variant in ("", *about["variants"].split())]
        unknown = set(self.options.subjects or ()) - {subject.name for subject in self._subjects}
        if unknown:
            raise Broken(f"no such subject here: {', '.join(sorted(unknown))}")

    # --- For the benches ----------------------------------------------------------------------

    def say(self, text):
        """What is going on now."""
        print(text, file=sys.stderr, flush=True)

    def note(self, text):
        """What a reader of the tables should know; printed once, below them."""
        if text not in self.notes:
            self.notes.append(text)

    def subjects(self, qos=0, has_variants=False):
        """The subjects to measure: those asked for, without the ones that turned out unable."""
        return [subject for subject in self._subjects
                if qos <= subject.qos_most and (has_variants or not subject.variant) and
                (self.options.subjects is None or subject.name in self.options.subjects)]

    def start(self, subject, bench, *options, seconds=None):
        """Starts a subject's program; finish() has what came of it."""
        seconds = seconds or self.seconds
        self._serial += 1
        cluster = f"bench-{self._serial}"
        command = [subject.program, bench, "--folder", self.folder, "--cluster", cluster,
                   "--seconds", f"{seconds:g}",
                   *self.server(subject.server).arguments(subject.tls), *options]
        if subject.variant:
            command += ["--variant", subject.variant]
        program = Program(subject, [str(word) for word in command], self.folder,
                          GRACE_S + 6 * seconds)
        program.cluster = cluster
        self._programs.append(program)
        return program

    def finish(self, program):
        """Waits for a program and returns its JSON objects: none when it could not measure. Then a
        note says why, and when that was mqcluster, the whole run has failed."""
        status, objects, complaints = program.finish()
        self._programs.remove(program)
        subject = program.subject
        if status == UNSUPPORTED:
            self._skip(subject, complaints[0] if complaints else "it cannot")
        elif status != MEASURED:
            reason = "no end" if status is None else complaints[-1] if complaints else "no reason"
            self.note(f"failed: {subject}: {reason}")
            self.has_failed = self.has_failed or subject.name == "mqcluster"
        elif complaints:
            self.note(f"{subject} says: {complaints[0]}")
        for found in objects:
            self.check_losses(subject, found)
        return objects

    def measure(self, subject, bench, *options):
        """Runs a subject's program to its end."""
        return self.finish(self.start(subject, bench, *options))

    def _skip(self, subject, reason):
        """Leaves a subject out from now on, with or without TLS, as it was."""
        left = [other for other in self._subjects
                if (other.name, other.tls) != (subject.name, subject.tls)]
        if len(left) < len(self._subjects):
            self.note(f"skipped: {subject}: {reason}")
        self._subjects = left

    def check_losses(self, subject, found):
        """Notes what was lost in one measurement; when it was mqcluster's, the run has failed."""
        lost = found.get("accepted", 0) - found.get("received", 0)
        if lost > 0:
            self.note(f"lost: {subject}: {lost} of {found['accepted']} events in one measurement")
            self.has_failed = self.has_failed or subject.name == "mqcluster"

    def server(self, name):
        """The server of a kind, started when it is first needed: server_NAME.py has it."""
        if name not in self._servers:
            server = importlib.import_module(f"server_{name}").Server(self.folder)
            self._servers[name] = server
            server.start()
            self.note(server.what())
        return self._servers[name]
