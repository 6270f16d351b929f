#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bytes that nobody sane sends: no crash, memory under its ceiling, other calls right."""
import concurrent.futures
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import genai
import spans as span_reader
import tracefile
from tap import Tap

BOOT_TO_WALL_NS = 1_749_999_000 * 10**9
RSS_MAX_MB = 120
MB = 1 << 20

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com\r\ncontent-type: application/json\r\n"
ASK = b'{"model":"m","messages":[]}'
REQUEST = HEAD + b"content-length: %d\r\n\r\n" % len(ASK) + ASK
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def good(number):
    body = json.dumps({"id": "good-%d" % number, "object": "chat.completion", "model": "m",
                       "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
                       "usage": {"prompt_tokens": 100 + number, "completion_tokens": 200 + number, "total_tokens": 300 + 2 * number}}).encode()
    return REQUEST, OK + b"content-length: %d\r\n\r\n" % len(body) + body


def bomb():
    """120 KB that unfold to 120 MB."""
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(z.compress(bytes(MB)) for _ in range(120)) + z.flush()


def hostile(rng):
    """(name, what the client sends, what the server sends). A list is a series of calls; an
    int in it is a hole of that many bytes."""
    gz = bomb()
    deep = b'{"model":"m","messages":' + b"[" * 300_000 + b"]" * 300_000 + b"}"
    yield "garbage", [rng.randbytes(70_000)], [rng.randbytes(70_000)]
    yield "HTTP, then garbage", [REQUEST, rng.randbytes(5000)], [b"HTTP/1.1 200 OK\r\n\r\n", rng.randbytes(50_000)]
    yield "garbage for a response", [REQUEST], [rng.randbytes(50_000)]
    yield "100,000 header bytes", [HEAD + b"x-a: " + b"y" * 100_000 + b"\r\ncontent-length: %d\r\n\r\n" % len(ASK) + ASK], [good(0)[1]]
    yield "10,000 headers", [HEAD + b"x: y\r\n" * 10_000 + b"\r\n"], [OK + b"z: w\r\n" * 10_000 + b"\r\n"]
    yield "a head that never ends", [HEAD + b"x-a: " + b"y" * 8 * MB], []
    yield "truncated JSON", [HEAD + b"content-length: 20\r\n\r\n" + b'{"model":"m","messag'], [OK + b"content-length: 15\r\n\r\n" + b'{"id":"x","choi']
    yield "invalid UTF-8", [HEAD + b"content-length: 27\r\n\r\n" + b'{"model":"\xff\xfe","messages":1'], [OK + b"content-length: 12\r\n\r\n" + b'{"id":"\xc3\x28"}']
    yield "deep nesting", [HEAD + b"content-length: %d\r\n\r\n" % len(deep) + deep], [OK + b"content-length: %d\r\n\r\n" % len(deep) + deep]
    yield "numbers", [REQUEST], [OK + b"connection: close\r\n\r\n" + b'{"id":"n","object":"chat.completion","usage":{"prompt_tokens":-5,'
                                 b'"completion_tokens":1e400,"total_tokens":99999999999999999999999}}']
    yield "a body of 1 GB", [HEAD + b"content-length: %d\r\n\r\n" % (1 << 30)] + [b'{"messages":"' + b"x" * MB] * 24 + [(1 << 30) - 24 * MB - 24 * 13], [good(0)[1]]
    yield "an answer of 1 GB", [REQUEST], [OK + b"content-length: %d\r\n\r\n" % (1 << 30)] + [b"x" * MB] * 24 + [(1 << 30) - 24 * MB]
    yield "gzip bomb", [REQUEST], [OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(gz) + gz]
    yield "gzip bomb as a stream", [REQUEST], [SSE + b"content-encoding: gzip\r\n\r\n" + chunk(gz) + b"0\r\n\r\n"]
    yield "broken gzip", [REQUEST], [OK + b"content-encoding: gzip\r\ncontent-length: 1000\r\n\r\n" + gz[:500] + rng.randbytes(500)]
    yield "an SSE line that never ends", [REQUEST], [SSE + b"\r\n"] + [chunk(b"data: " + b"y" * MB)] * 40
    yield "SSE of only comments", [REQUEST], [SSE + b"\r\n"] + [chunk(b": ping\n\n" * 1000)] * 100 + [b"0\r\n\r\n"]
    yield "a chunk size beyond reason", [REQUEST], [SSE + b"\r\nffffffffffffffffff\r\nxyz"]
    yield "tiny chunks", [REQUEST], [SSE + b"\r\n" + b"".join(chunk(b"z") for _ in range(50_000)) + b"0\r\n\r\n"]
    yield "two lengths", [HEAD + b"content-length: 5\r\ncontent-length: 7\r\n\r\nabcde"], [OK + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"]
    yield "responses without requests", [], [good(0)[1]] * 50
    yield "1,000 requests, no response", [REQUEST] * 1000, []


def build(rng, path):
    """One connection per case, a good call in front on connections of their own."""
    records, names, tgid, now = [], {}, 5000, 10**12
    for name, sends, receives in hostile(rng):
        tgid += 1
        names[tgid] = name
        c = tracefile.Connection(records, tgid, 0x6000 + tgid)
        for direction, series in ((tracefile.WRITE, sends), (tracefile.READ, receives)):
            for data in series:
                now += 1000
                if isinstance(data, int):
                    c.hole(direction, data, now)
                else:
                    c.call(direction, data, now)
        c.close(now + 1)
        c = tracefile.Connection(records, 9000, 0x7000 + tgid)
        for data, direction in zip(good(tgid), (tracefile.WRITE, tracefile.READ)):
            now += 1000
            c.call(direction, data, now)
        if tgid % 2:
            c.close(now + 1)
    with open(path, "wb") as f:
        tracefile.write(f, records, [], BOOT_TO_WALL_NS)
    return names


def many_connections(path, count):
    records = []
    for n in range(count):
        c = tracefile.Connection(records, 7000, 0x100000 + n * 16)
        c.call(tracefile.WRITE, REQUEST, 10**12 + n)
    ask, answer = good(1)
    c = tracefile.Connection(records, 7001, 0x99)
    c.call(tracefile.WRITE, ask, 2 * 10**12)
    c.call(tracefile.READ, answer, 2 * 10**12 + 5)
    with open(path, "wb") as f:
        tracefile.write(f, records, [], BOOT_TO_WALL_NS)


def crowd(path):
    """Bodies and events that do not end, on many connections at once; among them good calls."""
    records, now = [], 10**12
    starts = [([HEAD + b"content-length: 9000000\r\n\r\n" + b'{"messages":"'], []),
              ([REQUEST], [OK + b"content-length: 9000000\r\n\r\n" + b'{"id":"']),
              ([REQUEST], [SSE + b"\r\n" + b"800000\r\ndata: "])]
    for n in range(24):
        c = tracefile.Connection(records, 8000 + n, 0x100)
        sends, receives = starts[n % 3]
        for data in sends + [b"x" * 8 * MB if not receives else b""]:
            c.call(tracefile.WRITE, data, now + n)
        for data in receives + [b"x" * 8 * MB if receives else b""]:
            c.call(tracefile.READ, data, now + n)
    for n in range(5):
        c = tracefile.Connection(records, 7000 + n, 0x99)
        ask, answer = good(n + 1)
        c.call(tracefile.WRITE, ask, now + 50 + n)
        c.call(tracefile.READ, answer, now + 60 + n)
    with open(path, "wb") as f:
        tracefile.write(f, records, [], BOOT_TO_WALL_NS)


def apart(fn, *args):
    """In a process of its own: what ours holds counts as the peak of every child."""
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        return pool.submit(fn, *args).result()


def peak_mb(path):
    """Peak resident memory of the plain build over a trace, and its CompletedProcess."""
    command = [agent.binary(sanitized=False), "replay", "-o", "otlp-json", path]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, text=True)
        end = time.monotonic() + 300
        pid = 0
        while not pid and time.monotonic() < end:
            time.sleep(0.02)
            pid, status, usage = os.wait4(p.pid, os.WNOHANG)
        if not pid:
            p.kill()
            pid, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        for f in (out, err):
            f.seek(0)
        return usage.ru_maxrss >> 10, subprocess.CompletedProcess(command, p.returncode, out.read(), err.read())


