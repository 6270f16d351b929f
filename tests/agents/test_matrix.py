#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real runtimes and agents, pinned, against the mock provider: which stack is seen how.

Prints a matrix; a cell is a measurement (seen/made) or the reason why there is none:

  first     calls of the first run of a build that was never seen before
  request   calls whose span has the request's model and the right process
  response  calls whose span has the provider's tokens and finish, and is complete
  peer      calls on a connection whose socket is known, with the provider's port
  SNI       calls on a connection whose ClientHello was seen, with the server's name
  short     calls of SHORT runs of a process that makes one call and ends
  mid-life  calls made after the agent was started, of a process that called before

MATRIX=FILE: writes it there too, beside what of the file was not run this time; table.py makes
README's table of that.
"""
import glob
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "live"), os.path.join(HERE, "..", "common")]
import binaries
import genai
from harness import KEY, SUDO, World, expected, key, need_root, spans_of, wait_for
from tap import Tap

SHORT = int(os.environ.get("SHORT", 20))
RUN_S, WARM_MAX, ANSWERED_S = 60, 3, 10
COLUMNS = ("first", "request", "response", "peer", "SNI", "short", "mid-life")
CLIENTS = os.path.join(HERE, "clients")
QUIET = {"DISABLE_TELEMETRY": "1", "DISABLE_AUTOUPDATER": "1", "DISABLE_ERROR_REPORTING": "1", "DO_NOT_TRACK": "1",
         "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
         "OPENCODE_DISABLE_MODELS_FETCH": "1", "NO_COLOR": "1"}
MOCK = "cached=7,in=70,out=9"


class Client:
    """A way to make LLM calls: its command, and whether it can be told when (BASE, CALLS, GO)."""

    def __init__(self, name, stack, binary=None, command=None, told=True, short=True, env=None, missing=None, late=None, flags=(), known=None):
        self.name, self.stack, self.binary, self.command = name, stack, binary, command
        self.told, self.env, self.missing, self.flags = told, env or (lambda w: {}), missing or (lambda: None), flags
        self.short = short or "-: an agent, not a short program"
        self.late = late or (None if told else "-: calls when it likes")
        self.known = known or {}  # column: why it is not whole

    def prepare(self, w):
        """None, or why it cannot be run."""
        self.path = binaries.path(self.binary) if self.binary else None
        if self.binary and not self.path:
            return binaries.reason(self.binary)
        return self.missing()

    def start(self, w, **told):
        env = {**w.env(), **QUIET, "BASE": w.base, "HOME": w.path("home"), **self.env(w), **told}
        return subprocess.Popen(self.command(w, self.path), env=env, cwd=w.path("home"), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")

    def wait(self, w, p):
        """(What it said, whether it ended.) An agent may stay when it has its answer (opencode 1.18.34): that is an end too."""
        end, lines, since = time.monotonic() + RUN_S, count_lines(w.log), None
        while True:
            try:
                return p.communicate(timeout=1)[0], True
            except subprocess.TimeoutExpired:
                now, n = time.monotonic(), count_lines(w.log)
            if n != lines:
                lines, since = n, now
            answered = not self.told and since and now - since > ANSWERED_S
            if answered or now > end:
                p.kill()
                return p.communicate()[0], bool(answered)

    def run(self, w, **told):
        """Its last words when it failed. Agents may, over a mock that answers oddly: calls are what counts."""
        p = self.start(w, **told)
        out, ended = self.wait(w, p)
        if not ended:
            return "no end: " + out[-200:]
        self.said = out[-300:]
        return "" if p.returncode == 0 or not self.told else self.said


def fetch(w, path):
    return [path, os.path.join(CLIENTS, "fetch.mjs")]


def itself(w, path):
    return [path]


def rust(**more):
    return lambda w: {"WAIT": "50", **more}


def gcloud_python():
    """OpenSSL and _ssl inside of libpython, stripped, as uv's interpreters have them."""
    found = glob.glob("/usr/lib/google-cloud-sdk/platform/bundledpythonunix/bin/python3.[0-9]*")
    return next((f for f in sorted(found) if not f.endswith("config")), "")


def deno(w, path):
    return [path, "run", "-A", "--no-lock", "--cert", w.env()["SSL_CERT_FILE"], os.path.join(CLIENTS, "fetch.mjs")]


