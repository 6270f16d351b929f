# SPDX-License-Identifier: Apache-2.0
"""The mock provider's answers in the APIs that are not OpenAI's or Anthropic's own.

One row of VENDORS each: where its requests go, what a span of it says differently, and a
whole answer and a stream made of a dialects.Plan. Framing is the row's too: server-sent
events, lines of JSON, AWS event streams.
"""
import base64
import dataclasses
import json
import re
import struct
import zlib
from urllib.parse import unquote

import dialects
from dialects import _sse, _without_none

EVENTSTREAM, NDJSON, SSE = "application/vnd.amazon.eventstream", "application/x-ndjson", "text/event-stream"


# ---- Gemini ----------------------------------------------------------------------------
def _gemini(p, text, last):
    parts = [{"text": "hm", "thought": True}] if p.think and not last else []
    parts += [{"text": text}] if text else []
    if last:
        parts += [{"functionCall": {"id": i, "name": n, "args": a}} for n, i, a in p.tools]
    usage = {"promptTokenCount": p.input, "cachedContentTokenCount": p.cached}
    if last:
        usage.update(candidatesTokenCount=p.output - (p.reason or 0), thoughtsTokenCount=p.reason, totalTokenCount=p.input + p.output)
    return {"candidates": [_without_none({"index": 0, "content": {"role": "model", "parts": parts},
                                          "finishReason": {"length": "MAX_TOKENS"}.get(p.finish, "STOP") if last else None})],
            "usageMetadata": _without_none(usage), "modelVersion": p.model, "responseId": p.id}


def gemini_json(p):
    return _gemini(p, "".join(p.text), True)


def gemini_events(p):
    for t in p.text[:-1]:
        yield _sse(_gemini(p, t, False)).replace(b"\n", b"\r\n")
    yield _sse(_gemini(p, p.text[-1], True)).replace(b"\n", b"\r\n")


def gemini_truth(p, t):
    # Tools end with STOP as all else does.
    t.update(op="generate_content", provider="gcp.gen_ai", finish=["length" if p.finish == "length" else "stop"], cache_write=None)


# ---- Bedrock ---------------------------------------------------------------------------
def _frame(payload, headers):
    head = b"".join(bytes([len(k)]) + k.encode() + b"\x07" + struct.pack(">H", len(v)) + v.encode() for k, v in headers)
    front = struct.pack(">II", len(payload) + len(head) + 16, len(head))
    body = front + struct.pack(">I", zlib.crc32(front)) + head + payload
    return body + struct.pack(">I", zlib.crc32(body))


def _aws(kind, body):
    return _frame(json.dumps(body).encode(), [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")])


CONVERSE_FINISH = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


def _converse_usage(p):
    raw = p.input - (p.cached or 0) - (p.cwrite or 0)
    return _without_none({"inputTokens": raw, "outputTokens": p.output, "totalTokens": p.input + p.output,
                          "cacheReadInputTokens": p.cached, "cacheWriteInputTokens": p.cwrite})


def converse_json(p):
    content = [{"text": "".join(p.text)}] + [{"toolUse": {"toolUseId": i, "name": n, "input": a}} for n, i, a in p.tools]
    return {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": CONVERSE_FINISH[p.finish],
            "usage": _converse_usage(p), "metrics": {"latencyMs": 321}}


def converse_events(p):
    yield _aws("messageStart", {"role": "assistant", "p": "abc"})
    for t in p.text:
        yield _aws("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": t}})
    yield _aws("contentBlockStop", {"contentBlockIndex": 0})
    for k, (n, i, a) in enumerate(p.tools, 1):
        yield _aws("contentBlockStart", {"contentBlockIndex": k, "start": {"toolUse": {"toolUseId": i, "name": n}}})
        yield _aws("contentBlockDelta", {"contentBlockIndex": k, "delta": {"toolUse": {"input": json.dumps(a)}}})
        yield _aws("contentBlockStop", {"contentBlockIndex": k})
    yield _aws("messageStop", {"stopReason": CONVERSE_FINISH[p.finish]})
    yield _aws("metadata", {"usage": _converse_usage(p), "metrics": {"latencyMs": 321}})


