#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Java's own TLS under --java-attach: a program that runs already, by SSLEngine (java.net.http) and by
SSLSocket, with its classes verified. Without the flag it is not touched. Its output is the same as
when nobody looks."""
import glob
import os
import subprocess
import sys
import time

from harness import BUILD, HERE, World, judge, need_root, wait_for
from tap import Tap, skip_all

CALLS, ATTACH_S = 4, 20


def javas():
    """{name: home} of JDKs."""
    homes = sorted({os.path.realpath(os.path.dirname(os.path.dirname(p))) for p in glob.glob("/usr/lib/jvm/*/bin/javac")})
    return {os.path.basename(h): h for h in homes}


def compiled(w, home):
    to = w.path("classes-" + os.path.basename(home))
    subprocess.run([home + "/bin/javac", "-nowarn", "--release", "11", "-d", to, os.path.join(HERE, "clients", "java", "Calls.java")],
                   check=True, capture_output=True, timeout=120)
    return to


def start(w, home, kind, *options, **told):
    return w.start([home + "/bin/java", "-Xverify:all", *options, "-cp", compiled(w, home), "Calls", kind],
                   env=w.env(BASE=w.base, CALLS=str(CALLS), **told))


def ours(pid):
    """Is our agent in the JVM? Its jar, deleted by now, is open."""
    fds = glob.glob("/proc/%d/fd/*" % pid)
    return any(".gentap-" in os.readlink(f) for f in fds if os.path.islink(f))


def attached(tap, w, name, home, kind):
    go, title = w.path("go-%s-%s" % (name, kind)), "%s, %s" % (name, kind)
    p = start(w, home, kind, GO=go)
    first = wait_for(lambda: w.finished(), 30)
    with w.agent("--java-attach") as agent:
        tap.check(title + ": our agent is in it", wait_for(lambda: ours(p.pid), ATTACH_S, every=0.1), agent.stderr()[-500:])
        time.sleep(1)  # its hooks
        open(go, "w").close()
        out, err = p.communicate(timeout=60)
        entries = w.finished(CALLS - 1)
        tap.equal(title + ": its own results", (p.returncode, len(set(out.splitlines())), len(out.splitlines()), bool(first)), (0, 1, CALLS, True))
        judge(tap, title, entries, agent, pids={p.pid}, count=CALLS - 1, end_s=1, ttft_s=1, arrival_s=3)
    tap.equal(title + ": nothing stays in /tmp", glob.glob("/tmp/.gentap-*.jar"), [])


def let_go(tap, w, name, home):
    """The JVM's own log: each class is patched, and made what it was when the agent ends."""
    go, log = w.path("go-let-go-" + name), w.path("redefined-%s.log" % name)
    p = start(w, home, "engine", "-Xlog:redefine+class+load=info:file=" + log, GO=go)
    wait_for(lambda: w.finished(), 30)
    counts = lambda: [line.split("count=")[1].split()[0] for line in open(log, encoding="utf-8") if "count=" in line]
    with w.agent("--java-attach") as agent:
        tap.check(name + ": three classes are patched", wait_for(lambda: counts() == ["1"] * 3, ATTACH_S, every=0.1), [counts(), agent.stderr()[-500:]])
        agent.stop()
    tap.check(name + ": and made what they were", counts() == ["1"] * 3 + ["2"] * 3, [counts()])
    open(go, "w").close()
    out, _ = p.communicate(timeout=60)
    tap.equal(name + ": and its results are the same then", (p.returncode, len(out.splitlines())), (0, CALLS))
    w.finished()


def unasked(tap, w, name, home):
    go = w.path("go-unasked")
    p = start(w, home, "engine", GO=go)
    wait_for(lambda: w.finished(), 30)
    with w.agent():
        time.sleep(2)
        tap.check(name + ": untouched without the flag", not ours(p.pid))
        open(go, "w").close()
        out, _ = p.communicate(timeout=60)
    tap.equal(name + ": and its results are the same", (p.returncode, len(out.splitlines())), (0, CALLS))
    w.finished()


def main():
    need_root()
    tap, found = Tap(), javas()
    if not found:
        skip_all("no JDK here")
    if not os.path.getsize(os.path.join(BUILD, "gen", "java-agent.jar")):
        skip_all("this build has no agent for JVMs: there was no javac")
    with World() as w:
        for name, home in found.items():
            for kind in ("engine", "socket"):
                attached(tap, w, name, home, kind)
            let_go(tap, w, name, home)
        name, home = next(iter(found.items()))
        unasked(tap, w, name, home)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
