#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collectors of all kinds: what arrives, what is tried again, what is given up."""
import os
import sys
import tempfile
import time

from harness import World, expected, judge, need_root, spans_of, wait_for
from collector import Collector
from tap import Tap
import genai


def call(w, n=1, **more):
    w.run(w.plain("httpclient", "chat", repeat=n, mock="cached=3,tools=1", **more))
    return w.finished()


def kinds(tap, w):
    for env, what in (({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "application/json"),
                      ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, "application/x-protobuf"),
                      ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
                        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": w.collector.url + "/custom/path",
                        "OTEL_EXPORTER_OTLP_HEADERS": "x-team=a%20b,authorization=Basic%20eA=="}, "application/json")):
        w.collector.clear()
        with w.agent(env=env) as agent:
            entries = call(w, 3)
            judge(tap, "export %s" % " ".join(sorted(v for v in env.values() if "/" not in v or v.startswith("http/"))), entries, agent, count=3)
        request = w.collector.requests[0] if w.collector.requests else (0, "", {}, 0, [])
        headers = {k.lower(): v for k, v in request[2].items()}
        good = headers.get("content-type") == what and \
            (headers.get("content-encoding") == "gzip") == ("OTEL_EXPORTER_OTLP_COMPRESSION" in env) and \
            request[1] == ("/custom/path" if "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" in env else "/v1/traces")
        if "OTEL_EXPORTER_OTLP_HEADERS" in env:
            good = good and headers.get("x-team") == "a b" and headers.get("authorization") == "Basic eA=="
        tap.check("its request: path, type, coding, headers", good, "%r" % (request[:4],))
    tap.equal("all of it could be read", w.collector.bad, [])


