#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Agent frameworks against the provider that follows a plan: frameworks.py NAME. Prints, as
one JSON line, the tree that the framework's own tracing tells, or the OpenTelemetry
instrumentation of it: [[kind, name, parent's number or null, start, end], …], times in
nanoseconds; kinds: agent, chat, tool."""
import asyncio
import contextlib
import datetime
import json
import os
import socket
import subprocess
import sys
import time

MODEL = "gpt-4o"
PLAN = 'Go. plan: read({"path":"a"}) read({"path":"b"}); read({"path":"c"}); done'
MCP_SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mcp_server.py")
KINDS = {"AGENT": "agent", "LLM": "chat", "TOOL": "tool"}  # of OpenInference


def tree(spans):
    """Of (kind or None, name, id, parent's id, start, end): those with a kind, by the next such parent."""
    kept = sorted((s for s in spans if s[0]), key=lambda s: s[4])
    numbers, parents = {s[2]: n for n, s in enumerate(kept)}, {s[2]: s[3] for s in spans}

    def parent(at):
        while at and at not in numbers:
            at = parents.get(at)
        return numbers.get(at)
    return [[kind, name, parent(up), start, end] for kind, name, _, up, start, end in kept]


def recorder():
    """(provider of tracers, its finished spans)"""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    return provider, memory.get_finished_spans


def otel_tree(spans, kind, name=lambda s: s.name):
    return tree([(kind(s), name(s), s.context.span_id, s.parent.span_id if s.parent else None, s.start_time, s.end_time) for s in spans])


def openinference(spans, name=lambda s: s.name):
    return otel_tree(spans, lambda s: KINDS.get(s.attributes.get("openinference.span.kind")), name)


def told_by_openai():
    """Where the spans of the OpenAI Agents SDK's own tracing will be."""
    from agents import set_trace_processors
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
    return ended


def openai_tree(ended):
    kinds = {"agent": "agent", "response": "chat", "generation": "chat", "function": "tool", "handoff": "tool"}
    name = lambda d: "transfer_to_" + d.to_agent.lower() if d.type == "handoff" else getattr(d, "name", None) or "chat"
    ns = lambda text: int(datetime.datetime.fromisoformat(text).timestamp() * 1e6) * 1000
    return tree([(kinds.get(s.span_data.type), name(s.span_data), s.span_id, s.parent_id, ns(s.started_at), ns(s.ended_at)) for s in ended])


def openai_agents():
    from agents import Agent, Runner, function_tool
    ended = told_by_openai()

    @function_tool
    def read(path: str) -> str:
        """Reads."""
        return "content of " + path

    writer = Agent(name="Writer", instructions="You are Writer. Write.", model=MODEL, tools=[read])
    boss = Agent(name="Boss", instructions="You are Boss. Decide.", model=MODEL, tools=[read], handoffs=[writer])
    plan = 'Go. plan: read({"path":"a"}) read({"path":"b"}); transfer_to_writer({}); read({"path":"c"}); done'
    asyncio.run(Runner.run(boss, plan))
    return openai_tree(ended)


def mcp(server):
    from agents import Agent, Runner
    ended = told_by_openai()

    async def run():
        async with server() as s:
            await Runner.run(Agent(name="Caller", instructions="You are Caller. Call.", model=MODEL, mcp_servers=[s]), PLAN)

    asyncio.run(run())
    return openai_tree(ended)


def mcp_stdio():
    from agents.mcp import MCPServerStdio
    return mcp(lambda: MCPServerStdio(params={"command": sys.executable, "args": [MCP_SERVER]}))


def mcp_http():
    from agents.mcp import MCPServerStreamableHttp
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = subprocess.Popen([sys.executable, MCP_SERVER, "http", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        return mcp(lambda: MCPServerStreamableHttp(params={"url": "http://127.0.0.1:%d/mcp" % port}))
    finally:
        server.terminate()
        server.wait(10)


def pydantic():
    from pydantic_ai import Agent
    from pydantic_ai.models.instrumented import InstrumentationSettings
    provider, finished = recorder()
    Agent.instrument_all(InstrumentationSettings(tracer_provider=provider))
    agent = Agent("openai-chat:" + MODEL, name="checker", instructions="You are Checker. Check.")

    @agent.tool_plain
    def read(path: str) -> str:
        return "content of " + path

    agent.run_sync(PLAN)
    kinds = {"invoke_agent": "agent", "chat": "chat", "execute_tool": "tool"}
    return otel_tree(finished(), lambda s: kinds.get(s.attributes.get("gen_ai.operation.name")), lambda s: s.name.split(" ", 1)[-1])


def langgraph():
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI
    from langgraph.prebuilt import create_react_agent
    from openinference.instrumentation.langchain import LangChainInstrumentor
    provider, finished = recorder()
    LangChainInstrumentor().instrument(tracer_provider=provider)

    @tool
    def read(path: str) -> str:
        """Reads."""
        return "content of " + path

    agent = create_react_agent(ChatOpenAI(model=MODEL), [read], prompt="You are Grapher. Draw.", name="Grapher")
    agent.invoke({"messages": [("user", PLAN)]})
    # The graph is the agent; the instrumentation calls its node of that name one, too.
    spans = finished()
    kind = lambda s: "agent" if s.parent is None else None if s.attributes["openinference.span.kind"] == "AGENT" else \
        KINDS.get(s.attributes["openinference.span.kind"])
    return otel_tree(spans, kind)


def crewai():
    os.environ.update(CREWAI_DISABLE_TELEMETRY="true", CREWAI_DISABLE_TRACKING="true", OTEL_SDK_DISABLED="true", CREWAI_TRACING_ENABLED="false",
                      CREWAI_TESTING="true")
    from crewai import LLM, Agent, Crew, Task
    from crewai.tools import tool
    os.environ["OTEL_SDK_DISABLED"] = "false"  # it was for CrewAI's own, which goes to its makers
    from openinference.instrumentation.crewai import CrewAIInstrumentor
    from openinference.instrumentation.openai import OpenAIInstrumentor
    provider, finished = recorder()
    CrewAIInstrumentor().instrument(tracer_provider=provider, skip_dep_check=True)
    OpenAIInstrumentor().instrument(tracer_provider=provider)

    @tool("read")
    def read(path: str) -> str:
        """Reads."""
        return "content of " + path

    llm = LLM(model="openai/" + MODEL, base_url=os.environ["OPENAI_BASE_URL"], api_key=os.environ["OPENAI_API_KEY"])
    agents = [Agent(role=role, goal="to work", backstory="Works.", tools=[read], llm=llm) for role in ("Researcher", "Writer")]
    tasks = [Task(description=PLAN if n == 0 else 'Write. plan: read({"path":"d"}); written', expected_output="text", agent=a) for n, a in enumerate(agents)]
    Crew(agents=agents, tasks=tasks, verbose=False, memory=False).kickoff()
    return openinference(finished(), lambda s: s.name.split(".")[0])  # Researcher._execute_core, read.run


def anthropic():
    import anthropic as sdk
    from openinference.instrumentation.anthropic import AnthropicInstrumentor
    provider, finished = recorder()
    AnthropicInstrumentor().instrument(tracer_provider=provider)
    tracer = provider.get_tracer("client")

    def read(path):
        with tracer.start_as_current_span("read", attributes={"openinference.span.kind": "TOOL"}):
            return "content of " + path

    messages = [{"role": "user", "content": PLAN}]
    tools = [{"name": "read", "input_schema": {"type": "object"}}]
    with tracer.start_as_current_span("Looper", attributes={"openinference.span.kind": "AGENT"}):
        while True:
            m = sdk.Anthropic().messages.create(model="claude-sonnet-4-5", max_tokens=100, tools=tools, messages=messages, system="You are Looper. Loop.")
            uses = [b for b in m.content if b.type == "tool_use"]
            if not uses:
                break
            messages.append({"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in m.content]})
            messages.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": b.id, "content": read(**b.input)} for b in uses]})
    return openinference(finished())


FRAMEWORKS = {"openai_agents": openai_agents, "pydantic_ai": pydantic, "langgraph": langgraph, "crewai": crewai, "anthropic": anthropic,
              "mcp_stdio": mcp_stdio, "mcp_http": mcp_http}

if __name__ == "__main__":
    print(json.dumps(FRAMEWORKS[sys.argv[1]]()))
