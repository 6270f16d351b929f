#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records lost anywhere: nothing invented, nothing shifted, the next call right.

Connections of made-up calls (the live tests' dialects), each with one loss: a record that
the ring refused, or bytes that could not be read. SEED=n repeats a run.
"""
import json
import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common"), os.path.join(HERE, "..", "live")]
import agent
import dialects
import genai
import reframe
import tracefile
from tap import Tap

BEGIN_NS = 1_000 * 10**9
BOOT_TO_WALL_NS = 1_749_999_000 * 10**9
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages", "embeddings": "/v1/embeddings"}
NUMBERS = ("input", "output", "cache_read", "cache_write", "reasoning")


class Call:
    def __init__(self, rng, number):
        self.api = rng.choice(list(PATHS))
        stream = self.api != "embeddings" and rng.random() < 0.6
        body = {"model": "loss-%d" % (number % 5), "stream": stream, "messages": [{"role": "user", "content": "q" * rng.randrange(8000)}]}
        if self.api in ("responses", "embeddings"):
            body["input"] = body.pop("messages")[0]["content"]
        if stream and self.api == "chat":
            body["stream_options"] = {"include_usage": True}
        mock = {"tools": str(rng.randrange(3)), "cached": str(rng.randrange(900)), "reason": str(rng.randrange(40)), "chunks": str(rng.randrange(1, 40))}
        plan = dialects.Plan(number, self.api, body, mock)
        self.truth = genai.Expected(**plan.truth())
        payload = json.dumps(body).encode()
        self.request = ("POST %s HTTP/1.1\r\nhost: api.%s.com\r\ncontent-type: application/json\r\n"
                        "content-length: %d\r\n\r\n" % (PATHS[self.api], self.truth.provider, len(payload))).encode()
        self.request_body = payload
        answer = b"".join(dialects.EVENTS[self.api](plan)) if stream else json.dumps(dialects.JSON[self.api](plan)).encode()
        coding = rng.choice(("identity", "identity", "identity", "gzip", "br", "zstd"))
        headers = ["HTTP/1.1 200 OK", "content-type: " + ("text/event-stream" if stream else "application/json"),
                   "x-request-id: req_%06d" % number]
        if coding != "identity":
            answer = reframe.encode(rng, coding, answer)
            headers.append("content-encoding: " + coding)
        if rng.random() < 0.4:
            headers.append("content-length: %d" % len(answer))
        else:
            headers.append("transfer-encoding: chunked")
            answer = reframe.chunked(rng, answer)
        self.response = "\r\n".join(headers).encode() + b"\r\n\r\n"
        self.response_body = answer
        self.hurt = set()  # parts that lost bytes


def connection(rng, out, calls, tgid, begin_ns, lose):
    """`lose` is (call, part); returns the start time of each call."""
    c, now, starts = tracefile.Connection(out, tgid, 0x5500 + tgid * 64), begin_ns, []
    for n, call in enumerate(calls):
        starts.append(now + 1000)
        for part, direction in (("request", 0), ("request_body", 0), ("response", 1), ("response_body", 1)):
            data = getattr(call, part)
            cut = list(reframe.pieces(rng, data, 1, max(2, min(len(data), rng.choice((40, 700, 16384))))))
            victim = rng.randrange(len(cut)) if (n, part) == lose else -1
            for k, piece in enumerate(cut):
                now += 1000 if not k and part == "request" else rng.randrange(1000, 300_000)
                if k == victim and rng.random() < 0.5:
                    c.hole(direction, len(piece), now)
                else:
                    c.call(direction, piece, now, lose=(lambda _: True) if k == victim else None)
                if k == victim:
                    call.hurt.add(part)
        now += rng.randrange(1000, 5_000_000)
    c.close(now + 1000)
    return starts


def contradicts(truth, span):
    """Fields that say something other than the truth; absent is no contradiction."""
    wrong = ["%s: truth %r, span %r" % (f, getattr(truth, f), span[genai.FIELDS[f]]) for f in (*NUMBERS, "id", "response_model", "model", "op")
             if span[genai.FIELDS[f]] is not None and span[genai.FIELDS[f]] != getattr(truth, f)]
    # Of tool calls that went through the hole one may miss, or its id or name.
    known = {word for t in truth.tools or [] for word in t.split(" ")}
    wrong += ["tools: %r not of %r" % (t, truth.tools) for t in span[genai.TOOLS] or [] if not set(t.split()) <= known]
    return wrong


def main():
    tap = Tap()
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    rng = random.Random(seed)
    records, told, number = [], [], 0
    for n in range(400):
        calls = [Call(rng, number + k) for k in range(5)]
        number += 5
        lose = None if n % 20 == 0 else (rng.randrange(4), rng.choice(("request", "request_body", "response", "response_body", "response_body")))
        starts = connection(rng, records, calls, 2000 + n, BEGIN_NS + n * 2_000_000, lose)
        told += [(n, k, lose, call, s + BOOT_TO_WALL_NS) for k, (call, s) in enumerate(zip(calls, starts))]
    with tempfile.TemporaryDirectory(prefix="gentap-loss-") as where:
        path = os.path.join(where, "loss.gentap")
        with open(path, "wb") as f:
            tracefile.write(f, records, [], BOOT_TO_WALL_NS)
        spans = agent.replay(path)
    by_start = {}
    for s in spans:
        by_start.setdefault(s.start_ns, []).append(s)
    tap.note("%d calls on 400 connections, 380 losses, SEED=%d" % (len(told), seed))
    before, after, lies, silent, missing, strays, whole = [], [], [], [], [], [], 0
    for n, k, lose, call, start in told:
        label = "connection %d, call %d %s, lost %s" % (n, k, call.api, lose)
        got = by_start.pop(start, [])
        if call.hurt:
            if not got and "request" not in call.hurt:
                missing.append(label)
            for s in got:
                lies += ["%s: %s" % (label, x) for x in contradicts(call.truth, s)]
                if s[genai.COMPLETENESS] == "full":
                    silent.append(label)
                whole += not genai.differences(call.truth, s)
            continue
        bad = ["%s: %d spans" % (label, len(got))] if len(got) != 1 else \
            ["%s: %s" % (label, d) for d in (genai.differences(call.truth, got[0]),) if d]
        if not bad and got[0][genai.COMPLETENESS] != "full":
            bad = ["%s: %s" % (label, got[0][genai.COMPLETENESS])]
        (before if not lose or k < lose[0] else after).extend(bad)
    for start, ss in by_start.items():  # a request whose beginning was lost starts later
        known = {c.truth.id: c.truth for _, _, _, c, _ in told if "request" in c.hurt}
        for s in ss:
            truth = known.get(s[genai.RESPONSE_ID])
            lies += contradicts(truth, s) if truth else []
            if not truth and s[genai.RESPONSE_ID]:
                strays.append("%s %s" % (s.name, s.attrs))
    tap.note("of 380 hurt calls %d lost none of what is judged" % whole)
    tap.check("calls without or before a loss are right", not before, before[:20])
    tap.check("calls behind a loss are right", not after, after[:20] + ["%d" % len(after)])
    tap.check("no number is invented or shifted", not lies, lies[:20] + ["%d" % len(lies)])
    tap.check("a call that lost bytes is not called full", not silent, silent[:20] + ["%d" % len(silent)])
    tap.check("a call whose request was seen has its span", not missing, missing[:20] + ["%d" % len(missing)])
    tap.check("no span of nothing", not strays, strays[:20])
    return tap.done()


sys.exit(main())
