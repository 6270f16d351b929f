#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pods asked for as the agent asks: a kubelet and an API server on loopback, over TLS with a token
that changes, refusing, silent, endless, gone; and where the token must not go."""
import concurrent.futures
import http.server
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from tap import Tap

ASK = os.path.join(os.environ["BUILD"], "system", "kube_ask")
UID, UID2 = "11111111-2222-3333-4444-555555555555", "22222222-2222-3333-4444-555555555555"
BOX = "0123456789abcdef" * 4
TOKEN = "secret-token-of-the-account"


def pod(uid, name="web-5d8f-x2x", **meta):
    return {"metadata": {"uid": uid, "name": name, "namespace": "shop", "labels": {"app": "web", "pod-template-hash": "5d8f"},
                         "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5d8f", "controller": True}], **meta},
            "spec": {"nodeName": "node-a"},
            "status": {"containerStatuses": [{"name": "app", "image": "web:1", "containerID": "containerd://" + BOX}]}}


def pod_list(*pods):
    return json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": list(pods)}).encode()


class Kubelet:
    """`answer(n, handler)` gives (status, body) for the n-th request; None: say nothing at all."""

    def __init__(self, answer, tls=None):
        self.requests = []
        ours = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                ours.requests.append((self.path, self.headers.get("Authorization")))
                got = answer(len(ours.requests))
                if got is None:
                    time.sleep(60)
                    return
                self.send_response(got[0])
                for name, value in got[2:]:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(got[1])))
                self.end_headers()
                try:
                    self.wfile.write(got[1])
                except OSError:
                    pass

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.server.server_port)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()


class Asker:
    def __init__(self, url, token="/nonexistent", ca="/nonexistent", env=None):
        self.p = subprocess.Popen([ASK, url, token, ca], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, env={**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
                                                  **(env or {})})

    def ask(self, uid, box=""):
        self.p.stdin.write("%s %s\n" % (uid, box))
        self.p.stdin.flush()
        facts = {}
        for line in self.p.stdout:
            line = line.strip()
            if line in ("known", "unknown"):
                return line == "known", facts
            facts.update([line.split("=", 1)])
        raise AssertionError("it ended: " + self.p.stderr.read())

    def end(self):
        self.p.stdin.close()
        began = time.monotonic()
        out, err = self.p.stdout.read(), self.p.stderr.read()
        self.p.wait(30)
        return out.strip(), err, time.monotonic() - began


def account(folder, token=TOKEN):
    path = os.path.join(folder, "token")
    with open(path, "w") as f:
        f.write(token + "\n")
    return path


def certificate(folder):
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def facts(tap):
    with Kubelet(lambda n: (200, pod_list(pod(UID)))) as k, tempfile.TemporaryDirectory() as where:
        a = Asker(k.url + "/pods", account(where))
        known, got = a.ask(UID, BOX)
        tap.equal("what a kubelet says", (known, got), (True, {
            "k8s.pod.uid": UID, "k8s.pod.name": "web-5d8f-x2x", "k8s.namespace.name": "shop", "k8s.node.name": "node-a",
            "k8s.replicaset.name": "web-5d8f", "k8s.deployment.name": "web", "k8s.container.name": "app",
            "container.image.name": "web:1", "k8s.pod.label.app": "web", "k8s.pod.label.pod-template-hash": "5d8f"}))
        a.end()
        tap.equal("asked with the token", k.requests[0], ("/pods", "Bearer " + TOKEN))


def new_pod(tap):
    """Whoever is missing is asked for at once, not a minute later; and not over and over."""
    lists = [pod_list(pod(UID)), pod_list(pod(UID), pod(UID2, "late"))]
    with Kubelet(lambda n: (200, lists[min(n, 2) - 1])) as k:
        a = Asker(k.url + "/pods")
        first, _ = a.ask(UID)
        began = time.monotonic()
        second, got = a.ask(UID2)
        took = time.monotonic() - began
        tap.check("a pod that came later", first and second and got["k8s.pod.name"] == "late" and took < 12, (got, took))
        asked = len(k.requests)
        unknown, got = a.ask("33333333-2222-3333-4444-555555555555")
        tap.equal("a pod nobody knows keeps its own", (unknown, got["k8s.pod.name"]), (False, "from-the-cgroup"))
        tap.check("and is asked for once a second at most", 2 <= len(k.requests) - asked <= 17, k.requests)
        out, _, _ = a.end()
        tap.check("counted", out.startswith("answers=%d failures=0 pods=2" % len(k.requests)), out)


def tls(tap):
    with tempfile.TemporaryDirectory() as where:
        cert, key = certificate(where)
        token = account(where)
        seen = []

        def answer(n):
            seen.append(open(token).read().strip())
            return 200, pod_list(pod(UID), *([pod(UID2)] if n > 1 else []))
        with Kubelet(answer, (cert, key)) as k:
            env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": k.url.rsplit(":", 1)[1], "NODE_NAME": "node-a"}
            a = Asker("auto", token, cert, env)
            tap.check("the cluster that it runs in", a.ask(UID)[0])
            account(where, "another")
            tap.check("behind a new token", a.ask(UID2)[0])
            a.end()
            tap.equal("this node's pods, with the token of the time", k.requests[:2],
                      [("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a", "Bearer " + t) for t in (TOKEN, "another")])
            other = certificate(tempfile.mkdtemp(dir=where))[0]
            n = len(k.requests)
            a = Asker(k.url + "/pods", token, other)
            tap.check("a stranger's certificate", not a.ask(UID)[0])
            _, err, _ = a.end()
            tap.check("gets no token, and it is said", len(k.requests) == n and "certificate" in err, err)
        for missing in ("KUBERNETES_SERVICE_HOST", "NODE_NAME"):
            p = subprocess.run([ASK, "auto", token], capture_output=True, text=True, env={k: v for k, v in {**os.environ, **env}.items() if k != missing})
            tap.equal("auto without " + missing, p.stdout, "nobody to ask\n")


def troubles(tap):
    """Nothing of it ends the agent or holds it up, all of it is said once, and it recovers."""
    endless = b'{"kind":"PodList","items":[' + b" " * (17 << 20)
    rows = [("refused", (403, b'{"kind":"Status","code":403}'), "may not list pods"), ("unauthorized", (401, b""), "not accepted"),
            ("broken", (500, b"x"), "does not answer with pods"), ("no list", (200, b"<html>"), "does not answer with pods"),
            ("cut", (200, pod_list(pod(UID))[:-9]), "does not answer with pods"), ("endless", (200, endless), "too large"),
            ("elsewhere", (302, b"", ("Location", "http://127.0.0.1:9/")), "does not answer with pods")]
    with tempfile.TemporaryDirectory() as where:
        token = account(where)

        def trouble(row):
            with Kubelet(lambda n: row[1] if n == 1 else (200, pod_list(pod(UID)))) as k:
                a = Asker(k.url + "/pods", token)
                known, _ = a.ask(UID)
                return known, *a.end()[:2]
        with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:  # each waits for its second question
            for (name, _, want), (known, out, err) in zip(rows, pool.map(trouble, rows)):
                tap.check(name + ": it is said, once, and then it goes on", known and err.count("kubernetes:") == 1 and want in err and
                          "failures=1" in out, (known, out, err))
                tap.check(name + ": without the token", TOKEN not in out + err)
        with Kubelet(lambda n: None) as k:
            a = Asker(k.url + "/pods", token)
            time.sleep(0.5)
            _, err, took = a.end()
            tap.check("who says nothing does not hold up the end", took < 5 and a.p.returncode == 0, (took, err))
        with Kubelet(lambda n: (200, pod_list(pod(UID)))) as k:
            for bad in ("two words", "a\r\nX-Other: b", "", "x" * 20000):
                a = Asker(k.url + "/pods", account(where, bad))
                time.sleep(0.3)
                _, err, _ = a.end()
                tap.check("no token: %.10r" % bad, "token cannot be read" in err and not k.requests, (err, k.requests))


def places(tap):
    for url in ("http://10.0.0.1:10255/pods", "http://127.0.0.1.example/pods", "http://localhost@example/", "http://127.0.0.1:80@example/", "https://a@example/", "ftp://127.0.0.1/", "pods", ""):
        p = subprocess.run([ASK, url], capture_output=True, text=True)
        tap.equal("the token does not go to %r" % url, (p.returncode, p.stdout), (1, "Invalid argument\n"))
    p = subprocess.run([ASK, "off"], capture_output=True, text=True)
    tap.equal("off", (p.returncode, p.stdout), (0, "nobody to ask\n"))


def main():
    tap = Tap()
    for test in (facts, new_pod, tls, troubles, places):
        tap.run(test.__name__, test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
