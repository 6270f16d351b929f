# SPDX-License-Identifier: Apache-2.0
"""What a recorded exchange means, found without gentap.

The official SDKs read the recorded bytes through a mock transport, and their own
accumulators put streams together; what they refuse (errors above all) is read as plain
JSON. Rules of genai.md sections 1.1, 1.4, 4.2, 4.3, 4.6, 4.7.
"""
import fnmatch
import json
import logging
import re
import warnings

import anthropic
import httpx2
import openai
from anthropic.lib.streaming import _messages as anthropic_stream
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import CompactedResponse, Response, ResponseStreamEvent

import oracle_vendors
from genai import ANY, Expected, normal_finish

warnings.simplefilter("ignore")  # models that the SDKs call deprecated
logging.disable(logging.WARNING)

# genai.md section 1.3, as patterns of the host.
HOSTS = (("api.openai.com", "openai"), ("api.anthropic.com", "anthropic"), ("api.mistral.ai", "mistral_ai"),
         ("*.openai.azure.com", "azure.ai.openai"), ("generativelanguage.googleapis.com", "gcp.gemini"),
         ("*aiplatform.googleapis.com", "gcp.vertex_ai"), ("*.amazonaws.com", "aws.bedrock"), ("*.api.aws", "aws.bedrock"),
         ("api.cohere.com", "cohere"), ("api.groq.com", "groq"), ("api.deepseek.com", "deepseek"), ("openrouter.ai", "openrouter"),
         ("*:11434", "ollama"), ("api.together.xyz", "together_ai"), ("api.cerebras.ai", "cerebras"), ("api.voyageai.com", "voyage_ai"),
         ("api.writer.com*", "writer"), ("api.z.ai", "zai"), ("*.snowflakecomputing.com", "snowflake"), ("router.huggingface.co", "huggingface"))


def classify(x):
    """(operation, api) of an exchange, or None where gentap promises no call."""
    path = x.path
    if x.method.upper() == "POST":
        for end, found in (("/chat/completions", ("chat", "chat")), ("/completions", ("text_completion", "completions")),
                           ("/embeddings", ("embeddings", "embeddings")), ("/responses", ("chat", "responses")),
                           ("/responses/compact", ("chat", "compact")), ("api.writer.com/v1/chat", ("chat", "chat")), ("/v1/messages", ("chat", "messages"))):
            if (x.host.split(":")[0] + path).endswith(end):
                return found
    if x.method == "GET" and "/responses/" in path:
        return "fetch_response", "responses"
    return None


def promised(x):
    """False for what is not the business of this test (MCP among the recordings)."""
    return bool(classify(x) or oracle_vendors.find(x)) or x.path.endswith("/count_tokens")


def provider(x, api):
    for pattern, name in HOSTS:
        if fnmatch.fnmatch(x.host, pattern):
            return name
    if x.header("x-litellm-call-id"):
        return "litellm"
    if "/publishers/google/" in x.path:
        return "gcp.vertex_ai"
    if "/model/" in x.path:
        return "aws.bedrock"
    return "anthropic" if api == "messages" else ANY  # a gateway that says no more


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
    if want.cache_read is None:
        want.cache_read = _get(usage, "cached_tokens")  # Together
    if want.cache_read is None:
        want.cache_read = _get(usage, "prompt_token_details", "cached_tokens")  # Writer
    want.cache_write = _get(usage, "prompt_tokens_details", "cache_write_tokens")
    want.reasoning = _get(usage, "completion_tokens_details", "reasoning_tokens")
    if want.reasoning is None:
        want.reasoning = _get(usage, "completion_token_details", "reasoning_tokens")  # Writer


def _chat(want, x, client, body):
    names, finish, tools, usage = {}, {}, [], None
    if x.sse:
        for chunk in client.post("/chat/completions", cast_to=ChatCompletion, body=body, stream=True,
                                 stream_cls=openai.Stream[ChatCompletionChunk]):
            usage = chunk.usage or _get(chunk.model_extra, "x_groq", "usage") or usage
            # Azure's first chunk has empty ones.
            want.id, want.response_model = chunk.id or want.id, chunk.model or want.response_model
            for choice in chunk.choices or []:
                finish[choice.index] = choice.finish_reason or finish.get(choice.index)
                for t in choice.delta.tool_calls or []:
                    # (choice, index): [name, id], the first of each: some servers repeat them
                    had = names.setdefault((choice.index, t.index), [None, None])
                    had[:] = [had[0] or _get(t, "function", "name"), had[1] or t.id]
        tools = ["%s %s" % tuple(names[k]) for k in sorted(names)]
    else:
        done = client.post("/chat/completions", cast_to=ChatCompletion, body=body)
        if isinstance(done, str):  # JSON by another name
            done = ChatCompletion.construct(**json.loads(done))
        want.id, want.response_model, usage = done.id, done.model, done.usage
        for c in done.choices or []:
            # finish_details was the name of it in the vision preview.
            finish[c.index] = c.finish_reason or _get(c, "finish_details", "type")
            for t in _get(c.message, "tool_calls") or []:
                of = getattr(t, t.type or "function", None) or t.function
                tools.append("%s %s" % (of.name, t.id))
            if _get(c.message, "function_call", "name"):
                tools.append(c.message.function_call.name)
    _openai_usage(want, usage)
    want.finish = [normal_finish(finish[i]) or "error" for i in sorted(finish)] or None
    want.tools = tools or None


