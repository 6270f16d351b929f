#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mock LLM provider over TLS, and the ground truth of what it did.

    provider.py [--cert server.pem --key server.key] --log provider.jsonl [--port N]

Prints its port on stdout once it listens. Without a certificate: plain HTTP. HTTP/1.1 with keep-alive, chunked SSE with
scripted delays, content codings. dialects.py says what a request's `x-mock` header can
ask for; of the transport:

  ttft=MS  delay=MS  head=MS   before the first event, between events, before the head
  enc=gzip|br|zstd|deflate     content coding, if the client accepts it (auto: the best)
  eol=crlf|cr                  line ends of SSE
  split=N                      events in writes (TLS records) of N bytes
  framing=length|close         instead of chunked
  abort=K                      reset the connection after K events

The log has one JSON line per exchange, written when it is over; LOG.begun one for each that
began. Times are Unix
nanoseconds: `began` (head read), `asked` (body read), `first` (first event or body
handed to TLS), `ended`.
"""
import argparse
import asyncio
import json
import os
import ssl
import sys
import time
import zlib

import brotli
import zstandard

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dialects
import realtime
import vendors

BODY_MAX = 64 << 20
FLUSH = {"gzip": lambda: zlib.compressobj(6, zlib.DEFLATED, 31), "deflate": lambda: zlib.compressobj(6, zlib.DEFLATED, 15)}


class Coder:
    """A streamed content coding; feed() may be called per event."""

    def __init__(self, name):
        self.name = name
        self.z = {"br": lambda: brotli.Compressor(quality=4),
                  "zstd": lambda: zstandard.ZstdCompressor().compressobj()}.get(name, FLUSH.get(name, lambda: None))()

    def feed(self, data):
        if self.name in FLUSH:
            return self.z.compress(data) + self.z.flush(zlib.Z_SYNC_FLUSH)
        if self.name == "br":
            return self.z.process(data) + self.z.flush()
        if self.name == "zstd":
            return self.z.compress(data) + self.z.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        return data

    def end(self):
        if self.name == "br":
            return self.z.finish()
        return self.z.flush() if self.z else b""


def choose_coding(mock, headers):
    want, accepted = mock.get("enc"), [a.split(";")[0].strip() for a in headers.get("accept-encoding", "").split(",")]
    if want == "auto":
        return next((c for c in ("zstd", "br", "gzip", "deflate") if c in accepted), None)
    return want if want in accepted else None


async def read_request(reader):
    """(began_ns, method, path, headers, body), or None at the end of the connection."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    began = time.time_ns()
    lines = raw.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = {}
    for line in lines[1:]:
        if line:
            k, v = line.split(":", 1)
            headers[k.strip().lower()] = v.strip()
    return began, method, path, headers


async def read_body(reader, headers):
    if headers.get("transfer-encoding", "").lower() == "chunked":
        parts = []
        while True:
            size = int((await reader.readline()).split(b";")[0], 16)
            parts.append(await reader.readexactly(size))
            while size == 0 and (await reader.readline()).strip():
                pass  # trailers
            if size == 0:
                return b"".join(parts)
            await reader.readexactly(2)
    return await reader.readexactly(min(int(headers.get("content-length", 0)), BODY_MAX))


