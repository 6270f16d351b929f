#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Metrics and log records over OTLP: the same in both encodings, read with the official
classes; the same numbers as a sum over the spans that were exported beside them."""
import collections
import json
import math
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDINGS = os.path.join(HERE, "..", "replay", "golden")
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import otlp
import spans
from tap import Tap

GOLDEN = [os.path.join(RECORDINGS, n + ".har")
          for n in ("agent_run", "agent_mcp", "anthropic_messages", "openai_chat", "openai_responses", "vendors")]
CONTENT = ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions")
EXPONENTIAL = {"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "base2_exponential_bucket_histogram"}
DELTA = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"}
TOKENS = {"input": "gen_ai.usage.input_tokens", "output": "gen_ai.usage.output_tokens",
          "cache_read": "gen_ai.usage.cache_read.input_tokens", "cache_write": "gen_ai.usage.cache_creation.input_tokens",
          "reasoning": "gen_ai.usage.reasoning.output_tokens"}


def export(*flags, protocol="http/protobuf", files=GOLDEN, **env):
    with otlp.Receiver() as r:
        agent.run("decode", "--quiet", *flags, *files, environment=dict(
            env, OTEL_EXPORTER_OTLP_ENDPOINT=r.url, OTEL_EXPORTER_OTLP_PROTOCOL=protocol))
        r.spans = [s for t in r.traces for s in spans.from_proto(t)]
        r.found = otlp.metrics(r.metrics)
        return r


def timeless(metric):
    """Points without their times, which differ from run to run."""
    found = []
    for p in otlp.points(metric):
        q = type(p)()
        q.CopyFrom(p)
        for f in ("start_time_unix_nano", "time_unix_nano"):
            setattr(q, f, 0)
        for e in q.exemplars:
            e.ClearField("time_unix_nano")
            e.ClearField("trace_id")
            e.ClearField("span_id")
            if metric.name.endswith("duration"):
                e.ClearField("as_double")
        found.append(q.SerializeToString(deterministic=True))
    return found


def encodings(tap):
    for env in ({}, EXPONENTIAL, DELTA):
        a, b = (export("--capture-content", protocol=p, **env) for p in ("http/protobuf", "http/json"))
        title = " ".join(env.values()) or "cumulative"
        tap.equal("%s: all could be read" % title, a.bad + b.bad, [])
        tap.check("%s: there are all signals" % title, a.found and a.logs and a.spans)
        tap.equal("%s: JSON has the same metrics" % title, sorted(b.found), sorted(a.found))
        unlike = [n for n in a.found if timeless(a.found[n]) != timeless(b.found[n])]
        tap.equal("%s: and the same points" % title, unlike, [])
        heads = [[(m.name, m.description, m.unit, m.WhichOneof("data")) for m in r.found.values()] for r in (a, b)]
        tap.equal("%s: named alike" % title, heads[1], heads[0])
        tap.equal("%s: and the same records" % title, records(b), records(a))


def one_number(tap, title, r):
    calls = [s for s in r.spans if s.is_call and "mcp.method.name" not in s.attrs]
    made = [s for s in calls if s["gen_ai.operation.name"] != "fetch_response" or s[TOKENS["input"]] is not None]
    get = r.found.get
    for kind, key in TOKENS.items():
        tap.equal("%s: tokens, %s" % (title, kind),
                  otlp.total(get("gentap.tokens"), **{"gen__ai_token_type": kind}), sum(s[key] or 0 for s in calls))
    cost = math.fsum(s["gentap.cost.total"] or 0 for s in calls)
    tap.check("%s: cost" % title, abs(otlp.total(get("gentap.cost")) - cost) < 1e-9, cost)
    tap.equal("%s: without a price" % title, otlp.total(get("gentap.calls_without_price")),
              sum(s["gentap.cost.total"] is None for s in made))
    tap.equal("%s: spans" % title, otlp.total(get("gentap.spans")), len(r.spans))
    tools = [s for s in r.spans if s["gen_ai.operation.name"] == "execute_tool" and "mcp.method.name" not in s.attrs]
    tap.equal("%s: tools" % title, otlp.total(get("gentap.tool_calls")), len(tools))
    return calls


def sums(tap):
    for title, env in (("cumulative", {}), ("delta", DELTA), ("exponential", EXPONENTIAL)):
        r = export(**env)
        calls = one_number(tap, title, r)
        duration = r.found["gen_ai.client.operation.duration"]
        points = otlp.points(duration)
        tap.equal("%s: durations are counted" % title, sum(p.count for p in points), len(calls))
        seconds = math.fsum((s.end_ns - s.start_ns) / 1e9 for s in calls)
        tap.check("%s: and summed" % title, abs(otlp.total(duration) - seconds) < 1e-6, seconds)
        tap.equal("%s: temporality" % title, {getattr(m, m.WhichOneof("data")).aggregation_temporality for m in r.found.values()
                                              if m.WhichOneof("data") != "gauge"}, {1 if env is DELTA else 2})
        tap.check("%s: times are in order" % title, all(0 < p.start_time_unix_nano <= p.time_unix_nano
                  for m in r.found.values() for p in otlp.points(m)))
        exemplars(tap, title, r)
        tap.check("%s: buckets add up" % title, all(buckets(p) == p.count for m in r.found.values()
                  for p in otlp.points(m) if hasattr(p, "count")))
        tap.equal("%s: who says so" % title, {otlp.attributes(rm.resource.attributes)["service.name"]
                                              for q in r.metrics for rm in q.resource_metrics}, {"gentap"})


def buckets(p):
    if hasattr(p, "bucket_counts"):
        return sum(p.bucket_counts) if len(p.bucket_counts) == len(p.explicit_bounds) + 1 else None
    return p.zero_count + sum(p.positive.bucket_counts)


def exemplars(tap, title, r):
    """Each is of a span that was exported, and has its value."""
    by_id = {(s.trace_id, s.span_id): s for s in r.spans}
    every = [(m, e) for m in r.found.values() for p in otlp.points(m) for e in p.exemplars]
    strange = [m.name for m, e in every if (e.trace_id.hex(), e.span_id.hex()) not in by_id]
    tap.equal("%s: exemplars are of exported spans" % title, strange, [])
    tap.check("%s: and there are some" % title, len(every) > 20, len(every))
    wrong = [(e.as_double, s.end_ns - s.start_ns) for m, e in every if m.name == "gen_ai.client.operation.duration"
             for s in [by_id.get((e.trace_id.hex(), e.span_id.hex()))]
             if s and abs(e.as_double - (s.end_ns - s.start_ns) / 1e9) > 1e-9]
    tap.equal("%s: and have its value" % title, wrong, [])


def generations(tap):
    old, new, both = (export("--semconv", s) for s in ("v1.41", "latest", "both"))
    only_new = {n for n in new.found if n.startswith("gen_ai.client.inference.")}
    tap.check("latest has its own names", {"gen_ai.client.inference.duration", "gen_ai.client.inference.usage.input_tokens",
              "gen_ai.client.inference.operation.output_tokens"} <= only_new and "gen_ai.client.token.usage" not in new.found,
              sorted(new.found))
    tap.check("v1.41 has none of them", not only_new & set(old.found) and "gen_ai.client.token.usage" in old.found, sorted(old.found))
    tap.equal("both has both", set(both.found), set(old.found) | set(new.found))
    inference = [s for s in new.spans if s["gen_ai.operation.name"] in ("chat", "generate_content", "text_completion")
                 # A background response's tokens are told by the first fetch that shows it done.
                 or s["gen_ai.operation.name"] == "fetch_response" and s["gen_ai.usage.input_tokens"] is not None]
    get = new.found.get
    tap.equal("inferences are counted", sum(p.count for p in otlp.points(get("gen_ai.client.inference.duration"))), len(inference))
    others = [s for s in new.spans if s.is_call and s not in inference and "mcp.method.name" not in s.attrs]
    tap.equal("and other operations apart", sum(p.count for p in otlp.points(get("gen_ai.client.operation.duration"))), len(others))
    for name, key in (("input_tokens", "gen_ai.usage.input_tokens"), ("output_tokens", "gen_ai.usage.output_tokens"),
                      ("cache_read.input_tokens", "gen_ai.usage.cache_read.input_tokens"),
                      ("cache_write.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
                      ("reasoning.output_tokens", "gen_ai.usage.reasoning.output_tokens")):
        m = get("gen_ai.client.inference.usage." + name)
        tap.equal("usage: %s" % name, otlp.total(m), sum(s[key] or 0 for s in inference))
        tap.check("usage: %s has modalities" % name, all("gen_ai.token.modality" in otlp.attributes(p.attributes) for p in otlp.points(m)))


def records(r):
    return [dict(attrs=otlp.attributes(x.attributes), event=x.event_name, severity=x.severity_number)
            for q in r.logs for rl in q.resource_logs for sl in rl.scope_logs for x in sl.log_records]


def logs(tap):
    r = export("--capture-content")
    inference = {s.span_id: s for s in r.spans if s["gen_ai.operation.name"] in ("chat", "generate_content", "text_completion")}
    every = {x.span_id.hex(): x for q in r.logs for rl in q.resource_logs for sl in rl.scope_logs for x in sl.log_records}
    tap.equal("one record for each inference", sorted(every), sorted(inference))
    tap.equal("its name", {x.event_name for x in every.values()}, {"gen_ai.client.inference.operation.details"})
    wrong = []
    for span_id, x in every.items():
        s, got = inference[span_id], otlp.attributes(x.attributes)
        want = {k: json.loads(v) if k in CONTENT else v for k, v in s.attrs.items()}
        if got != want or x.trace_id.hex() != s.trace_id or x.time_unix_nano != s.end_ns:
            wrong.append([k for k in set(got) | set(want) if got.get(k) != want.get(k)])
    tap.equal("it says what the span says, messages as values", wrong, [])
    tap.check("there are messages", any(c in otlp.attributes(x.attributes) for x in every.values() for c in CONTENT))
    tap.equal("without content there is none", export().logs, [])
    tap.equal("only on spans: none either", export("--capture-content=span").logs, [])
    r = export("--capture-content=event")
    tap.check("only as events: not on spans", r.logs and not any(c in s.attrs for s in r.spans for c in CONTENT))


def destinations(tap):
    with otlp.Receiver() as a, otlp.Receiver() as b:
        a.status = {"metrics": 404}
        p = agent.run("decode", "--quiet", "--export", a.url + " protocol=http/json headers=x-a=b", "--export",
                      b.url + " signals=traces compression=gzip", GOLDEN[0])
        got = [[len(r.traces), len(r.metrics), len(r.logs)] for r in (a, b)]
        tap.equal("two destinations, each what it wants", got, [[1, 1, 0], [1, 0, 0]])
        names = [sorted(s.name for t in r.traces for s in spans.from_proto(t)) for r in (a, b)]
        tap.check("and the same spans", names[0] == names[1] and names[0], names)
        tap.equal("a backend without metrics is no failure", p.returncode, 0)
        agent.run("decode", "--quiet", "--export-preset", "phoenix", GOLDEN[0],
                  environment={"PHOENIX_COLLECTOR_ENDPOINT": b.url})
        tap.equal("a preset", [len(b.traces), len(b.metrics)], [2, 0])
    bad = agent.run("decode", "--export-preset", "sentry", GOLDEN[0], check=False)
    tap.check("a preset without its key is an error", bad.returncode == 1 and "SENTRY_DSN is not set" in bad.stderr, bad.stderr)


def main():
    tap = Tap()
    for f in (encodings, sums, generations, logs, destinations):
        tap.run(f.__name__, f)
    return tap.done()


sys.exit(main())
