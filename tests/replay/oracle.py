# SPDX-License-Identifier: Apache-2.0
"""What a recorded exchange means, found without gentap.

The official SDKs read the recorded bytes through a mock transport, and their own
accumulators put streams together; what they refuse (errors above all) is read as plain
JSON. Rules of genai.md sections 1.1, 1.4, 4.2, 4.3, 4.6, 4.7.
"""
import json
import logging
import warnings
from urllib.parse import urlsplit

import anthropic
import httpx2
import openai
from anthropic.lib.streaming import _messages as anthropic_stream
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import CompactedResponse, Response, ResponseStreamEvent

from genai import ANY, Expected, normal_finish

warnings.simplefilter("ignore")  # models that the SDKs call deprecated
logging.disable(logging.WARNING)

HOSTS = {"api.openai.com": "openai", "api.anthropic.com": "anthropic", "api.mistral.ai": "mistral_ai"}


def classify(x):
    """(operation, api) of an exchange, or None where gentap promises no call."""
    path = x.path
    if x.method == "POST":
        for end, found in (("/chat/completions", ("chat", "chat")), ("/completions", ("text_completion", "completions")),
                           ("/embeddings", ("embeddings", "embeddings")), ("/responses", ("chat", "responses")),
                           ("/responses/compact", ("chat", "compact")), ("/v1/messages", ("chat", "messages"))):
            if path.endswith(end):
                return found
    if x.method == "GET" and "/responses/" in path:
        return "fetch_response", "responses"
    return None


def promised(x):
    """False for the few calls of other providers' APIs that stand in these families."""
    return bool(classify(x)) or x.path.endswith("/count_tokens")


def _client(x):
    def answer(request):
        body = x.res_body
        headers = [(k, v) for k, v in x.res_headers if k.lower() not in ("content-length", "transfer-encoding")]
        if x.header("content-encoding") and body[:2] != b"\x1f\x8b":  # the recorder decoded it
            headers = [(k, v) for k, v in headers if k.lower() != "content-encoding"]
        return httpx2.Response(x.status, headers=headers, content=body, request=request)
    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    if "/messages" in x.path:
        return anthropic.Anthropic(api_key="k", http_client=http, max_retries=0, base_url="https://mock")
    return openai.OpenAI(api_key="k", http_client=http, max_retries=0, base_url="https://mock")


