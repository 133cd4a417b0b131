#!/usr/bin/env python3
"""certs/make-ca and certs/issue: what they make, what they refuse, and what they leave behind."""

import os
import re
import shutil
import signal
import stat
import subprocess

from harness import ROOT, Skip, check, check_equal, check_in, environment, run, run_suite

MAKE_CA = ROOT / "certs" / "make-ca"
ISSUE = ROOT / "certs" / "issue"

# Stands before openssl in PATH; STEP counts the calls.
FAKE_OPENSSL = """#!/bin/sh
STEP=$(($(cat "$FAKE/step" 2>/dev/null || echo 0) + 1))
echo "$STEP" >"$FAKE/step"
%s
"""


def openssl(*args, **options):
    if shutil.which("openssl") is None:
        raise Skip("openssl is not installed")
    return run("openssl", *args, **options)


def make_ca(folder, *args, **options):
    openssl("version")
    return run(MAKE_CA, "--dir", folder, *args, **options)


def issue(folder, *args, **options):
    return run(ISSUE, *args, "--dir", folder, **options)


def expect_done(done):
    check_equal((done.status, done.err), (0, ""), done.out)


def authority(world, *args):
    folder = world.folder / "out"
    expect_done(make_ca(folder, *args))
    return folder


def contents(folder):
    """Everything in a folder, hidden files too."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def verify(folder, name, *args):
    return openssl("verify", "-x509_strict", "-CAfile", folder / "ca.pem", *args,
                   folder / f"{name}.pem").status


def shown(path, *args):
    """What openssl says of a certificate, on one line."""
    done = openssl("x509", "-in", path, "-noout", *args)
    expect_done(done)
    return " ".join(done.out.split())


def fake_openssl(world, script):
    """The environment in which the script runs around every call of openssl."""
    folder = world.folder / "fake"
    folder.mkdir()
    program = folder / "openssl"
    program.write_text(FAKE_OPENSSL % script, encoding="utf-8")
    program.chmod(0o755)
    return environment(FAKE=str(folder), REAL=shutil.which("openssl") or "",
                       PATH=f"{folder}:{os.environ['PATH']}")


def test_certificates_verify_for_their_purpose_alone(world):
    folder = authority(world)
    expect_done(issue(folder, "broker", "--server", "--san", "DNS:broker.test", "--san",
                      "IP:192.0.2.10", "--san", "IP:2001:db8::10", "--san", "DNS:*.edge.test"))
    expect_done(issue(folder, "worker-1"))
    for name, good, bad in (("broker", "sslserver", "sslclient"),
                            ("worker-1", "sslclient", "sslserver")):
        check_equal(verify(folder, name, "-purpose", good), 0, name)
        check(verify(folder, name, "-purpose", bad) != 0, f"{name} is good for {bad}")
    for args in (["-verify_hostname", "broker.test"], ["-verify_hostname", "a.edge.test"],
                 ["-verify_ip", "192.0.2.10"], ["-verify_ip", "2001:db8::10"]):
        check_equal(verify(folder, "broker", *args), 0, str(args))
    for args in (["-verify_hostname", "broker"], ["-verify_ip", "192.0.2.11"]):
        check(verify(folder, "broker", *args) != 0, str(args))


def test_certificates_say_what_was_asked(world):
    folder = authority(world, "--name", "Site 7 CA", "--days", "20")
    expect_done(issue(folder, "worker-1", "--days", "10"))
    expect_done(issue(folder, "b.1_x", "--server", "--san", "DNS:b.test", "--san", "IP:192.0.2.1"))
    ca, worker, broker = (folder / f"{name}.pem" for name in ("ca", "worker-1", "b.1_x"))
    check_equal(shown(ca, "-subject"), "subject=CN = Site 7 CA")
    check_equal(shown(worker, "-subject", "-issuer"),
                "subject=CN = worker-1 issuer=CN = Site 7 CA")
    check_in("CA:TRUE, pathlen:0", shown(ca, "-ext", "basicConstraints"))
    check_in("CA:FALSE", shown(worker, "-ext", "basicConstraints"))
    check_in("DNS:b.test, IP Address:192.0.2.1", shown(broker, "-ext", "subjectAltName"))
    check_equal(openssl("x509", "-in", worker, "-noout", "-ext", "subjectAltName").out, "")
    check_in("ecdsa-with-SHA256", shown(worker, "-text"))
    check_in("NIST CURVE: P-256", shown(worker, "-text"))
    serials = {int(shown(path, "-serial").removeprefix("serial="), 16) for path in (worker, broker)}
    check_equal(len(serials), 2)
    check(all(1 << 120 < serial < 1 << 127 for serial in serials), str(serials))
    day = 24 * 60 * 60
    for path, days in ((ca, 20), (worker, 10), (broker, 365)):
        check_equal(openssl("x509", "-in", path, "-checkend", days * day - 3600).status, 0)
        check_equal(openssl("x509", "-in", path, "-checkend", days * day + 3600).status, 1)


def test_key_belongs_to_its_certificate(world):
    folder = authority(world)
    expect_done(issue(folder, "worker-1"))
    for name in ("ca", "worker-1"):
        key = openssl("pkey", "-in", folder / f"{name}.key", "-pubout")
        certificate = openssl("x509", "-in", folder / f"{name}.pem", "-noout", "-pubkey")
        check_equal((key.status, key.out), (0, certificate.out))


def test_permissions_whatever_the_umask(world):
    for umask in (0o000, 0o022, 0o077, 0o777):
        folder = world.folder / f"out-{umask}"
        expect_done(make_ca(folder, umask=umask))
        expect_done(issue(folder, "worker-1", umask=umask))
        check_equal({name: oct(mode(folder / name)) for name in names(folder)},
                    {"ca.key": "0o600", "ca.pem": "0o644",
                     "worker-1.key": "0o600", "worker-1.pem": "0o644"}, oct(umask))


def test_key_is_never_readable_for_others(world):
    env = fake_openssl(world, '"$REAL" "$@"\nSTATUS=$?\n'
                       'find "$SEEN" -printf "%y %m %f\\n" >>"$FAKE/log"\nexit $STATUS')
    folder = world.folder / "out"
    env["SEEN"] = str(folder)
    expect_done(make_ca(folder, env=env, umask=0))
    expect_done(issue(folder, "worker-1", env=env, umask=0))
    lines = (world.folder / "fake" / "log").read_text(encoding="utf-8").split("\n")
    seen = {tuple(line.split(" ", 2)) for line in lines if line}
    check({"ca.key", "key"} <= {name for _, _, name in seen}, str(seen))
    for kind, bits, name in seen:
        if kind == "f" and name != "ca.pem":
            check_equal(bits, "600", name)
        if kind == "d":
            check_equal(bits, "700", name)


def test_nothing_is_overwritten(world):
    folder = authority(world)
    expect_done(issue(folder, "worker-1"))
    before = contents(folder)
    for done in (make_ca(folder), issue(folder, "worker-1")):
        check_equal((done.status, done.out), (1, ""))
        check_in("exists: it is not overwritten", done.err)
    check_equal(contents(folder), before)
    for name in ("worker-1.pem", "worker-1.key"):
        (folder / name).unlink()
        done = issue(folder, "worker-1")
        check_equal(done.status, 1)
        check_equal(contents(folder), {key: before[key] for key in before if key != name})
        (folder / name).write_bytes(before[name])
    for link in ("worker-2.pem", "worker-2.key"):
        (folder / link).symlink_to("nowhere")
        check_equal(issue(folder, "worker-2").status, 1)
        check_equal(contents(folder), before)
        (folder / link).unlink()


def test_wrong_arguments_end_with_2_and_make_nothing(world):
    openssl("version")
    folder = world.folder / "out"
    cases = [["--days", "0"], ["--days", "-1"], ["--days", "x"], ["--days", "100000"], ["--days"],
             ["--name", ""], ["--name", " "], ["--name", "a\nb"], ["--name", "a/b"],
             ["--name", "x" * 65], ["--name", "$(id)"], ["--name"], ["extra"], ["--what"],
             ["--dir", ""], ["--dir"]]
    for args in cases:
        done = make_ca(folder, *args)
        check_equal((done.status, done.out), (2, ""), str(args))
        check(done.err.startswith("make-ca: ") and done.err.count("\n") >= 1, done.err)
        check(not folder.exists(), str(args))
    expect_done(make_ca(folder))
    before = contents(folder)
    cases = [[], ["a", "b"], ["w", "--san"], ["w", "--days", "1d"], ["w", "--what"],
             ["w", "--server"], ["w", "--server", "--san", "b.test"],
             ["w", "--server", "--san", "DNS:"], ["w", "--server", "--san", "DNS:a,IP:1.2.3.4"],
             ["w", "--server", "--san", "DNS:a\n"], ["w", "--server", "--san", "IP:b.test"],
             ["w", "--server", "--san", "URI:x"], ["w", "--dir", ""]]
    for args in cases:
        # Before --dir, which the arguments may give too.
        done = run(ISSUE, "--dir", folder, *args)
        check_equal((done.status, done.out), (2, ""), str(args))
        check(done.err.startswith("issue: "), done.err)
        check_equal(contents(folder), before, str(args))


def test_odd_names_are_refused(world):
    folder = authority(world)
    before = names(folder)
    for name in ("", " ", "a b", "a/b", "../x", ".x", "a\nb", "a\tb", "w\u00f6rker", "a+b", "a#b",
                 "a=b", "a,b", "a'b", 'a"b', "$HOME", "`id`", "a;b", "x" * 65, "ca", "a\\b", "*"):
        done = issue(folder, name)
        check_equal((done.status, done.out), (2, ""), repr(name))
        check_equal(names(folder), before)
    for name in ("x" * 64, "a", "0", "A.b-c_d"):
        expect_done(issue(folder, name))
        check_equal(shown(folder / f"{name}.pem", "-subject"), f"subject=CN = {name}")


def test_folder_may_be_relative_or_have_an_odd_name(world):
    openssl("version")
    for name in ("here", "a b/c", "-x", "\u00fcber", "out/"):
        expect_done(make_ca(name, cwd=world.folder))
        expect_done(issue(name, "worker-1", cwd=world.folder))
        check_equal(names(world.folder / name), ["ca.key", "ca.pem", "worker-1.key",
                                                 "worker-1.pem"])
        check_equal(verify(world.folder / name, "worker-1"), 0)


def test_folder_is_beside_the_scripts_by_default(world):
    openssl("version")
    copy = world.folder / "certs"
    copy.mkdir()
    shutil.copy(MAKE_CA, copy)
    shutil.copy(ISSUE, copy)
    expect_done(run("certs/make-ca", cwd=world.folder))
    expect_done(run(copy / "issue", "worker-1", cwd="/"))
    check_equal(names(copy / "out"), ["ca.key", "ca.pem", "worker-1.key", "worker-1.pem"])


def test_git_ignores_the_default_folder(_):
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        raise Skip("this is no git repository")
    check_equal(run("git", "check-ignore", "-q", ROOT / "certs" / "out" / "ca.key",
                    cwd=ROOT).status, 0)


def test_failure_of_any_step_leaves_nothing_behind(world):
    env = fake_openssl(world, '[ "$STEP" -ne "$FAIL" ] || { echo boom >&2; exit 1; }\n'
                       'exec "$REAL" "$@"')
    folder = world.folder / "out"
    failures = []
    for program, made in (([MAKE_CA], []), ([ISSUE, "worker-1"], ["ca.key", "ca.pem"])):
        for step in range(1, 20):
            (world.folder / "fake" / "step").write_text("0\n", encoding="utf-8")
            done = run(*program, "--dir", folder, env={**env, "FAIL": str(step)})
            if done.status == 0:
                break
            check_equal((done.status, done.out, names(folder)), (1, "", made), f"step {step}")
            failures.append(step)
        check_equal(done.status, 0)
    check_equal(failures, [1, 2, 1, 2, 3, 4])
    check_equal(verify(folder, "worker-1"), 0)


def test_half_a_pair_is_taken_back(world):
    folder = authority(world)
    fake = world.folder / "fake"
    fake.mkdir()
    link = fake / "ln"
    link.write_text('#!/bin/sh\ncase $2 in\n*.pem) exit 1 ;;\nesac\nexec "$REAL" "$@"\n',
                    encoding="utf-8")
    link.chmod(0o755)
    env = environment(REAL=shutil.which("ln"), PATH=f"{fake}:{os.environ['PATH']}")
    check_equal(issue(folder, "worker-1", env=env).status, 1)
    check_equal(names(folder), ["ca.key", "ca.pem"])
    other = world.folder / "other"
    check_equal(make_ca(other, env=env).status, 1)
    check_equal(names(other), [])
    expect_done(issue(folder, "worker-1"))
    expect_done(make_ca(other))


def test_signal_leaves_nothing_behind(world):
    folder = authority(world)
    env = fake_openssl(world, 'echo here\nexec sleep 600')
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # What openssl says goes to a file in the folder, so its beginning is seen there.
        with subprocess.Popen([ISSUE, "worker-1", "--dir", folder], env=env, start_new_session=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
            while not any(folder.glob(".issue.*/log")):
                check_equal(program.poll(), None)
            os.killpg(program.pid, number)
            program.wait()
        check_equal(names(folder), ["ca.key", "ca.pem"], number.name)


def test_of_two_at_once_one_wins(world):
    folder = authority(world)
    programs = [subprocess.Popen([ISSUE, "worker-1", "--dir", folder], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL) for _ in range(6)]
    statuses = sorted(program.wait() for program in programs)
    check_equal(statuses, [0] + [1] * 5)
    check_equal(names(folder), ["ca.key", "ca.pem", "worker-1.key", "worker-1.pem"])
    key = openssl("pkey", "-in", folder / "worker-1.key", "-pubout").out
    check_equal(shown(folder / "worker-1.pem", "-pubkey"), " ".join(key.split()))


def test_authority_that_is_missing_or_torn_is_refused(world):
    folder = authority(world)
    done = issue(world.folder / "none", "worker-1")
    check_equal(done.status, 1)
    check_in("make it with certs/make-ca", done.err)
    other = world.folder / "other"
    expect_done(make_ca(other))
    shutil.copy(other / "ca.key", folder / "ca.key")
    done = issue(folder, "worker-1")
    check_equal((done.status, done.out), (1, ""))
    check_in("openssl x509 failed", done.err)
    check_equal(names(folder), ["ca.key", "ca.pem"])


def test_help(_):
    for program in (MAKE_CA, ISSUE):
        for option in ("--help", "-h"):
            done = run(program, option)
            check_equal((done.status, done.err), (0, ""))
            check(re.match(f"Usage: certs/{program.name} ", done.out), done.out)


if __name__ == "__main__":
    run_suite("certs", globals())
