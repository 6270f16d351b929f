#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Coding agents, as their makers publish them, play a script: each must give the tree that is
written here, by names, nesting, order, ids, counts, and times of the provider's log. What the
agent asks beside its main line (a title) is its script's, too.

    build/venv/bin/python tests/agents/test_trees.py [NAME…]
"""
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "live"), os.path.join(HERE, "..", "common")]
import agent_provider
import binaries
from agent_provider import Provider
from harness import KEY, World, need_root, slack, wait_for
from tap import Tap
from test_matrix import QUIET
from test_runs import Tree

RUN_S, WARM_MAX = 120, 3
OFF_MS = 60  # by which a span's ends may be off the provider's log, on an idle machine
SLEEP_MS = 300


def claude(w, p, path, prompt):
    return ([path, "-p", prompt, "--model", "claude-sonnet-4-5", "--allowedTools", "Bash Read Task Agent"],
            {"ANTHROPIC_BASE_URL": p.url, "IS_SANDBOX": "1"})


def codex(w, p, path, prompt):
    provider = '{name="mock",base_url="%s/v1",env_key="OPENAI_API_KEY",wire_api="responses"}' % p.url
    settings = ('model_provider="mock"', "model_providers.mock=" + provider, "analytics.enabled=false", "check_for_update_on_startup=false")
    return ([path, "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", "gpt-5.1",
             *(x for s in settings for x in ("-c", s)), prompt], {})


def gemini(w, p, path, prompt):
    where = w.path("home/.gemini")
    os.makedirs(where, exist_ok=True)
    with open(os.path.join(where, "settings.json"), "w") as f:
        json.dump({"security": {"auth": {"selectedType": "gemini-api-key"}}, "privacy": {"usageStatisticsEnabled": False},
                   "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False}}, f)
    return (["node", path, "-p", prompt, "-m", "gemini-2.5-pro", "--yolo"],
            {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": p.url, "GEMINI_CLI_TRUST_WORKSPACE": "true"})


def opencode(w, p, path, prompt):
    with open(w.path("opencode.json"), "w") as f:
        json.dump({"provider": {"mock": {"npm": "@ai-sdk/openai-compatible", "name": "mock", "models": {"gpt-mock-4": {"name": "m"}},
                                         "options": {"baseURL": p.url + "/v1", "apiKey": KEY}}},
                   "autoupdate": False, "share": "disabled", "permission": "allow"}, f)
    return [path, "run", "-m", "mock/gpt-mock-4", prompt], {"OPENCODE_CONFIG": w.path("opencode.json")}


SHELL = '"command":"sleep %.1f","description":"wait"' % (SLEEP_MS / 1000)
CLAUDE_PLAN = ' Bash({%s}); Read({"file_path":"/etc/hostname"}); Agent({"description":"look","subagent_type":"general-purpose",' \
    '"run_in_background":false,"prompt":"Look into it. plan:@inner"}); Bash({%s}) Read({"file_path":"/etc/hostname"}); done' % (SHELL, SHELL)
CLAUDE_TREE = """
invoke_agent claude-cli
  chat claude-sonnet-4-5
  execute_tool Bash
  chat claude-sonnet-4-5
  execute_tool Read
  chat claude-sonnet-4-5
  execute_tool Agent
    invoke_agent general-purpose
      chat claude-sonnet-4-5
      execute_tool Bash
      chat claude-sonnet-4-5
  chat claude-sonnet-4-5
  execute_tool Bash
  execute_tool Read
  chat claude-sonnet-4-5
"""
CODEX_EXEC = '"cmd":"sleep %.1f"' % (SLEEP_MS / 1000)
# Of its two at once, which starts which process cannot be told: its launcher hides what it is for.
CODEX_PLAN = ' exec_command({%s}); exec_command({"cmd":"cat notes.txt"}); exec_command({"cmd":"true"}) exec_command({"cmd":"cat notes.txt"}); done' % CODEX_EXEC
CODEX_TREE = """
invoke_agent codex_exec
  chat gpt-5.1
  execute_tool exec_command
  chat gpt-5.1
  execute_tool exec_command
  chat gpt-5.1
  execute_tool exec_command
  execute_tool exec_command
  chat gpt-5.1
