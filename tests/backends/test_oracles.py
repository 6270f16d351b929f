#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Arize Phoenix and MLflow read plain gen_ai spans, count their tokens and price them themselves: two
programs that others wrote against our counts and prices, call by call. Each difference is named."""
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "common")]
import agent
import spans
from ports import free_ports
from tap import Tap

GOLDEN = [os.path.join(agent.ROOT, "tests", "replay", "golden", n + ".har")
          for n in ("agent_run", "anthropic_messages", "openai_chat", "openai_responses")]
NO_CHAT = "an operation that is no chat, which they leave out"
UP_S, ARRIVE_S, STOP_S = 400, 90, 30
USD = 1e-9
INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
SPANS = "{projects{edges{node{spans(first:1000){edges{node{spanId tokenCountPrompt tokenCountCompletion costSummary{total{cost}}}}}}}}}"


@contextlib.contextmanager
def server(name, command, health, where, **env):
    """Of a session of its own, with all of its children ended at the end."""
    log = os.path.join(where, name + ".log")
    with open(log, "wb") as f:
        p = subprocess.Popen([os.path.abspath(os.path.join(agent.BUILD, "venv-" + name, "bin", command[0])), *command[1:]], cwd=where,
                             env=dict(os.environ, **env), stdin=subprocess.DEVNULL, stdout=f, stderr=f, start_new_session=True)
    try:
        end = time.monotonic() + UP_S
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(health, timeout=5):
                break
            if p.poll() is not None or time.monotonic() > end:
                with open(log, encoding="utf-8", errors="replace") as f:
                    raise RuntimeError("%s does not start: %s" % (name, f.read()[-1000:]))
            time.sleep(1)
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(p.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.wait(STOP_S)


def send(url, **env):
    """A backend that starts may take longer than decode waits at its end; the same spans have the same ids."""
    for left in range(5, -1, -1):
        p = agent.run("decode", "-o", "otlp-json", *GOLDEN, sanitized=False, check=not left, environment={
            "OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_TIMEOUT": "60000", **env})
        if not p.returncode:
            return spans.from_jsonl(p.stdout)
        time.sleep(5)
    return []


def why(s):
    """Why theirs is another price than ours; None: there is no reason."""
    cost = s["gentap.cost.total"]
    if cost is None and s[INPUT] is not None and s[OUTPUT] is None:
        return "the answer broke off: what it cost is not known, they price its input"
    if s["gentap.cost.other"]:
        return "a fee for each search, which they leave out"
    if s["gen_ai.operation.name"] not in ("chat", "text_completion"):
        return NO_CHAT
    return None


def compare(tap, name, ours, theirs):
    """theirs: {span id: (input, output, cost)}; None: it does not say."""
    tap.equal("%s: each span, once" % name, sorted(theirs), sorted(s.span_id for s in ours))
    calls = [s for s in ours if s.is_call]
    # Of an operation that is no chat Phoenix counts nothing.
    wrong = [(s.span_id, s[INPUT], s[OUTPUT], theirs.get(s.span_id)) for s in calls
             if not (why(s) == NO_CHAT and theirs.get(s.span_id) == (None,) * 3) and any(w is not None and g != w for w, g in zip((s[INPUT], s[OUTPUT]), theirs.get(s.span_id, (None, None))))]
    tap.equal("%s: the same tokens of each call" % name, wrong, [])
    unlike, same = {}, 0
    for s in calls:
        want, got = s["gentap.cost.total"], theirs.get(s.span_id, (None,) * 3)[2]
        if want is None and not got or None not in (want, got) and abs(want - got) < USD:
            same += want is not None
        else:
            unlike.setdefault(why(s), []).append((s["gen_ai.request.model"], s["gen_ai.operation.name"], want, got))
    tap.equal("%s: no other price without a reason" % name, unlike.pop(None, []), [])
    tap.check("%s: most prices are the same" % name, same >= 20, same)
    tap.note("%s: %d calls of the same price; other prices: %s" % (name, same, {k: len(v) for k, v in unlike.items()}))


def wait(read, count):
    end = time.monotonic() + ARRIVE_S
    while True:
        got = read()
        if len(got) >= count or time.monotonic() > end:
            time.sleep(5)  # prices come behind
            return read()
        time.sleep(1)


def phoenix(tap, where):
    http, grpc = free_ports(2)
    url = "http://127.0.0.1:%d" % http

    def read():
        request = urllib.request.Request(url + "/graphql", json.dumps({"query": SPANS}).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as r:
            projects = json.load(r)["data"]["projects"]["edges"]
        nodes = [e["node"] for p in projects for e in p["node"]["spans"]["edges"]]
        return {n["spanId"]: (n["tokenCountPrompt"], n["tokenCountCompletion"], ((n["costSummary"] or {}).get("total") or {}).get("cost"))
                for n in nodes}
    with server("phoenix", ["phoenix", "serve"], url + "/healthz", where, PHOENIX_WORKING_DIR=where, PHOENIX_HOST="127.0.0.1",
                PHOENIX_PORT=str(http), PHOENIX_GRPC_PORT=str(grpc), PHOENIX_TELEMETRY_ENABLED="false"):
        ours = send(url)
        compare(tap, "Phoenix", ours, wait(read, len(ours)))


def mlflow(tap, where):
    port, = free_ports(1)
    url, db = "http://127.0.0.1:%d" % port, os.path.join(where, "mlflow.db")

    def attribute(attributes, name):
        return json.loads(attributes.get(name) or "{}")

    def read():
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % db, uri=True, timeout=30)) as c:
            rows = [(i, json.loads(content)["attributes"]) for i, content in c.execute("SELECT span_id, content FROM spans")]
        found = {}
        for i, a in rows:
            usage = attribute(a, "mlflow.chat.tokenUsage")
            found[i] = usage.get("input_tokens"), usage.get("output_tokens"), attribute(a, "mlflow.llm.cost").get("total_cost")
        return found
    with server("mlflow", ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--backend-store-uri",
                "sqlite:///" + db], url + "/health", where, MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true"):
        with contextlib.suppress(OSError):  # what it loads with its first request takes its time
            urllib.request.urlopen(urllib.request.Request(url + "/v1/traces", b"", {"content-type": "application/x-protobuf",
                                   "x-mlflow-experiment-id": "0"}), timeout=120).close()
        ours = send(url, OTEL_EXPORTER_OTLP_HEADERS="x-mlflow-experiment-id=0")
        compare(tap, "MLflow", ours, wait(read, len(ours)))


def main():
    tap = Tap()
    for test in (phoenix, mlflow):
        if not os.path.isdir(os.path.join(agent.BUILD, "venv-" + test.__name__)):
            tap.skip(test.__name__, "not installed: make test-backends")
            continue
        with tempfile.TemporaryDirectory() as where:
            tap.run(test.__name__, test, where)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
