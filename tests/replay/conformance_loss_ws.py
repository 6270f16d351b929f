#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records lost anywhere on WebSocket sessions: Responses, several lanes at a time, Realtime
and Gemini Live, one response after the other; plain and with permessage-deflate, with and without
its context kept; masked, fragmented, with pings between.

One loss on each connection. Nothing is invented; what was over before the loss is right;
what begins behind it is right again, unless the compression's context went with the loss.
SEED=n repeats a run.
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
import tracefile
from realtime import Side, live_turn, realtime_turn, responses_lane
from loss import NUMBERS, contradicts
from tap import Tap

BEGIN_NS = 1_000 * 10**9
BOOT_TO_WALL_NS = 1_749_999_000 * 10**9
CONNECTIONS, CALLS, LANES = 160, 6, 3
KINDS = ("plain", "deflate", "deflate, context kept")
APIS = {"responses": ("api.openai.com", "/v1/responses", responses_lane),
        "realtime": ("api.openai.com", "/v1/realtime?model=%s", realtime_turn),
        "live": ("generativelanguage.googleapis.com", "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", live_turn)}


def plan(rng, number, model, api):
    body = {"model": model, "stream": True, "input": "q" * rng.randrange(300)}
    mock = {"tools": str(rng.randrange(3)), "cached": str(rng.randrange(900)), "reason": str(rng.randrange(40)), "chunks": str(rng.randrange(1, 12))}
    if api == "live":  # by its counts a turn is known
        mock = {"in": str(100000 + number), "out": str(rng.randrange(1, 999)), "tools": mock["tools"], "chunks": mock["chunks"]}
    return dialects.Plan(number, "responses", body, mock)


