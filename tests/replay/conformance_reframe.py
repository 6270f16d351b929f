#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The corpus as raw HTTP/1.1 in a trace file through `gentap replay`.

Random chunking, codings, SSE line ends and record splits; keep-alive and pipelining; many
connections interleaved. Each call must be what the oracle expects, and its attributes
those that `gentap decode` finds in the same exchange as HAR. SEED=n repeats a run.
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
import score
import tracefile
from tap import Tap, skip_all

BEGIN_NS = 1_750_000_000 * 10**9
BOOT_TO_WALL_NS = 1_749_999_000 * 10**9
TIME_MS = 2500
# What a HAR file cannot know or says otherwise: it has no process, by which runs and
# conversations are told apart and agents named.
VOLATILE = {"gentap.capture.source", genai.TTFC, "gentap.run.id", "gen_ai.agent.name", "gen_ai.conversation.id", "gentap.ids.own",
            "network.peer.address", "network.peer.port",
            "gentap.inferred", "gentap.ambiguous", "gentap.conversation.branch", "gentap.side_call", "gentap.retry_wait"}
PROCESS = {"ppid": 1, "uid": 0, "start_ns": 1, "comm": "python3", "exe": "/usr/bin/python3", "cmdline": "python3 x.py"}


def connection(rng, out, cassette, tgid, begin_ns):
    """One cassette on one keep-alive connection. [(exchange, [(pid, start_ns)])] and its end."""
    c = tracefile.Connection(out, tgid, 0x7f0000000000 + rng.randrange(1 << 30) * 16, rng.randrange(1, 1 << 32))
    told, now = [], begin_ns
    c.bind(urlsplit(cassette[0].url).port or 443, begin_ns)

    def send(direction, data):
        nonlocal now
        for piece in reframe.splits(rng, data):
            now += rng.randrange(1_000, 900_000)
            c.call(direction, piece, now, tid=tgid + rng.randrange(3))

    def ask(x):
        nonlocal now
        head, body, expect = reframe.request(rng, x)
        now += rng.randrange(1_000, 50_000_000)
        mark = len(out)
        send(tracefile.WRITE, head if expect or rng.random() < 0.5 else head + body)
        told.append((x, [(tgid, out[mark][0] + BOOT_TO_WALL_NS)]))
        if expect:
            send(tracefile.READ, b"HTTP/1.1 100 Continue\r\n\r\n")
            send(tracefile.WRITE, body)
        elif b"".join(r[2][64:] for r in out[mark:]) == head:
            send(tracefile.WRITE, body)

    def answer(x, last):
        nonlocal now
        now += rng.randrange(1_000, 50_000_000)
        head, body = reframe.response(rng, x, last)
        if rng.random() < 0.5:
            send(tracefile.READ, head)
            send(tracefile.READ, body)
        else:
            send(tracefile.READ, head + body)

    if rng.random() < 0.1:  # pipelined
        for x in cassette:
            ask(x)
        for x in cassette:
            answer(x, x is cassette[-1])
    else:
        for x in cassette:
            ask(x)
            answer(x, x is cassette[-1])
    now += 1000
    if rng.random() < 0.7:
        c.close(now)
    return told, now


def write_trace(family, rng, path):
    records, processes, exits, told = [], [], [], []
    for n, cassette in enumerate(corpus.load(family)):
        tgid = 1000 + 10 * n
        begin = BEGIN_NS - BOOT_TO_WALL_NS + n * 20_000_000 + rng.randrange(1_000_000)
        found, end = connection(rng, records, cassette, tgid, begin)
        told += found
        processes.append(dict(PROCESS, pid=tgid))
        exits.append((end + 1000, tgid))
    with open(path, "wb") as f:
        tracefile.write(f, records, processes, BOOT_TO_WALL_NS, exits)
    return told


def decoded(family, where):
    """{label: span} of the same exchanges as HAR."""
    files, labels, start = [], {}, BEGIN_NS
    for n, cassette in enumerate(corpus.load(family)):
        entries = []
        for x in cassette:
            start += 10**9
            labels[start] = x.label
            entries.append(corpus.har_entry(x, start, 100))
        files.append(os.path.join(where, "%s-%d.har" % (family, n)))
        with open(files[-1], "w", encoding="utf-8") as f:
            json.dump(corpus.har(entries), f)
    return {labels[s.start_ns]: s for s in agent.decode(files)}


def family_test(tap, family, where, seed, write=write_trace):
    """`write` makes the trace: [(exchange, [(pid, start_ns) that its span may have])]."""
    path = os.path.join(where, family + ".gentap")
    told = write(family, random.Random("%s/%d" % (family, seed)), path)
    tap.note("%s: %d exchanges, %d KB, SEED=%d" % (family, len(told), os.path.getsize(path) >> 10, seed))
    by_start = {}
    for s in agent.replay(path):
        by_start.setdefault((s.pid, s.start_ns), []).append(s)
    as_har = decoded(family, where)
    result = score.Score(family)
    unlike, owners = [], []
    for x, starts in told:
        got = [s for start in starts for s in by_start.pop(start, [])]
        if not oracle.promised(x):
            continue
        result.add(x.label, oracle.expect(x), got)
        har = as_har.get(x.label)
        if not got or not har:
            continue
        # What is left of a limit until a date depends on the day.
        keys = {k for k in set(got[0].attrs) | set(har.attrs) if not k.endswith(".reset")} - VOLATILE
        unlike += ["%s: %s: HAR %r, trace %r" % (x.label, k, har[k], got[0][k])
                   for k in sorted(keys) if har[k] != got[0][k]]
        if not isinstance(got[0].pid, int):
            owners.append("%s: process.pid %r" % (x.label, got[0].pid))
    result.report(tap)
    tap.check(family + ": the trace and the HAR give the same attributes", not unlike, unlike[:40])
    tap.check(family + ": every span names its process", not owners, owners[:10])
    tap.check(family + ": no span without an exchange", not by_start,
              ["%s %s" % (k, [s.name for s in v]) for k, v in list(by_start.items())[:10]])


def main():
    if not corpus.folder():
        skip_all("no corpus beside the project (../shared/corpus)")
    tap = Tap()
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    with tempfile.TemporaryDirectory(prefix="gentap-reframe-") as where:
        for family in corpus.FAMILIES:
            tap.run(family, family_test, family, where, seed)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
