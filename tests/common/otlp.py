# SPDX-License-Identifier: Apache-2.0
"""A receiver of all OTLP signals over HTTP, read with the official classes, and sums of them.

    with Receiver() as r:
        ... r.url ... r.traces, r.metrics, r.logs: the requests, in order
"""
import base64
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KINDS = {"/v1/traces": ("traces", ExportTraceServiceRequest), "/v1/metrics": ("metrics", ExportMetricsServiceRequest),
         "/v1/logs": ("logs", ExportLogsServiceRequest)}
IDS = {"traceId", "spanId", "parentSpanId"}


def _based(value):
    """OTLP/JSON has ids in hexadecimal where Protocol Buffers' mapping has base64."""
    if isinstance(value, dict):
        return {k: base64.b64encode(bytes.fromhex(v)).decode() if k in IDS else _based(v) for k, v in value.items()}
    return [_based(v) for v in value] if isinstance(value, list) else value


def from_json(text, cls):
    """Raises at a member that the message does not have."""
    return json_format.ParseDict(_based(json.loads(text)), cls())


def _no_unknown(message):
    if len(UnknownFieldSet(message)):
        raise ValueError("unknown field in %s" % type(message).__name__)
    for field, value in message.ListFields():
        if field.message_type:
            for m in value if field.is_repeated else [value]:
                _no_unknown(m)


def from_proto(data, cls):
    m = cls.FromString(data)
    _no_unknown(m)
    return m


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        is_json = self.headers["content-type"] == "application/json"
        receiver = self.server.receiver
        name, cls = KINDS[self.path]
        try:
            m = from_json(raw, cls) if is_json else from_proto(raw, cls)
            with receiver.lock:
                getattr(receiver, name).append(m)
        except Exception as e:  # what it is, is for the test to see
            receiver.bad.append(repr(e))
        status = receiver.status.get(name, 200)
        body = b"{}" if is_json else b""
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Receiver:
    def __init__(self, port=0):
        self.traces, self.metrics, self.logs, self.bad, self.status = [], [], [], [], {}
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self.server.daemon_threads = True
        self.server.receiver = self
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()


def attributes(pairs):
    return {kv.key: value(kv.value) for kv in pairs}


def value(v):
    kind = v.WhichOneof("value")
    if kind == "array_value":
        return [value(x) for x in v.array_value.values]
    if kind == "kvlist_value":
        return attributes(v.kvlist_value.values)
    return getattr(v, kind) if kind else None


def metrics(requests):
    """{name: Metric} of the points of all requests together; the kinds must agree."""
    found = {}
    for r in requests:
        for rm in r.resource_metrics:
            for sm in rm.scope_metrics:
                for m in sm.metrics:
                    if m.name in found:
                        found[m.name].MergeFrom(m)
                    else:
                        found[m.name] = type(m)()
                        found[m.name].CopyFrom(m)
    return found


def points(metric):
    return getattr(metric, metric.WhichOneof("data")).data_points if metric is not None else []


def number(point):
    """The sum of a counter or histogram."""
    return point.sum if hasattr(point, "count") else getattr(point, point.WhichOneof("value"))


def total(metric, **labels):
    """Sum over points with these attributes ('_' for '.')."""
    want = {k.replace("__", "\0").replace("_", ".").replace("\0", "_"): v for k, v in labels.items()}
    return sum(number(p) for p in points(metric) if all(attributes(p.attributes).get(k) == v for k, v in want.items()))
