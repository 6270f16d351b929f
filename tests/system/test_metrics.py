#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Metrics: the same numbers as a sum over the spans has, and served over HTTP."""
import collections
import glob
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDINGS = os.path.join(HERE, "..", "replay", "golden")
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import prometheus
import spans
from tap import Tap

SERVE = os.path.join(os.environ.get("BUILD", "build"), "system", "scrape_serve")
TOKENS = {"input": "gen_ai.usage.input_tokens", "output": "gen_ai.usage.output_tokens",
          "cache_read": "gen_ai.usage.cache_read.input_tokens", "cache_write": "gen_ai.usage.cache_creation.input_tokens",
          "reasoning": "gen_ai.usage.reasoning.output_tokens"}
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? (\d+(?:\.\d+)?)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')


def parse(text):
    """[(name, labels, value)]; raises at a line that the format does not have."""
    found, seen = [], set()
    for line in text.splitlines():
        if line.startswith(("# HELP ", "# TYPE ", "# UNIT ", "# EOF")):
            continue
        m = SAMPLE.match(line)
        if not m or m.group(1, 2) in seen:
            raise ValueError(line)
        seen.add(m.group(1, 2))
        found.append((m.group(1), dict(LABEL.findall(m.group(2) or "")), float(m.group(3))))
    return found


def total(samples, name, **labels):
    return sum(v for n, l, v in samples if n == name and all(l.get(k) == w for k, w in labels.items()))


def by(samples, name, label):
    sums = collections.Counter()
    for n, labels, v in samples:
        if n == name:
            sums[labels.get(label)] += v
    return dict(sums)


def one_number(tap, file, to):
    out = agent.run("decode", "-o", "otlp-json", "--metrics-file", to, file).stdout
    with open(to, encoding="utf-8") as f:
        text = f.read()
    samples, every = parse(text), spans.from_jsonl(out)
    calls = [s for s in every if s.is_call and "mcp.method.name" not in s.attrs]
    name = os.path.basename(file)
    tap.equal("%s: spans" % name, total(samples, "gentap_spans_total"), len(every))
    tap.equal("%s: calls by model" % name, by(samples, "gen_ai_client_operation_duration_seconds_count", "gen_ai_request_model"),
              dict(collections.Counter(s["gen_ai.request.model"] for s in calls)))
    seconds = sum(s.end_ns - s.start_ns for s in calls) / 1e9
    tap.check("%s: their time" % name,
              abs(total(samples, "gen_ai_client_operation_duration_seconds_sum") - seconds) < 1e-6, seconds)
    for kind, key in TOKENS.items():
        want = sum(s[key] or 0 for s in calls)
        tap.equal("%s: tokens, %s" % (name, kind), total(samples, "gentap_tokens_total", gen_ai_token_type=kind), want)
    known = [s for s in calls if s["gentap.cost.total"] is not None]
    cost = sum(s["gentap.cost.total"] for s in known)
    tap.check("%s: cost" % name, abs(total(samples, "gentap_cost_usd_total") - cost) < 1e-11, cost)
    tap.equal("%s: calls without one" % name, total(samples, "gentap_calls_without_price_total"),
              sum(s["gentap.cost.total"] is None and (s["gen_ai.operation.name"] != "fetch_response" or s[TOKENS["input"]] is not None)
                  for s in calls))
    tap.equal("%s: calls without usage" % name, total(samples, "gentap_calls_without_usage_total"),
              sum(s[TOKENS["input"]] is None and s["gen_ai.operation.name"] != "fetch_response" for s in calls))
    tap.equal("%s: errors" % name, by(samples, "gentap_errors_total", "error_type"),
              dict(collections.Counter(s["error.type"] for s in every if s["error.type"] is not None)))
    tap.equal("%s: what is missing of calls" % name, by(samples, "gentap_partial_calls_total", "gentap_partial_reason"),
              dict(collections.Counter(s["gentap.partial_reason"] for s in calls if s["gentap.partial_reason"] is not None)))
    tools = [s for s in every if s["gen_ai.operation.name"] == "execute_tool" and "mcp.method.name" not in s.attrs]
    tap.equal("%s: tools" % name, by(samples, "gentap_tool_calls_total", "gen_ai_tool_name"),
              dict(collections.Counter(s["gen_ai.tool.name"] for s in tools)))
    runs = [s for s in every if s["gen_ai.operation.name"] == "invoke_agent" and not s.is_call]
    tap.equal("%s: runs" % name, total(samples, "gen_ai_invoke_agent_duration_seconds_count"), len(runs))
    unpacked = os.path.join(os.environ.get("BUILD", "build"), "prometheus", "usr", "bin", "promtool")  # by tests/prometheus
    promtool = unpacked if os.path.exists(unpacked) else shutil.which("promtool")
    if not promtool:
        tap.skip("%s: promtool" % name, "not installed")
        return
    p = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    tap.check("%s: promtool" % name, p.returncode == 0, p.stdout + p.stderr)


