# SPDX-License-Identifier: Apache-2.0
"""The oracle for APIs that are not OpenAI's or Anthropic's: each vendor's own SDK reads the
recorded bytes through a mock transport. Rules of genai.md sections 1.4, 4.8, 4.9, 4.10.
"""
import io
import json

import anthropic
import boto3
import botocore.awsrequest
import botocore.config
import cohere
import httpx
import httpx2
import mistralai.client
import ollama
import urllib3
from anthropic.lib.streaming import _messages as anthropic_stream
from google import genai as google
from google.genai import types as google_types
from urllib.parse import unquote

from genai import ANY, normal_finish


def _headers(x):
    plain = x.header("content-encoding") and x.res_body[:2] != b"\x1f\x8b"  # the recorder decoded it
    drop = {"content-length", "transfer-encoding"} | ({"content-encoding"} if plain else set())
    return [(k, v) for k, v in x.res_headers if k.lower() not in drop]


def _mock(http, x):
    return http.MockTransport(lambda request: http.Response(x.status, headers=_headers(x), content=x.res_body, request=request))


def _sum(*numbers):
    """Of what is there; None when nothing is."""
    known = [n for n in numbers if n is not None]
    return sum(known) if known else None


# ---- Google ---------------------------------------------------------------------------

_google_answers = []  # the exchange that the one client answers with: making one takes long
_google = google.Client(api_key="k", http_options=google_types.HttpOptions(base_url="https://mock", httpx_client=httpx2.Client(
    transport=httpx2.MockTransport(lambda r: httpx2.Response(_google_answers[0].status, headers=_headers(_google_answers[0]),
                                                             content=_google_answers[0].res_body, request=r)))))


def _google_chunks(x):
    if "%24alt=json" in x.url:  # enums as numbers, in the order of their definition
        chunk = json.loads(x.plain)
        names = list(google_types.FinishReason)
        for c in chunk.get("candidates", []):
            if isinstance(c.get("finishReason"), int):
                c["finishReason"] = names[c["finishReason"]].value
            c["safetyRatings"] = None
        for other in ("promptTokensDetails", "candidatesTokensDetails", "trafficType"):
            chunk.get("usageMetadata", {}).pop(other, None)
        return [google_types.GenerateContentResponse.model_validate(chunk)]
    _google_answers[:] = [x]
    if ":stream" in x.path:
        return list(_google.models.generate_content_stream(model="m", contents="x"))
    return [_google.models.generate_content(model="m", contents="x")]


def generate_content(want, x):
    finish, tools, usage = {}, [], None
    for chunk in _google_chunks(x):
        usage = chunk.usage_metadata or usage
        want.id, want.response_model = chunk.response_id or want.id, chunk.model_version or want.response_model
        for n, c in enumerate(chunk.candidates or []):
            finish[c.index or n] = c.finish_reason or finish.get(c.index or n)
            for part in (c.content and c.content.parts) or []:
                if part.function_call:
                    f = part.function_call
                    tools.append("%s %s" % (f.name, f.id) if f.id else f.name)
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason and not finish:
            finish[0] = google_types.FinishReason.SAFETY
    want.finish = [normal_finish(finish[i].value) if finish[i] else "error" for i in sorted(finish)] or None
    want.tools = tools or None
    if not usage:
        return
    want.input = _sum(usage.prompt_token_count, usage.tool_use_prompt_token_count)
    want.output = _sum(usage.candidates_token_count, usage.thoughts_token_count)
    if want.output is None and usage.total_token_count == want.input:
        want.output = 0  # zeros are left out on the wire, and the total leaves no room
    want.cache_read, want.reasoning = usage.cached_content_token_count, usage.thoughts_token_count


def google_embeddings(want, x):
    usage = json.loads(x.plain).get("usageMetadata") or {}  # the SDK does not show it
    want.input = usage.get("promptTokenCount")


def interactions(want, x):
    done = json.loads(x.plain)
    u = done.get("usage", {})
    want.id, want.response_model = done["id"], done.get("model")
    want.input = _sum(u.get("total_input_tokens"), u.get("total_tool_use_tokens"))
    want.output = _sum(u.get("total_output_tokens"), u.get("total_thought_tokens"))
    want.cache_read, want.reasoning = u.get("total_cached_tokens"), u.get("total_thought_tokens")
    want.finish = [{"completed": "stop", "requires_action": "tool_calls"}.get(done["status"], done["status"])]
    calls = [s for s in done.get("steps", []) if s.get("type") == "function_call"]
    want.tools = ["%s %s" % (s["name"], s["id"]) for s in calls] or None


