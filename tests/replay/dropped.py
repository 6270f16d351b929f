# SPDX-License-Identifier: Apache-2.0
"""A recording of which one call is left out, against the whole: what is left of the tree has to be
right, and where the loss can be seen in what is left it has to be marked."""
import datetime
import json
import os

import agent


def start_ns(entry):
    when = datetime.datetime.fromisoformat(entry["startedDateTime"].replace("Z", "+00:00"))
    return round(when.timestamp() * 1000) * 10**6


def is_run(s):
    return s["gen_ai.operation.name"] == "invoke_agent" and s.kind == 1


def is_tool(s):
    return s["gen_ai.operation.name"] == "execute_tool" and s.kind == 1


def key(s):
    """What a span is called in both trees. Of a run: nothing, its calls tell which it is."""
    return ("tool", s["gen_ai.tool.call.id"]) if is_tool(s) and s["gen_ai.tool.call.id"] else (s.name, s.start_ns)


class Tree:
    def __init__(self, spans):
        self.spans = spans
        self.by_id = {s.span_id: s for s in spans}
        self.calls = {s.start_ns: s for s in spans if s.is_call and s["gen_ai.operation.name"] != "invoke_agent"}
        self.runs = {s["gentap.run.id"]: s for s in spans if is_run(s)}
        self.tools = {key(s): s for s in spans if is_tool(s)}
        self.members = {}
        for at, s in self.calls.items():
            if s["gentap.run.id"]:
                self.members.setdefault(s["gentap.run.id"], []).append(at)

    def above(self, s):
        """The spans above it, nearest first."""
        while s.parent_id in self.by_id:
            s = self.by_id[s.parent_id]
            yield s

    def asked_by(self, tool):
        """Start of the call that asked for the tool."""
        return max((at for at in self.main_line(tool["gentap.run.id"]) if at < tool.start_ns), default=None)

    def below(self, s):
        return [c for c in self.calls.values() if s in self.above(c)]

    def main_line(self, run):
        return sorted(at for at in self.members.get(run, []) if not self.calls[at]["gentap.side_call"])


def same_runs(full, part):
    """{run in part: run in full} by their calls; and what was joined that was apart."""
    of, wrong = {}, []
    for run, calls in part.members.items():
        whole = {full.calls[at]["gentap.run.id"] for at in calls if at in full.calls}
        if len(whole) > 1:
            wrong.append("calls of %d runs are in one" % len(whole))
        of[run] = next(iter(whole), None)
    return of, wrong


def name_of(s, of):
    return ("run", of.get(s["gentap.run.id"])) if is_run(s) else key(s)


def wrong_parents(full, part, of):
    """Whatever stands above a span has to stand above it in the whole too, in that order."""
    mine = {r: r for r in full.runs}
    whole = {name_of(s, mine): [name_of(a, mine) for a in full.above(s)] for s in full.spans}
    for s in part.spans:
        if name_of(s, of) not in whole:
            continue
        rest = iter(whole[name_of(s, of)])
        for a in part.above(s):
            if name_of(a, of) not in rest:
                yield "%s is below %s" % (s.name, a.name)
                break


def unmarked(full, part, of, dropped):
    """The loss shows where a call of the same run came later, or where the run has no end now."""
    run = full.calls[dropped]["gentap.run.id"]
    line = full.main_line(run) if run else []
    if dropped not in line or len(line) < 2:
        return
    left = [r for r, whole in of.items() if whole == run and any(at in line for at in part.members[r])]
    if full.calls[dropped]["gen_ai.operation.name"] == "fetch_response":
        return  # who asks whether it is done asks as often as it likes
    later = [full.calls[at] for at in line if at > dropped]
    if later and (full.calls[dropped].status == 2 or later[0]["gentap.inferred"] == "compaction"):
        return  # a failure that was tried again leaves nothing behind; who was given a summary is not known to have been
    if not any(part.runs[r]["gentap.completeness"] == "partial" for r in left if r in part.runs):
        yield "nothing says that a call of the run is missing: %s" % [part.runs[r].attrs for r in left if r in part.runs]


def wrong_tools(full, part, dropped):
    failed = full.calls[dropped].status == 2
    for k, s in part.tools.items():
        was = full.tools.get(k)
        if not was and s["gentap.completeness"] != "inferred":
            yield "%s was not there" % s.name
        elif was and s["gentap.completeness"] == "full" and not failed and (s.start_ns, s.end_ns) != (was.start_ns, was.end_ns):
            yield "%s has other times, unmarked" % s.name
    for k, was in full.tools.items():
        served = [c.start_ns for c in full.below(was)] == [dropped]
        if k not in part.tools and full.asked_by(was) != dropped and was.end_ns != dropped and not served and was["gentap.completeness"] != "inferred":
            yield "%s is gone" % was.name


def faults(full, part, dropped):
    of, wrong = same_runs(full, part)
    out = list(wrong)
    for at, s in full.calls.items():
        left = part.calls.get(at)
        if at != dropped and not left:
            out.append("%s at %d is gone" % (s.name, at))
        elif at != dropped and s["gen_ai.operation.name"] != "fetch_response" and (left.name, left.end_ns, left["gen_ai.usage.input_tokens"]) != (s.name, s.end_ns, s["gen_ai.usage.input_tokens"]):
            out.append("%s at %d is another" % (s.name, at))
    out += ["%s hangs below nothing" % s.name for s in part.spans
            if s.parent_id and s.parent_id not in part.by_id and s.parent_id in full.by_id]
    out += wrong_parents(full, part, of)
    out += wrong_tools(full, part, dropped)
    out += unmarked(full, part, of, dropped)
    return out


def decode(har, where, entries):
    file = os.path.join(where, "dropped.har")
    with open(file, "w", encoding="utf-8") as f:
        json.dump({"log": dict(har["log"], entries=entries)}, f)
    return Tree(agent.decode([file], runs=True, sanitized=False))  # some thousand times


def each_call(har, where):
    """(which call, its faults) for every call of a run that is left out of the recording."""
    entries = har["log"]["entries"]
    full = decode(har, where, entries)
    for n, e in enumerate(entries):
        at = start_ns(e)
        if at in full.calls and full.calls[at]["gentap.run.id"]:
            part = decode(har, where, entries[:n] + entries[n + 1:])
            yield n, faults(full, part, at)
