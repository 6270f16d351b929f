#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The database as its users meet it: commands, exit codes, files, a killed agent, a full disk."""
import csv
import glob
import http.server
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

GENTAP = os.environ.get("GENTAP_ASAN", os.environ["GENTAP"])
FILL = os.path.join(os.environ["BUILD"], "system", "store_fill")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
import spans  # noqa: E402
RECORDINGS = os.path.join(HERE, "..", "replay", "golden")
TESTS = []
TABLES = "runs calls models tools agents users teams repos sessions errors coverage".split()


def test(f):
    TESTS.append(f)
    return f


def gentap(*args, ok=(0,), env=None, **kw):
    p = subprocess.run([GENTAP, *map(str, args)], capture_output=True, text=True, timeout=120,
                       env=dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8", **(env or {})), **kw)
    if p.returncode not in ok:
        raise AssertionError("gentap %s: status %d\n%s%s" % (" ".join(map(str, args)), p.returncode, p.stdout[-2000:], p.stderr[-2000:]))
    return p


def rows(db, *args):
    return json.loads(gentap(*args, "-o", "json", "--db", db).stdout)["rows"]


class Store:
    """The recordings of the tree in a database of their own, once."""
    path = None

    def __init__(self):
        if not Store.path:
            Store.folder = tempfile.mkdtemp()
            Store.path = os.path.join(Store.folder, "new", "gentap.db")
            for har in sorted(glob.glob(os.path.join(RECORDINGS, "*.har"))):
                gentap("decode", "--db", Store.path, har)
        self.db = Store.path


def old_file(to):
    """A file as an older gentap left it: a column is not there yet."""
    gentap("decode", "--db", to, os.path.join(RECORDINGS, "anthropic_messages.har"))
    with sqlite3.connect(to) as c:
        c.execute("ALTER TABLE spans DROP COLUMN pmodel")
        c.commit()
        c.execute("PRAGMA journal_mode=DELETE")  # who may not write a WAL cannot read one


@test
def a_file_of_an_older_gentap_is_read():
    with tempfile.TemporaryDirectory() as where:
        db = os.path.join(where, "old.db")
        old_file(db)
        assert rows(db, "calls", "--since", "all"), "nothing is read"
        with sqlite3.connect(db) as c:
            assert "pmodel" in [r[1] for r in c.execute("PRAGMA table_info(spans)")]
            c.execute("PRAGMA user_version=99")
        err = gentap("calls", "--db", db, ok=(1,)).stderr
        assert "a newer gentap made it" in err, err
        if os.geteuid() == 0:
            db = os.path.join(where, "of_another.db")
            old_file(db)
            os.chmod(where, 0o755)
            os.chmod(db, 0o644)
            p = subprocess.run([os.environ["GENTAP"], "calls", "--db", db], capture_output=True, text=True, timeout=60, user=65534, group=65534)
            assert p.returncode == 1 and "an older gentap made it" in p.stderr, p.stderr


@test
def a_call_is_explained():
    with tempfile.TemporaryDirectory() as where:
        db, config = os.path.join(where, "x.db"), os.path.join(where, "c.yaml")
        with open(config, "w", encoding="utf-8") as f:
            f.write("identity:\n- {set: gentap.team, from: value, value: blue}\n")
        gentap("decode", "--db", db, "--config", config, os.path.join(RECORDINGS, "anthropic_messages.har"))
        with sqlite3.connect(db) as c:
            ids = [r[0].hex() for r in c.execute("SELECT span_id FROM spans WHERE cls = 1 AND cost > 0")]
        for call in ids:
            text = gentap("explain", call, "--db", db, "--config", config).stdout
            assert text.startswith(call + "  "), text
            assert re.search(r"gentap\.team +blue  from value, by the rule at .*c\.yaml:2\n", text), text
            parts = [float(x) for x in re.findall(r" = ([0-9.]+) USD\n", text)]
            assert len(parts) > 2 and abs(sum(parts[:-1]) - parts[-1]) < 1e-8, text
            for tokens, rate, usd in re.findall(r"(\d+) tokens x +([0-9.]+) USD per million = ([0-9.]+) USD", text):
                assert abs(float(tokens) * float(rate) / 1e6 - float(usd)) < 2e-8, text
        assert len(ids) > 3
        whole = gentap("explain", "last", "--db", db).stdout
        assert whole.count("whom it is for") >= 2 and "by the built-in rule" in whole, whole
        assert "no call of that id" in gentap("explain", "ffffffffffffffff", "--db", db, ok=(1,)).stderr


@test
def files_are_for_their_owner():
    s = Store()
    assert os.stat(os.path.dirname(s.db)).st_mode & 0o777 == 0o700
    for f in glob.glob(s.db + "*"):
        assert os.stat(f).st_mode & 0o777 == 0o600, f


@test
def every_table_answers_in_every_format():
    s = Store()
    for t in TABLES:
        columns = json.loads(gentap(t, "-o", "json", "--db", s.db).stdout)["columns"]
        text = gentap(t, "--db", s.db).stdout
        assert text and text.splitlines()[0].isupper() or "/" in text, (t, text)
        wide = gentap(t, "-o", "wide", "--db", s.db).stdout.splitlines()[0].split()
        assert len(wide) >= len(text.splitlines()[0].split()), t
        lines = gentap(t, "-o", "jsonl", "--db", s.db).stdout.splitlines()
        table = list(csv.reader(io.StringIO(gentap(t, "-o", "csv", "--db", s.db).stdout)))
        assert table[0] == [c["name"] for c in columns], t
        assert len(table) - 1 == len(lines), t


@test
def one_number_everywhere():
    """The same total from a query, the calls' rows, the models' table and the spans as they are printed."""
    s = Store()
    seen = {}
    for har in sorted(glob.glob(os.path.join(RECORDINGS, "*.har"))):
        for line in gentap("decode", "-o", "jsonl", har).stdout.splitlines():
            span = json.loads(line)
            seen.setdefault((span["trace_id"], span["span_id"]), span["attributes"])
    # All that was asked of a provider: what is fetched was asked for by another call, whose usage it may bring.
    leaves = [a for a in seen.values() if "gentap.capture.source" in a and "mcp.method.name" not in a and
              (a.get("gen_ai.operation.name") != "fetch_response" or "gen_ai.usage.input_tokens" in a)]
    want = sum(a.get("gen_ai.usage.input_tokens", 0) for a in leaves)
    assert want > 0
    q = rows(s.db, "query", "sum:gen_ai.usage.input_tokens", "count", "--where", "span.op:gen_ai.request")[0]
    assert q["sum:gen_ai.usage.input_tokens"] == want, (q, want)
    assert q["count"] == len(leaves), (q, len(leaves))
    assert sum(r["input"] or 0 for r in rows(s.db, "calls", "--limit", 0)) == want
    assert sum(r["sum:input"] or 0 for r in rows(s.db, "models", "--limit", 0)) == want
    refused = [a for a in leaves if a.get("gentap.cost.source") == "refused"]
    unknown = sum("gen_ai.usage.input_tokens" not in a for a in leaves) - len(refused)
    assert unknown and refused and q["sum:gen_ai.usage.input_tokens?"] == unknown, (q, unknown, len(refused))
    assert rows(s.db, "query", "refused", "--where", "span.op:gen_ai.request")[0]["refused"] == len(refused)


@test
def the_four_queries_of_the_product_page():
    s = Store()
    total = "sum:gen_ai.usage.total_tokens"
    gentap("query", total, "--where", "span.op:gen_ai.request", "--group-by", "user.id", "--sort", "-" + total,
           "--limit", 20, "--db", s.db)
    gentap("query", total, "--where", "span.op:gen_ai.request", "--group-by", "user_tier", "--display", "bar", "--db", s.db)
    gentap("query", "avg:gen_ai.usage.total_tokens", "count", "--where", "span.op:gen_ai.invoke_agent",
           "--group-by", "gen_ai.agent.name", "--db", s.db)
    gentap("query", "sum:gen_ai.usage.input_tokens.cached", "sum:gen_ai.usage.input_tokens", "--where",
           "span.op:gen_ai.request", "--display", "line", "--db", s.db)
    for display in ("line", "heatmap"):  # without an --interval, over any range
        for since in ("all", "2026-03-01", "1m"):
            gentap("query", "count", "--by", "model", "--display", display, "--since", since, "--db", s.db)


@test
def errors_point_at_the_word():
    s = Store()
    for args, word in [
        (["--where", "model:a and input >> 3"], ">>"),
        (["--where", "(model:a"], "("),
        (["--where", "span.op:nonsense"], "nonsense"),
        (["--where", "input > many"], "many"),
        (["--where", "model ~ ["], "["),
        (["count", "--sort", "-sum:nope"], "sum:nope"),
        (["median:input"], "median"),
        (["sum"], "sum"),
        (["count", "--since", "yestermorning"], "yestermorning"),
        (["count", "--from", "nowhere"], "nowhere"),
        (["count", "--interval", "x"], "x"),
    ]:
        err = gentap("query", *args, "--db", s.db, ok=(2,)).stderr.splitlines()
        text, marks = err[1], err[2]
        assert text[marks.index("^"):marks.rindex("^") + 1] == word, err


@test
def a_database_that_is_not_there_says_what_to_do():
    err = gentap("models", "--db", "/nonexistent/x.db", ok=(1,)).stderr
    assert "gentap run --store" in err, err
    with tempfile.NamedTemporaryFile(suffix=".db") as f:
        f.write(b"this is no database, but long enough to look like one" * 100)
        f.flush()
        assert "no gentap database" in gentap("models", "--db", f.name, ok=(1,)).stderr


@test
def a_newer_schema_is_refused_and_an_older_table_grows():
    s = Store()
    copy = os.path.join(s.folder, "newer.db")
    src, dst = sqlite3.connect(s.db), sqlite3.connect(copy)
    src.backup(dst)
    dst.execute("PRAGMA user_version=99")
    dst.close()
    assert "a newer gentap made it" in gentap("models", "--db", copy, ok=(1,)).stderr
    har = glob.glob(os.path.join(RECORDINGS, "*.har"))[0]
    gentap("decode", "--db", copy, har, ok=(1,))
    old = os.path.join(s.folder, "older.db")
    dst = sqlite3.connect(old)
    src.backup(dst)
    dst.execute("ALTER TABLE spans DROP COLUMN pmodel")
    dst.commit()
    dst.close()
    gentap("decode", "--db", old, har)
    assert "pmodel" in [r[1] for r in sqlite3.connect(old).execute("PRAGMA table_info(spans)")]


@test
def a_file_of_schema_2_is_brought_up_to_date():
    s = Store()
    old = os.path.join(s.folder, "two.db")
    src, dst = sqlite3.connect(s.db), sqlite3.connect(old)
    src.backup(dst)
    # What is a column now stood among the other attributes.
    dst.executescript("DROP INDEX runs_agents; CREATE INDEX runs_time ON runs(start_ns);"
                      "UPDATE span_details SET attributes=json_set(attributes, '$.\"gentap.cost.price_date\"', w.value)"
                      " FROM spans s JOIN strings w ON w.id=s.price_date WHERE s.id=span_details.id;"
                      "ALTER TABLE spans DROP COLUMN price_date; DROP TABLE slabs; DROP TABLE slab_columns; DROP TABLE slab_attrs; DROP INDEX spans_run; DROP TABLE marks;"
                      "ALTER TABLE runs DROP COLUMN task; ALTER TABLE sessions DROP COLUMN task; ALTER TABLE rollups DROP COLUMN refused;"
                      "ALTER TABLE runs DROP COLUMN refused; ALTER TABLE sessions DROP COLUMN refused; ALTER TABLE spans DROP COLUMN cost_guessed;" +
                      "".join("ALTER TABLE %s DROP COLUMN %s_cost_guessed;" % (t, c) for t in ("rollups", "runs", "sessions") for c in "ks") +
                      "PRAGMA user_version=2")
    dst.close()
    gentap("decode", "--db", old, glob.glob(os.path.join(RECORDINGS, "*.har"))[0])
    dst = sqlite3.connect(old)
    assert dst.execute("PRAGMA user_version").fetchone() == src.execute("PRAGMA user_version").fetchone()
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"
    assert dst.execute(schema).fetchall() == src.execute(schema).fetchall()
    for ask in (("count", "sum:total"), ("count", "--group-by", "gentap.cost.price_date")):
        assert rows(old, "query", *ask) == rows(s.db, "query", *ask), ask
    assert dst.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@test
def a_task_is_known_with_content_only():
    s = Store()
    with_content = os.path.join(s.folder, "content.db")
    gentap("decode", "--capture-content", "--db", with_content, os.path.join(RECORDINGS, "agent_run.har"))
    got = rows(with_content, "query", "--from", "runs", "--fields", "task", "--sort", "start")
    request = json.load(open(os.path.join(RECORDINGS, "agent_run.har")))["log"]["entries"][0]["request"]["postData"]["text"]
    assert got[0]["task"] and json.dumps(got[0]["task"])[1:-1] in request, (got, request)
    assert all(r["task"] is None for r in rows(s.db, "query", "--from", "runs", "--fields", "task"))
    assert all(r["task"] is None for r in rows(s.db, "query", "--from", "sessions", "--fields", "task"))


@test
def a_run_that_goes_on_says_what_it_does():
    s = Store()
    db = os.path.join(s.folder, "doing.db")
    gentap("decode", "--db", db, os.path.join(RECORDINGS, "agent_run.har"))
    now = time.time_ns()
    with sqlite3.connect(db) as c:
        run, last = c.execute("SELECT s.run_id, max(s.id) FROM spans s JOIN strings f ON f.id=s.finish WHERE s.cls=1 AND f.value LIKE '%tool%'"
                              " GROUP BY s.run_id").fetchone()
        c.execute("DELETE FROM spans WHERE run_id=? AND id>?", (run, last))
        c.execute("UPDATE spans SET start_ns=?, duration_ns=1000 WHERE id=?", (now - 7 * 10**9, last))
        c.execute("UPDATE runs SET ended=0, error=0, start_ns=?, end_ns=? WHERE key=?", (now - 9 * 10**9, now, run))

    def doing():
        found = {r["run"]: r["doing"] for r in rows(db, "runs", "--since", "all")}
        assert [r for r, d in found.items() if d] == [run.hex()], found
        what, seconds = re.match(r"(.*) (\d+) s$", found[run.hex()]).groups()
        assert 6 <= int(seconds) < 120, found
        return what
    assert doing() == "tool", doing()
    with sqlite3.connect(db) as c:
        c.execute("UPDATE spans SET cls=3 WHERE id=?", (last,))
    assert doing() == "model", doing()
    with sqlite3.connect(db) as c:
        c.execute("INSERT OR IGNORE INTO strings(value) VALUES('rate_limit_error')")
        c.execute("UPDATE spans SET cls=1, error_type=(SELECT id FROM strings WHERE value='rate_limit_error') WHERE id=?", (last,))
    assert doing() == "waits, refused", doing()


@test
def having_finds_the_runs_with_such_a_span():
    s = Store()
    db = sqlite3.connect(s.db)
    for where, sql in [("span.op:gen_ai.execute_tool", "cls=3"),
                       ("error.type:* and span.op:gen_ai.request", "error_type IS NOT NULL AND cls=1"),
                       ("gen_ai.provider.name:anthropic", "provider=(SELECT id FROM strings WHERE value='anthropic')")]:
        want = {r[0].hex() for r in db.execute("SELECT key FROM runs WHERE key IN (SELECT run_id FROM spans WHERE %s)" % sql)}
        got = {r["run"] for r in rows(s.db, "query", "--from", "runs", "--fields", "run", "--having", where)}
        assert want and got == want, (where, len(got), len(want))
    assert "--from runs" in gentap("query", "count", "--having", "tool:x", "--db", s.db, ok=(2,)).stderr


@test
def the_same_recording_twice_counts_once():
    s = Store()
    before = rows(s.db, "query", "count", "sum:input")
    gentap("decode", "--db", s.db, glob.glob(os.path.join(RECORDINGS, "*.har"))[0])
    assert rows(s.db, "query", "count", "sum:input") == before


@test
def show_prints_the_tree_and_all_attributes():
    s = Store()
    trace = rows(s.db, "calls", "--limit", 1)[0]["trace_id"]
    assert gentap("show", trace[:12], "--db", s.db).stdout.strip()
    span = json.loads(gentap("show", trace, "-o", "jsonl", "--db", s.db).stdout.splitlines()[0])
    assert span["trace_id"] == trace and span["attributes"]["gen_ai.operation.name"]
    assert gentap("show", "last", "--db", s.db).stdout.strip()
    gentap("show", "0123456789abcdef", "--db", s.db, ok=(1,))


@test
def traces_as_otlp_has_them():
    """What `show` and `runs` print is what decode told, to the type of each value."""
    s = Store()
    db = os.path.join(s.folder, "otlp.db")
    want = {x.span_id: x for har in glob.glob(os.path.join(RECORDINGS, "*.har"))
            for x in spans.from_jsonl(gentap("decode", "-o", "otlp-json", "--db", db, har).stdout)}
    assert want
    traces = {x.trace_id for x in want.values()}
    shown = [x for t in traces for x in spans.from_jsonl(gentap("show", t, "-o", "otlp-json", "--db", db).stdout)]
    runs = spans.from_jsonl(gentap("runs", "--since", "all", "--limit", "0", "-o", "otlp-json", "--db", db).stdout)
    of_runs = {x.trace_id for x in want.values() if x["gentap.run.id"]}
    assert {x.span_id for x in runs} == {x.span_id for x in want.values() if x.trace_id in of_runs} and len(runs) == len({x.span_id for x in runs})
    assert {x.span_id for x in shown} == set(want)
    for x in shown:
        w = want[x.span_id]
        assert (x.name, x.kind, x.parent_id, x.start_ns, x.end_ns, x.status) == (w.name, w.kind, w.parent_id, w.start_ns, w.end_ns, w.status)
        assert {k: (type(v), v) for k, v in x.attrs.items()} == {k: (type(v), v) for k, v in w.attrs.items()}
    gentap("models", "-o", "otlp-json", "--db", db, ok=(2,))


@test
def spans_come_back_as_they_went_in():
    """Attributes of `show -o jsonl` equal those that decode prints."""
    s = Store()
    har = sorted(glob.glob(os.path.join(RECORDINGS, "*.har")))[0]
    db = os.path.join(s.folder, "back.db")
    spans = [json.loads(line) for line in gentap("decode", "-o", "jsonl", "--db", db, har).stdout.splitlines()]
    assert spans
    for span in spans:
        got = [json.loads(line) for line in
               gentap("show", span["trace_id"], "-o", "jsonl", "--db", db).stdout.splitlines()]
        got = [g for g in got if g["span_id"] == span["span_id"]][0]
        assert got["attributes"] == span["attributes"], (got["attributes"], span["attributes"])
        assert (got["start_ns"], got["end_ns"], got["error"]) == (span["start_ns"], span["end_ns"], span["error"])


def spend(db):
    """2,000 made-up spans of September, moved to today, roll-ups and all."""
    p = subprocess.run([FILL, db, "100000", "2000"], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p.stderr
    con = sqlite3.connect(db)
    first = con.execute("SELECT min(start_ns) FROM spans").fetchone()[0]
    now = time.time_ns()
    midnight = now - now % (86400 * 10**9)
    con.execute("UPDATE spans SET start_ns = start_ns - ? + ?", (first, midnight))
    con.commit()
    con.close()


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.headers["content-type"], json.loads(body)))
        self.send_response(self.server.answers.pop(0))
        self.end_headers()

    def log_message(self, *args):
        pass


