#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the locators find the functions of real executables, against addresses that were
found by other means: by disassembly and a second method (BoringSSL), or by symbols that
the locator under test did not use (OpenSSL)."""
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import binaries
from tap import Tap

GENTAP = os.environ.get("GENTAP") or os.path.join(binaries.BUILD, "gentap")
CPU_S, MEMORY_KB = 1.0, 50 << 10  # of one search; 0.5 s on a machine that has nothing else to do

# (write, read): virtual addresses
BORINGSSL = {
    "bun-1.1.0": (0x3723630, 0x3723230), "bun-1.2.0": (0x5c2c2c0, 0x5c2b5e0), "bun-1.3.0": (0x6245990, 0x6244c80),
    "bun-1.3.14": (0x3e62b50, 0x3e627c0), "bun-1.4.5": (0x2607c30, 0x2586500),
    "claude-2.1.121": (0x4c03490, 0x4c02820), "claude-2.1.233": (0x2354170, 0x2353d80), "claude-2.1.330": (0x331e660, 0x331e810),
    "opencode-1.18.33": (0x3ae3780, 0x3ae33f0),
    # arm64: the other method found SSL_write, and ssl_read_impl, that SSL_read calls.
    "bun-arm64-1.4.5": (0x23b07c0, None), "claude-arm64-2.1.330": (0x2f25f00, None),
}
OFFSETS = {"bun-1.4.3": (0x24f7b80, 0x2446970)}
OPENSSL = {"codex-0.34": "3.5", "codex-arm64-0.34": "3.5", "codex-0.99": "3.5"}
SYMBOLS = {"node-26.10": "OpenSSL", "cryptography-50": "OpenSSL"}
# Builds that needed something of their own, found by trying builds that no other test has: what they have, and by what.
STACKS = {"grpcio": ("BoringSSL", "error reports"), "grpcio-1.50": ("BoringSSL", "error reports"), "primp-0.15": ("BoringSSL", "error reports"),
          "curl-cffi": ("OpenSSL", "symbols"), "tls-client": ("Go", "where bytes are copied"), "impit": ("AWS-LC AEAD", "error reports"),
          "httpr": ("ring", "table of algorithms"), "deno-arm64-2.9.5": ("AWS-LC AEAD", "error reports"), "codex-arm64-0.160": ("OpenSSL", "function names")}
LIBRARIES = {"libgnutls.so.30": "GnuTLS", "libssl3.so": "NSS", "libssl.so.3": "OpenSSL", "libmbedtls.so.14": "mbedTLS",
             "libwolfssl.so.35": "wolfSSL"}
POINT = re.compile(r"^    (\S.*?) +offset=0x([0-9a-f]+) vaddr=0x([0-9a-f]+)( return)?$")


def doctor(path):
    """{stack: (note, [(role, offset, vaddr)])}, CPU seconds, kilobytes."""
    p = subprocess.Popen([GENTAP, "doctor", path], stdout=subprocess.PIPE, text=True)
    out = p.stdout.read()
    _, _, usage = os.wait4(p.pid, 0)
    p.returncode = 0  # reaped already
    found, stack = {}, None
    for line in out.splitlines():
        m = POINT.match(line)
        if m:
            found[stack][1].append((m.group(1), int(m.group(2), 16), int(m.group(3), 16)))
        elif line.startswith("  "):
            stack, _, note = line.strip().partition(": ")
            found[stack] = (note, [])
    return found, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def role(points, name, field=2):
    return next((p[field] for p in points if p[0].startswith(name)), None)


def check_cost(tap, name, cpu, kb):
    tap.check("%s: at most %.1f s of CPU and %d MB (%.2f s, %d MB)" % (name, CPU_S, MEMORY_KB >> 10, cpu, kb >> 10),
              cpu <= CPU_S and kb <= MEMORY_KB)


def boringssl(tap, name, want, field):
    path = binaries.path(name)
    if not path:
        return tap.skip(name, binaries.reason(name))
    found, cpu, kb = doctor(path)
    note, points = found.get("BoringSSL", ("nothing", []))
    got = role(points, "write", field), role(points, "read", field)
    return tap.check("%s: SSL_write and SSL_read (%.2f s of CPU)" % (name, cpu),
                     got[0] == want[0] and (got[1] == want[1] or (want[1] is None and got[1])), [note, "got %r want %r" % (got, want)]) \
        and check_cost(tap, name, cpu, kb)


def openssl(tap, name, version):
    path = binaries.path(name)
    if not path:
        return tap.skip(name, binaries.reason(name))
    found, cpu, kb = doctor(path)
    note, points = found.get("OpenSSL", ("nothing", []))
    tap.check("%s: OpenSSL %s by its function names" % (name, version), "(%s, stripped)" % version in note and role(points, "write")
              and role(points, "read"), [note, points])
    return check_cost(tap, name, cpu, kb)


def stacks(tap, name, stack, how):
    path = binaries.path(name)
    if not path:
        return tap.skip(name, binaries.reason(name))
    found, cpu, kb = doctor(path)
    note, points = found.get(stack, ("nothing", []))
    both = (role(points, "write") and role(points, "read")) or (role(points, "seal") and role(points, "open"))
    tap.check("%s: %s by %s" % (name, stack, how), how in note and both, found)
    return None if "arm64" in name else check_cost(tap, name, cpu, kb)  # no process of it runs here


def symbols(tap, name, stack):
    """Its symbols hidden, the same file must show the same functions."""
    path = binaries.path(name)
    if not path:
        return tap.skip(name, binaries.reason(name))
    nm = subprocess.run(["nm", "-D", path], capture_output=True, text=True).stdout
    want = {m.group(2): int(m.group(1), 16) for m in re.finditer(r"^([0-9a-f]+) T (ssl_(?:read|write)_internal)$", nm, re.M)}
    found, _, _ = doctor(path)
    tap.check("%s: by symbols" % name, "symbols" in found.get(stack, ("", []))[0], found)
    if not want:
        return None
    with tempfile.TemporaryDirectory() as d:
        hidden = shutil.copy(path, os.path.join(d, "hidden"))
        subprocess.run(["strip", hidden], check=True)
        hide(hidden, (b"SSL_read", b"SSL_write"))
        found, _, _ = doctor(hidden)
    note, points = found.get(stack, ("nothing", []))
    return tap.check("%s: without SSL_read and SSL_write of its symbols" % name,
                     {role(points, "write"), role(points, "read")} == set(want.values()), [note, points, want])


def hide(path, names):
    """Renames these in the string table of the dynamic symbols."""
    out = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True).stdout
    m = re.search(r"\.dynstr +STRTAB +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)", out)
    with open(path, "r+b") as f:
        f.seek(int(m.group(1), 16))
        table = f.read(int(m.group(2), 16))
        for n in names:
            table = table.replace(b"\0" + n + b"\0", b"\0" + n[:-1] + b"X\0")
        f.seek(int(m.group(1), 16))
        f.write(table)


def main():
    tap = Tap()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, want in BORINGSSL.items():
        tap.run(name, boringssl, name, want, 2)
    for name, want in OFFSETS.items():
        tap.run(name, boringssl, name, want, 1)
    for name, version in OPENSSL.items():
        tap.run(name, openssl, name, version)
    for name, stack in SYMBOLS.items():
        tap.run(name, symbols, name, stack)
    for name, (stack, how) in STACKS.items():
        tap.run(name, stacks, name, stack, how)
    for name in ("bun-1.2.0", "bun-1.3.0"):  # a table there is not ring's
        path = binaries.path(name)
        tap.check(name + ": no ring", "ring" not in doctor(path)[0]) if path else tap.skip(name, binaries.reason(name))
    for file, stack in LIBRARIES.items():
        path = next((p for p in ("/usr/lib/x86_64-linux-gnu/" + file, "/usr/lib/aarch64-linux-gnu/" + file) if os.path.exists(p)), None)
        if not path:
            tap.skip(file, "not installed")
            continue
        found = doctor(path)[0]
        tap.check("%s: %s, by symbols" % (file, stack), role(found.get(stack, ("", []))[1], "write") and role(found[stack][1], "read"), found)
    return tap.done()


sys.exit(main())
