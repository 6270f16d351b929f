# SPDX-License-Identifier: Apache-2.0
"""The world of a live test: a mock provider with its own CA, a collector, the agent.

    with World() as w, w.agent() as agent:
        w.run(w.sdk("openai", "sync", [{"api": "chat", "mock": "in=10"}]))
        judge(tap, "one call", w.finished(), agent)

Clients run as who we are. Only the agent gets root: as it is, or through `sudo -n`.
Everything started here is stopped here, by its pid; every wait has an end.
"""
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import genai
import spans
from tap import skip_all

ROOT = os.environ.get("ROOT") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
GENTAP = os.environ.get("GENTAP") or os.path.join(BUILD, "gentap")
NODE_MODULES = os.path.join(BUILD, "node")
SUDO = [] if os.geteuid() == 0 else ["sudo", "-n"]
KEY = "sk-gentap-live-secret-0123456789abcdef"  # must never be seen in anything the agent writes
READY_S, CLIENT_S, STOP_S, BUSY_S, WILD_S = 60, 120, 30, 90, 1.5
# From where a program has its TLS library to its first connection. What lives for milliseconds
# may be gone before the probes are in, and that is what judge_short() judges, and nothing else.
SETTLE_S = 0.5


def need_root():
    if SUDO and subprocess.run(SUDO + ["true"], capture_output=True).returncode:
        skip_all("needs root, or sudo without a password")
    if not os.path.exists(GENTAP):
        print("Bail out! no agent at %s: make all" % GENTAP)
        sys.exit(1)


