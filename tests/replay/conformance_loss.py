#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records lost anywhere: nothing invented, nothing shifted, the next call right.

Connections of made-up calls (the live tests' dialects), each with one loss: a record that
the ring refused, or bytes that could not be read. SEED=n repeats a run.
"""
import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common"), os.path.join(HERE, "..", "live")]
import agent
import genai
import reframe
import tracefile
from loss import Call, contradicts
from tap import Tap

BEGIN_NS = 1_000 * 10**9
BOOT_TO_WALL_NS = 1_749_999_000 * 10**9
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