"""
GEMINI_PLAN = ' run_shell_command({%s}); read_file({"file_path":"notes.txt"}); run_shell_command({%s}) read_file({"file_path":"notes.txt"}); done' % (SHELL, SHELL)
GEMINI_TREE = """
invoke_agent GeminiCLI
  generate_content gemini-2.5-pro
  execute_tool run_shell_command
  generate_content gemini-2.5-pro
  execute_tool read_file
  generate_content gemini-2.5-pro
  execute_tool run_shell_command
  execute_tool read_file
  generate_content gemini-2.5-pro
"""
OPENCODE_PLAN = ' bash({%s}); read({"filePath":"notes.txt"}); task({"description":"look","prompt":"Look into it. plan:@inner",' \
    '"subagent_type":"general"}); done' % SHELL
OPENCODE_TREE = """
invoke_agent OpenCode
  chat gpt-mock-4
  chat gpt-mock-4
  execute_tool bash
  chat gpt-mock-4
  execute_tool read
  chat gpt-mock-4
  execute_tool task
    invoke_agent general
      chat gpt-mock-4
      execute_tool bash
      chat gpt-mock-4
  chat gpt-mock-4
"""
INNER = {claude: " Bash({%s}); found" % SHELL, opencode: " bash({%s}); found" % SHELL}
SCRIPTS = {claude: (CLAUDE_PLAN, CLAUDE_TREE), codex: (CODEX_PLAN, CODEX_TREE), gemini: (GEMINI_PLAN, GEMINI_TREE),
           opencode: (OPENCODE_PLAN, OPENCODE_TREE)}
ROWS = [("claude-2.1.233", claude), ("claude-2.1.330", claude), ("claude-latest", claude), ("codex-0.99", codex), ("codex-0.169", codex),
        ("codex-latest", codex), ("gemini-0.61.0", gemini), ("gemini-latest", gemini), ("opencode-1.18.33", opencode),
        ("opencode-latest", opencode)]


def play(w, provider, agent, path, prompt):
    """Its last words, if it failed."""
    command, more = agent(w, provider, path, prompt)
    env = {**w.env(), **QUIET, "HOME": w.path("home"), "CODEX_HOME": w.path("home/codex"), **more}
    p = w.start(command, env=env, cwd=w.path("home"))
    try:
        out, err = p.communicate(timeout=RUN_S)
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        return "no end: " + out[-200:] + err[-200:]
    return "" if p.returncode == 0 else "exit status %d: %s" % (p.returncode, out[-300:] + err[-300:])


def is_process(s):
    return s["process.parent_pid"] is not None


def look(w, provider, since=0):
    """(tree, processes that tools started) of what began after that."""
    tree = Tree([s for s in w.collector.spans(runs=True) if s.start_ns >= since], provider.port)
    return tree, [s for s in tree.spans if is_process(s)]


def times(tree, log):
    """Milliseconds by which calls are off the provider's log, and tools off the times between."""
    calls = sorted((s for s in tree.spans if s.is_call), key=lambda s: s.start_ns)
    off = []
    for s, entry in zip(calls, sorted(log, key=lambda e: e["began"])):
        off += [(s.start_ns - entry["began"]) / 1e6, (s.end_ns - entry["ended"]) / 1e6]
    return off


def order(log):
    """Tools of one answer begin at once: they stand as it has them."""
    asked = [i for e in log for i in e["tools"]]
    return lambda s: asked.index(tool_id(s)) if tool_id(s) in asked else 0


def tool_id(s):
    return s["gen_ai.tool.call.id"] or s["gen_ai.tool.name"]


