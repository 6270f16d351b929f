# SPDX-License-Identifier: Apache-2.0
"""Other kernels: Debian's own packages, booted by QEMU on this machine's files.

    kernel = fetch("5.10", "amd64")                 # from the mirror that apt is set up with
    run = boot(kernel, ["uname", "-r"], limit=120)  # run.status, run.output, run.console

The guest sees a root file system read-only under a tmpfs, has loopback and no other
network, and needs neither KVM nor root: QEMU emulates the machine. KERNELS_ACCEL=kvm is
for where KVM works; that /dev/kvm is there does not say so.
"""
import dataclasses
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("BUILD") or os.path.join(ROOT, "build"))
CACHE = os.path.join(BUILD, "kernels")
# Debian's suites by version.
SUITES = {"5.10": ("bullseye-security", "bullseye"), "6.1": ("bookworm-security", "bookworm"),
          "6.12": ("trixie-security", "trixie"), "newest": ("trixie-backports", "sid")}
# In the order of loading; what a kernel has built in, or does not know, is not there. From crypto_null
# on: TLS by the kernel, with AES-GCM.
MODULES = ("virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci netfs fscache 9pnet "
           "9pnet_virtio 9p overlay crypto_null geniv libaes aes_generic gf128mul ghash-generic ctr gcm tls").split()
FETCH_S, UNPACK = 300, {".ko": ["cat"], ".xz": ["xz", "-dc"], ".zst": ["zstd", "-qdc"], ".gz": ["gzip", "-dc"]}
MACHINES = {"amd64": ("qemu-system-x86_64", "pc", "ttyS0", "max"),
            "arm64": ("qemu-system-aarch64", "virt", "ttyAMA0", "cortex-a72")}


class Unavailable(Exception):
    """The mirror does not have it, or cannot be reached: a reason to skip."""


@dataclasses.dataclass
class Run:
    status: object  # of the command; None: it did not end, or the guest did not
    output: str
    console: str
    seconds: float


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except OSError:
        return ""


# ---- Kernels ---------------------------------------------------------------------------
def mirrors():
    """(main archive, security archive) of the apt sources of this machine."""
    p = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(SUITE) $(CODENAME)"],
                       capture_output=True, text=True, timeout=60)
    main = security = None
    for line in p.stdout.splitlines():
        uri, _, names = line.partition(" ")
        if "-security" in names:
            security = security or uri
        elif "-" not in names.split()[-1]:
            main = main or uri
    if not main:
        raise Unavailable("apt knows no Debian mirror: apt-get update")
    return main, security or main


def apt(state, arch, suites):
    """A function that runs apt tools with lists of their own, so that the machine's stay as they are."""
    main, security = mirrors()
    for d in ("parts", "lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(state, d))
    with open(os.path.join(state, "parts", "kernels.sources"), "w") as f:
        for suite in suites:
            f.write("Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: %s\n"
                    "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
                    % (security if suite.endswith("-security") else main, suite, arch))
    with open(os.path.join(state, "apt.conf"), "w") as f:
        f.write('Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "%s/parts"; Dir::State::lists "%s/lists";\n'
                'Dir::Cache "%s/cache"; Dir::State::status "/dev/null"; APT::Architecture "%s";\n'
                'APT::Architectures { "%s"; }; APT::Sandbox::User "root"; Acquire::Languages "none";\n'
                % (state, state, state, arch, arch))
    env = dict(os.environ, APT_CONFIG=os.path.join(state, "apt.conf"))
    return lambda *command: subprocess.run(command, env=env, cwd=state, capture_output=True, text=True, timeout=FETCH_S)


def candidates(listed, version, arch):
    """Package names of full builds (the cloud builds have no 9p), newest first."""
    want = r"[0-9.]+" if version == "newest" else re.escape(version) + r"(?:\.[0-9]+)?"
    names = re.findall(r"^linux-image-%s(?:\+deb[0-9.]+)?(?:-[0-9]+)?-%s$" % (want, arch), listed, re.M)
    return sorted(names, key=lambda n: [int(x) for x in re.findall(r"\d+", n.replace(arch, ""))], reverse=True)


def download(version, arch, state):
    # The security archive lists arm64 files of 5.10 that it has not.
    suites = [s for s in SUITES[version] if (version, arch, s) != ("5.10", "arm64", "bullseye-security")]
    run = apt(state, arch, suites)
    p = run("apt-get", "-q", "update")
    if p.returncode:
        raise Unavailable("apt-get update: " + p.stderr.strip()[-200:])
    for name in candidates(run("apt-cache", "pkgnames", "linux-image-").stdout, version, arch)[:4]:
        split = re.findall(r"^ *Depends: (linux-(?:binary|modules)-\S+)$", run("apt-cache", "depends", name).stdout, re.M)
        if not run("apt-get", "-q", "download", *(split or [name])).returncode:
            return [os.path.join(state, f) for f in os.listdir(state) if f.endswith(".deb")]
    raise Unavailable("no package of Linux %s for %s can be downloaded" % (version, arch))


def unpack(packages, where):
    tree = os.path.join(where, "tree")
    os.makedirs(tree)
    wanted = ["*/vmlinuz*"] + ["*/%s.ko*" % m for m in MODULES]
    for deb in packages:  # tar complains of names that one of two packages has not
        reader = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", tree, "--wildcards", *wanted], stdin=reader.stdout, stderr=subprocess.DEVNULL,
                       timeout=FETCH_S)
        reader.stdout.close()
        reader.wait()
    for folder, _, files in os.walk(tree):
        for name in files:
            path = os.path.join(folder, name)
            if name.startswith("vmlinuz"):
                os.replace(path, os.path.join(where, "vmlinuz"))
                with open(os.path.join(where, "release"), "w") as f:
                    f.write(name.partition("-")[2])
            else:
                with open(os.path.join(where, name.partition(".")[0] + ".ko"), "wb") as f:
                    subprocess.run([*UNPACK[os.path.splitext(name)[1]], path], stdout=f, check=True, timeout=60)
    shutil.rmtree(tree)
    if not os.path.exists(os.path.join(where, "vmlinuz")):
        raise Unavailable("no vmlinuz in " + " ".join(map(os.path.basename, packages)))


