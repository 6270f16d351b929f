#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A call over a plain socket whose server resets it: reset.py PORT REQUEST_ID GO READ LIVE

Reads only the head, waits until the file GO is there, then takes what is left in pieces of
READ bytes until the reset, closes, and lives for another LIVE seconds."""
import json
import os
import socket
import sys
import time

port, name, go, piece, live = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
body = json.dumps({"model": "reset-mock", "messages": [{"role": "user", "content": name}]}).encode()
s = socket.create_connection(("127.0.0.1", port))
s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
          b"content-length: %d\r\n\r\n" % len(body) + body)
got = s.recv(20)
end = time.monotonic() + 10
while not os.path.exists(go) and time.monotonic() < end:
    time.sleep(0.01)
try:
    while data := s.recv(piece):
        got += data
except ConnectionResetError:
    pass
s.close()
print(json.dumps({"bytes": len(got), "closed_ns": time.time_ns()}), flush=True)
time.sleep(live)
