#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers and clients that misbehave over real TLS: the agent lives, its memory stays
bounded, the next call is right."""
import contextlib
import os
import subprocess
import sys

from clients.hostile import ANSWERS
from harness import HERE, SUDO, World, judge, need_root
from tap import Tap
import genai

RSS_MAX_MB = 200  # under ring and buffers at their ceilings


def resident_mb(pid):
    status = subprocess.run([*SUDO, "cat", "/proc/%d/status" % pid], capture_output=True, text=True).stdout
    peak = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak[0]) >> 10 if peak else 0


def main():
    need_root()
    tap = Tap()
    with World() as w:
        server = w.start([sys.executable, os.path.join(HERE, "clients", "hostile.py"), w.path("server.pem"), w.path("server.key")],
                         executable=w.path("mock-provider"))
        try:
            port = int(server.stdout.readline())
            with w.agent() as agent:
                for name in ANSWERS:
                    with contextlib.suppress(RuntimeError):  # curl does not like it either
                        w.curl("-m", "60", "-o", "/dev/null", "-d", '{"model":"m","messages":[]}',
                               "https://localhost:%d/%s/v1/chat/completions" % (port, name))
                    pid, _ = w.run(w.plain("httpclient", "chat", mock="cached=1"))
                    judge(tap, "the next call after: " + name, w.finished(), agent, pids={pid}, count=1, arrival_s=3)
                invented = [(s.name, s[genai.INPUT]) for s in agent.spans() if s["server.port"] == port and s[genai.INPUT] is not None]
                tap.equal("no usage out of garbage", invented, [])
                tap.check("the agent lives", agent.process.poll() is None, agent.stderr()[-2000:])
                peak = resident_mb(agent.pid)
                tap.note("peak resident memory of the agent: %d MB" % peak)
                tap.check("its memory stays under %d MB" % RSS_MAX_MB, 0 < peak <= RSS_MAX_MB, peak)
        finally:
            server.kill()
            server.wait()
    return tap.done()


sys.exit(main())
