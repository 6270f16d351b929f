#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Go programs, stripped: net/http and openai-go, HTTP/1.1 and HTTP/2, alive before the
agent and only for a moment. GENTAP_GO_VERSIONS="1.17.13 1.21.13": also as these build them."""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time

from harness import BUILD, HERE, SETTLE_S, World, judge, judge_short, need_root, wait_for
from tap import Tap, skip_all
from test_http2 import provider as h2_provider

SOURCE = os.path.join(HERE, "clients", "go")
DELAYS = "ttft=50,delay=15,chunks=8"
SHORT, SHORT_MISSED_MAX = 40, 2


def build(name, version=None, *flags):
    """Path of the program, built once; None when it cannot be."""
    out = os.path.join(BUILD, "go-%s-%s" % (name, version or "local") + "".join(flags).replace("=", ""))
    if os.path.exists(out):
        return out
    env = dict(os.environ, GOENV="off", CGO_ENABLED="0")
    if version:
        env.update(GOTOOLCHAIN="go" + version)
    if name in ("http", "chat"):  # alone, for a Go that cannot read go.mod
        env.update(GO111MODULE="off")
    p = subprocess.run(["go", "build", "-trimpath", "-ldflags", "-s -w", *flags, "-o", out,
                        "main.go" if name in ("http", "chat") else "."], cwd=os.path.join(SOURCE, name), env=env,
                       capture_output=True, text=True, timeout=900)
    if p.returncode:
        print("# go build: " + p.stderr[-500:], file=sys.stderr)
    return None if p.returncode else out


def calls(tap, w, agent, exe, title):
    pids = set()
    for spec in ({"api": "chat"}, {"api": "chat", "stream": True, "mock": DELAYS, "repeat": 2},
                 {"api": "messages", "repeat": 4, "parallel": 8, "bytes": 100_000, "mock": "cached=7"},
                 {"api": "responses", "stream": True, "mock": DELAYS + ",reason=5"}):
        pids.add(w.run([exe, w.base, json.dumps(dict(spec, before=SETTLE_S))])[0])
    judge(tap, title, w.finished(), agent, pids=pids, count=36, ttft_s=0.3)


def sdk(tap, w, agent, exe):
    spec = [{"mock": "cached=30,in=1300,out=77"}, {"stream": True, "mock": DELAYS + ",tools=2"}, {"mock": "error=400"},
            {"stream": True, "mock": DELAYS + ",finish=length"}]
    # A build is searched when it is first seen, and its first process may be over by then.
    w.run([exe, json.dumps(spec[:1])])
    time.sleep(1)
    w.finished()
    pid, _ = w.run([exe, json.dumps(spec)])
    judge(tap, "openai-go", w.finished(), agent, pids={pid}, count=4)


def http2(tap, w, agent, exe, base):
    """Streams of one connection, written by one goroutine and read by another."""
    pid, _ = w.run([exe, base, json.dumps({"api": "chat", "stream": True, "h2": True, "model": "ask-7", "repeat": 5, "parallel": 6, "before": SETTLE_S})])
    mine = lambda: [s for s in agent.spans() if s.pid == pid]
    wait_for(lambda: len(mine()) >= 30, 5)
    got = {(s["gen_ai.response.id"], s["gen_ai.usage.input_tokens"], s["gen_ai.usage.output_tokens"],
            s["server.address"], s["gentap.completeness"]) for s in mine()}
    tap.equal("HTTP/2: a span per stream", len(mine()), 30)
    tap.equal("HTTP/2: with its numbers", got, {("r-7", 1007, 2007, "localhost", "full")})


def short_lived(tap, w, agent, exe):
    pids = {w.run([exe, w.base, json.dumps({"api": "chat", "mock": "tag=short"})])[0] for _ in range(SHORT)}
    judge_short(tap, "short processes", w, agent, pids, SHORT, SHORT_MISSED_MAX)


def early(tap, w, exe):
    """Connections that were open, with a Read waiting in them, before the agent was there."""
    busy = w.start([exe, w.base, json.dumps({"api": "chat", "repeat": 100_000, "mock": "ttft=20,tag=busy"})])
    wait_for(lambda: w.finished(), 5)
    with w.agent() as agent:
        ready = time.time_ns()
        time.sleep(2)
        busy.kill()
        busy.wait()
        time.sleep(0.5)
        entries = [e for e in w.finished() if e["tag"] == "busy" and e["complete"] and e["began"] > ready + 5 * 10**8]
        # The last one may have been answered when the client was gone.
        judge(tap, "a connection that was open before the agent", entries[:-1], agent, pids={busy.pid})


def main():
    need_root()
    exe = shutil.which("go") and build("http")
    if not exe:
        skip_all("no go here")
    tap = Tap()
    with World() as w:
        tap.run("early", early, w, exe)
        with w.agent() as agent, contextlib.ExitStack() as stack:
            base = stack.enter_context(h2_provider(w))
            tap.run("net/http", calls, w, agent, exe, "net/http, stripped")
            tap.run("HTTP/2", http2, w, agent, exe, base)
            tap.run("short", short_lived, w, agent, exe)
            with_sdk = build("sdk")
            tap.run("openai-go", sdk, w, agent, with_sdk) if with_sdk else tap.skip("openai-go", "it could not be built")
            for version in os.environ.get("GENTAP_GO_VERSIONS", "").split():
                other = build("http", version)
                tap.run(version, calls, w, agent, other, "built by Go " + version) if other else \
                    tap.skip("Go " + version, "it could not be built")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
