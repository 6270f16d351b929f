#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gentap exec; record and replay; the output formats; nothing secret on disk."""
import json
import os
import re
import signal
import subprocess
import sys

from harness import GENTAP, KEY, SUDO, World, expected, judge, need_root
from tap import Tap
import genai
import spans

FIRST_CALL = {"api": "chat", "mock": "in=1234,out=56,cached=1000"}
CALLS = [FIRST_CALL, {"api": "chat", "stream": True, "mock": "in=4321,out=65,reason=5,tools=2,ttft=30"},
         {"api": "responses", "mock": "error=400"}]


def execute(w, args, command, env=None):
    """`gentap exec` as a user would type it: sudo keeps the environment that it is told to."""
    assign = ["%s=%s" % kv for kv in (env or w.env()).items()]
    return subprocess.run([*SUDO, "env", *assign, GENTAP, "exec", *args, *command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)


def exit_status(tap, w):
    for command, want in ((["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 128 + 9),
                          (["/no/such/program"], 127), ([w.dir], 126)):
        p = execute(w, ["--"], command)
        tap.check("exec: exit status of %s is %d" % (command[-1][:20], want), p.returncode == want, "%d %s" % (p.returncode, p.stderr))
    p = execute(w, [], ["sh", "-c", "id -u; pwd; echo -n in-$HOME"])
    who = int(os.environ.get("SUDO_UID") or os.getuid())  # the whole suite may run under sudo
    tap.check("exec: the command runs as who we are, where we are", p.stdout.startswith("%d\n%s\n" % (who, os.getcwd())),
              p.stdout + p.stderr)


def totals(tap, w):
    p = execute(w, ["--"], w.sdk("openai", "sync", CALLS))
    entries = w.finished()
    want = [expected(e) for e in entries]
    sums = [sum(getattr(x, f) or 0 for x in want) for f in ("input", "cache_read", "output", "reasoning")]
    text = p.stdout + p.stderr
    found = re.search(r"(\d+) calls, (\d+) errors; tokens: input \D*(\d+) \(cached \D*(\d+)\), output \D*(\d+) \(reasoning \D*(\d+)\)", text)
    tap.check("exec: calls and totals at the end", found and [int(x) for x in found.groups()] == [len(entries), 1, *sums],
              "want %r\n%s" % ([len(entries), 1, *sums], text))
    tap.check("exec: exit status of a client", p.returncode == 0, text)


def formats(tap, w):
    p = execute(w, ["-o", "otlp-json", "--output-file", w.path("spans.jsonl"), "--"], w.sdk("openai", "sync", CALLS))
    entries = w.finished()
    text = subprocess.run([*SUDO, "cat", w.path("spans.jsonl")], capture_output=True, text=True).stdout
    agent = type("Printed", (), {"spans": staticmethod(lambda: spans.from_jsonl(text))})
    judge(tap, "exec -o otlp-json", entries, agent, count=3, arrival_s=1e9)
    tap.check("exec: the client's own output is its own", json.loads(p.stdout.splitlines()[0])["pid"] > 0, p.stdout)
    p = execute(w, ["-o", "jsonl", "--output-file", w.path("calls.jsonl"), "--"], w.sdk("openai", "sync", CALLS))
    lines = subprocess.run([*SUDO, "cat", w.path("calls.jsonl")], capture_output=True, text=True).stdout.splitlines()
    tap.equal("exec -o jsonl: one object per call", [a[genai.REQUEST_ID] for a in (json.loads(x)["attributes"] for x in lines) if genai.REQUEST_ID in a],
              [e["request_id"] for e in w.finished()])


def children(tap, w):
    """A shell that starts programs, which start programs; one that outlives the command."""
    client = w.plain("httpclient", "chat")
    script = 'for i in 1 2 3; do (sh -c \'"$@"\' sh "$@" >/dev/null) & done; wait; exit 3'
    out = w.path("children.jsonl")
    p = execute(w, ["-o", "otlp-json", "--output-file", out, "--"], ["sh", "-c", script, "sh", *client])
    text = subprocess.run([*SUDO, "cat", out], capture_output=True, text=True).stdout
    agent = type("Printed", (), {"spans": staticmethod(lambda: spans.from_jsonl(text))})
    judge(tap, "exec: children of children", w.finished(), agent, count=3, arrival_s=1e9)
    tap.equal("exec: exit status behind children", p.returncode, 3)


def others(tap, w):
    """exec shows its own command's calls and nobody else's."""
    other = w.start(w.plain("httpclient", "messages", repeat=60, mock="ttft=50"))
    out = w.path("own.jsonl")
    execute(w, ["-o", "otlp-json", "--output-file", out, "--"], w.plain("httpclient", "chat"))
    text = subprocess.run([*SUDO, "cat", out], capture_output=True, text=True).stdout
    other.wait(30)
    w.finished()
    tap.equal("exec: only its own command", [s["gen_ai.provider.name"] for s in spans.from_jsonl(text)], ["openai"])


# A recording knows the process, not what its files said of it then.
WORKLOAD = ("vcs.", "k8s.", "container.", "gentap.identity.", "gentap.systemd.")


def same(a, b):
    one, two = ({k: v for k, v in s.attrs.items() if not k.startswith(WORKLOAD)} for s in (a, b))
    return a.name == b.name and one == two and a.start_ns == b.start_ns and a.end_ns == b.end_ns and a.status == b.status


def record(tap, w):
    trace = w.path("session.gentap")
    env = w.env()
    with w.agent("--record", trace) as agent:
        for sdk, apis in (("openai", ("chat", "responses")), ("anthropic", ("messages",))):
            w.run(w.sdk(sdk, "sync", [{"api": a, "stream": s, "mock": "tools=1,enc=auto,cached=3,chunks=30"}
                                      for a in apis for s in (False, True)]), env=env)
        w.curl("-H", "cookie: session=" + KEY, "-H", "X-Api-Key: " + KEY, "-H", "api-key: " + KEY,
               "-H", "x-goog-api-key: " + KEY, "-d", '{"model":"m","messages":[]}',
               w.base + "/v1/chat/completions?api-version=1&key=" + KEY + "&api_key=" + KEY)
        entries = w.finished()
        judge(tap, "run --record: spans as ever", entries, agent, count=7)
        live = {s[genai.REQUEST_ID]: s for s in agent.spans()}
        status, _ = agent.stop()
        tap.equal("run --record: exit status", status, 0)
    raw = subprocess.run([*SUDO, "cat", trace], capture_output=True).stdout
    mode = os.stat(trace).st_mode & 0o777
    tap.equal("the recording is its owner's alone", oct(mode), oct(0o600))
    tap.check("the recording has the calls", b"gpt-mock-4" in raw and len(raw) > 4000, "%d bytes" % len(raw))
    parts = [KEY.encode()[i:i + 12] for i in range(0, len(KEY) - 12, 4)]
    tap.check("the recording has no secret", not any(x in raw for x in parts), [x for x in parts if x in raw])
    p = subprocess.run([*SUDO, GENTAP, "replay", "-o", "otlp-json", trace], capture_output=True, text=True)
    again = {s[genai.REQUEST_ID]: s for s in spans.from_jsonl(p.stdout) if s.is_call}
    wrong = ["%s: live %r, replayed %r" % (k, live[k], again.get(k)) for k in live if k not in again or not same(live[k], again[k])]
    tap.check("replay gives the spans that were live", not wrong and len(live) == len(again) == 7, wrong[:3] + [p.stderr])
    seen = [s for s in w.collector.spans()]
    secret = [s.name for s in seen if KEY[:20] in repr(s.attrs) + repr(s.resource)]
    tap.equal("no secret in a span", secret, [])
    os.unlink(trace)


def cut_off(tap, w):
    """A recording whose writer was killed still replays."""
    trace = w.path("cut.gentap")
    with w.agent("--record", trace) as agent:
        w.run(w.plain("httpclient", "chat", repeat=40, mock="bytes=20000"))
        w.finished()
        agent.stop(signal.SIGKILL)
    p = subprocess.run([*SUDO, GENTAP, "replay", "-o", "otlp-json", trace], capture_output=True, text=True)
    got = spans.from_jsonl(p.stdout)
    tap.check("a recording that was cut off replays what is there", p.returncode in (0, 1) and "Sanitizer" not in p.stderr and
              all(s[genai.COMPLETENESS] == "full" for s in got[:-1]), "%d spans, %s" % (len(got), p.stderr))


def main():
    need_root()
    tap = Tap()
    with World() as w:
        for test in (exit_status, totals, formats, children, others, record, cut_off):
            tap.run(test.__name__, test, w)
    return tap.done()


sys.exit(main())