# ---- Bedrock --------------------------------------------------------------------------

_boto_clients = {}  # service: [client, exchange that it answers with]; making one takes long


def _boto(service, x):
    if service not in _boto_clients:
        client = boto3.client(service, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s",
                              config=botocore.config.Config(retries={"total_max_attempts": 1}))
        mine = _boto_clients[service] = [client, x]

        def answer(request, **_):
            x, headers = mine[1], dict(_headers(mine[1]))
            raw = urllib3.HTTPResponse(body=io.BytesIO(x.res_body), headers=headers, status=x.status, preload_content=False)
            return botocore.awsrequest.AWSResponse(request.url, x.status, headers, raw)
        client.meta.events.register("before-send.%s.*" % service, answer)
    _boto_clients[service][1] = x
    return _boto_clients[service][0]


def _converse_usage(want, u):
    want.cache_read, want.cache_write = u.get("cacheReadInputTokens"), u.get("cacheWriteInputTokens")
    want.input = _sum(u.get("inputTokens"), want.cache_read, want.cache_write)
    want.output = u.get("outputTokens")


def converse(want, x):
    tools, client = [], _boto("bedrock-runtime", x)
    messages = [{"role": "user", "content": [{"text": "x"}]}]
    if x.path.endswith("-stream"):
        for e in client.converse_stream(modelId="m", messages=messages)["stream"]:
            use = e.get("contentBlockStart", {}).get("start", {}).get("toolUse")
            tools += ["%s %s" % (use["name"], use["toolUseId"])] if use else []
            if "messageStop" in e:
                want.finish = [normal_finish(e["messageStop"]["stopReason"])]
            _converse_usage(want, e["metadata"]["usage"]) if "metadata" in e else None
    else:
        done = client.converse(modelId="m", messages=messages)
        want.finish = [normal_finish(done["stopReason"])]
        _converse_usage(want, done["usage"])
        tools = ["%s %s" % (b["toolUse"]["name"], b["toolUse"]["toolUseId"])
                 for b in done["output"]["message"]["content"] if "toolUse" in b]
    want.tools = tools or None


def _claude(want, m):
    u = m.usage
    want.id, want.response_model, want.finish = m.id, m.model, [normal_finish(m.stop_reason)]
    want.cache_read, want.cache_write = u.cache_read_input_tokens, u.cache_creation_input_tokens
    want.input, want.output = _sum(u.input_tokens, want.cache_read, want.cache_write), u.output_tokens
    want.reasoning = u.output_tokens_details.thinking_tokens if u.output_tokens_details else None
    want.tools = ["%s %s" % (b.name, b.id) for b in m.content if b.type == "tool_use"] or None


def _first(o, *names):
    for n in names:
        if o.get(n) is not None:
            return o[n]
    return None


def _int(number, otherwise):
    return int(number) if number is not None else otherwise


def _native(want, bodies):
    """Titan, Llama, Mistral's first, AI21's and Cohere's first bodies: what each says last."""
    for b in bodies:
        identity = _first(b, "response_id", "generation_id", "id")
        want.id = str(identity) if identity is not None else want.id
        want.input = _int(_first(b, "prompt_token_count", "inputTextTokenCount"), want.input)
        want.output = _int(_first(b, "generation_token_count", "totalOutputTextTokenCount"), want.output)
        if b.get("amazon-bedrock-guardrailAction") == "INTERVENED":
            want.finish = ["content_filter"]
        if b.get("results") and "tokenCount" in b["results"][0]:
            want.output = sum(r["tokenCount"] for r in b["results"])
        if isinstance(b.get("prompt"), dict):
            want.input, want.output = len(b["prompt"]["tokens"]), len(b["completions"][0]["data"]["tokens"])
        first = [(b.get(k) or [{}])[0] for k in ("results", "outputs", "completions", "generations")]
        for o in [b] + first:
            reason = _first(o, "completionReason", "stop_reason", "finish_reason", "finishReason")
            reason = reason["reason"] if isinstance(reason, dict) else reason
            want.finish = [normal_finish(reason)] if reason else want.finish


