#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls that a web application makes for its own requests: each under its own request or under
none, never another's; what share of them is found, by runtime."""
import concurrent.futures
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

from agent_provider import Provider
from harness import HERE, World, need_root, wait_for
from tap import Tap

SERVER = os.path.join(HERE, "clients", "chat_server.py")
TRACE = "4bf92f3577b34da6a3ce929d0e0e%04x"
# The share that has to be found with 20 requests at once; the others are under none. Of gunicorn's
# two workers each has to show how it works first.
RUNTIMES = (("flask", 0.9), ("gunicorn", 0.8), ("uvicorn", 0), ("fastapi-sync", 0))
ALONE, AT_ONCE, MANY = 6, 20, 100


def post(port, n, traced):
    headers = {"content-type": "application/json"}
    if traced:
        headers["traceparent"] = "00-%s-00f067aa0ba902b7-01" % (TRACE % n)
    r = urllib.request.Request("http://127.0.0.1:%d/api/chat/%d" % (port, n), json.dumps({"tag": "T%04d" % n}).encode(), headers)
    with urllib.request.urlopen(r, timeout=60) as answer:
        return answer.read() and answer.status  # one that is not read is reset


def judge(spans, numbers):
    """(calls under their own request, under none, under another's or unknown, requests with a span)"""
    by_id = {s.span_id: s for s in spans}
    own = none = 0
    wrong, served = [], [s for s in spans if s.kind == 2 and s["http.request.method"]]
    for s in (s for s in spans if s.is_call):
        tag = int(s["gen_ai.input.messages"].split("tag:T")[1][:4])
        if tag not in numbers:
            continue
        if s.parent_id and s.parent_id not in by_id:
            wrong.append("call %d has a parent that is not there" % tag)
        elif not s.parent_id:
            none += 1
        elif by_id[s.parent_id]["url.path"] != "/api/chat/%d" % tag:
            wrong.append("call %d is under %s" % (tag, by_id[s.parent_id]["url.path"]))
        else:
            own += 1
    return own, none, wrong, [s for s in served if int(s["url.path"].rsplit("/", 1)[1]) in numbers]


def one(tap, w, provider, how, least):
    w.collector.clear()
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    server = subprocess.Popen([sys.executable, SERVER, how, str(port)], env=dict(w.env(), OPENAI_BASE_URL=provider.url + "/v1", PYTHONDONTWRITEBYTECODE="1"),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def answers():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        wait_for(answers, 60)
        time.sleep(1)
        alone = range(0, 3 * ALONE)
        for n in alone:
            post(port, n, False)
        many = range(100, 100 + MANY)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda n: post(port, n, n % 2 == 1), many))
        spans = lambda: w.collector.spans(runs=True)
        mine = lambda: [s for s in spans() if s.pid != os.getpid() and
                        ((s.is_call and "tag:T" in str(s["gen_ai.input.messages"])) or str(s["url.path"]).startswith("/api/chat/"))]
        wait_for(lambda: sum(s.is_call for s in mine()) >= len(alone) + MANY, 15)
        time.sleep(1)
        got = mine()
        own, none, wrong, _ = judge(got, set(alone))
        tap.check("%s, one after the other: %d of %d under their own" % (how, own, len(alone)), not wrong and (not least or own >= len(alone) // 3), [own, none, wrong])
        own, none, wrong, served = judge(got, set(many))
        tap.check("%s, %d at once: %d of %d under their own, none under another's" % (how, AT_ONCE, own, MANY),
                  not wrong and own >= least * MANY and own + none == MANY, [own, none] + wrong)
        bad = [(s.name, s.attrs) for s in served if s.name != "POST /api/chat/{id}" or s["http.response.status_code"] != 200 or s["gentap.served.calls"] != 1
               or (int(s["url.path"].rsplit("/", 1)[1]) % 2 == 1) != (s.parent_id == "00f067aa0ba902b7")
               or (s.parent_id and s.trace_id != TRACE % int(s["url.path"].rsplit("/", 1)[1]))]
        if least:
            tap.check("%s: the requests' spans, in the traces that they came with" % how, len(served) == own and not bad, bad[:5] + [len(served)])
    finally:
        server.terminate()
        server.wait(15)


def main():
    need_root()
    tap = Tap()
    with World() as w, Provider(w.path("server.pem"), w.path("server.key")) as provider, w.agent("--capture-content"):
        for how, least in RUNTIMES:
            tap.run(how, one, w, provider, how, least)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
