#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The trees of agent frameworks, seen from outside and as their own tracing tells them in the
same run, node by node: `make test-frameworks`. Prints precision and recall of spans (which the
other tree has at that time, of that kind and name) and of links (to which agent's run a call, a
tool or an agent belongs, the ends of both being found).

An agent that another hands over to stands beside it in the OpenAI Agents SDK's tracing, and
below the hand-off here: that link is not compared. What stands below a tool here (MCP, processes)
no framework tells; of MCP each call must be below the tool that it serves.
"""
import json
import os
import sys

from agent_provider import Provider
from harness import BUILD, HERE, World, need_root, wait_for
from tap import Tap
from test_runs import Tree

PRECISION, RECALL = 0.98, 0.95  # over all; each by itself, too
SLACK_NS = 20_000_000
PYTHON = {name: os.path.join(BUILD, "venv-" + name, "bin", "python") for name in ("agents", "crewai")}


class Node:
    def __init__(self, kind, name, up, start, end):
        self.kind, self.name, self.up, self.start, self.end = kind, "" if kind == "chat" else name.lower(), up, start, end

    def agent(self):
        """The agent above it, or None."""
        at = self.up
        while at and at.kind != "agent":
            at = at.up
        return at

    def __repr__(self):
        return "%s %s (%s)" % (self.kind, self.name, self.agent().name if self.agent() else "")


def told(rows):
    """Nodes of what a framework says."""
    nodes = [Node(kind, name, None, start, end) for kind, name, _, start, end in rows]
    for node, row in zip(nodes, rows):
        node.up = None if row[2] is None else nodes[row[2]]
    return nodes


def seen(tree):
    """Nodes of calls, tools and agents."""
    nodes = {}
    for s in tree.spans:
        kind = "chat" if s.is_call else {"invoke_agent": "agent", "execute_tool": "tool"}.get(s["gen_ai.operation.name"])
        if kind and not s["mcp.method.name"]:
            nodes[s.span_id] = Node(kind, s["gen_ai.tool.name" if kind == "tool" else "gen_ai.agent.name"] or "", s, s.start_ns, s.end_ns)
    for node in nodes.values():
        at = tree.parent(node.up)
        while at and at.span_id not in nodes:
            at = tree.parent(at)
        node.up = nodes[at.span_id] if at else None
    return sorted(nodes.values(), key=lambda n: n.start)


def match(own, mine):
    """{own: mine}: of one kind and name, at one time; the nearest beginning first."""
    near = sorted(((abs(o.start - m.start), i, j) for i, o in enumerate(own) for j, m in enumerate(mine)
                   if (o.kind, o.name) == (m.kind, m.name) and o.start <= m.end + SLACK_NS and m.start <= o.end + SLACK_NS))
    pairs, taken = {}, set()
    for _, i, j in near:
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return {own[i]: mine[j] for i, j in pairs.items()}


class Score:
    def __init__(self):
        self.right, self.mine, self.own = 0, 0, 0

    def add(self, right, mine, own):
        self.right, self.mine, self.own = self.right + right, self.mine + mine, self.own + own

    def rates(self):
        return self.right / max(1, self.mine), self.right / max(1, self.own)

    def good(self):
        return self.own > 0 and self.rates()[0] >= PRECISION and self.rates()[1] >= RECALL

    def __str__(self):
        return "precision %.3f recall %.3f (%d right, %d here, %d there)" % (*self.rates(), self.right, self.mine, self.own)


def compare(own, mine, handoffs):
    """(spans, links)"""
    pairs, spans, links = match(own, mine), Score(), Score()
    spans.add(len(pairs), len(mine), len(own))
    linked = lambda nodes: [n for n in nodes if n.agent() and not (handoffs and n.kind == "agent")]
    right = [n for n in linked(own) if n in pairs and pairs[n].agent() and pairs.get(n.agent()) is pairs[n].agent()]
    links.add(len(right), len(linked(mine)), len(linked(own)))
    return spans, links, {"here only": [m for m in mine if m not in pairs.values()], "there only": [o for o in own if o not in pairs],
                          "elsewhere": [(n, pairs[n]) for n in linked(own) if n in pairs and n not in right]}


def mcp_calls(tap, name, tree):
    tools = tree.of("execute_tool")
    below = {t.span_id: [s.name for s in tree.spans if s.parent_id == t.span_id and s.kind == 3 and s["mcp.method.name"] == "tools/call"]
             for t in tools if not t["mcp.method.name"]}
    tap.check(name + ": each tool has its MCP call", len(below) == 3 and all(b == ["tools/call read"] for b in below.values()), below)


def framework(tap, name, command, handoffs, w, provider, totals):
    w.collector.clear()
    provider.log.clear()
    env = dict(w.env(), OPENAI_BASE_URL=provider.url + "/v1", ANTHROPIC_BASE_URL=provider.url, HOME=w.path("home"))
    _, out = w.run(command, env=env)
    own = told(json.loads(out.splitlines()[-1]))
    mine = lambda: Tree(w.collector.spans(runs=True), provider.port)
    wait_for(lambda: len(seen(mine())) >= len(own), 10)
    tree = mine()
    scores = compare(own, seen(tree), handoffs)
    for label, score in zip(("spans", "links"), scores):
        tap.note("%-14s %s: %s" % (name, label, score))
        tap.check("%s: %s" % (name, label), score.good(), scores[2])
        totals[label].add(score.right, score.mine, score.own)
    if name.startswith("mcp_"):
        mcp_calls(tap, name, tree)


def main():
    need_root()
    tap, totals = Tap(), {"spans": Score(), "links": Score()}
    with World() as w, Provider(w.path("server.pem"), w.path("server.key")) as provider, w.agent():
        os.makedirs(w.path("home"), exist_ok=True)
        python = lambda venv, name: [PYTHON[venv], "-W", "ignore", os.path.join(HERE, "clients", "frameworks.py"), name]
        rows = {name: python("agents", name) for name in ("openai_agents", "pydantic_ai", "langgraph", "anthropic", "mcp_stdio", "mcp_http")}
        rows.update(crewai=python("crewai", "crewai"), vercel_ai=w.node_program("vercel_agent.mjs", {}))
        for name, command in rows.items():
            if not sys.argv[1:] or name in sys.argv[1:]:
                tap.run(name, framework, name, command, name == "openai_agents", w, provider, totals)
    for label, score in totals.items():
        tap.note("all            %s: %s" % (label, score))
    return tap.done()


sys.exit(main())
