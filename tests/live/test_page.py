#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page while agents work: what `gentap run --store --ui` captures of real TLS is on the
Overview within a second of a call's end, the first call of all included, with the figures that
`gentap query` has."""
import contextlib
import json
import os
import re
import subprocess
import sys
import threading

import harness
from harness import SUDO, World, need_root, slack, wait_for
from ports import free_port
from tap import Tap, skip_all

CALLS = 6
WITHIN_S = 1.0
FIGURES = {"LLM calls": "count", "Tokens": "sum:gen_ai.usage.total_tokens", "Cost": "sum:gentap.cost.total"}


class Page:
    """Chromium on the page; `seen`: what stood there, and since when."""

    def __init__(self, url):
        self.seen, self.said = [], []
        self.process = subprocess.Popen(["node", os.path.join(harness.HERE, "page.mjs"), url], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=dict(os.environ, BUILD=harness.BUILD))
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            got = json.loads(line)
            (self.seen if "at" in got else self.said).append(got)

    def calls_since_ms(self, n):
        """When there were n calls on the page; None: there are not."""
        return next((s["at"] for s in list(self.seen) if int(s["tiles"].get("LLM calls") or 0) >= n), None)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def query(db):
    out = subprocess.run([*SUDO, harness.GENTAP, "query", *FIGURES.values(), "--where", "span.op:gen_ai.request", "--since", "1h",
                          "--db", db, "-o", "json"], capture_output=True, text=True, check=True, timeout=30).stdout
    return json.loads(out)["rows"][0]


def same(shown, asked):
    return shown == "" if asked is None else shown not in ("", None) and abs(float(shown) - asked) <= 1e-9 * max(1, abs(asked))


def calls(tap, w, page):
    late, before = [], len(w.finished())
    for n in range(1, CALLS + 1):
        api = ("chat", "messages")[n % 2]
        w.run(w.plain("httpclient", api, mock="in=%d,out=%d" % (100 * n, 10 * n)))
        ended = max(e["ended"] for e in w.finished(1)) / 1e6
        at = wait_for(lambda: page.calls_since_ms(n), 15)
        late.append((at - ended) / 1000 if at else None)
    tap.check("no call is missing on the page", None not in late and not before, (late, page.seen[-1:]))
    known = sorted(x for x in late if x is not None)
    if known:
        tap.note("a call is on the page %.2f s after its end in the median, %.2f s at most; the first of all %.2f s" %
                 (known[len(known) // 2], known[-1], late[0] or -1))
        limit = WITHIN_S * slack()
        tap.check("within a second of its end", known[len(known) // 2] <= limit, (known, limit))


def page_test(tap, w):
    db = w.path("page.db")
    with w.agent("--store", "--db", db, "--ui=127.0.0.1:%d" % free_port()) as agent, contextlib.ExitStack() as stack:
        url = wait_for(lambda: re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", agent.stderr() + "".join(agent.out)), 10)
        if not tap.check("the agent says where its page is", url, agent.stderr()):
            return
        page = Page(url.group(0))
        stack.callback(page.close)
        wait_for(lambda: any("ready" in s for s in page.said), 60)
        first = next((s["text"] for s in page.said if "ready" in s), "")
        tap.check("an empty page tells how to begin", "gentap exec" in first, first or page.said)
        calls(tap, w, page)
        asked = query(db)
        shown = {}

        def agree():
            shown.update(page.seen[-1]["tiles"] if page.seen else {})
            return all(same(shown.get(name), asked[column]) for name, column in FIGURES.items())
        tap.check("the figures are the query's", wait_for(agree, 10) and asked["count"] == CALLS, (shown, asked))
        tap.check("nothing went wrong on the page", not [s for s in page.said if "wrong" in s], page.said)


def main():
    need_root()
    if not os.path.isdir(os.path.join(harness.BUILD, "uinode", "node_modules")):
        skip_all("needs Playwright: make deps-test")
    tap = Tap()
    with World() as w:
        tap.run("page", page_test, w)
    return tap.done()


sys.exit(main())
