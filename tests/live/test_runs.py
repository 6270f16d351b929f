#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Agents over the official SDKs against a provider that follows a plan: the tree is the one
that the plan describes, tools have the times that the client measured, and fifty runs of one
prompt at once do not mix."""
import http.server
import json
import os
import subprocess
import sys
import threading
import time

from agent_provider import Provider
from harness import HERE, World, need_root, slack, wait_for
from tap import Tap


class Tree:
    def __init__(self, spans, port):
        """Of the clients of the provider at that port: others run on this machine too, and
        the provider itself, which is of this process, is observed."""
        spans = [s for s in spans if s.pid != os.getpid()]
        traces = {s.trace_id for s in spans if s.is_call and s["server.port"] == port}
        self.spans = [s for s in spans if s.trace_id in traces]
        self.by_id = {s.span_id: s for s in self.spans}

    def parent(self, s):
        return self.by_id.get(s.parent_id)

    def of(self, operation):
        return [s for s in self.spans if s["gen_ai.operation.name"] == operation]

    def shape(self, root=None, depth=0, then=lambda s: s.end_ns):
        """Names by nesting, in the order of their starts, and then of something else."""
        children = sorted((s for s in self.spans if (s.parent_id == root.span_id if root else not self.parent(s))),
                          key=lambda s: (s.start_ns, then(s)))
        return [line for s in children for line in ["  " * depth + s.name] + self.shape(s, depth + 1, then)]


def observe(w, provider, kind, spec, runs, base=None, **more):
    """(tree, what the client did) of one client; base: of whom it asks instead of the provider; more
    of its environment."""
    w.collector.clear()
    provider.log.clear()
    env = dict(w.env(), OPENAI_BASE_URL=(base or provider.url) + "/v1", ANTHROPIC_BASE_URL=base or provider.url, **more)
    _, out = w.run([sys.executable, os.path.join(HERE, "clients", "agent_loop.py"), kind, json.dumps(spec)], env=env)
    did = [json.loads(line)["tools"] for line in out.splitlines()]
    mine = lambda: Tree(w.collector.spans(runs=True), int((base or provider.url).rsplit(":", 1)[1]))
    wait_for(lambda: len(mine().of("invoke_agent")) >= runs and sum(s.is_call for s in mine().spans) >= len(provider.log), 10)
    return mine(), did


def tool_times(tree, did, slack_ms=60):
    """Tools whose span does not hold what the client measured, closely."""
    told = {k: v for d in did for k, v in d.items()}
    wrong = []
    for s in tree.of("execute_tool"):
        began, ended = told.pop(s["gen_ai.tool.call.id"], (0, 0))[:2]
        if not s.start_ns <= began or not s.end_ns >= ended:
            wrong.append("%s: %d..%d does not hold %d..%d" % (s.name, s.start_ns, s.end_ns, began, ended))
    return wrong + ["no span of tool %s" % k for k in told]


def simple(tap, w, provider):
    for kind, model in (("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5")):
        tree, did = observe(w, provider, kind, {"plan": ' read({"path":"a"}); fail({"path":"b"}); read({"path":"c"}); done'}, 1)
        want = ["invoke_agent Tester", "  chat " + model, "  execute_tool read", "  chat " + model, "  execute_tool fail",
                "  chat " + model, "  execute_tool read", "  chat " + model]
        tap.check(kind + ": the tree of the plan", tree.shape() == want, tree.shape())
        tap.check(kind + ": tools have their times", not tool_times(tree, did), tool_times(tree, did))
        failed = [s.name for s in tree.of("execute_tool") if s.status == 2]
        tap.check(kind + ": what is_error says is an error", failed == (["execute_tool fail"] if kind == "anthropic" else []), failed)
        late = [(s.start_ns - max(c.end_ns for c in tree.spans if c.is_call and c.end_ns <= s.start_ns)) / 1e6 for s in tree.of("execute_tool")]
        tap.check(kind + ": a tool begins where the answer ended", all(x < 50 * slack() for x in late), late)
        run = tree.of("invoke_agent")[0]
        tap.check(kind + ": totals", (run["gentap.run.calls"], run["gentap.run.tools"], run["gentap.run.turns"], run["gentap.run.input_tokens"]) ==
                  (4, 3, 4, 40), run.attrs)


def joined(tap, w, provider):
    """Started by something that is traced, as CI systems do: its runs are below that."""
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    tree, _ = observe(w, provider, "openai", {"plan": ' read({"path":"a"}); done'}, 1, TRACEPARENT="00-%s-%s-01" % (trace, span))
    run = tree.of("invoke_agent")
    tap.check("TRACEPARENT of the environment is the run's parent", [(s.trace_id, s.parent_id) for s in run] == [(trace, span)] and
              {s.trace_id for s in tree.spans} == {trace} and len(tree.spans) == 4, tree.shape())
    tap.check("which no other observer knows", [s["gentap.ids.own"] for s in run] in ([["trace"]], [["span", "trace"]]), [s.attrs for s in run])


def nested(tap, w, provider):
    tree, did = observe(w, provider, "openai", {"plan": ' delegate({"prompt":"Look into it. plan:@nested"}); done'}, 2)
    want = ["invoke_agent Tester", "  chat gpt-4o", "  execute_tool delegate", "    invoke_agent Helper", "      chat gpt-4o",
            "      execute_tool read", "      chat gpt-4o", "  chat gpt-4o"]
    tap.check("a sub-agent in the process", tree.shape() == want, tree.shape())
    tree, did = observe(w, provider, "openai", {"plan": ' shell({"prompt":"Look into it. plan:@nested"}); done'}, 2)
    want = [line.replace("delegate", "shell").replace("Helper", "Tester") for line in want]
    # Others than that one too: the SDK runs uname, which may be over before its status was asked for.
    started = [s for s in tree.spans if s["gen_ai.operation.name"] is None and s["process.executable.name"]]
    tree.spans = [s for s in tree.spans if s not in started]
    tap.check("a sub-agent in a process that a tool started", tree.shape() == want, tree.shape())
    tap.check("and that process", any(s.name.startswith("python") and s.parent_id in {t.span_id for t in tree.spans if t.name == "execute_tool shell"} for s in started),
              [(s.name, s.parent_id) for s in started])


def effects(tap, w, provider):
    """What a tool starts: each process once, below its tool, with its time and status."""
    plan = (' bash({"command":"sleep 0.2 && ls / && exit 3"}); bash({"command":"sleep 0.3"}) bash({"command":"sleep 0.1 && kill -9 $$"});'
            ' bash({"command":"sleep 0.05"}); done')
    tree, did = observe(w, provider, "openai", {"plan": plan}, 1)
    time.sleep(0.5)
    tree = Tree(w.collector.spans(runs=True), provider.port)
    tools, wrong, early = {s["gen_ai.tool.call.id"]: s for s in tree.of("execute_tool")}, [], []
    for id, (_, _, (pid, began, status, ended)) in did[0].items():
        mine = [s for s in tree.spans if s.parent_id == tools[id].span_id]
        shell = [s for s in mine if s["process.pid"] == pid and s["process.exit.code"] is not None]
        if len(shell) != 1 or shell[0]["process.exit.code"] != (status if status >= 0 else 128 - status):
            wrong.append((tools[id].name, status, [(s.name, s.attrs) for s in mine]))
            continue
        early += [(shell[0].start_ns - began) / 1e6, (shell[0].end_ns - ended) / 1e6]
        if any(s.start_ns < shell[0].start_ns or s["process.parent_pid"] != pid for s in mine if s is not shell[0]):
            wrong.append("a child of something else: %s" % [(s.name, s["process.parent_pid"]) for s in mine])
    tap.check("a tool's processes with their statuses", len(did[0]) == 4 and not wrong, wrong)
    tap.check("and their times: %s ms" % ["%.1f" % x for x in early], all(abs(x) < 40 * slack() for x in early), early)
    names = sorted(s.name for s in tree.spans if s["process.exit.code"] is not None and s.parent_id in {t.span_id for t in tools.values()})
    tap.check("and theirs", names.count("sleep") + names.count("dash") + names.count("sh") + names.count("bash") >= 5 and "ls" in names, names)
    tap.check("errors are errors", all((s.status == 2) == (s["process.exit.code"] != 0) for s in tree.spans if s["process.exit.code"] is not None))
    tap.check("without their arguments", not any(s["process.command_line"] for s in tree.spans))


class Site(http.server.BaseHTTPRequestHandler):
    """Something that is no model."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"x" * 3000
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def requests(tap, w, provider):
    """What a tool asks of others over HTTP, itself and by a process: below it, once each."""
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d" % site.server_port
    plan = (' get({"url":"%s/users/4711?key=secret"}); get({"url":"%s/missing"}); bash({"command":"curl -s %s/by/curl"}); done' % (url, url, url))
    tree, did = observe(w, provider, "openai", {"plan": plan}, 1)
    site.shutdown()
    site.server_close()
    below = {s.span_id: s.name for s in tree.of("execute_tool")}
    got = sorted((below.get(s.parent_id), s.name, s["http.response.status_code"], s.status) for s in tree.spans if s["url.template"])
    # curl is a process of some milliseconds: it may be seen too late.
    want = [("execute_tool bash", "GET /by/curl", 200, 0), ("execute_tool get", "GET /missing", 404, 2), ("execute_tool get", "GET /users/{id}", 200, 0)]
    tap.check("a tool's own requests", got in (want, want[1:]), got)
    tap.check("with their host and port, without their query", all(
        s["server.address"] == "127.0.0.1" and s["server.port"] == site.server_port and "secret" not in str(s.attrs)
        for s in tree.spans if s["url.template"]))
    times = [(t.start_ns <= s.start_ns and s.end_ns <= t.end_ns) for s in tree.spans if s["url.template"] for t in [tree.parent(s)]]
    tap.check("within the times of the tool", times and all(times), times)


