#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent from its image, with the flags that the Dockerfile names: no root, six capabilities. It
observes a client on the host and one in another container, and names both rightly.

The image is the Dockerfile's last stage, filled by the script that fills it there, with the agent that
was built here; its first stage, which builds the agent, is not."""
import json
import os
import re
import shutil
import subprocess
import sys

import harness
import test_isolation
import test_service
from harness import SUDO, World, judge, need_root, wait_for
from tap import Tap

DOCKERFILE = os.path.join(test_service.DEPLOY, "container", "Dockerfile")
FILL = os.path.join(test_service.DEPLOY, "container", "root")
USER = 65532
BYTES_MAX = 48 << 20
LIMIT_S = 120


def call(*command, check=True, **more):
    return subprocess.run([*SUDO, *command], capture_output=True, text=True, timeout=LIMIT_S, check=check, **more)


def dockerfile():
    with open(DOCKERFILE, encoding="utf-8") as f:
        return f.read()


def build_image(w, name):
    """Raises when the image cannot be made."""
    where = w.path("image")
    os.makedirs(where)
    subprocess.run([FILL, harness.GENTAP, os.path.join(where, "image")], check=True, timeout=LIMIT_S)
    last = dockerfile()[dockerfile().index("FROM scratch"):]
    assert "COPY --from=build /image /" in last, last
    with open(os.path.join(where, "Dockerfile"), "w", encoding="utf-8") as f:
        f.write(last.replace("--from=build /image /", "image /"))
    call("buildah", "bud", "--isolation", "chroot", "--quiet", "--tag", name, where)


def flags(name):
    """Those of the Dockerfile's own words; the volume and the endpoint are the test's."""
    words = re.sub(r"[#\\]", " ", re.search(r"podman run --rm (.*?) gentap\n", dockerfile(), re.S).group(1)).split()
    at = words.index("-e")
    del words[at:at + 2]
    return [word.replace("gentap:/var/lib", name + ":/var/lib") for word in words]


def the_image(tap, name):
    about, = json.loads(call("podman", "image", "inspect", name).stdout)
    tap.check("image: small (%.0f MB)" % (about["Size"] / 1e6), about["Size"] < BYTES_MAX, about["Size"])
    tap.equal("image: no root", about["Config"]["User"], "%d:%d" % (USER, USER))
    podman = [*test_isolation.PODMAN, "--cap-drop=ALL", "--read-only"]
    tap.check("image: what needs no rights works without any",
              call(*podman, name, "version").stdout.startswith("gentap ") and "anthropic" in call(*podman, name, "prices", "claude-sonnet-4-5").stdout)
    tap.equal("image: no shell", call(*podman, "--entrypoint", "/bin/sh", name, "-c", "true", check=False).returncode, 127)


def in_container(w, name, cidfile):
    """A client in a container of its own: the host's tree as an overlay, no image to fetch."""
    env = [x for kv in w.env().items() if kv[0] in ("SSL_CERT_FILE", "OPENAI_API_KEY", "PATH", "HOME") for x in ("-e", "%s=%s" % kv)]
    w.run([*SUDO, *test_isolation.PODMAN, *env, "--name", name, "--cidfile", cidfile, "--rootfs", "/:O",
           *w.plain("httpclient", "chat", repeat=2, after=0.2)])
    with open(cidfile, encoding="utf-8") as f:
        return f.read().strip()


def resources(agent, entries):
    mine = {e["request_id"] for e in entries}
    return [s.resource for s in agent.spans() if s["gentap.provider.request_id"] in mine]


def observes(tap, w, name):
    command = [*test_isolation.PODMAN, *flags(name), "--name", name, "-e", "OTEL_EXPORTER_OTLP_ENDPOINT", name]
    agent_program, harness.GENTAP = harness.GENTAP, test_service.wrapper(w, command)
    try:
        with w.agent("--store") as agent:
            pid = int(call("podman", "inspect", "--format", "{{.State.Pid}}", name).stdout)
            tap.equal("its capabilities and no others", test_service.held(pid),
                      sum(1 << test_service.NUMBERS["CAP_" + c] for c in re.search(r"--cap-add=(\S+)", dockerfile()).group(1).split(",")))
            status = test_service.status_of(pid)
            tap.equal("no root", (status["Uid"].split(), status["NoNewPrivs"]), ([str(USER)] * 4, "1"))

            client, _ = w.run(w.plain("httpclient", "chat", repeat=3, after=0.2))
            entries = w.finished()
            judge(tap, "a client on the host", entries, agent, pids={client}, count=3, arrival_s=3)
            tap.equal("it is in no container", {(r.get("container.id"), r.get("container.name")) for r in resources(agent, entries)},
                      {(None, None)})
            ids = {r.get("service.instance.id") for r in resources(agent, entries)}
            other = name + "-client"
            container_id = in_container(w, other, w.path("cid"))
            entries = w.finished()
            judge(tap, "a client in another container", entries, agent, count=2, arrival_s=3)
            tap.equal("it is named", {(r.get("container.id"), r.get("container.name"), r.get("container.runtime"))
                                      for r in resources(agent, entries)}, {(container_id, other, "podman")})
            ids |= {r.get("service.instance.id") for r in resources(agent, entries)}
            tap.check("they are two workloads", len(ids) == 2 and None not in ids, ids)
            said, _ = agent.stop()
            tap.equal("its end", said, 0)
    finally:
        harness.GENTAP = agent_program
    p = call(*test_isolation.PODMAN, "--cap-drop=ALL", "-v", name + ":/var/lib/gentap", name, "query", "count", "--where",
             "span.op:gen_ai.request", "--since", "all", "-o", "csv")
    tap.equal("its database stays in the volume", p.stdout.split()[-1:], ["5"])


def main():
    need_root()
    tap = Tap()
    missing = [p for p in ("podman", "buildah", "runc") if not shutil.which(p)]
    if missing:
        harness.skip_all("no %s here" % ", ".join(missing))
    name = "gentap-test-%d" % os.getpid()
    with World() as w:
        try:
            try:
                build_image(w, name)
                call(*test_isolation.PODMAN, name, "version")
            except subprocess.CalledProcessError as e:
                tap.skip("the image", "no container can be made here: " + (e.stderr or str(e)).strip()[-200:])
                return tap.done()
            tap.run("image", the_image, name)
            tap.run("observes", observes, w, name)
        finally:
            for what in (("rm", "-f", name, name + "-client"), ("volume", "rm", "-f", name), ("image", "rm", "-f", name)):
                call("podman", *what, check=False)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