def script(rng, plans, api, kind):
    """(direction, bytes, call) in the order in which they are sent."""
    extension = {"plain": "", "deflate": "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
                 "deflate, context kept": "permessage-deflate"}[kind]
    line = "Sec-WebSocket-Extensions: %s\r\n" % extension if extension else ""
    host, target, lane = APIS[api]
    target = target.replace("%s", plans[0].model)
    out = [(0, ("GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % (target, host, line)).encode(), None),
           (1, ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s"
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" % line).encode(), None)]
    sides = [Side(rng, True, kind), Side(rng, False, kind)]
    if api == "live":
        out += [(0, data, None) for data in sides[0].message(json.dumps({"setup": {"model": "models/" + plans[0].model}}).encode())]
    waiting, active = list(enumerate(plans)), []
    while waiting or active:
        if waiting and len(active) < (LANES if api == "responses" else 1):
            n, p = waiting.pop(0)
            active.append((n, lane(p, "lane-%d" % n, "conv_%d" % (p.n // CALLS))))
        n, steps = rng.choice(active)
        step = next(steps, None)
        if step is None:
            active.remove((n, steps))
            continue
        out += [(step[0], data, n) for data in sides[step[0]].message(json.dumps(step[1]).encode())]
    return out


def connection(rng, out, plans, api, kind, tgid, begin_ns):
    """(index of the lost record, its direction, {call: (its first record, its last)})."""
    records = []
    for direction, data, n in script(rng, plans, api, kind):
        if records and records[-1][0] == direction and n is not None and records[-1][2] != {None} and rng.random() < 0.15:
            records[-1] = (direction, records[-1][1] + data, records[-1][2] | {n})
        elif n is not None and rng.random() < 0.15 and len(data) > 1:
            cut = rng.randrange(1, len(data))
            records += [(direction, data[:cut], {n}), (direction, data[cut:], {n})]
        else:
            records.append((direction, data, {n}))
    # Gemini Live says once whose session it is: without that there is no model.
    begun = next(k for k, r in enumerate(records) if r[2] != {None})
    lost = rng.randrange(begun, len(records)) if tgid % 10 else len(records)
    c, now = tracefile.Connection(out, tgid, 0x5500 + tgid * 64), begin_ns
    c.bind(443, begin_ns)
    for k, (direction, data, _) in enumerate(records):
        now += rng.randrange(1000, 300_000)
        if k == lost and rng.random() < 0.5:
            c.hole(direction, len(data), now)
        else:
            c.call(direction, data, now, lose=(lambda _: True) if k == lost else None)
    c.close(now + 1000)
    where = {n: [k for k, r in enumerate(records) if n in r[2]] for n in range(len(plans))}
    return lost, records[lost][0] if lost < len(records) else None, {n: (ks[0], ks[-1]) for n, ks in where.items()}


def main():
    tap = Tap()
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    rng, records, told, number = random.Random(seed), [], [], 0
    for n in range(CONNECTIONS):
        api, kind = list(APIS)[n % 3], KINDS[n // 3 % len(KINDS)]
        model = "ws-%d" % n
        plans = [plan(rng, number + k, model, api) for k in range(CALLS)]
        number += CALLS
        lost, direction, where = connection(rng, records, plans, api, kind, 2000 + n, BEGIN_NS + n * 2_000_000_000)
        for k, p in enumerate(plans):
            first, last = where[k]
            told.append((p, kind, api, "before" if last < lost else "after" if first > lost else "hit", direction))
    with tempfile.TemporaryDirectory(prefix="gentap-loss-") as place:
        path = os.path.join(place, "ws.gentap")
        with open(path, "wb") as f:
            tracefile.write(f, records, [], BOOT_TO_WALL_NS)
        spans = agent.replay(path)
    by_id, live = {}, {p.model for p, _, api, *_ in told if api == "live"}
    for s in spans:
        by_id.setdefault(s[genai.FIELDS["input"]] if s[genai.FIELDS["model"]] in live else s[genai.RESPONSE_ID], []).append(s)
    before, lies, silent, behind = [], [], [], {}
    for p, kind, api, when, direction in told:
        truth, got = genai.Expected(**p.truth()), by_id.get(p.input if api == "live" else p.id, [])
        truth.stream = genai.ANY
        label = "%s, %s, %s the loss, %s" % (api, kind, when, p.id)
        if api == "live":
            truth.op, truth.id, truth.response_model, truth.reasoning = "generate_content", None, None, None
            truth.cache_read = None
        lies += ["%s: %s" % (label, x) for s in got for x in contradicts(truth, s)]
        numbers = lambda s: {f for f in (*NUMBERS, "response_model") if s[genai.FIELDS[f]] != getattr(truth, f)}
        if api == "realtime":
            truth.response_model = p.model
        if when == "before":
            before += ["%s: %d spans" % (label, len(got))] if len(got) != 1 else ["%s: %s" % (label, numbers(got[0]))] if numbers(got[0]) else []
        silent += [label for s in got if s[genai.COMPLETENESS] == "full" and numbers(s)]
        if when == "after":
            n = behind.setdefault((kind, "what was asked" if direction == 0 else "what was answered"), [0, 0])
            n[0] += 1
            n[1] += len(got) == 1 and not numbers(got[0])
    tap.note("%d operations on %d sessions, %d spans, SEED=%d" % (len(told), CONNECTIONS, len(spans), seed))
    tap.check("operations without or before a loss are right", told and not before, before[:20] + ["%d" % len(before)])
    tap.check("no number is invented or shifted", not lies, lies[:20] + ["%d" % len(lies)])
    tap.check("what is called full is", not silent, silent[:20] + ["%d" % len(silent)])
    known = {p.id for p, *_ in told} | {p.input for p, _, api, *_ in told if api == "live"} | {None}
    strays = [s.name for key, some in by_id.items() for s in some if key not in known]
    tap.check("no span of nothing", not strays, strays[:20])
    for (kind, side), (n, right) in sorted(behind.items()):
        tap.note("%s, a loss in %s: %d of %d operations behind it are right" % (kind, side, right, n))
        if kind == "deflate, context kept" and side == "what was answered":
            continue  # the context is gone for good
        tap.check("%s: behind a loss in %s all goes on, 9 of 10" % (kind, side), right >= 0.9 * n, "%d of %d" % (right, n))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