MANY = {"plan": ' read({"path":"a"}) read({"path":"a"}); read({"path":"b"}); done', "sleep": 0.02, "runs": 50}


def mixed_up(tree, did):
    """What is wrong with the runs of MANY."""
    runs, mixed = tree.of("invoke_agent"), []
    for ids in did:
        of = {s["gentap.run.id"] for s in tree.of("execute_tool") if s["gen_ai.tool.call.id"] in ids}
        if len(of) != 1:
            mixed.append("the tools of one run are in %s" % of)
    for r in runs:
        mine = [s for s in tree.spans if s.parent_id == r.span_id]
        if sum(s.is_call for s in mine) != 3 or len(mine) != 6 or {s.pid for s in mine} != {r.pid}:
            mixed.append("run %s has %d calls and %d tools of %s" % (r.span_id, sum(s.is_call for s in mine), len(mine) - sum(s.is_call for s in mine), {s.pid for s in mine}))
    return ([] if len(runs) == len(did) == 50 else ["%d runs of %d" % (len(runs), len(did))]) + mixed


def at_once(tap, w, provider):
    for kind, spec in (("openai", {"at_once": 50}), ("anthropic", {"at_once": 20})):
        tree, did = observe(w, provider, kind, dict(MANY, **spec), 50)
        wrong = mixed_up(tree, did)
        tap.check("%s: 50 runs of one prompt do not mix" % kind, not wrong, wrong[:10])
    tree, did = observe(w, provider, "openai", dict(MANY, fork=True), 50)
    wrong = mixed_up(tree, did)
    tap.check("50 forks with one prompt do not mix, and each is its own", not wrong and len({s.pid for s in tree.of("invoke_agent")}) == 50, wrong[:10])


