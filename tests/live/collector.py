#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An OTLP/HTTP receiver that keeps what it gets, and misbehaves as scripted.

    with Collector() as c:
        c.script = [503, (429, {"retry-after": "1"}), "hang", "slow=2"]   # then: 200
        ... c.url ... c.spans() ... c.requests

One entry of the script is used per request: a status, a (status, headers) pair, "hang"
(never answers), "slow=S", "reset", or "partial=N" (200 with N spans rejected). Protobuf is
read with the official classes, JSON as the OTLP mapping says; what neither can read is in
`bad`. Metrics and log records are taken and forgotten. As a program it listens on a port and prints each span as a line of JSON.
"""
import argparse
import dataclasses
import gzip
import json
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import spans as span_reader
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb

HANG_S = 60


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        arrival = time.time_ns()
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path in ("/v1/metrics", "/v1/logs"):  # not what the script is about
            self.answer(200)
            return
        self.server.collector.take(self, arrival, raw)

    def answer(self, status, headers=None, body=b""):
        self.send_response(status)
        for k, v in (headers or {}).items():
            self.send_header(k, v)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that goes away, or a refused handshake, is the test's business


class Collector:
    def __init__(self, port=0, cert=None, key=None):
        self.script = []
        self.requests = []  # (arrival_ns, path, headers, status answered, spans)
        self.bad = []
        self.lock = threading.Lock()
        self.kept = []
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.collector = self
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = "%s://localhost:%d" % ("https" if cert else "http", self.server.server_address[1])
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()

    def spans(self, runs=False):
        """The calls; with `runs` their runs and tools too."""
        with self.lock:
            return [s for s in self.kept if runs or s.is_call]

    def clear(self):
        with self.lock:
            self.kept.clear()
            self.requests.clear()

    def parse(self, handler, raw):
        if handler.headers.get("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        if handler.headers.get("content-type", "").startswith("application/json"):
            return span_reader.from_json(json.loads(raw))
        request = pb.ExportTraceServiceRequest()
        request.ParseFromString(raw)
        return span_reader.from_proto(request)

    def take(self, handler, arrival, raw):
        with self.lock:
            step = self.script.pop(0) if self.script else 200
        status, headers = step if isinstance(step, tuple) else (step, {})
        if isinstance(status, str):
            headers, status = self.misbehave(handler, status), 200
            if headers is None:
                return
        try:
            found = self.parse(handler, raw)
        except Exception as e:  # whatever is wrong with it is what the test must see
            found = []
            with self.lock:
                self.bad.append(repr(e))
        for s in found:
            s.arrival_ns = arrival
        with self.lock:
            self.requests.append((arrival, handler.path, dict(handler.headers), status, found))
            if status == 200:
                self.kept += found
        is_json = handler.headers.get("content-type", "").startswith("application/json")
        rejected = headers.pop("partial", None)
        if rejected:
            answer = pb.ExportTraceServiceResponse()
            answer.partial_success.rejected_spans = int(rejected)
            answer.partial_success.error_message = "scripted"
            body = answer.SerializeToString()
            if is_json:
                body = json.dumps({"partialSuccess": {"rejectedSpans": rejected, "errorMessage": "scripted"}}).encode()
        else:
            body = b"{}" if is_json else b""
        headers.setdefault("content-type", handler.headers.get("content-type", "application/x-protobuf"))
        handler.answer(status, headers, body)

    def misbehave(self, handler, step):
        """Headers to answer 200 with; None when there is no answer."""
        word, _, value = step.partition("=")
        if word == "partial":
            return {"partial": value}
        if word == "slow":
            time.sleep(float(value))
            return {}
        if word == "hang":
            time.sleep(HANG_S)
        handler.close_connection = True
        handler.connection.close()
        return None


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--port", type=int, default=4318)
    with Collector(ap.parse_args().port) as c:
        print("listening on %s" % c.url, flush=True)
        seen = 0
        while True:
            time.sleep(0.1)
            for s in c.spans()[seen:]:
                seen += 1
                print(json.dumps(dataclasses.asdict(s)), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
