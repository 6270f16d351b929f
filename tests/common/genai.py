# SPDX-License-Identifier: Apache-2.0
"""What one call must look like, and how a span is held against it."""
import dataclasses

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
STREAM = "gen_ai.request.stream"
FINISH = "gen_ai.response.finish_reasons"
TTFC = "gen_ai.response.time_to_first_chunk"
INPUT = "gen_ai.usage.input_tokens"
OUTPUT = "gen_ai.usage.output_tokens"
CACHE_READ = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE = "gen_ai.usage.cache_creation.input_tokens"
REASONING = "gen_ai.usage.reasoning.output_tokens"
ERROR = "error.type"
TOOLS = "gentap.response.tool_calls"
COMPLETENESS = "gentap.completeness"
REQUEST_ID = "gentap.provider.request_id"

# Expectation's field: attribute.
FIELDS = {
    "op": OPERATION, "provider": PROVIDER, "model": REQUEST_MODEL,
    "response_model": RESPONSE_MODEL, "id": RESPONSE_ID, "stream": STREAM, "finish": FINISH,
    "input": INPUT, "output": OUTPUT, "cache_read": CACHE_READ, "cache_write": CACHE_WRITE,
    "reasoning": REASONING, "tools": TOOLS, "error": ERROR,
}

# genai.md section 6: what providers say, in the words of the conventions.
NORMAL_FINISH = {
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls",
    "refusal": "content_filter", "function_call": "tool_calls", "model_context_window_exceeded": "length",
    "STOP": "stop", "COMPLETE": "stop", "STOP_SEQUENCE": "stop", "FINISH": "stop", "endoftext": "stop",
    "MAX_TOKENS": "length", "LENGTH": "length", "TOOL_CALL": "tool_calls", "eos": "stop",
    "SAFETY": "content_filter", "guardrail_intervened": "content_filter", "content_filtered": "content_filter",
    "MALFORMED_FUNCTION_CALL": "error", "ERROR": "error",
}


def normal_finish(raw):
    return NORMAL_FINISH.get(raw, raw)


@dataclasses.dataclass
class Expected:
    """None: the attribute must be absent. ANY: not judged."""
    op: str
    provider: object = None
    model: object = None
    response_model: object = None
    id: object = None
    stream: object = None
    finish: object = None
    input: object = None
    output: object = None
    cache_read: object = None
    cache_write: object = None
    reasoning: object = None
    tools: object = None
    error: object = None

    @property
    def name(self):
        return "%s %s" % (self.op, self.model) if self.model and self.op != "fetch_response" else self.op


ANY = object()


def differences(want, span):
    """{field: (wanted, got)} of everything that is not as it must be."""
    out = {}
    for field, key in FIELDS.items():
        w, got = getattr(want, field), span[key]
        if w is ANY:
            continue
        if field in ("finish", "tools") and got == []:
            got = None
        if w != got or type(w) is not type(got):
            out[field] = (w, got)
    if want.name != span.name:
        out["name"] = (want.name, span.name)
    if span.kind != 3:
        out["kind"] = (3, span.kind)
    status = 2 if want.error else 0
    if want.error is not ANY and span.status != status:
        out["status"] = (status, span.status)
    return out


def grpc_call(n):
    """What a span says of the call number n that grpc_provider.py answers."""
    if n % 3 == 2:
        return {"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "gcp.vertex_ai",
                "gen_ai.request.model": "text-embedding-%d" % n, "gen_ai.usage.input_tokens": 1000 + n, "gen_ai.usage.output_tokens": None}
    return {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "x_ai", "gen_ai.request.model": "ask-%d" % n,
            "gen_ai.response.model": "say-%d" % n, "gen_ai.response.id": "r-%d" % n, "gen_ai.usage.input_tokens": 1000 + n,
            "gen_ai.usage.output_tokens": 2000 + n, "gen_ai.usage.reasoning.output_tokens": n,
            "gen_ai.response.finish_reasons": ["stop"], "gen_ai.request.stream": True if n % 3 == 1 else None}
