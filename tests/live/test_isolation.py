#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other namespaces, containers, libraries that are copied, deleted or replaced."""
import contextlib
import glob
import os
import shutil
import subprocess
import sys
import time

from harness import SUDO, World, judge, need_root, wait_for
from tap import Tap

PODMAN = ["podman", "--runtime", "runc", "run", "--rm", "--network", "host", "--ulimit", "nofile=20000:20000",
          "--ulimit", "nproc=20000:20000"]


def namespaces(tap, w, agent):
    p = subprocess.run([*SUDO, "unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"], capture_output=True)
    if p.returncode:
        tap.skip("own mount and pid namespaces", "unshare: " + p.stderr.decode()[:100])
        return
    # Another file system under its path, as in a container: a tmpfs with a copy of libssl.
    lib = w.path("lib")
    env = ["%s=%s" % kv for kv in w.env(LD_LIBRARY_PATH=lib).items() if kv[0] in
           ("SSL_CERT_FILE", "OPENAI_API_KEY", "LD_LIBRARY_PATH", "PATH", "HOME")]
    os.makedirs(lib, exist_ok=True)
    script = "mount -t tmpfs none %s && cp %s %s/ && exec \"$@\"" % (lib, libssl(), lib)
    w.run([*SUDO, "unshare", "--mount", "--pid", "--fork", "--mount-proc", "env", *env, "sh", "-c", script, "sh",
           *w.plain("httpclient", "chat", repeat=2)])
    judge(tap, "own mount and pid namespaces, libssl on a file system of its own", w.finished(), agent, count=2)


def libssl():
    """The library that this Python uses."""
    import ssl  # maps it
    with open("/proc/self/maps") as f:
        return next((line.split()[-1] for line in f if "libssl" in line and ssl), None)


def maps_copy(pid, where):
    with open("/proc/%d/maps" % pid) as f:
        return any(where in line and "libssl" in line for line in f)


def copy_test(tap, w, agent_made, title, spoil):
    """A client with its own copy of libssl, which `spoil` deletes or replaces once it is mapped."""
    lib = w.path("copy-" + title.split()[0])
    os.makedirs(lib)
    target = shutil.copy(libssl(), lib)
    p = w.start(w.plain("httpclient", "chat", repeat=3, go=w.path("go"), mock="tag=copy"), env=w.env(LD_LIBRARY_PATH=lib))
    if not wait_for(lambda: maps_copy(p.pid, lib), 3):
        p.kill()
        tap.skip(title, "this Python does not take libssl from LD_LIBRARY_PATH")
        return
    spoil(target)
    with agent_made() as agent:
        time.sleep(0.5)
        open(w.path("go"), "w").close()
        p.wait(30)
        os.unlink(w.path("go"))
        judge(tap, title, w.finished(), agent, pids={p.pid}, count=3)


def replace(target):
    """As a package manager does: another inode under the name."""
    shutil.copy(target, target + ".new")
    os.rename(target + ".new", target)


def container(tap, w, agent):
    if not shutil.which("podman"):
        tap.skip("podman", "not installed")
        return
    # The host's own tree as an overlay: a container without an image to fetch.
    command = [*SUDO, *PODMAN]
    for k, v in w.env().items():
        if k in ("SSL_CERT_FILE", "OPENAI_API_KEY", "PATH", "HOME"):
            command += ["-e", "%s=%s" % (k, v)]
    probe = subprocess.run([*command, "--rootfs", "/:O", "true"], capture_output=True, text=True, timeout=60)
    if probe.returncode:
        tap.skip("podman", "it does not run here: " + probe.stderr.strip()[-150:])
        return
    w.run([*command, "--rootfs", "/:O", *w.plain("httpclient", "chat", repeat=2, after=0.2)])
    entries = w.finished()
    judge(tap, "podman, overlay root", entries, agent, count=2)
    ids = {s.resource.get("container.id") for s in agent.spans() if s["gentap.provider.request_id"] in {e["request_id"] for e in entries}}
    tap.check("container.id", len(ids) == 1 and all(i and len(i) == 64 for i in ids), ids)


def main():
    need_root()
    tap = Tap()
    with World() as w:
        if libssl() and glob.glob(libssl()):
            tap.run("deleted", copy_test, w, w.agent, "deleted libssl, before the agent started", os.unlink)
            with w.agent() as agent:
                same = lambda: contextlib.nullcontext(agent)
                tap.run("replaced", copy_test, w, same, "replaced libssl, the old one still mapped", replace)
                tap.run("unlinked", copy_test, w, same, "unlinked libssl, while the agent runs", os.unlink)
                tap.run("namespaces", namespaces, w, agent)
                tap.run("container", container, w, agent)
        else:
            tap.skip("isolation", "this Python has no shared libssl")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
