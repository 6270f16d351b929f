#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The very first process of a stripped build, under `gentap exec`: observed from its first byte,
through scripts too, with no memory of the build from before."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "live"), os.path.join(HERE, "..", "common")]
import binaries
from harness import GENTAP, SUDO, World, need_root
from tap import Tap


def script(w, name, text):
    with open(w.path(name), "w") as f:
        f.write(text)
    os.chmod(f.name, 0o755)
    return f.name


def calls(w, command, cache):
    env = w.env(BASE=w.base, CACHE_DIRECTORY=cache)
    _, out = w.run([*SUDO, *(["env", "CACHE_DIRECTORY=" + cache] if SUDO else []), GENTAP, "exec", "-q", "-o", "jsonl", "--", *command], env=env)
    return len([line for line in out.splitlines() if line.startswith("{")]), len(w.finished())


def main():
    need_root()
    tap, fetch = Tap(), os.path.join(HERE, "clients", "fetch.mjs")
    with World() as w:
        for name in ("bun-1.4.5", "bun-1.3.14"):
            bun = binaries.path(name)
            if not bun:
                tap.skip(name, binaries.reason(name))
                continue
            os.makedirs(w.path("bin"), exist_ok=True)
            os.path.lexists(w.path("bin/bun")) and os.unlink(w.path("bin/bun"))
            os.symlink(bun, w.path("bin/bun"))
            os.environ["PATH"] = w.path("bin") + ":" + os.environ["PATH"]
            with open(fetch) as f:
                by_env = script(w, "by-env.mjs", "#!/usr/bin/env -S bun run\n" + f.read())
            for how, command in (("by its path", [bun, fetch]), ("by PATH", ["bun", fetch]), ("by a script", [by_env])):
                got = calls(w, command, w.path("cache-%s-%s" % (name, how.replace(" ", "-"))))
                tap.equal("%s %s: (seen, made)" % (name, how), got, (1, 1))
    return tap.done()


sys.exit(main())
