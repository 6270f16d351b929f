#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Costs on spans, by a price list of our own: lines, total, source, what is missing."""
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import spans
from tap import Tap

COST = "gentap.cost."
LINES = ("input", "cache_read", "cache_write", "output", "other")
LIST = {"version": "9", "price_date": "2026-01-02", "providers": [
    {"id": "openai", "models": [{"id": "gpt-4o", "match": {"starts_with": "gpt-4o"}, "prices": {
        "input_mtok": 10, "cache_read_mtok": 1, "output_mtok": 100}}]}]}


def decoded(tap, golden, prices):
    out = agent.run("decode", "-o", "otlp-json", "--prices", prices, os.path.join(HERE, "golden", golden)).stdout
    return spans.from_jsonl(out)


def costs(tap, prices):
    seen = set()
    for s in decoded(tap, "openai_chat.har", prices):
        a = s.attrs
        if "gen_ai.response.model" not in a and "gen_ai.request.model" not in a or s.name.startswith("invoke_agent"):
            continue  # cost stands on leaf spans
        seen.add(a.get(COST + "source"))
        if a.get(COST + "source") == "none":
            tap.check("%s: no figure where none is known" % s.name, not any(COST + k in a for k in LINES + ("total",)), a)
        elif a.get(COST + "source") == "refused":
            tap.check("%s: a call that was refused has no figure, and no unknown one" % s.name,
                      "error.type" in a and not any(COST + k in a for k in LINES + ("total", "missing")), a)
        elif a[COST + "model"] == "gpt-4o":
            tokens, cached = a["gen_ai.usage.input_tokens"], a.get("gen_ai.usage.cache_read.input_tokens", 0)
            want = (tokens - cached) * 10e-6 + cached * 1e-6 + a["gen_ai.usage.output_tokens"] * 100e-6
            tap.check("%s costs what it should" % s.name, abs(a[COST + "total"] - want) < 1e-12, (a[COST + "total"], want))
            tap.check("%s: the lines add up" % s.name, abs(sum(a[COST + k] for k in LINES) - a[COST + "total"]) < 1e-12, a)
            tap.check("%s: saved by the cache" % s.name, abs(a[COST + "saved"] - cached * 9e-6) < 1e-12, a)
            tap.equal("%s: of which day" % s.name, a[COST + "price_date"], LIST["price_date"])
        else:
            tap.check("%s: what our list lacks comes from the built-in one" % s.name,
                      a[COST + "price_date"] != LIST["price_date"], a)
    tap.check("known and unknown ones", "none" in seen and len(seen) > 1, seen)


def bad_lists(tap, where):
    for name, text in (("empty", ""), ("cut", json.dumps(LIST)[:-20]), ("html", "<html></html>"), ("other", '{"a": 1}')):
        path = os.path.join(where, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        p = agent.run("decode", "--prices", path, os.path.join(HERE, "golden", "openai_chat.har"), check=False)
        tap.check("a list that is %s is refused with one clear sentence" % name,
                  p.returncode == 1 and path in p.stderr and len(p.stderr.splitlines()) == 1, p.stderr)
    p = agent.run("decode", "--prices", os.path.join(where, "absent"), os.path.join(HERE, "golden", "openai_chat.har"), check=False)
    tap.check("and one that is not there", p.returncode == 1 and "absent" in p.stderr, p.stderr)


def commands(tap, prices):
    p = agent.run("prices", "--prices", prices)
    tap.check("prices names the lists", "2026-01-02" in p.stdout and "genai-prices" in p.stdout, p.stdout)
    p = agent.run("prices", "--prices", prices, "openai:gpt-4o-mini")
    tap.check("and what a model costs", "$10.00 / M" in p.stdout and "alias" in p.stdout, p.stdout)
    p = agent.run("prices", "--prices", prices, "no-such-model", check=False)
    tap.check("an unknown one is an error", p.returncode == 1 and "no-such-model" in p.stderr, p.stderr)
    table = agent.run("decode", "--prices", prices, os.path.join(HERE, "golden", "openai_chat.har"))
    tap.check("the sum says that it is a lower bound", "cost ≥ $" in table.stderr and "unknown cost" in table.stderr, table.stderr)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as where:
        prices = os.path.join(where, "prices.json")
        with open(prices, "w", encoding="utf-8") as f:
            json.dump(LIST, f)
        tap.run("costs", costs, prices)
        tap.run("bad lists", bad_lists, where)
        tap.run("commands", commands, prices)
    return tap.done()


sys.exit(main())
