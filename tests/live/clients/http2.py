#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls over one HTTP/2 connection: http2.py BASE FROM TO [cancel]. With httpx: the first
call alone, then all others at once, even numbers streamed. cancel: streams, each reset
after its first bytes, with h2 itself, since httpx sends no RST_STREAM."""
import asyncio
import json
import os
import random
import socket
import ssl
import sys
import time
import urllib.parse

import h2.connection
import h2.errors
import h2.events
import httpx


def body(n, **more):
    return {"model": "ask-%d" % n, "messages": [{"role": "user", "content": "hello " * random.randint(1, 6000)}], **more}


async def call(client, n):
    async with client.stream("POST", "/v1/chat/completions", json=body(n, stream=n % 2 == 0)) as r:
        assert r.http_version == "HTTP/2" and r.status_code == 200, r
        await r.aread()


async def complete(base, first, end):
    async with httpx.AsyncClient(http2=True, base_url=base, timeout=60, headers={"authorization": "Bearer sk-x"}) as client:
        await client.get("/health")
        await call(client, first)
        await asyncio.gather(*[call(client, n) for n in range(first + 1, end)])


def cancel(base, first, end):
    where = urllib.parse.urlsplit(base)
    time.sleep(1)  # all requests go out at once: what is missed of a new process does not come again
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((where.hostname, where.port), 20) as plain, \
            context.wrap_socket(plain, server_hostname=where.hostname) as s:
        conn, open_streams = h2.connection.H2Connection(), set()
        conn.initiate_connection()
        for n in range(first, end):
            stream = conn.get_next_available_stream_id()
            open_streams.add(stream)
            conn.send_headers(stream, [(":method", "POST"), (":scheme", "https"), (":authority", where.netloc),
                                       (":path", "/v1/chat/completions"), ("content-type", "application/json")])
            conn.send_data(stream, json.dumps({**body(n, stream=True, events=500), "messages": []}).encode(), end_stream=True)
        while open_streams:
            s.sendall(conn.data_to_send())
            for event in conn.receive_data(s.recv(65536)):
                if isinstance(event, h2.events.DataReceived) and event.stream_id in open_streams:
                    open_streams.remove(event.stream_id)
                    conn.reset_stream(event.stream_id, h2.errors.ErrorCodes.CANCEL)
        s.sendall(conn.data_to_send())


if sys.argv[4:] == ["cancel"]:
    cancel(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
else:
    asyncio.run(complete(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
