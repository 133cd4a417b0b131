#!/usr/bin/env python3
"""config/quickstart with the programs of this build, with mutual TLS and without."""

import os
import pathlib
import re
import shutil
import signal

from harness import (BIN, ROOT, Skip, check, check_equal, check_in, environment, run, run_suite)

QUICKSTART = ROOT / "config" / "quickstart"

# Long enough for the first event on a busy machine.
SECONDS = "6"


def start(world, *args):
    """Starts it with a folder of its own for what is temporary."""
    for tool in ("mosquitto", "openssl"):
        if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            raise Skip(f"{tool} is not installed")
    (world.folder / "tmp").mkdir()
    return world.start(QUICKSTART, "--bin", BIN, *args, start_new_session=True,
                       env=environment(TMPDIR=str(world.folder / "tmp"),
                                       PATH=f"{os.environ['PATH']}:/usr/sbin"))


def check_nothing_is_left(world):
    check_equal(list((world.folder / "tmp").iterdir()), [])
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:
            continue
        check(os.fsencode(world.folder) not in words, f"still runs: {words}")


def check_events(world, program, way):
    check_equal(program.wait(), 0, "\n".join(program.out[-5:] + program.err))
    match = re.match(rf"(\d+) events arrived at the proxies and (\d+) known hosts at the logger "
                     rf"over {way} in ", program.out[-1])
    check(match, program.out[-1])
    check(int(match[1]) >= int(match[2]) > 0, program.out[-1])
    check_routes(program)
    check_nothing_is_left(world)


def check_routes(program):
    """What one proxy owns, the other did not get; each host was known once."""
    seen = [re.search(r"worker-1 -> broker -> (proxy-\d)  .* -> (\S+) port", line)
            for line in program.out]
    owners = {(match[2], match[1]) for match in seen if match}
    known = [re.search(r"(proxy-\d) -> broker -> logger-1  known host (\S+)", line)
             for line in program.out]
    told = [(match[2], match[1]) for match in known if match]
    check(told, "no known host was shown")
    check_equal(len({host for host, _ in owners}), len(owners), f"two owners: {owners}")
    check_equal(len(set(told)), len(told), f"told twice: {told}")
    check(set(told) <= owners, f"{told} {owners}")


def folder_of(program):
    """Its temporary folder, once the nodes are started."""
    program.wait_for("starting worker-1", program.out)
    return pathlib.Path(re.search(r"mosquitto -c (\S+)/mosquitto\.conf",
                                  "\n".join(program.out))[1])


def test_events_arrive_over_mutual_tls(world):
    program = start(world, "--seconds", SECONDS)
    folder = folder_of(program)
    broker = (folder / "mosquitto.conf").read_text(encoding="utf-8")
    for option in ("require_certificate true", "use_identity_as_username true",
                   "allow_anonymous false", f"acl_file {folder}/acl"):
        check_in(f"\n{option}\n", broker)
    check("/etc/mosquitto" not in re.sub("(?m)^#.*", "", broker), broker)
    for name in ("manager", "logger-1", "proxy-1", "proxy-2", "worker-1"):
        check_in('"mqtts://127.0.0.1:', (folder / f"{name}.yaml").read_text(encoding="utf-8"))
        check_in(f"user {name}\n", (folder / "acl").read_text(encoding="utf-8"))
    check_events(world, program, "mutual TLS")


def test_events_arrive_over_plain_tcp(world):
    program = start(world, "--plain", "--seconds", SECONDS)
    folder = folder_of(program)
    check_in('"mqtt://127.0.0.1:', (folder / "worker-1.yaml").read_text(encoding="utf-8"))
    check(not (folder / "certs").exists(), "certificates for nothing")
    check_events(world, program, "plain TCP")


def test_lines_of_a_log_arrive(world):
    log = world.file("some.log", 'one line, "quoted" \\ in part\n')
    program = start(world, "--seconds", SECONDS, "--log", log)
    program.wait_for('worker-1 -> broker -> manager  one line, ', program.out)
    check_events(world, program, "mutual TLS")


def test_signal_ends_it_and_leaves_nothing(world):
    program = start(world, "--seconds", "600")
    program.wait_for("worker-1 -> broker -> proxy-", program.out)
    program.signal(signal.SIGTERM)
    check_equal(program.wait(), 143)
    check_nothing_is_left(world)


def test_wrong_arguments_end_with_2(world):
    for args in (["--seconds"], ["--seconds", "0"], ["--what"], ["--log", world.folder / "none"],
                 ["--bin"], ["--bin", world.folder], ["extra"]):
        done = run(QUICKSTART, *args)
        check_equal((done.status, done.out), (2, ""), str(args))
        check_in("Usage: config/quickstart", done.err)
    done = run(QUICKSTART, "--help")
    check_equal((done.status, done.err), (0, ""))
    check(done.out.startswith("Usage: config/quickstart"), done.out)


if __name__ == "__main__":
    run_suite("cli.quickstart", globals())
