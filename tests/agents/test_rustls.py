#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rustls beyond what the matrix has: HTTP/2 over ring and over AWS-LC, and a server of it, whose
answers join the requests they answer, be they sealed by the thread that read those or by another."""
import http.client
import json
import os
import ssl
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "live"), os.path.join(HERE, "..", "common")]
import binaries
from harness import World, need_root, wait_for
from tap import Tap
from test_http2 import provider as h2_provider

CALLS, CONNECTIONS = 3, 4


def clients(tap, w, agent, base):
    for name in ("rust-ring17", "rust-awslc"):
        path = binaries.path(name)
        if not path:
            tap.skip(name, binaries.reason(name))
            continue
        for stream in ("", "1"):
            told = {"BASE": base, "CALLS": str(CALLS), "MODEL": "ask-7", "STREAM": stream}
            if not stream:  # a build that was never seen is searched first
                w.run([path], env=w.env(**told))
                time.sleep(2)
            pid, _ = w.run([path], env=w.env(WAIT="50", **told))
            mine = lambda: [s for s in agent.spans() if s.pid == pid]
            wait_for(lambda: len(mine()) >= CALLS, 5)
            tap.equal("%s: HTTP/2%s" % (name, ", streamed" if stream else ""),
                      [(s["gen_ai.response.id"], s["gen_ai.usage.input_tokens"], s["gen_ai.usage.output_tokens"], s["gentap.completeness"],
                        s["server.address"], s["gentap.capture.source"]) for s in mine()],
                      [("r-7", 1007, 2007, "full", "localhost", "rustls")] * CALLS)


def ask(connection):
    connection.request("POST", "/v1/chat/completions", json.dumps({"model": "ask", "messages": [{"role": "user", "content": "x"}]}),
                       {"content-type": "application/json"})
    return json.loads(connection.getresponse().read())["id"]


def server(tap, w, version, threads=""):
    path = binaries.path("rust-server")
    title = "a server of rustls, %s%s" % (version.name, ", which answers by other threads" if threads else "")
    if not path:
        return tap.skip(title, binaries.reason("rust-server"))
    context = ssl.create_default_context(cafile=w.path("ca.pem"))
    context.maximum_version = version
    p = subprocess.Popen([path, w.path("server.pem"), w.path("server.key")], stdout=subprocess.PIPE, text=True, env={**os.environ, "THREADS": threads})
    try:
        port = int(p.stdout.readline())
        # This test is Python, which the agent leaves out: only the server is seen.
        with w.agent("--exe", path) as agent:
            time.sleep(2)
            connections = [http.client.HTTPSConnection("localhost", port, context=context) for _ in range(CONNECTIONS)]
            ids = [ask(c) for _ in range(CALLS) for c in connections]
            for c in connections:
                c.close()
            mine = lambda: [s for s in agent.spans() if s.pid == p.pid]
            wait_for(lambda: len(mine()) >= len(ids), 5)
            got = [(s["gen_ai.response.id"], s["gen_ai.request.model"], s["gen_ai.usage.input_tokens"], s["gentap.completeness"], s["gentap.observed_side"])
                   for s in mine()]
        want = [(i, "ask", 1000 + int(i.split("-")[1]), "full", "server") for i in ids]
        return tap.equal(title, sorted(got), sorted(want))
    finally:
        p.kill()
        p.wait()


def main():
    need_root()
    tap = Tap()
    with World() as w:
        with w.agent() as agent, h2_provider(w) as base:
            tap.run("clients", clients, w, agent, base)
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            tap.run("server", server, w, version)
            tap.run("server", server, w, version, "2")
    return tap.done()


sys.exit(main())
