# SPDX-License-Identifier: Apache-2.0
"""An LLM call whose TLS is the kernel's: kernel_tls.py BASE HOW

The handshake is OpenSSL's, which then hands the keys to the kernel (SSL_OP_ENABLE_KTLS). HOW is
`socket`: the request is written to the socket itself, and the answer read from it, as programs do
that use no library then; or `library`: by SSL_write and SSL_read. Exits with 77 where the kernel or
OpenSSL does not do it, and says why."""
import os
import re
import socket
import ssl
import sys
import time
import urllib.parse

ENABLE_KTLS = 1 << 3  # openssl/ssl.h
TCP_ULP, SOL_TLS, TLS_TX = 31, 282, 1


def kernel_has_it():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as s:
        try:
            s.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
        except OSError as e:
            sys.stderr.write("TCP_ULP: %s\n" % e)
            return False
    return True


def has_keys(s):
    """Only the version and the cipher are asked for: keys have a size for each cipher. Whether it
    decrypts too cannot be asked of older kernels: the answer shows it."""
    try:
        return bool(s.getsockopt(SOL_TLS, TLS_TX, 4))
    except OSError as e:
        sys.stderr.write("OpenSSL gave the kernel no keys: %s\n" % e)
        return False


def is_whole(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return length and len(body) >= int(length.group(1))


def main():
    base, how = sys.argv[1:]
    if not kernel_has_it():
        return 77
    time.sleep(1)  # until its probes are in: how fast that goes is not the question here
    host = urllib.parse.urlsplit(base)
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # which OpenSSL 3.0 hands over in both directions
    context.set_ciphers("ECDHE+AESGCM")
    context.options |= ENABLE_KTLS
    body = b'{"model":"ktls-1","messages":[{"role":"user","content":"x"}]}'
    request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nx-mock: tag=ktls-%s,in=700,out=7\r\n" \
        b"Content-Length: %d\r\n\r\n%s" % (host.netloc.encode(), how.encode(), len(body), body)
    with context.wrap_socket(socket.create_connection((host.hostname, host.port)), server_hostname=host.hostname) as s:
        if not has_keys(s):
            return 77
        if how == "library":
            time.sleep(1.5)  # by when the socket would be looked at again: not a second time by itself
            s.sendall(request)
        else:
            assert os.write(s.fileno(), request) == len(request)
        read = (lambda n: os.read(s.fileno(), n)) if how == "socket" else s.recv
        answer = b""
        while not is_whole(answer):
            part = read(65536)
            if not part:
                return "no answer: %r" % answer[:200]
            answer += part
    return 0 if answer.startswith(b"HTTP/1.1 200") else "refused: %r" % answer[:200]


sys.exit(main())
