#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""LLM calls without an SDK: plain.py requests|urllib|httpclient BASE SPEC

SPEC is JSON: {"api", "stream", "mock", "repeat", "bytes", "before": S, "after": S,
"go": FILE, "tell": FILE}: one call, made `repeat` times (requests and httpclient: on one
connection), once `go` is there, with pauses of `before` and `after` seconds around. `tell` is
made when the first line of a stream has been read (requests).
"""
import http.client
import json
import os
import ssl
import sys
import time
import urllib.request
from urllib.parse import urlsplit

PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "embeddings": "/v1/embeddings", "messages": "/v1/messages"}


def body(spec):
    text = "hello " + "z" * spec.get("bytes", 0)
    b = {"model": "plain-mock-1", "stream": bool(spec.get("stream"))}
    if not b["stream"]:
        del b["stream"]
    elif spec["api"] == "chat":
        b["stream_options"] = {"include_usage": True}
    b["input" if spec["api"] in ("responses", "embeddings") else "messages"] = \
        text if spec["api"] in ("responses", "embeddings") else [{"role": "user", "content": text}]
    if spec["api"] == "messages":
        b["max_tokens"] = 10
    return json.dumps(b).encode()


def main():
    how, base, spec = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    end = time.monotonic() + 120
    while spec.get("go") and not os.path.exists(spec["go"]) and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(spec.get("before", 0))
    url, data = base + PATHS[spec["api"]], body(spec)
    key = os.environ.get("OPENAI_API_KEY", "sk-none")
    headers = {"content-type": "application/json", "authorization": "Bearer " + key, "x-mock": spec.get("mock", "")}
    repeat = spec.get("repeat", 1)
    if how == "requests":
        import requests
        with requests.Session() as s:
            for _ in range(repeat):
                r = s.post(url, data=data, headers=headers, stream=bool(spec.get("stream")))
                for _ in r.iter_lines():
                    if spec.get("tell"):
                        open(spec.pop("tell"), "w").close()
    elif how == "urllib":
        for _ in range(repeat):
            with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers)) as r:
                r.read()
    else:
        at = urlsplit(base)
        c = http.client.HTTPSConnection(at.hostname, at.port, context=ssl.create_default_context())
        for _ in range(repeat):
            c.request("POST", at.path + PATHS[spec["api"]], data, headers)
            c.getresponse().read()
        c.close()
    time.sleep(spec.get("after", 0))
    print(json.dumps({"pid": os.getpid(), "failures": []}))


main()
