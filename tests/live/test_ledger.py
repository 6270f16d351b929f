#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is not read stands in the coverage ledger at once, with the reason: a process whose TLS is its own,
one that the filter leaves out. The totals stand in doctor."""
import json
import os
import shutil
import socket
import subprocess
import sys
import time

from harness import GENTAP, HERE, SUDO, World, need_root, slack, wait_for
from tap import Tap

HOST, WITHIN_S = "api.openai.com", 1.0


def coverage(db):
    p = subprocess.run([*SUDO, GENTAP, "coverage", "-o", "json", "--db", db], capture_output=True, text=True)
    return {r["process"]: r for r in json.loads(p.stdout)["rows"]} if p.returncode == 0 and p.stdout else {}


def hello(w, name, port, env=None, program=("raw_hello.py", HOST)):
    """A process of that name, whose TLS is its own, and when it spoke."""
    executable = w.path(name)
    if not os.path.exists(executable):
        shutil.copy(os.path.realpath(sys.executable), executable)
    p = subprocess.Popen([sys.executable, os.path.join(HERE, "clients", program[0]), str(port), *program[1:], "8"], executable=executable,
                         stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONHOME": sys.base_prefix, **(env or {})})
    return p, float(p.stdout.readline())


def stop(p):
    p.kill()
    p.wait()


def build_id(path):
    out = subprocess.run(["readelf", "-n", path], capture_output=True, text=True).stdout
    return next((line.split()[-1] for line in out.splitlines() if "Build ID" in line), None)


def own_tls(tap, w, db, port):
    p, began = hello(w, "own-tls", port)
    row = wait_for(lambda: coverage(db).get("own-tls"), 8)
    took = time.time() - began
    stop(p)
    # The first time of a build it may be searched still: then that is the reason.
    for _ in range(10):
        if not row or "searched for the first time" not in row["reason"]:
            break
        time.sleep(1)
        p, _ = hello(w, "own-tls", port)
        time.sleep(1.5)
        stop(p)
        row = coverage(db).get("own-tls")
    limit = WITHIN_S * slack()
    tap.check("its own TLS: opaque within %.1f s of the connection (%.2f s)" % (limit, took), row and took <= limit, row)
    if row:
        want = build_id(w.path("own-tls"))
        tap.check("its own TLS: state, endpoint, no call", (row["state"], row["endpoint"], row["calls"]) == ("opaque", HOST, 0) and row["opaque"] > 0, row)
        tap.check("its own TLS: no locator, for which build", "no locator for" in row["reason"] and w.path("own-tls") in row["reason"] and
                  (not want or "build-id " + want in row["reason"]), row)
        tap.check("its own TLS: what to do", row["remedy"], row)


def quic(tap, w, db):
    """HTTP/3: seen by the name in its first datagram, and not read."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        p, began = hello(w, "quic", server.getsockname()[1], program=("raw_quic.py",))
        row = wait_for(lambda: coverage(db).get("quic"), 8)
        took = time.time() - began
        stop(p)
    limit = WITHIN_S * slack()
    tap.check("QUIC: opaque within %.1f s of its first datagram (%.2f s)" % (limit, took), row and took <= limit, row)
    if row:
        tap.check("QUIC: state, endpoint, no call", (row["state"], row["endpoint"], row["calls"]) == ("opaque", HOST, 0), row)
        tap.check("QUIC: why, and what to do", "QUIC" in row["reason"] and "HTTP/3" in row["remedy"], row)


def left_out(tap, w, db, port):
    p, _ = hello(w, "left-out", port)
    row = wait_for(lambda: coverage(db).get("left-out"), 8)
    stop(p)
    tap.check("left out by the filter: opaque, and why", row and row["state"] == "opaque" and "filtered by the user" in row["reason"], row)
    tap.check("left out by the filter: who", row and row["endpoint"] == HOST, row)


def totals(tap, w, db):
    """doctor while the agent runs: it reads what that one wrote."""
    out = subprocess.run([*SUDO, GENTAP, "doctor", "--db", db], capture_output=True, text=True).stdout
    line = next((s for s in out.splitlines() if s.startswith("coverage")), "")
    tap.check("doctor: totals of the ledger", "3 opaque" in line and "0 decoded" in line, out[:2000])


def main():
    need_root()
    tap = Tap()
    with World() as w, socket.create_server(("127.0.0.1", 0)) as listener:
        db, port = w.path("gentap.db"), listener.getsockname()[1]
        with w.agent("--db", db, "--exclude-comm", "left-out"):
            tap.run("own TLS", own_tls, w, db, port)
            tap.run("left out", left_out, w, db, port)
            tap.run("QUIC", quic, w, db)
        totals(tap, w, db)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
