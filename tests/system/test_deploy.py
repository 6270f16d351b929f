#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/: the unit, the commented configuration, the package, the container, the DaemonSet; what
they say must be true of this tree, and of each other."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
from tap import Tap

DEPLOY = os.path.join(agent.ROOT, "deploy")
# Of 10 (100 as an option): what other processes' memory and the network cost is most of it.
EXPOSURE_MAX = 26
# What capturing needs; the two last make it better (agent/sys/proc.c, agent/probe/urgent.c).
CAPABILITIES = {"BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH", "CHECKPOINT_RESTORE", "SYS_NICE"}
# Flags of run that make no sense in a file.
NO_SETTING = {"config", "help", "usage", "feature-off"}
# A setting that is commented out has no space before its name; prose has one.
SETTING = re.compile(r"^#(?=[a-z-]+:|  - \{)", re.M)


def read(*path):
    with open(os.path.join(DEPLOY, *path), encoding="utf-8") as f:
        return f.read()


def call(*args, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, env=env,
                          check=False, **more)


def unit(tap):
    text = read("systemd", "gentap.service")
    bounds = re.search(r"^CapabilityBoundingSet=(.*)$", text, re.M).group(1).split()
    tap.equal("unit: its capabilities", {c.removeprefix("CAP_") for c in bounds}, CAPABILITIES)
    tap.equal("unit: a user of its own has them", re.findall(r"^(?:AmbientCapabilities|DynamicUser)=(.*)$", text, re.M),
              [" ".join(bounds), "yes"])
    start = re.search(r"^ExecStart=/usr/bin/gentap (.*)$", text, re.M).group(1).split()
    # What stands before --help is parsed, and nothing is run.
    tap.equal("unit: a command line that is right", agent.run(*start, "--help", check=False).returncode, 0)
    if not shutil.which("systemd-analyze"):
        tap.skip("unit: systemd-analyze", "no systemd-analyze here")
        return
    with tempfile.TemporaryDirectory() as where:
        path = os.path.join(where, "gentap.service")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("/usr/bin/gentap", os.path.abspath(agent.binary(False))))
        p = call("systemd-analyze", "verify", "--man=no", path)
        tap.check("unit: systemd-analyze verify", p.returncode == 0 and not p.stdout.strip(), p.stdout)
        p = call("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=%d" % EXPOSURE_MAX, path)
        tap.check("unit: exposure of at most %.1f" % (EXPOSURE_MAX / 10), p.returncode == 0, p.stdout[-400:])
        tap.note(re.sub(r"[^\x20-\x7e]+", "", p.stdout.strip().splitlines()[-1]).strip())


