#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tools ask of databases, by their official clients: Redis and PostgreSQL themselves, plain,
over TLS and over Unix sockets, and a server that speaks as much of MySQL's protocol as its client needs. Each
statement is a span below its tool, by its shape; of values nothing is told, and nothing of what
is asked while no tool is open."""
import contextlib
import glob
import json
import os
import pwd
import shutil
import socket
import socketserver
import struct
import subprocess
import sys
import threading

from agent_provider import Provider
from harness import World, need_root, wait_for
from ports import free_port
from tap import Tap
from test_runs import Tree, observe

SECRET = "s3cretvalue"


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def started(stack, command, port, **more):
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)

    def stop():
        p.terminate()
        try:
            p.wait(20)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
    stack.callback(stop)
    if not wait_for(lambda: answers(port), 20):
        raise RuntimeError("%s does not answer" % command[0])
    return port


def redis(stack, w):
    port = free_port()
    return started(stack, ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", w.dir,
                            "--unixsocket", w.path("redis.sock")], port)


def postgres(stack, w):
    """It does not run as root."""
    port, data, user = free_port(), w.path("pg"), pwd.getpwnam("postgres")
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    os.mkdir(data, 0o700)
    os.chown(data, user.pw_uid, user.pw_gid)
    subprocess.run([programs + "/initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"], check=True, capture_output=True, timeout=120, **as_user)
    for name in ("server.pem", "server.key"):
        shutil.copy(w.path(name), data)
        os.chown(os.path.join(data, name), user.pw_uid, user.pw_gid)
        os.chmod(os.path.join(data, name), 0o600)
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": data, "ssl": "on", "fsync": "off",
               "ssl_cert_file": "server.pem", "ssl_key_file": "server.key"}
    return started(stack, [programs + "/postgres", "-D", data] + ["-c%s=%s" % o for o in options.items()], port, **as_user)


class MySQL(socketserver.BaseRequestHandler):
    """The handshake, OK to every statement, an error where it says so (MySQL Internals, 4.1)."""

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.request.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def packet(self):
        head = self.read(4)
        return head[3], self.read(head[0] | head[1] << 8 | head[2] << 16)

    def send(self, number, data):
        self.request.sendall(struct.pack("<I", len(data))[:3] + bytes([number]) + data)

    def handle(self):
        ok = b"\0\0\0\2\0\0\0"
        capabilities = 0x000fa68d
        self.send(0, b"\x0a8.0.0\0" + struct.pack("<I", 1) + b"a" * 8 + b"\0" + struct.pack("<H", capabilities & 0xffff) + b"\x21" +
                  struct.pack("<HH", 2, capabilities >> 16) + b"\x15" + b"\0" * 10 + b"b" * 12 + b"\0" + b"mysql_native_password\0")
        try:
            number, _ = self.packet()
            self.send(number + 1, ok)
            while True:
                number, data = self.packet()
                if data[:1] == b"\1":
                    return
                self.send(number + 1, b"\xff\x7a\x04#42S02no such table" if b"missing" in data else ok)
        except (EOFError, ConnectionError):
            pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def mysql_unix(stack, w):
    server = stack.enter_context(UnixServer(w.path("mysql.sock"), MySQL))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.shutdown)
    return server.server_address


def mysql(stack, w):
    server = stack.enter_context(Server(("127.0.0.1", 0), MySQL))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.shutdown)
    return server.server_address[1]


SQL = ["SELECT count(*) FROM pg_class WHERE relname = '%s' AND relpages > 4711" % SECRET, "SELECT * FROM missing"]
ASKED = {  # what is asked, and what is told of it: (name, text, error)
    "redis": (["SET key-%s %s" % (SECRET, SECRET), "LPUSH key-%s x" % SECRET, "PING"],
              [("SET", "SET ?", None), ("LPUSH", "LPUSH ?", "WRONGTYPE"), ("PING", "PING", None)]),
    "postgres": (SQL, [("SELECT pg_class", "SELECT count(*) FROM pg_class WHERE relname = ? AND relpages > ?", None),
                       ("SELECT missing", "SELECT * FROM missing", "42P01")]),
    "mysql": (["UPDATE users SET name = \"%s\" WHERE id = 4711" % SECRET, "SELECT * FROM missing"],
              [("UPDATE users", "UPDATE users SET name = ? WHERE id = ?", None), ("SELECT missing", "SELECT * FROM missing", "42S02")]),
}
ASKED["postgres-tls"] = ASKED["postgres"]
for system in ("redis", "postgres", "mysql"):
    ASKED[system + "-unix"] = ASKED[system]
SYSTEMS = {"postgres": "postgresql"}


def one(tap, w, provider, to, port):
    run, want = ASKED[to]
    query = "query(%s)" % json.dumps({"to": to, "port": port, "run": run})
    # A model takes longer to ask for the first tool than this provider does: hence the sleep.
    # Before and after, the client asks the same by itself: no tool is open then.
    tree, _ = observe(w, provider, "openai", {"plan": " %s; %s; done" % (query, query), "around": [to, port, run], "sleep": 0.4}, 1)
    tools = [t for t in tree.of("execute_tool") if t.name == "execute_tool query"]
    below = {t.span_id: sorted((s for s in tree.spans if s.parent_id == t.span_id and s["db.system.name"]), key=lambda s: s.start_ns) for t in tools}
    got = [[(s.name, s["db.query.text"], s["db.response.status_code"]) for s in b] for b in below.values()]
    tap.check("%s: each statement once, below its tool" % to, got == [want, want], got)
    mine = [s for b in below.values() for s in b]
    tap.check("%s: its system, address and port" % to, mine and all(
        (s["db.system.name"], s["server.address"], s["server.port"]) ==
        (SYSTEMS.get(to.split("-")[0], to.split("-")[0]), *((port, None) if to.endswith("-unix") else ("127.0.0.1", port))) for s in mine), [s.attrs for s in mine[:1]])
    tap.check("%s: what fails is an error" % to, [s.status == 2 for s in mine] == [e is not None for _, _, e in want] * 2)
    tap.check("%s: within the times of the tool" % to, all(t.start_ns <= s.start_ns <= s.end_ns <= t.end_ns for t in tools for s in below[t.span_id]))
    tap.check("%s: no value, and nothing else" % to, not any(SECRET in str(s.attrs) or "4711" in str(s.attrs) for s in mine) and
              len(mine) == sum(s["db.system.name"] is not None for s in w.collector.spans(runs=True)))


def main():
    need_root()
    tap = Tap()
    with contextlib.ExitStack() as stack:
        w = stack.enter_context(World())
        ports = {"redis": redis(stack, w), "postgres": postgres(stack, w), "mysql": mysql(stack, w)}
        ports["postgres-tls"] = ports["postgres"]
        ports["redis-unix"], ports["mysql-unix"] = w.path("redis.sock"), mysql_unix(stack, w)
        ports["postgres-unix"] = w.path("pg/.s.PGSQL.%d" % ports["postgres"])
        provider = stack.enter_context(Provider(w.path("server.pem"), w.path("server.key")))
        stack.enter_context(w.agent())
        for to, port in ports.items():
            tap.run(to, one, w, provider, to, port)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