def tool_times(tree, log):
    """Tools that do not lie between the end of the answer that asks for them and the request with
    their result, milliseconds over; and those too short for the sleep that they started."""
    over, answers = [], {i: e for e in log for i in e["tools"]}
    for s in tree.of("execute_tool"):
        siblings = [c.start_ns for c in tree.spans if c.is_call and c.parent_id == s.parent_id and c.start_ns > s.start_ns]
        early = (answers[s["gen_ai.tool.call.id"]]["ended"] - s.start_ns) / 1e6 if s["gen_ai.tool.call.id"] in answers else 0
        late = (s.end_ns - min(siblings)) / 1e6 if siblings else 0
        over += [(s.name, round(x)) for x in (early, late) if x > 0]
    return over


def sleeps(tree, processes):
    """For each tool that slept: how long its longest process took. What the shell replaces itself
    by keeps the name that it had when the tool started it."""
    longest = {}
    for s in processes:
        longest[s.parent_id] = max(longest.get(s.parent_id, 0), (s.end_ns - s.start_ns) / 1e6)
    return [longest[t.span_id] for t in tree.of("execute_tool") if longest.get(t.span_id, 0) >= SLEEP_MS - 5]


def ids(tree, log):
    got = sorted(tool_id(s) for s in tree.of("execute_tool"))
    return got, sorted(i for e in log for i in e["tools"])


def scenario(tap, name, agent, w, provider):
    path = binaries.path(name)
    if not path:
        return tap.skip(name, binaries.reason(name))
    label = "%s (%s)" % (name, binaries.version(name)) if name.endswith("latest") else name
    plan, want = SCRIPTS[agent]
    w.collector.clear()
    agent_provider.PLANS.update({"@main": plan, "@inner": INNER.get(agent, "found"), "@warm": " done"})
    for _ in range(WARM_MAX):  # a build's first sight costs a search
        play(w, provider, agent, path, "Please. plan:@warm")
        if wait_for(lambda: look(w, provider)[0].of("invoke_agent"), 2):
            break
    w.collector.clear()
    provider.log.clear()
    began = time.time_ns()
    said = play(w, provider, agent, path, "Please do it. plan:@main")
    want = want.strip("\n").split("\n")
    wait_for(lambda: sum(not is_process(s) for s in look(w, provider, began)[0].spans) >= len(want), 10)
    tree, processes = look(w, provider, began)
    tree.spans = [s for s in tree.spans if s not in processes]
    tap.equal(label + ": the tree of its script", tree.shape(then=order(provider.log)), want)
    tap.check(label + ": each call of the log once (%d)" % len(provider.log), sum(s.is_call for s in tree.spans) == len(provider.log) and not said, said)
    got, made = ids(tree, provider.log)
    tap.equal(label + ": the ids of its tool calls", got, made)
    off = times(tree, provider.log)
    tap.check(label + ": calls at the provider's times (%.0f ms off at most)" % max(map(abs, off), default=0), off and max(map(abs, off)) < OFF_MS * slack(), off)
    over = tool_times(tree, provider.log)
    tap.check(label + ": tools between the answer that asks and the request that tells", all(ms < OFF_MS * slack() for _, ms in over), over)
    slept, asked = sleeps(tree, processes), plan.count("sleep") + INNER.get(agent, "").count("sleep")
    tap.check(label + ": the processes that its shell tools started (%s ms)" % ["%.0f" % ms for ms in slept],
              len(slept) == asked and all(ms < SLEEP_MS + 100 * slack() for ms in slept), ["%d asked" % asked] + [s.name for s in processes])


def main():
    need_root()
    tap = Tap()
    with World() as w, Provider(w.path("server.pem"), w.path("server.key")) as provider, w.agent(env={"CACHE_DIRECTORY": w.path("cache")}):
        os.makedirs(w.path("home/codex"), exist_ok=True)
        with open(w.path("home/notes.txt"), "w") as f:
            f.write("hello\n")
        for name, agent in ROWS:
            if not sys.argv[1:] or any(a in name for a in sys.argv[1:]):
                tap.run(name, scenario, name, agent, w, provider)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
