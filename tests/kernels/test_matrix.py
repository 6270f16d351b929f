#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gentap on stock kernels: the same calls on each, held against the provider's log and against
each other. KERNELS="host 5.10-amd64 6.12-amd64-integrity" runs only these; VM_S=SECONDS bounds one guest.
MATRIX=FILE: writes what was seen there, beside what of the file was not run this time."""
import collections
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import vm
from tap import Tap

ROWS = [  # version, architecture, kernel argument
    ("5.10", "amd64", ""), ("6.1", "amd64", ""), ("6.12", "amd64", ""), ("newest", "amd64", ""),
    ("6.12", "amd64", "lockdown=integrity"), ("6.12", "amd64", "lockdown=confidentiality"),
    ("5.10", "arm64", ""), ("6.12", "arm64", ""),
]
SWITCHES = ("6.12", "amd64", "")  # where each feature is switched off too
VM_S = int(os.environ.get("VM_S") or 900)  # 100 to 400 s, by what else the machine does
TRIES = 2  # a guest that does not come up at all says nothing of gentap
ARM64 = os.path.join(vm.BUILD, "arm64", "out")
ARM64_ROOT = os.path.join(vm.CACHE, "arm64", "root")
ARM64_PACKAGES = ("busybox-static coreutils dash python3 python3-brotli python3-zstandard openssl curl procps libbpf1 libdw1 "
                  "libelf1 zlib1g libbrotli1 libzstd1 libnghttp2-14 libcurl4 libcap-ng0 libsqlite3-0 libyaml-0-2 "
                  "libmicrohttpd12 libpcre2-8-0 libncursesw6").split()
FEATURES = ("uprobe_multi", "user_dynptr", "socket_send", "socket_length", "syscalls", "emulated_points")


def go_client(arch):
    """A static, stripped program; None without a Go."""
    out = os.path.join(vm.CACHE, "go-http-" + arch)
    env = dict(os.environ, GOENV="off", CGO_ENABLED="0", GO111MODULE="off", GOOS="linux", GOARCH=arch)
    try:
        p = subprocess.run(["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "main.go"], timeout=600, env=env,
                           cwd=os.path.join(vm.ROOT, "tests", "live", "clients", "go", "http"), capture_output=True)
        return None if p.returncode else out
    except (OSError, subprocess.TimeoutExpired):
        return None


def result_of(output):
    for line in output.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line[len("RESULT "):])
    return None


def guest(version, arch, argument, go):
    kernel = vm.fetch(version, arch)
    command, root, share, build = [os.path.join(vm.BUILD, "venv", "bin", "python")], "/", None, vm.BUILD
    if arch == "arm64":
        subprocess.run([os.path.join(vm.ROOT, "tests", "arm64-root"), os.path.dirname(ARM64_ROOT), *ARM64_PACKAGES], check=True,
                       timeout=600, stdout=subprocess.DEVNULL)
        command, root, share, build = ["/usr/bin/python3"], ARM64_ROOT, vm.ROOT, ARM64
    env = {"BUILD": build, "GENTAP": os.path.join(build, "gentap"), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    if (version, arch, argument) == SWITCHES:
        env["SWITCHES"] = "1"
    command += [os.path.join(HERE, "guest.py"), *([go] if go else [])]
    for _ in range(TRIES):
        run = vm.boot(kernel, command, VM_S, root=root, share=share, append=argument, env=env)
        if run.status is not None or run.output:
            break
    return run, result_of(run.output)


def host(go):
    env = dict(os.environ, BUILD=vm.BUILD, GENTAP=os.path.join(vm.BUILD, "gentap"))
    try:
        p = subprocess.run([sys.executable, os.path.join(HERE, "guest.py"), *([go] if go else [])], env=env, capture_output=True,
                           text=True, timeout=VM_S)
        return result_of(p.stdout)
    except subprocess.TimeoutExpired:
        return None


def features(doctor):
    return {line.split()[0]: line.split()[1].rstrip(":") for line in doctor.splitlines()
            if line.split() and line.split()[0] in FEATURES}


def line(tap, title, result, seconds):
    has = features(result["doctor"])
    cells = ["%s %d/%d/%d" % (group, *n) for group, n in sorted(result["groups"].items())]
    tap.note("%-34s %4.0f s  %s" % (title, seconds, ", ".join(cells) or "refused"))
    tap.note("%-34s         %s" % ("", ", ".join(f for f in FEATURES if has.get(f) == "yes")))


def keep(result, argument):
    """A row of the file, by the kernel's first two numbers, the machine and the argument."""
    path, rows = os.environ.get("MATRIX"), {}
    if not path:
        return
    if os.path.exists(path):
        with open(path) as f:
            rows = {r["key"]: r for r in json.load(f)["rows"]}
    seen = [sum(n[i] for n in result["groups"].values()) for i in (2, 0)]
    ktls = [g for g in result["groups"] if g.startswith("ktls")]
    row = {"key": " ".join((".".join(result["release"].split(".")[:2]), result["machine"], argument)), "release": result["release"],
           "machine": result["machine"], "with": argument, "calls": "%d/%d%s" % (*seen, ", kernel TLS too" if ktls else "")
           if result["groups"] else "refused, with its reason", "features": [f for f, v in features(result["doctor"]).items() if v == "yes"]}
    rows[row["key"]] = row
    number = lambda key: ([int(x) for x in key.split()[0].split(".")], key)
    with open(path, "w") as f:
        f.write('{"rows": [\n%s\n]}\n' % ",\n".join(json.dumps(rows[k]) for k in sorted(rows, key=number)))


