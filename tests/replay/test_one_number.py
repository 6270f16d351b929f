#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One number everywhere: query, report, /metrics, OTLP metrics and a sum over the exported
spans say the same of one recorded workload; any difference fails."""
import collections
import datetime
import glob
import json
import math
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import otlp
import spans
from tap import Tap

KINDS = {"input": "gen_ai.usage.input_tokens", "output": "gen_ai.usage.output_tokens",
         "cache_read": "gen_ai.usage.cache_read.input_tokens", "cache_write": "gen_ai.usage.cache_creation.input_tokens",
         "reasoning": "gen_ai.usage.reasoning.output_tokens"}
REPORTED = {"input": "sum:input", "output": "sum:output", "cache_read": "sum:cached", "cache_write": "sum:cache_write",
            "reasoning": "sum:reasoning", "cost": "sum:cost", "calls": "count"}


def moved_to_now(to):
    """The recordings, so that their last request was a few seconds ago: a report is of this month."""
    stamp = re.compile(r'("startedDateTime": *")([^"]+)(")')
    read = lambda t: datetime.datetime.fromisoformat(t.replace("Z", "+00:00"))
    files = []
    for path in sorted(glob.glob(os.path.join(HERE, "golden", "*.har"))):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        by = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=5) - max(
            read(m[1]) for m in stamp.findall(text))
        files.append(os.path.join(to, os.path.basename(path)))
        with open(files[-1], "w", encoding="utf-8") as f:
            f.write(stamp.sub(lambda m: m[1] + (read(m[2]) + by).strftime("%Y-%m-%dT%H:%M:%S.%fZ") + m[3], text))
    return files


def of_spans(every):
    """What all others have to say, by model; None: no call says it."""
    sums = collections.defaultdict(lambda: collections.defaultdict(list))
    for s in every:
        if not s.is_call or "mcp.method.name" in s.attrs or s["gen_ai.operation.name"] == "fetch_response" and s[KINDS["input"]] is None:
            continue  # what is fetched was asked for, and counted, by another call; but for the usage of one in the background
        model = sums[s["gen_ai.request.model"]]
        model["calls"].append(1)
        for kind, key in KINDS.items():
            if s[key] is not None:
                model[kind].append(s[key])
        if s["gentap.cost.total"] is not None:
            model["cost"].append(s["gentap.cost.total"])
    return {m: {k: math.fsum(v) for k, v in kinds.items()} for m, kinds in sums.items()}


def whole(by_model):
    out = collections.defaultdict(list)
    for kinds in by_model.values():
        for k, v in kinds.items():
            out[k].append(v)
    return {k: math.fsum(v) for k, v in out.items()}


def of_query(db):
    columns = {"calls": "count", "cost": "sum:gentap.cost.total", **{k: "sum:" + v for k, v in KINDS.items()}}
    text = agent.run("query", *columns.values(), "--by", "gen_ai.request.model", "--where", "span.op:gen_ai.request", "--since", "all",
                     "--limit", "1000", "--db", db, "-o", "json").stdout
    return {r["gen_ai.request.model"]: {k: r[c] for k, c in columns.items() if r[c] is not None} for r in json.loads(text)["rows"]}


def of_report(db):
    rows = json.loads(agent.run("report", "monthly", "--db", db, "-o", "json").stdout)["period"]["rows"]
    return {i: {k: r[c] for k, c in REPORTED.items() if r.get(c) is not None} for i, r in enumerate(rows)}


def of_prometheus(path):
    found = collections.defaultdict(dict)
    with open(path, encoding="utf-8") as f:
        for name, labels, value in re.findall(r"^(\w+)\{(.*)\} ([0-9.]+)$", f.read(), re.M):
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))
            add(found, labels, name, float(value), "_")
    return found


def of_otlp(requests):
    found = collections.defaultdict(dict)
    for name, metric in otlp.metrics(requests).items():
        for p in otlp.points(metric):
            labels = otlp.attributes(p.attributes)
            if metric.WhichOneof("data") == "histogram":
                add(found, labels, name + "_count", p.count, ".")
            add(found, labels, name, otlp.number(p), ".")
    return found


def add(found, labels, name, value, dot):
    """Only what is compared: both names of each are here."""
    kind = {"gentap_tokens_total": None, "gentap.tokens": None, "gentap_cost_usd_total": "cost", "gentap.cost": "cost",
            "gen_ai_client_operation_duration_seconds_count": "calls", "gen_ai.client.operation.duration_count": "calls"}.get(name, 0)
    if kind == 0:
        return
    kind = kind or labels["gen_ai.token.type".replace(".", dot)]
    sums = found[labels.get("gen_ai.request.model".replace(".", dot))]
    sums[kind] = sums.get(kind, 0) + value


def differences(got, want):
    return ["%s %s: %r, the spans have %r" % (m, k, got.get(m, {}).get(k), want.get(m, {}).get(k))
            for m in set(got) | set(want) for k in ("calls", "cost", *KINDS)
            if abs((got.get(m, {}).get(k) or 0) - (want.get(m, {}).get(k) or 0)) > (1e-9 if k == "cost" else 0)]


def compare(tap, where):
    db, metrics = os.path.join(where, "one.db"), os.path.join(where, "metrics")
    with otlp.Receiver() as r:
        agent.run("decode", "--quiet", "--db", db, "--metrics-file", metrics, *moved_to_now(where),
                  environment={"OTEL_EXPORTER_OTLP_ENDPOINT": r.url})
    want = of_spans([s for t in r.traces for s in spans.from_proto(t)])
    total = whole(want)
    tap.check("there is something to compare", total["calls"] > 50 and total["cost"] > 0 and all(total[k] for k in KINDS), total)
    for name, got in (("query", of_query(db)), ("/metrics", of_prometheus(metrics)), ("OTLP metrics", of_otlp(r.metrics))):
        tap.equal("%s, by model" % name, differences(got, want), [])
        tap.equal("%s, all" % name, differences({"": whole(got)}, {"": total}), [])
    tap.equal("report, all", differences({"": whole(of_report(db))}, {"": total}), [])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as where:
        tap.run("compare", compare, where)
    return tap.done()


sys.exit(main())
