# SPDX-License-Identifier: Apache-2.0
"""A provider that plays agents by a plan, which stands in the first user message:

    plan: read({"path":"a"}) read({"path":"b"}); transfer_to_writer({}); done

Each step (before a `;`) is one answer: tool calls, or text. Which step it is follows from
the answers that the history holds already, so the provider keeps no state, and any client
and framework that resends its history works. A plan ends with its line, and asks only for
tools that the request has. Chat Completions, Responses, Messages and Gemini (whose tool calls
have no ids); streamed where that is asked for. The log says what was answered: (step, tool ids
or names, times, what the request was for).
"""
import http.server
import itertools
import json
import re
import ssl
import threading
import time

NUMBERS = itertools.count(1)
PLANS = {"@nested": ' read({"path":"x"}); found'}  # plan:@nested: inside another plan, or where quotes suffer on the way


def text_of(content):
    if isinstance(content, str):
        return content
    return "".join(p.get("text", "") for p in content or [] if isinstance(p, dict))


def plan_of(messages):
    """The newest plan and how many answers came after it."""
    at = max((i for i, m in enumerate(messages) if m.get("role") == "user" and "plan:" in text_of(m.get("content"))), default=None)
    if at is None:
        return ["done"], 0
    plan = text_of(messages[at]["content"]).split("plan:", 1)[1].split("\n")[0]
    named = re.match(r"\s*(@\w+)", plan)
    steps = (PLANS.get(named.group(1), "done") if named else plan).split(";")
    answers, previous = 0, None
    for m in messages[at + 1:]:
        assistant = m.get("role") == "assistant" or m.get("type") in ("function_call", "reasoning")
        answers += assistant and not previous
        previous = assistant
    return steps, answers


def calls_of(step):
    return [(name, args) for name, args in re.findall(r"([\w.-]+)\((\{.*?\})\)", step)]


def messages_of(body):
    """The history in any API: roles user and assistant, with their content."""
    if "contents" in body:  # Gemini's
        return [{"role": "assistant" if c.get("role") == "model" else "user", "content": c.get("parts")} for c in body["contents"]]
    messages = body.get("messages", body.get("input", []))
    return messages if isinstance(messages, list) else [{"role": "user", "content": messages}]


def tools_of(body):
    """Names of the request's tools, in any API; None: it has none."""
    tools = [d for t in body.get("tools") or [] for d in t.get("functionDeclarations", [t])]
    return {t.get("name") or (t.get("function") or {}).get("name") for t in tools} if tools else None


