#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A gateway to models: gateway.py BASE. What it is asked over plain HTTP it asks BASE over TLS, and
hands the answer on. Its port stands on stdout."""
import http.client
import http.server
import ssl
import sys
import threading
from urllib.parse import urlsplit

BASE, MINE = urlsplit(sys.argv[1]), threading.local()


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
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