def _request(x):
    try:
        body = json.loads(x.req_body or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _get(o, *names):
    """A field of an SDK object or a dict, several steps deep; None where a step is missing."""
    for n in names:
        o = o.get(n) if isinstance(o, dict) else getattr(o, n, None)
        if o is None:
            return None
    return o


def _openai_usage(want, usage):
    want.input, want.output = _get(usage, "prompt_tokens"), _get(usage, "completion_tokens")
    want.cache_read = _get(usage, "prompt_tokens_details", "cached_tokens")
    want.cache_write = _get(usage, "prompt_tokens_details", "cache_write_tokens")
    want.reasoning = _get(usage, "completion_tokens_details", "reasoning_tokens")


def _chat(want, x, client, body):
    names = {}  # (choice, index): [name, id], the first of each: some servers repeat them
    if x.sse:
        state, usage = ChatCompletionStreamState(), None
        for chunk in client.post("/chat/completions", cast_to=ChatCompletion, body=body, stream=True,
                                 stream_cls=openai.Stream[ChatCompletionChunk]):
            usage = chunk.usage or usage
            state.handle_chunk(chunk)
            for choice in chunk.choices:
                for t in choice.delta.tool_calls or []:
                    had = names.setdefault((choice.index, t.index), [None, None])
                    had[:] = [had[0] or _get(t, "function", "name"), had[1] or t.id]
        done = state.current_completion_snapshot
    else:
        done = client.post("/chat/completions", cast_to=ChatCompletion, body=body)
        usage = done.usage
    want.id, want.response_model = done.id, done.model
    _openai_usage(want, usage)
    choices = sorted(done.choices or [], key=lambda c: c.index)
    # finish_details was the name of it in the vision preview.
    want.finish = [normal_finish(c.finish_reason or _get(c, "finish_details", "type")) or "error" for c in choices] or None
    tools = ["%s %s" % tuple(names[k]) for k in sorted(names)]
    for c in choices:
        for t in [] if x.sse else _get(c.message, "tool_calls") or []:
            of = getattr(t, t.type or "function", None) or t.function
            tools.append("%s %s" % (of.name, t.id))
        if _get(c.message, "function_call", "name"):
            tools.append(c.message.function_call.name)
    want.tools = tools or None


def _completions(want, x, client, body):
    if x.sse:
        finish, usage, last = {}, None, None
        for c in client.post("/completions", cast_to=Completion, body=body, stream=True,
                             stream_cls=openai.Stream[Completion]):
            usage, last = c.usage or usage, c
            for choice in c.choices:
                finish[choice.index] = choice.finish_reason or finish.get(choice.index)
        want.finish = [finish[i] or "error" for i in sorted(finish)] or None
    else:
        last = client.post("/completions", cast_to=Completion, body=body)
        usage = last.usage
        want.finish = [c.finish_reason or "error" for c in last.choices] or None
    want.id, want.response_model = last.id, last.model
    _openai_usage(want, usage)


def _embeddings(want, x, client, body):
    got = client.post("/embeddings", cast_to=CreateEmbeddingResponse, body=body)
    want.response_model, want.input = got.model, _get(got, "usage", "prompt_tokens")


CLIENT_TOOLS = ("function_call", "custom_tool_call")


def _responses(want, x, client, body):
    if x.sse:
        done, items = None, {}
        for e in client.post("/responses", cast_to=Response, body=body, stream=True,
                             stream_cls=openai.Stream[ResponseStreamEvent]):
            done = getattr(e, "response", None) or done
            if e.type == "response.output_item.done":
                items[e.output_index] = e.item
        output = done.output or [items[i] for i in sorted(items)]
    else:
        done = client.post("/responses", cast_to=Response, body=body) if x.method == "POST" else \
            client.get("/responses/x", cast_to=Response)
        output = done.output or []
    _response_object(want, done, output)


def _compact(want, x, client, body):
    done = client.post("/responses/compact", cast_to=CompactedResponse, body=body)
    _response_object(want, done, done.output)
    want.finish = ANY  # the conventions have no word for it


def _response_object(want, done, output):
    want.id, want.response_model = done.id, _get(done, "model")
    if want.op != "fetch_response":
        usage = done.usage
        want.input, want.output = _get(usage, "input_tokens"), _get(usage, "output_tokens")
        want.cache_read = _get(usage, "input_tokens_details", "cached_tokens")
        want.cache_write = _get(usage, "input_tokens_details", "cache_write_tokens")
        want.reasoning = _get(usage, "output_tokens_details", "reasoning_tokens")
    want.tools = ["%s %s" % (i.name, i.call_id) for i in output if i.type in CLIENT_TOOLS] or None
    status = _get(done, "status")
    if status in ("failed", "cancelled"):
        want.finish = ["error"]
        want.error = _get(done, "error", "code") or status
    elif status == "incomplete":
        want.finish = [{"max_output_tokens": "length"}.get(done.incomplete_details.reason, done.incomplete_details.reason)]
    elif status == "completed":
        found = ["tool_calls" if i.type in CLIENT_TOOLS else "stop" for i in output
                 if i.type in CLIENT_TOOLS or i.type == "message"]
        want.finish = list(dict.fromkeys(found)) or ["stop"]
    else:  # queued, in progress: not finished
        want.finish = None


def _messages(want, x, client, body):
    if x.sse:
        done, bufs = None, {}
        for e in client.post("/v1/messages", cast_to=anthropic.types.Message, body=body, stream=True,
                             stream_cls=anthropic.Stream[anthropic.types.RawMessageStreamEvent]):
            if e.type in ("ping", "error"):
                continue
            done = anthropic_stream.accumulate_event(event=e, current_snapshot=done, json_bufs=bufs)
    else:
        done = client.post("/v1/messages", cast_to=anthropic.types.Message, body=body)
    u = done.usage
    want.id, want.response_model = done.id, done.model
    want.finish = [normal_finish(done.stop_reason) or "error"]
    want.cache_read, want.cache_write = u.cache_read_input_tokens, u.cache_creation_input_tokens
    want.input = u.input_tokens + (want.cache_read or 0) + (want.cache_write or 0)
    want.output = u.output_tokens
    want.reasoning = _get(u, "output_tokens_details", "thinking_tokens")
    want.tools = ["%s %s" % (b.name, b.id) for b in done.content if b.type == "tool_use"] or None


def _error(want, x):
    """HTTP status of 400 and more: the provider's code, else its type, else the number."""
    try:
        e = json.loads(x.plain).get("error")
    except (ValueError, AttributeError):
        e = None
    if isinstance(e, dict):
        want.error = e.get("code") or e.get("type")
        want.error = str(want.error) if want.error is not None else None
    want.error = want.error or str(x.status)
    want.finish = ANY


READ = {"chat": _chat, "completions": _completions, "embeddings": _embeddings, "responses": _responses,
        "compact": _compact, "messages": _messages}


def expect(x):
    """Expected of one exchange, or None when it is no inference that gentap promises."""
    kind = classify(x)
    if not kind:
        return None
    want, body = Expected(op=kind[0]), _request(x)
    url = urlsplit(x.url)
    want.provider = HOSTS.get(url.hostname) or ("anthropic" if kind[1] == "messages" else "openai")
    want.model = body.get("model")
    # A stream that nobody asked for (two recordings): what it is to be called is open.
    want.stream = True if body.get("stream") is True else ANY if x.sse else None
    if x.status >= 400:
        _error(want, x)
    else:
        READ[kind[1]](want, x, _client(x), dict(body))
    return want
