#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Vendors' own SDKs over real TLS, each call held against the provider's log."""
import json
import os
import shutil
import sys

from harness import HERE, World, genai, judge, need_root, slack, wait_for
from tap import Tap
from vendors import BY_API

DELAYS = "ttft=150,delay=10,chunks=6"
CALLS = [{"mock": "in=1300,out=77"}, {"mock": "tools=2"}, {"mock": "finish=length,bytes=100000"},
         {"stream": True, "mock": DELAYS}, {"stream": True, "mock": DELAYS + ",tools=1"},
         {"stream": True, "mock": DELAYS + ",finish=length,split=7"}]
FRAMEWORKS = ("langchain-openai", "langchain-anthropic")
# Where the API has such counts.
COUNTS = {"gemini": "cached=300,reason=11", "converse": "cached=300,cwrite=64", "invoke": "cached=300,cwrite=64,reason=11",
          "mistral": "cached=300", "groq": "cached=300,reason=11", "langchain-openai": "cached=300,reason=11",
          "langchain-anthropic": "cached=300,cwrite=64"}


def vendor(tap, w, agent, api):
    calls = CALLS + [{"stream": s, "mock": COUNTS[api]} for s in (False, True) if api in COUNTS]
    pid, _ = w.run([sys.executable, os.path.join(HERE, "clients", "vendors.py"), w.base, api, json.dumps(calls)])
    judge(tap, api, w.finished(), agent, pids={pid}, count=len(calls))
    if api == "groq":
        spans = [s for s in agent.spans() if s.pid == pid]
        tap.equal("what is left of its limit", {s["gentap.rate_limit.tokens.remaining"] for s in spans}, {5987})
        tap.equal("where it was served", {s["gentap.provider.region"] for s in spans}, {"us-east-1"})


def vercel(tap, w, agent):
    calls = [dict(call, api=api) for api in ("chat", "responses") for call in
             ({"mock": "cached=300,in=1300,reason=11"}, {"stream": True, "mock": DELAYS}, {"stream": True, "mock": DELAYS + ",enc=auto,cached=9"})]
    pid, _ = w.run(w.node_program("vercel.mjs", calls))
    judge(tap, "Vercel AI SDK", w.finished(), agent, pids={pid}, count=len(calls))


def realtime(tap, w, agent):
    """A WebSocket session: one operation per response, not per connection."""
    pid, _ = w.run([sys.executable, os.path.join(HERE, "clients", "realtime.py"), "gpt-realtime-mock", "5"])
    entries, mine = w.finished(5), lambda: [s for s in agent.spans() if s.pid == pid]
    wait_for(lambda: len(mine()) >= 5, 6 * slack())
    by = {s[genai.RESPONSE_ID]: s for s in mine()}
    tap.check("realtime: a span for each response", sorted(by) == sorted(e["truth"]["id"] for e in entries),
              [sorted(by), [(s.pid, s.name) for s in agent.spans()[-8:]], pid, agent.stderr()[-2000:]])
    wrong = []
    for e in entries:
        want = genai.Expected(**e["truth"])
        want.stream, want.response_model = genai.ANY, "gpt-realtime-mock"
        wrong += ["%s: %s" % (want.id, genai.differences(want, by[want.id]))] if want.id in by and genai.differences(want, by[want.id]) else []
    tap.equal("realtime: what is left of its limit", {s["gentap.rate_limit.tokens.remaining"] for s in mine()}, {900})
    tap.check("realtime: every number is that of its response", len(entries) == 5 and not wrong, wrong)


def main():
    need_root()
    tap = Tap()
    with World() as w, w.agent() as agent:
        for api in (*BY_API, *FRAMEWORKS):
            tap.run(api, vendor, w, agent, api)
        tap.run("realtime", realtime, w, agent)
        tap.run("Vercel AI SDK", vercel, w, agent) if shutil.which("node") else tap.skip("Vercel AI SDK", "no node here")
        tap.equal("the collector could read all it got", w.collector.bad, [])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
