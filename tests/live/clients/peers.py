#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many connections at once, whose requests name no host: peers.py async|threads SPEC

SPEC is JSON: {"before": S, "rounds": N, "ends": [{"at": [host, port], "sni": name, "name": word,
"proxy": true to ask `at` for a tunnel}]}. Every connection is open before the first request; in
each round all of them ask, for the model NAME-ROUND. async: TLS in memory, one thread for all;
threads: TLS on the socket, a thread each.
"""
import asyncio
import json
import os
import socket
import ssl
import sys
import threading
import time

TARGET = "tunnelled.invalid:443"  # what the proxy of the test is asked for; it does not look


def request(model):
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]}).encode()
    # HTTP/1.0 may go without Host (RFC 9112, section 3.2): what is left of the name is TLS's.
    return (b"POST /v1/chat/completions HTTP/1.0\r\nconnection: keep-alive\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n" % len(body)) + body


def tunnel():
    return ("CONNECT %s HTTP/1.1\r\nhost: %s\r\n\r\n" % (TARGET, TARGET)).encode()


def context():
    c = ssl.create_default_context()
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE  # names that no certificate has
    return c


def length(head):
    return next(int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:"))


async def open_async(end):
    host, port = end["at"]
    if not end.get("proxy"):
        return await asyncio.open_connection(host, port, ssl=context(), server_hostname=end["sni"])
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(tunnel())
    await reader.readuntil(b"\r\n\r\n")
    await writer.start_tls(context(), server_hostname=end["sni"])
    return reader, writer


async def ask_async(reader, writer, model):
    writer.write(request(model))
    await writer.drain()
    await reader.readexactly(length(await reader.readuntil(b"\r\n\r\n")))


async def run_async(spec):
    streams = [await open_async(end) for end in spec["ends"]]
    for n in range(spec["rounds"]):
        await asyncio.gather(*(ask_async(*s, "%s-%d" % (end["name"], n)) for s, end in zip(streams, spec["ends"])))
    for _, writer in streams:
        writer.close()


def read_until(take, done):
    data = b""
    while not done(data):
        got = take(65536)
        if not got:
            raise EOFError("after %r" % data[-100:])
        data += got
    return data


def answered(data):
    head, blank, body = data.partition(b"\r\n\r\n")
    return blank and len(body) >= length(head)


def run_thread(spec, end, together, failures):
    try:
        s = socket.create_connection(end["at"], 30)
        if end.get("proxy"):
            s.sendall(tunnel())
            read_until(s.recv, lambda d: d.endswith(b"\r\n\r\n"))
        s = context().wrap_socket(s, server_hostname=end["sni"])
        for n in range(spec["rounds"]):
            together.wait(30)
            s.sendall(request("%s-%d" % (end["name"], n)))
            read_until(s.recv, answered)
        s.close()
    except (OSError, EOFError, threading.BrokenBarrierError) as e:
        failures.append("%s: %r" % (end["name"], e))
        together.abort()


def run_threads(spec):
    together, failures = threading.Barrier(len(spec["ends"])), []
    threads = [threading.Thread(target=run_thread, args=(spec, end, together, failures)) for end in spec["ends"]]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    if failures:
        sys.exit("; ".join(failures))


def main():
    how, spec = sys.argv[1], json.loads(sys.argv[2])
    time.sleep(spec["before"])
    if how == "async":
        asyncio.run(run_async(spec))
    else:
        run_threads(spec)
    print(json.dumps({"pid": os.getpid()}))


main()
