# SPDX-License-Identifier: Apache-2.0
"""A gentap ui of a test: its own port, its own filled store."""
import http.client
import os
import re
import socket
import subprocess
import time

BUILD = os.environ.get("BUILD") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build")
TOKEN = "test-token-0123456789abcdef"
BEARER = {"Authorization": "Bearer " + TOKEN}


class Server:
    def __init__(self, binary, folder, *args):
        self.db = os.path.join(folder, "t.db")
        subprocess.run([os.path.join(BUILD, "ui", "fill"), self.db, "40", "1800"], check=True, stdout=subprocess.DEVNULL)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        # LeakSanitizer would trace the process, which the sandbox refuses.
        self.log = open(os.path.join(folder, "log"), "w+")
        self.process = subprocess.Popen([binary, "ui", "--db", self.db, "--listen", "127.0.0.1:%d" % self.port, *args],
                                        stderr=self.log, stdin=subprocess.DEVNULL, env=dict(os.environ, GENTAP_UI_TOKEN=TOKEN, ASAN_OPTIONS="detect_leaks=0"))
        for _ in range(200):
            try:
                if self.ask("/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the server did not start: " + self.said())

    def said(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def ask(self, path, method="GET", headers=None, body=None, host=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        c.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        if host != "":
            c.putheader("Host", host or "127.0.0.1:%d" % self.port)
        for k, v in (headers or {}).items():
            c.putheader(k, v)
        if body is not None:
            c.putheader("Content-Length", str(len(body)))
        c.endheaders(body)
        r = c.getresponse()
        data = r.read()
        c.close()
        return r.status, {k.lower(): v for k, v in r.getheaders()}, data

    def raw(self, data):
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            got = b""
            while True:
                try:
                    part = s.recv(65536)
                except ConnectionError:
                    break
                if not part:
                    break
                got += part
        m = re.match(rb"HTTP/1\.1 (\d+)", got)
        return int(m.group(1)) if m else 0

    def stop(self):
        self.process.terminate()
        return self.process.wait(20)
