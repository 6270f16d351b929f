#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TLS server whose answers depend on the request's body and on nothing else: server.py CERT KEY;
prints its port. It takes PACE seconds for each. What a client got from it can be told again."""
import hashlib
import json
import os
import socket
import ssl
import sys
import threading
import time

PACE = float(os.environ.get("PACE", 0))


def answer(body):
    digest = hashlib.sha256(body).hexdigest()
    text = digest * (1 + int(digest[:2], 16))
    return json.dumps({"id": "chatcmpl-" + digest[:16], "object": "chat.completion", "model": "torture", "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}}).encode()


def serve(raw, context):
    try:
        with context.wrap_socket(raw, server_side=True) as s, s.makefile("rb") as f:
            while f.readline():
                length = 0
                while (line := f.readline().strip()):
                    name, _, value = line.lower().partition(b":")
                    length = int(value) if name == b"content-length" else length
                body = answer(f.read(length))
                time.sleep(PACE)
                s.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
    except OSError:
        pass


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    while True:
        raw, _ = listener.accept()
        threading.Thread(target=serve, args=(raw, context), daemon=True).start()


if __name__ == "__main__":
    main()