@test
def a_budget_tells_its_webhook_once():
    s = Store()
    db = os.path.join(s.folder, "webhook.db")
    spend(db)
    with http.server.HTTPServer(("127.0.0.1", 0), Hook) as server:
        server.got, server.answers = [], [500, 204]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "http://127.0.0.1:%d/hook" % server.server_address[1]
        gentap("budget", "set", "all", "--limit", "0.01", "--webhook", url, "--db", db)
        direct = {"no_proxy": "*"}
        # Refused, so it is told again; then it was told.
        for wanted in (1, 2, 2):
            p = gentap("budget", "check", "--db", db, ok=(3,), env=direct)
            assert len(server.got) == wanted, (wanted, server.got)
            assert ("webhook" in p.stderr) == (wanted == 1 and len(server.answers) == 1), p.stderr
        server.shutdown()
    kind, told = server.got[-1]
    assert kind == "application/json" and told["budget"] == "all" and told["level"] == "over", told
    assert told["limit_usd"] == 0.01 and told["spent_usd"] > 0.01, told


@test
def budgets_warn_fire_once_and_exit_with_3():
    s = Store()
    db = os.path.join(s.folder, "budget.db")
    spend(db)
    fired = os.path.join(s.folder, "fired")
    gentap("budget", "set", "all", "--limit", "0.01", "--command", "cat >> " + fired, "--db", db)
    gentap("budget", "set", "wide", "--limit", "1000000", "--period", "month", "--where", "team:team-1", "--db", db)
    gentap("budget", "set", "bad", "--limit", "-3", "--db", db, ok=(2,))
    gentap("budget", "set", "bad", "--limit", "3", "--where", "team=(", "--db", db, ok=(2,))
    states = {b["budget"]: b for b in json.loads(gentap("budget", "list", "-o", "json", "--db", db).stdout)}
    assert states["all"]["level"] == "over" and states["wide"]["level"] == "fine", states
    spent = rows(db, "query", "sum:cost", "--where", "span.op:gen_ai.request", "--since", "today")[0]
    assert abs(states["all"]["spent_usd"] - spent["sum:cost"]) < 1e-9, (states, spent)
    assert states["all"]["calls_without_price"] == spent["sum:cost?"]
    for line in csv.DictReader(io.StringIO(gentap("budget", "list", "-o", "csv", "--db", db).stdout)):
        want = states[line["budget"]]
        assert set(line) <= set(want) and line["level"] == want["level"] and line["where"] == (want["where"] or ""), (line, want)
        assert abs(float(line["spent_usd"]) - want["spent_usd"]) < 1e-9 and float(line["limit_usd"]) == want["limit_usd"], (line, want)
    for _ in range(3):
        gentap("budget", "check", "--db", db, ok=(3,))
    told = [json.loads(x) for x in open(fired).read().replace("}{", "}\n{").splitlines()]
    assert len(told) == 1 and told[0]["budget"] == "all", told
    # One that reads nothing, one that fails and is tried again, one whose signals work as in a shell.
    again = os.path.join(s.folder, "again")
    for name, command in (("deaf", "true"), ("fails", "echo x >> %s; exit 7" % again), ("killed", "kill -TERM $$; echo no >> " + again)):
        gentap("budget", "set", name, "--limit", "0.01", "--command", command, "--db", db)
    complaints = [gentap("budget", "check", "--db", db, ok=(3,)).stderr for _ in range(2)]
    assert all("deaf" not in c and "fails" in c and "killed" in c for c in complaints), complaints
    assert open(again).read() == "x\nx\n", open(again).read()
    for name in ("all", "deaf", "fails", "killed"):
        gentap("budget", "set", name, "--delete", "--db", db)
    gentap("budget", "check", "--db", db)
    daily = json.loads(gentap("report", "daily", "-o", "json", "--db", db).stdout)
    assert abs(daily["total"]["sum:cost"] - spent["sum:cost"]) < 1e-9
    assert sum(r["count"] for r in daily["period"]["rows"]) == daily["total"]["count"]
    table = list(csv.DictReader(io.StringIO(gentap("report", "daily", "-o", "csv", "--db", db).stdout)))
    usd = lambda text: float(text) if text else None
    assert [usd(r["sum:cost"]) for r in table] == [r["sum:cost"] for r in daily["period"]["rows"]], table
    before = {r["gentap.provider_model"]: r["sum:cost"] for r in daily["before"]["rows"]}
    for r in table:
        assert usd(r["before:sum:cost"]) == before.get(r["gentap.provider_model"]), (r, before)
    markdown = gentap("report", "daily", "-o", "markdown", "--by", "user.id", "--db", db).stdout.splitlines()
    assert all(line.count("|") == markdown[2].count("|") for line in markdown[2:]), markdown


