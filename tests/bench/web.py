# SPDX-License-Identifier: Apache-2.0
"""What web servers that serve no LLM traffic lose: the section `web` of tests/bench/run.

The server has a CPU of its own, the client (web.c) another. The CPU time that the server takes
for a request decides: it is what gentap adds to, and while the server is busy its throughput is
nothing but the inverse. It is known for windows of some milliseconds.

No machine is quiet for long enough: from one second to the next a request may take a quarter
more, with nothing attached. What is measured is therefore attached and taken out again every
tenth of a second (probes.c), and each tenth compared with those around it. A process whose
connections are all of no interest is parked: the agent takes its probes out, and what remains
are gentap's programs at the tracepoints of sockets, which are not about a process. Those are
what it pays (`gentap, parked`). Beside them are measured: empty programs at the same places, the
floor; an empty pair of probes in SSL_read and SSL_write, the least that staying attached would
cost; and empty programs at the ends of the system calls that transfer bytes, the least that
watching standard streams costs, which the agent does while there is an MCP server.

At the end the running agent itself is compared with none, in rounds of seconds: that shows that
it does park the server, and its figure is as good as the noise beside it.
"""
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import time

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLE_S = 1
TOGGLED_S, TOGGLE_MS = 15, 40
CONNECTIONS = 16

NGINX = """daemon off; pid %(d)s/nginx.pid; error_log %(d)s/nginx.err; worker_processes 1; events { worker_connections 256; }
http { access_log off; client_body_temp_path %(d)s/t1; proxy_temp_path %(d)s/t2; fastcgi_temp_path %(d)s/t3; uwsgi_temp_path %(d)s/t4; scgi_temp_path %(d)s/t5;
 keepalive_requests 1000000;
 server { listen 127.0.0.1:%(port)d ssl; ssl_certificate %(d)s/server.pem; ssl_certificate_key %(d)s/server.key; root %(d)s/www; }
 server { listen 127.0.0.1:%(plain)d; root %(d)s/www; } }
"""


# ---- Servers ---------------------------------------------------------------------------
def pinned(command, cpu):
    """On that CPU alone, where there is more than one, and before what else runs there."""
    command = ["nice", "-n", "-15", *command] if os.geteuid() == 0 else command
    return ["taskset", "-c", str(cpu), *command] if os.cpu_count() > 1 else command