def answer_chat(body, step, calls):
    message = {"role": "assistant", "content": None if calls else step.strip()}
    ids = ["call_%024d" % next(NUMBERS) for _ in calls]
    if calls:
        message["tool_calls"] = [{"id": i, "type": "function", "function": {"name": n, "arguments": a}} for i, (n, a) in zip(ids, calls)]
    return ids, {"id": "chatcmpl-%d" % next(NUMBERS), "object": "chat.completion", "created": 1, "model": body["model"],
                 "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
                 "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}}


def answer_responses(body, step, calls):
    ids = ["call_%024d" % next(NUMBERS) for _ in calls]
    output = [{"type": "function_call", "id": "fc_%d" % next(NUMBERS), "call_id": i, "name": n, "arguments": a, "status": "completed"}
              for i, (n, a) in zip(ids, calls)]
    if not calls:
        output = [{"type": "message", "id": "msg_%d" % next(NUMBERS), "status": "completed", "role": "assistant",
                   "content": [{"type": "output_text", "text": step.strip(), "annotations": []}]}]
    return ids, {"id": "resp_%d" % next(NUMBERS), "object": "response", "created_at": 1, "status": "completed", "error": None,
                 "incomplete_details": None, "instructions": None, "model": body["model"], "output": output, "tools": [],
                 "parallel_tool_calls": True, "tool_choice": "auto", "metadata": {}, "temperature": 1, "top_p": 1,
                 "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 2,
                           "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 12}}


def answer_messages(body, step, calls):
    ids = ["toolu_%024d" % next(NUMBERS) for _ in calls]
    content = [{"type": "tool_use", "id": i, "name": n, "input": json.loads(a)} for i, (n, a) in zip(ids, calls)]
    return ids, {"id": "msg_%d" % next(NUMBERS), "type": "message", "role": "assistant", "model": body["model"],
                 "content": content or [{"type": "text", "text": step.strip()}], "stop_reason": "tool_use" if calls else "end_turn",
                 "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 2}}


def answer_gemini(body, step, calls):
    parts = [{"functionCall": {"name": n, "args": json.loads(a)}} for n, a in calls] or [{"text": step.strip()}]
    return [n for n, _ in calls], {
        "candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 12},
        "modelVersion": body["model"], "responseId": "gem-%d" % next(NUMBERS)}


def event(name, data):
    return ("event: %s\ndata: %s\n\n" % (name, json.dumps(data))).encode()


def stream_chat(answer):
    choice = answer["choices"][0]
    calls = [dict(c, index=i) for i, c in enumerate(choice["message"].get("tool_calls", []))]
    delta = dict(choice["message"], **({"tool_calls": calls} if calls else {}))
    head = {k: v for k, v in answer.items() if k not in ("choices", "usage")}
    head["object"] = "chat.completion.chunk"
    for d, finish in ((delta, None), ({}, choice["finish_reason"])):
        yield b"data: " + json.dumps(dict(head, choices=[{"index": 0, "delta": d, "finish_reason": finish}])).encode() + b"\n\n"
    yield b"data: " + json.dumps(dict(head, choices=[], usage=answer["usage"])).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


def stream_responses(answer):
    yield event("response.created", {"type": "response.created", "sequence_number": 0, "response": dict(answer, status="in_progress", output=[], usage=None)})
    for i, item in enumerate(answer["output"]):
        yield event("response.output_item.added", {"type": "response.output_item.added", "sequence_number": 1, "output_index": i, "item": item})
        yield event("response.output_item.done", {"type": "response.output_item.done", "sequence_number": 2, "output_index": i, "item": item})
    yield event("response.completed", {"type": "response.completed", "sequence_number": 3, "response": answer})


def stream_messages(answer):
    yield event("message_start", {"type": "message_start", "message": dict(answer, content=[], stop_reason=None)})
    for i, block in enumerate(answer["content"]):
        tool = block["type"] == "tool_use"
        yield event("content_block_start", {"type": "content_block_start", "index": i,
                                            "content_block": dict(block, **({"input": {}} if tool else {"text": ""}))})
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])} if tool else {"type": "text_delta", "text": block["text"]}
        yield event("content_block_delta", {"type": "content_block_delta", "index": i, "delta": delta})
        yield event("content_block_stop", {"type": "content_block_stop", "index": i})
    yield event("message_delta", {"type": "message_delta", "delta": {"stop_reason": answer["stop_reason"], "stop_sequence": None}, "usage": answer["usage"]})
    yield event("message_stop", {"type": "message_stop"})


def stream_gemini(answer):
    yield b"data: " + json.dumps(answer).encode() + b"\r\n\r\n"


STREAMS = {answer_chat: stream_chat, answer_responses: stream_responses, answer_messages: stream_messages,
           answer_gemini: stream_gemini}
ANSWERS = {"/v1/chat/completions": answer_chat, "/v1/responses": answer_responses, "/v1/messages": answer_messages}
GEMINI = re.compile(r"^/v1(?:beta)?/models/([^/:]+):(generateContent|streamGenerateContent)$")


def read_request(path, body):
    """(what makes its answer or None, is it streamed); puts Gemini's model where others have it."""
    path = path.split("?")[0]
    gemini = GEMINI.match(path)
    if gemini:
        body["model"] = gemini.group(1)
        return answer_gemini, gemini.group(2).startswith("stream")
    return ANSWERS.get(path), body.get("stream") is True


class Provider:
    def __init__(self, cert, key):
        provider = self
        self.log = []
        self.tools = set()  # of the last request that had any

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                began = time.time_ns()
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                make, streamed = read_request(self.path, body)
                provider.tools = tools_of(body) or provider.tools
                steps, n = plan_of(messages_of(body))
                step = steps[min(n, len(steps) - 1)]
                if not make:  # token counts, quota checks
                    data = b'{"input_tokens": 10}'
                    self.send_response(200)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                    return
                calls, known = calls_of(step), tools_of(body)
                if calls and (not known or not {name for name, _ in calls} <= known):
                    step, calls = "done", []
                ids, answer = make(body, step, calls)
                data = b"".join(STREAMS[make](answer)) if streamed else json.dumps(answer).encode()
                time.sleep(0.01)
                self.send_response(200)
                self.send_header("content-type", "text/event-stream" if streamed else "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                provider.log.append({"began": began, "ended": time.time_ns(), "plan": steps, "step": n, "tools": ids})

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)  # but in its thread
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def url(self):
        return "https://localhost:%d" % self.port