def right(s):
    n = int(s[genai.RESPONSE_ID][5:])
    return s[genai.INPUT] == 100 + n and s[genai.OUTPUT] == 200 + n


def main():
    tap = Tap()
    seed = int(os.environ.get("SEED") or 1)
    with tempfile.TemporaryDirectory(prefix="gentap-hostile-") as where:
        path = os.path.join(where, "hostile.gentap")
        # Memory first: the sanitized build's would hide it, a child's maximum stays.
        names = apart(build, random.Random(seed), path)
        peak, p = peak_mb(path)
        tap.note("%d hostile connections, %d MB of trace: peak %d MB resident" % (len(names), os.path.getsize(path) >> 20, peak))
        tap.check("memory stays under %d MB" % RSS_MAX_MB, p.returncode == 0 and peak <= RSS_MAX_MB, "%d MB, %s" % (peak, p.stderr[-500:]))
        many = os.path.join(where, "crowd.gentap")
        apart(crowd, many)
        peak, p = peak_mb(many)
        goods = [s for s in span_reader.from_jsonl(p.stdout) if (s[genai.RESPONSE_ID] or "").startswith("good-")]
        tap.note("24 connections of 8 MB that do not end: peak %d MB resident" % peak)
        tap.check("connections that hold much at once: memory, and the calls of others",
                  p.returncode == 0 and peak <= RSS_MAX_MB and len([s for s in goods if right(s) and s[genai.COMPLETENESS] == "full"]) == 5,
                  "%d MB %d %s" % (peak, len(goods), p.stderr[-500:]))
        os.unlink(many)
        many = os.path.join(where, "many.gentap")
        apart(many_connections, many, 100_000)
        peak, p = peak_mb(many)
        tap.note("100,000 open connections: peak %d MB resident" % peak)
        tap.check("100,000 open connections: memory, and the last call", p.returncode == 0 and peak <= RSS_MAX_MB and
                  [s for s in span_reader.from_jsonl(p.stdout) if s[genai.RESPONSE_ID] == "good-1" and right(s)], "%d MB %s" % (peak, p.stderr[-500:]))
        found = agent.replay(path)
        goods = {s[genai.RESPONSE_ID]: s for s in found if (s[genai.RESPONSE_ID] or "").startswith("good-") and s[genai.RESPONSE_ID] != "good-0"}
        wrong = [names[t] for t in names if "good-%d" % t not in goods or not right(goods["good-%d" % t])]
        tap.check("the call behind each hostile connection is right", not wrong, wrong)
        bad = ["%s %s" % (k, s[k]) for s in found for k in (genai.INPUT, genai.OUTPUT) if s[k] is not None and not 0 <= s[k] < 10**6]
        tap.check("no absurd token count", not bad, bad)
        for name in ("not.har", "empty", "short.gentap", "version.gentap"):
            data = {"not.har": b"{]", "empty": b"", "short.gentap": open(path, "rb").read(100),
                    "version.gentap": tracefile.MAGIC + b"\xff\0\0\0" + bytes(100)}[name]
            file = os.path.join(where, name)
            with open(file, "wb") as f:
                f.write(data)
            p = agent.run("decode" if name in ("not.har", "empty") else "replay", "-o", "otlp-json", file, check=False)
            refused = p.returncode == 1 and name in p.stderr and not p.stdout
            tap.check("%s: %s" % (name, "a clear refusal" if name != "short.gentap" else "what is there, or a refusal"),
                      refused or (name == "short.gentap" and p.returncode == 0), "%d %r %r" % (p.returncode, p.stdout, p.stderr))
    return tap.done()


sys.exit(main())
