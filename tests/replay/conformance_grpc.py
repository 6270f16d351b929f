#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""grpcio against services that are protobuf alone: the very bytes of a real client and a real
server, as a relay between them saw them, through `gentap replay`. Each call has its own numbers.
"""
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIVE = os.path.join(HERE, "..", "live")
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import tracefile
from genai import grpc_call as want
from tap import Tap, skip_all

CALLS, LIMIT_S = 12, 60
BOOT_TO_WALL_NS = 1_749_999_000 * 10**9


def relay(listener, port, seen):
    """One connection, both ways; seen gets (direction, bytes, ns)."""
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", port), LIMIT_S)

    def pump(a, b, direction):
        while data := a.recv(65536):
            seen.append((direction, data, time.monotonic_ns()))
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    threads = [threading.Thread(target=pump, args=args, daemon=True) for args in ((client, server, 0), (server, client, 1))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(LIMIT_S)


def record():
    seen = []
    p = subprocess.Popen([sys.executable, os.path.join(LIVE, "grpc_provider.py")], stdout=subprocess.PIPE, text=True)
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            t = threading.Thread(target=relay, args=(listener, int(p.stdout.readline()), seen), daemon=True)
            t.start()
            subprocess.run([sys.executable, os.path.join(LIVE, "clients", "grpc_calls.py"), str(listener.getsockname()[1]), str(CALLS)],
                           check=True, timeout=LIMIT_S)
            t.join(LIMIT_S)
    finally:
        p.kill()
        p.wait()
    return seen


def main():
    try:
        import grpc  # noqa: F401
    except ImportError:
        skip_all("no grpcio here")
    tap, records = Tap(), []
    c = tracefile.Connection(records, 4000, 0x5500)
    seen = sorted(record(), key=lambda r: r[2])
    for direction, data, ns in seen:
        c.call(direction, data, ns)
    c.close(seen[-1][2] + 1000)
    with tempfile.TemporaryDirectory(prefix="gentap-grpc-") as where:
        path = os.path.join(where, "grpc.gentap")
        with open(path, "wb") as f:
            tracefile.write(f, records, [], BOOT_TO_WALL_NS)
        spans = agent.replay(path)
    by = {}
    for s in spans:
        by.setdefault(s["gen_ai.request.model"], []).append(s)
    models = sorted(want(n)["gen_ai.request.model"] for n in range(CALLS))
    tap.equal("a span for each call", sorted((m, len(s)) for m, s in by.items()), [(m, 1) for m in models])
    wrong = []
    for n in range(CALLS):
        (s, *_) = by.get(want(n)["gen_ai.request.model"]) or [None]
        wrong += ["%d: %s is %r" % (n, k, s[k]) for k, v in want(n).items() if s and s[k] != v]
    tap.check("every number is that of its call", by and not wrong, wrong[:5])
    tap.equal("and each is whole", {(s["gentap.completeness"], s["error.type"]) for s in spans}, {("full", None)})
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
