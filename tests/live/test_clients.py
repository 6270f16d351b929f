#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Unmodified clients, each call held against the provider's log."""
import shutil
import sys

from harness import World, judge, need_root
from tap import Tap

DELAYS = "ttft=150,delay=15,chunks=8"


def calls(api):
    """What an SDK is put through for one API."""
    plain = [{"api": api, "mock": "cached=300,in=1300,out=77,reason=11,enc=auto"},
             {"api": api, "mock": "in=2000,cwrite=64,tools=2"},
             {"api": api, "mock": "finish=length,bytes=200000,enc=gzip"},
             {"api": api, "mock": "error=429,retry_after=0,times=1"},
             {"api": api, "mock": "error=400"}]
    if api == "embeddings":
        return plain[:1] + plain[3:]
    stream = [{"api": api, "stream": True, "mock": DELAYS + ",cached=10,reason=5"},
              {"api": api, "stream": True, "mock": DELAYS + ",tools=3,think=1,enc=gzip"},
              {"api": api, "stream": True, "mock": DELAYS + ",eol=crlf,split=11,enc=auto"},
              {"api": api, "stream": True, "mock": DELAYS + ",framing=close,eol=cr"},
              {"api": api, "stream": True, "mock": "framing=length,finish=length"},
              {"api": api, "stream": True, "mock": "error=stream"},
              {"api": api, "stream": True, "mock": "error=500,times=1,retry_after=0"}]
    return plain + stream


SDKS = {"openai": ("chat", "responses", "embeddings"), "anthropic": ("messages",)}


def sdk_test(tap, w, agent, make, sdk, title):
    pid, _ = w.run(make([c for api in SDKS[sdk] for c in calls(api)]))
    judge(tap, title, w.finished(), agent, pids={pid})


def no_usage(tap, w, agent):
    """A stream whose client did not ask for usage: absent, not 0."""
    pid, _ = w.run(w.sdk("openai", "sync", [{"api": "chat", "stream": True, "usage": False}]))
    judge(tap, "stream without usage on the wire", w.finished(), agent, pids={pid}, count=1)


def plain(tap, w, agent, how):
    pids = set()
    for api in ("chat", "responses", "messages", "embeddings"):
        pids.add(w.run(w.plain(how, api, mock="cached=7,tools=1", repeat=2))[0])
        if api != "embeddings":
            pids.add(w.run(w.plain(how, api, stream=True, mock=DELAYS, repeat=2))[0])
    judge(tap, "Python " + how, w.finished(), agent, pids=pids)


def curl(tap, w, agent):
    pids = set()
    common = ["--http1.1", "-H", "content-type: application/json", "-H", "x-mock: " + DELAYS]
    for host, path, body in (
            ("api.openai.com", "/v1/chat/completions", '{"model":"gpt-x","stream":true,"stream_options":{"include_usage":true},"messages":[]}'),
            ("api.anthropic.com", "/v1/messages", '{"model":"claude-x","stream":true,"max_tokens":5,"messages":[]}'),
            ("api.openai.com", "/v1/responses", '{"model":"gpt-x","input":"hi"}')):
        where = "https://%s:%d%s" % (host, w.port, path)
        pids.add(w.curl(*common, "--resolve", "%s:%d:127.0.0.1" % (host, w.port), "--compressed", "-d", body, where))
        pids.add(w.curl(*common, "-H", "transfer-encoding: chunked", "-H", "expect: 100-continue", "-d", body, w.base + "/gateway/x" + path))
    judge(tap, "curl: other host names, a gateway's path, chunked request, 100-continue", w.finished(), agent, pids=pids, count=6)
    hosts = {s["server.address"] for s in agent.spans() if s.pid in pids}
    tap.equal("server.address is what the request names", hosts, {"api.openai.com", "api.anthropic.com", "localhost"})


def resource(tap, w, agent):
    """Who called: one resource per process, with the names of the conventions."""
    pid, _ = w.run(w.plain("urllib", "chat"), env=w.env(OTEL_SERVICE_NAME="my-service"))
    judge(tap, "urllib with a service name", w.finished(), agent, pids={pid}, count=1)
    got = next((s.resource for s in agent.spans() if s.pid == pid), {})
    want = {"process.executable.name", "process.executable.path", "process.command", "process.owner", "host.name"}
    tap.check("resource of a process", want <= set(got) and got.get("service.name") == "my-service", sorted(got.items()))


def main():
    need_root()
    tap = Tap()
    with World() as w, w.agent() as agent:
        for sdk in SDKS:
            for mode in ("sync", "async"):
                make = lambda c, sdk=sdk, mode=mode: w.sdk(sdk, mode, c, parallel=4)
                tap.run("Python " + sdk, sdk_test, w, agent, make, sdk, "Python %s, %s" % (sdk, mode))
            if shutil.which("node"):
                tap.run("Node " + sdk, sdk_test, w, agent, lambda c, sdk=sdk: w.node(sdk, c), sdk, "Node " + sdk)
            else:
                tap.skip("Node " + sdk, "no node here")
        tap.run("no usage", no_usage, w, agent)
        for how in ("requests", "urllib", "httpclient"):
            tap.run(how, plain, w, agent, how)
        tap.run("curl", curl, w, agent) if shutil.which("curl") else tap.skip("curl", "no curl here")
        tap.run("resource", resource, w, agent)
        tap.equal("the collector could read all it got", w.collector.bad, [])
    return tap.done()


sys.exit(main())
