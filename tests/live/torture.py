#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Attaching and detaching again and again, under load, changes nothing: programs that panic, throw,
fork, start many threads, change user, replace themselves or forbid system calls give the same
results as when nobody looks, and live. ROUNDS=1000: so many (`make test-torture`; 20 otherwise), MINUTES=60: or as
many as fit; STACKS="Python Go": these alone, which is what runs by default, or "all"; BINARIES=1: also runtimes that
tests/agents fetches.

Each program runs again and again, a few rounds each time. Prints a table: of each program how often it
ran while it was watched, with how many different results, whether those are the one of a run that nobody
watched, and in how many rounds a call of it was seen (the others were too short for one).
"""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

from harness import CLIENT_S, HERE, ROOT, World, need_root
from tap import Tap

ROUNDS = int(os.environ.get("ROUNDS") or 20)
MINUTES = float(os.environ.get("MINUTES") or "inf")
STACKS = os.environ.get("STACKS", "Python Go").replace("all", "").split()
DWELL_S, KILL_EVERY, END_S = 0.6, 5, 60
TURNS_MADE = 240  # of one run of a program: 5 to 60 s, so that it is watched and left alone some times
PACE_S = 0.02  # what the server takes for an answer, so that ten programs leave the agents some time
TURNS = os.path.join(HERE, "clients", "torture", "turns")


def go(w):
    out = w.path("turns-go")
    env = dict(os.environ, GOENV="off", CGO_ENABLED="0", GO111MODULE="off")
    p = subprocess.run(["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, TURNS + ".go"], env=env, capture_output=True, timeout=600)
    return None if p.returncode else [out]


def native(w, which):
    out = w.path("turns-cc")
    libraries = ["-lssl", "-lcrypto", "-lgnutls", "-lpthread"]
    if not os.path.exists(out) and subprocess.run(["g++", "-O2", "-o", out, TURNS + ".cc", *libraries], capture_output=True).returncode:
        return None
    return [out, which]


def fetched(name, *options):
    if not os.environ.get("BINARIES"):
        return None
    sys.path.append(os.path.join(ROOT, "tests", "agents"))
    import binaries
    path = binaries.path(name)
    return [path, *options, TURNS + ".mjs"] if path else None


# name, stack, its command or None, the program it needs
STEADY = [
    ("Python", "OpenSSL, shared", lambda w: [sys.executable, TURNS + ".py"], "python3"),
    ("Node", "OpenSSL of Node", lambda w: ["node", TURNS + ".mjs"], "node"),
    ("Go", "Go crypto/tls, stripped", go, "go"),
    ("C++", "OpenSSL, shared; seccomp", lambda w: native(w, "openssl"), "g++"),
    ("C++-GnuTLS", "GnuTLS; seccomp", lambda w: native(w, "gnutls"), "g++"),
    ("Bun", "BoringSSL, stripped", lambda w: fetched("bun-1.4.5"), None),
    ("Deno", "rustls, AWS-LC", lambda w: fetched("deno-2.9.6", "run", "-A", "--no-lock", "--cert", w.path("ca.pem")), None),
    ("Deno-2.2", "rustls, ring", lambda w: fetched("deno-2.2.0", "run", "-A", "--no-lock", "--cert", w.path("ca.pem")), None),
]
CURL = 'exec curl -sS --cacert "$SSL_CERT_FILE" -H "content-type: application/json" -d "{\\"model\\":\\"torture\\",\\"messages\\":[]}" "$BASE/v1/chat/completions"'
# Programs of one call, started again and again.
BRIEF = [
    ("exec-chain", "OpenSSL, shared", ["sh", "-c", "exec env A=1 sh -c '%s'" % CURL.replace("'", "'\\''")], "curl"),
    ("setuid", "OpenSSL, shared", ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", CURL], "setpriv"),
]


class Steady:
    """Makes TURNS_MADE turns, again and again: each time what it made when nobody looked."""

    def __init__(self, w, name, stack, command):
        self.w, self.name, self.stack, self.command = w, name, stack, command
        self.answers, self.runs, self.pids, self.rounds, self.calls = {}, 0, set(), 0, 0
        self.process = self.start()

    def start(self):
        env = self.w.env(BASE=self.w.torture, TURNS=str(TURNS_MADE), STOP=self.w.path("stop"), HOME=self.w.dir, DENO_DIR=self.w.path("deno"))
        p = subprocess.Popen(self.command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.pids.add(p.pid)
        return p

    def result(self):
        """Of the process that runs; waits for its end."""
        try:
            out, err = self.process.communicate(timeout=END_S + CLIENT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "no end: " + self.process.communicate()[1][-300:]
        good = self.process.returncode == 0 and out.startswith("%d " % TURNS_MADE)
        return out.strip() if good else "%d: %s %s" % (self.process.returncode, out.strip(), err[-300:])

    def reference(self):
        self.alone = self.result()
        self.pids.clear()
        self.process = self.start()

    def end(self):
        got = self.result()
        self.runs += 1
        self.answers[got] = self.answers.get(got, 0) + 1

    def turn(self):
        if self.process.poll() is not None:
            self.end()
            self.process = self.start()

    def saw(self, spans):
        mine = sum(s.pid in self.pids for s in spans)
        self.rounds += mine > 0
        self.calls += mine

    def judge(self, tap):
        self.watched = "%d runs of %d turns, %d answers" % (self.runs, TURNS_MADE, len(self.answers))
        lives = tap.check("%s: lives when nobody looks" % self.name, self.alone.startswith("%d " % TURNS_MADE), self.alone)
        return lives and tap.equal("%s (%s): each of %d runs of %d turns ends as unwatched" % (self.name, self.stack, self.runs, TURNS_MADE),
                                   set(self.answers), {self.alone})


class Brief:
    def __init__(self, w, name, stack, command):
        self.w, self.name, self.stack, self.command = w, name, stack, command
        self.answers, self.runs, self.pids, self.rounds, self.calls = {}, 0, set(), 0, 0
        self.alone = self.once()

    def once(self):
        try:
            p = subprocess.Popen(self.command, env=self.w.env(BASE=self.w.torture), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
            self.pids.add(p.pid)
            out, _ = p.communicate(timeout=CLIENT_S)
        except subprocess.TimeoutExpired:
            p.kill()
            out = "no end" + p.communicate()[0]
        return "%d %s" % (p.returncode, out)

    def turn(self):
        self.runs += 1
        got = self.once()
        self.answers[got] = self.answers.get(got, 0) + 1

    def saw(self, spans):
        mine = sum(s.pid in self.pids for s in spans)
        self.rounds += mine > 0
        self.calls += mine

    def judge(self, tap):
        self.watched = "%d runs, %d answers" % (self.runs, len(self.answers))
        return tap.equal("%s: each of %d runs answers as unwatched" % (self.name, self.runs), set(self.answers), {self.alone})


@contextlib.contextmanager
def server(w):
    p = subprocess.Popen([sys.executable, os.path.join(HERE, "clients", "torture", "server.py"), w.path("server.pem"), w.path("server.key")],
                         executable=w.path("mock-provider"), stdout=subprocess.PIPE, text=True,
                         env=dict(os.environ, PACE=str(PACE_S)))
    try:
        yield "https://localhost:%s" % p.stdout.readline().strip()
    finally:
        p.kill()
        p.wait()


def begin(tap, w):
    steady, brief = [], []
    for name, stack, make, program in STEADY:
        if STACKS and name not in STACKS:
            continue
        command = make(w) if not program or shutil.which(program) else None
        if command:
            steady.append(Steady(w, name, stack, command))
        elif program:
            tap.skip(name, "no %s here, or nothing to build with" % program)
    for name, stack, command, program in BRIEF:
        if STACKS and name not in STACKS:
            continue
        if os.geteuid() or not shutil.which(program):
            tap.skip(name, "needs root and %s" % program)
        else:
            brief.append(Brief(w, name, stack, command))
    return steady, brief


def rounds(w, steady, brief):
    """How many there were, and which agents did not do as told."""
    chance, odd, until_s = random.Random(int(os.environ.get("SEED") or 1)), [], time.monotonic() + 60 * MINUTES
    for n in range(ROUNDS):
        if time.monotonic() > until_s:
            return n, odd
        with w.agent("-o", "otlp-json", env={"CACHE_DIRECTORY": w.path("cache")}) as agent:
            until = time.monotonic() + chance.uniform(0, DWELL_S)
            for c in steady + brief:
                c.turn()
            time.sleep(max(0, until - time.monotonic()))
            status, _ = agent.stop(signal.SIGKILL if n % KILL_EVERY == KILL_EVERY - 1 else signal.SIGTERM)
        if status not in (0, -signal.SIGKILL, 128 + signal.SIGKILL):
            odd.append("round %d: exit status %r: %s" % (n, status, agent.stderr()[-300:]))
        for c in steady + brief:
            c.saw(agent.spans())
    return ROUNDS, odd


def table(tap, all_, made):
    rows = [("program", "stack", "watched", "unwatched", "rounds with a call", "calls seen")]
    rows += [(c.name, c.stack, c.watched, "the same" if set(c.answers) == {c.alone} else "another",
              "%d/%d" % (c.rounds, made), str(c.calls)) for c in all_]
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    for r in rows:
        tap.note("  ".join(cell.ljust(n) for cell, n in zip(r, widths)).rstrip())


def main():
    need_root()
    tap, steady = Tap(), []
    with World(collect=False) as w, server(w) as w.torture:
        os.chmod(w.dir, 0o755)
        try:
            steady, brief = begin(tap, w)
            for c in steady:
                c.reference()
            time.sleep(1)  # all of them are at it
            made, odd = rounds(w, steady, brief)
            tap.check("%d agents, each %dth killed, end as told" % (made, KILL_EVERY), not odd, odd[:5])
            for c in steady:
                c.end()
            for c in steady + brief:
                c.judge(tap)
            table(tap, steady + brief, made)
            for c in steady + brief:
                tap.check("%s: was really watched" % c.name, c.calls > 0)
        finally:
            for p in [c.process for c in steady if c.process.poll() is None]:
                p.kill()
                p.wait()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