def refuses(tap, title, result, run):
    """A kernel that bars the reading of memory: gentap says so, and how to get on."""
    tap.check(title + ": refuses, and says why", result and not result["groups"] and "confidentiality" in
              [l.split(" ")[-1] for l in result["doctor"].splitlines() if l.startswith("lockdown")] and
              "capture           no: " in result["doctor"], result["doctor"] if result else run.output[-2000:])


def compare(tap, title, result, like):
    count = lambda r: collections.Counter(json.dumps(s, sort_keys=True) for s in r["spans"])
    tap.check(title + ": the spans are those of " + like["release"], count(result) == count(like),
              ["here: %s" % s for s in count(result) - count(like)] + ["there: %s" % s for s in count(like) - count(result)])


def kernel_tls(tap, title, result):
    """By the process itself, which the ledger says, and by its library."""
    name = title + ": kernel TLS, each call once"
    if "no_kernel_tls" in result:
        tap.skip(name, result["no_kernel_tls"] or "not offered")
        return
    tap.equal(name, [result["groups"].get(g) for g in ("ktls-library", "ktls-socket")], [[1, 1, 1]] * 2)
    tap.equal(title + ": kernel TLS in the ledger", result["kernel_tls"],
              {"ktls-library": ["openssl", "decoded", 1], "ktls-socket": ["ktls", "decoded", 1]})


def row(tap, version, arch, argument, like):
    title = " ".join(filter(None, ("Linux", version, arch, argument)))
    try:
        run, result = guest(version, arch, argument, go_client(arch))
    except vm.Unavailable as e:
        tap.skip(title, str(e))
        return None
    if result:
        line(tap, "%s %s %s" % (result["release"], result["machine"], argument), result, run.seconds)
        keep(result, argument)
    if "confidentiality" in argument:
        return refuses(tap, title, result, run)
    if not tap.check(title + ": every call is seen, and right", run.status == 0 and result and result["groups"] and not result["wrong"],
                     (result["wrong"] + [result["doctor"], result.get("agent", "")]) if result else
                     "status %s after %.0f s\n%s\n%s" % (run.status, run.seconds, run.output[-3000:], run.console[-1500:])):
        return result
    kernel_tls(tap, title, result)
    for name, groups in result.get("switches", {}).items():
        tap.equal("%s, without %s" % (title, name), groups, {"tls": [1, 1, 1], "plain": [1, 1, 1]})
    if like:
        compare(tap, title, result, like)
    return result


def main():
    tap, only = Tap(), os.environ.get("KERNELS", "").split()
    os.makedirs(vm.CACHE, exist_ok=True)
    tap.note("calls made/seen/right of each client, and what the kernel offers")
    here = os.uname().machine == "x86_64" and (not only or "host" in only)
    like = host(go_client("amd64")) if here else None
    if like and like["groups"]:
        line(tap, "%s %s (this machine)" % (like["release"], like["machine"]), like, 0)
        keep(like, "")
        tap.check("this machine: every call is seen, and right", not like["wrong"], like["wrong"])
    else:  # not root, or such a kernel: the first guest is what the others are compared with
        tap.note("this machine cannot capture, or is not asked to: guests are compared with each other")
        like = None
    for version, arch, argument in ROWS:
        if only and "-".join(filter(None, (version, arch, argument.partition("=")[2]))) not in only:
            continue
        got = row(tap, version, arch, argument, like)
        like = like or got
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