def claude(w, path):
    return [path, "-p", "say hi", "--model", "claude-mock-4"]


def codex(w, path):
    provider = '{name="mock",base_url="%s/v1",env_key="OPENAI_API_KEY",wire_api="responses",http_headers={"x-mock"="%s"}}' % (w.base, MOCK)
    return [path, "exec", "--skip-git-repo-check", "-c", 'model_provider="mock"', "-c", "model_providers.mock=" + provider,
            "-m", "gpt-mock-4", "say hi"]


def gemini(w, path):
    return ["node", path, "-p", "say hi", "-m", "gemini-2.5-pro"]


def gemini_env(w):
    os.makedirs(w.path("home/.gemini"), exist_ok=True)
    with open(w.path("home/.gemini/settings.json"), "w") as f:
        json.dump({"security": {"auth": {"selectedType": "gemini-api-key"}}, "privacy": {"usageStatisticsEnabled": False},
                   "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False}}, f)
    return {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": w.base, "GEMINI_CLI_TRUST_WORKSPACE": "true"}


def go(w, path):
    program = w.path("go-client")
    if not os.path.exists(program):
        subprocess.run(["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, os.path.join(CLIENTS, "calls.go")], check=True,
                       env={**os.environ, "GO111MODULE": "off", "CGO_ENABLED": "0"}, timeout=600)
    return [program]


def openai_go(w, path):
    """The SDK's own client, by the program of tests/live."""
    program = w.path("openai-go")
    if not os.path.exists(program):
        subprocess.run(["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "."], cwd=os.path.join(HERE, "..", "live", "clients", "go", "sdk"), check=True,
                       env={**os.environ, "GOENV": "off", "CGO_ENABLED": "0"}, timeout=900)
    return [program]


def dotnet(w, path):
    return [sys.executable, os.path.join(CLIENTS, "dotnet.py")]


def dotnet_env(w):
    runtime = binaries.path("dotnet-8.0")
    return {**beside("pythonnet", 2)(w), "RUNTIME": os.path.dirname(runtime) if runtime else "", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}


def opencode(w, path):
    with open(w.path("opencode.json"), "w") as f:
        json.dump({"provider": {"mock": {"npm": "@ai-sdk/openai-compatible", "name": "mock", "models": {"gpt-mock-4": {"name": "m"}},
                                         "options": {"baseURL": w.base + "/v1", "apiKey": KEY, "headers": {"x-mock": MOCK}}}},
                   "autoupdate": False, "share": "disabled"}, f)
    return [path, "run", "-m", "mock/gpt-mock-4", "say hi"]


def python_client(which, python=sys.executable):
    return lambda w, path: [python, os.path.join(CLIENTS, "calls.py"), which]


def java(kind):
    def command(w, path):
        classes = w.path("classes")
        if not os.path.exists(classes):
            subprocess.run(["javac", "-nowarn", "--release", "11", "-d", classes, os.path.join(HERE, "..", "live", "clients", "java", "Calls.java")],
                           check=True, capture_output=True, timeout=120)
        return ["java", "-cp", classes, "Calls", kind]
    return command


def nss(w, path):
    program = w.path("nss-client")
    if not os.path.exists(program):
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "nss"], capture_output=True, text=True, check=True).stdout.split()
        subprocess.run(["gcc", "-O1", "-o", program, os.path.join(CLIENTS, "nss.c"), *flags], check=True)
    return [program]


def need(*programs, package=None):
    def missing():
        lacking = [p for p in programs if not shutil.which(p)]
        if lacking:
            return "no %s here" % lacking[0]
        if package and subprocess.run(["pkg-config", "--exists", package]).returncode:
            return "no headers of %s here" % package
        return None
    return missing


def beside(name, levels):
    """The environment to import a fetched Python package."""
    def env(w):
        where = binaries.path(name)
        for _ in range(levels):
            where = os.path.dirname(where)
        return {"PYTHONPATH": where}
    return env


ROWS = [
    *(Client("Bun " + v, "BoringSSL", "bun-" + v, fetch) for v in ("1.1.0", "1.2.0", "1.3.0", "1.3.14", "1.4.3", "1.4.5")),
    *(Client("Claude Code " + v, "BoringSSL", "claude-" + v, claude, told=False, short=False) for v in ("2.1.121", "2.1.233", "2.1.330", "latest")),
    *(Client("opencode " + v, "BoringSSL", "opencode-" + v, opencode, told=False, short=False,
             env=lambda w: {"OPENCODE_CONFIG": w.path("opencode.json")}) for v in ("1.18.33", "latest")),
    *(Client("gemini-cli " + v, "OpenSSL (Node)", "gemini-" + v, gemini, told=False, short=False, env=gemini_env, missing=need("node"))
      for v in ("0.61.0", "latest")),
    *(Client("Codex " + v, "OpenSSL 3, stripped", "codex-" + v, codex, told=False, short=False) for v in ("0.34", "0.99")),
    *(Client("Codex " + v, "rustls, AWS-LC", "codex-" + v, codex, told=False, short=False) for v in ("0.169", "latest")),
    Client("Deno 2.9.6", "rustls, AWS-LC", "deno-2.9.6", deno, env=lambda w: {"DENO_DIR": w.path("deno"), "DENO_TLS_CA_STORE": "system"}),
    Client("Deno 2.2.0", "rustls, ring 0.17.8", "deno-2.2.0", deno, env=lambda w: {"DENO_DIR": w.path("deno"), "DENO_TLS_CA_STORE": "system"}),
    Client("reqwest 0.13", "rustls, AWS-LC", "rust-awslc", itself, env=rust()),
    Client("reqwest 0.12", "rustls, ring 0.17.14", "rust-ring17", itself, env=rust()),
    Client("reqwest 0.12, TLS 1.2", "rustls, ring 0.17.14", "rust-ring17", itself, env=rust(TLS="1.2")),
    Client("ureq 2.6", "rustls, ring 0.16.20", "rust-ring16", itself, env=rust()),
    Client("ureq 2.6, TLS 1.2", "rustls, ring 0.16.20", "rust-ring16", itself, env=rust(TLS="1.2")),
    Client("reqwest 0.12, native-tls", "OpenSSL, shared", "rust-nativetls", itself, env=rust(), missing=need("pkg-config", package="openssl")),
    Client("Node 26.10, official", "OpenSSL 3, symbols", "node-26.10", fetch),
    Client("node of this machine", "OpenSSL", None, lambda w, p: ["node", os.path.join(CLIENTS, "fetch.mjs")], missing=need("node")),
    Client("pyOpenSSL 26.4 (pyca)", "OpenSSL 4, in a wheel", "pyopenssl", python_client("pyopenssl"), env=beside("pyopenssl", 2)),
    Client(".NET 8.0", "OpenSSL, shared", "pythonnet", dotnet, env=dotnet_env),
    Client("awscrt 0.38", "s2n", "awscrt", python_client("awscrt"), env=beside("awscrt", 1)),
    Client("curl_cffi 0.17", "BoringSSL", "curl-cffi", python_client("curl_cffi"), env=beside("curl-cffi", 2)),
    Client("primp 0.15", "BoringSSL", "primp-0.15", python_client("primp"), env=beside("primp-0.15", 2)),
    Client("impit 0.15", "rustls, AWS-LC", "impit", python_client("impit"), env=beside("impit", 2)),
    Client("httpr 0.7", "rustls, ring 0.17.14", "httpr", python_client("httpr"), env=beside("httpr", 2)),
    Client("tls_client 2.0", "Go crypto/tls", "tls-client", python_client("tls_client"), env=beside("tls-client", 3)),
    Client("gnutls-cli", "GnuTLS", None, lambda w, p: ["sh", os.path.join(CLIENTS, "gnutls.sh")], env=lambda w: {"WAIT": "0.05"}, missing=need("gnutls-cli"),
           late="-: a process for each call"),
    Client("curl", "OpenSSL, shared", None, lambda w, p: ["sh", os.path.join(CLIENTS, "curl.sh")], env=lambda w: {"WAIT": "0.05"},
           missing=need("curl"), late="-: a process for each call"),
    Client("Python of the system", "OpenSSL, shared", None, python_client("stdlib", "/usr/bin/python3"), missing=need("/usr/bin/python3")),
    Client("Python of the tests", "OpenSSL, shared", None, python_client("stdlib")),
    Client("Python of uv", "OpenSSL, static", None, missing=lambda: "its builds are on no package registry"),
    Client("Python of the Google Cloud SDK", "OpenSSL, static, stripped", None, python_client("stdlib", gcloud_python()),
           missing=lambda: None if gcloud_python() else "it is not installed here"),
    Client("Go net/http, stripped", "Go crypto/tls", None, go, env=rust(), missing=need("go")),
    Client("openai-go, stripped", "Go crypto/tls", None, openai_go, env=lambda w: {"OPENAI_BASE_URL": w.base + "/v1", "WAIT": "50"}, missing=need("go")),
    # Without the flag the ledger says opaque. Its hooks are in a second or two after a JVM has begun.
    *(Client("Java, " + name, "JSSE, by --java-attach", None, java(kind), env=rust(WAIT="3000"), flags=("--java-attach",),
             short="-: hooks come while a JVM runs", missing=need("java", "javac"), known=known)
      for name, kind, known in (("SSLEngine", "engine", {}), ("SSLSocket", "socket", {"SNI": "it sends none to a name without a dot"}))),
    Client("NSS client", "NSS", None, nss, env=rust(), missing=need("gcc", "pkg-config", package="nss")),
]


def records(path):
    """(type, tgid, ptr, payload) of a trace file that may still be written to."""
    data = subprocess.run([*SUDO, "cat", path], capture_output=True, check=True).stdout
    at = 40
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        at += 8
        if at + size > len(data):
            break
        if kind == 1:
            what, = struct.unpack_from("<B", data, at)
            ptr, = struct.unpack_from("<Q", data, at + 16)
            tgid, = struct.unpack_from("<I", data, at + 32)
            yield what, tgid, ptr, data[at + 64:at + size]
        at += size


def bindings(path, port):
    """{client's port: server's name seen} of connections to the provider."""
    hellos, out = {}, {}
    for what, tgid, ptr, payload in records(path):
        if what == 4:
            hellos[tgid, ptr] = b"localhost" in payload
        elif what == 3:
            sock, local, peer = struct.unpack_from("<Q4xHH", payload)
            if peer == port:
                out[local] = hellos.get((tgid, sock), False)
    return out


def seen(good, made):
    return "%d/%d" % (good, made)


def look(w, agent, entries, trace):
    """The cells request, response, peer and SNI of these calls."""
    by, request, response = spans_of(entries, agent), 0, 0
    for e in entries:
        got = by.get(key(e), [])
        if len(got) != 1:
            continue
        wrong = set(genai.differences(expected(e), got[0]))
        request += not wrong & {"model", "request_model", "operation", "stream"}
        response += not wrong and (got[0][genai.COMPLETENESS] == "full" or not e["complete"])
    bound = bindings(trace, w.port)
    ports = [e["client_port"] for e in entries]
    made = len(entries)
    return {"request": seen(request, made), "response": seen(response, made),
            "peer": seen(sum(p in bound for p in ports), made), "SNI": seen(sum(bound.get(p, False) for p in ports), made)}


def first_and_warm(w, agent, client, trace):
    cells = {}
    said = client.run(w)
    entries = w.finished()
    by = spans_of(entries, agent, limit=1.5)
    cells["first"] = seen(sum(key(e) in by for e in entries), len(entries))
    for _ in range(WARM_MAX if not any(key(e) in by for e in entries) else 0):  # a build's first sight costs a search
        client.run(w)
        again = w.finished()
        if spans_of(again, agent, limit=1.5).keys() & {key(e) for e in again}:
            break
    said = client.run(w, CALLS="3") or client.run(w, CALLS="3", STREAM="1")
    entries = w.finished()
    if not entries:
        return {**cells, **{c: "no call: " + " ".join((said or client.said).split())[-60:] for c in COLUMNS[1:5]}}
    return {**cells, **look(w, agent, entries, trace)}


def short_lived(w, agent, client):
    if client.short is not True:
        return client.short
    began, lasted = time.monotonic(), []
    for _ in range(SHORT):
        at = time.monotonic()
        client.run(w)
        lasted.append(time.monotonic() - at)
    entries = w.finished()
    by = spans_of(entries, agent)
    lasted.sort()
    return "%s, %d ms" % (seen(sum(key(e) in by for e in entries), len(entries)), 1000 * lasted[len(lasted) // 2])


def mid_life(w, clients, cache, flags):
    """All at once: they call, the agent starts, they call again, twice."""
    go, cells, running = w.path("go"), {}, {}
    for c in clients:
        if c.late:
            cells[c.name] = c.late
            continue
        running[c.name] = c.start(w, CALLS="3", GO=go)
        wait_for(lambda: count_lines(w.log) > w.seen, 20)
        before = w.finished()
        if not before:
            cells[c.name] = "-: no call before"
    with w.agent(*flags, env=cache) as agent:
        time.sleep(2)
        with open(go, "w"):
            pass
        for p in running.values():
            try:
                p.communicate(timeout=RUN_S)
            except subprocess.TimeoutExpired:
                p.kill()
                p.communicate()
        entries = w.finished()
        by = spans_of(entries, agent)
        for c in clients:
            if c.name in cells:
                continue
            # Told apart by process: a span names it, the provider's log the port.
            mine = [s for e in entries for s in by.get(key(e), []) if s.pid == running[c.name].pid]
            cells[c.name] = seen(len(mine), 2)
    return cells


def count_lines(path):
    with open(path, encoding="utf-8") as f:
        return sum(1 for _ in f)


def table(tap, rows):
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    for r in rows:
        tap.note("  ".join(cell.ljust(n) for cell, n in zip(r, widths)).rstrip())


def whole(cell):
    made = cell.split(",")[0].split("/")
    return len(made) == 2 and made[0] == made[1] != "0"


def keep(path, rows, cells):
    """What was measured now, beside what of the file was not."""
    kept = {}
    if os.path.exists(path):
        with open(path) as f:
            kept = {r["client"]: r for r in json.load(f)["rows"]}
    for c in rows:
        if c.name not in kept or not cells[c.name]["request"].startswith("-"):
            kept[c.name] = {"client": c.name, "stack": c.stack, **cells[c.name]}
    order = [c.name for c in ROWS]
    with open(path, "w") as f:
        rows = [json.dumps(kept[n]) for n in order if n in kept]
        f.write('{"kernel": %s, "rows": [\n%s\n]}\n' % (json.dumps(os.uname().release), ",\n".join(rows)))


def main():
    need_root()
    tap, cells, rows = Tap(), {}, [c for c in ROWS if not sys.argv[1:] or any(a in c.name for a in sys.argv[1:])]
    with World() as w:
        os.makedirs(w.path("home"), exist_ok=True)
        trace = w.path("trace")
        usable = []
        for c in rows:
            why = c.prepare(w)
            if why:
                cells[c.name] = dict.fromkeys(COLUMNS, "-: " + why)
                tap.skip(c.name, why)
            else:
                usable.append(c)
        cache = {"CACHE_DIRECTORY": w.path("cache")}
        flags = sorted({f for c in usable for f in c.flags})
        with w.agent("--record", trace, *flags, env=cache) as agent:
            for c in usable:
                cells[c.name] = first_and_warm(w, agent, c, trace)
                cells[c.name]["short"] = short_lived(w, agent, c)
        late = mid_life(w, usable, cache, flags)
        for c in usable:
            cells[c.name]["mid-life"] = late[c.name]
            got = cells[c.name]
            for k in c.known:
                got[k] += "" if whole(got[k]) else ": " + c.known[k]
            tap.check(c.name, all(whole(got[k]) or k in c.known for k in ("request", "response", "peer", "SNI")) and
                      all(whole(got[k]) or got[k].startswith("-") for k in ("mid-life",)) and
                      (got["short"].startswith("-") or share(got["short"]) >= 0.95), sorted(got.items()))
    table(tap, [("client", "stack", *COLUMNS)] + [(c.name, c.stack, *(cells[c.name][k] for k in COLUMNS)) for c in rows])
    if os.environ.get("MATRIX"):
        keep(os.environ["MATRIX"], rows, cells)
    return tap.done()


def share(cell):
    good, made = cell.split(",")[0].split("/")
    return int(good) / max(int(made), 1)


if __name__ == "__main__":
    sys.exit(main())
