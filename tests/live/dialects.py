# SPDX-License-Identifier: Apache-2.0
"""The mock provider's answers: one plan per request, rendered for each API.

A plan comes wholly from the request, its `x-mock` header (k=v,k=v) and its number, so
that ids and token counts are unique and the log can say what a span must contain.

  in, out, cached, cwrite, reason   tokens (in holds cached and cwrite; out holds reason)
  chunks=N  bytes=N                 pieces of text; length of the text instead
  tools=N  think=1                  tool calls; thinking before the text
  finish=WORD                       in OpenAI's words, whatever the API
  error=429|500|...|stream          fail; `times=K`: only while the SDK's retry count < K
  usage=0                           leave usage out
"""
import json

WORDS = "the quick brown fox jumps over the lazy dog and then some more of it ".split()
ANTHROPIC_FINISH = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}

TOOL_APIS = ("chat", "responses", "messages")


class Plan:
    def __init__(self, number, api, body, mock):
        self.n, self.api, self.body = number, api, body
        self.model = body.get("model") or "mock-model"
        self.stream = body.get("stream") is True
        self.chunks = int(mock.get("chunks", 5))
        self.input = int(mock.get("in", 1000 + 7 * number))
        self.output = int(mock.get("out", 60 + 3 * number))
        self.cached = int(mock["cached"]) if "cached" in mock else None
        self.cwrite = int(mock["cwrite"]) if "cwrite" in mock else None
        self.reason = int(mock["reason"]) if "reason" in mock else None
        self.think = mock.get("think") == "1"
        self.usage = mock.get("usage") != "0"
        self.tools = [("tool_%d" % i, "%s_%06d_%d" % ("toolu" if api == "messages" else "call", number, i),
                       {"path": "/tmp/%d" % i, "text": "é" * (i + 1)}) for i in range(int(mock.get("tools", 0)))]
        self.finish = mock.get("finish") or ("tool_calls" if self.tools else "stop")
        self.id = {"chat": "chatcmpl-%06d", "completions": "cmpl-%06d", "responses": "resp_%06d", "messages": "msg_%06d"}.get(
            api, "%06d") % number
        size = int(mock.get("bytes", 0))
        self.text = ["%s " % WORDS[i % len(WORDS)] for i in range(self.chunks)]
        if size:
            self.text = ["x" * max(1, size // self.chunks)] * self.chunks

    def truth(self):
        """What a span of this call must say, in the names of common/genai.py."""
        usage = self.usage and not (self.api in ("chat", "completions") and self.stream and
                                    not (self.body.get("stream_options") or {}).get("include_usage"))
        t = {"op": {"embeddings": "embeddings", "completions": "text_completion"}.get(self.api, "chat"),
             "provider": "anthropic" if self.api == "messages" else "openai",
             "model": self.body.get("model"), "response_model": self.model,
             "id": None if self.api == "embeddings" else self.id, "stream": True if self.stream else None,
             "finish": None if self.api == "embeddings" else [self.finish],
             "input": self.input if usage else None,
             "output": self.output if usage and self.api != "embeddings" else None,
             "tools": ["%s %s" % (name, i) for name, i, _ in self.tools if self.api in TOOL_APIS] or None}
        for field, v in (("cache_read", self.cached), ("cache_write", self.cwrite), ("reasoning", self.reason)):
            t[field] = v if usage and self.api != "embeddings" else None
        return t


def _sse(data, event=None):
    line = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return (("event: %s\n" % event if event else "") + "data: %s\n\n" % line).encode()


def _without_none(d):
    return {k: v for k, v in d.items() if v is not None}


def _halves(text):
    return [text[:len(text) // 2], text[len(text) // 2:]]


# ---- Chat completions ------------------------------------------------------------------
def _chat_usage(p):
    if not p.usage:
        return None
    u = {"prompt_tokens": p.input, "completion_tokens": p.output, "total_tokens": p.input + p.output}
    details = _without_none({"cached_tokens": p.cached, "cache_write_tokens": p.cwrite})
    if details:
        u["prompt_tokens_details"] = details
    if p.reason is not None:
        u["completion_tokens_details"] = {"reasoning_tokens": p.reason}
    return u


def chat_json(p):
    message = {"role": "assistant", "content": "".join(p.text), "refusal": None}
    if p.tools:
        message["tool_calls"] = [{"id": i, "type": "function", "function": {"name": n, "arguments": json.dumps(a)}}
                                 for n, i, a in p.tools]
    return _without_none({"id": p.id, "object": "chat.completion", "created": 1, "model": p.model,
                          "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": p.finish}],
                          "usage": _chat_usage(p), "service_tier": "default", "system_fingerprint": "fp_mock"})


def chat_events(p):
    asked = (p.body.get("stream_options") or {}).get("include_usage")

    def chunk(delta, finish=None):
        c = {"id": p.id, "object": "chat.completion.chunk", "created": 1, "model": p.model,
             "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}
        if asked:
            c["usage"] = None
        return _sse(c)
    yield chunk({"role": "assistant", "content": ""})
    for t in p.text:
        yield chunk({"content": t})
    for k, (name, i, args) in enumerate(p.tools):
        yield chunk({"tool_calls": [{"index": k, "id": i, "type": "function", "function": {"name": name, "arguments": ""}}]})
        for half in _halves(json.dumps(args)):
            yield chunk({"tool_calls": [{"index": k, "function": {"arguments": half}}]})
    yield chunk({}, p.finish)
    if asked and p.usage:
        yield _sse({"id": p.id, "object": "chat.completion.chunk", "created": 1, "model": p.model, "choices": [],
                    "usage": _chat_usage(p)})
    yield _sse("[DONE]")


def completions_json(p):
    return {"id": p.id, "object": "text_completion", "created": 1, "model": p.model, "usage": _chat_usage(p),
            "choices": [{"index": 0, "text": "".join(p.text), "logprobs": None, "finish_reason": p.finish}]}


def completions_events(p):
    for k, t in enumerate(p.text):
        yield _sse({"id": p.id, "object": "text_completion", "created": 1, "model": p.model, "choices": [
            {"index": 0, "text": t, "logprobs": None, "finish_reason": p.finish if k == len(p.text) - 1 else None}]})
    yield _sse("[DONE]")


def embeddings_json(p):
    inputs = p.body.get("input")
    count = len(inputs) if isinstance(inputs, list) else 1
    return {"object": "list", "model": p.model, "usage": {"prompt_tokens": p.input, "total_tokens": p.input},
            "data": [{"object": "embedding", "index": i, "embedding": [0.25] * 8} for i in range(count)]}


# ---- Responses -------------------------------------------------------------------------
def _response(p, status):
    done = status != "in_progress"
    output = []
    if done:
        if p.think:
            output.append({"id": "rs_%06d" % p.n, "type": "reasoning", "summary": []})
        output += [{"id": "fc_%06d_%d" % (p.n, k), "type": "function_call", "status": "completed", "name": n,
                    "call_id": i, "arguments": json.dumps(a)} for k, (n, i, a) in enumerate(p.tools)]
        if not p.tools:
            output.append({"id": "msg_%06d" % p.n, "type": "message", "status": "completed", "role": "assistant",
                           "content": [{"type": "output_text", "text": "".join(p.text), "annotations": []}]})
    u = {"input_tokens": p.input, "output_tokens": p.output, "total_tokens": p.input + p.output,
         "input_tokens_details": _without_none({"cached_tokens": p.cached, "cache_write_tokens": p.cwrite}),
         "output_tokens_details": _without_none({"reasoning_tokens": p.reason})}
    return {"id": p.id, "object": "response", "created_at": 1, "status": status, "error": None, "model": p.model,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "service_tier": "default",
            "instructions": None, "metadata": {}, "usage": u if done and p.usage else None}


def responses_json(p):
    return _response(p, "incomplete" if p.finish == "length" else "completed")


def responses_events(p):
    seq = iter(range(1 << 30))
    ev = lambda kind, **more: _sse(dict({"type": kind, "sequence_number": next(seq)}, **more), kind)
    final = responses_json(p)
    yield ev("response.created", response=_response(p, "in_progress"))
    yield ev("response.in_progress", response=_response(p, "in_progress"))
    for k, item in enumerate(final["output"]):
        opened = dict(item, status="in_progress")
        if item["type"] == "message":
            opened["content"] = []
        if item["type"] == "function_call":
            opened["arguments"] = ""
        yield ev("response.output_item.added", output_index=k, item=opened)
        at = {"output_index": k, "item_id": item["id"]}
        if item["type"] == "message":
            yield ev("response.content_part.added", content_index=0, part={"type": "output_text", "text": "", "annotations": []}, **at)
            for t in p.text:
                yield ev("response.output_text.delta", content_index=0, delta=t, logprobs=[], **at)
            yield ev("response.output_text.done", content_index=0, text="".join(p.text), logprobs=[], **at)
            yield ev("response.content_part.done", content_index=0, part=item["content"][0], **at)
        if item["type"] == "function_call":
            for half in _halves(item["arguments"]):
                yield ev("response.function_call_arguments.delta", delta=half, **at)
            yield ev("response.function_call_arguments.done", arguments=item["arguments"], name=item["name"], **at)
        yield ev("response.output_item.done", output_index=k, item=item)
    yield ev("response." + final["status"], response=final)


# ---- Anthropic messages ----------------------------------------------------------------
def _message_usage(p):
    u = {"input_tokens": p.input - (p.cached or 0) - (p.cwrite or 0), "output_tokens": p.output,
         "cache_read_input_tokens": p.cached, "cache_creation_input_tokens": p.cwrite, "service_tier": "standard"}
    if p.cwrite is not None:
        u["cache_creation"] = {"ephemeral_5m_input_tokens": p.cwrite, "ephemeral_1h_input_tokens": 0}
    if p.reason is not None:
        u["output_tokens_details"] = {"thinking_tokens": p.reason}
    return u


def _message(p, content, finish, usage):
    return {"id": p.id, "type": "message", "role": "assistant", "model": p.model, "content": content,
            "stop_reason": finish, "stop_sequence": None, "usage": usage}


def _blocks(p):
    if p.think:
        yield {"type": "thinking", "thinking": "let me see", "signature": "c2ln"}
    yield {"type": "text", "text": "".join(p.text)}
    for name, i, args in p.tools:
        yield {"type": "tool_use", "id": i, "name": name, "input": args}


def messages_json(p):
    return _message(p, list(_blocks(p)), ANTHROPIC_FINISH.get(p.finish, p.finish), _message_usage(p))


def messages_events(p):
    ev = lambda kind, **more: _sse(dict({"type": kind}, **more), kind)
    first = dict(_message_usage(p), output_tokens=1)
    first.pop("output_tokens_details", None)
    yield ev("message_start", message=_message(p, [], None, first))
    for k, b in enumerate(_blocks(p)):
        opened = {"text": dict(b, text=""), "thinking": dict(b, thinking="", signature=""),
                  "tool_use": dict(b, input={})}[b["type"]]
        yield ev("content_block_start", index=k, content_block=opened)
        if k == 0:
            yield ev("ping")
        deltas = {"text": lambda: [{"type": "text_delta", "text": t} for t in p.text],
                  "thinking": lambda: [{"type": "thinking_delta", "thinking": b["thinking"]},
                                       {"type": "signature_delta", "signature": b["signature"]}],
                  "tool_use": lambda: [{"type": "input_json_delta", "partial_json": h}
                                       for h in _halves(json.dumps(b["input"]))]}[b["type"]]()
        for d in deltas:
            yield ev("content_block_delta", index=k, delta=d)
        yield ev("content_block_stop", index=k)
    last = {"output_tokens": p.output}
    if p.reason is not None:
        last["output_tokens_details"] = {"thinking_tokens": p.reason}
    yield ev("message_delta", delta={"stop_reason": ANTHROPIC_FINISH.get(p.finish, p.finish), "stop_sequence": None}, usage=last)
    yield ev("message_stop")


# ---- Errors ----------------------------------------------------------------------------
def error_json(api, status):
    """(body, error.type that a span must carry)."""
    if api == "messages":
        kind = {429: "rate_limit_error", 529: "overloaded_error", 400: "invalid_request_error"}.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": "mock says no"}, "request_id": "req_x"}, kind
    code = {429: "rate_limit_exceeded", 401: "invalid_api_key", 404: "model_not_found"}.get(status)
    kind = {429: "requests", 400: "invalid_request_error"}.get(status, "server_error")
    return {"error": {"message": "mock says no", "type": kind, "param": None, "code": code}}, code or kind


def error_event(api):
    if api == "messages":
        return _sse({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error"), "overloaded_error"
    if api == "responses":
        return _sse({"type": "error", "code": "server_error", "message": "mock broke", "param": None,
                     "sequence_number": 99}, "error"), "server_error"
    return _sse({"error": {"message": "mock broke", "type": "server_error", "param": None, "code": None}}), "server_error"


JSON = {"chat": chat_json, "completions": completions_json, "embeddings": embeddings_json,
        "responses": responses_json, "messages": messages_json}
EVENTS = {"chat": chat_events, "completions": completions_events, "responses": responses_events,
          "messages": messages_events}
PATHS = (("/chat/completions", "chat"), ("/completions", "completions"), ("/embeddings", "embeddings"),
         ("/responses", "responses"), ("/messages", "messages"))


def api_of(path):
    path = path.split("?")[0]
    return next((api for end, api in PATHS if path.endswith(end)), None)
