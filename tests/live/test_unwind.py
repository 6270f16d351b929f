#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exceptions, longjmp and the cancelling of threads that leave through the frames of a watched
function: the program gives the same output as without us, and its calls before and after are seen."""
import shutil
import subprocess
import sys

from harness import HERE, World, judge, need_root
from tap import Tap

STACKS = ("openssl", "openssl, _ex", "gnutls")
CALLS = 6  # in each stack: one before each way out, and one at the end


def build(w):
    """The program, or None and why."""
    if not shutil.which("g++"):
        return None, "no g++ here"
    out = w.path("unwind")
    p = subprocess.run(["g++", "-std=c++17", "-O2", "-o", out, HERE + "/clients/unwind.cc", "-lssl", "-lcrypto", "-lgnutls", "-lpthread"],
                       capture_output=True, text=True)
    return (out, "") if p.returncode == 0 else (None, "not built: " + p.stderr[-300:])


def once(w, program, stack):
    p = w.start([program, str(w.port), stack])
    try:
        out, err = p.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
    return p.pid, "%s%s%d" % (out, err, p.returncode)


def watched(tap, w, agent, program, stack, alone, late):
    pid, got = once(w, program, stack)
    tap.equal("%s: as when nobody looks" % stack, got, alone)
    entries = w.finished()
    if late:  # probes that may come too late for a program of two seconds: test_features judges
        return tap.note("%d calls" % len(entries))
    return judge(tap, "%s: calls before and after" % stack, entries, agent, pids={pid}, count=CALLS)


def main():
    need_root()
    tap = Tap()
    with World() as w:
        program, why = build(w)
        if not program:
            tap.skip("unwinding", why)
            return tap.done()
        alone = {stack: once(w, program, stack)[1] for stack in STACKS}
        tap.check("each way out is taken", all(got.count(": 1") == 5 and got.endswith("lives\n0") for got in alone.values()), alone)
        w.finished()
        for off in ("", "uprobe_multi", "emulated_points"):
            with w.agent(*(["--feature-off=" + off] if off else [])) as agent:
                for stack in STACKS:
                    tap.run(stack, watched, w, agent, program, stack, alone[stack], off == "uprobe_multi")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
