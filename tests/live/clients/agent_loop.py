#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small agents: agent_loop.py KIND JSON. What they did stands on stdout, one JSON line a run:
{"tools": {id: [began_ns, ended_ns]}}.

  openai, anthropic   a loop over the official SDK; {"plan": …, "sleep": s, "runs": n, "at_once": n},
                      with "fork" each in a process of its own that is forked
  nested              a loop whose tool `delegate` runs another agent in this process
  spawn               a loop whose tool `shell` starts another process of this program
"""
import concurrent.futures
import functools
import json
import multiprocessing
import subprocess
import sys
import time
import urllib.error
import urllib.request

TOOLS = ("read", "fail", "delegate", "shell", "bash", "get", "query")


def execute(name, args, spec, did, id):
    began = time.time_ns()
    time.sleep(spec.get("sleep", 0.05) if name != "bash" else 0)
    result, error = "ok", False
    if name == "fail":
        result, error = "no such file", True
    elif name == "delegate":
        did.update(run(dict(spec, plan=None, prompt=args["prompt"], system="You are Helper. Do it."), spec["kind"])["tools"])
    elif name == "get":
        try:
            urllib.request.urlopen(args["url"], timeout=10).read()
        except urllib.error.HTTPError as e:
            result, error = str(e), True
    elif name == "query":
        import databases
        databases.run(args["to"], args["port"], args["run"])
    elif name == "bash":
        p = subprocess.Popen(["sh", "-c", args["command"]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Not wait(60), which polls, and then tells of the end up to 50 ms late.
        ran = [p.pid, time.time_ns(), p.wait(), time.time_ns()]
        did[id] = [began, time.time_ns(), ran]
        return "exit status %d" % ran[2], False
    elif name == "shell":
        child = dict(spec, prompt=args["prompt"], plan=None)
        p = subprocess.run([sys.executable, __file__, "openai", json.dumps(child)], capture_output=True, text=True, check=True, timeout=60)
        did.update(json.loads(p.stdout.splitlines()[0])["tools"])
    did[id] = [began, time.time_ns()]
    return result, error


def run_openai(spec):
    import openai
    client, did = openai.OpenAI(max_retries=0), {}
    messages = [{"role": "system", "content": spec.get("system", "You are Tester. Test.")}, {"role": "user", "content": spec["prompt"]}]
    tools = [{"type": "function", "function": {"name": n, "parameters": {"type": "object"}}} for n in TOOLS]
    while True:
        m = client.chat.completions.create(model="gpt-4o", messages=messages, tools=tools).choices[0].message
        if not m.tool_calls:
            return {"tools": did}
        messages.append(m.model_dump(exclude_none=True))
        for t in m.tool_calls:
            result, _ = execute(t.function.name, json.loads(t.function.arguments), spec, did, t.id)
            messages.append({"role": "tool", "tool_call_id": t.id, "content": result})


def run_anthropic(spec):
    import anthropic
    client, did = anthropic.Anthropic(max_retries=0), {}
    messages = [{"role": "user", "content": spec["prompt"]}]
    tools = [{"name": n, "input_schema": {"type": "object"}} for n in TOOLS]
    while True:
        m = client.messages.create(model="claude-sonnet-4-5", max_tokens=100, system=spec.get("system", "You are Tester. Test."),
                                   messages=messages, tools=tools)
        uses = [b for b in m.content if b.type == "tool_use"]
        if not uses:
            return {"tools": did}
        messages.append({"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in m.content]})
        results = []
        for b in uses:
            result, error = execute(b.name, b.input, spec, did, b.id)
            results.append({"type": "tool_result", "tool_use_id": b.id, "content": result, "is_error": error})
        messages.append({"role": "user", "content": results})


def run(spec, kind):
    spec = dict(spec, kind=kind, prompt=spec.get("prompt") or "Please do it. plan:" + spec["plan"])
    return (run_anthropic if kind == "anthropic" else run_openai)(spec)


def one_of(spec, kind, _):
    return run(spec, kind)


def around(spec):
    """What it asks of a database while it runs no tool."""
    if "around" in spec:
        import databases
        databases.run(*spec["around"])


def main():
    kind, spec = sys.argv[1], json.loads(sys.argv[2])
    around(spec)
    if spec.get("fork"):
        __import__(kind)  # what the children have in common
        pool = multiprocessing.get_context("fork").Pool(spec["runs"], maxtasksperchild=1)
    else:
        pool = concurrent.futures.ThreadPoolExecutor(spec.get("at_once", 1))
    with pool:
        each = pool.imap_unordered if spec.get("fork") else pool.map
        for done in each(functools.partial(one_of, spec, kind), range(spec.get("runs", 1))):
            print(json.dumps(done), flush=True)
    around(spec)


if __name__ == "__main__":
    main()
