#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Spans of every golden recording, under each profile, against the conventions themselves.

Names and enums are those of the official package (opentelemetry-semantic-conventions, made
from the conventions' YAML); which of them an operation has, and what it must have, is
genai.md section 1.2. What newer conventions than the package's renamed is named here.
"""
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
from opentelemetry.semconv._incubating.attributes import (aws_attributes, error_attributes, gen_ai_attributes, openai_attributes,
                                                          server_attributes)
from tap import Tap

MODULES = (aws_attributes, error_attributes, gen_ai_attributes, openai_attributes, server_attributes)
NAMES = {v for m in MODULES for k, v in vars(m).items() if k.isupper() and isinstance(v, str)}
LATEST = {"gen_ai.usage.cache_write.input_tokens"}  # was cache_creation
MODAL = {"gen_ai.usage.%s.%s" % (m, t) for m in ("text", "image", "audio")
         for t in ("input_tokens", "output_tokens", "cache_read.input_tokens")}
# Newer than the package, in the conventions since August 2026 (genai.md section 1.2).
NEWER = {"gen_ai.request.reasoning.level", "gen_ai.request.previous_response.id", "gen_ai.conversation.compacted", "gen_ai.response.status",
         "gen_ai.request.stream_cursor"}
PREFIXES = ("gen_ai.", "openai.", "aws.", "error.", "server.")

OPERATIONS = {v.value for v in gen_ai_attributes.GenAiOperationNameValues} | {"fetch_response", "retrieval"}
CUSTOM_OPERATIONS = {"rerank", "moderation"}  # the conventions allow what they do not name
PROVIDERS = {v.value for v in gen_ai_attributes.GenAiProviderNameValues}
CUSTOM_PROVIDERS = {"openrouter", "ollama", "litellm", "vllm", "jina_ai", "voyage_ai", "together_ai", "gcp.gen_ai"}
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
    {n for n in NAMES if n.startswith("gen_ai.usage.")},
    "retrieval": COMMON | {"gen_ai.data_source.id"},
    "invoke_agent": INFERENCE | {"gen_ai.agent.id", "gen_ai.data_source.id"},
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


def problems(s, profile):
    op = s["gen_ai.operation.name"]
    if op not in OPERATIONS | CUSTOM_OPERATIONS:
        yield "operation %r" % op
    if s.kind == 3 and s["gen_ai.provider.name"] not in PROVIDERS | CUSTOM_PROVIDERS:
        yield "provider %r" % s["gen_ai.provider.name"]
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


def main():
    tap = Tap()
    files = sorted(glob.glob(os.path.join(HERE, "golden", "*.har")))
    for profile in ("v1.41", "latest", "both"):
        found, wrong, ops = 0, [], set()
        for s in agent.decode(["--semconv", profile] + files):
            if not s["gen_ai.operation.name"]:
                continue
            found += 1
            ops.add(s["gen_ai.operation.name"])
            wrong += ["%s: %s" % (s.name, p) for p in problems(s, profile)]
        tap.note("%s: %d spans of %s" % (profile, found, ", ".join(sorted(ops))))
        tap.check(profile + ": every span is as the conventions have it", found and not wrong, sorted(set(wrong))[:40])
    return tap.done()


sys.exit(main())
