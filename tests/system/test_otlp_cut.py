#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers over gRPC that end before their grpc-status, as of a server that stops: with its
message it was accepted, without one it is tried again, and what is no gRPC is refused."""
import os
import socket
import struct
import sys
import threading

import h2.config
import h2.connection
import h2.events

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
from tap import Tap  # noqa: E402
from test_otlp_exporter import expect, send  # noqa: E402

EMPTY = struct.pack(">BI", 0, 0)  # an ExportTraceServiceResponse without members


class Server:
    """Answers each request by the next body of the script, then rightly."""

    def __init__(self, *script):
        self.script, self.requests = list(script), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(s,), daemon=True).start()

    def talk(self, s):
        c = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        c.initiate_connection()
        with s:
            s.settimeout(20)
            s.sendall(c.data_to_send())
            while data := s.recv(65536):
                for e in c.receive_data(data):
                    if isinstance(e, h2.events.DataReceived):
                        c.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
                    if isinstance(e, h2.events.StreamEnded):
                        self.answer(c, e.stream_id)
                s.sendall(c.data_to_send())

    def answer(self, c, stream):
        self.requests += 1
        c.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        if self.script:
            c.send_data(stream, self.script.pop(0), end_stream=True)
            return
        c.send_data(stream, EMPTY)
        c.send_headers(stream, [("grpc-status", "0")], end_stream=True)


def cut(tap, body, want):
    server = Server(body)
    stats = send(server.url, {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, spans=3, flush=8000)
    server.listener.close()
    expect(stats, queued=0, **want)
    tap.check("%r: tried again only where nothing is known" % body, (server.requests > 1) == (stats["retries"] > 0) == (not body), stats)


def main():
    tap = Tap()
    for body, want in ((EMPTY, dict(exported=3, refused=0)),
                       (b"", dict(exported=3, refused=0)),
                       (b"<html>", dict(exported=0, refused=3))):
        tap.run(repr(body), cut, body, want)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
