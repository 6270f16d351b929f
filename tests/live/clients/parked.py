# SPDX-License-Identifier: Apache-2.0
"""Many TLS writes to a sink, then one LLM call: parked.py PROVIDER_PORT SINK_PORT HOW

The call is made on a connection to api.openai.com that is opened `before` all that, or on a `new`
one. Prints a line after the writes, and waits for one before the call."""
import http.client
import os
import socket
import ssl
import sys
import time

provider, sink, how = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
BODY = b'{"model":"parked-1","messages":[{"role":"user","content":"x"}]}'
WRITES_S = 2.5
FAR_S = 0.03  # a handshake with a provider is two round trips; with loopback's it would be over before probes stand


def connect(port, name):
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname=name)


time.sleep(0.5)  # it is observed
old = connect(provider, "api.openai.com") if how == "before" else None
with connect(sink, "localhost") as s:
    end = time.monotonic() + WRITES_S
    while time.monotonic() < end:
        s.send(b"\1\2\3\4no HTTP")
    print("written", flush=True)
    sys.stdin.readline()
    call = http.client.HTTPConnection("api.openai.com")
    call.sock = old or connect(provider, "api.openai.com")
    time.sleep(0 if old else FAR_S)
    call.request("POST", "/v1/chat/completions", BODY, {"Content-Type": "application/json"})
    call.getresponse().read()
