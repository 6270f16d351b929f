#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real OpenTelemetry Collector (tests/otelcol makes it) takes all signals over gRPC and HTTP;
what its file exporter writes is what a direct receiver reads. Ended and started again
under load it has everything once."""
import collections
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDINGS = os.path.join(HERE, "..", "replay", "golden")
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import otelcol
import otlp
from tap import Tap

BUILD = os.environ.get("BUILD", "build")
SEND = os.path.join(BUILD, "system", "otlp_send")
GOLDEN = [os.path.join(RECORDINGS, n + ".har") for n in ("agent_run", "anthropic_messages", "openai_chat", "vendors")]
CONFIG = """
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:%(grpc)d"}, http: {endpoint: "127.0.0.1:%(http)d"}}}
exporters:
  file/traces: {path: %(where)s/traces, append: true, flush_interval: 50ms}
  file/metrics: {path: %(where)s/metrics, append: true, flush_interval: 50ms}
  file/logs: {path: %(where)s/logs, append: true, flush_interval: 50ms}
service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    traces: {receivers: [otlp], exporters: [file/traces]}
    metrics: {receivers: [otlp], exporters: [file/metrics]}
    logs: {receivers: [otlp], exporters: [file/logs]}
"""

# It answers when it has an answer: what it acknowledged is where it belongs.
FORWARDS = """
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:%(grpc)d"}, http: {endpoint: "127.0.0.1:%(http)d"}}}
exporters:
  otlp_http: {endpoint: "%(to)s", compression: none, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines:
    traces: {receivers: [otlp], exporters: [otlp_http]}
"""


class Collector(otelcol.Collector):
    """Its file exporter's output, read."""

    def take(self, signal_name):
        """The requests that were written since the last time; a line may be half written."""
        name, cls = {"traces": otlp.KINDS["/v1/traces"], "metrics": otlp.KINDS["/v1/metrics"],
                     "logs": otlp.KINDS["/v1/logs"]}[signal_name]
        path = os.path.join(self.where, name)
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as f:
            return [otlp.from_json(line, cls) for line in f if line.endswith("\n")]

    def clear(self):
        for name in ("traces", "metrics", "logs"):
            with contextlib.suppress(FileNotFoundError):
                os.truncate(os.path.join(self.where, name), 0)


def items(requests, outer, inner, last):
    """The items of requests with their resources, in an order of their own."""
    found = []
    for r in requests:
        for o in getattr(r, outer):
            resource = o.resource.SerializeToString(deterministic=True)
            for s in getattr(o, inner):
                for x in getattr(s, last):
                    for f in ("status", "body"):  # the collector writes empty ones, too
                        if f in x.DESCRIPTOR.fields_by_name and not getattr(x, f).ByteSize():
                            x.ClearField(f)
                    found.append((resource, s.schema_url, s.scope.name, x.SerializeToString(deterministic=True)))
    return sorted(found)


def timeless(requests):
    found = []
    for m in otlp.metrics(requests).values():
        for p in otlp.points(m):
            for f in ("start_time_unix_nano", "time_unix_nano"):
                setattr(p, f, 0)
        found.append(m.SerializeToString(deterministic=True))
    return sorted(found)


def read(r):
    take = (lambda n: r.take(n)) if isinstance(r, Collector) else (lambda n: getattr(r, n))
    return dict(spans=items(take("traces"), "resource_spans", "scope_spans", "spans"),
                logs=items(take("logs"), "resource_logs", "scope_logs", "log_records"), metrics=timeless(take("metrics")))


def send(url, **env):
    return agent.run("decode", "--quiet", "--capture-content", *GOLDEN, environment=dict(env, OTEL_EXPORTER_OTLP_ENDPOINT=url))


def every_way(tap, c):
    with otlp.Receiver() as direct:
        send(direct.url)
        want = read(direct)
    tap.check("there is something of each", all(want.values()), {k: len(v) for k, v in want.items()})
    for protocol in ("grpc", "http/protobuf", "http/json"):
        for compression in ("none", "gzip"):
            title = "%s, %s" % (protocol, compression)
            c.clear()
            url = "http://127.0.0.1:%d" % (c.grpc if protocol == "grpc" else c.http)
            send(url, OTEL_EXPORTER_OTLP_PROTOCOL=protocol, OTEL_EXPORTER_OTLP_COMPRESSION=compression)
            end = time.monotonic() + 10
            while read(c) != want and time.monotonic() < end:
                time.sleep(0.1)
            got = read(c)
            for kind in want:
                tap.check("%s: %s arrive as they are" % (title, kind), got[kind] == want[kind],
                          "%d of %d are the same" % (len(set(got[kind]) & set(want[kind])), len(want[kind])))


def count_names(requests):
    return collections.Counter(s.name for r in requests for rs in r.resource_spans for ss in rs.scope_spans for s in ss.spans)


def under_load(c, signo, protocol, count, times):
    """Spans come for 6 s, meanwhile the collector is ended and started again."""
    url = "http://127.0.0.1:%d" % (c.grpc if protocol == "grpc" else c.http)
    with tempfile.TemporaryDirectory() as spool:
        env = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
        env.update(SPOOL=spool, OTEL_EXPORTER_OTLP_PROTOCOL=protocol, OTEL_BSP_SCHEDULE_DELAY="10", OTEL_EXPORTER_OTLP_ENDPOINT=url)
        with subprocess.Popen([SEND, "spans=%d" % count, "burst=20", "wait=20", "flush=20000"], env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
            for _ in range(times):
                time.sleep(1)
                c.stop(signo)
                time.sleep(0.5)
                c.start()
            out, err = p.communicate(timeout=60)
    return json.loads(out), out + err


def restarted(tap, c):
    """By SIGTERM it writes what it acknowledged: each span is there, once."""
    c.clear()
    count = 6000
    stats, told = under_load(c, signal.SIGTERM, "grpc", count, 2)
    tap.check("restarted under load: all is acknowledged", stats["exported"] == count and not stats["queued"], told)
    names = collections.Counter()
    end = time.monotonic() + 10
    while len(names) < count and time.monotonic() < end:
        time.sleep(0.2)
        names = count_names(c.take("traces"))
    tap.equal("restarted under load: nothing is lost", count - len(names), 0)
    tap.equal("restarted under load: nothing is doubled", [n for n, k in names.items() if k > 1][:10], [])
    tap.check("restarted under load: it was away", stats["retries"] > 0, told)


def killed(tap, where):
    """By SIGKILL, three times each: nothing is lost. What may come twice is the one request whose answer
    died with it, whole; a receiver that knows span ids has each once."""
    count, times = 6000, 3
    for protocol in ("grpc", "http/protobuf"):
        title = "killed under load, %s" % protocol
        with otlp.Receiver() as to:
            c = otelcol.Collector(where, FORWARDS, to=to.url)
            try:
                c.start()
                stats, told = under_load(c, signal.SIGKILL, protocol, count, times)
            finally:
                c.stop()
            with to.lock:
                requests = [count_names([r]) for r in to.traces]
        names = sum(requests, collections.Counter())
        tap.check("%s: all is acknowledged, after it was away" % title,
                  stats["exported"] == count and not stats["queued"] and stats["retries"] > 0, told)
        tap.equal("%s: nothing is lost" % title, count - len(names), 0)
        seen, doubled, parts = set(), 0, 0
        for r in requests:
            twice = seen & set(r)
            doubled += bool(twice)
            parts += bool(twice) and twice != set(r)
            seen |= set(r)
        tap.equal("%s: no part of a request comes twice" % title, parts, 0)
        tap.check("%s: no more requests come twice than it died" % title, doubled <= times, doubled)
        print("# %s: requests that came twice: %d of %d" % (title, doubled, len(requests)))


def main():
    tap = Tap()
    if not otelcol.program():
        tap.skip("the OpenTelemetry Collector", "not built: tests/otelcol makes it where Go is")
        return tap.done()
    with tempfile.TemporaryDirectory() as where:
        c = Collector(where, CONFIG)
        try:
            c.start()
            tap.run("every way", every_way, c)
            tap.run("restarted", restarted, c)
        finally:
            c.stop()
        tap.run("killed", killed, where)
    return tap.done()


sys.exit(main())
