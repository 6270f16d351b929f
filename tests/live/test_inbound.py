#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls that a web application makes for its own requests: each under its own request or under
none, never another's; what share of them is found, by runtime: when all of them ask the same, so
that only threads tell them apart, and when each has words of its own."""
import concurrent.futures
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

from agent_provider import Provider
from harness import HERE, World, need_root, wait_for
from tap import Tap
from test_go import build

SERVER = os.path.join(HERE, "clients", "chat_server.py")
TRACE = "4bf92f3577b34da6a3ce929d0e0e%04x"
# The share that has to be found with 20 requests at once, alike and with words of their own; the
# others are under none. Of gunicorn's two workers each has to show how it works first.
RUNTIMES = (("flask", 0.9, 0.9), ("gunicorn", 0.8, 0.9), ("uvicorn", 0, 0.9), ("fastapi-sync", 0, 0.9), ("node", 0, 0.9), ("go", 0, 0.9))
ALONE, AT_ONCE, MANY = 18, 20, 100


def post(port, n, traced, alike):
    headers = {"content-type": "application/json"}
    if traced:
        headers["traceparent"] = "00-%s-00f067aa0ba902b7-01" % (TRACE % n)
    body = {"message": "What is the weather like?" if alike else "Tell me about the number %d, please." % n, "tag": "T%04d" % n}
    r = urllib.request.Request("http://127.0.0.1:%d/api/chat/%d" % (port, n), json.dumps(body).encode(), headers)
    with urllib.request.urlopen(r, timeout=60) as answer:
        return answer.read() and answer.status  # one that is not read is reset


def command(w, how, port):
    if how == "node":
        return w.node_program("chat_server.mjs", port)
    if how == "go":
        return [build("chat"), str(port)]
    return [sys.executable, SERVER, how, str(port)]


def judge(spans, numbers):
    """(calls under their own request, of these by their words, under none, under another's or unknown, requests with a span)"""
    by_id = {s.span_id: s for s in spans}
    own = said = none = 0
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
            said += s["gentap.inferred"] == "request_text"
    return own, said, none, wrong, [s for s in served if int(s["url.path"].rsplit("/", 1)[1]) in numbers]


def one(tap, w, provider, how, alike_least, least):
    w.collector.clear()
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    server = subprocess.Popen(command(w, how, port), env=dict(w.env(), OPENAI_BASE_URL=provider.url + "/v1", PYTHONDONTWRITEBYTECODE="1"),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def answers():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        wait_for(answers, 60)
        time.sleep(1)
        alone, alike, many = range(ALONE), range(100, 100 + MANY), range(300, 300 + MANY)
        for n in alone:
            post(port, n, False, False)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda n: post(port, n, n % 2 == 1, True), alike))
            list(pool.map(lambda n: post(port, n, n % 2 == 1, False), many))
        spans = lambda: w.collector.spans(runs=True)
        mine = lambda: [s for s in spans() if s.pid != os.getpid() and
                        ((s.is_call and "tag:T" in str(s["gen_ai.input.messages"])) or str(s["url.path"]).startswith("/api/chat/"))]
        wait_for(lambda: sum(s.is_call for s in mine()) >= ALONE + 2 * MANY, 15)
        time.sleep(1)
        got = mine()
        for words, numbers, share in (("one after the other", alone, min(least, 0.3)), ("%d at once, alike" % AT_ONCE, alike, alike_least),
                                      ("%d at once, each with words of its own" % AT_ONCE, many, least)):
            own, said, none, wrong, served = judge(got, set(numbers))
            print("# %s, %s: %.2f under their own (%d of %d by their words), %.2f under none, %d under another's" % (
                how, words, own / len(numbers), said, own, none / len(numbers), len(wrong)))
            tap.check("%s, %s: under their own or none, as many as there should be" % (how, words),
                      not wrong and own >= share * len(numbers) and own + none == len(numbers), [own, none] + wrong)
            number = lambda s: int(s["url.path"].rsplit("/", 1)[1])
            bad = [(s.name, s.attrs) for s in served if s.name != "POST /api/chat/{id}" or s["http.response.status_code"] != 200 or s["gentap.served.calls"] != 1
                   or (number(s) >= 100 and number(s) % 2 == 1) != (s.parent_id == "00f067aa0ba902b7") or (s.parent_id and s.trace_id != TRACE % number(s))]
            tap.check("%s, %s: the requests' spans, in the traces that they came with" % (how, words), len(served) == own and not bad, bad[:5] + [len(served)])
    finally:
        server.terminate()
        server.wait(15)


def main():
    need_root()
    tap = Tap()
    with World() as w, Provider(w.path("server.pem"), w.path("server.key")) as provider, w.agent("--capture-content"):
        for how, alike_least, least in RUNTIMES:
            if how in ("node", "go") and not shutil.which(how):
                tap.skip(how, "no %s here" % how)
            else:
                tap.run(how, one, w, provider, how, alike_least, least)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
