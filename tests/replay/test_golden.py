#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""golden/NAME.har through `gentap decode` must give golden/NAME.spans.json.

Times are relative to the file's first entry; a parent is said by its name, a conversation
by its number; ids, what differs between machines, and costs (they follow the price list;
see test_prices.py) are left out. test_golden.py --update rewrites the expectations: read
the difference.
"""
import datetime
import glob
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
from tap import Tap


def begin_ns(har):
    when = datetime.datetime.fromisoformat(har["log"]["entries"][0]["startedDateTime"].replace("Z", "+00:00"))
    return round(when.timestamp() * 1000) * 10**6


def normal(spans, begin):
    spans.sort(key=lambda s: (s.start_ns, s.name))
    names, numbers = {s.span_id: s.name for s in spans}, {}
    for s in spans:
        s.attrs.pop("gentap.run.id", None)
        s.parent_id = names.get(s.parent_id, s.parent_id)
        own = s["gen_ai.conversation.id"]
        if own and re.fullmatch("[0-9a-f]{32}", own):
            s.attrs["gen_ai.conversation.id"] = "conversation %d" % numbers.setdefault(own, len(numbers) + 1)
    return [{"name": s.name, "kind": s.kind, "start_ms": (s.start_ns - begin) / 1e6, "end_ms": (s.end_ns - begin) / 1e6,
             "status": s.status, "message": s.status_message, "parent": s.parent_id, "scope": s.scope, "schema": s.schema_url,
             "attributes": {k: v for k, v in sorted(s.attrs.items()) if not k.startswith(("gentap.cost.", "gentap.run.cost"))}}
            for s in spans]


def main():
    tap, update = Tap(), "--update" in sys.argv
    for file in sorted(glob.glob(os.path.join(HERE, "golden", "*.har"))):
        name = os.path.basename(file)[:-4]
        with open(file, encoding="utf-8") as f:
            har = json.load(f)
        got = normal(agent.decode([file], runs=True), begin_ns(har))
        golden = os.path.join(HERE, "golden", name + ".spans.json")
        if update:
            with open(golden, "w", encoding="utf-8") as f:
                json.dump(got, f, indent=1, ensure_ascii=False)
                f.write("\n")
        with open(golden, encoding="utf-8") as f:
            want = json.load(f)
        unlike = []
        for n in range(max(len(want), len(got))):
            a, b = (x[n] if n < len(x) else {} for x in (want, got))
            flat = lambda s: {**{k: v for k, v in s.items() if k != "attributes"}, **s.get("attributes", {})}
            a, b = flat(a), flat(b)
            unlike += ["span %d, %s: want %r, got %r" % (n, k, a.get(k), b.get(k)) for k in sorted(set(a) | set(b)) if a.get(k) != b.get(k)]
        tap.check("%s (%d spans)" % (name, len(want)), not unlike and want, unlike[:40])
    return tap.done()


sys.exit(main())
