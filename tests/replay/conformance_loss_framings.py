#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recorded answers of every framing with one record of theirs lost: a number is right or
absent, the call says that it is not whole, and the next one is right. SEED=n repeats a run.

Server-sent events, NDJSON, AWS event streams, whole JSON; and Gemini's streams as the one
JSON array that they are without alt=sse.
"""
import json
import os
import random
import sys
import tempfile
from urllib.parse import urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import corpus
import genai
import oracle
import reframe
import tracefile
from tap import Tap, skip_all

BEGIN_NS = 1_000 * 10**9
BOOT_TO_WALL_NS = 1_749_999_000 * 10**9
FAMILIES = ("bedrock", "cohere", "gemini", "groq", "mistral", "ollama", "openrouter", "vertex")
JUDGED = ("input", "output", "cache_read", "cache_write", "reasoning", "id", "response_model", "model")
# Bedrock's own metrics, behind the answer, count other output tokens than the answer says.
TWO_COUNTS = {"bedrock/13637a6e4ba2#0": 97, "bedrock/e2af2898119c#0": 90}
TWO_IDS = ("groq/19b18ced827e#0",)  # the last chunk of that recording has another id than the rest
WHOLE_EACH, STREAMED_EACH = 1, 4  # losses per recording


def as_array(x):
    """Gemini's stream without alt=sse, or None."""
    if ":streamGenerateContent" not in x.path or not x.sse:
        return None
    chunks = [line[6:] for line in x.plain.decode().splitlines() if line.startswith("data: ")]
    return ("[" + "\n,\n".join(json.dumps(json.loads(c), indent=2) for c in chunks) + "\n]").encode()


def answers(x):
    """(framing, content type, body)"""
    kind = (x.header("content-type") or "application/json").split(";")[0]
    name = {"text/event-stream": "sse", "application/vnd.amazon.eventstream": "eventstream", "application/json": "json",
            "application/x-ndjson": "ndjson", "application/stream+json": "ndjson"}.get(kind)
    if name:
        yield name, kind, x.plain
    if as_array(x):
        yield "array", "application/json", as_array(x)


def message(x, kind, body):
    headers = [(k, v) for k, v in reframe._kept(x.res_headers) if k.lower() != "content-type"]
    lines = ["HTTP/1.1 %d OK" % x.status] + ["%s: %s" % h for h in headers]
    lines += ["content-type: " + kind, "content-length: %d" % len(body)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def connection(rng, out, x, kind, body, tgid, begin_ns):
    """The exchange twice on one connection, the first time with a loss: start of each."""
    c, now, starts = tracefile.Connection(out, tgid, 0x5500 + tgid * 64), begin_ns, []
    c.bind(urlsplit(x.url).port or 443, begin_ns)
    for hurt in (True, False):
        head, request, _ = reframe.request(rng, x)
        now += 1000
        starts.append(now)
        c.call(tracefile.WRITE, head + request, now)
        now += 1000
        c.call(tracefile.READ, message(x, kind, body), now)
        cut = list(reframe.pieces(rng, body, 1, max(2, min(16384, len(body) // rng.choice((2, 5, 20)) + 1))))
        victim = rng.randrange(len(cut)) if hurt else -1
        for k, piece in enumerate(cut):
            now += 1000
            if k == victim and rng.random() < 0.5:
                c.hole(tracefile.READ, len(piece), now)
            else:
                c.call(tracefile.READ, piece, now, lose=(lambda _: True) if k == victim else None)
    c.close(now + 1000)
    return starts


def main():
    if not corpus.folder():
        skip_all("no corpus beside the project (../shared/corpus)")
    tap = Tap()
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    rng = random.Random(seed)
    records, told, tgid = [], [], 2000
    for family in FAMILIES:
        for x in (x for cassette in corpus.load(family) for x in cassette):
            if x.status >= 400 or not oracle.promised(x) or not x.plain:
                continue
            want = oracle.expect(x)
            for framing, kind, body in answers(x):
                for _ in range(WHOLE_EACH if framing == "json" else STREAMED_EACH):
                    tgid += 1
                    starts = connection(rng, records, x, kind, body, tgid, BEGIN_NS + tgid * 50_000_000)
                    told.append((framing, x.label, want, [s + BOOT_TO_WALL_NS for s in starts]))
    with tempfile.TemporaryDirectory(prefix="gentap-loss-") as where:
        path = os.path.join(where, "loss.gentap")
        with open(path, "wb") as f:
            tracefile.write(f, records, [], BOOT_TO_WALL_NS)
        spans = {}
        for s in agent.replay(path):
            spans.setdefault(s.start_ns, []).append(s)
    lies, silent, after, kept = [], [], [], {}
    for framing, label, want, (hurt, whole) in told:
        n = kept.setdefault(framing, [0, 0])
        n[0] += 1
        for s in spans.get(hurt, []):
            wrong = {f: (getattr(want, f), s[genai.FIELDS[f]]) for f in JUDGED
                     if getattr(want, f) is not genai.ANY and not (f == "id" and label.split()[0] in TWO_IDS) and
                     not (f == "output" and s[genai.FIELDS[f]] == TWO_COUNTS.get(label.split()[0])) and s[genai.FIELDS[f]] not in (None, getattr(want, f))}
            lies += ["%s %s: %s" % (framing, label, wrong)] if wrong else []
            silent += ["%s %s" % (framing, label)] if s[genai.COMPLETENESS] == "full" else []
            n[1] += want.output is not None and s[genai.OUTPUT] == want.output
        got = spans.get(whole, [])
        diff = genai.differences(want, got[0]) if len(got) == 1 else "%d spans" % len(got)
        after += ["%s %s: %s" % (framing, label, diff)] if diff else []
    tap.note("SEED=%d; hurt answers, and those that still had their output count: %s" % (
        seed, ", ".join("%s %d/%d" % (f, k, n) for f, (n, k) in sorted(kept.items()))))
    tap.check("no number, id or model is invented", not lies, lies[:30] + ["%d" % len(lies)])
    tap.check("an answer that lost bytes is not called full", not silent, silent[:20] + ["%d" % len(silent)])
    tap.check("the next call on the connection is right", not after, after[:30] + ["%d" % len(after)])
    return tap.done()


sys.exit(main())
