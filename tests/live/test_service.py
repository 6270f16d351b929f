#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""As gentap.service runs it: a user with the unit's capabilities and no others, under a service
manager that waits for READY=1 and ends who stops sending WATCHDOG=1."""
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import harness
from harness import SUDO, World, judge, key, need_root, spans_of, wait_for
from tap import Tap

NOBODY = 65534
SERVICE_USER = 61184  # the first that systemd gives to DynamicUser=
WATCHDOG_S = 1
DEPLOY = os.path.join(harness.HERE, "..", "..", "deploy")
# Linux' own numbers (include/uapi/linux/capability.h).
NUMBERS = {"CAP_DAC_READ_SEARCH": 2, "CAP_SYS_PTRACE": 19, "CAP_SYS_NICE": 23, "CAP_PERFMON": 38, "CAP_BPF": 39,
           "CAP_CHECKPOINT_RESTORE": 40}


def capabilities():
    with open(os.path.join(DEPLOY, "systemd", "gentap.service"), encoding="utf-8") as f:
        return re.search(r"^CapabilityBoundingSet=(.*)$", f.read(), re.M).group(1).split()


def wrapper(w, command):
    """A program that becomes `command`, its arguments added."""
    path = w.path("gentap")
    with open(path, "w", encoding="utf-8") as f:
        f.write('#!/bin/sh\nWATCHDOG_PID=$$ exec %s "$@"\n' % shlex.join(command))
    os.chmod(path, 0o755)
    return path


def as_service(w):
    """What the unit says: a user of its own, with these capabilities and no others, and its directories."""
    these = "-all" + "".join(",+" + n.removeprefix("CAP_").lower() for n in capabilities())
    directories = {kind: w.path(kind.lower()) for kind in ("STATE_DIRECTORY", "CACHE_DIRECTORY")}
    for path in directories.values():
        os.makedirs(path, exist_ok=True)
        subprocess.run([*SUDO, "chown", str(SERVICE_USER), path], check=True)
    return ["setpriv", "--no-new-privs", "--reuid=%d" % SERVICE_USER, "--regid=%d" % SERVICE_USER, "--clear-groups", "--inh-caps=" + these,
            "--ambient-caps=" + these, "--bounding-set=" + these, "env", *("%s=%s" % d for d in directories.items()), harness.GENTAP]


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
    address = w.path("notify")
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    manager.bind(address)
    os.chmod(address, 0o666)
    agent_program, harness.GENTAP = harness.GENTAP, wrapper(w, as_service(w))
    env = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(WATCHDOG_S * 1000000)}
    try:
        with manager, w.agent("--store", "--spool", w.path("state_directory/spool"), env=env) as agent:
            tap.equal("the unit's capabilities and no others", held(agent.pid), sum(1 << NUMBERS[n] for n in names))
            tap.equal("no root", status_of(agent.pid)["Uid"].split(), [str(SERVICE_USER)] * 4)
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
    p = subprocess.run([*SUDO, agent_program, "query", "count", "--db", w.path("state_directory/gentap.db"), "--where", "span.op:gen_ai.request", "-o", "csv"],
                       capture_output=True, text=True, check=False)
    tap.equal("its database", p.stdout.split()[-1:], ["5"])


def budgets(tap, w):
    """The agent tells of a budget by itself, once; not where others may write what it would run."""
    db, told = w.path("budget.db"), w.path("told")
    prices = w.path("prices.json")
    write_prices(prices, 1e-6)
    with w.agent("--store", "--db", db, "--prices", prices) as agent:
        w.run(w.plain("httpclient", "chat", repeat=1))
        judge(tap, "a call that costs", w.finished(), agent, count=1, arrival_s=3)
        agent.stop()
    subprocess.run([*SUDO, harness.GENTAP, "budget", "set", "all", "--limit", "0.0000001", "--command", "cat >> " + told, "--db", db],
                   check=True, capture_output=True, timeout=20)
    for shared in (True, False, False):  # it looks when it starts
        subprocess.run([*SUDO, "chmod", "666" if shared else "600", db], check=True)
        with w.agent("--store", "--db", db) as agent:
            if shared:
                tap.check("others may write the database: said", wait_for(lambda: "may write the database" in agent.stderr(), 10),
                          agent.stderr()[-500:])
                tap.check("and not run", not os.path.exists(told))
            else:
                tap.check("told", wait_for(lambda: os.path.exists(told) and os.path.getsize(told), 10), agent.stderr()[-500:])
                time.sleep(1)
            agent.stop()
    tap.check("once", open(told, encoding="utf-8").read().count('"level":"over"') == 1, open(told, encoding="utf-8").read())


def write_prices(path, usd):
    """What a token costs; moved there whole, as who brings a newer list would."""
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump({"plain-mock-1": {"litellm_provider": "openai", "input_cost_per_token": usd, "output_cost_per_token": usd}}, f)
    os.replace(path + ".new", path)


def newer_prices(tap, w):
    """A list that is replaced counts for the next call, without a restart and without a word to the agent; one that
    is damaged leaves the one before in force."""
    prices = w.path("prices.json")
    write_prices(prices, 1e-6)
    with w.agent("--prices", prices) as agent:
        def cost():
            w.run(w.plain("httpclient", "chat", repeat=1))
            entry, = w.finished(1)
            return [s["gentap.cost.total"] for s in spans_of([entry], agent)[key(entry)]]
        first, = cost()
        tap.check("a call by the list that was there", first and first > 0, first)
        write_prices(prices, 3e-6)
        tap.check("replaced: seen", wait_for(lambda: "prices: list replaced" in agent.stderr(), 30), agent.stderr()[-500:])
        tap.equal("replaced: the next call costs three times as much", [round(c / first, 9) for c in cost()], [3])
        with open(prices, "w", encoding="utf-8") as f:
            f.write('{"plain-mock-1": {')
        agent.send(signal.SIGHUP)
        tap.check("damaged: said, with its file", wait_for(lambda: prices in agent.stderr(), 10), agent.stderr()[-500:])
        tap.equal("damaged: the list before it stays", [round(c / first, 9) for c in cost()], [3])
        write_prices(prices, 5e-6)
        agent.send(signal.SIGHUP)
        tap.check("and by SIGHUP", wait_for(lambda: agent.stderr().count("prices: list replaced") == 2, 10), agent.stderr()[-500:])
        tap.equal("SIGHUP: the next call costs five times as much", [round(c / first, 9) for c in cost()], [5])
        agent.stop()


def status_of(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def page(tap, w):
    """--ui where the service may not change its user: the page works, and may nothing."""
    agent_program, harness.GENTAP = harness.GENTAP, wrapper(w, as_service(w))
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    try:
        with w.agent("--db", w.path("state_directory/page.db"), "--ui=127.0.0.1:%d" % port) as agent:
            url = wait_for(lambda: re.search(r"page: (\S+)", agent.stderr()), 10)
            def answer():
                try:
                    with urllib.request.urlopen(url.group(1), timeout=5) as r:
                        return r.status
                except OSError:
                    return None
            tap.equal("the page answers", wait_for(answer, 10), 200)
            with open("/proc/%d/task/%d/children" % (agent.pid, agent.pid), encoding="utf-8") as f:
                children = [status_of(int(p)) for p in f.read().split()]
            tap.equal("and may nothing", [(c["CapEff"], c["CapPrm"], c["NoNewPrivs"], c["Seccomp"]) for c in children],
                      [("0" * 16, "0" * 16, "1", "2")])
            agent.stop()
    finally:
        harness.GENTAP = agent_program


def main():
    need_root()
    tap = Tap()
    with World() as w:
        tap.run("service", service, w)
        tap.run("budgets", budgets, w)
        tap.run("newer prices", newer_prices, w)
        tap.run("page", page, w)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
