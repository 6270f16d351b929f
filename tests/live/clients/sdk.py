#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An ordinary program with the official Python SDKs: sdk.py SPEC, a JSON object

    {"sdk": "openai"|"anthropic", "mode": "sync"|"async", "parallel": N, "repeat": N,
     "calls": [{"api": "chat"|"responses"|"embeddings"|"messages", "stream": true,
                "mock": "k=v,k=v", "bytes": N, "abandon": N}]}

`abandon` leaves the stream after N events. Endpoints, keys and certificates come from
the environment, as for any program.
"""
import asyncio
import json
import os
import sys

TOOL = {"name": "tool_0", "description": "does it", "parameters": {"type": "object", "properties": {"path": {"type": "string"}}}}


def arguments(sdk, call):
    """(resource, method, keyword arguments) of one call."""
    text = "hello " + "y" * call.get("bytes", 0)
    more = {"extra_headers": {"x-mock": call.get("mock", "")}}
    if call.get("stream"):
        more["stream"] = True
    api = call["api"]
    model = call.get("model", "claude-mock-4" if sdk == "anthropic" else "gpt-mock-4")
    messages = [{"role": "user", "content": text}]
    if api == "messages":
        tools = [{"name": TOOL["name"], "description": "does it", "input_schema": TOOL["parameters"]}]
        return "messages", dict(model=model, max_tokens=100, messages=messages, tools=tools, **more)
    if api == "responses":
        return "responses", dict(model=model, input=text, tools=[dict(TOOL, type="function")], **more)
    if api == "embeddings":
        return "embeddings", dict(model=model, input=[text, "b"], encoding_format="float", **more)
    if call.get("stream") and call.get("usage", True):
        more["stream_options"] = {"include_usage": True}
    return "chat.completions", dict(model=model, messages=messages, tools=[{"type": "function", "function": TOOL}], **more)


def resource(client, name):
    for part in name.split("."):
        client = getattr(client, part)
    return client


def one(client, sdk, call, failures):
    name, kw = arguments(sdk, call)
    try:
        got = resource(client, name).create(**kw)
        if call.get("stream"):
            for n, _ in enumerate(got):
                if n + 1 == call.get("abandon"):
                    got.close()
                    break
    except Exception as e:  # scripted errors are part of the tests
        failures.append("%s: %s" % (type(e).__name__, e))


async def one_async(client, sdk, call, failures, gate):
    name, kw = arguments(sdk, call)
    async with gate:
        try:
            got = await resource(client, name).create(**kw)
            if call.get("stream"):
                async for _ in got:
                    pass
        except Exception as e:
            failures.append("%s: %s" % (type(e).__name__, e))


async def main_async(sdk, make, spec, failures):
    gate = asyncio.Semaphore(spec.get("parallel", 1))
    async with make() as client:
        await asyncio.gather(*(one_async(client, sdk, c, failures, gate)
                               for _ in range(spec.get("repeat", 1)) for c in spec["calls"]))


def main():
    spec = json.loads(sys.argv[1])
    sdk, failures = spec["sdk"], []
    kw = {"max_retries": spec.get("retries", 2)}
    if sdk == "openai":
        import openai
        make = {"sync": openai.OpenAI, "async": openai.AsyncOpenAI}[spec["mode"]]
    else:
        import anthropic
        make = {"sync": anthropic.Anthropic, "async": anthropic.AsyncAnthropic}[spec["mode"]]
    if spec["mode"] == "async":
        asyncio.run(main_async(sdk, lambda: make(**kw), spec, failures))
    else:
        client = make(**kw)
        for _ in range(spec.get("repeat", 1)):
            for call in spec["calls"]:
                one(client, sdk, call, failures)
    print(json.dumps({"pid": os.getpid(), "failures": failures}))


main()
