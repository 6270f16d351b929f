#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hand-written OTLP encoder against the official descriptors (opentelemetry-proto).

Spans are described to build/replay/otlp_dump, which encodes them both ways. Both have to
parse with the official classes without an unknown field, and to equal the message that
is built here from the same description, field by field; the protobuf even byte by byte.
"""
import base64
import difflib
import json
import os
import random
import struct
import subprocess
import sys
import traceback
import uuid

from google.protobuf import json_format
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest, ExportTraceServiceResponse)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from tap import Tap

DUMP = os.path.join(os.environ.get("BUILD", "build"), "replay", "otlp_dump")
NAMESPACE = uuid.UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320")
SCHEMA = "https://opentelemetry.io/schemas/1.41.0"
IDS = {"traceId", "spanId", "parentSpanId"}


def replaced(data):
    """Bytes as the text that the encoder makes of them: U+FFFD for each that is not UTF-8."""
    out, i = "", 0
    while i < len(data):
        for n in (1, 2, 3, 4):
            try:
                out += data[i:i + n].decode("utf-8")
                i += n
                break
            except UnicodeDecodeError:
                continue
        else:
            out += "\ufffd"
            i += 1
    return out


def process(pid=10, start=5, exe=b"/usr/bin/tool", service=None, attributes=None):
    return dict(pid=pid, start=start, exe=exe, service=service, attributes=attributes)


def span(**with_):
    s = dict(trace_id=bytes(range(16)), span_id=bytes(range(8)), parent_id=b"\0" * 8, remote=0, flags=1,
             kind=3, start=1700000000000000001, end=1700000000900000002, error=0, dropped=0,
             name=b"chat gpt-x", state=None, message=None, attrs=[])
    s.update(with_)
    return s


def hexed(data):
    return "-" if data is None else data.hex()


def describe(groups):
    lines = []
    for p, spans in groups:
        lines.append("process %d %d %s %s %s" % (p["pid"], p["start"], hexed(p["exe"]), hexed(p["service"]),
                                                 hexed(p["attributes"])))
        for s in spans:
            lines.append("span %s %s %s %d %d %d %d %d %d %d %s %s %s" % (
                s["trace_id"].hex(), s["span_id"].hex(), s["parent_id"].hex(), s["remote"], s["flags"],
                s["kind"], s["start"], s["end"], s["error"], s["dropped"], hexed(s["name"]),
                hexed(s["state"]), hexed(s["message"])))
            for key, kind, value in s["attrs"]:
                text = {"s": lambda: value.hex(), "i": lambda: str(value), "b": lambda: str(value),
                        "d": lambda: struct.pack("<d", value).hex(),
                        "l": lambda: " ".join(v.hex() for v in value)}[kind]()
                lines.append("attr %s %s %s" % (key, kind, text))
    return "\n".join(lines + ["end", ""])


def add_attr(to, key, kind, value):
    kv = to.add(key=key)
    if kind == "s":
        kv.value.string_value = replaced(value)
    elif kind == "i":
        kv.value.int_value = value
    elif kind == "b":
        kv.value.bool_value = bool(value)
    elif kind == "d":
        kv.value.double_value = value
    else:
        kv.value.array_value.SetInParent()
        for v in value:
            kv.value.array_value.values.add(string_value=replaced(v))


def add_resource(to, p):
    add = lambda key, value: add_attr(to.attributes, key, "i" if isinstance(value, int) else "s",
                                      value if isinstance(value, int) else value)
    name = p["service"] or b"unknown_service:" + os.path.basename(p["exe"])
    add("service.instance.id", str(uuid.uuid5(NAMESPACE, "f00d:%d:%d" % (p["pid"], p["start"]))).encode())
    add("process.pid", p["pid"])
    add("process.executable.name", os.path.basename(p["exe"]))
    add("process.executable.path", p["exe"])
    for key, value in (("host.name", b"node-1"), ("host.id", b"f00d"), ("host.arch", b"amd64"),
                       ("os.type", b"linux"), ("telemetry.sdk.name", b"gentap"),
                       ("telemetry.sdk.language", b"c"), ("telemetry.sdk.version", b"0.1.0")):
        add(key, value)
    for key, value in (p["attributes"] or ()) and [kv.split(b"=") for kv in p["attributes"].split(b",")]:
        add(key.decode(), value)
    add("service.name", name)


def expected(groups):
    request = ExportTraceServiceRequest()
    for p, spans in groups:
        rs = request.resource_spans.add()
        add_resource(rs.resource, p)
        ss = rs.scope_spans.add(schema_url=SCHEMA)
        ss.scope.name, ss.scope.version = "gentap.genai", "0.1.0"
        for s in spans:
            m = ss.spans.add(trace_id=s["trace_id"], span_id=s["span_id"], name=replaced(s["name"]),
                             kind=s["kind"], start_time_unix_nano=s["start"], end_time_unix_nano=s["end"],
                             dropped_attributes_count=s["dropped"],
                             flags=s["flags"] | 0x100 | (0x200 if s["remote"] else 0))
            if any(s["parent_id"]):
                m.parent_span_id = s["parent_id"]
            if s["state"]:
                m.trace_state = replaced(s["state"])
            if s["error"]:
                m.status.code = 2
                m.status.message = replaced(s["message"] or b"")
            for attr in s["attrs"]:
                add_attr(m.attributes, *attr)
    return request


def hex_to_base64(v):
    """OTLP/JSON's ids are hexadecimal, where the protobuf JSON mapping has base64."""
    if isinstance(v, list):
        return [hex_to_base64(i) for i in v]
    if not isinstance(v, dict):
        return v
    for key in IDS & v.keys():
        assert v[key] == v[key].lower() and len(v[key]) in (16, 32), v[key]
    return {k: base64.b64encode(bytes.fromhex(i)).decode() if k in IDS else hex_to_base64(i)
            for k, i in v.items()}