def invoke(want, x):
    client = _boto("bedrock-runtime", x)
    if x.path.endswith("-stream"):
        events = client.invoke_model_with_response_stream(modelId="m", body=b"{}")["body"]
        bodies = [json.loads(e["chunk"]["bytes"]) for e in events]
    else:
        bodies = [json.loads(client.invoke_model(modelId="m", body=b"{}")["body"].read())]
    metrics = bodies[-1].pop("amazon-bedrock-invocationMetrics", {})
    if bodies[0].get("type") == "message":
        _claude(want, anthropic.types.Message.model_validate(bodies[0]))
    elif bodies[0].get("type") == "message_start":
        adapter, done, parts = anthropic._models.TypeAdapter(anthropic.types.RawMessageStreamEvent), None, {}
        for b in bodies:
            done = anthropic_stream.accumulate_event(event=adapter.validate_python(b), current_snapshot=done, json_bufs=parts)
        _claude(want, done)
    elif "messageStart" in bodies[0] or "output" in bodies[0]:
        for b in bodies:
            stop = b.get("stopReason") or b.get("messageStop", {}).get("stopReason")
            want.finish = [normal_finish(stop)] if stop else want.finish
            usage = b.get("usage") or b.get("metadata", {}).get("usage")
            if usage:  # Nova's own names
                want.cache_read = _first(usage, "cacheReadInputTokenCount", "cacheReadInputTokens")
                want.cache_write = _first(usage, "cacheWriteInputTokenCount", "cacheWriteInputTokens")
                want.input = _sum(usage["inputTokens"], want.cache_read, want.cache_write)
                want.output = usage.get("outputTokens")
        uses = [p["toolUse"] for p in bodies[0].get("output", {}).get("message", {}).get("content", []) if "toolUse" in p]
        uses += [b["contentBlockStart"]["start"]["toolUse"] for b in bodies if "toolUse" in b.get("contentBlockStart", {}).get("start", {})]
        want.tools = ["%s %s" % (u["name"], u["toolUseId"]) for u in uses] or None
    elif "choices" in bodies[0]:  # as OpenAI writes them
        choice, usage = bodies[0]["choices"][0], bodies[0].get("usage", {})
        want.id, want.response_model, want.finish = bodies[0].get("id"), bodies[0].get("model"), [choice["finish_reason"]]
        want.input, want.output = usage.get("prompt_tokens"), usage.get("completion_tokens")
    else:
        _native(want, bodies)
        want.id = None if want.op == "embeddings" else want.id
    number = lambda key: int(x.header(key)) if x.header(key) else None
    if want.input is None:
        want.input = _first({"m": metrics.get("inputTokenCount"), "h": number("x-amzn-bedrock-input-token-count")}, "m", "h")
    if want.output is None and want.op != "embeddings":
        want.output = _first({"m": metrics.get("outputTokenCount"), "h": number("x-amzn-bedrock-output-token-count")}, "m", "h")


# ---- Cohere, Mistral, Ollama ----------------------------------------------------------

def _billed(want, usage):
    if usage and usage.billed_units:
        want.input = int(usage.billed_units.input_tokens) if usage.billed_units.input_tokens is not None else None
        want.output = int(usage.billed_units.output_tokens) if usage.billed_units.output_tokens is not None else None
    # cached_tokens is a part of what was used, which is more than what was billed.


def cohere_chat(want, x):
    http = httpx.Client(transport=_mock(httpx, x))
    tools = {}
    if x.path == "/v2/chat":
        client = cohere.ClientV2(api_key="k", httpx_client=http)
        if x.header("content-type").startswith("text/event-stream"):
            for e in client.chat_stream(model="m", messages=[]):
                if e.type == "message-start":
                    want.id = e.id
                elif e.type == "tool-call-start":
                    t = e.delta.message.tool_calls
                    tools[e.index] = "%s %s" % (t.function.name, t.id)
                elif e.type == "message-end":
                    want.finish = [normal_finish(e.delta.finish_reason)]
                    _billed(want, e.delta.usage)
        else:
            done = client.chat(model="m", messages=[])
            want.id, want.finish = done.id, [normal_finish(done.finish_reason)]
            tools = dict(enumerate("%s %s" % (t.function.name, t.id) for t in done.message.tool_calls or []))
            _billed(want, done.usage)
    else:
        client = cohere.Client(api_key="k", httpx_client=http)
        done = None
        if "stream" in x.header("content-type"):
            for e in client.chat_stream(message="x"):
                done = e.response if e.event_type == "stream-end" else done
        else:
            done = client.chat(message="x")
        want.id = getattr(done, "response_id", None) or done.generation_id
        want.finish = [normal_finish(done.finish_reason)] if done.finish_reason else None
        tools = dict(enumerate(t.name for t in done.tool_calls or []))
        _billed(want, done.meta)
    want.tools = [tools[i] for i in sorted(tools)] or None


