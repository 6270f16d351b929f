#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program with an instrumentation of its own: instrumented.py COLLECTOR CALLS HOW. Each call is
in a trace of its own; behind each, its span is exported as SDKs do (OTLP/HTTP, protobuf, gzip).
HOW is `traced` (traceparent on the request), `unsampled` (the same, not sampled and not exported)
or `bare` (no header). The trace ids stand on stdout."""
import gzip
import os
import sys
import urllib.request

import openai
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb


def export(to, trace, span, response):
    request = pb.ExportTraceServiceRequest()
    s = request.resource_spans.add().scope_spans.add().spans.add(trace_id=trace, span_id=span, name="chat gpt-4o", kind=3)
    for k, v in (("gen_ai.operation.name", "chat"), ("gen_ai.response.id", response)):
        s.attributes.add(key=k).value.string_value = v
    urllib.request.urlopen(urllib.request.Request(to + "/v1/traces", gzip.compress(request.SerializeToString()), {
        "content-type": "application/x-protobuf", "content-encoding": "gzip"}), timeout=20).read()


to, calls, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
client = openai.OpenAI(max_retries=0)
for n in range(calls):
    trace, span = os.urandom(16), os.urandom(8)
    header = {} if how == "bare" else {"traceparent": "00-%s-%s-%s" % (trace.hex(), span.hex(), "01" if how == "traced" else "00")}
    answer = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "question %d" % n}], extra_headers=header)
    if how != "unsampled":
        export(to, trace, span, answer.id)
    print(trace.hex(), flush=True)
