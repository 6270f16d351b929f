#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prometheus' remote write, both ways that metrics of gentap take to it: OTLP through a real Collector whose
exporter writes to a real Prometheus, and /metrics scraped by one Prometheus that writes on to another. What
the receiver answers is what the exported spans add up to."""
import collections
import contextlib
import glob
import math
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "common")]
import agent
import otelcol
import prometheus
import spans
from tap import Tap

GOLDEN = sorted(glob.glob(os.path.join(agent.ROOT, "tests", "replay", "golden", "*.har")))
SERVE = os.path.join(agent.BUILD, "system", "scrape_serve")
SERVICES = ("first", "second")  # that send to the same place: neither may overwrite the other's series
ARRIVE_S = 60
KINDS = {"input": "gen_ai.usage.input_tokens", "output": "gen_ai.usage.output_tokens",
         "cache_read": "gen_ai.usage.cache_read.input_tokens", "cache_write": "gen_ai.usage.cache_creation.input_tokens",
         "reasoning": "gen_ai.usage.reasoning.output_tokens"}
CONFIG = """
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:%(grpc)d"}, http: {endpoint: "127.0.0.1:%(http)d"}}}
exporters:
  prometheus_remote_write: {endpoint: "%(to)s", tls: {insecure: true}}
service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    metrics: {receivers: [otlp], exporters: [prometheus_remote_write]}
"""


def sums(every):
    """{(service, model): {what: sum}} of the calls; what no call says is not there."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for service, s in every:
        if not s.is_call or "mcp.method.name" in s.attrs or s["gen_ai.operation.name"] == "fetch_response":
            continue
        kinds = found[service, s["gen_ai.request.model"] or ""]
        kinds["calls"].append(1)
        for kind, value in [("cost", s["gentap.cost.total"]), *((k, s[key]) for k, key in KINDS.items())]:
            if value is not None:
                kinds[kind].append(value)
    return {k: {what: math.fsum(v) for what, v in kinds.items()} for k, kinds in found.items()}


def asked(p, service_label):
    """The same, of Prometheus' answers."""
    by = "sum by (%s, gen_ai_request_model, gen_ai_token_type) (%%s{gen_ai_operation_name!=\"fetch_response\"})" % service_label
    found = collections.defaultdict(dict)
    for name, what in (("gen_ai_client_operation_duration_seconds_count", "calls"), ("gentap_cost_USD_total", "cost"),
                       ("gentap_tokens_total", None)):
        for labels, value in p.query(by % name):
            found[labels.get(service_label), labels.get("gen_ai_request_model", "")][what or labels["gen_ai_token_type"]] = value
    return dict(found)


def same(got, want):
    """What differs; money to a billionth of a dollar, as Prometheus has doubles alone."""
    return ["%s %s: Prometheus has %r, the spans %r" % (k, what, got.get(k, {}).get(what), want.get(k, {}).get(what))
            for k in sorted(set(got) | set(want)) for what in ("calls", "cost", *KINDS)
            if abs((got.get(k, {}).get(what) or 0) - (want.get(k, {}).get(what) or 0)) > (1e-9 if what == "cost" else 0)]


def wait_until(is_true):
    end = time.monotonic() + ARRIVE_S
    while not is_true() and time.monotonic() < end:
        time.sleep(0.3)


def through_collector(tap, where):
    os.makedirs(where + "/collector")
    with prometheus.Prometheus(where, remote_write=True) as p:
        c = otelcol.Collector(where + "/collector", CONFIG, "-backends", to=p.write_url)
        every = []
        try:
            c.start()
            for i, service in enumerate(SERVICES):
                out = agent.run("decode", "-o", "otlp-json", *GOLDEN[i::len(SERVICES)], environment={
                    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:%d/v1/metrics" % c.http, "OTEL_TRACES_EXPORTER": "none",
                    "OTEL_SERVICE_NAME": service}).stdout
                every += [(service, s) for s in spans.from_jsonl(out)]
            want = sums(every)
            tap.check("there is something of each service", {s for s, _ in want} == set(SERVICES) and len(want) > 20 and
                      all(any(k.get(what) for k in want.values()) for what in ("cost", *KINDS)), want)
            wait_until(lambda: not same(asked(p, "job"), want))
            tap.equal("through the Collector: each figure, by service and model", same(asked(p, "job"), want), [])
            cost = p.value("sum(gentap_cost_USD_total)")
            tap.check("through the Collector: the whole cost", abs((cost or 0) - math.fsum(k.get("cost", 0) for k in want.values())) < 1e-9, cost)
            instances = {labels["instance"] for labels, _ in p.query("gentap_cost_USD_total")}
            tap.check("its series say of whom they are", instances and all(instances), instances)
            quantile = p.value("histogram_quantile(0.5, sum by (le) (gen_ai_client_operation_duration_seconds_bucket))")
            tap.check("and its histograms have quantiles", quantile is not None and 0 < quantile < 1e4, quantile)
            tap.note("remote write through the Collector: %d series of %d services, %.6f USD" % (
                p.value("count({__name__=~\".+\"})") or 0, len(SERVICES), cost or 0))
        finally:
            c.stop()


def between_two(tap, where):
    """What is served at /metrics, scraped by one and written on by it."""
    os.makedirs(where + "/scrapes")
    with subprocess.Popen([SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served, contextlib.ExitStack() as stack:
        try:
            port = int(served.stdout.readline())
            to = stack.enter_context(prometheus.Prometheus(where, remote_write=True))
            stack.enter_context(prometheus.Prometheus(where + "/scrapes", {"gentap": port}, remote_to=to.write_url))
            queries = ("gentap_spans_total", "gentap_test_total", "sum(gentap_cost_usd_total)", 'sum(gentap_tokens_total{gen_ai_token_type="input"})',
                       "sum(gen_ai_client_operation_duration_seconds_count)", "sum(gen_ai_client_operation_duration_seconds_sum)")
            want = [3, 42, 0.75, 7, 3, 3]
            wait_until(lambda: [to.value(q) for q in queries] == want)
            tap.equal("scraped by one, written to another: its numbers", [to.value(q) for q in queries], want)
            tap.equal("and from where", {labels["instance"] for labels, _ in to.query("gentap_spans_total")}, {"127.0.0.1:%d" % port})
        finally:
            served.communicate(input="\n", timeout=20)


def main():
    tap = Tap()
    if not prometheus.available():
        tap.skip("Prometheus", "not unpacked: tests/prometheus")
        return tap.done()
    for test, there in ((through_collector, otelcol.program("-backends")), (between_two, os.path.exists(SERVE))):
        if not there:
            tap.skip(test.__name__, "not built: make test-backends")
            continue
        with tempfile.TemporaryDirectory() as where:
            tap.run(test.__name__, test, where)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
