#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""LLM calls over Python's own ssl, or TLS libraries that its packages bring along: calls.py
stdlib|pyopenssl|awscrt|PACKAGE, with BASE, CALLS, STREAM and GO of the environment as fetch.mjs has them."""
import json
import os
import socket
import sys
import time
from urllib.parse import urlsplit

BASE, STREAM, GO = urlsplit(os.environ["BASE"]), bool(os.environ.get("STREAM")), os.environ.get("GO")
PATH = "/v1/chat/completions"
URL, CA = os.environ["BASE"] + PATH, os.environ["SSL_CERT_FILE"]
HEADERS = {"host": BASE.netloc, "content-type": "application/json", "x-mock": "cached=7,in=70,out=9"}


def body():
    b = {"model": "py-mock-1", "messages": [{"role": "user", "content": "hello"}]}
    if STREAM:
        b.update(stream=True, stream_options={"include_usage": True})
    return json.dumps(b).encode()


def whole(answer):
    head, _, rest = answer.partition(b"\r\n\r\n")
    length = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(rest) >= int(length[0]) if length else rest.endswith(b"\r\n0\r\n\r\n")


def stdlib():
    import http.client
    import ssl
    c = http.client.HTTPSConnection(BASE.hostname, BASE.port, context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]))
    c.request("POST", PATH, body(), HEADERS)
    answer = c.getresponse()
    answer.read()
    c.close()
    return answer.status


def pyopenssl():
    from OpenSSL import SSL
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.load_verify_locations(os.environ["SSL_CERT_FILE"])
    context.set_verify(SSL.VERIFY_PEER)
    c = SSL.Connection(context, socket.create_connection((BASE.hostname, BASE.port)))
    c.set_tlsext_host_name(BASE.hostname.encode())
    c.set_connect_state()
    c.do_handshake()
    data, got = body(), b""
    head = "POST %s HTTP/1.1\r\n" % PATH + "".join("%s: %s\r\n" % kv for kv in {**HEADERS, "content-length": len(data)}.items())
    c.sendall(head.encode() + b"\r\n" + data)
    while not whole(got):
        got += c.recv(65536)
    c.shutdown()
    return int(got.split()[1])


def awscrt():
    from awscrt import http, io
    options = io.TlsContextOptions()
    options.override_default_trust_store_from_path(None, os.environ["SSL_CERT_FILE"])
    tls = io.ClientTlsContext(options).new_connection_options()
    tls.set_server_name(BASE.hostname)
    connection = http.HttpClientConnection.new(BASE.hostname, BASE.port, tls_connection_options=tls).result(20)
    data = body()
    request = http.HttpRequest("POST", PATH, http.HttpHeaders(list({**HEADERS, "content-length": str(len(data))}.items())),
                               __import__("io").BytesIO(data))
    stream = connection.request(request, lambda *a, **k: None, lambda *a, **k: None)
    stream.activate()
    status = stream.completion_future.result(20)
    connection.close().result(20)
    return status


def status(answer):
    answer.content  # some read it when asked alone
    return answer.status_code


def curl_cffi():
    from curl_cffi import requests
    return status(requests.post(URL, data=body(), headers=HEADERS, verify=CA, impersonate="chrome"))


def primp():
    import primp
    return status(primp.Client(ca_cert_file=CA).post(URL, content=body(), headers=HEADERS))


def httpr():
    import httpr
    return status(httpr.Client(ca_cert_file=CA).post(URL, content=body(), headers=HEADERS))


def impit():
    import impit
    return status(impit.Client(verify=False).post(URL, content=body(), headers=HEADERS))


def tls_client():
    import tls_client
    return status(tls_client.Session(client_identifier="chrome_120").post(URL, data=body(), headers=HEADERS, insecure_skip_verify=True))


def main():
    for i in range(int(os.environ.get("CALLS", 1))):
        end = time.monotonic() + 120
        while i and GO and not os.path.exists(GO) and time.monotonic() < end:
            time.sleep(0.02)
        code = globals()[sys.argv[1]]()
        if code != 200:
            sys.exit("status %r" % code)


main()