def converse_truth(p, t):
    t.update(provider="aws.bedrock", id=None, response_model=None, reasoning=None)


def invoke_json(p):
    return dialects.messages_json(p)


def invoke_events(p):
    """Anthropic's events, each as JSON in base64 in JSON."""
    for event in dialects.messages_events(p):
        data = json.loads(event.split(b"data: ", 1)[1])
        if data["type"] == "message_stop":
            data["amazon-bedrock-invocationMetrics"] = {
                "inputTokenCount": p.input - (p.cached or 0) - (p.cwrite or 0), "outputTokenCount": p.output, "invocationLatency": 321}
        yield _aws("chunk", {"bytes": base64.b64encode(json.dumps(data).encode()).decode(), "p": "abcd"})


# ---- Cohere ----------------------------------------------------------------------------
COHERE_FINISH = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool_calls": "TOOL_CALL"}


def _cohere_usage(p):
    tokens = {"input_tokens": float(p.input), "output_tokens": float(p.output)}
    return {"billed_units": tokens, "tokens": {"input_tokens": p.input + 70.0, "output_tokens": p.output + 3.0}}


def _cohere_calls(p):
    return [{"id": i, "type": "function", "function": {"name": n, "arguments": json.dumps(a)}} for n, i, a in p.tools]


def cohere_json(p):
    message = {"role": "assistant", "content": [{"type": "text", "text": "".join(p.text)}]}
    if p.tools:
        message = {"role": "assistant", "tool_calls": _cohere_calls(p), "tool_plan": "so"}
    return {"id": p.id, "finish_reason": COHERE_FINISH[p.finish], "message": message, "usage": _cohere_usage(p)}


