#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What gentap sees on the kernel that this runs under: guest.py [CLIENT]

Mock provider, clients and agent on the loopback of this machine, a guest of vm.py or the
host. CLIENT is a Go program of tests/live/clients, built for this machine. The last line is
"RESULT " and JSON: per group how many calls were made, seen, and seen right; what was wrong;
the attributes of each call that do not differ from run to run; what the kernel offers;
what its ledger has of TLS by the kernel, or why none was tried; with SWITCHES the calls seen
without each single feature.
"""
import json
import os
import platform
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "live"), os.path.join(HERE, "..", "common")]
from harness import GENTAP, World, expected, key, wait_for
from test_plain import provider as plain_provider
import genai
import spans

# An emulated machine is slow, and says nothing of time: none is judged.
SETTLE_S, CALLS_S = 60, 120
STEADY = (genai.OPERATION, genai.PROVIDER, genai.REQUEST_MODEL, genai.RESPONSE_MODEL, genai.STREAM, genai.FINISH, genai.INPUT,
          genai.OUTPUT, genai.CACHE_READ, genai.CACHE_WRITE, genai.REASONING, genai.ERROR, genai.COMPLETENESS, "server.address",
          "gentap.usage.source", "gentap.lost_bytes", "gentap.server")
LARGE = 300_000
NO_KERNEL_TLS = 77
BEGAN = time.monotonic()
CURL = ["curl", "-sS", "-H", "x-mock: tag=%s,in=%d,out=5", "-d", '{"model":"m","messages":[{"role":"user","content":"x"}]}']


def curl(base, tag, n):
    return [a % (tag, n) if "%" in a else a for a in CURL] + [base + "/v1/chat/completions"]


def say(text):
    """How far it came, for when it does not end."""
    print("# %.0f s: %s" % (time.monotonic() - BEGAN, text), flush=True)


def clients(w, plain, go, result):
    for n in range(4):  # each lives for a moment
        w.run(curl(w.base, "curl", 100 + n), limit=CALLS_S)
    say("curl ran")
    for spec in ({"mock": "tag=python,in=200,out=20,cached=7,tools=1"}, {"mock": "tag=python,in=201,out=21,chunks=50", "stream": True},
                 {"mock": "tag=python,error=400"}):
        w.run(w.plain("httpclient", "chat", **spec), limit=CALLS_S)
    w.run(w.plain("httpclient", "messages", mock="tag=large,in=300,out=30,bytes=%d" % LARGE, bytes=LARGE), limit=CALLS_S)
    for n in range(3):
        w.run(curl(plain, "plain", 400 + n), limit=CALLS_S)
    say("Python and plain HTTP ran")
    for how in ("socket", "library"):  # whose TLS is the kernel's, where it has the module
        name = w.path("ktls-" + how)  # the ledger has a row for each name
        os.symlink(os.path.realpath(sys.executable), name)
        p = w.start([sys.executable, os.path.join(HERE, "kernel_tls.py"), w.base, how], executable=name)
        if p.wait(CALLS_S) not in (0, NO_KERNEL_TLS):
            raise RuntimeError("kernel TLS, %s: exit status %d: %s" % (how, p.returncode, p.stderr.read()[-800:]))
        if p.returncode:
            result["no_kernel_tls"] = p.stderr.read().strip()[-200:]
    say("kernel TLS ran, or not: " + str(result.get("no_kernel_tls")))
    if go:
        spec = {"api": "chat", "model": "go-1", "mock": "tag=go,in=500,out=50", "repeat": 2, "parallel": 3, "stream": True}
        w.run([go, w.base, json.dumps(spec)], limit=CALLS_S)


def judge(entries, found, result):
    """Adds to the result: each call of the provider's log has one span, and that is right."""
    by = {}
    for s in found:
        by.setdefault(s[genai.REQUEST_ID], []).append(s)
    for e in entries:
        group = result["groups"].setdefault(e["tag"], [0, 0, 0])
        got = by.get(key(e), [])
        group[0] += 1
        group[1] += bool(got)
        wrong = genai.differences(expected(e), got[0]) if len(got) == 1 else {"spans": (1, len(got))}
        if len(got) == 1 and got[0][genai.COMPLETENESS] != "full":
            wrong["completeness"] = ("full", got[0][genai.COMPLETENESS], got[0]["gentap.partial_reason"])
        group[2] += not wrong
        if wrong:
            result["wrong"].append("%s %s, connection %d: %s" % (e["tag"], key(e), e["conn"], wrong))
        elif e["tag"] != "early" and not e["tag"].startswith("ktls"):  # a matter of time, and of the kernel's modules
            result["spans"].append({"tag": e["tag"], **{k: got[0][k] for k in STEADY if got[0][k] is not None}})


