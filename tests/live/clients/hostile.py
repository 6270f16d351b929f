#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TLS server that answers what no server should: hostile.py CERT KEY; prints its port.

The path of the request names the answer. Everything but the TLS is wrong on purpose.
"""
import os
import socket
import ssl
import sys
import threading
import zlib

MB = 1 << 20
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def bomb():
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(z.compress(bytes(MB)) for _ in range(512)) + z.flush()


BOMB = bomb()
DEEP = b"[" * 200_000 + b"]" * 200_000
ANSWERS = {
    "garbage": lambda: [os.urandom(200_000)],
    "headers": lambda: [b"HTTP/1.1 200 OK\r\nx-a: " + b"y" * 100_000 + b"\r\ncontent-length: 2\r\n\r\n{}"],
    "endless-head": lambda: [b"HTTP/1.1 200 OK\r\nx-a: "] + [b"y" * MB] * 16,
    "truncated": lambda: [OK + b"content-length: 500\r\n\r\n" + b'{"id":"x","object":"chat.completion","usage":{"prompt_tok'],
    "bomb": lambda: [OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(BOMB), BOMB],
    "bomb-stream": lambda: [SSE + b"content-encoding: gzip\r\n\r\n", chunk(BOMB), b"0\r\n\r\n"],
    "deep": lambda: [OK + b"content-length: %d\r\n\r\n" % len(DEEP), DEEP],
    "endless-line": lambda: [SSE + b"\r\n"] + [chunk(b"data: " + b"y" * MB)] * 64,
    "big": lambda: [OK + b"content-length: %d\r\n\r\n" % (1024 * MB)] + [b"x" * MB] * 1024,
    "utf8": lambda: [OK + b"content-length: 30\r\n\r\n" + b'{"id":"\xff\xfe\xc3\x28","model":1}    '[:30].ljust(30)],
    "bad-chunk": lambda: [SSE + b"\r\nffffffffffffffffffff\r\nabc"],
}


def serve(sock):
    try:
        head = b""
        while b"\r\n\r\n" not in head:
            got = sock.recv(65536)
            if not got:
                return
            head += got
        for data in ANSWERS[head.split(b" ")[1].split(b"/")[1].decode()]():
            sock.sendall(data)
        sock.unwrap()
    except (OSError, ValueError, KeyError):
        pass
    finally:
        sock.close()


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        raw, _ = listener.accept()
        try:
            threading.Thread(target=serve, args=(context.wrap_socket(raw, server_side=True),), daemon=True).start()
        except OSError:
            raw.close()


if __name__ == "__main__":
    main()
