#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes agent/ui/demo.gentap.gz, the hour that `gentap demo` replays: tests/ui/make_demo.py

Everything in it is invented here: four agents, their users, what they were asked, what
their tools said. The requests and streams are shaped as the APIs shape them, so that the
replay goes through the same decoders, run trees and prices as live traffic does. The same
each time it is made.
"""
import gzip
import io
import json
import os
import random
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "common"))
import tracefile  # noqa: E402

MADE = 1767603600
HOUR = 3600
R = random.Random(4777)
records, processes, connections, calls = [], {}, {}, []
CHUNKS = 24  # records of a stream at most


def process(name, user, cwd, cmdline):
    """Each program of each user is one process."""
    key = (name, user, cwd)
    if key not in processes:
        processes[key] = {"pid": 4000 + 37 * len(processes), "ppid": 1, "uid": 1000 + sum(map(ord, user)) % 50, "start_ns": 10 ** 9, "comm": name, "exe": "/usr/bin/" + name,
                          "cmdline": cmdline, "cwd": cwd, "owner": user}
    return processes[key]["pid"]


def tokens(value):
    return max(4, len(value if isinstance(value, str) else json.dumps(value)) // 4)


def entry(at, seconds, wait, who, url, headers, request, status, mime, body, answer_headers=()):
    """One exchange: the request at once, the head and the first piece after `wait`, the rest until `seconds`."""
    pid, host, path = who.pid, url.split("/")[2], "/" + url.split("/", 3)[3]
    if id(who) not in connections:
        connections[id(who)] = tracefile.Connection(records, pid, 0x7f0000000000 + 4096 * len(connections))
        connections[id(who)].keep = who
    c, ns = connections[id(who)], lambda t: int((t + 10) * 1e9)
    text = json.dumps(request, separators=(",", ":")).encode()
    head = "".join("%s: %s\r\n" % h for h in (("Host", host), ("Content-Type", "application/json")) + tuple(h for h in headers if h[0] != "Host"))
    c.call(tracefile.WRITE, ("POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n" % (path, head, len(text))).encode() + text, ns(at))
    streams = "event-stream" in mime
    head = "".join("%s: %s\r\n" % h for h in (("Content-Type", mime), ("Transfer-Encoding", "chunked") if streams else ("Content-Length", str(len(body)))) + tuple(answer_headers))
    head = ("HTTP/1.1 %d OK\r\n%s\r\n" % (status, head)).encode()
    calls.append(at + seconds)
    if not streams:
        c.call(tracefile.READ, head + body.encode(), ns(at + seconds))
        return
    c.call(tracefile.READ, head, ns(at + wait * 0.9))
    events = [e + "\n\n" for e in body.split("\n\n") if e]
    size = -(-len(events) // CHUNKS)
    groups = ["".join(events[i:i + size]).encode() for i in range(0, len(events), size)]
    for n, g in enumerate(groups):
        last = n == len(groups) - 1
        c.call(tracefile.READ, b"%x\r\n%s\r\n%s" % (len(g), g, b"0\r\n\r\n" if last else b""), ns(at + wait + (seconds - wait) * n / max(1, len(groups) - 1)))


def ident(prefix, n=22):
    return prefix + "".join(R.choice("0123456789abcdefghjkmnpqrstvwxyz") for _ in range(n))


def sse(events, named):
    out = io.StringIO()
    for e in events:
        if named and isinstance(e, dict):
            out.write("event: %s\n" % e["type"])
        out.write("data: %s\n\n" % (e if isinstance(e, str) else json.dumps(e, separators=(",", ":"))))
    return out.getvalue()


def pieces(text, size=48):
    return [text[i:i + size] for i in range(0, len(text), size)]


class Anthropic:
    url = "https://api.anthropic.com/v1/messages"
    caches = True

    def __init__(self, model, system, tools, agent, user, pid):
        self.model, self.user, self.agent, self.pid = model, user, agent, pid
        self.base = {"model": model, "max_tokens": 8192, "stream": True,
                     "system": [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}],
                     "metadata": {"user_id": user},
                     "tools": [{"name": t, "description": d, "input_schema": {"type": "object", "properties": {k: {"type": "string"} for k in p}}} for t, (d, p) in tools.items()]}
        self.messages, self.cached = [], 0

    def headers(self):
        return (("User-Agent", self.agent), ("anthropic-version", "2023-06-01"), ("Host", "api.anthropic.com"))

    def ask(self, text):
        self.messages.append({"role": "user", "content": text})

    def results(self, calls):
        self.messages.append({"role": "user", "content": [dict({"type": "tool_result", "tool_use_id": i, "content": r}, **({"is_error": True} if bad else {})) for i, r, bad in calls]})

    def fail(self, at):
        body = json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": ident("req_")})
        entry(at, 0.4, 0.39, self, self.url, self.headers(), dict(self.base, messages=self.messages), 529, "application/json", body)
        return 0.4

    def call(self, at, text, calls, speed, wait):
        """Sends what was said; answers with text and tool calls. Gives their ids and the seconds it took."""
        whole = tokens(self.base) * 6 + tokens(self.messages)
        read, self.cached = self.cached, whole - 20
        blocks, ids, out = [], [], 0
        events = [{"type": "message_start", "message": {"id": ident("msg_"), "type": "message", "role": "assistant", "model": self.model, "content": [], "stop_reason": None, "stop_sequence": None,
                   "usage": {"input_tokens": 20, "cache_creation_input_tokens": max(0, whole - 20 - read), "cache_read_input_tokens": read, "output_tokens": 1, "service_tier": "standard"}}}]
        if text:
            events.append({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
            events += [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": p}} for p in pieces(text)]
            events.append({"type": "content_block_stop", "index": 0})
            blocks.append({"type": "text", "text": text})
            out += tokens(text)
        for name, args in calls:
            i = ident("toolu_")
            ids.append(i)
            n = len(blocks)
            events.append({"type": "content_block_start", "index": n, "content_block": {"type": "tool_use", "id": i, "name": name, "input": {}}})
            events += [{"type": "content_block_delta", "index": n, "delta": {"type": "input_json_delta", "partial_json": p}} for p in pieces(json.dumps(args))]
            events.append({"type": "content_block_stop", "index": n})
            blocks.append({"type": "tool_use", "id": i, "name": name, "input": args})
            out += tokens(args) + 24
        events.append({"type": "message_delta", "delta": {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}, "usage": {"output_tokens": out}})
        events.append({"type": "message_stop"})
        took = wait + out / speed
        entry(at, took, wait, self, self.url, self.headers(), dict(self.base, messages=list(self.messages)), 200, "text/event-stream; charset=utf-8", sse(events, True), (("request-id", ident("req_")),))
        self.messages.append({"role": "assistant", "content": blocks})
        return ids, took


class OpenAI:
    url = "https://api.openai.com/v1/chat/completions"

    def __init__(self, model, system, tools, agent, user, pid, url=None):
        self.model, self.agent, self.user, self.pid = model, agent, user, pid
        self.url = url or self.url
        self.base = {"model": model, "stream": True, "stream_options": {"include_usage": True}, "user": user,
                     "tools": [{"type": "function", "function": {"name": t, "description": d, "parameters": {"type": "object", "properties": {k: {"type": "string"} for k in p}}}} for t, (d, p) in tools.items()]}
        if not tools:
            del self.base["tools"]
        self.messages = [{"role": "system", "content": system}]
        self.known = 0

    def headers(self):
        return (("User-Agent", self.agent), ("Host", self.url.split("/")[2]))

    def ask(self, text):
        self.messages.append({"role": "user", "content": text})

    def results(self, calls):
        for i, r, bad in calls:
            self.messages.append({"role": "tool", "tool_call_id": i, "content": ("Error: " if bad else "") + r})

    def fail(self, at):
        body = json.dumps({"error": {"message": "Rate limit reached", "type": "requests", "param": None, "code": "rate_limit_exceeded"}})
        entry(at, 0.2, 0.19, self, self.url, self.headers(), dict(self.base, messages=self.messages), 429, "application/json", body,
              (("retry-after", "2"), ("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-limit-requests", "500"), ("x-ratelimit-reset-requests", "2s")))
        return 0.2

    def call(self, at, text, calls, speed, wait):
        i, made = ident("chatcmpl-"), MADE
        ids, out, told = [], 0, []
        head = {"id": i, "object": "chat.completion.chunk", "created": made, "model": self.model, "system_fingerprint": "fp_50cad350e4"}

        def chunk(delta, finish=None):
            return dict(head, choices=[{"index": 0, "delta": delta, "finish_reason": finish}])
        events = [chunk({"role": "assistant", "content": ""})]
        events += [chunk({"content": p}) for p in pieces(text or "")]
        out += tokens(text) if text else 0
        for n, (name, args) in enumerate(calls):
            c = ident("call_")
            ids.append(c)
            body = json.dumps(args)
            events.append(chunk({"tool_calls": [{"index": n, "id": c, "type": "function", "function": {"name": name, "arguments": ""}}]}))
            events += [chunk({"tool_calls": [{"index": n, "function": {"arguments": p}}]}) for p in pieces(body)]
            told.append({"id": c, "type": "function", "function": {"name": name, "arguments": body}})
            out += tokens(body) + 18
        reasoning = out * 2 if self.model.startswith("gpt-5") and not self.model.endswith("mini") else 0
        whole = tokens(self.base) * 2 + tokens(self.messages)
        cached = self.known // 128 * 128 if self.known >= 1024 else 0
        self.known = whole
        events.append(chunk({}, "tool_calls" if calls else "stop"))
        events.append(dict(head, choices=[], usage={"prompt_tokens": whole, "completion_tokens": out + reasoning, "total_tokens": whole + out + reasoning,
                      "prompt_tokens_details": {"cached_tokens": cached}, "completion_tokens_details": {"reasoning_tokens": reasoning}}))
        events.append("[DONE]")
        wait += reasoning / speed
        took = wait + out / speed
        entry(at, took, wait, self, self.url, self.headers(), dict(self.base, messages=list(self.messages)), 200, "text/event-stream", sse(events, False),
              (("x-ratelimit-limit-requests", "500"), ("x-ratelimit-remaining-requests", str(R.randint(120, 480)))))
        self.messages.append(dict({"role": "assistant", "content": text or None}, **({"tool_calls": told} if told else {})))
        return ids, took


CODER = {"Bash": ("Runs a command in the shell and returns its output.", ["command"]), "Read": ("Reads a file.", ["file_path"]), "Edit": ("Replaces text in a file.", ["file_path", "old_string", "new_string"]),
         "Grep": ("Searches file contents with a regular expression.", ["pattern", "path"]), "Task": ("Starts another agent for a piece of work.", ["description", "prompt"])}
RESEARCH = {"search_docs": ("Searches the documentation index.", ["query"]), "fetch_page": ("Fetches a page as text.", ["path"]), "write_note": ("Keeps a note for the report.", ["title", "text"])}
SUPPORT = {"find_customer": ("Looks a customer up by mail address or name.", ["query"]), "list_orders": ("Lists the orders of a customer.", ["customer_id"]), "refund": ("Refunds an order.", ["order_id", "reason"])}

SYSTEM = {
    "coder": "You are Coder, an agent that changes software in a git repository. Read before you write, run the tests after every change, and say plainly what you did. " + "Keep changes small. " * 60,
    "explorer": "You are Explorer, an agent that reads a repository and answers one question about it in a few sentences. " + "Name the files. " * 30,
    "research": "You are Research Agent. Find out what the documentation says, quote it, and write a short report with sources. " + "Prefer primary sources. " * 25,
    "support": "You are Support Bot of a shop for bicycle parts. Be brief and kind; look things up before you promise anything. " + "Never refund twice. " * 20,
    "triage": "You are Triage, and sort incoming tickets into one of: bug, question, request. Answer with the word alone.",
}
FILES = ["cart/total.py", "cart/tax.py", "orders/export.py", "orders/refund.py", "web/session.py", "web/login.py", "stock/sync.py"]
SOURCE = "def total(items):\n    value = 0\n    for item in items:\n        value += item.price * item.count\n    return value\n\n\ndef rounded(value):\n    return round(value, 2)\n"


def run_tools(at, agent, made, outcome):
    """When each tool of one answer is done: they run side by side."""
    longest, results = 0.0, []
    for i, (text, bad, seconds) in zip(made, outcome):
        results.append((i, text, bad))
        longest = max(longest, seconds)
    agent.results(results)
    return at + longest


def turn(at, agent, task, steps, answer, speed, trouble=0.04):
    """One run: the task, each step's tools, the answer. Gives when it was over."""
    agent.ask(task)
    for say, calls, outcome in steps:
        if R.random() < trouble:
            at += agent.fail(at) + R.uniform(1.5, 4)
        made, took = agent.call(at, say, calls, speed, R.uniform(0.4, 1.3))
        at = run_tools(at + took, agent, made, [o(at + took) if callable(o) else o for o in outcome]) + R.uniform(0.01, 0.05)
    if R.random() < trouble:
        at += agent.fail(at) + R.uniform(1.5, 4)
    _, took = agent.call(at, answer, [], speed, R.uniform(0.5, 1.4))
    return at + took


