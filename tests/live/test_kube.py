#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Processes in control groups as a kubelet makes them, and a kubelet that says whose pods they are:
name, namespace, owner and labels reach spans, Resources and rules; without it, what the group says."""
import contextlib
import http.server
import json
import os
import shutil
import sys
import threading
import uuid

import harness
from harness import World, need_root, wait_for
from tap import Tap

BOX = "0123456789abcdef" * 4
TOKEN = "the-kubelet-token"
INTO = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"']


def hierarchy():
    """Where control groups can be made, or None."""
    for root in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        if os.path.exists(os.path.join(root, "cgroup.procs")) and os.access(root, os.W_OK):
            return root
    return None


@contextlib.contextmanager
def pod_group(root, uid):
    """As the kubelet's cgroupfs driver lays them out."""
    parts = ["kubepods", "besteffort", "pod" + uid, BOX]
    made = [os.path.join(root, *parts[:n + 1]) for n in range(len(parts))]
    mine = [d for d in made if not os.path.isdir(d)]
    for d in mine:
        os.mkdir(d)
    try:
        yield made[-1]
    finally:
        for d in reversed(mine):
            wait_for(lambda: not open(os.path.join(d, "cgroup.procs")).read(), 5)
            with contextlib.suppress(OSError):
                os.rmdir(d)


def pod(uid, name):
    return {"metadata": {"uid": uid, "name": name, "namespace": "shop", "labels": {"team": "checkout", "pod-template-hash": "5d8f"},
                         "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5d8f", "controller": True}]},
            "spec": {"nodeName": "node-a"},
            "status": {"containerStatuses": [{"name": "app", "image": "web:1", "containerID": "containerd://" + BOX}]}}


@contextlib.contextmanager
def kubelet(lists):
    """Answers with one list after the other, and the last again and again, to whom has the token."""
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.headers.get("Authorization"))
            good = requests[-1] == "Bearer " + TOKEN
            pods = lists[min(len(requests), len(lists)) - 1]
            body = json.dumps({"kind": "PodList", "items": pods}).encode() if good else b""
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield "http://127.0.0.1:%d/pods" % server.server_port, requests
        finally:
            server.shutdown()


def call_in(w, group, agent):
    """The Resource and the span of the last call of a client in the group."""
    # It calls when a pod of a moment ago is known: the kubelet is asked once a second at most.
    w.run([*INTO, group, *w.plain("httpclient", "chat", repeat=2, before=2, after=0.3)])
    want = {e["request_id"] for e in w.finished(2)}
    found = wait_for(lambda: [s for s in agent.spans() if s["gentap.provider.request_id"] in want][1:], 8)
    return found[-1] if found else None


WANT = {"k8s.pod.name": "web-1", "k8s.namespace.name": "shop", "k8s.deployment.name": "web", "k8s.replicaset.name": "web-5d8f",
        "k8s.node.name": "node-a", "k8s.container.name": "app", "k8s.pod.label.team": "checkout", "container.image.name": "web:1",
        "container.id": BOX}


def with_kubelet(tap, w, root, uids):
    rules = w.path("config.yaml")
    with open(rules, "w") as f:
        f.write("identity:\n- set: gentap.team\n  from: fact:k8s.pod.label.team\n")
    with open(w.path("token"), "w") as f:
        f.write(TOKEN)
    with kubelet([[], [pod(uids[0], "web-1")], [pod(uids[0], "web-1"), pod(uids[1], "web-2")]]) as (url, requests), \
            w.agent("--kube-pods", url, "--kube-token", w.path("token"), "--config", rules) as agent:
        for uid, name in zip(uids, ("web-1", "web-2")):
            with pod_group(root, uid) as group:
                s = call_in(w, group, agent)
                if not tap.check(name + ": it was seen", s, agent.stderr()):
                    continue
                want = {**WANT, "k8s.pod.name": name, "k8s.pod.uid": uid}
                tap.equal(name + ": its Resource", {k: s.resource.get(k) for k in want}, want)
                tap.equal(name + ": its span", (s["k8s.pod.name"], s["k8s.namespace.name"], s["gentap.team"]), (name, "shop", "checkout"))
        tap.check("asked with the token, and no more than it took", 3 <= len(requests) <= 8 and set(requests) == {"Bearer " + TOKEN}, requests)
        agent.stop()
        tap.check("the token is nowhere", TOKEN not in agent.stderr() + json.dumps([s.resource for s in agent.spans()]))


def without(tap, w, root, uid):
    with w.agent("--kube-pods", "off") as agent, pod_group(root, uid) as group:
        s = call_in(w, group, agent)
        tap.check("nobody to ask: what the group says", s and s.resource.get("k8s.pod.uid") == uid and s.resource.get("container.id") == BOX and
                  "k8s.deployment.name" not in s.resource, s and s.resource)
        agent.stop()


def main():
    need_root()
    root = hierarchy()
    if not root or harness.SUDO or not shutil.which("sh"):
        harness.skip_all("no control groups can be made here")
    tap = Tap()
    with World() as w:
        tap.run("kubelet", with_kubelet, w, root, [str(uuid.uuid4()) for _ in range(2)])
        tap.run("without", without, w, root, str(uuid.uuid4()))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
