#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mock chat-completions API over HTTP/2 and TLS: h2_provider.py CERT KEY. Prints its port.

The model "ask-N" is answered by "say-N" with id "r-N", N + 1000 input and N + 2000 output
tokens: streamed when asked so, in events that interleave with those of other streams.
Frames and their order are this file's own, so that a test can rely on them: heads in
HEADERS and CONTINUATION, DATA padded now and then, trailers on every third answer.
"""
import asyncio
import json
import random
import ssl
import sys

import h2.config
import h2.connection
import h2.events
import h2.exceptions


def body_of(n, content, usage):
    tokens = {"prompt_tokens": 1000 + n, "completion_tokens": 2000 + n, "total_tokens": 3000 + 2 * n}
    return {"id": "r-%d" % n, "object": "chat.completion.chunk" if content is None or usage else "chat.completion",
            "created": 1, "model": "say-%d" % n, **({"usage": tokens} if usage else {})}


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.bodies, self.heads, self.tasks = transport, {}, {}, {}
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        self.transport.write(self.h2.data_to_send())

    def connection_lost(self, exc):
        for task in self.tasks.values():
            task.cancel()

    def data_received(self, data):
        for event in self.h2.receive_data(data):
            stream = getattr(event, "stream_id", 0)
            if isinstance(event, h2.events.RequestReceived):
                self.heads[stream], self.bodies[stream] = dict(event.headers), b""
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[stream] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.StreamEnded):
                self.tasks[stream] = asyncio.ensure_future(self.answer(stream))
            elif isinstance(event, h2.events.StreamReset) and stream in self.tasks:
                self.tasks[stream].cancel()
        self.flush()

    async def send(self, stream, data, last=False):
        while data or last:
            room = min(self.h2.local_flow_control_window(stream) - 10, self.h2.max_outbound_frame_size - 10, len(data))
            if data and room <= 0:
                await asyncio.sleep(0.001)
                continue
            part, data = data[:room], data[room:]
            self.h2.send_data(stream, part, end_stream=last and not data, pad_length=random.choice((None, None, 5)))
            self.flush()
            if not data:
                return

    async def answer(self, stream):
        try:
            if self.heads[stream][":method"] != "POST":
                self.h2.send_headers(stream, [(":status", "204"), ("server", "mock")], end_stream=True)
                return self.flush()
            await self.complete(stream, json.loads(self.bodies[stream]))
        except h2.exceptions.H2Error:
            pass  # the client has gone

    async def complete(self, stream, request):
        n = int(request["model"].split("-")[1])
        head = [(":status", "200"), ("content-type", "text/event-stream" if request.get("stream") else "application/json"),
                ("x-request-id", "req-%d" % n), ("server", "mock")]
        if n % 5 == 0:
            self.h2.send_headers(stream, [(":status", "103"), ("link", "</x>")])
        self.h2.send_headers(stream, head)
        trailers = n % 3 == 0
        if request.get("stream"):
            for i in range(request.get("events", 12)):
                choice = {"index": 0, "delta": {"content": "word " * random.randint(1, 200)}}
                await self.send(stream, self.event({**body_of(n, None, False), "choices": [choice]}))
                await asyncio.sleep(random.random() / 100)
            stop = {"index": 0, "delta": {}, "finish_reason": "stop"}
            await self.send(stream, self.event({**body_of(n, None, False), "choices": [stop]}))
            await self.send(stream, self.event({**body_of(n, None, True), "choices": []}) + b"data: [DONE]\n\n", not trailers)
        else:
            choice = {"index": 0, "message": {"role": "assistant", "content": "x" * random.randint(1, 60000)}, "finish_reason": "stop"}
            body = {**body_of(n, "", True), "object": "chat.completion", "choices": [choice]}
            await self.send(stream, json.dumps(body).encode(), not trailers)
        if trailers:
            self.h2.send_headers(stream, [("x-trailer", "%d" % n)], end_stream=True)
            self.flush()

    @staticmethod
    def event(body):
        return b"data: " + json.dumps(body).encode() + b"\n\n"


async def main(cert, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["h2"])
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
