#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every recorded conversation of the corpus yields the tree that its messages imply.

What they imply is read here from the raw JSON, by another way than the agent's: a tool
result that a request brings was asked for by the newest earlier response that contains
its id; a message list that goes on where an earlier request and its answer ended belongs
to the same conversation. Printed are precision and recall of tool spans and of links
(two calls in one run, or in a run under the other's tool).
"""
import base64
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import corpus
from tap import Tap, skip_all

BEGIN_NS = 1_750_000_000 * 10**9
STEP_NS = 10 * 10**9
APART_NS = 3 * 3600 * 10**9  # between cassettes: nothing goes on that long
TIME_MS = 2500
EVENT_STREAM = "application/vnd.amazon.eventstream"


def request(x):
    try:
        body = json.loads(x.req_body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def messages(body):
    m = next((body[k] for k in ("messages", "input", "contents") if k in body), [])
    return m if isinstance(m, list) else [{"role": "user", "content": m}]


def either(d, snake):
    """A member in protobuf's JSON: camelCase or snake_case."""
    first, *rest = snake.split("_")
    return d.get(snake, d.get(first + "".join(w.capitalize() for w in rest)))


def parts(m):
    """The objects in a message's content (Bedrock's too) or, in Google's, its parts."""
    for key in ("content", "parts"):
        for part in m.get(key) if isinstance(m.get(key), list) else []:
            if isinstance(part, dict):
                yield part


def results(body):
    """(id or None, name or None) of the tool calls whose results a request carries."""
    for m in messages(body):
        if not isinstance(m, dict):
            continue
        if m.get("role") == "tool":
            yield m.get("tool_call_id"), m.get("tool_name")
        if str(m.get("type", "")).endswith("_call_output"):
            yield m.get("call_id"), None
        for part in parts(m):
            function = either(part, "function_response")
            if part.get("type") == "tool_result":
                yield part.get("tool_use_id"), None
            if part.get("toolResult"):
                yield part["toolResult"].get("toolUseId"), None
            if function:
                yield function.get("id"), function.get("name")


def documents(text):
    """The JSON of a response: one document or those of a stream's events or lines."""
    try:
        whole = json.loads(text)
        yield from whole if isinstance(whole, list) else [whole]
        return
    except ValueError:
        pass
    for line in text.splitlines():
        try:
            yield json.loads(line[5:] if line.startswith("data:") else line)
        except ValueError:
            pass


def nameless(x):
    """Names of the functions, in their order, that an answer calls without an id."""
    for doc in documents(x.plain.decode("utf-8", "replace")):
        if not isinstance(doc, dict):
            continue
        for candidate in doc.get("candidates", [])[:1]:
            for part in parts(candidate.get("content", {})):
                call = either(part, "function_call")
                if call and not call.get("id"):
                    yield call["name"]
        for call in (doc.get("message") or {}).get("tool_calls", []) if "done" in doc else []:
            if not call.get("id"):
                yield call["function"]["name"]


LOOSE = ("cache_control", "id", "status", "thoughtSignature", "thought_signature")


def plain(m):
    """A message without what may change between turns."""
    if isinstance(m, dict):
        return {k: plain(v) for k, v in m.items() if k not in LOOSE and v is not None}
    return [plain(x) for x in m] if isinstance(m, list) else m


def text_of(x):
    """A response's text; what Bedrock's InvokeModel streams in base64 is added as such."""
    wrapped = re.findall(rb'"bytes":"([^"]*)"', x.plain) if x.header("content-type") == EVENT_STREAM else []
    return b"\n".join([x.plain, *map(base64.b64decode, wrapped)]).decode("utf-8", "replace")


def goes_on(longer, shorter):
    return len(longer) > len(shorter) and longer[:len(shorter)] == shorter


class Nameless:
    """The calls without ids of one cassette: answered by name and order, the client's own
    ids for them notwithstanding, and only where the history goes on."""

    def __init__(self, cassette, lists):
        self.calls = [list(nameless(x)) for x in cassette]
        self.lists = lists
        self.answered = [{} for _ in cassette]

    def of(self, j):
        return [i for i in range(j) if self.calls[i] and goes_on(self.lists[j], self.lists[i])]

    def answer(self, j, names):
        """Takes all results of a request in their order, old ones too."""
        names, found = list(names), []
        for i in self.of(j):
            for n, name in enumerate(self.calls[i]):
                if name not in names:
                    continue
                names.remove(name)
                if n not in self.answered[i]:
                    self.answered[i][n] = j
                    found.append((i, j, (i, name, self.calls[i][:n].count(name))))
        return found


def implied(cassette):
    """([(asked, answered, tool id)], {pairs of one conversation}) of one cassette."""
    tools, pairs, seen = [], set(), set()
    bodies = [request(x) for x in cassette]
    lists = [[plain(m) for m in messages(b)] for b in bodies]
    texts = [text_of(x) for x in cassette]
    without = Nameless(cassette, lists)
    for j, body in enumerate(bodies):
        names = []
        for id, name in results(body):
            asked = [i for i in range(j) if id and '"%s"' % id in texts[i]]
            if asked and id not in seen:
                tools.append((asked[-1], j, id))
            if asked:
                pairs.add((asked[-1], j))
                seen.add(id)
            else:
                names.append(name)
        for found in without.answer(j, names):
            tools.append(found)
            pairs.add(found[:2])
        prev = body.get("previous_response_id")
        for i in range(j):
            again = cassette[i].status >= 400 and lists[i] == lists[j]
            fetch = cassette[j].method == "GET" and cassette[j].path.rsplit("/", 1)[-1] in texts[i]
            same = body.get("conversation") and body.get("conversation") == bodies[i].get("conversation")
            if goes_on(lists[j], lists[i]) or again or same or fetch or (prev and '"%s"' % prev in texts[i]):
                pairs.add((i, j))
    return tools, pairs


def lists_of(cassette):
    return [[plain(m) for m in messages(request(x))] for x in cassette]


def components(n, pairs):
    of = list(range(n))
    for i, j in pairs:
        a, b = of[i], of[j]
        of = [a if x == b else x for x in of]
    return of


class Score:
    def __init__(self):
        self.right = self.wrong = self.missed = 0
        self.notes = []

    def add(self, got, want, label):
        self.right += len(got & want)
        self.wrong += len(got - want)
        self.missed += len(want - got)
        self.notes += ["%s: not implied: %s" % (label, x) for x in sorted(got - want, key=str)]
        self.notes += ["%s: missing: %s" % (label, x) for x in sorted(want - got, key=str)]

    @property
    def precision(self):
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self):
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def __str__(self):
        return "precision %.4f recall %.4f (%d right, %d wrong, %d missing)" % (
            self.precision, self.recall, self.right, self.wrong, self.missed)