def same_in_both(tap, w):
    """The same call as protobuf and as JSON is the same span."""
    found = []
    for protocol in ("http/protobuf", "http/json"):
        with w.agent(env={"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}) as agent:
            entries = call(w)
            found.append(spans_of(entries, agent)[entries[0]["request_id"]][0])
    a, b = found
    unlike = {k: (a.attrs.get(k), b.attrs.get(k)) for k in set(a.attrs) | set(b.attrs)
              if type(a.attrs.get(k)) is not type(b.attrs.get(k))}
    tap.check("protobuf and JSON carry the same attributes, of the same types", set(a.attrs) == set(b.attrs) and not unlike and
              a.scope == b.scope == "gentap.genai" and a.schema_url == b.schema_url != "", "%r\n%r %r" % (unlike, sorted(a.attrs), sorted(b.attrs)))


def retried(tap, w, agent, script, least_s, title):
    """What the specification calls retryable is sent again until it arrives, once."""
    w.collector.clear()
    w.collector.script = list(script)
    entries = call(w, 2)
    by = spans_of(entries, agent, 20.0, 1.0)
    came = [r[0] for r in w.collector.requests if any(s[genai.REQUEST_ID] in by for s in r[4])]
    took = (came[-1] - w.collector.requests[0][0]) / 1e9 if came else 0
    wrong = [e["request_id"] for e in entries if len(by.get(e["request_id"], [])) != 1 or
             genai.differences(expected(e), by[e["request_id"]][0])]
    tap.check("%s: sent again, arrives once (%.1f s)" % (title, took), not wrong and took >= least_s and took < 20,
              "%r %r" % (wrong, [r[3] for r in w.collector.requests]))


def dropped(tap, w, agent, status):
    """Not retryable: one try, the next call is right."""
    w.collector.clear()
    w.collector.script = [status]
    entries = call(w)
    wait_for(lambda: w.collector.requests, 5)
    time.sleep(2.5)
    sent = [e for r in w.collector.requests for s in r[4] for e in entries if s[genai.REQUEST_ID] == e["request_id"]]
    tap.check("%s: not sent again" % status, len(sent) == 1, "%r" % [r[3] for r in w.collector.requests])
    judge(tap, "%s: the next call arrives" % status, call(w), agent, count=1)


def too_large(tap, w, agent):
    """413 splits the batch once."""
    w.collector.clear()
    w.collector.script = [413]
    entries = call(w, 4)
    by = spans_of(entries, agent, 6.0)
    first = w.collector.requests[0]
    wanted = [e["request_id"] for e in entries if len(first[4]) > 1 and e["request_id"] not in by]
    tap.check("413: halves arrive where it was more than one span", not wanted, "%r %r" % (wanted, [(r[3], len(r[4])) for r in w.collector.requests]))


def slow(tap, w, agent):
    """A collector that takes its time holds nothing up."""
    w.collector.clear()
    w.collector.script = ["slow=3"]
    call(w)
    wait_for(lambda: not w.collector.script, 5)
    entries = call(w, 5)
    by = spans_of(entries, agent, 8.0)
    tap.check("slow collector: later calls arrive", all(len(by.get(e["request_id"], [])) == 1 for e in entries), sorted(by))


def down(tap, w):
    """Nobody listens: capture goes on; what fits the queue is delivered once it is up."""
    with Collector() as gone:
        port = gone.server.server_address[1]
    with w.agent(env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:%d" % port}) as agent:
        entries = call(w, 5)
        time.sleep(1.5)
        with Collector(port) as late:
            at = type("Late", (), {"spans": staticmethod(late.spans)})
            by = spans_of(entries, at, 15.0)
            tap.check("collector down: delivered when it is back", all(len(by.get(e["request_id"], [])) == 1 for e in entries),
                      "%r %s" % (sorted(map(str, by)), agent.stderr()))
    with w.agent(env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:%d" % port}) as agent:
        call(w)
        status, took = agent.stop()
        tap.check("collector down: SIGTERM ends it within 5 s, exit status 0", status == 0 and took < 8, "%r %.1f s" % (status, took))
        tap.check("collector down: it says so", str(port) in agent.stderr(), agent.stderr())


def one_url_two_tenants(tap, w):
    """What waits on disk goes out with the headers it was for, whatever the order of destinations after a restart."""
    def destinations(url, *tenants):
        return [x for t in tenants for x in ("--export", url + " signals=traces headers=x-tenant=" + t)]
    with Collector() as gone, tempfile.TemporaryDirectory() as spool:
        port = gone.server.server_address[1]
        gone.server.server_close()
        url = "http://localhost:%d" % port
        with w.agent("--spool", spool, *destinations(url, "a", "b")) as agent:
            first = call(w, 2)
            time.sleep(1)
            agent.stop()
            tap.check("one URL, two tenants: each has its place on disk", "nothing is kept" not in agent.stderr(), agent.stderr())
        names = " ".join(os.path.join(d, f) for d, _, files in os.walk(spool) for f in files)
        with Collector(port) as late, w.agent("--spool", spool, *destinations(url, "c", "b")) as agent:
            second = call(w, 1)
            wait_for(lambda: sum(len(r[4]) for r in late.requests) >= 4, 10)
            time.sleep(1)
            got = {t: sorted(s[genai.REQUEST_ID] for r in late.requests for s in r[4]
                             if s.is_call and {k.lower(): v for k, v in r[2].items()}.get("x-tenant") == t) for t in "abc"}
            agent.stop()
            stderr = agent.stderr()
        ids = [[e["request_id"] for e in es] for es in (first, second)]
        tap.equal("one URL, two tenants: what waited goes to whom it was for, once", got,
                  {"a": [], "b": sorted(ids[0] + ids[1]), "c": sorted(ids[1])})
        tap.check("one URL, two tenants: what nobody gets any more is said", "not configured any more" in stderr, stderr)
        tap.check("one URL, two tenants: no header in a name", "tenant" not in names and "traces-" in names, names)


def certificates(tap, w):
    for cert, ca, good in (("server", "ca", True), ("server", "other", False)):
        with Collector(cert=w.path(cert + ".pem"), key=w.path(cert + ".key")) as c:
            with w.agent(env={"OTEL_EXPORTER_OTLP_ENDPOINT": c.url, "OTEL_EXPORTER_OTLP_CERTIFICATE": w.path(ca + ".pem")}) as agent:
                at = type("Tls", (), {"spans": staticmethod(c.spans)})
                entries = call(w)
                if good:
                    judge(tap, "TLS to the collector", entries, at, count=1)
                    continue
                time.sleep(1.5)
                status, took = agent.stop()
                tap.check("wrong certificate: nothing is sent, a clear message, a clean end", not c.requests and status == 0 and
                          "certificate" in agent.stderr().lower() and took < 8, "%r %r %s" % (status, took, agent.stderr()))


def burst(tap, w, agent):
    """More spans than one batch."""
    w.collector.clear()
    w.run(w.sdk("openai", "async", [{"api": "embeddings"}], parallel=32, repeat=700))
    judge(tap, "700 calls in a burst", w.finished(), agent, count=700, end_s=1.0, arrival_s=2.0)


def main():
    need_root()
    tap = Tap()
    with World() as w:
        tap.run("kinds", kinds, w)
        tap.run("both", same_in_both, w)
        with w.agent() as agent:
            tap.run("503", retried, w, agent, [503], 0.0, "503")
            tap.run("429", retried, w, agent, [(429, {"retry-after": "2"})], 1.5, "429 with Retry-After")
            tap.run("502", retried, w, agent, [502, "reset", 504], 0.0, "502, a reset, 504")
            for status in (400, 500):
                tap.run(str(status), dropped, w, agent, status)
            tap.run("partial", dropped, w, agent, "partial=1")
            tap.run("413", too_large, w, agent)
            tap.run("slow", slow, w, agent)
            tap.run("burst", burst, w, agent)
        tap.run("down", down, w)
        tap.run("one URL", one_url_two_tenants, w)
        tap.run("certificates", certificates, w)
    return tap.done()


sys.exit(main())