def cohere_embed(want, x):
    done = cohere.ClientV2(api_key="k", httpx_client=httpx.Client(transport=_mock(httpx, x))).embed(
        model="m", input_type="search_query", texts=["x"], embedding_types=["float"])
    _billed(want, done.meta)


def mistral_chat(want, x):
    client = mistralai.client.Mistral(api_key="k", client=httpx2.Client(transport=_mock(httpx2, x)), server_url="https://mock")
    ask, finish, tools = {"model": "m", "messages": [{"role": "user", "content": "x"}]}, {}, []
    if x.sse:
        for e in client.chat.stream(**ask):
            chunk = e.data
            want.id, want.response_model, usage = chunk.id, chunk.model, chunk.usage
            for c in chunk.choices:
                finish[c.index] = c.finish_reason or finish.get(c.index)
                tools += c.delta.tool_calls or []
    else:
        done = client.chat.complete(**ask)
        want.id, want.response_model, usage = done.id, done.model, done.usage
        for c in done.choices:
            finish[c.index] = c.finish_reason
            tools += c.message.tool_calls or []
    want.finish = [normal_finish(str(finish[i])) for i in sorted(finish)]
    want.tools = ["%s %s" % (t.function.name, t.id) for t in tools] or None
    want.input, want.output = usage.prompt_tokens, usage.completion_tokens
    want.cache_read = want.reasoning = ANY  # judged below, by the bytes
    raw = [json.loads(l[6:]) for l in x.plain.decode().splitlines() if l.startswith("data: {")] if x.sse else [json.loads(x.plain)]
    u = raw[-1].get("usage") or {}
    want.cache_read = (u.get("prompt_tokens_details") or u.get("prompt_token_details") or {}).get("cached_tokens", u.get("num_cached_tokens"))
    want.reasoning = (u.get("completion_tokens_details") or {}).get("reasoning_tokens")


def mistral_embeddings(want, x):
    done = mistralai.client.Mistral(api_key="k", client=httpx2.Client(transport=_mock(httpx2, x)), server_url="https://mock").embeddings.create(
        model="m", inputs=["x"])
    want.response_model, want.input = done.model, done.usage.prompt_tokens


def ollama_chat(want, x):
    client = ollama.Client(host="http://mock", transport=_mock(httpx, x))
    stream = "ndjson" in x.header("content-type")
    ask = (lambda **k: client.chat(messages=[], **k)) if x.path.endswith("/chat") else (lambda **k: client.generate(**k))
    got = ask(model="m", stream=stream)
    tools = []
    for part in got if stream else [got]:
        want.response_model = part.model
        tools += (part.message.tool_calls or []) if x.path.endswith("/chat") else []
        if part.done:
            want.finish = [normal_finish(part.done_reason or "stop")]
            want.input, want.output = part.prompt_eval_count, part.eval_count
    want.tools = [t.function.name for t in tools] or None


def path_model(x):
    """The model of APIs that have it in the path."""
    for mark in ("/models/", "/model/"):
        if mark in x.path:
            rest = x.path.split(mark, 1)[1]
            return unquote(rest.rsplit(":", 1)[0] if mark == "/models/" else rest.rsplit("/", 1)[0])
    return None


# (end of the path, method): operation, reader.
ROWS = [
    (":generateContent", "generate_content", generate_content), (":streamGenerateContent", "generate_content", generate_content),
    (":batchEmbedContents", "embeddings", google_embeddings), ("/interactions", "chat", interactions),
    ("/converse", "chat", converse), ("/converse-stream", "chat", converse),
    ("/invoke", "chat", invoke), ("/invoke-with-response-stream", "chat", invoke),
    ("/v2/chat", "chat", cohere_chat), ("/v2/embed", "embeddings", cohere_embed),
    ("/api/chat", "chat", ollama_chat), ("/api/generate", "text_completion", ollama_chat),
]


def find(x):
    """(operation, reader) or None."""
    if x.method.upper() != "POST":
        return None
    if x.host == "api.cohere.com" and x.path == "/v1/chat":
        return "chat", cohere_chat
    if x.host == "api.mistral.ai" and x.path.endswith("/chat/completions"):
        return "chat", mistral_chat
    if x.host == "api.mistral.ai" and x.path.endswith("/embeddings"):
        return "embeddings", mistral_embeddings
    for end, op, read in ROWS:
        if x.path.endswith(end):
            if read is invoke:
                body = json.loads(x.req_body or b"{}")
                op = "embeddings" if "embed" in x.path else "chat" if not body or "messages" in body or "message" in body else "text_completion"
            return op, read
    return None