def code(at, user, model, repeat):
    pid = process("claude", user, "/home/%s/%s" % (user, "shop-api" if user == "amara" else "ledger"), "claude")
    a = Anthropic(model, SYSTEM["coder"], CODER, "claude-cli/2.0.14 (external, cli)", user, pid)
    for _ in range(repeat):
        file, number = R.choice(FILES), R.randint(100, 999)
        name = file.split("/")[-1][:-3]
        prompt = "Which functions of %s are called from outside of its folder, and from where?" % file

        def explore(when, prompt=prompt, file=file, name=name):
            b = Anthropic("claude-haiku-4-5", SYSTEM["explorer"], {k: CODER[k] for k in ("Read", "Grep")}, "claude-cli/2.0.14 (external, cli)", user, pid)
            done = turn(when + 0.08, b, prompt, [("", [("Grep", {"pattern": name, "path": "."})], [("web/views.py:12: from %s import total\norders/api.py:40: total(items)" % file[:-3].replace("/", "."), False, 0.2)]),
                                                 ("", [("Read", {"file_path": "web/views.py"})], [(SOURCE, False, 0.05)])], "total() is called from web/views.py and orders/api.py; rounded() only inside its folder.", 140)
            return ("total() is called from web/views.py and orders/api.py; rounded() only inside its folder.", False, done - when + 0.05)
        steps = [("I'll look at the file and its tests first.", [("Read", {"file_path": file}), ("Grep", {"pattern": "def test_%s" % name, "path": "tests"})], [(SOURCE, False, 0.04), ("tests/test_%s.py:%d: def test_%s_rounds()" % (name, R.randint(8, 90), name), False, 0.3)])]
        if R.random() < 0.4:
            steps.append(("Before I change it I need to know who calls it.", [("Task", {"description": "find callers", "prompt": prompt})], [explore]))
        steps.append(("", [("Bash", {"command": "python3 -m pytest -q tests/test_%s.py" % name})], [("F.\nFAILED tests/test_%s.py::test_%s_rounds - assert 10.004 == 10.0\n1 failed, 1 passed in 0.8%d s" % (name, name, number % 10), True, R.uniform(1.5, 6))]))
        steps.append(("The sum is not rounded. I change that in one place.", [("Edit", {"file_path": file, "old_string": "    return value\n", "new_string": "    return rounded(value)\n"})], [("The file was updated.", False, 0.03)]))
        if R.random() < 0.5:
            steps.append(("", [("Bash", {"command": "python3 -m pytest -q tests/test_%s.py" % name})], [("..\n2 passed in 0.74 s", False, R.uniform(1.5, 5))]))
        steps.append(("", [("Bash", {"command": "git commit -qam 'Round the total once' && git log --oneline -1"})], [("%07x Round the total once" % R.getrandbits(28), False, 0.4)]))
        at = turn(at, a, "Ticket %d: the %s shows a cent too much for some carts. Fix it and add what the test misses." % (number, name), steps,
                  "Fixed: `%s` rounds once, at the end. The test that showed it passes now; committed as \"Round the total once\"." % file, R.uniform(55, 75)) + R.uniform(30, 150)