def wait_for(what, limit, every=0.02):
    """The first true value of what(), or its last one after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got
        time.sleep(every)


def slack():
    """By how much times may be further off than on an idle machine: more the longer runnable
    threads have waited for a CPU in the last 10 s or 60 (Documentation/accounting/psi.rst)."""
    try:
        with open("/proc/pressure/cpu") as f:
            some = dict(x.split("=") for x in f.readline().split()[1:])
            return 1 + max(float(some["avg10"]), float(some["avg60"])) / 10
    except (OSError, KeyError):
        return 1 + 5 * os.getloadavg()[0] / os.cpu_count()


def make_ca(where):
    """ca.pem, and server.pem/key for the names that clients use; other.pem is a stranger."""
    run = lambda *a: subprocess.run(["openssl", *a], cwd=where, check=True, capture_output=True)
    for name in ("ca", "other"):
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-keyout", name + ".key", "-out", name + ".pem", "-subj", "/CN=gentap test " + name,
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "server.key",
        "-out", "server.csr", "-subj", "/CN=localhost")
    with open(os.path.join(where, "ext"), "w") as f:
        f.write("subjectAltName=DNS:localhost,DNS:api.openai.com,DNS:api.anthropic.com,IP:127.0.0.1\n"
                "extendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\nauthorityKeyIdentifier=keyid\n")
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
        "-out", "server.pem", "-extfile", "ext")


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


class Agent:
    """`gentap run` from its start until it is ready, and to its end."""

    def __init__(self, world, args, env, command):
        self.world, self.said, self.ready = world, [], False
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": world.collector.url, **env} if world.collector else env
        end = time.monotonic() + BUSY_S
        while True:
            self.start([command, *args], env)
            busy = not self.ready and any("running already" in line for line in self.said)
            if not busy or time.monotonic() > end:
                break
            time.sleep(1)  # somebody else's agent on this machine

    def start(self, args, env):
        self.said.clear()
        assign = ["%s=%s" % kv for kv in env.items()]
        clean = [x for k in os.environ if k.startswith("OTEL_") for x in ("-u", k)]
        self.process = subprocess.Popen([*SUDO, "env", *clean, *assign, GENTAP, *map(str, args)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                                        start_new_session=True)
        self.out = []
        self.readers = [threading.Thread(target=lambda f, to: to.extend(iter(f.readline, "")), args=a, daemon=True)
                        for a in ((self.process.stderr, self.said), (self.process.stdout, self.out))]
        for t in self.readers:
            t.start()
        wait_for(lambda: self.is_ready() or self.process.poll() is not None, READY_S)
        if self.process.poll() is not None:  # what it said may still be in the pipe
            self.readers[0].join(2)
        self.ready = self.is_ready()
        self.pid = self.process.pid
        if SUDO:  # sudo stays the parent of what it runs
            self.pid = (wait_for(lambda: children(self.process.pid), 2) or [self.pid])[0]

    def is_ready(self):
        return any(line.startswith("ready:") for line in list(self.said))

    def send(self, number):
        if self.process.poll() is None:
            subprocess.run([*SUDO, "kill", "-%d" % number, str(self.pid)], check=False, capture_output=True)

    def stop(self, number=signal.SIGTERM):
        """(exit status, seconds it took); killed, with None, when it does not end."""
        began = time.monotonic()
        self.send(number)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self.process.wait(STOP_S)
            status = None
        for t in self.readers:
            t.join(2)
        return status, time.monotonic() - began

    def stderr(self):
        return "".join(self.said)

    def spans(self):
        if not self.world.collector:
            return [s for s in spans.from_jsonl("".join(list(self.out))) if s.is_call]
        return self.world.collector.spans()


class World:
    """Without a collector, spans are those that the agent prints: `agent("-o", "otlp-json")`."""

    def __init__(self, collect=True, collector_class=None):
        self.stack, self.collect, self.collector = contextlib.ExitStack(), collect, None
        self.collector_class = collector_class

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="gentap-live-")
        self.stack.callback(shutil.rmtree, self.dir, True)
        os.chmod(self.dir, 0o755)  # containers and other users read the CA
        make_ca(self.dir)
        if self.collect:
            from collector import Collector  # its packages are not on every guest of tests/kernels
            self.collector = self.stack.enter_context((self.collector_class or Collector)())
        self.log = self.path("provider.jsonl")
        self.seen, self.exchanges = 0, []  # the last ones, those without a model too
        # A name of its own, so that the agent can be told to leave it out.
        name = self.path("mock-provider")
        os.symlink(os.path.realpath(sys.executable), name)
        self.provider = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "provider.py"), "--cert", self.path("server.pem"),
             "--key", self.path("server.key"), "--log", self.log],
            executable=name, stdout=subprocess.PIPE, stderr=open(self.path("provider.err"), "w"), text=True)
        self.stack.callback(self.stop_provider)
        self.port = int(self.provider.stdout.readline())
        self.base = "https://localhost:%d" % self.port
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def path(self, name):
        return os.path.join(self.dir, name)

    def stop_provider(self):
        self.provider.terminate()
        try:
            self.provider.wait(5)
        except subprocess.TimeoutExpired:
            self.provider.kill()
            self.provider.wait()

    @contextlib.contextmanager
    def agent(self, *args, env=None, command="run", exclude=True):
        args = (*args, "--exclude-comm", "mock-provider") if exclude and command == "run" else args
        a = Agent(self, args, env or {}, command)
        try:
            if not a.ready:
                raise RuntimeError("the agent did not get ready: %s" % a.stderr())
            yield a
        finally:
            a.stop()

    # ---- Clients ---------------------------------------------------------------------
    def env(self, **more):
        ca = self.path("ca.pem")
        e = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_") and not k.endswith("_proxy")}
        e.update(SSL_CERT_FILE=ca, REQUESTS_CA_BUNDLE=ca, NODE_EXTRA_CA_CERTS=ca, CURL_CA_BUNDLE=ca,
                 OPENAI_API_KEY=KEY, ANTHROPIC_API_KEY=KEY, OPENAI_BASE_URL=self.base + "/v1",
                 ANTHROPIC_BASE_URL=self.base, **more)
        return e

    def sdk(self, sdk, mode, calls, **more):
        return [sys.executable, os.path.join(HERE, "clients", "sdk.py"),
                json.dumps(dict(sdk=sdk, mode=mode, calls=calls, **more))]

    def node(self, sdk, calls, **more):
        return self.node_program("sdk.mjs", dict(sdk=sdk, calls=calls, **more))

    def node_program(self, name, spec):
        return [*self.node_command(name), json.dumps(spec)]

    @staticmethod
    def node_command(name):
        # Beside its node_modules: ES modules are found from where the program lies.
        program = shutil.copy(os.path.join(HERE, "clients", name), NODE_MODULES)
        owner = os.stat(NODE_MODULES)  # the tree's: under sudo nothing of root's stays in it
        os.chown(program, owner.st_uid, owner.st_gid)
        return ["node", program]

    def plain(self, how, api, **spec):
        spec.setdefault("before", SETTLE_S)
        return [sys.executable, os.path.join(HERE, "clients", "plain.py"), how, self.base, json.dumps(dict(spec, api=api))]

    def start(self, command, **more):
        more.setdefault("env", self.env())
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, **more)

    def run(self, command, limit=CLIENT_S, **more):
        """Runs a client to its end: (pid, stdout). Raises when it fails."""
        p = self.start(command, **more)
        try:
            out, err = p.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
            raise RuntimeError("client took more than %d s: %s" % (limit, err[-500:])) from None
        if p.returncode:
            raise RuntimeError("client failed: exit status %d: %s" % (p.returncode, err[-2000:]))
        return p.pid, out

    def curl(self, *args, limit=CLIENT_S):
        """curl's pid. It waits for the rest of its options before it connects: SETTLE_S."""
        p = subprocess.Popen(["curl", "-sS", "-K", "-", *args], env=self.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        time.sleep(SETTLE_S)
        try:
            _, err = p.communicate("", timeout=limit)
        except subprocess.TimeoutExpired:
            p.kill()
            p.communicate()
            raise
        if p.returncode:
            raise RuntimeError("curl failed: exit status %d: %s" % (p.returncode, err[-2000:]))
        return p.pid

    # ---- Ground truth ----------------------------------------------------------------
    def finished(self, count=None, limit=5):
        """What the provider answered since the last time, LLM calls only, in order; waits
        until what has begun is over, and `count` of them."""
        def lines(path):
            with open(path, encoding="utf-8") as f:
                return [json.loads(line) for line in f.read().splitlines() if line.endswith("}")]
        begun = {e["exchange"] for e in lines(self.log + ".begun")}
        wait_for(lambda: begun <= {e["exchange"] for e in lines(self.log)} and len(lines(self.log)) >= self.seen + (count or 0), limit)
        entries = lines(self.log)
        self.exchanges, self.seen = entries[self.seen:], len(entries)
        return [e for e in self.exchanges if e["api"]]


def expected(entry):
    want = genai.Expected(**entry["truth"])
    if entry["status"] >= 400:
        want.finish = genai.ANY
    if entry.get("broken") or not entry["complete"]:  # how much of it came is not certain
        for field in ("input", "output", "cache_read", "cache_write", "reasoning", "finish", "tools"):
            setattr(want, field, genai.ANY)
    if not entry["complete"]:
        want.error = genai.ANY
        want.response_model = want.id = genai.ANY
    return want


def key(entry):
    return entry["request_id"]


def spans_of(entries, agent, limit=6.0, extra=0.3):
    """{request id: [spans]} once all are there, and a moment later for duplicates."""
    wanted = {key(e) for e in entries}

    def found():
        by = {}
        for s in agent.spans():
            by.setdefault(s[genai.REQUEST_ID], []).append(s)
        return by
    last = max((e["ended"] for e in entries), default=0) / 1e9
    wait_for(lambda: wanted <= set(found()), max(limit, last + limit - time.time()))
    time.sleep(extra)
    return found()


def judge(tap, name, entries, agent, pids=None, ttft_s=0.08, end_s=0.15, arrival_s=1.0, full=True, count=None):
    """Holds the spans of these exchanges against the provider's log; one test result.

    ttft_s, end_s: how far the agent's times may lie from the provider's, in the median
    (single ones are late by WILD_S at most). arrival_s: how long after the end of the
    response the span may reach the collector, in the same way. On an idle machine: slack().
    """
    by, wrong, busy = spans_of(entries, agent), [], slack()
    ttft_s, end_s, arrival_s = ttft_s * busy, end_s * busy, arrival_s * busy
    if count is not None and len(entries) != count:
        wrong.append("the provider saw %d calls, not %d" % (len(entries), count))
    late, off = [], {"time to first chunk": (ttft_s, []), "beginning": (end_s, []), "end": (end_s, [])}
    for e in entries:
        got, label = by.get(key(e), []), "%s %s %s" % (key(e), e["path"], e["mock"])
        if len(got) != 1:
            wrong.append("%s: %d spans" % (label, len(got)))
            continue
        s = got[0]
        wrong += ["%s: %s: want %r, got %r" % (label, f, w, g) for f, (w, g) in genai.differences(expected(e), s).items()]
        if pids is not None and s.pid not in pids:
            wrong.append("%s: process.pid %r, not one of %r" % (label, s.pid, sorted(pids)))
        if full and e["complete"] and s[genai.COMPLETENESS] != "full":
            wrong.append("%s: %s (%s)" % (label, s[genai.COMPLETENESS], s["gentap.partial_reason"]))
        for what, seconds in times(e, s).items():
            off[what][1].append(seconds)
            if seconds is None or abs(seconds) > WILD_S * busy:
                wrong.append("%s: %s is %r s off" % (label, what, seconds))
        # The response has ended when the client has read it, which a busy one does late.
        late.append((s.arrival_ns - max(e["ended"], s.end_ns)) / 1e9)
        if late[-1] > arrival_s + WILD_S * busy:
            wrong.append("%s: reached the collector %.2f s after the response ended" % (label, late[-1]))
    for what, (limit, seconds) in off.items():
        middle = statistics.median([abs(x) for x in seconds if x is not None] or [0])
        if middle > limit:
            wrong.append("%s is %.3f s off in the median, at most %.3f" % (what, middle, limit))
    if late and statistics.median(late) > arrival_s:
        wrong.append("reached the collector %.2f s after the response ended in the median" % statistics.median(late))
    died = getattr(agent, "process", None) and agent.process.poll()
    if died not in (None, 0):
        wrong.append("the agent died, exit status %d: %s" % (died, agent.stderr()[-3000:]))
    return tap.check("%s (%d calls, last span %.2f s after its response)" % (name, len(entries), max(late, default=0)),
                     entries and not wrong, (wrong or ["the provider saw no call"])[-40:] + ["%d complaints" % len(wrong)])


def judge_short(tap, name, w, agent, pids, count, missed_max):
    """Of the calls tagged "short", one each of `count` processes. The kernel tells of a process
    while it runs: on a machine that is busy enough, one in many is gone before the probes are in."""
    entries = [e for e in w.finished() if e["tag"] == "short"]
    seen = spans_of(entries, agent)
    missed = [(e["path"], key(e)) for e in entries if key(e) not in seen]
    tap.check("%d of %d short processes were seen from their first byte" % (len(entries) - len(missed), count),
              len(entries) == count and len(missed) <= missed_max, missed)
    judge(tap, name, [e for e in entries if key(e) in seen], agent, pids=pids)


def times(e, s):
    """{what: seconds by which the span differs from the provider; None: it should have it}"""
    out = {}
    if e["complete"] and e["truth"].get("stream") and e["status"] == 200:
        got = s[genai.TTFC]
        out["time to first chunk"] = got - (e["first"] - e["began"]) / 1e9 if isinstance(got, float) else None
    elif s[genai.TTFC] is not None and not e["truth"].get("stream"):
        out["time to first chunk"] = None
    if e["complete"]:
        out["end"] = (s.end_ns - e["ended"]) / 1e9
    if e["complete"] and e["request_bytes"] < 1 << 20:
        out["beginning"] = (s.start_ns - e["began"]) / 1e9
    return out
