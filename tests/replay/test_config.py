#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Configuration files, GENTAP_* variables and flags: which wins, what is refused, and how."""
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import spans
from tap import Tap

HAR = os.path.join(HERE, "golden", "openai_chat.har")


def write(where, name, text):
    path = os.path.join(where, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def run(*args, env=None, **more):
    return agent.run(*args, check=False, **more) if not env else with_env(env, *args, **more)


def with_env(env, *args, **more):
    old = {k: os.environ.get(k) for k in env}
    os.environ.update(env)
    try:
        return agent.run(*args, check=False, **more)
    finally:
        for k, v in old.items():
            os.environ.pop(k) if v is None else os.environ.__setitem__(k, v)


def refusals(tap, where):
    rows = (("unknown key", "capture-contnet: true\n", 1, "did you mean 'capture-content'"),
            ("far from any key", "\n\nzzzzzzzzzzzz: 1\n", 3, "unknown key 'zzzzzzzzzzzz'"),
            ("not YAML", "a: [1\n", 2, "not YAML"),
            ("a list", "- a\n", 1, "not a mapping"),
            ("bad value", "semconv: v9\n", 1, "bad value for 'semconv': 'v9'"),
            ("not a boolean", "quiet: perhaps\n", 1, "true or false"),
            ("a mapping for a word", "output: {a: b}\n", 1, "must be a word"),
            ("config in config", "config: x\n", 1, "unknown key 'config'"),
            ("identity, no list", "identity: x\n", 1, "is a list of rules"),
            ("identity, unknown member", "identity:\n  - set: a\n    form: owner\n", 3, "did you mean 'from'"),
            ("identity, secret", "identity:\n  - set: a\n    from: header:cookie\n", 2, "may hold a secret"),
            ("identity, bad pattern", "identity:\n  - {set: a, from: owner, match: '('}\n", 2, "no regular expression"))
    for name, text, line, why in rows:
        path = write(where, "bad.yaml", text)
        for p in (run("config", "check", path), run("decode", "--config", path, HAR)):
            ok = "%s:%d: " % (path, line) in p.stderr and why in p.stderr and len(p.stderr.splitlines()) == 1
            tap.check("%s: one sentence with file and line (%s)" % (name, p.args[1]),
                      ok and p.returncode == (1 if p.args[1] == "config" else 2), (p.returncode, p.stderr))
    p = run("decode", "--config", os.path.join(where, "absent.yaml"), HAR)
    tap.check("a file that is not there", p.returncode == 2 and "absent.yaml" in p.stderr, p.stderr)


def layers(tap, where):
    path = write(where, "good.yaml", "# ours\noutput: jsonl\nsemconv: latest\ncapture-content: no\n")
    p = run("decode", "--config", path, HAR)
    tap.check("a file sets a flag", p.stdout.startswith("{"), p.stdout[:80])
    p = run("decode", "--config", path, HAR, env={"GENTAP_OUTPUT": "table"})
    tap.check("a variable beats the file", p.stdout.startswith("TIME"), p.stdout[:80])
    p = run("decode", "--config", path, "-o", "jsonl", HAR, env={"GENTAP_OUTPUT": "table"})
    tap.check("a flag beats the variable", p.stdout.startswith("{"), p.stdout[:80])
    p = run("decode", HAR, env={"GENTAP_CONFIG": path})
    tap.check("GENTAP_CONFIG names the file", p.stdout.startswith("{"), p.stdout[:80])
    p = run("decode", HAR, env={"GENTAP_SEMCONV": "v9"})
    tap.check("a bad variable is named", p.returncode == 2 and "GENTAP_SEMCONV" in p.stderr, p.stderr)
    p = run("config", "--config", path, "--origin", "show", env={"GENTAP_OUTPUT": "table"})
    tap.check("show says what is in force and where it stands",
              "output: table  # GENTAP_OUTPUT" in p.stdout and "semconv: latest  # %s:3" % path in p.stdout, p.stdout)
    secret = write(where, "secret.yaml", "otlp-headers: authorization=sk-very-secret\n")
    p = run("config", "--config", secret, "show")
    tap.check("but no header's value", "sk-very" not in p.stdout + p.stderr and "***" in p.stdout, p.stdout)
    secret = write(where, "export.yaml", "export:\n- http://127.0.0.1:1 headers=x-team=very-secret protocol=grpc\n"
                   "- https://me:very-secret@127.0.0.1/v1?api_key=very-secret\n")
    p = run("config", "--config", secret, "show")
    tap.check("nor one of a destination", "very-secret" not in p.stdout + p.stderr
              and "export: http://127.0.0.1:1 headers=*** protocol=grpc" in p.stdout and "127.0.0.1/v1" in p.stdout, p.stdout)
    p = run("config", "check", path)
    tap.check("check says that it is fine", p.returncode == 0 and "3 settings" in p.stdout, p.stdout)


def entry(headers, body):
    return {"startedDateTime": "2026-01-02T03:04:05.000Z", "time": 100, "request": {
        "method": "POST", "url": "https://api.openai.com/v1/chat/completions", "httpVersion": "HTTP/1.1", "cookies": [],
        "headers": [{"name": k, "value": v} for k, v in headers.items()], "queryString": [], "headersSize": -1, "bodySize": -1,
        "postData": {"mimeType": "application/json", "text": json.dumps(body)}},
        "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [],
                     "headers": [{"name": "content-type", "value": "application/json"}], "redirectURL": "", "headersSize": -1,
                     "bodySize": -1, "content": {"size": 0, "mimeType": "application/json", "text": json.dumps({
                         "id": "x", "object": "chat.completion", "model": "gpt-4o", "choices": [],
                         "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})}},
        "cache": {}, "timings": {"send": 0, "wait": 100, "receive": 0}}


def identity(tap, where):
    har = write(where, "who.har", json.dumps({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": [
        entry({"Authorization": "Bearer sk-live-0123456789", "X-Employee": "alice@corp.example"},
              {"model": "gpt-4o", "messages": [], "metadata": {"cost_center": "42"}})]}}))
    path = write(where, "who.yaml", "identity:\n"
                 "  - {set: user.id, from: 'header:x-employee', match: '^(\\w+)@'}\n"
                 "  - {set: gentap.team, from: 'body:metadata.cost_center', map: {'42': web, '43': ops}}\n"
                 "  - {set: gentap.key, from: key}\n")
    p = run("decode", "-o", "otlp-json", "--config", path, har)
    s = spans.from_jsonl(p.stdout)[0]
    tap.equal("user by a header", s["user.id"], "alice")
    tap.equal("team by a member of the body, looked up", s["gentap.team"], "web")
    tap.check("the key's fingerprint, not the key", len(s["gentap.key"]) == 16 and "sk-live" not in p.stdout, s["gentap.key"])
    tap.check("each with its origin", "user.id=header:x-employee" in s["gentap.identity.sources"], s["gentap.identity.sources"])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as where:
        tap.run("refusals", refusals, where)
        tap.run("layers", layers, where)
        tap.run("identity", identity, where)
    return tap.done()


sys.exit(main())
