#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which connection a call went over: the peer's address and port and the name in the ClientHello
are those of the call's own TLS connection, among many of one thread or of many threads, through
a proxy's tunnel and over IPv6. The requests name no host, so nothing else can tell."""
import contextlib
import json
import os
import socket
import sys
import threading

from harness import HERE, SETTLE_S, World, need_root, wait_for
from tap import Tap

ROUNDS = 4
EACH = 5  # connections to each end
ENDS = [  # name, family, address, is it a proxy?
    ("one", socket.AF_INET, "127.0.0.1", False),
    ("two", socket.AF_INET, "127.0.0.2", False),
    ("six", socket.AF_INET6, "::1", False),
    ("tunnel", socket.AF_INET, "127.0.0.3", True),
]


class Relay:
    """A port of its own before the provider; as a proxy, it is asked for a tunnel first."""

    def __init__(self, family, address, port, proxy):
        self.port, self.proxy = port, proxy
        self.listener = socket.create_server((address, 0), family=family)
        self.at = self.listener.getsockname()[:2]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):  # closed: the end
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.port)) as provider:
            if self.proxy:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += client.recv(4096) or b"\r\n\r\n"
                client.sendall(b"HTTP/1.1 200 tunnel\r\n\r\n")
            back = threading.Thread(target=self.copy, args=(provider, client), daemon=True)
            back.start()
            self.copy(client, provider)
            back.join(30)

    @staticmethod
    def copy(source, to):
        with contextlib.suppress(OSError):
            while got := source.recv(65536):
                to.sendall(got)
            to.shutdown(socket.SHUT_WR)

    def close(self):
        # shutdown() and not close() alone: accept() of the other thread returns.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def peers(tap, w, agent, how):
    with contextlib.ExitStack() as stack:
        ends = []
        for name, family, address, proxy in ENDS:
            relay = stack.enter_context(contextlib.closing(Relay(family, address, w.port, proxy)))
            ends += [{"name": "%s-%d" % (name, n), "sni": "%s-%d.peer.test" % (name, n), "at": relay.at, "proxy": proxy}
                     for n in range(EACH)]
        pid, _ = w.run([sys.executable, os.path.join(HERE, "clients", "peers.py"), how,
                        json.dumps({"before": SETTLE_S, "rounds": ROUNDS, "ends": ends})])
    mine = lambda: [s for s in agent.spans() if s.pid == pid and s.is_call]
    wait_for(lambda: len(mine()) >= ROUNDS * len(ends), 10)
    want = {"%s-%d" % (e["name"], n): (e["sni"], e["at"][1], *e["at"]) for e in ends for n in range(ROUNDS)}
    got = {s["gen_ai.request.model"]: (s["server.address"], s["server.port"], s["network.peer.address"], s["network.peer.port"])
           for s in mine()}
    tap.equal("%s: a span for each call" % how, sorted(s["gen_ai.request.model"] for s in mine()), sorted(want))
    wrong = {k: (v, got.get(k)) for k, v in want.items() if got.get(k) != v}
    tap.check("%s: each has the name and the peer of its own connection" % how, not wrong, ["%s: %r" % kv for kv in wrong.items()][:8])


def main():
    need_root()
    tap = Tap()
    with World() as w, w.agent() as agent:
        for how in ("async", "threads"):
            tap.run(how, peers, w, agent, how)
    return tap.done()


sys.exit(main())
