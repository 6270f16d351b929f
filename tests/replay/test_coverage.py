#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gentap coverage, from records to the table: what was read, what was not, and why."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import tracefile
from tap import Tap

GENTAP = os.environ.get("GENTAP_ASAN", os.environ["GENTAP"])
MS = 1_000_000
BODY = b'{"model":"m","messages":[{"role":"user","content":"Hi"}]}'
ANSWER = b'{"id":"i","object":"chat.completion","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}'
HOST = "api.openai.com"


def ask(path=b"POST /v1/chat/completions", body=BODY):
    return b"%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        path, HOST.encode(), len(body), body)


def answer(body=ANSWER):
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def call(c, at_ms):
    c.bind(443, at_ms * MS)
    c.call(tracefile.WRITE, ask(), at_ms * MS)
    c.call(tracefile.READ, answer(), (at_ms + 100) * MS)
    c.close((at_ms + 200) * MS)


class Host:
    """A database, and processes whose traffic is put into it."""

    def __init__(self, folder):
        self.folder, self.db, self.files = folder, os.path.join(folder, "gentap.db"), 0

    def replay(self, *traffic):
        """traffic: (name of a process, function of a connection)"""
        records, processes, self.files = [], [], self.files + 1
        for n, (name, play) in enumerate(traffic):
            pid = 100 * self.files + n
            processes.append({"pid": pid, "start_ns": 1, "comm": name, "exe": "/opt/" + name})
            play(tracefile.Connection(records, pid, 0x5500))
        path = os.path.join(self.folder, "%d.gentap" % self.files)
        with open(path, "wb") as f:
            tracefile.write(f, records, processes, 1_700_000_000_000 * MS)
        self.gentap("replay", "--db", self.db, path)

    def gentap(self, *args):
        return subprocess.run([GENTAP, *args], check=True, capture_output=True, text=True, timeout=60).stdout

    def rows(self):
        rows = json.loads(self.gentap("coverage", "-o", "json", "--db", self.db))["rows"]
        return {r["process"]: r for r in rows}


def silent(c):
    c.hello(HOST, 1000 * MS)


def late(c):
    c.hello(HOST, 1000 * MS)
    call(c, 5000)


def first_of_many(c):
    c.hello(HOST, 1000 * MS)
    call(c, 1010)


def reads_only(c):
    c.bind(443, 1000 * MS)
    c.call(tracefile.WRITE, ask(b"GET /v1/files", b""), 1000 * MS)
    c.call(tracefile.READ, answer(b"{}"), 1100 * MS)


def loses(c):
    c.call(tracefile.WRITE, ask(), 1000 * MS)
    c.hole(tracefile.READ, len(answer()), 1100 * MS)


def states(tap, host):
    host.replay(("seen", first_of_many), ("silent", silent), ("late", late), ("lists", reads_only),
                ("loses", loses))
    rows = host.rows()
    tap.equal("a row for each process", sorted(rows), ["late", "lists", "loses", "seen", "silent"])
    want = len(ask()) + len(answer())
    for name in ("seen", "late"):
        r = rows[name]
        tap.equal("%s: all decoded" % name, [r[k] for k in ("state", "calls", "decoded", "partial", "opaque", "reason")],
                  ["decoded", 1, want, 0, 0, None])
        tap.equal("%s: by what, and with whom" % name, (r["library"], r["endpoint"]), ("openssl", HOST))
    r = rows["silent"]
    tap.check("silent: opaque, and why", r["state"] == "opaque" and r["calls"] == 0 and r["opaque"] > 60 and
              "TLS stack was not located" in r["reason"] and r["remedy"] and not r["library"], r)
    r = rows["lists"]
    tap.check("no call: not decoded, and not opaque", r["state"] == "partial" and r["calls"] == 0 and
              "no LLM call" in r["reason"], r)
    r = rows["loses"]
    tap.check("lost: partial, and why", r["state"] == "partial" and r["partial"] == len(answer()) and
              "lost" in r["reason"], r)


def sums(tap, host):
    host.replay(("seen", first_of_many), ("silent", silent))
    r = host.rows()
    tap.equal("what comes later adds up", (r["seen"]["calls"], r["seen"]["state"]), (2, "decoded"))
    host.replay(("seen", silent), ("silent", first_of_many), ("lists", first_of_many))
    r = host.rows()
    for name in ("seen", "silent"):
        tap.check("%s: some is decoded, some opaque" % name, r[name]["state"] == "partial" and r[name]["decoded"] > 0 and
                  r[name]["opaque"] > 0 and "not located" in r[name]["reason"], r[name])
    tap.check("a call makes it decoded", r["lists"]["state"] == "decoded" and not r["lists"]["reason"], r["lists"])


def table(tap, host):
    text = host.gentap("coverage", "--db", host.db)
    tap.check("the table says all of it", all(w in text for w in ("STATE", "WHY", "seen", HOST, "partial", "decoded")), text)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        host = Host(folder)
        tap.run("states", states, host)
        tap.run("sums", sums, host)
        tap.run("table", table, host)
    return tap.done()


sys.exit(main())