def behind_a_gateway(tap, w, provider):
    """All of them ask a gateway on this host, which asks the provider: each call is told once."""
    gateway = subprocess.Popen([sys.executable, os.path.join(HERE, "clients", "gateway.py"), provider.url], env=w.env(), stdout=subprocess.PIPE, text=True)
    try:
        base = "http://127.0.0.1:%d" % int(gateway.stdout.readline())
        time.sleep(1)
        for kind in ("openai", "anthropic"):
            tree, did = observe(w, provider, kind, dict(MANY, at_once=50), 50, base)
            time.sleep(1)
            tree = Tree(w.collector.spans(runs=True), int(base.rsplit(":", 1)[1]))
            relayed = [s for s in tree.spans if s["gentap.relayed.model"]]
            calls = [s for s in w.collector.spans() if s.is_call and s.pid != os.getpid()]
            tap.check("%s: 150 calls are 150, with their tokens" % kind, len(calls) == 150 and sum(s["gen_ai.usage.input_tokens"] for s in calls) == 1500 and
                      {s["server.port"] for s in calls} == {int(base.rsplit(":", 1)[1])}, [len(calls), {s["server.port"] for s in calls}])
            above = [tree.parent(s) for s in relayed]
            tap.check("%s: what the gateway asked is below what it was asked" % kind, len(relayed) == 150 and len({s.parent_id for s in relayed}) == 150 and all(
                p and p.is_call and p.start_ns <= s.start_ns and s.pid == gateway.pid != p.pid for s, p in zip(relayed, above)), [len(relayed)])
            tree.spans = [s for s in tree.spans if s not in relayed]
            wrong = mixed_up(tree, did)
            tap.check("%s: 50 runs of one prompt behind a gateway do not mix" % kind, not wrong, wrong[:10])
    finally:
        gateway.terminate()
        gateway.wait(10)


