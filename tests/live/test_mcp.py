#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MCP servers of the official SDKs, over standard streams and over HTTP: tools/call hangs in the
execute_tool that it serves, with the server's own times and errors, and the rest of the
session has its spans."""
import json
import os
import socket
import subprocess
import sys
import time

from agent_provider import Provider
from harness import HERE, NODE_MODULES, World, need_root, slack, wait_for
from tap import Tap

PLAN = ' read({"path":"a"}) fail({"path":"b"}); read({"path":"c"}); done'
CLIENT = os.path.join(HERE, "clients", "mcp_loop.py")
SERVER = os.path.join(HERE, "clients", "mcp_server.py")
HAVE_TYPESCRIPT = os.path.isdir(os.path.join(NODE_MODULES, "node_modules", "@modelcontextprotocol"))


def shape(spans, root=None, depth=0):
    ids = {s.span_id for s in spans}
    children = sorted((s for s in spans if (s.parent_id == root.span_id if root else s.parent_id not in ids)),
                      key=lambda s: (s.start_ns, s.kind != 3, s.name))
    return [line for s in children for line in ["  " * depth + s.name + {2: " (server)"}.get(s.kind, "")] + shape(spans, s, depth + 1)]


def observe(w, provider, how, log=None, client=(sys.executable, CLIENT)):
    """(spans, what the client did, what the server's log says)"""
    w.collector.clear()
    env = dict(w.env(), OPENAI_BASE_URL=provider.url + "/v1", PYTHONDONTWRITEBYTECODE="1", **({"MCP_LOG": log} if log else {}))
    if log and os.path.exists(log):
        os.unlink(log)
    pid, out = w.run([*client, PLAN, *how], env=env)
    did = json.loads(out)["tools"]

    def spans():
        kept = w.collector.spans(runs=True)
        traces = {s.trace_id for s in kept if s.pid == pid}
        return [s for s in kept if s.trace_id in traces]
    wait_for(lambda: sum(s["gen_ai.operation.name"] == "invoke_agent" for s in spans()) >= 1, 10)
    time.sleep(0.5)
    logged = [json.loads(line) for line in open(log)] if log and os.path.exists(log) else []
    return spans(), did, logged


CLOCK_NS = 2e6  # Node's wall clock was set when the process began, to about a millisecond


def tools_in(tap, name, spans, did, logged, sides):
    run = [s for s in spans if s["gen_ai.operation.name"] == "invoke_agent"]
    tree = [s for s in spans if run and s.trace_id == run[0].trace_id]
    under = ["    tools/call %s"] + ["      tools/call %s (server)"] * (sides == 2)
    tool = lambda n: ["  execute_tool " + n] + [u % n for u in under]
    want = ["invoke_agent Tester", "  chat gpt-4o", *tool("read"), *tool("fail"), "  chat gpt-4o", *tool("read"), "  chat gpt-4o"]
    got = shape(tree)
    # Of two at once, either may come first.
    other = ["invoke_agent Tester", "  chat gpt-4o", *tool("fail"), *tool("read"), "  chat gpt-4o", *tool("read"), "  chat gpt-4o"]
    tap.check(name + ": the tree of the plan", got in (want, other), got)
    calls = [s for s in tree if s["mcp.method.name"] == "tools/call" and s.kind == 3]
    failed = sorted(s["gen_ai.tool.name"] for s in calls if s.status == 2)
    tap.check(name + ": what fails is an error", failed == ["fail"] and all(s["error.type"] == "tool_error" for s in calls if s.status == 2),
              [(s.name, s.attrs) for s in calls])
    wrong, busy = [], slack()
    for _, began, ended in logged:
        fits = [s for s in calls if s.start_ns <= began + CLOCK_NS and s.end_ns >= ended - CLOCK_NS and
                s.start_ns > began - 30e6 * busy and s.end_ns < ended + 60e6 * busy]
        wrong += [] if fits else ["%d..%d is in no span" % (began, ended)]
    tap.check(name + ": they have the server's times", not wrong and (logged or not sides == 2), wrong or [(s.name, s.start_ns, s.end_ns) for s in calls])
    exact = [s["gentap.tool.timing"] for s in tree if s.name.startswith("execute_tool ")]
    tap.check(name + ": and so have the tools", exact == ["mcp"] * 3, exact)


def session(tap, name, spans, transport):
    methods = {s["mcp.method.name"]: s for s in spans if s["mcp.method.name"] and s.kind == 3}
    tap.check(name + ": the session's other messages", {"initialize", "tools/list"} <= set(methods) or {"server/discover", "tools/list"} <= set(methods), sorted(methods))
    bad = [(s.name, s["network.transport"], s["mcp.protocol.version"]) for s in spans
           if s["mcp.method.name"] and (s["network.transport"] != transport or not s["mcp.protocol.version"])]
    tap.check(name + ": transport and version", not bad, bad)


def stdio(tap, w, provider):
    log = w.path("mcp.log")
    servers = [("stdio", [sys.executable, SERVER], log),
               # A launcher in between, as npx and uvx are.
               ("stdio behind a launcher", ["sh", "-c", "%s %s; exit $?" % (sys.executable, SERVER)], log)]
    servers = [(*s, [sys.executable, CLIENT]) for s in servers]
    if HAVE_TYPESCRIPT:
        servers.append(("stdio of TypeScript", w.node_command("mcp_server.mjs"), log, [sys.executable, CLIENT]))
        servers.append(("TypeScript's client", [sys.executable, SERVER], log, w.node_command("mcp_loop.mjs")))
    for name, how, log, client in servers:
        spans, did, logged = observe(w, provider, how, log, client)
        tools_in(tap, name, spans, did, logged, 2)
        session(tap, name, spans, "pipe")
        client = {s.pid for s in spans if s["gen_ai.operation.name"] == "invoke_agent"}
        sides = {(s.kind, s.pid in client) for s in spans if s["mcp.method.name"]}
        tap.check(name + ": either end is its process", sides == {(3, True), (2, False)}, sides)


def http(tap, w, provider):
    python = [sys.executable, SERVER], [sys.executable, CLIENT]
    rows = [("http", "http", *python), ("the HTTP transport before it", "sse", *python)]
    if HAVE_TYPESCRIPT:
        rows.append(("http of TypeScript", "http", w.node_command("mcp_server.mjs"), w.node_command("mcp_loop.mjs")))
    for name, how, served, client in rows:
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        log = w.path("mcp-%s.log" % name.replace(" ", "-"))
        server = subprocess.Popen([*served, how, str(port)], env=dict(w.env(), MCP_LOG=log),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            def answers():
                with socket.socket() as s:
                    return s.connect_ex(("127.0.0.1", port)) == 0
            wait_for(answers, 30)
            spans, did, logged = observe(w, provider, [how, "http://127.0.0.1:%d/%s" % (port, "mcp" if how == "http" else "sse")], client=client)
            logged = [json.loads(line) for line in open(log)]
            tools_in(tap, name, spans, did, logged, 1)
            session(tap, name, spans, "tcp")
        finally:
            server.terminate()
            server.wait(10)


def main():
    need_root()
    tap = Tap()
    with World() as w, Provider(w.path("server.pem"), w.path("server.key")) as provider, w.agent():
        for test in (stdio, http):
            tap.run(test.__name__, test, w, provider)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