def ledger(db, prefix):
    """{process: [library, state, calls]} of those of such names."""
    p = subprocess.run([GENTAP, "coverage", "-o", "json", "--db", db], capture_output=True, text=True, timeout=CALLS_S)
    rows = json.loads(p.stdout)["rows"] if p.returncode == 0 and p.stdout else []
    return {r["process"]: [r["library"], r["state"], r["calls"]] for r in rows if r["process"].startswith(prefix)}


def under_run(w, plain, go, result):
    early = w.start(w.plain("httpclient", "chat", repeat=100_000, mock="ttft=50,tag=early,in=1,out=1"))
    if not wait_for(lambda: w.finished(), CALLS_S):
        raise RuntimeError("a client made no call: %s" % early.poll())
    with w.agent("-o", "otlp-json", "--db", w.path("db")) as agent:
        ready = time.time_ns()
        say("the agent is ready")
        calls = lambda: [e for e in entries if e["tag"] == "early" and e["complete"] and e["began"] > ready + 3 * 10**9]
        entries = []
        try:
            clients(w, plain, go, result)
            wait_for(lambda: entries.extend(w.finished()) or len(calls()) >= 4, CALLS_S, every=0.5)
        finally:
            early.kill()
            early.wait()
        mine = calls()[:-1] + [e for e in entries if e["tag"] != "early"]
        wanted = {key(e) for e in mine}
        wait_for(lambda: wanted <= {s[genai.REQUEST_ID] for s in agent.spans()}, SETTLE_S, every=0.5)
        time.sleep(1)  # for those too many
        judge(mine, agent.spans(), result)
        result["agent"] = agent.stderr()[-2000:]
        status, _ = agent.stop()
        if status:
            result["wrong"].append("the agent's exit status is %s" % status)
        result["kernel_tls"] = ledger(w.path("db"), "ktls-")


def under_exec(w, result):
    out = w.path("exec.jsonl")
    p = subprocess.run([GENTAP, "exec", "-o", "otlp-json", "--output-file", out, "--", *curl(w.base, "exec", 600)], env=w.env(),
                       capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=CALLS_S)
    if p.returncode:
        result["wrong"].append("exec: exit status %d: %s" % (p.returncode, p.stderr[-500:]))
        return
    with open(out) as f:
        mine = [e for e in w.finished() if e["tag"] == "exec"]  # and the last of those before
        if len(mine) != 1:
            result["wrong"].append("exec: the provider saw %d calls" % len(mine))
        judge(mine, [s for s in spans.from_jsonl(f.read()) if s.is_call], result)


def under_switches(w, plain, result):
    """Each feature that is in use, switched off alone: what is done without serves as well."""
    in_use = [line.split()[0] for line in result["doctor"].splitlines() if line.split()[1:2] == ["yes:"]]
    result["switches"] = {}
    for name in in_use[:in_use.index("capture")]:
        one = {"groups": {}, "wrong": [], "spans": []}
        with w.agent("-o", "otlp-json", "--feature-off=" + name) as agent:
            w.run(w.plain("httpclient", "chat", before=3, mock="tag=tls,in=7,out=8"), limit=CALLS_S)
            w.run(curl(plain, "plain", 9), limit=CALLS_S)
            mine = w.finished()
            wanted = {key(e) for e in mine}
            wait_for(lambda: wanted <= {s[genai.REQUEST_ID] for s in agent.spans()}, SETTLE_S, every=0.5)
            judge(mine, agent.spans(), one)
        result["switches"][name] = one["groups"]
        result["wrong"] += ["without %s: %s" % (name, wrong) for wrong in one["wrong"]]
        say("without " + name)


def main():
    say("on " + platform.release())
    go = sys.argv[1] if len(sys.argv) > 1 else None
    p = subprocess.run([GENTAP, "doctor"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=CALLS_S)
    result = {"release": platform.release(), "machine": platform.machine(), "doctor": p.stdout.split("\n\n")[0] + (p.stderr if p.returncode else ""), "groups": {},
              "wrong": [], "spans": []}
    if p.returncode == 0:
        with World(collect=False) as w, plain_provider(w, "plain-provider") as plain:
            under_run(w, plain, go, result)
            under_exec(w, result)
            if os.environ.get("SWITCHES"):
                under_switches(w, plain, result)
    result["spans"].sort(key=lambda s: json.dumps(s, sort_keys=True))
    print("RESULT " + json.dumps(result, sort_keys=True))


main()
