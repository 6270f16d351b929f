#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Raw usage objects of real answers, each inside an answer of its API, against what an
independent library (genai-prices) extracts from them. It writes no zeros: 0 and absent are
the same here.
"""
import gzip
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import corpus
import genai
from corpus import Exchange
from tap import Tap, skip_all

BEGIN_NS = 1_750_000_000 * 10**9
FIELDS = {"input": "input_tokens", "output": "output_tokens", "cache_read": "cache_read_tokens",
          "cache_write": "cache_write_tokens", "reasoning": "output_reasoning_tokens"}


def chat(body):
    return {"object": "chat.completion", "choices": [], "usage": body["usage"]}


def responses(body):
    return {"object": "response", "id": "resp_1", "status": "completed", "output": [], "usage": body["usage"]}


def messages(body):
    return {"type": "message", "role": "assistant", "content": [], "stop_reason": "end_turn", "usage": body["usage"]}


def converse(body):
    return {"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "end_turn", "usage": body["usage"]}


# (provider, flavour) of the library: a word of the recording's file, where it was sent, the answer.
ROWS = {
    ("openai", "chat"): ("", "https://api.openai.com/v1/chat/completions", chat),
    ("openai", "responses"): ("openai", "https://api.openai.com/v1/responses", responses),
    ("anthropic", "default"): ("anthropic", "https://api.anthropic.com/v1/messages", messages),
    ("google", "default"): ("", "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent", dict),
    ("aws", "default"): ("", "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse", converse),
    ("cohere", "default"): ("", "https://api.cohere.com/v2/chat", lambda b: {"id": "c", "finish_reason": "COMPLETE", "usage": b["usage"]}),
    ("x-ai", "chat"): ("", "https://api.x.ai/v1/chat/completions", chat),
}
# Counts that the library does not know: (member of usage, field).
UNKNOWN_THERE = (("num_cached_tokens", "cache_read"),)  # Mistral


def cases():
    with gzip.open(os.path.join(corpus.folder(), "usages.jsonl.gz"), "rt", encoding="utf-8") as f:
        for line in f:
            case = json.loads(line)
            for group in case["extracted"]:
                for e in group["extractors"]:
                    row = ROWS.get((e["provider_id"], e["api_flavor"]))
                    if row and row[0] in case["body"]["file"]:
                        yield (e["provider_id"], e["api_flavor"]), case["body"], group["usage"], row


def main():
    if not corpus.folder() or not os.path.exists(os.path.join(corpus.folder(), "usages.jsonl.gz")):
        skip_all("no corpus beside the project (../shared/corpus)")
    tap, told, entries = Tap(), {}, []
    for n, (kind, body, usage, (_, url, answer)) in enumerate(cases()):
        start = BEGIN_NS + n * 10**9
        told[start] = (kind, body, usage)
        x = Exchange("usages", body["file"], n, "POST", url, [("content-type", "application/json")], b'{"model":"m"}', 200,
                     [("content-type", "application/json")], json.dumps(answer(body)).encode())
        entries.append(corpus.har_entry(x, start, 100))
    with tempfile.TemporaryDirectory(prefix="gentap-usages-") as where:
        path = os.path.join(where, "usages.har")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(corpus.har(entries), f)
        spans = {s.start_ns: s for s in agent.decode([path])}
    for kind in ROWS:
        wrong, count = [], 0
        for start, (k, body, usage) in told.items():
            if k != kind:
                continue
            count += 1
            s = spans.get(start)
            unknown = ["cache_write"] if kind[0] == "x-ai" else []  # these were others' answers
            unknown += [f for member, f in UNKNOWN_THERE if member in (body.get("usage") or {})]
            diff = {f: (usage.get(key, 0), s[genai.FIELDS[f]]) for f, key in FIELDS.items()
                    if f not in unknown and (s[genai.FIELDS[f]] or 0) != usage.get(key, 0)} if s else "no span"
            if diff:
                wrong.append("%s: %s of %s" % (body["file"], diff, json.dumps(body)[:300]))
        tap.note("%s/%s: %d usage objects, %d unlike" % (*kind, count, len(wrong)))
        tap.check("%s/%s: as the library extracts it" % kind, count and not wrong, wrong[:10])
    return tap.done()


sys.exit(main())
