# SPDX-License-Identifier: Apache-2.0
"""OpenAI over WebSocket: frames, what is said of one dialects.Plan, and the mock provider's
end of a session."""
import base64
import hashlib
import json
import random
import struct
import time
import zlib
from urllib.parse import parse_qs, urlsplit

import dialects

TEXT, CONTINUATION, CLOSE, PING, FIN, PACKED = 1, 0, 8, 9, 0x80, 0x40


class Side:
    """Frames of one direction (RFC 6455 section 5, RFC 7692 section 7.2)."""

    def __init__(self, rng, masked, kind):
        self.rng, self.masked, self.kind, self.z = rng, masked, kind, None

    def frame(self, first, payload):
        size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack(">H", len(payload)) if len(payload) < 65536 \
            else b"\x7f" + struct.pack(">Q", len(payload))
        if not self.masked:
            return bytes([first]) + size + payload
        key = self.rng.randbytes(4)
        masked = bytes(b ^ key[i % 4] for i, b in enumerate(payload))
        return bytes([first, size[0] | 0x80]) + size[1:] + key + masked

    def message(self, text):
        packed = self.kind != "plain" and len(text) > 20
        if packed:
            if not self.z or self.kind == "deflate":
                self.z = zlib.compressobj(6, zlib.DEFLATED, -15)
            text = (self.z.compress(text) + self.z.flush(zlib.Z_SYNC_FLUSH))[:-4]
        cuts = sorted(self.rng.randrange(1, len(text)) for _ in range(self.rng.choice((0, 0, 0, 1, 2)) if len(text) > 3 else 0))
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)])]
        for k, part in enumerate(parts):
            first = (TEXT | (PACKED if packed else 0)) if k == 0 else CONTINUATION
            yield self.frame(first | (FIN if k == len(parts) - 1 else 0), part)
            if self.rng.random() < 0.05:
                yield self.frame(PING | FIN, b"ping")


def responses_lane(p, lane, _=None):
    """(direction, message) of one operation of Responses."""
    yield 0, {"type": "response.create", "stream_id": lane, "model": p.model, "input": p.body["input"]}
    for event in dialects.responses_events(p):
        yield 1, {**json.loads(event.split(b"data: ", 1)[1]), "stream_id": lane}


def realtime_turn(p, _, conversation):
    """The same of Realtime."""
    yield 0, {"type": "conversation.item.create", "item": {"type": "message", "role": "user",
                                                           "content": [{"type": "input_text", "text": p.body["input"]}]}}
    yield 0, {"type": "response.create"}
    made = dialects.responses_json(p)
    about = {"id": p.id, "object": "realtime.response", "conversation_id": conversation}
    yield 1, {"type": "response.created", "response": {**about, "status": "in_progress", "output": []}}
    for k, item in enumerate(made["output"]):
        at = {"response_id": p.id, "output_index": k}
        yield 1, {"type": "response.output_item.added", **at, "item": {**item, "status": "in_progress", "content": [], "arguments": ""}}
        for t in p.text if item["type"] == "message" else ():
            yield 1, {"type": "response.output_text.delta", **at, "item_id": item["id"], "content_index": 0, "delta": t}
        yield 1, {"type": "response.output_item.done", **at, "item": item}
    usage = made["usage"]
    yield 1, {"type": "response.done", "response": {**about, "status": made["status"], "output": made["output"], "usage": {
        "total_tokens": usage["total_tokens"], "input_tokens": usage["input_tokens"], "output_tokens": usage["output_tokens"],
        "input_token_details": usage["input_tokens_details"], "output_token_details": usage["output_tokens_details"]}}}


def live_turn(p, *_):
    """The same of Gemini Live, which gives operations no ids."""
    yield 0, {"clientContent": {"turns": [{"role": "user", "parts": [{"text": p.body["input"]}]}], "turnComplete": True}}
    for t in p.text:
        yield 1, {"serverContent": {"modelTurn": {"parts": [{"text": t}]}}}
    calls = [{"id": i, "name": n, "args": a} for n, i, a in p.tools]
    yield 1, {**({"toolCall": {"functionCalls": calls}} if calls else {"serverContent": {"turnComplete": True}}),
              "usageMetadata": {"promptTokenCount": p.input, "responseTokenCount": p.output, "totalTokenCount": p.input + p.output}}


async def read_message(reader):
    """(opcode, payload) of a client's whole message, fragments joined and unmasked."""
    opcode, text = None, b""
    while True:
        first, size = await reader.readexactly(2)
        size &= 0x7f
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        key, data = await reader.readexactly(4), await reader.readexactly(size)
        data = bytes(b ^ key[i % 4] for i, b in enumerate(data))
        if first & 0x0f >= CLOSE:
            return first & 0x0f, data
        opcode, text = first & 0x0f or opcode, text + data
        if first & FIN:
            return opcode, text


async def serve(reader, writer, path, headers, mock, begin):
    """A session until the client leaves. begin(plan): its entry in the log, which has its
    end when it is given back."""
    accept = hashlib.sha1((headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    writer.write(("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nx-request-id: req_ws\r\n"
                  "sec-websocket-accept: %s\r\n\r\n" % base64.b64encode(accept).decode()).encode())
    side = Side(random.Random(1), False, "plain")
    put = lambda data: [writer.write(f) for f in side.message(json.dumps(data).encode())]
    realtime = "/realtime" in path
    model = (parse_qs(urlsplit(path).query).get("model") or [None])[0]
    if realtime:
        put({"type": "session.created", "session": {"type": "realtime", "model": model, "object": "realtime.session", "id": "sess_1"}})
    while True:
        opcode, data = await read_message(reader)
        if opcode == CLOSE:
            writer.write(side.frame(FIN | CLOSE, data[:2]))
            return
        said = json.loads(data) if opcode == TEXT else {}
        if said.get("type") != "response.create":
            continue
        plan, done = begin({"input": "", **said, "model": model or said.get("model"), "stream": True})
        turn = (realtime_turn if realtime else responses_lane)(plan, said.get("stream_id"), "conv_1")
        for event in (event for direction, event in turn if direction == 1):
            put(event)
            if event["type"] == "response.created" and realtime:
                put({"type": "rate_limits.updated",
                     "rate_limits": [{"name": "tokens", "limit": 1000, "remaining": 900, "reset_seconds": 6}]})
            await writer.drain()
        done(time.time_ns())