def _completions(want, x, client, body):
    if x.sse:
        finish, usage, last = {}, None, None
        for c in client.post("/completions", cast_to=Completion, body=body, stream=True,
                             stream_cls=openai.Stream[Completion]):
            usage, last = c.usage or usage, c if c.id else last or c
            for choice in c.choices or []:
                finish[choice.index or 0] = choice.finish_reason or finish.get(choice.index or 0)
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
    if want.input is None:  # Voyage counts only the total, which is all input
        want.input = _get(got, "usage", "total_tokens")


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
    if want.op != "fetch_response" or _counts_here(x, done):
        _response_usage(want, done.usage)
    _response_object(want, done, output)


OPEN = ("queued", "in_progress")


def _last_response(x):
    """The response object as an exchange left it, as JSON; {} when it has none."""
    try:
        if x.sse:
            events = [json.loads(line[5:]) for line in x.plain.decode().splitlines() if line.startswith("data:") and "{" in line]
            return next((e["response"] for e in reversed(events) if e.get("response")), {})
        return json.loads(x.plain)
    except ValueError:
        return {}


def _counts_here(x, done):
    """Of a fetch: its making told no tokens, and no fetch before it did."""
    known = [r for r in map(_last_response, x.before) if isinstance(r, dict) and r.get("id") == done.id]
    return bool(known) and done.status not in OPEN and all(r.get("status") in OPEN and not r.get("usage") for r in known)


def _response_usage(want, usage):
    want.input, want.output = _get(usage, "input_tokens"), _get(usage, "output_tokens")
    want.cache_read = _get(usage, "input_tokens_details", "cached_tokens")
    want.cache_write = _get(usage, "input_tokens_details", "cache_write_tokens")
    want.reasoning = _get(usage, "output_tokens_details", "reasoning_tokens")


def _compact(want, x, client, body):
    done = client.post("/responses/compact", cast_to=CompactedResponse, body=body)
    _response_usage(want, done.usage)
    _response_object(want, done, done.output)
    want.finish = ANY  # the conventions have no word for it


def _response_object(want, done, output):
    want.id, want.response_model = done.id, _get(done, "model")
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


def _error_of(x):
    """The error object that a whole body is, or None."""
    try:
        body = json.loads(x.plain)
        body = body[0] if isinstance(body, list) else body
        return body.get("error") if isinstance(body.get("error"), dict) else None
    except (ValueError, AttributeError, IndexError):
        return None


def _word(e):
    """The provider's name for an error: not a number."""
    words = [e.get(k) for k in ("status", "code", "type")]
    return next((w for w in words if isinstance(w, str) and w and not w.isdigit()), None)


def _error(want, x):
    """The provider's code, else its type, else the HTTP status."""
    header = (x.header("x-amzn-errortype") or "").split(":")[0]
    want.error = header or _word(_error_of(x) or {}) or str(x.status)
    want.finish = ANY


READ = {"chat": _chat, "completions": _completions, "embeddings": _embeddings, "responses": _responses,
        "compact": _compact, "messages": _messages}


def expect(x):
    """Expected of one exchange, or None when it is no inference that gentap promises."""
    vendor = oracle_vendors.find(x)
    kind = vendor or classify(x)
    if not kind:
        return None
    want, body = Expected(op=kind[0]), _request(x)
    want.provider = provider(x, kind[1])
    deployment = re.search("/deployments/([^/]+)/", x.path)
    want.model = body.get("model") or oracle_vendors.path_model(x) or (deployment and deployment[1])
    # A stream that nobody asked for (two recordings): what it is to be called is open.
    streams = "tream" in x.path or "tream" in (x.header("content-type") or "") or "ndjson" in (x.header("content-type") or "")
    want.stream = True if body.get("stream") is True else ANY if x.sse or streams else None
    # A response object that failed is no failed request.
    if x.status >= 400 or (_error_of(x) and kind[1] != "responses"):
        _error(want, x)
    elif vendor:
        vendor[1](want, x)
    else:
        try:
            READ[kind[1]](want, x, _client(x), dict(body))
        except openai.APIError as e:  # in the middle of a stream
            want = Expected(op=want.op, provider=want.provider, model=want.model, stream=want.stream, error=_word(e.body) or str(e.body.get("code") or "_OTHER"),
                            id=ANY, response_model=ANY, finish=ANY, input=ANY, output=ANY, cache_read=ANY, cache_write=ANY,
                            reasoning=ANY, tools=ANY)
    want.id, want.response_model = want.id or None, want.response_model or None  # some write "" for nothing
    return want