def config(tap):
    text = read("config.yaml")
    path = os.path.join(DEPLOY, "config.yaml")
    p = agent.run("config", "check", path, check=False)
    tap.check("config: as it is, it sets nothing", p.returncode == 0 and "0 settings, 0 identity rules" in p.stdout,
              p.stdout + p.stderr)
    with tempfile.TemporaryDirectory() as where:
        path = os.path.join(where, "all.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(SETTING.sub("", text))
        p = agent.run("config", "check", path, check=False)
        tap.check("config: all of it set", p.returncode == 0, p.stdout + p.stderr)
    names = re.findall(r"^#([a-z-]+):", text, re.M)
    flags = set(re.findall(r"^ +(?:-., )?--([a-z-]+)", agent.run("run", "--help").stdout, re.M))
    tap.check("config: no setting twice", len(names) == len(set(names)), names)
    tap.equal("config: every flag of run is there", set(names) - {"identity"}, flags - NO_SETTING)


def install(tap):
    with tempfile.TemporaryDirectory() as where:
        make = ("make", "--no-print-directory", "-C", agent.ROOT, "BUILD=" + os.path.abspath(agent.BUILD), "DESTDIR=" + where)
        def at(name):
            return os.path.join(where, name.lstrip("/"))
        p = call(*make, "install")
        if not tap.check("install", p.returncode == 0, p.stdout):
            return
        unit_file = at("/usr/local/lib/systemd/system/gentap.service")
        with open(unit_file, encoding="utf-8") as f:
            tap.check("install: the unit starts what was installed", "ExecStart=/usr/local/bin/gentap run" in f.read())
        with open(at("/etc/gentap/config.yaml"), "w", encoding="utf-8") as f:
            f.write("keep-days: 1\n")
        p = call(*make, "install")
        with open(at("/etc/gentap/config.yaml"), encoding="utf-8") as f:
            tap.equal("install again: the administrator's file stays", (p.returncode, f.read()), (0, "keep-days: 1\n"))
        p = call(*make, "uninstall")
        left = [os.path.join(d, f)[len(where):] for d, _, files in os.walk(where) for f in files]
        tap.equal("uninstall: that file is all that is left", (p.returncode, left), (0, ["/etc/gentap/config.yaml"]))


def package(tap):
    if not shutil.which("dpkg-shlibdeps") or not shutil.which("dpkg-deb"):
        tap.skip("package", "no dpkg-dev here")
        return
    p = call("make", "--no-print-directory", "-C", agent.ROOT, "BUILD=" + os.path.abspath(agent.BUILD), "deb")
    deb = p.stdout.split()[-1] if p.stdout.split() else ""
    if not tap.check("package: make deb", p.returncode == 0 and re.search(r"/gentap_[0-9.]+_(amd64|arm64)\.deb$", deb), p.stdout):
        return
    rows = [line.split() for line in call("dpkg-deb", "-c", deb).stdout.splitlines()]
    files = {r[5][1:]: (r[0], r[1]) for r in rows}
    want = {"/usr/bin/gentap": "-rwxr-xr-x", "/usr/lib/systemd/system/gentap.service": "-rw-r--r--",
            "/etc/gentap/config.yaml": "-rw-r--r--", "/usr/share/man/man1/gentap.1.gz": "-rw-r--r--",
            "/usr/share/man/man1/gentap-run.1.gz": "-rw-r--r--", "/usr/share/doc/gentap/copyright": "-rw-r--r--",
            "/usr/share/bash-completion/completions/gentap": "-rw-r--r--",
            "/usr/share/zsh/vendor-completions/_gentap": "-rw-r--r--"}
    tap.equal("package: its files", {f: files.get(f) for f in want}, {f: (m, "root/root") for f, m in want.items()})
    tap.check("package: nothing outside /usr and /etc", all(re.match(r"/(usr|etc)?(/|$)", f) for f in files), list(files))
    with tempfile.TemporaryDirectory() as where:
        call("dpkg-deb", "-R", deb, where)
        with open(os.path.join(where, "DEBIAN", "control"), encoding="utf-8") as f:
            control = f.read()
        with open(os.path.join(where, "DEBIAN", "conffiles"), encoding="utf-8") as f:
            tap.equal("package: its configuration survives upgrades", f.read(), "/etc/gentap/config.yaml\n")
        with open(os.path.join(where, "usr/lib/systemd/system/gentap.service"), encoding="utf-8") as f:
            tap.equal("package: its unit is the tree's", f.read(), read("systemd", "gentap.service"))
        p = call(os.path.join(where, "usr/bin/gentap"), "version")
        version = re.search(r"^Version: (.*)$", control, re.M).group(1)
        tap.check("package: its program runs and is of that version", p.returncode == 0 and version in p.stdout, p.stdout)
        for script in ("postinst", "prerm", "postrm"):
            p = call("sh", "-n", os.path.join(where, "DEBIAN", script))
            tap.check("package: %s is a script" % script, p.returncode == 0, p.stdout)
    depends = re.search(r"^Depends: (.*)$", control, re.M).group(1)
    tap.check("package: depends on libraries", all(n in depends for n in ("libbpf", "libc6", "libsqlite3")), depends)


def container(tap):
    text = read("container", "Dockerfile")
    caps = re.search(r"--cap-add=(\S+)", text).group(1).split(",")
    tap.equal("container: its capabilities", set(caps), CAPABILITIES)
    tap.equal("container: two stages, the last is nothing but the agent", re.findall(r"^FROM (\S+)", text, re.M),
              ["debian:bookworm", "scratch"])


def schema(tap, objects):
    """What the API server would say of unknown and of ill-typed fields, of an old release and of a new one."""
    try:
        import kubernetes_validate
    except ImportError:
        tap.skip("DaemonSet: Kubernetes' schemas", "not here: make deps-test")
        return
    for version in ("1.29", "1.37"):
        wrong = []
        for o in objects.values():
            try:
                kubernetes_validate.validate(o, version, strict=True)
            except kubernetes_validate.ValidationError as e:
                wrong.append("%s: %s" % (o["kind"], e.message))
        tap.equal("DaemonSet: Kubernetes %s knows all of it" % version, wrong, [])


def daemonset(tap):
    try:
        import yaml
    except ImportError:
        tap.skip("DaemonSet", "no PyYAML here: make deps-test")
        return
    objects = {o["kind"]: o for o in yaml.safe_load_all(read("k8s", "daemonset.yaml"))}
    schema(tap, objects)
    tap.equal("DaemonSet: its objects", sorted(objects), ["ClusterRole", "ClusterRoleBinding", "DaemonSet",
                                                                  "Namespace", "ServiceAccount"])
    name = objects["Namespace"]["metadata"]["name"]
    tap.equal("DaemonSet: all in one namespace", {o["metadata"].get("namespace", name) for o in objects.values()}, {name})
    tap.equal("DaemonSet: the least of rights", objects["ClusterRole"]["rules"],
              [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])
    tap.equal("DaemonSet: for its account alone", objects["ClusterRoleBinding"]["subjects"],
              [{"kind": "ServiceAccount", "name": objects["ServiceAccount"]["metadata"]["name"], "namespace": name}])
    tap.equal("DaemonSet: bound to its role", objects["ClusterRoleBinding"]["roleRef"]["name"], objects["ClusterRole"]["metadata"]["name"])
    spec = objects["DaemonSet"]["spec"]
    pod = spec["template"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    tap.check("DaemonSet: selects its own pods", spec["selector"]["matchLabels"].items() <= labels.items())
    tap.equal("DaemonSet: its account", pod["serviceAccountName"], objects["ServiceAccount"]["metadata"]["name"])
    tap.equal("DaemonSet: sees the node's processes, not its network", (pod["hostPID"], pod.get("hostNetwork", False)),
              (True, False))
    box, = pod["containers"]
    security = box["securityContext"]
    tap.equal("DaemonSet: its capabilities", (security["capabilities"]["drop"], set(security["capabilities"]["add"])),
              (["ALL"], CAPABILITIES))
    tap.equal("DaemonSet: least privileges", [security[k] for k in
              ("privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem")], [False, False, True])
    tap.equal("DaemonSet: each mount has its volume, each volume its mount", sorted(m["name"] for m in box["volumeMounts"]),
              sorted(v["name"] for v in pod["volumes"]))
    writable = {m["mountPath"] for m in box["volumeMounts"] if not m.get("readOnly")}
    tap.equal("DaemonSet: what it may write", writable, {"/var/lib/gentap", "/run"})
    tap.check("DaemonSet: an endpoint", any(e["name"] == "OTEL_EXPORTER_OTLP_ENDPOINT" for e in box["env"]))
    tap.check("DaemonSet: on every node, and bounded", pod["tolerations"] == [{"operator": "Exists"}] and
              pod["priorityClassName"] and box["resources"]["limits"]["memory"] and box["resources"]["requests"]["cpu"])
    p = agent.run(*box["args"], "--help", check=False)
    tap.equal("DaemonSet: arguments that exist", p.returncode, 0)
    probes = [(box[k]["httpGet"]["path"], box[k]["httpGet"]["port"]) for k in ("startupProbe", "readinessProbe", "livenessProbe")]
    tap.equal("DaemonSet: its probes", probes, [("/readyz", "metrics"), ("/readyz", "metrics"), ("/healthz", "metrics")])
    port, = [p["containerPort"] for p in box["ports"] if p["name"] == "metrics"]
    tap.check("DaemonSet: are answered where they ask", "--metrics=0.0.0.0:%d" % port in box["args"], box["args"])
    node, = [e for e in box["env"] if e["name"] == "NODE_NAME"]
    tap.equal("DaemonSet: asks for its own node's pods", node["valueFrom"]["fieldRef"]["fieldPath"], "spec.nodeName")


def main():
    tap = Tap()
    for test in (unit, config, install, package, container, daemonset):
        tap.run(test.__name__, test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
