#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the page's server lets in and what not, over real sockets, ASan build first."""
import datetime
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = os.environ.get("ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
sys.path.insert(0, os.path.join(ROOT, "tests", "common"))
from tap import Tap  # noqa: E402
from page_server import BEARER, TOKEN, Server  # noqa: E402


def refused(tap, s):
    own = "http://127.0.0.1:%d" % s.port
    cookie = {"Cookie": "gentap-%d=%s" % (s.port, TOKEN)}
    rows = [
        # name, path, method, headers, host, statuses
        ("no token", "/api/v1/status", "GET", {}, None, {401}),
        ("wrong token", "/?token=no", "GET", {}, None, {401}),
        ("page without token", "/", "GET", {}, None, {401}),
        ("asset without token", "/app.js", "GET", {}, None, {401}),
        ("cookie of another port", "/", "GET", {"Cookie": "gentap-1=" + TOKEN}, None, {401}),
        ("foreign host", "/api/v1/status", "GET", BEARER, "evil.example:%d" % s.port, {421}),
        ("foreign host with token", "/?token=" + TOKEN, "GET", {}, "evil.example", {421}),
        ("no host", "/api/v1/status", "GET", BEARER, "", {400, 421}),
        ("other origin", "/api/v1/status", "GET", dict(cookie, Origin="http://evil.example"), None, {403}),
        ("other port's origin", "/api/v1/status", "GET", dict(cookie, Origin="http://127.0.0.1:1"), None, {403}),
        ("cross-site write", "/api/v1/dashboards/x", "PUT", dict(cookie, **{"Sec-Fetch-Site": "cross-site"}), None, {403}),
        ("method", "/api/v1/query", "POST", BEARER, None, {405}),
        ("unknown method", "/", "BREW", BEARER, None, {405, 501}),
        ("write to a page", "/", "PUT", BEARER, None, {405}),
        ("delete a run", "/api/v1/runs", "DELETE", BEARER, None, {405}),
        ("traversal", "/../../etc/passwd", "GET", BEARER, None, {400, 404}),
        ("coded traversal", "/%2e%2e/%2e%2e/etc/passwd", "GET", BEARER, None, {400, 404}),
        ("traversal of a dashboard", "/api/v1/dashboards/..%2f..%2fetc%2fpasswd", "GET", BEARER, None, {400, 404}),
        ("backslash", "/..%5c..%5cetc", "GET", BEARER, None, {400, 404}),
        ("unknown page", "/nothing", "GET", BEARER, None, {404}),
        ("unknown resource", "/api/v1/nothing", "GET", BEARER, None, {404}),
        ("unknown trace", "/api/v1/traces/00000000000000000000000000000001", "GET", BEARER, None, {404}),
        ("trace that is none", "/api/v1/traces/zz", "GET", BEARER, None, {400, 404}),
        ("span that is none", "/api/v1/traces/last/zz", "GET", BEARER, None, {400}),
        ("bad aggregate", "/api/v1/query?select=sum:", "GET", BEARER, None, {400}),
        ("bad condition", "/api/v1/query?select=count&where=(model:a", "GET", BEARER, None, {400}),
        ("bad time", "/api/v1/query?select=count&from=-1", "GET", BEARER, None, {400}),
        ("huge time", "/api/v1/query?select=count&from=99999999999999999999", "GET", BEARER, None, {400}),
        ("too many steps", "/api/v1/series?select=count&interval=1s&from=1&to=99999999999", "GET", BEARER, None, {422}),
        ("no interval", "/api/v1/series?select=count", "GET", BEARER, None, {400}),
        ("SQL in a name", "/api/v1/query?select=count&group_by=x%22;drop%20table%20spans;--", "GET", BEARER, None, {400}),
        ("limit", "/api/v1/runs?limit=0", "GET", BEARER, None, {400}),
        ("limit of a query", "/api/v1/query?limit=5001", "GET", BEARER, None, {400}),
        ("a time that is none", "/api/v1/runs?from=", "GET", BEARER, None, {400}),
        ("a flag that is none", "/api/v1/traces/last?full=yes", "GET", BEARER, None, {400}),
        ("write to the stream", "/api/v1/events", "PUT", BEARER, None, {405}),
    ]
    for name, path, method, headers, host, statuses in rows:
        status, _, data = s.ask(path, method, headers, host=host)
        tap.check("refused: " + name, status in statuses, "status %d: %r" % (status, data[:200]))
        if method == "GET" and status == 400 and b"{" in data:
            tap.check("says why: " + name, json.loads(data)["error"]["message"], data)
    for path, allow in (("/api/v1/runs", "GET, HEAD"), ("/", "GET, HEAD"), ("/api/v1/dashboards/x", "GET, HEAD, PUT, DELETE")):
        tap.equal("what may be done with " + path, s.ask(path, "TRACE", BEARER)[1].get("allow"), allow)
    status, headers, _ = s.ask("/api/v1/status", headers=dict(cookie, Origin=own))
    tap.equal("own origin", status, 200)
    # A word that is wrong is pointed at.
    _, _, data = s.ask("/api/v1/query?select=count&where=model:a+and+%3C5", headers=BEARER)
    e = json.loads(data)["error"]
    tap.check("where it is wrong", e.get("argument") == "where" and e["at"] > 0, e)


def hostile(tap, s):
    head = b"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    long_path = b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    rows = [
        ("garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 40 + b"\r\n\r\n"),
        ("empty lines", b"\r\n" * 2000),
        ("oversized target", long_path),
        ("oversized header", head + b"X: " + b"b" * 300000 + b"\r\n\r\n"),
        ("many headers", head + b"".join(b"X-%d: y\r\n" % i for i in range(5000)) + b"\r\n"),
        ("two lengths", b"PUT /api/v1/dashboards/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        ("negative length", b"PUT /api/v1/dashboards/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n"),
        ("huge length", b"PUT /api/v1/dashboards/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
        ("NUL in the target", b"GET /api/v1/status%00/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        ("smuggled", head + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    ]
    for name, data in rows:
        status = s.raw(data)
        tap.check("survives: " + name, status == 0 or 400 <= status < 600, status)
        tap.equal("still there after: " + name, s.ask("/healthz")[0], 200)
    body = b"{" + b" " * (300 * 1024)
    status, _, _ = s.ask("/api/v1/dashboards/big", "PUT", BEARER, body)
    tap.equal("oversized body", status, 413)
    query = "/api/v1/query?select=count&where=" + "(" * 3000
    tap.check("deep brackets", s.ask(query, headers=BEARER)[0] in (400, 414), "")


def served(tap, s):
    status, headers, data = s.ask("/runs/abc?token=" + TOKEN)
    tap.check("token becomes a cookie", status == 200 and "HttpOnly" in headers["set-cookie"] and
              "SameSite=Strict" in headers["set-cookie"] and TOKEN not in data.decode(), (headers, data))
    tap.check("and goes on to the same page", b"url=/runs/abc" in data, data)
    cookie = {"Cookie": headers["set-cookie"].split(";")[0]}
    for path in ("/", "/runs", "/runs/0123", "/models", "/app.js", "/app.css", "/icon.svg", "/api/openapi.json"):
        status, headers, data = s.ask(path, headers=cookie)
        csp = headers.get("content-security-policy", "")
        tap.check("served: " + path, status == 200 and data and "unsafe" not in csp and "default-src 'none'" in csp and
                  headers.get("referrer-policy") == "no-referrer" and headers.get("x-content-type-options") == "nosniff", (status, headers))
        again = s.ask(path, headers=dict(cookie, **{"If-None-Match": headers["etag"]}))
        tap.check("not again: " + path, again[0] == 304 and not again[2], again[:2])
    sizes = [len(s.ask("/app.js", headers=dict(cookie, **{"Accept-Encoding": coding}))[2]) for coding in ("identity", "gzip", "br")]
    tap.check("compressed", sizes[0] > sizes[1] * 2 > sizes[2], sizes)
    page = s.ask("/", headers=cookie)[2].decode()
    tap.check("no inline code", "<script>" not in page and "style=" not in page and "http" not in re.sub(r"http-equiv", "", page), page)
    for name in ("app.js", "app.css"):
        text = s.ask("/" + name, headers=cookie)[2].decode()
        far = set(re.findall(r"https?://[^\s\"'`)]+", text)) - {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}
        tap.check("no address elsewhere in " + name, not far, far)


def answers(tap, s):
    def ask(path):
        status, _, data = s.ask("/api/v1/" + path, headers=BEARER)
        if status != 200:
            raise AssertionError("%s: %d %s" % (path, status, data))
        return json.loads(data)
    table = ask("query?select=count+sum:gentap.cost.total&where=span.op:gen_ai.request&group_by=model")
    tap.check("a table", sum(r[1] for r in table["rows"]) == table["matched"] and len(table["unknown"]) == len(table["rows"]), table)
    none = [r for r in table["rows"] if r[0] == "qwen3-coder:30b"]
    tap.check("no price is null, not 0", none and none[0][2] is None, none)
    end = int(time.time() * 1000)
    series = ask("series?select=count&where=span.op:gen_ai.request&group_by=model&interval=1m&stack=1&from=%d&to=%d" % (end - 1800000, end))
    total = sum(v or 0 for line in series["series"] for v in line["values"])
    alone = ask("query?select=count&where=span.op:gen_ai.request&from=%d&to=%d" % (end - 1800000, end))["rows"][0][0]
    tap.check("lines add up to the table", abs(total - alone) <= 0, (total, alone))
    top = series["series"][-1]["stacked"]
    tap.check("stacked is the sum", all(abs(t - sum(line["values"][i] or 0 for line in series["series"])) < 1e-6 for i, t in enumerate(top)), top[:5])
    runs = ask("runs?limit=5")
    at = {c["name"]: i for i, c in enumerate(runs["columns"])}
    trace = ask("traces/" + runs["rows"][0][at["trace_id"]])
    calls = [x for x in trace["spans"] if x["op"] == "gen_ai.request"]
    tap.check("a trace has the run's calls", len(calls) >= runs["rows"][0][at["calls"]], (len(calls), runs["rows"][0]))
    one = ask("traces/%s/%s" % (trace["trace_id"], calls[0]["id"]))["spans"]
    tap.check("a span has everything", len(one) == 1 and one[0]["attributes"].get("gen_ai.operation.name") == "chat", one)
    tool_runs = ask("runs?limit=5000&where=tool:Bash")
    spans = ask("query?select=uniq:gentap.run.id&where=tool:Bash")["rows"][0][0]
    tap.equal("runs that have such spans", len(tool_runs["rows"]), spans)
    line = ask("line?q=gentap+query+count+--group-by+model+--where+span.op:gen_ai.request")
    tap.check("a line as typed", line["matched"] == table["matched"], line["matched"])
    sums = ask("query?select=count+refused+sum:gentap.cost.total&group_by=gentap.cost.source&where=span.op:gen_ai.request")
    refused = [(r, u) for r, u in zip(sums["rows"], sums["unknown"]) if r[0] == "refused"]
    tap.check("a refused call has no cost, and no unknown one", len(refused) == 1 and refused[0][0][1] == refused[0][0][2] > 0 and
              refused[0][0][3] is None and refused[0][1][2] == 0, sums)
    flow = ask("flow")
    tools = ask("query?select=count&where=span.op:gen_ai.execute_tool")["rows"][0][0]
    tap.equal("every tool call has one before it", sum(x["count"] for x in flow["steps"] if x["to"] is not None), tools)
    tap.equal("budgets", ask("budgets"), {"budgets": []})
    db = sqlite3.connect(s.db)
    # A scope makes its sum that of the terminal's; one that cannot be read hides no other.
    rows = [("all", None, "month", 50 * 10**12), ("amara", "user:amara", "day", 10**12), ("broken", "(user:a", "week", 10**12)]
    db.executemany("INSERT INTO budgets(name, scope, period, limit_pd, warn, alert) VALUES(?, ?, ?, ?, 0.8, 1)", rows)
    db.commit()
    db.close()
    got = {b["name"]: b for b in ask("budgets")["budgets"]}
    month, day = (int(datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0, **first).timestamp() * 1000)
                  for first in ({"day": 1}, {}))
    spent = lambda where, since: ask("query?select=sum:gentap.cost.total&where=%s&from=%d" % (where, since))["rows"][0][0] or 0
    want = {"all": spent("span.op:gen_ai.request", month), "amara": spent("span.op:gen_ai.request+user:amara", day)}
    tap.check("what is spent of them", len(got) == 3 and want["all"] > 0 and got["all"]["unknown"] > 0
              and all(abs(got[name]["spent"] - cost) <= 1e-6 * cost for name, cost in want.items()), (got, want))
    tap.check("one that cannot be read says so", "problem" in got["broken"], got["broken"])
    # The first percent of a period (15 minutes of a day) foretells nothing: null, not a number.
    tap.check("where it leads", all(b["forecast"] is None if b["elapsed"] < 0.0099 else b["forecast"] is None or b["forecast"] >= b["spent"] * 0.999
                                    for b in got.values() if "problem" not in b), got)
    tap.check("values", [v["value"] for v in ask("values?field=model")["values"]], "")


def boards(tap, s):
    board = json.dumps({"title": "T", "widgets": [{"kind": "big", "query": "count", "x": 0, "y": 0, "w": 3, "h": 2}]}).encode()
    tap.equal("kept", s.ask("/api/v1/dashboards/mine", "PUT", BEARER, board)[0], 200)
    tap.equal("read again", s.ask("/api/v1/dashboards/mine", headers=BEARER)[2], board)
    listed = json.loads(s.ask("/api/v1/dashboards", headers=BEARER)[2])
    tap.check("listed", any(d["name"] == "mine" and d["own"] for d in listed["dashboards"]) and any(d["name"] == "seed" and not d["own"] for d in listed["dashboards"]), listed)
    bad = json.dumps({"title": "T", "widgets": [{"title": {}, "kind": "big", "query": "count", "x": 0, "y": 0, "w": 3, "h": 2}]}).encode()
    tap.equal("a title that is no text", s.ask("/api/v1/dashboards/bad", "PUT", BEARER, bad)[0], 422)
    tap.equal("no dashboard", s.ask("/api/v1/dashboards/bad", "PUT", BEARER, b"{}")[0], 422)
    # From the terminal; the page reads what another user wrote there.
    run = lambda *args: subprocess.run([os.path.join(BUILD, "gentap"), "dashboard", *args, "--db", s.db], capture_output=True, text=True)
    tap.equal("created in the terminal", run("create", "shell", "From the terminal").returncode, 0)
    tap.equal("a widget", run("add", "shell", "bar", "By model", "count --group-by model").returncode, 0)
    tap.equal("no such kind", run("add", "shell", "pie", "x", "count").returncode, 1)
    tap.equal("no such query", run("add", "shell", "bar", "x", "summ:x").returncode, 2)
    status, _, data = s.ask("/api/v1/dashboards/shell", headers=BEARER)
    tap.check("the page has it", status == 200 and json.loads(data)["widgets"][0]["query"] == "count --group-by model", (status, data))
    tap.equal("exported as it is", run("export", "shell").stdout.encode(), data)
    tap.equal("removed", s.ask("/api/v1/dashboards/mine", "DELETE", BEARER)[0], 200)
    tap.equal("gone", s.ask("/api/v1/dashboards/mine", headers=BEARER)[0], 404)


def events(tap, s):
    with socket.create_connection(("127.0.0.1", s.port), timeout=20) as c:
        c.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n" % TOKEN.encode())
        got = b""
        while b"event: change" not in got:
            got += c.recv(4096)
        tap.check("a stream", b"text/event-stream" in got, got)
        began = time.monotonic()
        # Not under the name of ASan's build: the writer is another process.
        subprocess.run([os.path.join(BUILD, "ui", "fill"), s.db, "1", "60"], check=True, stdout=subprocess.DEVNULL)
        wrote = time.monotonic()
        got = b""
        while b"event: change" not in got and time.monotonic() - began < 15:
            got += c.recv(4096)
        late = time.monotonic() - wrote
        # The bound is generous for machines that do much else; the figure is printed.
        tap.note("an event comes %d ms after the writer's end" % (late * 1000))
        tap.check("told of the commit", b"event: change" in got and late < 3, (late, got))


def rights(tap, s):
    status = open("/proc/%d/status" % s.process.pid).read()
    value = dict(re.findall(r"^(\w+):\s*(.*)$", status, re.M))
    tap.check("no new privileges, seccomp", value["NoNewPrivs"] == "1" and value["Seccomp"] == "2", status)
    tap.check("no capabilities", int(value["CapEff"], 16) == 0 and int(value["CapPrm"], 16) == 0, status)
    if os.getuid() == 0:
        uids = value["Uid"].split()
        tap.check("its own user", len(set(uids)) == 1 and 61184 <= int(uids[0]) <= 65519, uids)
        tap.equal("no bounding set", int(value["CapBnd"], 16), 0)
    else:
        tap.skip("its own user", "needs root")


def main():
    tap = Tap()
    for binary in ("gentap-asan", "gentap"):
        with tempfile.TemporaryDirectory(prefix="gentap-ui-") as folder:
            s = Server(os.path.join(BUILD, binary), folder, "--allow-host", "box.example")
            for f in (refused, hostile, served, answers, boards, events) + ((rights,) if binary == "gentap" else ()):
                tap.run("%s: %s" % (binary, f.__name__), f, s)
            tap.equal(binary + ": ends well", s.stop(), 0)
            said = s.said()
            tap.check(binary + ": nothing wrong was said", "Sanitizer" not in said and "runtime error" not in said, said[-3000:])
    return tap.done()


sys.exit(main())
