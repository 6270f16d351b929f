#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""grpcio against services that are protobuf alone, over TLS (its own BoringSSL, stripped) and in
the clear: each call with its own numbers."""
import contextlib
import os
import subprocess
import sys

from harness import HERE, World, genai, need_root, wait_for
from tap import Tap, skip_all

CALLS, SETTLED_S = 30, 60


@contextlib.contextmanager
def provider(w, *certificate):
    p = subprocess.Popen([sys.executable, os.path.join(HERE, "grpc_provider.py"), *certificate], executable=w.path("mock-provider"),
                         stdout=subprocess.PIPE, stderr=open(w.path("grpc_provider.err"), "a"), text=True)
    try:
        yield p.stdout.readline().strip()
    finally:
        p.terminate()
        p.wait(5)


def run(w, agent, port, count, *ca):
    """The spans of a client's calls, by the number in the model's name."""
    pid, _ = w.run([sys.executable, os.path.join(HERE, "clients", "grpc_calls.py"), port, str(count), *ca])
    mine = lambda: [s for s in agent.spans() if s.pid == pid]
    wait_for(lambda: len(mine()) >= count, 10)
    by = {}
    for s in mine():
        by.setdefault(int((s["gen_ai.request.model"] or "-1").rsplit("-", 1)[1]), []).append(s)
    return by


def calls(tap, w, agent, how, *files):
    """A library that no agent has seen yet is searched while the first process runs: that one shows
    it, as an ordinary program's first calls do."""
    with provider(w, *files[:2]) as port:
        wait_for(lambda: len(run(w, agent, port, 3, *files[2:])) == 3, SETTLED_S)
        by = run(w, agent, port, CALLS, *files[2:])
    tap.equal("%s: a span for each of %d calls" % (how, CALLS), sorted((n, len(s)) for n, s in by.items()), [(n, 1) for n in range(CALLS)])
    wrong = ["%d: %s is %r" % (n, k, s[k]) for n, (s, *_) in by.items() if n >= 0
             for k, v in {**genai.grpc_call(n), "server.address": "localhost", "gentap.completeness": "full", "error.type": None}.items() if s[k] != v]
    tap.check("%s: every number is that of its call" % how, by and not wrong, wrong[:8])


def main():
    need_root()
    try:
        import grpc  # noqa: F401
    except ImportError:
        skip_all("no grpcio here")
    tap = Tap()
    with World() as w, w.agent() as agent:
        tap.run("TLS", calls, w, agent, "TLS", w.path("server.pem"), w.path("server.key"), w.path("ca.pem"))
        tap.run("in the clear", calls, w, agent, "in the clear")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
