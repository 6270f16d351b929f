#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers without exec: fork.py fork|pool|prefork|inherit BASE N MOCK

  fork     os.fork() N times, each child makes a call of its own
  pool     a multiprocessing pool of N workers
  prefork  N workers started early that wait, then call (gunicorn's way)
  inherit  one call in the parent, then children that go on with the parent's connection
"""
import http.client
import json
import multiprocessing
import os
import ssl
import sys
import time
from urllib.parse import urlsplit


def connect(base):
    at = urlsplit(base)
    return http.client.HTTPSConnection(at.hostname, at.port, context=ssl.create_default_context())


def call(connection, mock):
    body = json.dumps({"model": "fork-mock", "messages": [{"role": "user", "content": "hi"}]})
    headers = {"content-type": "application/json", "authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "x-mock": mock}
    connection.request("POST", "/v1/chat/completions", body, headers)
    connection.getresponse().read()


def worker(args):
    base, mock = args
    call(connect(base), mock)
    return os.getpid()


def main():
    how, base, count, mock = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    pids = []
    if how == "pool":
        with multiprocessing.get_context("fork").Pool(count) as pool:
            pids = list(set(pool.map(worker, [(base, mock)] * count, chunksize=1)))
    else:
        mine = connect(base)
        if how == "inherit":
            call(mine, mock)
            pids.append(os.getpid())
        for _ in range(count):
            pid = os.fork()
            if pid == 0:
                # Without a handshake of its own a child's first byte would race with its fork.
                if how in ("prefork", "inherit"):
                    time.sleep(0.3)
                call(mine if how == "inherit" else connect(base), mock)
                os._exit(0)
            pids.append(pid)
            if how == "inherit":
                os.waitpid(pid, 0)
                break  # a TLS connection has one set of keys: one child can go on with it
        if how != "inherit":
            for pid in pids:
                os.waitpid(pid, 0)
    print(json.dumps({"pids": pids}))


main()