class Provider:
    def __init__(self, log, begun):
        self.log, self.begun = log, begun
        self.number = 0
        self.connections = 0

    async def connection(self, reader, writer):
        self.connections += 1
        conn, peer = self.connections, writer.get_extra_info("peername")
        try:
            while True:
                got = await read_request(reader)
                if not got:
                    break
                self.number += 1
                entry = {"n": self.number, "exchange": "%d-%d" % (os.getpid(), self.number), "conn": conn, "client_port": peer[1]}
                self.begun.write(json.dumps({"exchange": entry["exchange"]}) + "\n")
                try:
                    more = await self.exchange(reader, writer, got, entry)
                finally:
                    entry["ended"] = time.time_ns()
                    self.log.write(json.dumps(entry) + "\n")
                if not more:
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError):
            pass
        finally:
            writer.close()

    async def exchange(self, reader, writer, got, entry):
        """Answers one request; False: the connection is over."""
        began, method, path, headers = got
        mock = dict(kv.split("=", 1) for kv in headers.get("x-mock", "").split(",") if "=" in kv)
        entry.update(began=began, method=method, path=path, host=headers.get("host"), mock=headers.get("x-mock", ""),
                     agent=headers.get("user-agent"), tag=mock.get("tag"), complete=False, api=None)
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("upgrade", "").lower() == "websocket":
            await realtime.serve(reader, writer, path, headers, mock, lambda body: self.turn(entry, body, mock))
            return False
        raw = await read_body(reader, headers)
        entry.update(asked=time.time_ns(), request_bytes=len(raw))
        vendor, model = vendors.find(path) if method == "POST" else (None, None)
        api = vendor.api if vendor else dialects.api_of(path) if method == "POST" else None
        if not api:
            await self.plain(writer, entry, 200 if path == "/" else 404, b'{"object":"list","data":[]}', {}, None)
            return True
        if vendor:
            plan = vendors.Plan(entry["n"], vendor, model, path, json.loads(raw), mock)
        else:
            plan = dialects.Plan(entry["n"], api, json.loads(raw), mock)
        retry = int(headers.get("x-stainless-retry-count", 0))
        entry.update(api=api, retry=retry, truth=plan.truth(), status=200, request_id="req_%06d" % plan.n)
        about = {vendor.request_id if vendor else "x-request-id" if api != "messages" else "request-id": entry["request_id"],
                 **dict(vendor.head if vendor else ())}
        if mock.get("head"):
            await asyncio.sleep(int(mock["head"]) / 1000)
        if mock.get("error", "stream") != "stream" and retry < int(mock.get("times", 1 << 30)):
            status = int(mock["error"])
            body, kind = dialects.error_json(api, status)
            entry["truth"].update(error=kind, input=None, output=None, cache_read=None, cache_write=None, reasoning=None,
                                  tools=None, id=None, response_model=None, finish=None)
            entry["status"] = status
            if "retry_after" in mock:
                about["retry-after"] = mock["retry_after"]
            await self.plain(writer, entry, status, json.dumps(body).encode(), about, None)
            return True
        coding = choose_coding(mock, headers)
        entry["coding"] = coding
        if plan.stream and (vendor or api in dialects.EVENTS):
            return await self.stream(writer, entry, plan, mock, about, coding)
        if mock.get("ttft"):
            await asyncio.sleep(int(mock["ttft"]) / 1000)
        whole = (vendor.json if vendor else dialects.JSON[api])(plan)
        await self.plain(writer, entry, 200, json.dumps(whole, ensure_ascii=False).encode(), about, coding)
        return True

    def turn(self, session, body, mock):
        """One response of a WebSocket session: its plan, and what logs its end."""
        self.number += 1
        plan = dialects.Plan(self.number, "responses", body, mock)
        entry = {**session, "n": self.number, "api": "realtime", "began": time.time_ns(), "status": 200, "truth": plan.truth(), "complete": True}
        return plan, lambda ended: self.log.write(json.dumps({**entry, "ended": ended}) + "\n")

    async def plain(self, writer, entry, status, body, about, coding):
        coder = Coder(coding)
        body = coder.feed(body) + coder.end()
        head = {"content-type": "application/json", "content-length": len(body), **about}
        if coding:
            head["content-encoding"] = coding
        entry.update(status=status, first=time.time_ns(), response_bytes=len(body))
        writer.write(self.head(status, head) + body)
        await writer.drain()
        entry["complete"] = True

    @staticmethod
    def head(status, headers):
        return ("HTTP/1.1 %d Mock\r\n" % status + "".join("%s: %s\r\n" % kv for kv in headers.items()) + "\r\n").encode()

    async def stream(self, writer, entry, plan, mock, about, coding):
        vendor = vendors.BY_API.get(entry["api"])
        events = list(vendor.events(plan)) if vendor else self.events(entry, plan, mock)
        framing, coder, sent, count = mock.get("framing", "chunked"), Coder(coding), 0, 0
        head = {"content-type": vendor.kind if vendor else "text/event-stream; charset=utf-8", "cache-control": "no-cache", **about}
        if coding:
            head["content-encoding"] = coding
        if framing == "length":
            events = [b"".join(events)]
            events = [coder.feed(events[0]) + coder.end()]
            coder = Coder(None)
            head["content-length"] = len(events[0])
        elif framing == "chunked":
            head["transfer-encoding"] = "chunked"
        else:
            head["connection"] = "close"
        writer.write(self.head(200, head))
        delay, split, abort = int(mock.get("delay", 0)) / 1000, int(mock.get("split", 0)), int(mock.get("abort", -1))

        async def put(data):
            if framing == "chunked" and data:
                data = b"%x\r\n%s\r\n" % (len(data), data)
            for i in range(0, len(data), split or max(1, len(data))):
                writer.write(data[i:i + (split or len(data))])
                if split:
                    await asyncio.sleep(0)
        for event in events:
            pause = int(mock.get("ttft", 0)) / 1000 if count == 0 else delay
            if pause:
                await writer.drain()
                await asyncio.sleep(pause)
            if count == 0:
                entry["first"] = time.time_ns()
            if count == abort:
                entry["aborted"] = True
                writer.transport.abort()
                return False
            count, sent = count + 1, sent + len(event)
            await put(coder.feed(event))
            await writer.drain()
            if writer.transport.is_closing():
                raise ConnectionResetError
        await put(coder.end())
        if framing == "chunked":
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        entry.update(complete=True, events=count, response_bytes=sent)
        return framing != "close"

    @staticmethod
    def events(entry, plan, mock):
        eol = {"crlf": b"\r\n", "cr": b"\r"}.get(mock.get("eol"), b"\n")
        found = list(dialects.EVENTS[plan.api](plan))
        if mock.get("error") == "stream":
            event, kind = dialects.error_event(plan.api)
            found = found[:len(found) // 2] + [event]
            entry["truth"].update(error=kind)
            entry["broken"] = True  # usage and finish depend on how far it came
        return [e.replace(b"\n", eol) for e in found]


async def serve(args):
    context = None
    if args.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.cert, args.key)
    with open(args.log, "a", buffering=1, encoding="utf-8") as log, open(args.log + ".begun", "a", buffering=1, encoding="utf-8") as begun:
        provider = Provider(log, begun)
        server = await asyncio.start_server(provider.connection, "127.0.0.1", args.port, ssl=context, limit=1 << 22, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)
        async with server:
            await server.serve_forever()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--cert")
    ap.add_argument("--key")
    ap.add_argument("--log", required=True)
    ap.add_argument("--port", type=int, default=0)
    try:
        asyncio.run(serve(ap.parse_args()))
    except KeyboardInterrupt:
        pass


main()
