# SPDX-License-Identifier: Apache-2.0
"""Spans as plain data, from OTLP/JSON or from the official protobuf classes."""
import dataclasses
import json


@dataclasses.dataclass
class Span:
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    status: int
    status_message: str
    attrs: dict
    resource: dict
    scope: str
    schema_url: str
    arrival_ns: int = 0  # when the collector had it; 0: no collector

    def __getitem__(self, key):
        return self.attrs.get(key)

    @property
    def is_call(self):
        """Is it a model call, and not the run that it belongs to or a tool?"""
        return self.kind == 3 and self["gen_ai.operation.name"] not in (None, "execute_tool")

    @property
    def pid(self):
        return self.resource.get("process.pid")


def value(v):
    """AnyValue of OTLP/JSON as a Python value."""
    for kind, got in v.items():
        if kind == "stringValue":
            return got
        if kind == "boolValue":
            return got
        if kind == "intValue":
            return int(got)
        if kind == "doubleValue":
            return float(got)
        if kind == "arrayValue":
            return [value(x) for x in got.get("values", [])]
        if kind == "kvlistValue":
            return attributes(got.get("values", []))
        raise ValueError("unknown value " + kind)
    return None


def attributes(items):
    keys = [kv["key"] for kv in items]
    if len(set(keys)) != len(keys):
        raise ValueError("a key stands twice: %s" % sorted(k for k in keys if keys.count(k) > 1))
    return {kv["key"]: value(kv["value"]) for kv in items}


def from_json(request, arrival_ns=0):
    """Spans of one ExportTraceServiceRequest in OTLP/JSON (a dict)."""
    out = []
    for rs in request.get("resourceSpans", []):
        resource = attributes(rs.get("resource", {}).get("attributes", []))
        for ss in rs.get("scopeSpans", []):
            for s in ss.get("spans", []):
                status = s.get("status", {})
                if len(s["traceId"]) != 32 or len(s["spanId"]) != 16:
                    raise ValueError("ids are not hex of 16 and 8 bytes")
                out.append(Span(
                    name=s["name"], kind=s["kind"], trace_id=s["traceId"], span_id=s["spanId"],
                    parent_id=s.get("parentSpanId", ""), start_ns=int(s["startTimeUnixNano"]),
                    end_ns=int(s["endTimeUnixNano"]), status=status.get("code", 0),
                    status_message=status.get("message", ""),
                    attrs=attributes(s.get("attributes", [])), resource=resource,
                    scope=ss.get("scope", {}).get("name", ""),
                    schema_url=ss.get("schemaUrl", "") or rs.get("schemaUrl", ""),
                    arrival_ns=arrival_ns))
    return out


def from_jsonl(text):
    """Spans of what `-o otlp-json` prints: one request a line."""
    return [s for line in text.splitlines() if line.strip() for s in from_json(json.loads(line))]


def _proto_value(v):
    kind = v.WhichOneof("value")
    if kind == "array_value":
        return [_proto_value(x) for x in v.array_value.values]
    if kind == "kvlist_value":
        return {kv.key: _proto_value(kv.value) for kv in v.kvlist_value.values}
    return getattr(v, kind) if kind else None


def from_proto(request, arrival_ns=0):
    """Spans of one ExportTraceServiceRequest of opentelemetry-proto."""
    out = []
    for rs in request.resource_spans:
        resource = {kv.key: _proto_value(kv.value) for kv in rs.resource.attributes}
        for ss in rs.scope_spans:
            for s in ss.spans:
                out.append(Span(
                    name=s.name, kind=s.kind, trace_id=s.trace_id.hex(), span_id=s.span_id.hex(),
                    parent_id=s.parent_span_id.hex(), start_ns=s.start_time_unix_nano,
                    end_ns=s.end_time_unix_nano, status=s.status.code,
                    status_message=s.status.message,
                    attrs={kv.key: _proto_value(kv.value) for kv in s.attributes},
                    resource=resource, scope=ss.scope.name,
                    schema_url=ss.schema_url or rs.schema_url, arrival_ns=arrival_ns))
    return out
