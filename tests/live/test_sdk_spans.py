#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program exports spans of its calls itself: ours of the same traces are marked, and left out
where that is asked for; what it did not export is neither."""
import os
import sys

from agent_provider import Provider
from collector import Collector
from harness import HERE, World, need_root, wait_for
from tap import Tap

CALLS = 4


def observe(w, provider, theirs, how):
    w.collector.clear()
    _, out = w.run([sys.executable, os.path.join(HERE, "clients", "instrumented.py"), theirs.url, str(CALLS), how],
                   env=dict(w.env(), OPENAI_BASE_URL=provider.url + "/v1", PYTHONDONTWRITEBYTECODE="1"))
    return out.split()


def calls(w):
    return sorted((s for s in w.collector.spans() if s.is_call and s.pid != os.getpid()), key=lambda s: s.start_ns)


def marked(tap, w, provider, theirs):
    # The first is exported by us before the program has shown that it exports.
    for how, want in (("traced", [None] + ["sdk_trace"] * (CALLS - 1)), ("unsampled", [None] * CALLS), ("bare", [None] + ["sdk_process"] * (CALLS - 1))):
        traces = observe(w, provider, theirs, how)
        wait_for(lambda: len(calls(w)) >= CALLS, 10)
        got = calls(w)
        tap.equal(how + ": which of its calls it exports itself", [s["gentap.duplicate"] for s in got], want)
        tap.check(how + ": and in which traces", [s.trace_id in traces for s in got] == [how != "bare"] * CALLS, [s.trace_id for s in got])


def suppressed(tap, w, provider, theirs):
    traces = observe(w, provider, theirs, "traced")
    wait_for(lambda: len(calls(w)) >= 2, 3)
    tap.equal("what it exports itself is not exported again", [s.trace_id for s in calls(w)], traces[:1])


def main():
    need_root()
    tap = Tap()
    with World() as w, Provider(w.path("server.pem"), w.path("server.key")) as provider, Collector() as theirs:
        with w.agent():
            tap.run("marked", marked, w, provider, theirs)
        with w.agent("--suppress-duplicates"):
            tap.run("suppressed", suppressed, w, provider, theirs)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
