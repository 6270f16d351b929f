#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A process that calls much on connections of no interest is parked: its probes are taken out. What
it asks a model then is seen all the same: on a new connection, since it is unparked by that; and on
one that it had opened to a provider before, since with such a connection it is not parked."""
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

from harness import HERE, World, need_root, wait_for
from tap import Tap

CLIENT = os.path.join(HERE, "clients", "parked.py")


def sink(w):
    """TLS that swallows what it is sent. Its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(w.path("server.pem"), w.path("server.key"))
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                s = context.wrap_socket(listener.accept()[0], server_side=True)
                threading.Thread(target=lambda: [None for _ in iter(lambda: s.recv(1 << 16), b"")], daemon=True).start()
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def play(tap, w, agent, port, how, want_parked):
    p = subprocess.Popen([sys.executable, CLIENT, str(w.port), str(port), how], env=w.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        p.stdout.readline()  # it has made many calls
        parked = wait_for(lambda: "parked pid=%d" % p.pid in agent.stderr(), 5 if want_parked else 2)
        tap.equal("%s: is it parked" % how, bool(parked), want_parked)
        p.stdin.write("\n")
        p.stdin.flush()
        p.wait(20)
    finally:
        p.kill()
        p.wait()
    got = lambda: [s for s in agent.spans() if s.pid == p.pid]
    wait_for(got, 5)
    tap.equal("%s: its call is seen" % how, [(s["gen_ai.request.model"], s["gentap.completeness"]) for s in got()], [("parked-1", "full")])


def main():
    need_root()
    tap = Tap()
    with World() as w, w.agent("--verbose") as agent:
        port = sink(w)
        # Three times: one that waits for the agent's timer may be lucky once.
        for how, want_parked in (*[("new", True)] * 3, ("before", False)):
            tap.run(how, play, w, agent, port, how, want_parked)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
