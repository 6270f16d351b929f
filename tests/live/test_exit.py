#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the agent ends, what it leaves behind, and when it refuses to start."""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from harness import GENTAP, SUDO, World, judge, need_root, slack, wait_for
from tap import Tap, skip_all


def text_differences(pid):
    """Bytes in which the mapped code of libssl differs from its file: breakpoints."""
    count = 0
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            m = re.match(r"(\w+)-(\w+) r-xp (\w+) \S+ \d+\s+(/\S*libssl\S*)", line)
            if not m:
                continue
            begin, end, offset = (int(m.group(i), 16) for i in (1, 2, 3))
            with open(m.group(4), "rb") as f:
                f.seek(offset)
                on_disk = f.read(end - begin)
            mem.seek(begin)
            in_memory = mem.read(len(on_disk))
            count += sum(a != b for a, b in zip(on_disk, in_memory))
    return count


def victim(w, **spec):
    """A client that lives on, and an idle one that only has libssl mapped."""
    return w.start(w.plain("httpclient", "chat", after=25, **spec))


def flush(tap, w, number):
    """What was captured is delivered, although the batch was not due."""
    with w.agent(env={"OTEL_BSP_SCHEDULE_DELAY": "60000"}) as agent:
        w.run(w.plain("httpclient", "chat", repeat=5))
        entries = w.finished()
        status, took = agent.stop(number)
        tap.check("%s: exit status 0 within 5 s" % number.name, status == 0 and took < 5 * slack(), "%r %.1f s %s" % (status, took, agent.stderr()))
        judge(tap, "%s: what was captured is delivered" % number.name, entries, agent, count=5, arrival_s=30)


def open_call(tap, w):
    """A stream that is still going on when the agent ends is told as it stands."""
    with w.agent() as agent:
        tell = w.path("first-line")
        p = w.start(w.plain("requests", "chat", stream=True, mock="chunks=200,delay=40", tell=tell))
        wait_for(lambda: os.path.exists(tell), 30)
        time.sleep(0.5)
        status, took = agent.stop()
        got = [s for s in agent.spans() if s.pid == p.pid]
        tap.check("an open stream at the end: one span, not called full", status == 0 and len(got) == 1 and
                  got[0]["gentap.completeness"] != "full", "%r %r" % (status, [(s.name, s.attrs) for s in got]))
        p.wait(20)
    w.finished(1)


def probes_gone(tap, w, number):
    p = victim(w)
    try:
        w.finished(1)
        if text_differences(p.pid):
            tap.skip("probes and %s" % number.name, "another tracer's probes are in this process")
            return
        with w.agent() as agent:
            attached = wait_for(lambda: text_differences(p.pid), 10)
            tap.check("attached: probes are seen in the process", attached, "%r" % attached)
            agent.stop(number)
            left = wait_for(lambda: text_differences(p.pid) == 0, 10)
            tap.check("%s: no probe left behind" % number.name, left, "%d bytes differ" % text_differences(p.pid))
        tap.check("%s: the process lives" % number.name, p.poll() is None, "%r" % p.poll())
    finally:
        p.kill()
        p.wait()


def unobserved(tap, w):
    """Who is excluded pays nothing: no probe in its code."""
    p = victim(w)
    try:
        w.finished(1)
        if text_differences(p.pid):
            tap.skip("filters", "another tracer's probes are in this process")
            return
        for flags in (["--exclude-comm", "python*"], ["--comm", "curl"], ["--pid", str(w.provider.pid)], ["--exe", "/usr/bin/curl"],
                      ["--uid", str(os.getuid() + 12345)], ["--exclude-uid", str(os.getuid())]):
            with w.agent(*flags):
                time.sleep(0.5)
                wait_for(lambda: not text_differences(p.pid), 2)  # of another tracer that comes and goes
                tap.equal("no probe in a process left out by %s" % flags[0], text_differences(p.pid), 0)
        with w.agent("--pid", str(p.pid)):
            tap.check("a probe in the process named by --pid", wait_for(lambda: text_differences(p.pid), 10))
    finally:
        p.kill()
        p.wait()


def twice(tap, w):
    with w.agent() as agent:
        p = subprocess.run([*SUDO, GENTAP, "run"], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
        tap.check("started twice: one clear sentence, exit status not 0", p.returncode not in (0, None) and p.returncode > 0 and
                  str(agent.pid) in p.stderr and p.stderr.count("\n") == 1, "%r %r" % (p.returncode, p.stderr))
        w.run(w.plain("httpclient", "chat"))
        judge(tap, "started twice: the first goes on", w.finished(), agent, count=1)


def unprivileged(tap, w):
    if os.getuid() == 0:
        who = {"user": 65534, "group": 65534, "extra_groups": []}
        program = shutil.copy(GENTAP, w.path("gentap"))
        os.chmod(program, 0o755)
    else:
        who, program = {}, GENTAP
    for command in (["run"], ["exec", "--", "true"], ["record", "/dev/null"]):
        p = subprocess.run([program, *command], capture_output=True, text=True, timeout=20, cwd="/", stdin=subprocess.DEVNULL, **who)
        tap.check("without privilege, %s: one clear sentence with the remedy" % command[0], p.returncode > 0 and
                  p.stderr.count("\n") == 1 and re.search(r"root|sudo|CAP_", p.stderr), "%r %r" % (p.returncode, p.stderr))
    p = subprocess.run([program, "version"], capture_output=True, text=True, timeout=20, cwd="/", **who)
    tap.check("without privilege, version works", p.returncode == 0 and re.match(r"gentap \d", p.stdout), p.stderr)


def doctor(tap, w):
    p = victim(w)
    try:
        w.finished(1)
        got = subprocess.run([*SUDO, GENTAP, "doctor"], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
        tap.check("doctor names a process that has libssl", got.returncode == 0 and str(p.pid) in got.stdout, got.stdout + got.stderr)
    finally:
        p.kill()
        p.wait()


def main():
    need_root()
    try:
        text_differences(os.getpid())
    except OSError as e:
        skip_all("/proc/PID/mem: %s" % e)
    tap = Tap()
    with World() as w:
        for number in (signal.SIGTERM, signal.SIGINT):
            tap.run(number.name, flush, w, number)
        tap.run("open call", open_call, w)
        for number in (signal.SIGTERM, signal.SIGKILL):
            tap.run("probes", probes_gone, w, number)
        for test in (unobserved, twice, unprivileged, doctor):
            tap.run(test.__name__, test, w)
    return tap.done()


sys.exit(main())