def ask(port, method, path, body=None, **headers):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    c.request(method, path, body, headers)
    r = c.getresponse()
    text = r.read().decode()
    c.close()
    return r.status, r.getheader("Content-Type"), text


def answers(tap, port):
    status, kind, text = ask(port, "GET", "/metrics")
    tap.check("text by default", status == 200 and kind == "text/plain; version=0.0.4; charset=utf-8", (status, kind))
    tap.equal("its numbers", [total(parse(text), n) for n in ("gentap_spans_total", "gentap_cost_usd_total", "gentap_test_total")],
              [3, 0.75, 42])
    status, kind, text = ask(port, "GET", "/metrics", Accept="application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3")
    tap.check("OpenMetrics for who prefers it", status == 200 and kind.startswith("application/openmetrics-text; version=1.0.0")
              and text.endswith("\n# EOF\n"), (status, kind))
    for path in ("/healthz", "/readyz"):
        tap.equal(path, ask(port, "GET", path)[::2], (200, "ok\n"))
    tap.equal("HEAD", ask(port, "HEAD", "/metrics")[::2], (200, ""))
    tap.equal("elsewhere is nothing", ask(port, "GET", "/")[0], 404)
    tap.equal("and nothing to write", ask(port, "POST", "/metrics", "x" * 100000)[0], 405)


def scraped(tap, port):
    """A real Prometheus reads it, and has the same numbers by the names that it shows."""
    if not prometheus.available():
        tap.skip("Prometheus", "not unpacked: tests/prometheus")
        return
    with tempfile.TemporaryDirectory() as where, prometheus.Prometheus(where, {"gentap": port}) as p:
        end = time.monotonic() + 60
        while p.value("gentap_test_total") is None and time.monotonic() < end:
            time.sleep(0.2)
        tap.equal("Prometheus: its target", [(t["health"], t["lastError"]) for t in p.targets()], [("up", "")])
        values = {q: p.value(q) for q in ("gentap_spans_total", "gentap_test_total", "sum(gentap_cost_usd_total)",
                  'sum(gentap_tokens_total{gen_ai_token_type="input"})', "sum(gen_ai_client_operation_duration_seconds_count)",
                  "sum(gen_ai_client_operation_duration_seconds_sum)",
                  "histogram_quantile(0.5, sum by (le) (gen_ai_client_operation_duration_seconds_bucket)) <= 1.28")}
        tap.equal("Prometheus: its numbers", list(values.values())[:6], [3, 42, 0.75, 7, 3, 3])
        tap.check("Prometheus: a quantile of its histogram", (values.popitem()[1] or 0) > 0.64, values)
        model, = {m["gen_ai_request_model"] for m, _ in p.query("gentap_cost_usd_total")}
        tap.equal("Prometheus: a label with all that is to be escaped", model, 'a\\b"c\nd\ufffd')
        kinds = p.get("/api/v1/metadata")
        tap.equal("Prometheus: what they are", [kinds[n][0]["type"] for n in ("gentap_cost_usd", "gen_ai_client_operation_duration_seconds")],
                  ["counter", "histogram"])


def clients(tap, port):
    """One that says nothing, one byte by byte: neither holds up others."""
    with socket.create_connection(("127.0.0.1", port), 20) as idle, socket.create_connection(("127.0.0.1", port), 20) as slow:
        for b in b"GET /healthz HTTP/1.1\r\nHost: x\r\n":
            slow.sendall(bytes([b]))
        tap.equal("others are answered meanwhile", ask(port, "GET", "/healthz")[0], 200)
        slow.sendall(b"Connection: close\r\n\r\n")
        slow.settimeout(20)
        tap.check("a slow one is answered", slow.recv(4096).startswith(b"HTTP/1.1 200"))
        idle.settimeout(20)
        start = time.monotonic()
        tap.check("an idle one is closed", idle.recv(1) == b"" and time.monotonic() - start < 18)


def served(tap):
    with subprocess.Popen([SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        try:
            port = int(p.stdout.readline())
            answers(tap, port)
            scraped(tap, port)
            clients(tap, port)
            _, err = p.communicate(input="\n", timeout=20)
            tap.check("it ends", p.returncode == 0, err)
        finally:
            p.kill()


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as where:
        for file in sorted(glob.glob(os.path.join(RECORDINGS, "*.har"))):
            tap.run(os.path.basename(file), one_number, file, os.path.join(where, "metrics"))
    tap.run("served", served)
    bad = agent.run("decode", "--metrics-file", "/nonexistent/m", os.path.join(RECORDINGS, "openai_chat.har"), check=False)
    tap.check("a file that cannot be written is an error", bad.returncode == 1 and "/nonexistent/m" in bad.stderr, bad.stderr)
    return tap.done()


sys.exit(main())