@test
def top_in_batch_mode():
    s = Store()
    out = json.loads(gentap("top", "-b", "-n", 1, "-o", "json", "--since", "all", "--db", s.db).stdout)
    assert set(out) == {"time_ns", "runs", "models", "tools", "people", "coverage", "calls"}, out.keys()
    assert len(out["calls"]["rows"]) == rows(s.db, "query", "count", "--where", "span.op:gen_ai.request")[0]["count"]
    gentap("top", "-n", 1, "--db", s.db, ok=(2,))  # no terminal


@test
def completion_and_manual_know_what_help_tells():
    bash = gentap("completion", "bash").stdout
    assert subprocess.run(["bash", "-n"], input=bash, text=True).returncode == 0
    zsh, fish = gentap("completion", "zsh").stdout, gentap("completion", "fish").stdout
    commands = re.findall(r"^  ([a-z]+) ", gentap("help").stdout, re.M)
    assert "query" in commands and len(commands) > 20, commands
    overview = gentap("man").stdout
    for c in commands:
        assert "\\fB%s\\fR" % c in overview, c
        if c in ("help", "version"):
            continue
        text = gentap(c, "--help", env={"ASAN_OPTIONS": "detect_leaks=0"}).stdout  # argp leaves at once
        flags = set(re.findall(r"--([a-z][a-z-]*)", re.sub(r"(?s)Examples?:.*", "", text))) - {"help", "usage"}
        manual = gentap("man", c).stdout.replace("\\-", "-")
        line = re.search(r"^  %s\) flags='([^']*)'" % c, bash, re.M).group(1).split()
        for f in flags:
            assert "--" + f in line, (c, f, "bash")
            assert "--" + f in manual, (c, f, "man")
            assert "--" + f in zsh, (c, f, "zsh")
            assert "from %s' -l %s" % (c, f) in fish, (c, f, "fish")


