#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The exporter against a collector that misbehaves as scripted.

build/system/otlp_send hands in spans s0, s1, …; the collector below answers each request
by the next entry of its script (then 200) and keeps what it got. Every span has to be
accounted for, exactly: on the wire, and in the counters.
"""
import collections
import contextlib
import email.utils
import gzip
import json
import os
import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest, ExportTraceServiceResponse)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from tap import Tap

SEND = os.path.join(os.environ.get("BUILD", "build"), "system", "otlp_send")
LIMIT_S = 30


class Request:
    def __init__(self, path, headers, body, answer):
        self.path, self.headers, self.body, self.answer = path, headers, body, answer
        self.at = time.monotonic()
        plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        self.plain = plain
        if headers["content-type"] == "application/json":
            scopes = [ss for rs in json.loads(plain)["resourceSpans"] for ss in rs["scopeSpans"]]
            self.names = [s["name"] for ss in scopes for s in ss["spans"]]
        else:
            m = ExportTraceServiceRequest.FromString(plain)
            self.names = [s.name for rs in m.resource_spans for ss in rs.scope_spans for s in ss.spans]


class Collector:
    """Entries of the script: a status, (status, headers, body), or one of the names below."""

    def __init__(self, script=(), tls=None, on_path=None):
        self.script, self.tls, self.on_path = list(script), tls, on_path
        self.requests, self.connections, self.lock = [], 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = "%s://localhost:%d" % ("https" if tls else "http", self.port)
        self.open = True

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.open = False
        self.listener.close()

    def accept(self):
        while self.open:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        c.settimeout(LIMIT_S)
        with contextlib.suppress(OSError, ValueError):
            if self.tls:
                c = self.tls.wrap_socket(c, server_side=True)
            stream = c.makefile("rb")
            while self.one(c, stream):
                pass
        c.close()

    def one(self, c, stream):
        line = stream.readline().split()
        if not line:
            return False
        headers = {}
        while (h := stream.readline().strip()):
            k, v = h.decode("latin-1").split(":", 1)
            headers[k.lower()] = v.strip()
        with self.lock:
            answer = self.script.pop(0) if self.script else 200
        if answer == "early 413":  # while the body is still on its way, most of which is not read
            c.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            c.shutdown(socket.SHUT_WR)
            time.sleep(0.2)
            return False
        body = stream.read(int(headers["content-length"]))
        with self.lock:
            self.requests.append(Request(line[1].decode(), headers, body, answer))
        return self.answer(c, answer)

    def answer(self, c, answer):
        if answer == "reset":
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if answer == "close":
            return False
        if answer == "hang":
            time.sleep(LIMIT_S)
            return False
        if answer == "cut off":
            c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nab")
            return False
        if answer == "garbage":
            c.sendall(b"\x00\x01\x02 what?\r\n\r\n")
            return False
        if answer == "huge":
            c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
            for _ in range(1526):
                c.sendall(b"x" * 65536)
            return False
        if answer == "endless head":
            c.sendall(b"HTTP/1.1 200 OK\r\n")
            for i in range(5000):
                c.sendall(b"x-%d: %s\r\n" % (i, b"y" * 1000))
            return False
        status, more, body = answer if isinstance(answer, tuple) else (answer, {}, b"")
        head = "HTTP/1.1 %d X\r\ncontent-length: %d\r\n" % (status, len(body))
        head += "".join("%s: %s\r\n" % kv for kv in more.items())
        c.sendall(head.encode() + b"\r\n" + body)
        return True

    def names(self, answers=(200,)):
        """How often each span was in a request that got one of these answers."""
        return collections.Counter(n for r in self.requests for n in r.names
                                   if (r.answer[0] if isinstance(r.answer, tuple) else r.answer) in answers)


def send(url, env=None, preexec_fn=None, **plan):
    full = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_") and "proxy" not in k.lower()}
    full.update({"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "10"}, **(env or {}))
    p = subprocess.run([SEND] + ["%s=%d" % kv for kv in plan.items()], env=full, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=LIMIT_S, text=True, preexec_fn=preexec_fn)
    assert p.returncode == 0, "exit status %d: %s" % (p.returncode, p.stderr)
    stats = json.loads(p.stdout)
    stats["log"] = p.stderr
    lost = stats["full"] + stats["refused"] + stats["expired"] + stats["queued"]
    assert stats["spans"] + stats["recovered"] == stats["exported"] + lost, stats
    return stats


def expect(stats, **want):
    got = {k: stats[k] for k in want}
    assert got == want, "got %s, want %s; all: %s" % (got, want, stats)


def spans(*ranges):
    return collections.Counter("s%d" % i for r in ranges for i in r)


def test_all_arrive_once():
    for protocol, kind in (("http/protobuf", "application/x-protobuf"), ("http/json", "application/json")):
        for compression in ("none", "gzip"):
            with Collector() as c:
                s = send(c.url, {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
                                 "OTEL_EXPORTER_OTLP_HEADERS": "x-sentry-auth=sentry sentry_key=K,x-b=%2C"}, spans=1500)
                expect(s, exported=1500, queued=0, retries=0, requests=3, flush=0)
                assert c.names() == spans(range(1500))
                assert c.connections == 1, "connections: %d" % c.connections
                for r in c.requests:
                    assert r.path == "/v1/traces" and r.headers["content-type"] == kind, r.headers
                    assert r.headers["user-agent"].startswith("gentap/"), r.headers
                    assert " OTel-OTLP-Exporter-C/" in r.headers["user-agent"]
                    assert r.headers["x-sentry-auth"] == "sentry sentry_key=K" and r.headers["x-b"] == ","
                    assert "expect" not in r.headers
                    assert (len(r.body) < len(r.plain) / 4) == (compression == "gzip")


def test_path_of_its_own():
    with Collector() as c:
        send("", {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.url + "/api/42/otlp/v1/traces?k=v"})
        assert [r.path for r in c.requests] == ["/api/42/otlp/v1/traces?k=v"]


def test_proxies_are_for_elsewhere():
    with Collector() as c, Collector() as proxy:
        env = {"http_proxy": proxy.url.replace("localhost", "127.0.0.1"), "no_proxy": "example.com"}
        for url in (c.url, c.url.replace("localhost", "127.0.0.1")):
            expect(send(url, env), exported=1)
        assert len(c.requests) == 2 and not proxy.requests
        expect(send("http://collector.invalid:4318", env), exported=1)
        assert [r.path for r in proxy.requests] == ["http://collector.invalid:4318/v1/traces"]


def test_batches_by_time():
    with Collector() as c:
        began = time.monotonic()
        expect(send(c.url, {"OTEL_BSP_SCHEDULE_DELAY": "200"}, spans=20, burst=10, wait=700, flush=1),
               exported=20, requests=2, flush=0)
        # The first batch left by itself, well within a second of its spans.
        assert 0.2 <= c.requests[0].at - began < 0.7, c.requests[0].at - began
        assert [len(r.names) for r in c.requests] == [10, 10]


def test_batches_by_count():
    with Collector() as c:
        s = send(c.url, {"OTEL_BSP_SCHEDULE_DELAY": "3000", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "50"},
                 spans=120, run=1000)
        expect(s, exported=120, requests=3)
        assert [len(r.names) for r in c.requests] == [50, 50, 20]
        assert c.requests[1].at - c.requests[0].at < 0.5


def test_batch_of_one_leaves_at_once():
    with Collector() as c:
        s = send(c.url, {"OTEL_BSP_SCHEDULE_DELAY": "5000", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1"},
                 spans=3, run=500, flush=1)
        expect(s, exported=3, requests=3, flush=0)


def test_down_then_up():
    c = Collector()
    c.listener.close()
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    # Nobody listens: what is left at the deadline is still queued.
    s = send("http://127.0.0.1:%d" % port, spans=5, flush=300)
    expect(s, exported=0, queued=5, expired=0)
    assert s["flush"] == -110 and s["seconds"] < 1.5, s
    assert s["requests"] >= 3 and s["retries"] == s["requests"] - 1, s
    assert s["log"].count("not delivered") == 1, s["log"]
    # Given up after the longest time of trying, and with it everything that waited.
    s = send("http://127.0.0.1:%d" % port, spans=5, retry=300, flush=3000)
    expect(s, exported=0, queued=0, expired=5, flush=0)
    assert s["seconds"] < 2, s
    # Up again in the meantime.
    late = Collector([])
    late.listener.close()

    def start():
        time.sleep(0.4)
        late.listener = socket.create_server(("127.0.0.1", port))
        late.accept()
    threading.Thread(target=start, daemon=True).start()
    s = send("http://127.0.0.1:%d" % port, spans=5, flush=5000)
    late.listener.close()
    expect(s, exported=5, queued=0, flush=0)
    assert late.names() == spans(range(5))
    assert "answering again" in s["log"], s["log"]


def test_retried_statuses():
    for status in (429, 502, 503, 504):
        with Collector([status, status]) as c:
            s = send(c.url, spans=3)
            expect(s, exported=3, refused=0, retries=2, requests=3)
            assert c.names([200]) == spans(range(3)) and c.names([status]) == spans(range(3), range(3))


def test_refused_statuses():
    for status in (301, 400, 401, 403, 404, 405, 500, 501, 505):
        with Collector([status]) as c:
            s = send(c.url, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "3"}, spans=5)
            expect(s, exported=2, refused=3, retries=0, requests=2)
            assert c.names([200]) == spans(range(3, 5))


def test_no_answer_is_retried():
    for how in ("reset", "close", "cut off", "garbage"):
        with Collector([how, how]) as c:
            s = send(c.url, spans=3)
            expect(s, exported=3, refused=0, retries=2, requests=3)
            assert c.names() == spans(range(3))


def test_slow_collector():
    with Collector(["hang"]) as c:
        s = send(c.url, {"OTEL_EXPORTER_OTLP_TIMEOUT": "300"}, spans=3, run=100)
        expect(s, exported=3, retries=1, requests=2)
        assert 0.25 < s["seconds"] < 2, s


def test_retry_after():
    for form in ("seconds", "date"):
        after = "1" if form == "seconds" else email.utils.formatdate(time.time() + 2, usegmt=True)
        with Collector([(429, {"Retry-After": after}, b"")]) as c:
            s = send(c.url, spans=3)
            expect(s, exported=3, retries=1, requests=2)
            waited = c.requests[1].at - c.requests[0].at
            assert 0.9 < waited < 2.5, waited


def test_retry_after_holds_what_comes_later():
    with Collector([(503, {"Retry-After": "1"}, b"")]) as c:
        s = send(c.url, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2"}, spans=6, burst=2, wait=100)
        expect(s, exported=6, retries=1, requests=4)
        assert c.requests[1].at - c.requests[0].at > 0.9
        assert c.names([200]) == spans(range(6))


def test_retry_after_longer_than_the_patience():
    with Collector([(503, {"Retry-After": "86400"}, b"")]) as c:
        s = send(c.url, spans=3, retry=500, flush=3000)
        expect(s, exported=0, expired=3, requests=1, flush=0)


def test_partial_success_is_not_retried():
    r = ExportTraceServiceResponse()
    r.partial_success.rejected_spans = 2
    r.partial_success.error_message = "two were bad"
    as_json = b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"two were bad"}}'
    for protocol, body in (("http/protobuf", r.SerializeToString()), ("http/json", as_json)):
        with Collector([(200, {}, body)]) as c:
            s = send(c.url, {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}, spans=5)
            expect(s, exported=3, refused=2, retries=0, requests=1)
    r.partial_success.rejected_spans = 2**62
    for body, refused in ((r.SerializeToString(), 5), (b"\x0a\x0b\x08" + b"\xff" * 9 + b"\x01", 0), (b"{}", 0),
                          (b"<html>", 0), (b"\x0a\x00", 0)):
        with Collector([(200, {}, body)]) as c:
            expect(send(c.url, spans=5), exported=5 - refused, refused=refused, requests=1)


def test_too_large_is_split_once():
    with Collector([413]) as c:
        s = send(c.url, spans=7)
        expect(s, exported=7, refused=0, requests=3, retries=0)
        assert [r.names for r in c.requests] == [["s%d" % i for i in r] for r in (range(7), range(3), range(3, 7))]
    with Collector([413, 413, 200, 413]) as c:
        # Half of the first batch is refused; the next batch may be split again.
        s = send(c.url, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"}, spans=8)
        expect(s, exported=6, refused=2, requests=6)
    with Collector([413]) as c:
        expect(send(c.url, spans=1), exported=0, refused=1, requests=1)
    with Collector(["early 413"]) as c:
        # A refusal while the body is on its way.
        s = send(c.url, spans=4, size=2000000)
        expect(s, exported=4, refused=0, requests=3)


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def at(port, script=()):
    c = Collector(script)
    c.listener.close()
    c.listener = socket.create_server(("127.0.0.1", port))
    return c


def spooled(where):
    return [os.path.join(where, f) for f in os.listdir(where)]


def test_spool_carries_over_an_outage_and_a_restart():
    with tempfile.TemporaryDirectory() as where:
        port = closed_port()
        url, env = "http://127.0.0.1:%d" % port, {"SPOOL": where}
        # An hour of 11 spans a second, more than memory may hold; then more of the next process.
        s = send(url, env, spans=40000, burst=500, wait=12, flush=500)
        expect(s, exported=0, full=0, expired=0, queued=40000, stowed=40000, recovered=0)
        assert s["longest_ms"] < 500, s
        s = send(url, env, spans=10, first=40000, flush=100)
        expect(s, exported=0, recovered=40000, stowed=40010)
        with at(port) as c:
            s = send(url, env, spans=5, first=40010, flush=20000)
            expect(s, exported=40015, recovered=40010, queued=0, full=0, expired=0, flush=0)
            assert c.names() == spans(range(40015))
            assert spooled(where) == []


def test_spool_in_the_middle_of_it():
    with tempfile.TemporaryDirectory() as where:
        # Up, down for a while, up: in one process, while spans come.
        with Collector([200, 200] + [503] * 6) as c:
            s = send(c.url, {"SPOOL": where, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "50"}, spans=3000, burst=50, wait=15, flush=10000)
            expect(s, exported=3000, queued=0, full=0, expired=0, refused=0, flush=0)
            assert c.names() == spans(range(3000)) and c.names([503]), c.names([503])
            assert spooled(where) == []
        # What is refused is not kept; what was too long on its way is.
        with Collector([503, 400]) as c:
            s = send(c.url, {"SPOOL": where}, spans=3, retry=1, flush=5000)
            expect(s, exported=0, refused=3, expired=0, queued=0)
        assert spooled(where) == []


def test_spool_survives_sigkill():
    with tempfile.TemporaryDirectory() as where:
        port = closed_port()
        env = dict({k: v for k, v in os.environ.items() if not k.startswith("OTEL_") and "proxy" not in k.lower()},
                   SPOOL=where, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:%d" % port, OTEL_BSP_SCHEDULE_DELAY="10")
        for round_ in range(3):
            with subprocess.Popen([SEND, "spans=100", "first=%d" % (100 * round_), "run=20000"], env=env,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
                time.sleep(1)
                p.kill()
        with at(port) as c:
            s = send(env["OTEL_EXPORTER_OTLP_ENDPOINT"], {"SPOOL": where}, spans=1, first=300, flush=5000)
            expect(s, exported=301, recovered=300)
            assert c.names() == spans(range(301)), c.names()


def test_spool_ceiling():
    with tempfile.TemporaryDirectory() as where:
        port = closed_port()
        url, env = "http://127.0.0.1:%d" % port, {"SPOOL": where, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "20"}
        s = send(url, env, spans=3000, size=1000, burst=100, wait=10, spool_bytes=1000000, flush=200)
        assert s["full"] > 1000 and s["stowed"] > 500 and s["full"] + s["queued"] == 3000, s
        assert sum(map(os.path.getsize, spooled(where))) <= 1000000
        with at(port) as c:
            expect(send(url, env, spans=0, flush=10000), exported=s["stowed"], recovered=s["stowed"])
            # The latest ones.
            assert c.names() == spans(range(3000 - s["stowed"], 3000))


def test_spool_takes_what_comes_while_a_request_hangs():
    with tempfile.TemporaryDirectory() as where, Collector(["hang"]) as c:
        env = {"SPOOL": where, "OTEL_EXPORTER_OTLP_TIMEOUT": "2500", "OTEL_BSP_MAX_QUEUE_SIZE": "1000",
               "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "200"}
        s = send(c.url, env, spans=5000, burst=100, wait=20, flush=20000)
        expect(s, exported=5000, full=0, expired=0, queued=0, flush=0)
        assert c.names() == spans(range(5000)), len(c.names())


def test_spool_when_the_disk_is_full():
    """Nothing is lost that memory can hold, and nobody spins."""
    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    with tempfile.TemporaryDirectory() as where:
        port = closed_port()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        s = send("http://127.0.0.1:%d" % port, {"SPOOL": where}, preexec_fn=no_room, spans=600, burst=100, wait=20, run=2500, flush=1)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        expect(s, exported=0, full=0, expired=0, queued=600)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        assert used < 0.5, "%.2f s of CPU" % used  # 0.1 is usual; who spins uses 0.9


def test_spool_that_cannot_be():
    with Collector() as c:
        s = send(c.url, {"SPOOL": "/dev/null/x"}, spans=3)
        expect(s, exported=3, queued=0)
        assert "nothing is kept on disk" in s["log"], s["log"]


def test_request_ceiling():
    with Collector() as c:
        s = send(c.url, spans=40, size=1000, request_bytes=10000)
        expect(s, exported=40, full=0, retries=0)
        assert max(len(r.plain) for r in c.requests) <= 10000, [len(r.plain) for r in c.requests]
        assert c.names() == spans(range(40))
    with Collector() as c:
        expect(send(c.url, spans=3, size=20000, request_bytes=10000), exported=0, full=3, requests=0)


def test_answers_over_the_ceiling():
    for how in ("huge", "endless head"):
        with Collector([how]) as c:
            s = send(c.url, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "3"}, spans=5)
            expect(s, exported=2, refused=3, retries=0, requests=2)


def test_queue_is_bounded():
    with Collector(["hang"]) as c:
        # One batch under way, the rest queued: together they are the ceiling.
        s = send(c.url, {"OTEL_BSP_MAX_QUEUE_SIZE": "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10"},
                 spans=500, burst=50, wait=50, flush=100)
        expect(s, exported=0, full=400, queued=100)
        assert s["longest_ms"] < 250, s
    with Collector(["hang"]) as c:
        s = send(c.url, spans=500, size=1000, queue_bytes=100000, flush=100)
        assert 70 < s["queued"] < 100 and s["full"] == 500 - s["queued"], s
    with Collector() as c:
        # Room comes back with the answers.
        s = send(c.url, {"OTEL_BSP_MAX_QUEUE_SIZE": "100"}, spans=500, burst=50, wait=100)
        expect(s, exported=500, full=0)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)


def certificate(folder, name, issuer=None, host="localhost"):
    """A key and a certificate by openssl; self-signed, or by the issuer."""
    key, crt = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".crt")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj", "/CN=" + name]
    if not issuer:
        openssl("req", "-x509", *new_key, "-out", crt, "-days", "2")
        return key, crt
    openssl("req", *new_key, "-out", crt + ".req")
    with open(crt + ".ext", "w") as f:
        f.write("subjectAltName=DNS:%s\nbasicConstraints=critical,CA:FALSE\n" % host)
    openssl("x509", "-req", "-in", crt + ".req", "-CA", issuer[1], "-CAkey", issuer[0], "-set_serial", "7", "-days", "2",
            "-extfile", crt + ".ext", "-out", crt)
    return key, crt


def server_context(key_crt, client_ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(key_crt[1], key_crt[0])
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


def test_tls():
    folder = tempfile.mkdtemp(prefix="gentap-otlp-")
    try:
        ca, other = certificate(folder, "ca"), certificate(folder, "other")
        server, client = certificate(folder, "server", ca), certificate(folder, "client", ca)
        elsewhere = certificate(folder, "elsewhere", ca, host="example.org")
        trust = {"OTEL_EXPORTER_OTLP_CERTIFICATE": ca[1]}
        with Collector(tls=server_context(server)) as c:
            expect(send(c.url, trust, spans=3), exported=3, tls=0, requests=1)
            assert c.names() == spans(range(3))
        wrong = (("unknown issuer", server, {}), ("another issuer", server, {"OTEL_EXPORTER_OTLP_CERTIFICATE": other[1]}),
                 ("another name", elsewhere, trust),
                 ("no such bundle", server, {"OTEL_EXPORTER_OTLP_CERTIFICATE": folder + "/none"}))
        for name, key_crt, env in wrong:
            with Collector(tls=server_context(key_crt)) as c:
                s = send(c.url, env, spans=3, run=2000, flush=1)
                expect(s, exported=0, queued=3)
                # The last one may still have been under way.
                assert s["requests"] >= 2 and s["requests"] - s["tls"] in (0, 1), (name, s)
                assert s["log"].count("\n") == 1 and ("certificate" in s["log"] or "CA bundle" in s["log"]), s["log"]
                assert not c.requests
        with Collector(tls=server_context(server, client_ca=ca[1])) as c:
            s = send(c.url, dict(trust, OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=client[1],
                                 OTEL_EXPORTER_OTLP_CLIENT_KEY=client[0]), spans=3)
            expect(s, exported=3, tls=0, requests=1)
            s = send(c.url, trust, spans=3, run=1500, flush=1)
            expect(s, exported=0, queued=3)
    finally:
        shutil.rmtree(folder)


def main():
    tap, wanted = Tap(), sys.argv[1:]
    for name, function in list(globals().items()):
        if not name.startswith("test_") or wanted and name[5:] not in wanted:
            continue
        try:
            function()
            tap.check(name[5:], True)
        except Exception:
            tap.check(name[5:], False, traceback.format_exc()[-3000:])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
