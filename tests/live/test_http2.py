#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""httpx over HTTP/2: many streams on one connection, each call with its own numbers."""
import contextlib
import os
import subprocess
import sys

from harness import HERE, World, need_root, wait_for
from tap import Tap

STREAMS = 60


@contextlib.contextmanager
def provider(w):
    p = subprocess.Popen([sys.executable, os.path.join(HERE, "h2_provider.py"), w.path("server.pem"), w.path("server.key")],
                         executable=w.path("mock-provider"), stdout=subprocess.PIPE, stderr=open(w.path("h2_provider.err"), "w"), text=True)
    try:
        yield "https://localhost:%s" % p.stdout.readline().strip()
    finally:
        p.terminate()
        p.wait(5)


def run(w, agent, base, first, end, *more):
    """The spans of a client's calls, by the number in the model's name."""
    pid, _ = w.run([sys.executable, os.path.join(HERE, "clients", "http2.py"), base, str(first), str(end), *more])
    mine = lambda: [s for s in agent.spans() if s.pid == pid]
    wait_for(lambda: len(mine()) >= end - first, 10)
    by = {}
    for s in mine():
        by.setdefault(int(s["gen_ai.request.model"].split("-")[1]), []).append(s)
    return by


def interleaved(tap, w, agent, base):
    by = run(w, agent, base, 0, STREAMS)
    tap.equal("one span per call, none for what is no call", sorted((n, len(s)) for n, s in by.items()),
              [(n, 1) for n in range(STREAMS)])
    wrong = []
    for n, (s, *_) in by.items():
        want = {"gen_ai.response.model": "say-%d" % n, "gen_ai.response.id": "r-%d" % n,
                "gen_ai.usage.input_tokens": 1000 + n, "gen_ai.usage.output_tokens": 2000 + n,
                "gen_ai.response.finish_reasons": ["stop"], "server.address": "localhost"}
        wrong += ["%d: %s is %r" % (n, k, s[k]) for k, v in want.items() if s[k] != v]
        wrong += ["%d: %s" % (n, s.status_message)] if s.status == 2 else []
    tap.check("every number is that of its stream", not wrong, "; ".join(wrong[:5]))


def cancelled(tap, w, agent, base):
    by = run(w, agent, base, 100, 110, "cancel")
    tap.equal("a span per cancelled call", sorted(by), list(range(100, 110)))
    streams = [s for spans in by.values() for s in spans]
    tap.equal("a stream that the client resets is cancelled", {s["error.type"] for s in streams}, {"cancelled"})
    tap.equal("and has no count of what was not sent", {s["gen_ai.usage.output_tokens"] for s in streams}, {None})


def main():
    need_root()
    tap = Tap()
    with World() as w, w.agent() as agent, provider(w) as base:
        tap.run("interleaved streams", interleaved, w, agent, base)
        tap.run("cancelled streams", cancelled, w, agent, base)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