def unknown_fields(m):
    count = len(UnknownFieldSet(m))
    for field, value in m.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for i in value if field.is_repeated else [value]:
                count += unknown_fields(i)
    return count


def sorted_groups(request):
    """Groups stand in no promised order."""
    groups = sorted(request.resource_spans, key=lambda g: g.SerializeToString(deterministic=True))
    return [g.SerializeToString(deterministic=True) for g in groups]


def difference(got, want):
    return "\n".join(difflib.unified_diff(str(want).splitlines(), str(got).splitlines(), "want", "got", n=2))


def keys_of(v, found):
    for i in v if isinstance(v, list) else v.values() if isinstance(v, dict) else []:
        keys_of(i, found)
    if isinstance(v, dict):
        found |= v.keys()
    return found


def check(groups):
    p = subprocess.run([DUMP], input=describe(groups).encode(), stdout=subprocess.PIPE, timeout=60)
    assert p.returncode == 0, "exit status %d" % p.returncode
    n = struct.unpack_from("<I", p.stdout)[0]
    binary, rest = p.stdout[4:4 + n], p.stdout[4 + n:]
    m = struct.unpack_from("<I", rest)[0]
    text = rest[4:]
    assert len(text) == m
    want = expected(groups)

    got = ExportTraceServiceRequest.FromString(binary)
    assert unknown_fields(got) == 0, "unknown fields"
    assert sorted_groups(got) == sorted_groups(want), "protobuf differs:\n" + difference(got, want)
    if len(groups) == 1:
        assert binary == want.SerializeToString(deterministic=True), "bytes differ"

    assert b"\n" not in text
    tree = json.loads(text)
    assert not any("_" in k for k in keys_of(tree, set())), "names are not lowerCamelCase"
    for rs in tree["resourceSpans"]:
        for s in rs["scopeSpans"][0]["spans"]:
            assert isinstance(s["startTimeUnixNano"], str) and isinstance(s["kind"], int)
            for a in s["attributes"]:
                assert isinstance(a["value"].get("intValue", ""), str)
    got = json_format.ParseDict(hex_to_base64(tree), ExportTraceServiceRequest())
    assert sorted_groups(got) == sorted_groups(want), "JSON differs:\n" + difference(got, want)


