#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every usage of the corpus that another library has priced, priced here: to the picodollar.

usages.jsonl.gz says, per provider, what genai-prices made of a usage object, with the
prices of another day than the list that the agent carries. Differences are named below."""
import collections
import decimal
import gzip
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
from tap import Tap, skip_all
import corpus

BUILD = os.environ.get("BUILD", "build")
WHEN = 1_780_272_000  # 2026-06-01: before the price changes that the list dates later

# Where the list itself says something else than the corpus, and why that is right.
CHANGED = {
    ("google", "claude-sonnet-4-5-20250929"): "Vertex has the step at 200,000 input tokens as Anthropic has it",
    ("mistral", "ministral-8b-latest"): "the list has a newer price",
    ("cerebras", "qwen-3-coder-480b"): "the list has the model without a price: unknown, not free",
}


def records():
    with gzip.open(os.path.join(corpus.folder(), "usages.jsonl.gz"), "rt", encoding="utf-8") as f:
        for line in f:
            r = json.loads(line)
            for extracted in r["extracted"]:
                for x in extracted["extractors"]:
                    if "input_price" in x and r.get("model"):
                        yield x["provider_id"], r["model"], extracted["usage"], x


def picodollars(text):
    return int(decimal.Decimal(text).scaleb(12).to_integral_value(decimal.ROUND_HALF_UP))


def main():
    tap = Tap()
    if not corpus.folder():
        skip_all("no corpus beside the project")
    rows = list(records())
    lines = "".join("%s\t%s\t%d\t\t%s\n" % (p, m, WHEN, ",".join("%s=%d" % i for i in u.items())) for p, m, u, _ in rows)
    out = subprocess.run([os.path.join(BUILD, "replay", "price_usage")], input=lines, text=True,
                         capture_output=True, timeout=120, check=True).stdout.splitlines()
    wrong, named = collections.Counter(), collections.Counter()
    for (provider, model, usage, x), line in zip(rows, out):
        want = (picodollars(x["input_price"]), picodollars(x.get("output_price", "0")))
        f = line.split("\t")
        got = (int(f[1]), int(f[2])) if f[0] != "none" else f[1]
        if got != want:
            (named if (provider, model) in CHANGED else wrong)[
                "%s %s %s: want %s got %s" % (provider, model, usage, want, got)] += 1
    tap.check("%d priced usages, to the picodollar" % len(rows), not wrong and len(out) == len(rows),
              ["%d x %s" % (n, k) for k, n in wrong.most_common(40)])
    for pair, why in CHANGED.items():
        tap.note("prices: %s %s: %s" % (*pair, why))
    tap.note("prices: %d of %d equal, %d differ by name" % (len(rows) - sum(wrong.values()) - sum(named.values()),
                                                           len(rows), sum(named.values())))
    tap.check("enough to mean something", len(rows) > 1000, len(rows))
    sys.exit(tap.done())


main()