def tool_keys(spans, starts):
    """Their ids; of those without one which call asked, the name, and how many such before."""
    keys = set()
    for s in sorted(spans, key=lambda s: s.start_ns):
        asked = max((at for at in starts if at <= s.start_ns), default=None)
        key = (starts.get(asked), s["gen_ai.tool.name"])
        n = 0
        while (*key, n) in keys:
            n += 1
        keys.add(s["gen_ai.tool.call.id"] or (*key, n))
    return keys


def family_test(tap, family, where):
    start, files, known = BEGIN_NS, [], []
    for n, cassette in enumerate(corpus.load(family)):
        entries, starts = [], {}
        start += APART_NS
        for k, x in enumerate(cassette):
            start += STEP_NS
            starts[start] = k
            entries.append(corpus.har_entry(x, start, TIME_MS))
        files.append(os.path.join(where, "%s-%04d.har" % (family, n)))
        known.append((cassette, starts))
        with open(files[-1], "w", encoding="utf-8") as f:
            json.dump(corpus.har(entries), f)
    spans = agent.decode(files, runs=True)
    of_call = {s.start_ns: s for s in spans if s.is_call}
    by_id = {s.span_id: s for s in spans}
    tools, links, strange = Score(), Score(), []
    for cassette, starts in known:
        want_tools, pairs = implied(cassette)
        calls = {k: of_call[at] for at, k in starts.items() if at in of_call}
        mine = {s.trace_id for s in calls.values()}
        label = "%s/%s" % (family, cassette[0].cassette)
        tools.add(tool_keys([s for s in spans if s["gen_ai.operation.name"] == "execute_tool" and
                             s.trace_id in mine and s["gentap.completeness"] != "inferred"], starts),
                  {t for i, j, t in want_tools if i in calls and j in calls}, label)
        want = {(i, j) for i, j, t in want_tools if i in calls and j in calls}
        got = {(i, j) for i, j in want if related(calls[i], calls[j], by_id)}
        of = components(len(cassette), pairs)
        runs = [(i, j) for i in calls for j in calls if i < j and calls[i]["gentap.run.id"] and
                calls[i]["gentap.run.id"] == calls[j]["gentap.run.id"]]
        got |= {(i, j) for i, j in runs if of[i] != of[j]}
        links.add(got, want, label)
        changed = {k for k, c in calls.items() if c["gentap.conversation.rewritten"]}
        strange += ["%s: call %d is said to rewrite its history" % (label, k) for k in sorted(changed)
                    if any(goes_on(lists_of(cassette)[k], lists_of(cassette)[i]) for i in range(k))]
        strange += ["%s: %s hangs below nothing" % (label, s.name) for s in spans
                    if s.trace_id in mine and s.parent_id and s.parent_id not in by_id and not remote(cassette)]
    print("# %s: tool spans %s" % (family, tools))
    print("# %s: links %s" % (family, links))
    tap.check(family + ": tool spans", tools.precision >= 0.98 and tools.recall >= 0.95, tools.notes[:20])
    tap.check(family + ": links", links.precision >= 0.98 and links.recall >= 0.95, links.notes[:20])
    tap.check(family + ": every parent is there", not strange, strange[:10])


def remote(cassette):
    return any(x.header("traceparent", "req") for x in cassette)


def related(a, b, by_id):
    """Are they of one run, or is b's below a tool of a's?"""
    if a["gentap.run.id"] and a["gentap.run.id"] == b["gentap.run.id"]:
        return True
    while b:
        if b["gentap.run.id"] == a["gentap.run.id"] and b["gen_ai.operation.name"] == "execute_tool":
            return True
        b = by_id.get(b.parent_id)
    return False


def main():
    if not corpus.folder():
        skip_all("no corpus beside the project (../shared/corpus)")
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="gentap-runs-") as where:
        for family in corpus.FAMILIES:
            tap.run(family, family_test, family, where)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