def values_of_every_kind():
    return [("s", b"text"), ("s", b""), ("s", b"quotes \" \\ / \n\r\t\x00\x1f\x7f"), ("s", b"x" * 127),
            ("s", b"x" * 128), ("s", b"x" * 20000), ("s", "é€😀".encode()), ("s", b"\xff\xc3\xa9\xe2\x82"),
            ("s", b"\xed\xa0\x80\xc0\x80\xf5\x80\x80\x80 ok"), ("s", b"12345678\xffabcdefgh"),
            ("b", 0), ("b", 1), ("i", 0), ("i", 1), ("i", -1), ("i", 127), ("i", 128), ("i", 2**53 + 1),
            ("i", 2**63 - 1), ("i", -2**63), ("d", 0.0), ("d", -0.0), ("d", 0.1), ("d", 0.7), ("d", 1 / 3),
            ("d", 1e300), ("d", 5e-324), ("d", 1.7976931348623157e308), ("d", 123456789012345680.0),
            ("d", float("inf")), ("d", float("-inf")), ("l", [b"stop"]), ("l", [b"stop", b"", b"\xff", b"x" * 300])]


def test_defaults():
    check([(process(), [span()])])


def test_every_value():
    check([(process(), [span(attrs=[("key.%d" % i, k, v) for i, (k, v) in enumerate(values_of_every_kind())])])])


def test_every_field():
    for change in (dict(parent_id=b"\1" * 8), dict(parent_id=b"\1" * 8, remote=1, flags=3), dict(flags=0),
                   dict(flags=255), dict(state=b"a=b,c=d"), dict(error=1), dict(error=1, message=b"bad \xff key"),
                   dict(message=b"not shown"), dict(kind=1), dict(kind=2), dict(dropped=4000000000),
                   dict(start=1, end=2**64 - 1), dict(name=b"\xc3 odd"), dict(trace_id=b"\xff" * 16)):
        check([(process(), [span(**change)])])


def test_resources():
    check([(process(service="sérvice".encode()), [span()])])
    check([(process(attributes=b"team=a,k8s.pod.name=p-1"), [span()])])
    check([(process(exe=b"/opt/caf\xe9"), [span()])])
    check([(process(pid=i + 1, start=2**64 - 1 - i), [span(name=b"s%d" % k) for k in range(i + 1)])
           for i in range(5)])


def test_many_spans():
    check([(process(), [span(name=b"x" * i, attrs=[("k", "i", i)]) for i in range(1, 2000)])])


def test_random_spans():
    rnd = random.Random(7)
    for _ in range(60):
        spans = []
        for _ in range(rnd.randrange(1, 4)):
            attrs = [("k%d" % i, *rnd.choice(values_of_every_kind())) for i in range(rnd.randrange(30))]
            attrs += [("r%d" % i, "s", rnd.randbytes(rnd.randrange(300))) for i in range(rnd.randrange(5))]
            spans.append(span(trace_id=rnd.randbytes(15) + b"\1", span_id=rnd.randbytes(7) + b"\1",
                              parent_id=rnd.choice([b"\0" * 8, rnd.randbytes(7) + b"\1"]),
                              remote=rnd.randrange(2), flags=rnd.randrange(256), error=rnd.randrange(2),
                              start=rnd.randrange(1, 2**64), end=rnd.randrange(1, 2**64),
                              message=rnd.choice([None, rnd.randbytes(40)]), attrs=attrs))
        check([(process(pid=rnd.randrange(1, 2**22), start=rnd.randrange(2**63)), spans)])


def decoded(kind, data):
    return subprocess.run([DUMP, "response", kind], input=data, stdout=subprocess.PIPE, timeout=60,
                          check=True).stdout.decode().strip()


def test_responses():
    for rejected, message in ((0, ""), (0, "careful"), (1, ""), (300, "no"), (2**63 - 1, "x" * 200), (-1, "")):
        r = ExportTraceServiceResponse()
        r.partial_success.rejected_spans = rejected
        r.partial_success.error_message = message
        want = ("%d %s" % (rejected, message)).strip()
        assert decoded("pb", r.SerializeToString()) == want, want
        assert decoded("json", json_format.MessageToJson(r).encode()) == want, want
        assert decoded("json", json_format.MessageToJson(r, preserving_proto_field_name=True).encode()) == want
    assert decoded("pb", b"") == decoded("json", b"{}") == "0"


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


sys.exit(main())
