#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Agent frameworks against the provider that follows a plan: frameworks.py NAME. Prints, as
one JSON line, the tree that the framework's own tracing tells, where it has one:
[[kind, name, parent's number or null], …]; kinds: agent, chat, tool."""
import asyncio
import json
import sys

MODEL = "gpt-4o"


def tree(spans):
    """Of (kind or None, name, id, parent's id): those with a kind, by the next such parent."""
    kept = [s for s in spans if s[0]]
    numbers, parents = {s[2]: n for n, s in enumerate(kept)}, {s[2]: s[3] for s in spans}

    def parent(at):
        while at and at not in numbers:
            at = parents.get(at)
        return numbers.get(at)
    return [[kind, name, parent(up)] for kind, name, _, up in kept]


def openai_agents():
    from agents import Agent, Runner, function_tool, set_trace_processors
    from agents.tracing import TracingProcessor
    ended = []

    class Keep(TracingProcessor):
        def on_trace_start(self, trace): pass
        def on_trace_end(self, trace): pass
        def on_span_start(self, span): pass
        def on_span_end(self, span): ended.append(span)
        def shutdown(self): pass
        def force_flush(self): pass

    set_trace_processors([Keep()])

    @function_tool
    def read(path: str) -> str:
        """Reads."""
        return "content of " + path

    writer = Agent(name="Writer", instructions="You are Writer. Write.", model=MODEL, tools=[read])
    boss = Agent(name="Boss", instructions="You are Boss. Decide.", model=MODEL, tools=[read], handoffs=[writer])
    plan = 'Go. plan: read({"path":"a"}) read({"path":"b"}); transfer_to_writer({}); read({"path":"c"}); done'
    asyncio.run(Runner.run(boss, plan))
    kinds = {"agent": "agent", "response": "chat", "generation": "chat", "function": "tool", "handoff": "tool"}
    name = lambda d: "transfer_to_" + d.to_agent.lower() if d.type == "handoff" else getattr(d, "name", None) or "chat"
    return tree([(kinds.get(s.span_data.type), name(s.span_data), s.span_id, s.parent_id) for s in ended])


def pydantic_ai():
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from pydantic_ai import Agent
    from pydantic_ai.models.instrumented import InstrumentationSettings
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    Agent.instrument_all(InstrumentationSettings(tracer_provider=provider))
    agent = Agent("openai-chat:" + MODEL, name="checker", instructions="You are Checker. Check.")

    @agent.tool_plain
    def read(path: str) -> str:
        return "content of " + path

    agent.run_sync('Go. plan: read({"path":"a"}) read({"path":"b"}); read({"path":"c"}); done')
    kinds = {"invoke_agent": "agent", "chat": "chat", "execute_tool": "tool"}
    return tree([(kinds.get(s.attributes.get("gen_ai.operation.name")), s.name.split(" ", 1)[-1], s.context.span_id,
                  s.parent.span_id if s.parent else None) for s in memory.get_finished_spans()])


def langgraph():
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI
    from langgraph.prebuilt import create_react_agent

    @tool
    def read(path: str) -> str:
        """Reads."""
        return "content of " + path

    agent = create_react_agent(ChatOpenAI(model=MODEL), [read], prompt="You are Grapher. Draw.")
    agent.invoke({"messages": [("user", 'Go. plan: read({"path":"a"}) read({"path":"b"}); read({"path":"c"}); done')]})
    # It has no tracing of its own that stays here: what its graph did.
    return [["agent", "grapher", None], *[[k, "read" if k == "tool" else "", 0] for k in "chat tool tool chat tool chat".split()]]


print(json.dumps({"openai_agents": openai_agents, "pydantic_ai": pydantic_ai, "langgraph": langgraph}[sys.argv[1]]()))
