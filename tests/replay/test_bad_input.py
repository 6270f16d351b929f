#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers that are wrong in one way each: what a span then says, and that the next exchange on
the same connection is right. Bytes that are no answer at all are test_hostile.py's."""
import json
import os
import struct
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common"), os.path.join(HERE, "..", "live")]
import agent
import tracefile
from tap import Tap
from vendors import EVENTSTREAM, _aws

BOOT_TO_WALL_NS, BEGIN_NS, STEP_NS = 1_749_999_000 * 10**9, 10**12, 10**6
ABSENT = None
IN, OUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
ERROR, COMPLETE, WHY, VIOLATION = "error.type", "gentap.completeness", "gentap.partial_reason", "gentap.usage.violation"
ID = "gen_ai.response.id"


def ask(path="/v1/chat/completions"):
    body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
    return b"POST %s HTTP/1.1\r\nhost: gw.example\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (path.encode(), len(body)) + body


def answer(body, kind="application/json", status="200 OK", more=b""):
    return b"HTTP/1.1 %s\r\ncontent-type: %s\r\n%scontent-length: %d\r\n\r\n" % (status.encode(), kind.encode(), more, len(body)) + body


def chat(usage='{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}', rid="r", content="hi"):
    return ('{"id":"%s","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},'
            '"finish_reason":"stop"}],"usage":%s}' % (rid, content, usage)).encode()


def counts(prompt, completion="3", more=""):
    return answer(chat('{"prompt_tokens":%s,"completion_tokens":%s%s}' % (prompt, completion, more)))


def converse(*frames):
    return answer(b"".join(frames), EVENTSTREAM)


def spoilt(frame, at):
    return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1:]


def long_frame():
    """A frame that says it is longer than all that follows."""
    front = struct.pack(">II", 60000, 0)
    return front + struct.pack(">I", zlib.crc32(front)) + b"xx"


def bomb():
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(z.compress(bytes(1 << 20)) for _ in range(64)) + z.flush()


TEXT = _aws("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hi"}})
STOP = _aws("messageStop", {"stopReason": "end_turn"})
USAGE = _aws("metadata", {"usage": {"inputTokens": 12, "outputTokens": 3, "totalTokens": 15}})
STREAM = "/model/m/converse-stream"
DEEP = chat(content="x").replace(b'"usage"', b'"deep":' + b"[" * 100_000 + b"]" * 100_000 + b',"usage"')

