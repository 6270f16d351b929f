#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The trees of agent frameworks, seen from outside and as their own tracing tells them, node by
node: `make test-frameworks`. Prints precision and recall of spans and of their agents.

An agent that another hands over to stands beside it in the OpenAI Agents SDK's tracing, and
below the hand-off here: which agent a call or a tool belongs to is compared, not that."""
import collections
import json
import os
import sys

from agent_provider import Provider
from harness import BUILD, HERE, World, need_root, wait_for
from tap import Tap
from test_runs import Tree

PYTHON = os.environ.get("PYTHON_FRAMEWORKS") or os.path.join(BUILD, "venv-agents", "bin", "python")


def told(spans):
    """(nodes, links) of what a framework says."""
    name = lambda s: (s[0], "" if s[0] == "chat" else s[1].lower())
    links = [(name(s), name(spans[s[2]])) for s in spans if s[0] != "agent" and s[2] is not None]
    return collections.Counter(map(name, spans)), collections.Counter(links)


def seen(tree):
    kinds = {"invoke_agent": "agent", "execute_tool": "tool"}

    def name(s):
        kind = "chat" if s.is_call else kinds[s["gen_ai.operation.name"]]
        return kind, "" if kind == "chat" else (s["gen_ai.tool.name"] if kind == "tool" else s["gen_ai.agent.name"]).lower()
    links = [(name(s), name(tree.parent(s))) for s in tree.spans if s["gen_ai.operation.name"] != "invoke_agent" and tree.parent(s)]
    return collections.Counter(map(name, tree.spans)), collections.Counter(links)


def compare(tap, label, got, want):
    right = sum((got & want).values())
    precision, recall = right / max(1, sum(got.values())), right / max(1, sum(want.values()))
    tap.note("%s: precision %.3f recall %.3f (%d of %d)" % (label, precision, recall, right, sum(want.values())))
    tap.check(label, precision >= 0.98 and recall >= 0.95, ["only here: %s" % dict(got - want), "only there: %s" % dict(want - got)])


def framework(tap, name, w, provider):
    w.collector.clear()
    provider.log.clear()
    env = dict(w.env(), OPENAI_BASE_URL=provider.url + "/v1")
    _, out = w.run([PYTHON, "-W", "ignore", os.path.join(HERE, "clients", "frameworks.py"), name], env=env)
    own = told(json.loads(out.splitlines()[-1]))
    mine = lambda: Tree(w.collector.spans(runs=True), provider.port)
    wait_for(lambda: sum(seen(mine())[0].values()) >= sum(own[0].values()), 10)
    nodes, links = seen(mine())
    compare(tap, name + ": spans", nodes, own[0])
    compare(tap, name + ": the agent of each", links, own[1])


def main():
    need_root()
    tap = Tap()
    with World() as w, Provider(w.path("server.pem"), w.path("server.key")) as provider, w.agent():
        for name in ("openai_agents", "pydantic_ai", "langgraph"):
            tap.run(name, framework, name, w, provider)
    return tap.done()


sys.exit(main())