def cohere_events(p):
    ev = lambda kind, **more: _sse({"type": kind, **more}, kind)
    yield ev("message-start", id=p.id, delta={"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}})
    if not p.tools:
        yield ev("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}})
        for t in p.text:
            yield ev("content-delta", index=0, delta={"message": {"content": {"text": t}}})
        yield ev("content-end", index=0)
    for k, call in enumerate(_cohere_calls(p)):
        whole = call["function"]["arguments"]
        yield ev("tool-call-start", index=k, delta={"message": {"tool_calls": {**call, "function": {**call["function"], "arguments": ""}}}})
        for half in dialects._halves(whole):
            yield ev("tool-call-delta", index=k, delta={"message": {"tool_calls": {"function": {"arguments": half}}}})
        yield ev("tool-call-end", index=k)
    yield ev("message-end", delta={"finish_reason": COHERE_FINISH[p.finish], "usage": _cohere_usage(p)})
    yield _sse("[DONE]")


def cohere_truth(p, t):
    t.update(provider="cohere", response_model=None, cache_read=None, cache_write=None, reasoning=None)


# ---- Mistral and Groq: OpenAI's shape, usage in places of their own ----------------------
def _chunks(p):
    """OpenAI's chunks, without usage and end."""
    for event in dialects.chat_events(p):
        data = event[6:].strip()
        if data != b"[DONE]" and json.loads(data)["choices"]:
            yield json.loads(data)


def mistral_events(p):
    """Its tool calls come whole, with the end."""
    for chunk in _chunks(p):
        if "tool_calls" in chunk["choices"][0]["delta"]:
            continue
        if chunk["choices"][0]["finish_reason"] and p.tools:
            chunk["choices"][0]["delta"] = {"tool_calls": [
                {"index": k, "id": i, "function": {"name": n, "arguments": json.dumps(a)}} for k, (n, i, a) in enumerate(p.tools)]}
        if chunk["choices"][0]["finish_reason"]:
            chunk["usage"] = dialects._chat_usage(p)
        yield _sse(chunk)
    yield _sse("[DONE]")


def groq_events(p):
    for chunk in _chunks(p):
        if chunk["choices"][0]["finish_reason"]:
            chunk["x_groq"] = {"id": "req_x", "usage": {**dialects._chat_usage(p), "queue_time": 0.25, "total_time": 0.5}}
        yield _sse(chunk)
    yield _sse("[DONE]")


def always_counted(provider):
    def truth(p, t):
        t.update(provider=provider, input=p.input, output=p.output, cache_read=p.cached, cache_write=p.cwrite, reasoning=p.reason)
    return truth


# ---- Ollama ----------------------------------------------------------------------------
def _ollama(p, text, done, tools=()):
    message = {"role": "assistant", "content": text}
    if tools:
        message["tool_calls"] = [{"function": {"name": n, "arguments": a}} for n, _, a in tools]
    out = {"model": p.model, "created_at": "2026-01-01T00:00:00Z", "message": message, "done": done}
    if done:
        out.update(done_reason="length" if p.finish == "length" else "stop", total_duration=321_000_000, load_duration=1,
                   prompt_eval_count=p.input, prompt_eval_duration=1, eval_count=p.output, eval_duration=1)
    return out


def ollama_json(p):
    return _ollama(p, "".join(p.text), True, p.tools)


def ollama_events(p):
    line = lambda data: (json.dumps(data) + "\n").encode()
    for t in p.text:
        yield line(_ollama(p, t, False))
    if p.tools:
        yield line(_ollama(p, "", False, p.tools))
    yield line(_ollama(p, "", True))


def ollama_truth(p, t):
    t.update(provider="ollama", id=None, finish=["length" if p.finish == "length" else "stop"], cache_read=None, cache_write=None,
             reasoning=None, tools=[n for n, _, _ in p.tools] or None)


# ---- The table -------------------------------------------------------------------------
@dataclasses.dataclass
class Vendor:
    api: str
    path: str            # a group "model" when the body does not name it
    stream: object       # (path, body) -> bool
    json: object
    events: object
    truth: object        # (plan, what it is by default): changes it
    kind: str = SSE      # of streams
    head: tuple = ()     # what its answers say besides
    request_id: str = "x-request-id"


in_body = lambda path, body: body.get("stream") is True
VENDORS = (
    Vendor("gemini", r"/models/(?P<model>[^/:]+):(stream)?[gG]enerateContent", lambda path, body: ":stream" in path, gemini_json,
           gemini_events, gemini_truth, request_id="x-goog-request-id"),
    Vendor("converse", r"/model/(?P<model>[^/]+)/converse(-stream)?$", lambda path, body: path.endswith("-stream"), converse_json,
           converse_events, converse_truth, EVENTSTREAM, request_id="x-amzn-requestid"),
    Vendor("invoke", r"/model/(?P<model>[^/]+)/invoke(-with-response-stream)?$", lambda path, body: path.endswith("-stream"), invoke_json,
           invoke_events, lambda p, t: t.update(provider="aws.bedrock"), EVENTSTREAM, request_id="x-amzn-requestid"),
    Vendor("cohere", r"/v2/chat$", in_body, cohere_json, cohere_events, cohere_truth),
    Vendor("mistral", r"/mistral/v1/chat/completions$", in_body, dialects.chat_json, mistral_events, always_counted("openai")),
    Vendor("groq", r"/openai/v1/chat/completions$", in_body, dialects.chat_json, groq_events, always_counted("groq"),
           head=(("x-groq-region", "us-east-1"), ("x-ratelimit-limit-tokens", "6000"), ("x-ratelimit-remaining-tokens", "5987"))),
    Vendor("ollama", r"/api/chat$", lambda path, body: body.get("stream", True), ollama_json, ollama_events, ollama_truth, NDJSON),
)
BY_API = {v.api: v for v in VENDORS}


def find(path):
    """(its row, the model that the path names or None), or (None, None)."""
    for v in VENDORS:
        m = re.search(v.path, path.split("?")[0])
        if m:
            return v, unquote(m.groupdict().get("model") or "") or None
    return None, None


class Plan(dialects.Plan):
    """A call in a vendor's API: a plan of the API whose ids and tools it shares."""

    def __init__(self, number, vendor, model, path, body, mock):
        super().__init__(number, "messages" if vendor.api == "invoke" else "chat", dict(body, **({"model": model} if model else {})), mock)
        self.vendor = vendor
        self.stream = vendor.stream(path.split("?")[0], body)

    def truth(self):
        t = super().truth()
        # Not what a client of OpenAI's would have to ask for.
        t.update(input=self.input, output=self.output, cache_read=self.cached, cache_write=self.cwrite, reasoning=self.reason)
        self.vendor.truth(self, t)
        return t
