#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Agents that ask each other over the official SDK of A2A, by JSON-RPC and by HTTP+JSON: each
message, stream and look at a task is a span of its own, on either side's host once."""
import importlib.util
import os
import subprocess
import sys

from harness import HERE, World, need_root, wait_for
from tap import Tap, skip_all

AGENT = os.path.join(HERE, "clients", "a2a_agent.py")
# By the specification, sections 9 and 11.
ASKED = {"JSONRPC": ["SendMessage", "GetTask", "SendStreamingMessage", "GetTask"],
         "HTTP+JSON": ["SendMessage", "GetTask", "SendStreamingMessage", "GetTask"]}


def one(tap, w, port, binding):
    w.collector.clear()
    _, out = w.run([sys.executable, AGENT, "ask", str(port), binding])
    did = [line.split() for line in out.splitlines()]
    mine = lambda: sorted((s for s in w.collector.spans(runs=True) if s["rpc.method"]), key=lambda s: s.start_ns)
    wait_for(lambda: len(mine()) >= len(ASKED[binding]), 10)
    spans = mine()
    tap.check("%s: each request is a span, once" % binding, [s["rpc.method"] for s in spans] == ASKED[binding], [(s.name, s.kind, s.pid) for s in spans])
    tap.check("%s: of the client, with the server's address" % binding, all(
        s.kind == 3 and (s["server.address"], s["server.port"]) == ("127.0.0.1", port) for s in spans), [s.attrs for s in spans[:1]])
    tap.check("%s: by its binding" % binding, all(s["rpc.system.name"] == ("jsonrpc" if binding == "JSONRPC" else None) for s in spans),
              [s["rpc.system.name"] for s in spans])
    # The look at the first one's task tells its context, whoever drew it.
    tap.check("%s: with its conversation" % binding, [s["gen_ai.conversation.id"] for s in spans if s["rpc.method"] == "GetTask"] == [c for _, c in did], (
        did, [s["gen_ai.conversation.id"] for s in spans]))
    took = [(s.end_ns - s.start_ns) / 1e6 for s in spans]
    tap.check("%s: with its time: %s ms" % (binding, ["%.0f" % t for t in took]), all((t >= 100) == (n % 2 == 0) for n, t in enumerate(took)), took)
    tap.check("%s: whole" % binding, all(s["gentap.completeness"] == "full" and s.status == 0 for s in spans),
              [(s["gentap.completeness"], s["gentap.partial_reason"], s.status) for s in spans])


def main():
    need_root()
    tap = Tap()
    if not importlib.util.find_spec("a2a"):
        skip_all("a2a-sdk is not installed: make deps-test")
        return 0
    with World() as w, w.agent():
        server = subprocess.Popen([sys.executable, AGENT, "serve"], env=w.env(), stdout=subprocess.PIPE, text=True)
        try:
            port = int(server.stdout.readline())
            for binding in ASKED:
                tap.run(binding, one, w, port, binding)
        finally:
            server.terminate()
            server.wait(10)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
