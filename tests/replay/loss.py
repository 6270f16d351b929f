# SPDX-License-Identifier: Apache-2.0
"""Made-up calls for the loss tests, and what a span may not say of them."""
import json

import dialects
import genai
import reframe

PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages", "embeddings": "/v1/embeddings"}
NUMBERS = ("input", "output", "cache_read", "cache_write", "reasoning")


class Call:
    def __init__(self, rng, number, model=None):
        self.number = number
        self.api = rng.choice(list(PATHS))
        stream = self.api != "embeddings" and rng.random() < 0.6
        body = {"model": model or "loss-%d" % (number % 5), "stream": stream, "messages": [{"role": "user", "content": "q" * rng.randrange(8000)}]}
        if self.api in ("responses", "embeddings"):
            body["input"] = body.pop("messages")[0]["content"]
        if stream and self.api == "chat":
            body["stream_options"] = {"include_usage": True}
        mock = {"tools": str(rng.randrange(3)), "cached": str(rng.randrange(900)), "reason": str(rng.randrange(40)), "chunks": str(rng.randrange(1, 40))}
        plan = dialects.Plan(number, self.api, body, mock)
        self.truth = genai.Expected(**plan.truth())
        payload = json.dumps(body).encode()
        self.request = ("POST %s HTTP/1.1\r\nhost: api.%s.com\r\ncontent-type: application/json\r\n"
                        "content-length: %d\r\n\r\n" % (PATHS[self.api], self.truth.provider, len(payload))).encode()
        self.request_body = payload
        answer = b"".join(dialects.EVENTS[self.api](plan)) if stream else json.dumps(dialects.JSON[self.api](plan)).encode()
        coding = rng.choice(("identity", "identity", "identity", "gzip", "br", "zstd"))
        headers = ["HTTP/1.1 200 OK", "content-type: " + ("text/event-stream" if stream else "application/json"),
                   "x-request-id: req_%06d" % number]
        if coding != "identity":
            answer = reframe.encode(rng, coding, answer)
            headers.append("content-encoding: " + coding)
        self.stream, self.coding, self.answer = stream, coding, answer
        if rng.random() < 0.4:
            headers.append("content-length: %d" % len(answer))
        else:
            headers.append("transfer-encoding: chunked")
            answer = reframe.chunked(rng, answer)
        self.response = "\r\n".join(headers).encode() + b"\r\n\r\n"
        self.response_body = answer
        self.hurt = set()  # parts that lost bytes


def contradicts(truth, span):
    """Fields that say something other than the truth; absent is no contradiction."""
    wrong = ["%s: truth %r, span %r" % (f, getattr(truth, f), span[genai.FIELDS[f]]) for f in (*NUMBERS, "id", "response_model", "model", "op")
             if span[genai.FIELDS[f]] is not None and span[genai.FIELDS[f]] != getattr(truth, f)]
    # Of tool calls that went through the hole one may miss, or its id or name.
    known = {word for t in truth.tools or [] for word in t.split(" ")}
    wrong += ["tools: %r not of %r" % (t, truth.tools) for t in span[genai.TOOLS] or [] if not set(t.split()) <= known]
    return wrong