# name, path, answer, what the span says of it
CASES = (
    ("a count as a string", "", counts('"12"'), {IN: ABSENT, OUT: 3}),
    ("a count as a float", "", counts("12.0"), {IN: 12, OUT: 3}),
    ("a count that is no whole number", "", counts("12.5"), {IN: ABSENT, OUT: 3}),
    ("a count of null", "", counts("null"), {IN: ABSENT, OUT: 3}),
    ("a count of 1e400", "", counts("1e400"), {IN: ABSENT, OUT: 3}),
    ("a count below zero", "", counts("-5"), {IN: ABSENT, OUT: 3}),
    ("a count beyond 64 bits", "", counts("99999999999999999999"), {IN: ABSENT, OUT: 3}),
    ("a count that is an object", "", counts('{"n":12}'), {IN: ABSENT, OUT: 3}),
    ("usage that is a list", "", answer(chat("[1,2]")), {IN: ABSENT, OUT: ABSENT, ID: "r"}),
    ("duplicate keys", "", answer(chat().replace(b'"prompt_tokens":12', b'"prompt_tokens":11,"prompt_tokens":12')), {IN: 12, OUT: 3}),
    ("NUL in strings", "", answer(chat(rid="a\\u0000b", content="\\u0000")), {IN: 12, OUT: 3, ERROR: None}),
    ("a lone surrogate", "", answer(chat(rid="a\\ud800b", content="\\udc00")), {IN: 12, OUT: 3, ERROR: None}),
    ("more audio than there was", "", counts("12", more=',"completion_tokens_details":{"audio_tokens":40}'),
     {IN: 12, OUT: 3, VIOLATION: True}),
    ("more cached than prompted", "", counts("12", more=',"prompt_tokens_details":{"cached_tokens":40}'),
     {IN: 12, OUT: 3, VIOLATION: True}),
    ("an HTML page with status 200", "", answer(b"<html><body>Sign in</body></html>", "text/html"), {IN: ABSENT, OUT: ABSENT, ID: ABSENT, COMPLETE: "partial"}),
    ("an HTML page that is called JSON", "", answer(b"<html><body>Sign in</body></html>"), {IN: ABSENT, OUT: ABSENT, ID: ABSENT, COMPLETE: "partial"}),
    ("a proxy's own error page", "", answer(b"<html><h1>502 Bad Gateway</h1></html>", "text/html", "502 Bad Gateway"), {IN: ABSENT, OUT: ABSENT, ERROR: "502"}),
    ("a proxy's own JSON", "", answer(b'{"message":"Forbidden"}', status="403 Forbidden"), {IN: ABSENT, OUT: ABSENT, ERROR: "403"}),
    ("JSON that nests 100,000 deep", "", answer(DEEP), {ERROR: None}),
    ("a deflate bomb", "", answer(bomb(), more=b"content-encoding: gzip\r\n"), {IN: ABSENT, OUT: ABSENT, COMPLETE: "partial"}),
    ("a wrong CRC of a message", STREAM, converse(spoilt(TEXT, len(TEXT) - 1), STOP, USAGE), {COMPLETE: "partial"}),
    ("a wrong CRC of a prelude", STREAM, converse(spoilt(TEXT, 9), STOP, USAGE), {COMPLETE: "partial"}),
    ("a byte of usage that its CRC does not cover", STREAM, converse(TEXT, STOP, spoilt(USAGE, len(USAGE) - 12)), {IN: ABSENT, OUT: ABSENT, COMPLETE: "partial"}),
    ("a frame that is longer than its stream", STREAM, converse(TEXT, STOP, long_frame()), {IN: ABSENT, OUT: ABSENT, COMPLETE: "partial"}),
)


def build(path):
    records = []
    for n, (_, where, bad, _) in enumerate(CASES):
        c, now = tracefile.Connection(records, 5000 + n, 0x6000 + n), BEGIN_NS + n * STEP_NS
        good = answer(chat('{"prompt_tokens":%d,"completion_tokens":7,"total_tokens":%d}' % (1000 + n, 1007 + n), "good-%d" % n))
        for send, receive in ((ask(where or "/v1/chat/completions"), bad), (ask(), good)):
            now += 1000
            c.call(tracefile.WRITE, send, now)
            now += 1000
            c.call(tracefile.READ, receive, now)
        c.close(now + 1)
    with open(path, "wb") as f:
        tracefile.write(f, records, [], BOOT_TO_WALL_NS)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="gentap-bad-") as where:
        path = os.path.join(where, "bad.gentap")
        build(path)
        by = {}
        for s in agent.replay(path):
            by.setdefault((s.start_ns - BOOT_TO_WALL_NS - BEGIN_NS) // STEP_NS, []).append(s)
    for n, (name, _, _, want) in enumerate(CASES):
        spans = sorted(by.get(n, []), key=lambda s: s.start_ns)
        if not tap.equal(name + ": two calls", len(spans), 2):
            continue
        bad, good = spans
        wrong = ["%s: %r" % (k, bad[k]) for k, v in want.items() if (bad[k] is None if v is True else bad[k] != v)]
        tap.check(name + ": what is told of it", not wrong, wrong + [json.dumps({k: v for k, v in bad.attrs.items() if k.startswith(("gen_ai.u", "gen_ai.resp", "gentap.", "error"))})])
        tap.equal(name + ": the next one is right", (good[ID], good[IN], good[OUT], good[COMPLETE], good[ERROR]), ("good-%d" % n, 1000 + n, 7, "full", None))
    return tap.done()


sys.exit(main())