def start(command):
    return subprocess.Popen(pinned(command, os.cpu_count() - 1), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start_nginx(w, work, port):
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        return None
    os.makedirs(w.path("www"), exist_ok=True)
    with open(w.path("www/file"), "w") as f:
        f.write("x" * 1024)
    with open(w.path("nginx.conf"), "w") as f:
        f.write(NGINX % {"d": w.dir, "port": port, "plain": port + 1})
    return start([nginx, "-c", w.path("nginx.conf")])


def start_go(w, work, port):
    server = os.path.join(work, "go-server")
    env = dict(os.environ, GO111MODULE="off", GOENV="off", CGO_ENABLED="0")
    if not shutil.which("go") or subprocess.run(["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", server, "main.go"],
                                                cwd=HERE + "/go", env=env).returncode:
        return None
    return start([server, w.dir, str(port)])  # stderr is dropped: wrk ends without a close_notify


SERVERS = (  # title, how it is started, over TLS?, has it the probe points of libssl?
    ("nginx over TLS", start_nginx, True, True),
    ("nginx in the clear", start_nginx, False, False),
    ("Go over TLS", start_go, True, False),
)


class Load:
    """The client against one server."""

    def __init__(self, w, work, server, port, tls):
        worker = (harness.children(server.pid) or [server.pid])[0]  # the process that answers
        self.worker = worker
        self.command = pinned([work + "/bench-web", str(port), w.path("ca.pem") if tls else "-", str(worker),
                               str(CONNECTIONS)], 0)

    def run(self, seconds):
        """Windows: [CPU ns a request of the server, of the client, its end on CLOCK_MONOTONIC]."""
        p = subprocess.run([*self.command, str(seconds)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=60)
        return json.loads(p.stdout)["windows"]

    def sample(self):
        """CPU us a request of the server."""
        return statistics.median(w[0] for w in self.run(SAMPLE_S)) / 1e3


# ---- What is attached ------------------------------------------------------------------
NAMES = {
    "judged": "gentap, parked",
    "sockets": "empty programs at the same places",
    "emulated": "empty probes in SSL_read and SSL_write",
    "exits": "empty programs at system calls' ends",
}


def toggled(work, load, mode, points):
    """What it adds, in per cent, of each time that it was attached."""
    lib, _, inner = points
    offsets = ["%x" % inner[i] for i in (0, 2, 1, 3)] if mode == "emulated" else []
    program = work + "/probes.bpf.o" if mode != "judged" else os.path.join(os.path.dirname(work), "gen", "gentap.bpf.o")
    p = subprocess.Popen([*harness.SUDO, "env", "PROBES_BPF=" + program, "TOGGLE_MS=%d" % TOGGLE_MS, work + "/probes", mode, lib,
                          str(load.worker), *offsets], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        if p.stdout.readline() != "ready\n":
            raise RuntimeError("probes %s: exit status %s" % (mode, p.wait()))
        windows = load.run(TOGGLED_S)
    finally:
        me = (harness.children(p.pid) or [p.pid])[0] if harness.SUDO else p.pid
        subprocess.run([*harness.SUDO, "kill", str(me)])
        said = p.communicate(timeout=10)[0]
    periods = []
    for begin, end, attached in json.loads(said):
        inside = [b[0] for a, b in zip(windows, windows[1:]) if begin <= a[2] and b[2] <= end]
        periods.append((attached, statistics.median(inside) if len(inside) >= 3 else None))
    return [100 * (b / statistics.mean((a, c)) - 1) for (_, a), (on, b), (_, c) in zip(periods, periods[1:], periods[2:])
            if on and a and b and c]


@contextlib.contextmanager
def agent(w):
    """Without the client: it is a new process each time, and would be judged anew. And without
    what watching an MCP server costs: there may be one on this machine."""
    with w.agent("--exclude-comm", "bench-web", "--feature-off", "stdio") as a:
        yield a


def spread(values):
    q = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return "%6.2f (half of them in %.2f to %.2f, all in %.2f to %.2f)" % (
        statistics.median(values), q[0], q[2], min(values), max(values))


def interval(values):
    """The median, and where that of all such values is to be found (95 of 100 times)."""
    values, n = sorted(values), len(values)
    off = 0.98 * n ** 0.5
    return "%6.2f (%.2f to %.2f; %d times)" % (
        statistics.median(values), values[max(0, int(n / 2 - off))], values[min(n - 1, int(n / 2 + off))], n)


def measure(w, work, load, rounds, modes, points):
    load.sample()
    print("   CPU us a request of the server, without anything: %s; added, in %%:" % spread([load.sample() for _ in range(5)]))
    added = {m: [] for m in modes}
    for _ in range(max(1, rounds // 5)):
        for mode in modes:
            added[mode] += toggled(work, load, mode, points)
    for mode in modes:
        print("      %-44s %s" % (NAMES[mode], interval(added[mode])))
    without, first, then = [load.sample()], [], []
    for _ in range(rounds):
        with agent(w):
            first.append(load.sample())
            then.append(load.sample())
        without.append(load.sample())
    around = [statistics.mean(pair) for pair in zip(without, without[1:])]
    print("   rounds of seconds, in %:")
    for name, values in (("the agent's first second", first), ("the agent, later", then), ("nothing, the noise", without[1:])):
        print("      %-44s %s" % (name, interval([100 * (x / a - 1) for x, a in zip(values, around if values is not without[1:] else without)])))
    return statistics.median(added["judged"])


def bench(w, rounds, work, points, only=""):
    os.chmod(w.path("server.key"), 0o644)
    for n, (title, begin, tls, has_points) in enumerate(SERVERS):
        if only not in title:
            continue
        print("\n== %s, no LLM traffic: 1 KB answers, %d connections, %d rounds" % (title, CONNECTIONS, rounds))
        port = 20000 + (os.getpid() + 2 * n) % 20000
        server = begin(w, work, port)
        if not server:
            print("   skipped: needs nginx and Go (apt-get install nginx-light golang)")
            continue
        try:
            time.sleep(0.5)
            modes = ["judged", "sockets"] + ["emulated"] * bool(has_points and points[2]) + ["exits"]
            got = measure(w, work, Load(w, work, server, port + (not tls), tls), rounds, modes, points)
            print("   => once it is judged the server loses %.2f %%   (target <= 2)" % got)
        finally:
            server.terminate()
            server.wait(10)