@dataclasses.dataclass
class Kernel:
    arch: str
    path: str

    @property
    def release(self):
        with open(os.path.join(self.path, "release")) as f:
            return f.read()


def fetch(version, arch):
    """Its image and the few modules, kept in build/kernels. Raises Unavailable."""
    path = os.path.join(CACHE, version + "-" + arch)
    if read(os.path.join(path, "wanted")) != " ".join(MODULES):
        os.makedirs(CACHE, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            state, new = os.path.join(work, "state"), os.path.join(work, "new")
            os.makedirs(state)
            os.makedirs(new)
            try:
                unpack(download(version, arch, state), new)
                with open(os.path.join(new, "wanted"), "w") as f:
                    f.write(" ".join(MODULES))
            except subprocess.TimeoutExpired as e:
                raise Unavailable("%s took more than %d s" % (e.cmd[0], e.timeout)) from None
            shutil.rmtree(path, ignore_errors=True)
            os.replace(new, path)
    return Kernel(arch, path)


# ---- The machine -----------------------------------------------------------------------
def initrd(kernel, root, share, work):
    tree = os.path.join(work, "initrd")
    os.makedirs(os.path.join(tree, "bin"))
    os.makedirs(os.path.join(tree, "modules"))
    shutil.copy(os.path.join(HERE, "init"), tree)
    shutil.copy(os.path.join(root, "bin", "busybox"), os.path.join(tree, "bin"))
    for name in os.listdir(kernel.path):
        if name.endswith(".ko"):
            shutil.copy(os.path.join(kernel.path, name), os.path.join(tree, "modules"))
    with open(os.path.join(tree, "modules", "order"), "w") as f:
        f.write("\n".join(MODULES))
    if share:
        with open(os.path.join(tree, "share-path"), "w") as f:
            f.write(share)
    out = os.path.join(work, "initrd.cpio")
    names = subprocess.run(["find", "."], cwd=tree, capture_output=True, check=True, timeout=60).stdout
    with open(out, "wb") as f:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=tree, input=names, stdout=f, check=True, timeout=60)
    return out


def shared(tag, path, writable=False):
    return ["-fsdev", "local,id=%s,path=%s,security_model=none,multidevs=remap%s" % (tag, path, "" if writable else ",readonly=on"),
            "-device", "virtio-9p-pci,fsdev=%s,mount_tag=%s" % (tag, tag)]


def boot(kernel, command, limit, root="/", share=None, append="", env=None, memory_mib=2048, cpus=2):
    """Runs the command as root in a guest. `share`: a folder that it sees at the same path, where
    root is not this machine's own."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gentap-vm-") as work:
        out = os.path.join(work, "out")
        os.makedirs(out)
        with open(os.path.join(out, "command"), "w") as f:
            f.write("".join("export %s=%s\n" % (k, shlex.quote(v)) for k, v in (env or {}).items()))
            f.write("cd %s\nexec %s\n" % (shlex.quote(ROOT), " ".join(map(shlex.quote, command))))
        qemu, machine, tty, cpu = MACHINES[kernel.arch]
        args = ["timeout", "-k", "5", str(limit + 10), qemu, "-M", machine, "-accel", os.environ.get("KERNELS_ACCEL") or "tcg,thread=multi", "-cpu", cpu,
                "-smp", str(cpus), "-m", str(memory_mib), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-nic", "none", "-kernel", os.path.join(kernel.path, "vmlinuz"), "-initrd", initrd(kernel, root, share, work),
                # A busy host lets the timer of an emulated PC come late: it is not checked.
                "-append", "console=%s quiet panic=-1 oops=panic mitigations=off no_timer_check rdinit=/init %s" % (tty, append),
                "-serial", "file:" + os.path.join(work, "console"), "-device", "virtio-rng-pci",
                *shared("root", root), *shared("out", out, True), *(shared("share", share) if share else [])]
        p = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, said = p.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            p.kill()
            _, said = p.communicate()
        except BaseException:
            p.kill()
            p.wait()
            raise
        status = read(os.path.join(out, "status")).strip()
        return Run(int(status) if status else None, read(os.path.join(out, "output")),
                   read(os.path.join(work, "console")) + said, time.monotonic() - began)
