# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus (tests/prometheus unpacks Debian's) on loopback.

    with Prometheus(where, scrape={"gentap": port}) as p:
        p.value("sum(gentap_spans_total)")      # None until there is one
        p.targets()                             # [{"health": "up", "lastError": "", …}]

With remote_write=True it takes what is sent to p.write_url; with remote_to=URL it sends there what it scrapes.
"""
import json
import os
import socket
import subprocess
import time
import urllib.parse
import urllib.request

BUILD = os.environ.get("BUILD", "build")
PROGRAM = os.path.join(BUILD, "prometheus", "usr", "bin", "prometheus")
START_S, STOP_S, EVERY_S = 60, 20, 1


def available():
    return os.path.exists(PROGRAM)


class Prometheus:
    def __init__(self, where, scrape=None, remote_write=False, remote_to=None, every_s=EVERY_S):
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.port = s.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % self.port
        self.write_url = self.url + "/api/v1/write"
        self.log = os.path.join(where, "prometheus.log")
        config = {"global": {"scrape_interval": "%ds" % every_s, "scrape_timeout": "%ds" % every_s}, "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": ["127.0.0.1:%d" % port]}]} for job, port in (scrape or {}).items()],
            "remote_write": [{"url": remote_to, "queue_config": {"batch_send_deadline": "1s"}}] if remote_to else []}
        path = os.path.join(where, "prometheus.yml")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f)  # which is YAML
        self.command = [os.path.abspath(PROGRAM), "--config.file", path, "--storage.tsdb.path", os.path.join(where, "tsdb"),
                        "--web.listen-address", "127.0.0.1:%d" % self.port, "--log.level", "warn",
                        *(["--web.enable-remote-write-receiver"] if remote_write else [])]
        self.process = None

    def __enter__(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(self.url + "/-/ready", timeout=5):
                    return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        with open(self.log, encoding="utf-8") as f:
            raise RuntimeError("Prometheus does not start: " + f.read()[-2000:])

    def __exit__(self, *exc):
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)

    def get(self, path, **query):
        with urllib.request.urlopen(self.url + path + "?" + urllib.parse.urlencode(query), timeout=20) as r:
            return json.load(r)["data"]

    def query(self, text):
        """[(labels, value)] as of now."""
        return [(r["metric"], float(r["value"][1])) for r in self.get("/api/v1/query", query=text)["result"]]

    def value(self, text):
        found = self.query(text)
        return found[0][1] if found else None

    def targets(self):
        return self.get("/api/v1/targets")["activeTargets"]