def research(at, user, model):
    a = OpenAI(model, SYSTEM["research"], RESEARCH, "OpenAI/Python 2.8.1", user, process("python3", user, "/home/%s/notes" % user, "python3 research.py"))
    topic = R.choice(["retention of audit logs", "limits of the export job", "how sessions expire", "what the nightly sync retries", "which roles may refund"])
    steps = [("", [("search_docs", {"query": topic})], [("1. handbook/%s.md\n2. handbook/operations.md\n3. adr/0017.md" % topic.split()[-1], False, R.uniform(0.3, 1.8))])]
    for page in R.sample(["handbook/operations.md", "adr/0017.md", "handbook/security.md"], R.randint(1, 3)):
        lost = R.random() < 0.15
        steps.append(("", [("fetch_page", {"path": page})], [("404: no such page" if lost else "# %s\n\nWhat follows holds for every tenant. " % page + "Entries are kept for 400 days, then removed by the nightly job. " * 14, lost, R.uniform(0.2, 2.6))]))
    steps.append(("", [("write_note", {"title": topic, "text": "400 days; nightly job; see adr/0017"})], [("kept", False, 0.05)]))
    return turn(at, a, "What do our documents say about %s? Two paragraphs, with sources." % topic, steps,
                "Entries are kept for 400 days and then removed by the nightly job (handbook/operations.md). The decision is recorded in adr/0017. " * 2, R.uniform(60, 80))


