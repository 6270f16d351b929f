#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Medians of the page's API over a large store: tests/bench/ui_api.py [RUNS] (96000: 1 M spans)"""
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
TOKEN = "bench-token-0123456789"
HOUR, DAY = 3600_000, 86400_000
REQUESTS = "span.op:gen_ai.request"
CALLS = "count failure_rate sum:gentap.cost.total sum:gen_ai.usage.total_tokens sum:gen_ai.usage.input_tokens sum:gen_ai.usage.input_tokens.cached p50:duration p95:duration p99:duration"


def questions(now):
    for name, span, interval in (("1 h", HOUR, "1m"), ("24 h", DAY, "1h")):
        at = {"from": now - span, "to": now}
        yield name + " tiles", "query", dict(at, select="count sum:gentap.cost.total sum:gen_ai.usage.total_tokens", where=REQUESTS)
        yield name + " cost by model", "series", dict(at, select="sum:gentap.cost.total", where=REQUESTS, group_by="model", interval=interval, stack=1)
        yield name + " latency", "series", dict(at, select="p50:duration p95:duration", where=REQUESTS, interval=interval)
        yield name + " models", "query", dict(at, select=CALLS, where=REQUESTS, group_by="model", sort="-sum:gentap.cost.total")
        yield name + " users", "query", dict(at, select=CALLS, where=REQUESTS, group_by="user")
        yield name + " tools", "query", dict(at, select="count failure_rate p50:duration p95:duration", where="span.op:gen_ai.execute_tool", group_by="tool")
        yield name + " one user's models", "query", dict(at, select=CALLS, where=REQUESTS + " and user:amara", group_by="model")
        yield name + " runs", "runs", dict(at, limit=1000)
        yield name + " runs with a tool", "runs", dict(at, limit=200, where="tool:Bash")
        yield name + " sessions", "sessions", dict(at, limit=1000)
        yield name + " flow", "flow", at
        yield name + " values", "values", dict(at, field="model")
        # Of attributes without a column of their own: they stand beside the slabs.
        yield name + " any attribute", "query", dict(at, select="count", where=REQUESTS, group_by="gen_ai.request.stream")
        yield name + " of many values", "query", dict(at, select="count sum:gentap.cost.total", where="gentap.rate_limit.requests.remaining>3900 and not http.response.status_code:429", group_by="gen_ai.request.stream")
        yield name + " spans with one", "query", dict(at, fields="time,model,user", where="http.response.status_code:429", limit=500)
        yield name + " spans with none", "query", dict(at, fields="time,model,user", where="server.port:8443", limit=500)
        yield name + " runs with one", "runs", dict(at, where="http.response.status_code:429", limit=200)
        yield name + " runs with none", "runs", dict(at, where="server.port:8443", limit=200)
    yield from controls(now)
    yield "status", "status", {}
    yield "coverage", "coverage", {}
    yield "trace", "traces/last", {}


BREAKDOWNS = ("model", "provider", "agent", "user", "tier", "team", "repo", "namespace", "pod", "host")
CHIPS = {"no chip": "", "model": " and model:claude-*", "not user": " and not user:ci", "branch, host": " and branch:main and host:workstation",
         "error type": " and error_type:rate_limit_exceeded", "two": " and completeness:partial and agent:coder"}


def controls(now):
    """What the page's controls can ask: each breakdown and each kind of chip, in each range, at its step."""
    for name, span, interval in (("15 m", HOUR // 4, "15s"), ("1 h", HOUR, "1m"), ("6 h", 6 * HOUR, "10m"), ("24 h", DAY, "1h"), ("7 d", 7 * DAY, "3h")):
        at = {"from": now - span, "to": now}
        for by in BREAKDOWNS:
            for chip in ("no chip", "two"):
                where = REQUESTS + CHIPS[chip]
                yield "%s by %s, %s" % (name, by, chip), "query", dict(at, select=CALLS, where=where, group_by=by, limit=500)
                yield "%s spend by %s, %s" % (name, by, chip), "series", dict(at, select="sum:gentap.cost.total", where=where, group_by=by, interval=interval, stack=1, top=8)
                yield "%s p95 by %s, %s" % (name, by, chip), "series", dict(at, select="p95:duration", where=where, group_by=by, interval=interval, top=8)
        for chip, clause in CHIPS.items():
            yield "%s latency, %s" % (name, chip), "series", dict(at, select="p50:duration p95:duration p50:ttft", where=REQUESTS + clause, interval=interval)
            yield "%s tiles, %s" % (name, chip), "query", dict(at, select="count failure_rate p95:duration", where="span.op:gen_ai.invoke_agent" + clause)
            yield "%s prices, %s" % (name, chip), "query", dict(at, select="count sum:gentap.cost.total", where=REQUESTS + clause, group_by="model,gentap.cost.source,gentap.cost.price_date", limit=200)
            yield "%s who, %s" % (name, chip), "query", dict(at, select="uniq:gen_ai.agent.name uniq:gentap.run.id", where="span.op:gen_ai.execute_tool" + clause, group_by="tool", limit=300)
        yield name + " spread", "series", dict(at, select=" ".join("below:duration:%dms" % ms for ms in (100, 300, 1000, 3000, 10000, 30000)) + " count", where=REQUESTS, interval=interval)
        for field in ("user", "branch", "pod", "cost_source"):
            yield "%s values of %s" % (name, field), "values", dict(at, field=field)


def main():
    runs = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1].isdigit() else "96000"
    with tempfile.TemporaryDirectory(prefix="gentap-bench-") as folder:
        db = sys.argv[2] if len(sys.argv) > 2 else os.path.join(folder, "t.db")
        if len(sys.argv) <= 2:
            print("spans: " + subprocess.check_output([os.path.join(BUILD, "ui", "fill"), db, runs, "86400"], text=True).strip())
        server = subprocess.Popen([os.path.join(BUILD, "gentap"), "ui", "--db", db, "--listen", "127.0.0.1:4790"], env=dict(os.environ, GENTAP_UI_TOKEN=TOKEN), stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                try:
                    c = http.client.HTTPConnection("127.0.0.1", 4790, timeout=60)
                    c.request("GET", "/healthz")
                    c.getresponse().read()
                    break
                except OSError:
                    time.sleep(0.05)
            medians = []
            for name, path, args in questions(int(time.time() * 1000)):
                times = []
                for _ in range(7):
                    began = time.monotonic()
                    c.request("GET", "/api/v1/%s?%s" % (path, urllib.parse.urlencode(args)), headers={"Authorization": "Bearer " + TOKEN})
                    r = c.getresponse()
                    size = len(r.read())
                    times.append((time.monotonic() - began) * 1000)
                medians.append(statistics.median(times))
                print("%-40s %3d  median %7.1f ms  max %7.1f ms  %8d bytes" % (name, r.status, medians[-1], max(times), size))
            print("of all %d: median %.1f ms, slowest median %.1f ms; %d above 100 ms" % (len(medians), statistics.median(medians), max(medians), sum(m >= 100 for m in medians)))
        finally:
            server.terminate()
            server.wait(10)


main()
