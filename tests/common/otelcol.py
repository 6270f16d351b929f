# SPDX-License-Identifier: Apache-2.0
"""A real OpenTelemetry Collector (tests/otelcol makes it) on loopback.

    c = Collector(where, CONFIG)      # %(grpc)d, %(http)d, %(where)s and what else is given stand in it
    c.start(); … c.grpc, c.http …; c.stop()
"""
import contextlib
import os
import signal
import socket
import subprocess
import time

from ports import free_ports

BUILD = os.environ.get("BUILD", "build")
START_S, STOP_S = 30, 15


def program(kind=""):
    """Where it is; None: it was not made."""
    path = os.path.join(BUILD, "otelcol" + kind, "out", "otelcol")
    return path if os.path.exists(path) else None


class Collector:
    def __init__(self, where, config, kind="", **names):
        self.where = where
        self.program = program(kind)
        self.grpc, self.http = free_ports(2)
        with open(os.path.join(where, "config.yaml"), "w", encoding="utf-8") as f:
            f.write(config % dict(names, grpc=self.grpc, http=self.http, where=where))
        self.process = None

    def start(self):
        with open(os.path.join(self.where, "log"), "ab") as log:
            self.process = subprocess.Popen([self.program, "--config", os.path.join(self.where, "config.yaml")],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                for port in (self.grpc, self.http):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                return
            time.sleep(0.1)
        with open(os.path.join(self.where, "log"), encoding="utf-8") as f:
            raise RuntimeError("the collector does not start: " + f.read()[-2000:])

    def stop(self, signo=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signo)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
