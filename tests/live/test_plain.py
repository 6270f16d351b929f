#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plain HTTP on sockets, as model servers and gateways on the same network speak it: what
clients send and receive, seen at their sockets, and nothing of what is no HTTP."""
import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

from harness import HERE, SETTLE_S, World, judge, judge_short, need_root, wait_for
from tap import Tap

DELAYS = "ttft=50,delay=15,chunks=8"


@contextlib.contextmanager
def provider(w, name="mock-provider"):
    """The mock provider without TLS; calls are in the log of the world's own."""
    path = w.path(name)
    if not os.path.exists(path):
        os.symlink(os.path.realpath(sys.executable), path)
    p = subprocess.Popen([sys.executable, os.path.join(HERE, "provider.py"), "--log", w.log], executable=path,
                         stdout=subprocess.PIPE, stderr=open(w.path("plain.err"), "w"), text=True)
    try:
        yield "http://127.0.0.1:%s" % p.stdout.readline().strip()
    finally:
        p.terminate()
        p.wait(5)


def plain(base, how, api, **spec):
    return [sys.executable, os.path.join(HERE, "clients", "plain.py"), how, base, json.dumps(dict(spec, api=api, before=SETTLE_S))]


def clients(tap, w, agent, base):
    for how in ("requests", "urllib"):
        pids = set()
        for api in ("chat", "messages"):
            pids.add(w.run(plain(base, how, api, mock="cached=7,tools=1", repeat=2))[0])
            pids.add(w.run(plain(base, how, api, stream=True, mock=DELAYS, repeat=2, bytes=60_000))[0])
        judge(tap, "Python " + how, w.finished(), agent, pids=pids, count=8)
    pids = set()
    for n in range(20):
        pids.add(w.run(["curl", "-sS", base + "/v1/chat/completions", "-H", "x-mock: tag=short",
                        "-d", '{"model":"m","messages":[]}'])[0])
    judge_short(tap, "curl", w, agent, pids, 20, 1)
    pid, _ = w.run(w.sdk("openai", "async", [{"api": "chat", "stream": True, "mock": DELAYS}, {"api": "chat"}], parallel=4),
                   env=w.env() | {"OPENAI_BASE_URL": base + "/v1"})
    judge(tap, "openai, async", w.finished(), agent, pids={pid})
    if shutil.which("node"):
        pid, _ = w.run(w.node("openai", [{"api": "chat", "stream": True, "mock": DELAYS}, {"api": "chat"}]),
                       env=w.env() | {"OPENAI_BASE_URL": base + "/v1"})
        judge(tap, "Node", w.finished(), agent, pids={pid})


def few(tap, w, agent, base, off):
    pids = {w.run(plain(base, "requests", "chat", stream=True, mock=DELAYS, repeat=2, bytes=60_000))[0]}
    pids.add(w.curl(base + "/v1/chat/completions", "-d", '{"model":"m","messages":[]}'))
    judge(tap, "without %s: plain" % off, w.finished(), agent, pids=pids, count=3)
    pids = {w.run(w.plain("requests", "chat", stream=True, mock=DELAYS, repeat=2))[0]}
    judge(tap, "without %s: TLS" % off, w.finished(), agent, pids=pids, count=2)


def early(tap, w, agent, base, busy):
    """A connection that was in use before the agent."""
    ready = time.time_ns()
    time.sleep(3)
    busy.kill()
    busy.wait()
    time.sleep(0.5)
    entries = [e for e in w.finished() if e["tag"] == "busy" and e["complete"] and e["began"] > ready + 15 * 10**8]
    judge(tap, "a connection that was open before the agent", entries[:-1], agent, pids={busy.pid})


def echo(listener):
    c, _ = listener.accept()
    with c:
        while True:
            data = c.recv(65536)
            if not data:
                return
            c.sendall(data)


def other(tap, w, agent, base):
    """What is no HTTP stays where it is, and its socket does not hurt another."""
    before = len(agent.spans())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=echo, args=(listener,), daemon=True).start()
        with socket.create_connection(listener.getsockname()) as c:
            for n in range(50):
                c.sendall(b"\x00\x00\x01\x02binary %d" % n)
                c.recv(100)
    w.curl("-d", "a=b", base + "/form", base + "/")
    time.sleep(1)
    tap.equal("no span for what is no LLM call", [s.name for s in agent.spans()[before:]], [])


RESET_LIVE_S = 4


def reset(tap, w, agent, name, missing):
    """A server that answers and resets the connection before the client has read all of it; the
    answer says `missing` bytes more than come."""
    go, rid = w.path("go-" + name), "chatcmpl-" + name
    body = json.dumps({"id": rid, "object": "chat.completion", "model": "reset-mock", "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x" * 3000}}],
        "usage": {"prompt_tokens": 41, "completion_tokens": 17, "total_tokens": 58}}).encode()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = w.start([sys.executable, os.path.join(HERE, "clients", "reset.py"), str(listener.getsockname()[1]), name,
                          go, "5", str(RESET_LIVE_S)])
        c, _ = listener.accept()
        with c:
            c.recv(65536)
            c.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: %s\r\ncontent-length: %d\r\n\r\n"
                      % (name.encode(), len(body) + missing) + body)
            time.sleep(0.2)
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.2)
    open(go, "w").close()
    said = json.loads(client.stdout.readline())
    mine = lambda: [s for s in agent.spans() if s.pid == client.pid]
    wait_for(mine, RESET_LIVE_S + 6)
    spans = mine()
    client.wait(RESET_LIVE_S + 5)
    tap.check("%s: the client had read all that came" % name, said["bytes"] > len(body), said)
    tap.equal("%s: a span, with all of the answer" % name, [(s["gen_ai.response.id"], s["gen_ai.usage.input_tokens"],
              s["gen_ai.usage.output_tokens"]) for s in spans], [(rid, 41, 17)])
    late = [(s.arrival_ns - said["closed_ns"]) / 1e9 for s in spans]
    tap.check("%s: it is told when the client closes, not when it ends" % name, late and max(late) < RESET_LIVE_S - 1, late)


def resets(tap, w, agent):
    reset(tap, w, agent, "reset-whole", 0)
    reset(tap, w, agent, "reset-short", 100)


def main():
    need_root()
    tap = Tap()
    with World() as w, provider(w) as base:
        busy = w.start(plain(base, "requests", "chat", repeat=100_000, mock="ttft=100,tag=busy"))
        time.sleep(1)
        with w.agent() as agent:
            tap.run("early", early, w, agent, base, busy)
            tap.run("clients", clients, w, agent, base)
            tap.run("other", other, w, agent, base)
            tap.run("resets", resets, w, agent)
        # Where ends of transfers cannot be seen (before Linux 6.3): with a look at what is about to be sent, and without.
        for off in ("socket_length", "socket_send,socket_length"):
            with w.agent("--feature-off=" + off) as agent:
                tap.run("without " + off, few, w, agent, base, off)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
