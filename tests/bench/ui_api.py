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
    yield "status", "status", {}
    yield "coverage", "coverage", {}
    yield "trace", "traces/last", {}


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
                print("%-26s %3d  median %7.1f ms  max %7.1f ms  %8d bytes" % (name, r.status, medians[-1], max(times), size))
            print("of all %d: median %.1f ms, slowest median %.1f ms" % (len(medians), statistics.median(medians), max(medians)))
        finally:
            server.terminate()
            server.wait(10)


main()
