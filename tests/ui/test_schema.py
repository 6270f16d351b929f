#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The API against its own description: schemathesis asks what agent/ui/openapi.json allows
and what it forbids, and looks whether the answers are what it says. ASan build."""
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.environ.get("ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
sys.path.insert(0, os.path.join(ROOT, "tests", "common"))
from tap import Tap  # noqa: E402
from page_server import TOKEN, Server  # noqa: E402

# /events does not end; test_server.py reads it.
ENDLESS = "/api/v1/events"
CASES, SECONDS = os.environ.get("CASES", "12"), 600


def fuzz(tap, s, folder):
    base = "http://127.0.0.1:%d" % s.port
    env = dict(os.environ, NO_COLOR="1", HYPOTHESIS_STORAGE_DIRECTORY=os.path.join(folder, "hypothesis"))
    p = subprocess.run([os.path.join(BUILD, "venv", "bin", "schemathesis"), "--config-file", os.path.join(ROOT, "tests", "ui", "schemathesis.toml"),
                        "run", base + "/api/openapi.json", "--url", base, "-H", "Authorization: Bearer " + TOKEN, "--exclude-path", ENDLESS,
                        "--continue-on-failure", "--no-shrink", "--request-timeout", "60", "--suppress-health-check", "all", "-n", CASES, "--seed", os.environ.get("SEED", "4711")],
                       cwd=folder, env=env, capture_output=True, text=True, timeout=SECONDS)
    asked = re.search(r"(\d+) generated", p.stdout)
    tap.check("the answers are as the description says", p.returncode == 0, p.stdout[-8000:] + p.stderr[-2000:])
    tap.check("it was asked enough", asked and int(asked.group(1)) > 300, p.stdout[-2000:])
    tap.note("%s requests" % (asked.group(1) if asked else "no"))


def whole(tap):
    """Every resource that the server has stands in the description, and nothing else."""
    paths = json.load(open(os.path.join(ROOT, "agent", "ui", "openapi.json")))["paths"]
    described = {re.match(r"/api/v1/([a-z]+)", p).group(1) for p in paths if p.startswith("/api/v1/")}
    source = open(os.path.join(ROOT, "agent", "ui", "api.c")).read()
    served = set(re.findall(r'\{ "([a-z]+)", api_', source)) | {"events"}
    tap.equal("described is what is served", described, served)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="gentap-schema-") as folder:
        tap.run("whole", whole)
        s = Server(os.path.join(BUILD, "gentap-asan"), folder)
        tap.run("schemathesis", fuzz, s, folder)
        tap.equal("ends well", s.stop(), 0)
        said = s.said()
        tap.check("nothing wrong was said", "Sanitizer" not in said and "runtime error" not in said, said[-3000:])
    return tap.done()


sys.exit(main())
