#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What every client here does: TURNS turns, or until the file STOP is there; a turn is a call to BASE
and something that tools in a process often break; at its end "TURNS SUM", where the sum (FNV-1a) is
of all that was received, in order. This one: exceptions, storms of threads, forks without exec."""
import http.client
import os
import ssl
import threading
from urllib.parse import urlsplit

BASE, CONTEXT = urlsplit(os.environ["BASE"]), ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
PRIME, MASK = 0x100000001b3, (1 << 64) - 1


def add(total, data):
    for b in data:
        total = (total ^ b) * PRIME & MASK
    return total


def connect():
    return http.client.HTTPSConnection(BASE.hostname, BASE.port, context=CONTEXT, timeout=60)


def call(c, n):
    c.request("POST", "/v1/chat/completions", '{"model":"torture","messages":[],"n":%d}' % n, {"content-type": "application/json"})
    return c.getresponse().read()


def thrown(c, n):
    try:
        raise RuntimeError(call(c, n))
    except RuntimeError as e:
        return e.args[0]


def storm(n):
    got = [b""] * 16

    def one(i):
        got[i] = call(connect(), n * 100 + i)
    threads = [threading.Thread(target=one, args=(i,)) for i in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return b"".join(got)


def forked(n):
    r, w = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(r)
        os.write(w, call(connect(), n)[:2000])
        os._exit(n % 100)
    os.close(w)
    with os.fdopen(r, "rb") as f:
        got = f.read()
    return got + b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main():
    turns, stop, total, n, c = int(os.environ["TURNS"]), os.environ["STOP"], 0xcbf29ce484222325, 0, connect()
    while n < turns if turns else not os.path.exists(stop):
        total = add(total, thrown(c, n)[-200:])
        if n % 20 == 19:
            total = add(total, storm(n)[::50])
        if n % 25 == 24:
            total = add(total, forked(n)[::20])
        if n % 10 == 9:
            c.close()
        n += 1
    print(n, "%016x" % total)


main()
