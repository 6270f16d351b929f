# SPDX-License-Identifier: Apache-2.0
"""Runs gentap's one-shot commands."""
import os
import subprocess

import spans

ROOT = os.environ.get("ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")


def binary(sanitized=True):
    """The agent; by default the one built with ASan and UBSan, where there is one."""
    plain = os.environ.get("GENTAP") or os.path.join(BUILD, "gentap")
    asan = os.environ.get("GENTAP_ASAN") or os.path.join(BUILD, "gentap-asan")
    return asan if sanitized and os.path.exists(asan) else plain


class Failed(Exception):
    pass


def run(*args, limit=300, sanitized=True, check=True, environment=None, **more):
    """CompletedProcess with text, with these variables on top; Failed when it exits non-zero or a sanitizer spoke."""
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=0", UBSAN_OPTIONS="print_stacktrace=1")
    for k in [k for k in env if k.startswith("OTEL_")]:
        del env[k]
    env.update(environment or {})
    p = subprocess.run([binary(sanitized), *map(str, args)], capture_output=True, text=True, errors="replace",
                       timeout=limit, stdin=subprocess.DEVNULL, env=env, **more)
    if "Sanitizer" in p.stderr or "runtime error:" in p.stderr:
        raise Failed("%s: %s" % (args[:2], p.stderr[-4000:]))
    if check and p.returncode:
        raise Failed("%s: exit status %d: %s" % (args[:2], p.returncode, p.stderr[-2000:]))
    return p


def decode(files, runs=False, **more):
    """The calls; with `runs` their runs and tools too."""
    return [s for s in spans.from_jsonl(run("decode", "-o", "otlp-json", *files, **more).stdout) if runs or s.is_call]


def replay(file, runs=False, **more):
    return [s for s in spans.from_jsonl(run("replay", "-o", "otlp-json", file, **more).stdout) if runs or s.is_call]
