#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""As gentap.service runs it: with the unit's capabilities and no others, under a service
manager that waits for READY=1 and ends who stops sending WATCHDOG=1."""
import os
import re
import signal
import socket
import subprocess
import sys
import time

import harness
from harness import SUDO, World, judge, need_root, wait_for
from tap import Tap

NOBODY = 65534
WATCHDOG_S = 1
UNIT = os.path.join(harness.HERE, "..", "..", "deploy", "systemd", "gentap.service")
# Linux' own numbers (include/uapi/linux/capability.h).
NUMBERS = {"CAP_DAC_READ_SEARCH": 2, "CAP_SYS_PTRACE": 19, "CAP_SYS_NICE": 23, "CAP_PERFMON": 38, "CAP_BPF": 39,
           "CAP_CHECKPOINT_RESTORE": 40}


def capabilities():
    with open(UNIT, encoding="utf-8") as f:
        return re.search(r"^CapabilityBoundingSet=(.*)$", f.read(), re.M).group(1).split()


def wrapper(w, names):
    """A program that becomes the agent with these capabilities."""
    path = w.path("gentap")
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\nWATCHDOG_PID=$$ exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all%s '%s' \"$@\"\n" %
                ("".join(",+" + n.removeprefix("CAP_").lower() for n in names), harness.GENTAP))
    os.chmod(path, 0o755)
    return path


def held(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        return int(re.search(r"^CapEff:\s*(\w+)$", f.read(), re.M).group(1), 16)


def said(manager):
    """What has arrived at the service manager's socket."""
    got = []
    while True:
        try:
            got.append(manager.recv(4096).decode())
        except BlockingIOError:
            return got


def service(tap, w):
    names = capabilities()
    address, db = w.path("notify"), w.path("gentap.db")
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    manager.bind(address)
    agent_program, harness.GENTAP = harness.GENTAP, wrapper(w, names)
    env = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(WATCHDOG_S * 1000000)}
    try:
        with manager, w.agent("--store", "--db", db, env=env) as agent:
            tap.equal("the unit's capabilities and no others", held(agent.pid), sum(1 << NUMBERS[n] for n in names))
            tap.check("READY=1", wait_for(lambda: "READY=1" in said(manager), 5))
            # Somebody else's process, by the interpreter that everybody may run.
            w.run(["/usr/bin/python3", *w.plain("httpclient", "chat", repeat=5)[1:]], user=NOBODY, group=NOBODY,
                  extra_groups=[])
            judge(tap, "another user's calls", w.finished(), agent, count=5, arrival_s=3)
            agent.send(signal.SIGHUP)
            said(manager)
            time.sleep(3 * WATCHDOG_S)
            beats = said(manager).count("WATCHDOG=1")
            # Twice as often as asked for; on a busy machine at least as often.
            tap.check("WATCHDOG=1, also after a reload", 3 <= beats <= 7, beats)
            status, _ = agent.stop()
            tap.equal("its end", (status, "STOPPING=1" in said(manager)), (0, True))
    finally:
        harness.GENTAP = agent_program
    p = subprocess.run([*SUDO, agent_program, "query", "count", "--db", db, "--where", "span.op:gen_ai.request", "-o", "csv"],
                       capture_output=True, text=True, check=False)
    tap.equal("its database", p.stdout.split()[-1:], ["5"])


def main():
    need_root()
    tap = Tap()
    with World() as w:
        tap.run("service", service, w)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
