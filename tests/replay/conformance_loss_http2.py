#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records lost anywhere on HTTP/2 connections of interleaved calls: nothing invented, nothing
shifted, recovery with the calls that come after.

One loss on each connection: a record that the ring refused, or bytes that could not be
read. Frames are cut into records, and joined, at random. SEED=n repeats a run.
"""
import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common"), os.path.join(HERE, "..", "live")]
import agent
import genai
import reframe_h2
import tracefile
from loss import NUMBERS, PATHS, Call, contradicts
from tap import Tap

BEGIN_NS = 1_000 * 10**9
BOOT_TO_WALL_NS = 1_749_999_000 * 10**9
CONNECTIONS, CALLS, AT_ONCE = 150, 8, 3


def message(n, call):
    request = [(":method", "POST"), (":scheme", "https"), (":authority", "api.%s.com" % call.truth.provider),
               (":path", PATHS[call.api]), ("content-type", "application/json"),
               ("authorization", "Bearer x"), ("user-agent", "test/1")]
    response = [(":status", "200"), ("content-type", "text/event-stream" if call.stream else "application/json"),
                ("x-request-id", "req_%06d" % call.number)]
    if call.coding != "identity":
        response.append(("content-encoding", call.coding))
    return reframe_h2.Message(n, request, call.request_body, response, call.answer)


def connection(rng, out, calls, tgid, begin_ns):
    """Index of the lost record, and for each call those of its first and last record."""
    lanes = [[message(n, call)] for n, call in enumerate(calls)]
    records = reframe_h2.records(rng, reframe_h2.Script(rng, lanes, AT_ONCE).out)
    lost = rng.randrange(4, len(records)) if tgid % 10 else -1
    c, now = tracefile.Connection(out, tgid, 0x5500 + tgid * 64), begin_ns
    for k, (direction, data, _) in enumerate(records):
        now += rng.randrange(1000, 300_000)
        if k == lost and rng.random() < 0.5:
            c.hole(direction, len(data), now)
        else:
            c.call(direction, data, now, lose=(lambda _: True) if k == lost else None)
    c.close(now + 1000)
    spans = {n: [k for k, r in enumerate(records) if n in r[2]] for n in range(len(calls))}
    return lost, {n: (ks[0], ks[-1]) for n, ks in spans.items()}


def is_right(truth, got):
    """One span, with every number."""
    wrong = genai.differences(truth, got[0]) if len(got) == 1 else {"count": len(got)}
    return not any(f in wrong for f in (*NUMBERS, "response_model", "model", "count"))


def main():
    tap = Tap()
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    rng = random.Random(seed)
    records, told, number = [], [], 0
    for n in range(CONNECTIONS):
        calls = []
        for _ in range(CALLS):
            calls.append(Call(rng, number, model="loss-%d" % number))
            number += 1
        lost, where = connection(rng, records, calls, 2000 + n, BEGIN_NS + n * 2_000_000)
        for k, call in enumerate(calls):
            first, last = where[k]
            when = "before" if lost < 0 or last < lost else "after" if first > lost + AT_ONCE else "hurt"
            told.append((call, when, "connection %d call %d %s (%s)" % (n, k, call.api, when)))
    with tempfile.TemporaryDirectory(prefix="gentap-loss-h2-") as where:
        path = os.path.join(where, "loss.gentap")
        with open(path, "wb") as f:
            tracefile.write(f, records, [], BOOT_TO_WALL_NS)
        spans = agent.replay(path)
    by_model, by_id = {}, {}
    for s in spans:
        by_model.setdefault(s[genai.FIELDS["model"]], []).append(s)
        by_id.setdefault(s[genai.RESPONSE_ID], []).append(s)
    before, lies, silent, strays, missed, after = [], [], [], [], [], 0
    for call, when, label in told:
        got = by_model.get(call.truth.model, [])
        lies += ["%s: %s" % (label, x) for s in got for x in contradicts(call.truth, s)]
        # Of one whose request was lost, the answer tells whose it is.
        lies += ["%s: %s" % (label, x) for s in (by_id.get(call.truth.id, []) if call.truth.id else []) for x in contradicts(call.truth, s)]
        silent += [label for s in got if s[genai.COMPLETENESS] == "full" and genai.differences(call.truth, s)]
        if when == "before":
            bad = ["%d spans" % len(got)] if len(got) != 1 else [d for d in (genai.differences(call.truth, got[0]),) if d]
            before += ["%s: %s" % (label, x) for x in bad]
        elif when == "after":
            after += 1
            missed += [] if is_right(call.truth, got) else [label]
    known = {c.truth.model for c, _, _ in told} | {None}
    strays = ["%s" % s.name for s in spans if s[genai.FIELDS["model"]] not in known]
    tap.note("%d calls on %d connections, %d behind a loss, SEED=%d" % (len(told), CONNECTIONS, after, seed))
    tap.check("calls without or before a loss are right", not before, before[:20] + ["%d" % len(before)])
    tap.check("no number is invented or shifted", not lies, lies[:20] + ["%d" % len(lies)])
    tap.check("what is called full is", not silent, silent[:20] + ["%d" % len(silent)])
    tap.check("no span of nothing", not strays, strays[:20])
    errors = [label for call, _, label in told for s in by_model.get(call.truth.model, []) if s["error.type"]]
    tap.check("no failure is invented", not errors, errors[:20])
    tap.check("%d calls behind a loss have every number" % after, after and not missed, missed[:20] + ["%d" % len(missed)])
    return tap.done()


sys.exit(main())
