#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many calls at once, many on one connection, very large ones."""
import json
import sys

from harness import World, judge, need_root
from tap import Tap


def streams(tap, w, agent):
    call = {"api": "chat", "stream": True, "mock": "chunks=40,delay=20,ttft=200,tools=1"}
    pid, out = w.run(w.sdk("openai", "async", [call], parallel=50, repeat=50))
    # One thread serves and one reads 50 streams: the times are those of a busy machine.
    judge(tap, "50 streams at once in one process", w.finished(), agent, pids={pid}, count=50, ttft_s=0.6, end_s=0.8)
    tap.equal("the client had no failure", json.loads(out)["failures"], [])


def keep_alive(tap, w, agent):
    pid, _ = w.run(w.plain("httpclient", "chat", repeat=200, mock="cached=5"))
    entries = w.finished()
    judge(tap, "200 calls on one connection", entries, agent, pids={pid}, count=200)
    tap.equal("it was one connection", len({e["conn"] for e in entries}), 1)


def big(tap, w, agent, how, megabytes, api, stream):
    pid, _ = w.run(w.plain(how, api, bytes=int(megabytes * (1 << 20)), stream=stream, repeat=3, mock="chunks=20,delay=1"))
    judge(tap, "%s: 3 %s calls of %g MiB" % (how, api, megabytes), w.finished(), agent, pids={pid}, count=3,
          ttft_s=0.5, end_s=0.6)


def big_answer(tap, w, agent):
    pid, _ = w.run(w.plain("requests", "messages", repeat=3, mock="bytes=4000000,chunks=1"))
    judge(tap, "answers of 4 MB", w.finished(), agent, pids={pid}, count=3, end_s=0.6)


def many(tap, w, agent):
    calls = [{"api": "responses", "mock": "tools=1"}, {"api": "responses", "stream": True, "mock": "chunks=10"}]
    pid, _ = w.run(w.sdk("openai", "async", calls, parallel=16, repeat=100))
    judge(tap, "200 calls, 16 at a time", w.finished(), agent, pids={pid}, count=200, ttft_s=0.6, end_s=0.8)


def main():
    need_root()
    tap = Tap()
    with World() as w, w.agent() as agent:
        tap.run("streams", streams, w, agent)
        tap.run("keep-alive", keep_alive, w, agent)
        tap.run("many", many, w, agent)
        tap.run("big", big, w, agent, "requests", 3, "chat", True)
        tap.run("big", big, w, agent, "urllib", 3, "messages", False)
        tap.run("big", big, w, agent, "httpclient", 15.9, "chat", False)
        tap.run("big answer", big_answer, w, agent)
    return tap.done()


sys.exit(main())
