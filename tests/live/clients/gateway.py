#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A gateway to models: gateway.py BASE [FIRST]. What it is asked over plain HTTP it asks BASE over TLS, and
hands the answer on; where there is a FIRST, it asks that before, and BASE when it fails. Its port stands
on stdout."""
import http.client
import http.server
import ssl
import sys
import threading
from urllib.parse import urlsplit

BASE, MINE = urlsplit(sys.argv[1]), threading.local()
FIRST = urlsplit(sys.argv[2]) if len(sys.argv) > 2 else None


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if FIRST:
            first = http.client.HTTPConnection(FIRST.hostname, FIRST.port)
            first.request("POST", self.path, body, {"content-type": "application/json"})
            if first.getresponse().status < 500:
                raise RuntimeError("the first is there to fail")
            first.close()
        MINE.to = getattr(MINE, "to", None) or http.client.HTTPSConnection(BASE.hostname, BASE.port, context=ssl.create_default_context())
        MINE.to.request("POST", self.path, body, {k: self.headers[k] for k in ("content-type", "authorization") if self.headers[k]})
        answer = MINE.to.getresponse()
        self.send_response(answer.status)
        for k in ("content-type", "content-length"):
            self.send_header(k, answer.headers[k])
        self.end_headers()
        while part := answer.read(65536):
            self.wfile.write(part)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Gateway)
print(server.server_port, flush=True)
server.serve_forever()