def support(at, user):
    a = OpenAI("gpt-5-mini", SYSTEM["support"], SUPPORT, "OpenAI/JS 6.9.1", user, process("node", user, "/srv/support", "node server.js"))
    for i in range(R.randint(1, 3)):
        order = R.randint(10000, 99999)
        steps = [("", [("find_customer", {"query": "customer %d" % (order % 97)})], [('{"customer_id": "c%d"}' % (order % 97), False, R.uniform(0.05, 0.4))]),
                 ("", [("list_orders", {"customer_id": "c%d" % (order % 97)})], [('[{"order_id": %d, "status": "delivered", "item": "chain 11-speed"}]' % order, False, R.uniform(0.1, 0.9))])]
        if R.random() < 0.35:
            refused = R.random() < 0.4
            steps.append(("", [("refund", {"order_id": str(order), "reason": "wrong item"})], [("order is locked by another refund" if refused else "refunded", refused, R.uniform(0.4, 2))]))
        at = turn(at, a, "My order %d has the wrong chain, what now? (message %d)" % (order, i), steps, "I am sorry about that. The order %d is on file; a label for sending it back is on its way to you." % order, 120) + R.uniform(15, 60)


def triage(at, user):
    a = OpenAI("qwen3-coder:30b", SYSTEM["triage"], {}, "ci-triage/1.2", user, process("python3", user, "/srv/triage", "python3 triage.py"), "http://127.0.0.1:11434/v1/chat/completions")
    turn(at, a, "Ticket %d: the export misses the last line of the file." % R.randint(1000, 9999), [], R.choice(["bug", "bug", "question", "request"]), 30, 0)


def main():
    t = 20.0
    while t < HOUR - 600:
        code(t, R.choice(["amara", "bastian"]), R.choice(["claude-sonnet-4-5", "claude-sonnet-4-5", "claude-opus-4-5"]), R.randint(1, 2))
        t += R.uniform(280, 520)
    t = 60.0
    while t < HOUR - 120:
        research(t, R.choice(["chen", "dolores"]), R.choice(["gpt-5.1", "gpt-5"]))
        t += R.uniform(200, 420)
    t = 30.0
    while t < HOUR - 150:
        support(t, R.choice(["shop-web", "shop-web", "shop-app"]))
        t += R.uniform(120, 320)
    for t in range(90, HOUR, 240):
        triage(t + R.uniform(0, 60), "ci")
    code(HOUR - 300.0, "amara", "claude-sonnet-4-5", 1)
    out = io.BytesIO()
    tracefile.write(out, records, processes.values(), -int((max(calls) + 10) * 1e9))
    with open(os.path.join(ROOT, "agent", "ui", "demo.gentap.gz"), "wb") as f:
        f.write(gzip.compress(out.getvalue(), 9, mtime=0))
    print("%d calls" % len(calls))


main()
