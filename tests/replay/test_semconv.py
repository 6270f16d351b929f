#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every span of every recording, those of the tree and those of ../shared/corpus, under each
profile, against the conventions themselves.

Names and enums are those of the official package (opentelemetry-semantic-conventions, made
from the conventions' YAML). What each kind of span has, of which type, and what it must have
or must have under a condition is read from the tables that were made from the conventions' YAML
(../shared/spec/genai.md, section 1.2), where they lie beside the project as the corpus does;
REQUIRED and ALLOWED below hold where they do not. What newer conventions than the package's
renamed is named here.
"""
import glob
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import corpus
from opentelemetry.semconv._incubating.attributes import (aws_attributes, error_attributes, gen_ai_attributes, jsonrpc_attributes,
                                                          mcp_attributes, network_attributes, openai_attributes, rpc_attributes,
                                                          server_attributes)
from tap import Tap

MODULES = (aws_attributes, error_attributes, gen_ai_attributes, jsonrpc_attributes, mcp_attributes, network_attributes,
           openai_attributes, rpc_attributes, server_attributes)
NAMES = {v for m in MODULES for k, v in vars(m).items() if k.isupper() and isinstance(v, str)}
LATEST = {"gen_ai.usage.cache_write.input_tokens"}  # was cache_creation
MODAL = {"gen_ai.usage.%s.%s" % (m, t) for m in ("text", "image", "audio")
         for t in ("input_tokens", "output_tokens", "cache_read.input_tokens")}
# Newer than the package, in the conventions since August 2026 (genai.md section 1.2).
NEWER = {"gen_ai.request.reasoning.level", "gen_ai.request.previous_response.id", "gen_ai.conversation.compacted", "gen_ai.response.status",
         "gen_ai.request.stream_cursor"}
PREFIXES = ("gen_ai.", "openai.", "aws.", "error.", "server.", "mcp.", "jsonrpc.", "rpc.", "network.")

OPERATIONS = {v.value for v in gen_ai_attributes.GenAiOperationNameValues} | {"fetch_response", "retrieval"}
CUSTOM_OPERATIONS = {"rerank", "moderation"}  # the conventions allow what they do not name
PROVIDERS = {v.value for v in gen_ai_attributes.GenAiProviderNameValues}
CUSTOM_PROVIDERS = {"openrouter", "ollama", "llama_cpp", "lmstudio", "sglang", "litellm", "vllm", "jina_ai", "voyage_ai", "together_ai", "gcp.gen_ai", "huggingface",
                    "writer", "cerebras", "zai", "snowflake"}
METHODS = {v.value for v in mcp_attributes.McpMethodNameValues}
OUTPUTS = {v.value for v in gen_ai_attributes.GenAiOutputTypeValues}

INTS = ("max_tokens", "seed", "choice.count", "_tokens", "server.port", "dimension.count")
DOUBLES = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "time_to_first_chunk")
LISTS = ("stop_sequences", "finish_reasons", "encoding_formats")

COMMON = {"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "error.type", "server.address", "server.port",
          "gen_ai.agent.name", "gen_ai.conversation.id"}
INFERENCE = COMMON | LATEST | MODAL | NEWER | {n for n in NAMES if n.startswith(("gen_ai.request.", "gen_ai.response.", "gen_ai.usage.", "openai."))} | {
    "gen_ai.output.type", "aws.bedrock.guardrail.id"}
ALLOWED = {
    "chat": INFERENCE, "generate_content": INFERENCE, "text_completion": INFERENCE,
    "embeddings": COMMON | {"gen_ai.embeddings.dimension.count", "gen_ai.request.encoding_formats", "gen_ai.response.model",
                            "gen_ai.usage.input_tokens"},
    "fetch_response": COMMON | {"gen_ai.response.id", "gen_ai.response.finish_reasons", "gen_ai.response.model", "gen_ai.response.status",
                                "openai.api.type", "openai.response.service_tier", "gen_ai.request.stream_cursor"} |
    # Which the conventions advise against, so that nothing counts twice: here it is the only span
    # that has them, of a response that was made in the background.
    LATEST | {n for n in NAMES if n.startswith("gen_ai.usage.")},
    "retrieval": COMMON | {"gen_ai.data_source.id"},
    "invoke_agent": INFERENCE | {"gen_ai.agent.id", "gen_ai.data_source.id"},
    "mcp": {"error.type", "server.address", "server.port", "gen_ai.operation.name", "gen_ai.prompt.name", "gen_ai.tool.name",
            "jsonrpc.request.id", "jsonrpc.protocol.version", "rpc.response.status_code", "network.protocol.name",
            "network.protocol.version", "network.transport"} | {n for n in NAMES if n.startswith("mcp.")} |
    # Which agent asked, and in which conversation: as the spans around it say it.
    {"gen_ai.agent.name", "gen_ai.conversation.id"},
    "execute_tool": COMMON | {n for n in NAMES if n.startswith("gen_ai.tool.")},
}


def kind_problem(key, value):
    if key == "gen_ai.request.top_k":
        return None  # a double in 1.41, an int since
    for ends, types in ((INTS, int), (DOUBLES, float), (LISTS, list)):
        if key.endswith(ends):
            return None if isinstance(value, types) and not isinstance(value, bool) else "%s is %r" % (key, value)
    if key == "gen_ai.request.stream" or key == "gen_ai.conversation.compacted":
        return None if value is True else "%s is %r: only said when true" % (key, value)
    return None if isinstance(value, str) and value else "%s is %r" % (key, value)


# Beside the operation: what a span cannot be without. A model that is not on the wire is not made up.
CLIENT = {"gen_ai.provider.name"}
REQUIRED = {"chat": CLIENT, "generate_content": CLIENT, "text_completion": CLIENT, "embeddings": CLIENT,
            "fetch_response": CLIENT | {"gen_ai.response.id"}, "execute_tool": {"gen_ai.tool.name"}, "mcp": {"mcp.method.name"}}
# By operation: CLIENT is 3, INTERNAL 1. An agent is either: a service of the provider's, or here.
KINDS = {"execute_tool": {1}, "invoke_agent": {1, 3}, "mcp": {2, 3}}


LINE = re.compile(r"- `([^`]+)` (\S+) — (REQ|COND|rec|opt)")
TYPES = {"int": lambda v: isinstance(v, int) and not isinstance(v, bool), "double": lambda v: isinstance(v, float),
         "boolean": lambda v: isinstance(v, bool), "string": lambda v: isinstance(v, str), "enum": lambda v: isinstance(v, str),
         "string[]": lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v), "any": lambda v: True}


def tables():
    """{kind of span: {attribute: (type, level)}}, of the conventions' YAML; empty where it is not."""
    path, kinds, kind = os.path.join(corpus.ROOT, "..", "shared", "spec", "genai.md"), {}, None
    if not os.path.exists(path):
        return kinds
    with open(path, encoding="utf-8") as f:
        for line in f.read().split("### 1.2 ")[1].split("### 1.3 ")[0].splitlines():
            head, row = re.match(r"\*\*([a-z_.]+)\*\* \(kind", line), LINE.match(line)
            if head:
                kind = kinds.setdefault(head.group(1), {})
            elif row and kind is not None:
                kind[row.group(1)] = row.group(2, 3)
    return kinds


TABLES = tables()


def kind_of_span(s):
    """Which table a span goes by; None: the conventions have none."""
    op = operation(s)
    if op == "mcp":
        return "mcp.client" if s.kind == 3 else "mcp.server"
    if op in ("chat", "generate_content", "text_completion"):
        return "gen_ai.inference.client"
    if op in ("execute_tool", "invoke_agent"):
        return "gen_ai.%s.%s" % (op, "client" if s.kind == 3 else "internal")
    return "gen_ai.%s.client" % op


# What stands on a span that its table does not have, and why.
BESIDE = {
    "gen_ai.agent.name": "which agent asked: as the spans around it say",
    "gen_ai.conversation.id": "in which conversation, likewise",
    "gen_ai.provider.name": "of an agent that runs here, the provider that it asks",
    "server.address": "of an agent that runs here, whom it asks", "server.port": "likewise",
    "gen_ai.agent.id": "of the run", "gen_ai.request.model": "of the run",
}


def table_problems(s, profile):
    rows = TABLES.get(kind_of_span(s))
    if rows is None:
        return
    renamed = {"gen_ai.usage.cache_write.input_tokens": "gen_ai.usage.cache_creation.input_tokens"}
    for name, (_, level) in rows.items():
        if level == "REQ" and s[name] is None:
            yield "%s without %s, which is required" % (operation(s), name)
    # Conditions that a span itself can show to be met.
    if "error.type" in rows and s.status == 2 and not s["error.type"]:
        yield "failed without error.type"
    if "server.port" in rows and s["server.address"] and s["server.port"] is None:
        yield "server.address without server.port"
    if "jsonrpc.request.id" in rows and s["jsonrpc.request.id"] is None and not s["mcp.method.name"].startswith("notifications/"):
        yield "a request without jsonrpc.request.id"
    if "mcp.resource.uri" in rows and s["mcp.method.name"] == "resources/read" and not s["mcp.resource.uri"]:
        yield "a resource without mcp.resource.uri"
    if "gen_ai.tool.name" in rows and s["mcp.method.name"] == "tools/call" and not s["gen_ai.tool.name"]:
        yield "a tool's call without gen_ai.tool.name"
    for key, value in s.attrs.items():
        row = rows.get(key) or rows.get(renamed.get(key))
        if not key.startswith(("gen_ai.", "server.", "error.", "mcp.", "jsonrpc.", "rpc.", "network.")):
            continue
        if row and key == "gen_ai.request.top_k":
            good = isinstance(value, int if profile == "latest" else float)  # an int since
        elif row:
            good = TYPES[row[0]](value)
        else:
            good = key in BESIDE or key in MODAL or (operation(s) == "fetch_response" and key.startswith("gen_ai.usage."))
        if not good:
            yield "%s %r of %s: %s" % (key, value, kind_of_span(s), "the conventions want %s" % row[0] if row else "they have no such attribute")


def operation(s):
    return "mcp" if s["mcp.method.name"] else s["gen_ai.operation.name"]


def problems(s, profile):
    op = operation(s)
    if op == "mcp":
        if s["mcp.method.name"] not in METHODS:
            yield "method %r" % s["mcp.method.name"]
        if s["gen_ai.operation.name"] != ("execute_tool" if s["mcp.method.name"] == "tools/call" else None):
            yield "operation %r of %s" % (s["gen_ai.operation.name"], s["mcp.method.name"])
    elif op not in OPERATIONS | CUSTOM_OPERATIONS:
        yield "operation %r" % op
    elif s.kind == 3 and s["gen_ai.provider.name"] not in PROVIDERS | CUSTOM_PROVIDERS:
        yield "provider %r" % s["gen_ai.provider.name"]
    for name in REQUIRED.get(op, ()):
        if s[name] is None:
            yield "%s without %s" % (op, name)
    if s.kind not in KINDS.get(op, {3}):
        yield "%s of kind %d" % (op, s.kind)
    if s["gen_ai.output.type"] not in OUTPUTS | {None}:
        yield "output type %r" % s["gen_ai.output.type"]
    if s["server.address"] and not s["server.port"]:
        yield "address without port"
    if (s.status == 2) != bool(s["error.type"]):
        yield "status %d, error.type %r" % (s.status, s["error.type"])
    if s["gen_ai.request.choice.count"] == 1:
        yield "a choice count of 1 is not said"
    write = {k for k in s.attrs if k.startswith("gen_ai.usage.cache_") and "read" not in k}
    if write - {"v1.41": {"gen_ai.usage.cache_creation.input_tokens"}, "latest": LATEST}.get(profile, write):
        yield "%s under %s" % (write, profile)
    for key, value in s.attrs.items():
        if not key.startswith(PREFIXES):
            continue
        if key not in NAMES | LATEST | NEWER | (MODAL if profile != "v1.41" else set()):
            yield "no such attribute: " + key
        elif key not in ALLOWED.get(op, INFERENCE):
            yield "%s has no %s" % (op, key)
        elif kind_problem(key, value):
            yield kind_problem(key, value)


def recordings(where):
    """HAR files of the corpus, a cassette each; none where there is no corpus."""
    n = 0
    for family in (*corpus.FAMILIES, "mcp") if corpus.folder() else ():
        for k, cassette in enumerate(corpus.load(family)):
            entries = [corpus.har_entry(x, (1_750_000_000 + 10 * (n + i)) * 10**9, 2500) for i, x in enumerate(cassette)]
            n += len(entries)
            path = os.path.join(where, "%s-%04d.har" % (family, k))
            with open(path, "w", encoding="utf-8") as f:
                json.dump(corpus.har(entries), f)
            yield path


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="gentap-semconv-") as where:
        files = sorted(glob.glob(os.path.join(HERE, "golden", "*.har"))) + list(recordings(where))
        for profile in ("v1.41", "latest", "both"):
            found, wrong, ops = 0, [], set()
            for s in agent.decode(["--semconv", profile] + files, runs=True, sanitized=False):
                found += 1
                ops.add(operation(s) or "none")
                wrong += ["%s: %s" % (s.name, p) for p in (*problems(s, profile), *table_problems(s, profile))]
            tap.note("%s: %d spans of %d files: %s" % (profile, found, len(files), ", ".join(sorted(ops))))
            tap.note("by %d tables of the conventions' YAML" % len(TABLES) if TABLES else "without the conventions' tables")
            tap.check(profile + ": every span is as the conventions have it", found and not wrong, sorted(set(wrong))[:40])
    return tap.done()


sys.exit(main())