def integrity(db):
    con = sqlite3.connect(db)
    assert con.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    n = con.execute("SELECT count(*) FROM spans").fetchone()[0]
    # Sums of all spans stand in the roll-ups, and in the runs: one transaction.
    assert con.execute("SELECT total(n) FROM rollups WHERE gran=2 AND dim=0").fetchone()[0] == n
    assert con.execute("SELECT total(n) FROM rollups WHERE gran=1 AND dim=5").fetchone()[0] == n
    runs = con.execute("SELECT total(calls) FROM runs").fetchone()[0]
    assert runs == con.execute("SELECT count(*) FROM spans WHERE cls=1").fetchone()[0]
    return n


@test
def a_killed_agent_loses_less_than_a_second_and_breaks_nothing():
    folder = tempfile.mkdtemp()
    db = os.path.join(folder, "gentap.db")
    rng = random.Random(3)
    stood, lost_s = 0, []
    for _ in range(6):
        p = subprocess.Popen([FILL, db, "500"], stdout=subprocess.PIPE, text=True)
        handed, written, end = 0, 0, time.monotonic() + 1.5 + rng.random()
        while time.monotonic() < end:
            handed, written = map(int, p.stdout.readline().split())
        p.send_signal(signal.SIGKILL)
        p.wait()
        n = integrity(db)
        assert n >= stood + written, (n, stood, written)  # what it called written stands
        lost_s.append((handed - (n - stood)) / 500)
        stood = n
    # A starved machine delays a batch; that it waits for no full one shows in the median.
    assert sorted(lost_s)[len(lost_s) // 2] < 1 and stood > 1000, (lost_s, stood)
    shutil.rmtree(folder)


def fill_limited(db, limit, n):
    def set_limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    p = subprocess.run([FILL, db, "40000", str(n)], capture_output=True, text=True, timeout=120, preexec_fn=set_limit)
    assert p.returncode == 0, (p.returncode, p.stderr)
    return dict(kv.split("=") for kv in p.stdout.splitlines()[-1].split()[1:]), p.stderr


@test
def a_full_disk_loses_spans_counts_them_and_goes_on():
    folder = tempfile.mkdtemp()
    db = os.path.join(folder, "gentap.db")
    stats, err = fill_limited(db, 3 << 20, 90000)
    stats = {k: int(v) for k, v in stats.items()}
    assert stats["spans"] == 90000, stats
    assert stats["errors"] > 0 and stats["lost"] + stats["queued"] > 0, stats
    assert stats["written"] + stats["queued"] + stats["lost"] == stats["spans"], stats
    assert "spans wait in memory" in err and "spans not stored" in err, err
    assert integrity(db) == stats["written"], stats
    shutil.rmtree(folder)


@test
def a_disk_that_cannot_be_written_at_all():
    folder = tempfile.mkdtemp()
    blocker = os.path.join(folder, "file")
    open(blocker, "w").close()
    p = subprocess.run([FILL, os.path.join(blocker, "gentap.db"), "10000", "500"], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0 and "written=0 queued=500" in p.stdout, (p.stdout[-200:], p.stderr)
    shutil.rmtree(folder)


def main():
    failed = 0
    TESTS[:] = [f for f in TESTS if not sys.argv[1:] or f.__name__ in sys.argv[1:]]
    for i, f in enumerate(TESTS, 1):
        try:
            f()
            print("ok %d - %s" % (i, f.__name__), flush=True)
        except Exception as e:
            failed += 1
            print("not ok %d - %s" % (i, f.__name__))
            print("".join("# %s\n" % line for line in ("%s: %s" % (type(e).__name__, e)).splitlines()), flush=True)
    print("1..%d" % len(TESTS))
    if Store.path:
        shutil.rmtree(Store.folder)
    return 1 if failed else 0


sys.exit(main())