class Overloaded(http.server.BaseHTTPRequestHandler):
    """A provider that never answers."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"error":{"message":"overloaded","type":"server_error"}}'
        self.send_response(503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def behind_a_gateway_that_falls_back(tap, w, provider):
    """What failed before another provider answered is below that call, without tokens of its own."""
    first = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Overloaded)
    threading.Thread(target=first.serve_forever, daemon=True).start()
    gateway = subprocess.Popen([sys.executable, os.path.join(HERE, "clients", "gateway.py"), provider.url, "http://127.0.0.1:%d" % first.server_port],
                               env=w.env(), stdout=subprocess.PIPE, text=True)
    try:
        base = "http://127.0.0.1:%d" % int(gateway.stdout.readline())
        time.sleep(1)
        tree, did = observe(w, provider, "openai", {"plan": ' read({"path":"a"}); done'}, 1, base)
        want = ["invoke_agent Tester"] + 2 * ["  chat gpt-4o", "    POST /v1/chat/completions", "    POST /v1/chat/completions"]
        want.insert(4, "  execute_tool read")
        tap.check("a gateway's failed attempts are below the call", tree.shape() == want, tree.shape())
        failed = [s for s in tree.spans if s["gentap.relayed.failed"]]
        tap.check("marked, and counted there", [(s.status, s["server.port"], s["http.response.status_code"]) for s in failed] == 2 * [(2, first.server_port, 503)] and
                  [s["gentap.relayed.failed_attempts"] for s in tree.of("chat")] == [1, 1], [s.attrs for s in failed])
        ports = {int(base.rsplit(":", 1)[1]), provider.port, first.server_port}
        calls = [s for s in w.collector.spans() if s.is_call and s.pid != os.getpid() and s["server.port"] in ports]
        tap.check("two calls, with their tokens", len(calls) == 2 and sum(s["gen_ai.usage.input_tokens"] for s in calls) == 20, [(s.name, s.pid) for s in calls])
    finally:
        gateway.terminate()
        gateway.wait(10)
        first.shutdown()
        first.server_close()


def main():
    need_root()
    tap = Tap()
    with World() as w, Provider(w.path("server.pem"), w.path("server.key")) as provider, w.agent():
        for test in (simple, joined, nested, effects, requests, at_once, behind_a_gateway, behind_a_gateway_that_falls_back):
            tap.run(test.__name__, test, w, provider)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
