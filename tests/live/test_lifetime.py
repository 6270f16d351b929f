#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Processes that come before the agent, live shortly, fork, or die in the middle."""
import json
import os
import signal
import sys
import time

from harness import HERE, World, judge, judge_short, need_root, spans_of, wait_for
from tap import Tap
import genai


SHORT, SHORT_MISSED_MAX = 60, 3


def short_lived(tap, w, agent):
    """curl lives about 20 ms, Python about 200."""
    pids = set()
    for n in range(SHORT):
        pids.add(w.run(w.plain("httpclient", "chat", mock="tag=short", before=0))[0] if n % 2 else
                 w.run(["curl", "-sS", w.base + "/v1/messages", "-H", "x-mock: tag=short", "-d",
                        '{"model":"short-mock","messages":[]}'])[0])
    judge_short(tap, "processes that live less than 200 ms", w, agent, pids, SHORT, SHORT_MISSED_MAX)


def forked(tap, w, agent, how, count):
    _, out = w.run([sys.executable, os.path.join(HERE, "clients", "fork.py"), how, w.base, str(count), "tag=" + how])
    pids = set(json.loads(out)["pids"])
    judge(tap, "workers without exec: " + how, w.finished(), agent, pids=pids, count=2 if how == "inherit" else count)


def killed(tap, w, agent, how):
    """The span of a call whose client goes away while it is being answered."""
    if how == "SIGKILL":
        tell = w.path("first-line")
        p = w.start(w.plain("requests", "chat", stream=True, mock="chunks=1000,delay=20,tag=killed", tell=tell))
        wait_for(lambda: os.path.exists(tell), 30)
        time.sleep(0.5)
        os.kill(p.pid, signal.SIGKILL)
        p.wait()
        pid = p.pid
    else:
        call = {"api": "chat", "stream": True, "mock": "chunks=200,delay=20", "abandon": 5}
        pid, _ = w.run(w.sdk("openai", "sync", [call]))
    entries = w.finished(1)
    if not tap.check("the provider saw the client go (%s)" % how, len(entries) == 1 and not entries[0]["complete"], entries):
        return
    judge(tap, "a client that goes away in mid-stream has its span: " + how, entries, agent, pids={pid})
    s = spans_of(entries, agent)[entries[0]["request_id"]][0]
    tap.check("it is an error, without invented usage: " + how,
              s.status == 2 and s[genai.ERROR] and s[genai.OUTPUT] is None and s[genai.RESPONSE_ID] == entries[0]["truth"]["id"],
              "%r %r" % (s.status, s.attrs))


def provider_reset(tap, w, agent):
    pid, _ = w.run(w.sdk("anthropic", "sync", [{"api": "messages", "stream": True, "mock": "abort=6,chunks=20,delay=10"},
                                               {"api": "messages", "mock": "cached=9"}], retries=0))
    entries = w.finished()
    judge(tap, "a provider that resets, and the next call", entries, agent, pids={pid}, count=2)
    s = spans_of(entries, agent)[entries[0]["request_id"]][0]
    tap.check("the cut call is an error", s.status == 2 and s[genai.ERROR], "%r" % s.attrs)


def threads_share(tap, w, agent):
    """Writes and reads of a connection run on different threads."""
    pid, _ = w.run(w.sdk("openai", "async", [{"api": "chat", "stream": True, "mock": "chunks=5,ttft=20"}], parallel=8, repeat=24))
    judge(tap, "pooled connections", w.finished(), agent, pids={pid}, count=24, ttft_s=0.3)


def not_llm(tap, w, agent):
    """Traffic that is no LLM call makes no span, and does not disturb the next."""
    before = len(agent.spans())
    for _ in range(5):
        w.curl(w.base + "/", w.base + "/v1/models")
    w.curl("-d", "a=b&c=d", w.base + "/form")
    time.sleep(1)
    tap.equal("no span for what is no LLM call", [s.name for s in agent.spans()[before:]], [])
    w.finished()
    pid = w.curl(w.base + "/", "--next", "-sS", "-d", '{"model":"m","messages":[]}', w.base + "/v1/chat/completions")
    judge(tap, "a call on a connection that began as something else", w.finished(), agent, pids={pid}, count=1)
    tap.equal("it was one connection", [(e["api"], e["conn"] == w.exchanges[0]["conn"]) for e in w.exchanges], [(None, True), ("chat", True)])


def main():
    need_root()
    tap = Tap()
    with World() as w:
        # Started, TLS loaded, half of them with an open connection, before the agent is.
        early = [w.start(w.plain(how, "chat", go=w.path("go"), repeat=2, mock="tag=early")) for how in ("requests", "urllib")]
        busy = w.start(w.plain("httpclient", "messages", repeat=100_000, mock="ttft=20,tag=busy"))
        wait_for(lambda: w.finished(), 5)
        with w.agent() as agent:
            ready = time.time_ns()
            open(w.path("go"), "w").close()
            for p in early:
                p.wait(30)
            time.sleep(2)
            all_entries = w.finished()
            entries = [e for e in all_entries if e["tag"] == "early"]
            judge(tap, "processes started before the agent", entries, agent, pids={p.pid for p in early}, count=4)
            busy.kill()
            busy.wait()
            # The connection was in use: from a moment after the agent was ready.
            entries = [e for e in all_entries if e["tag"] == "busy" and e["began"] > ready + 5 * 10**8]
            w.finished(1)
            judge(tap, "a connection that was open before the agent", entries, agent, pids={busy.pid})
            tap.run("short", short_lived, w, agent)
            for how, count in (("fork", 6), ("pool", 4), ("prefork", 4), ("inherit", 1)):
                tap.run(how, forked, w, agent, how, count)
            for how in ("SIGKILL", "close"):
                tap.run(how, killed, w, agent, how)
            tap.run("reset", provider_reset, w, agent)
            tap.run("threads", threads_share, w, agent)
            tap.run("not LLM", not_llm, w, agent)
    return tap.done()


sys.exit(main())
