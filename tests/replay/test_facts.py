#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which fact of a call is read of which API: each must be asserted by a fixture of the unit
tests, or be named below as what that API's wire does not have.

What the fixtures assert comes from the tests themselves: with WANTS set, those that use
dialect_rows.h print the calls that they expect. So a dialect without a fixture, a fact that
no fixture has, and an excuse that is no longer true all fail. `test_facts.py` run by hand
prints the table.
"""
import collections
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
sys.path[:0] = [os.path.join(HERE, "..", "common")]
from tap import Tap

# A fact, its column's name, and the pattern of a line of dump_call() (tests/unit/exchange.h) that has it.
FACTS = [
    ("asked", "model", r"^request_model="), ("asked", "stream", r"^stream$"), ("asked", "max_tokens", r"^max_tokens="),
    ("asked", "temperature", r"^temperature="), ("asked", "top_p", r"^top_p="), ("asked", "top_k", r"^top_k="),
    ("asked", "seed", r"^seed="), ("asked", "choices", r"^choices="), ("asked", "penalties", r"^(frequency|presence)_penalty="),
    ("asked", "stop", r"^stop="), ("asked", "effort", r"^reasoning="), ("asked", "format", r"^(output_type|formats)="),
    ("asked", "dimensions", r"^dimensions="), ("asked", "tier", r"^request_tier="), ("asked", "tools", r"^tool "),
    ("asked", "system", r"^system$|^input (system|developer)"), ("asked", "messages", r"^input "),
    ("asked", "previous", r"^previous="), ("asked", "conversation", r"^conversation="), ("asked", "user", r"^user="),
    ("served", "id", r"^id="), ("served", "model", r"^model="), ("served", "tier", r"^tier="),
    ("served", "fingerprint", r"^fingerprint="), ("served", "time", r"^processing="), ("served", "finish", r"^finish="),
    ("served", "tool calls", r"^call "), ("served", "reasoning", r"^output .*\n(  .*\n)*  reasoning "),
    ("served", "error", r"^error="), ("served", "broken off", r"^partial (stream_interrupted|cancelled|response_truncated)"),
    ("usage", "in", r"^usage.* in="), ("usage", "out", r"^usage.* out="), ("usage", "total", r"^usage.* total="),
    ("usage", "read", r"^usage.* read="), ("usage", "write", r"^usage.* write="),
    ("usage", "write split", r"^usage.* write_(5m|1h|30m|12h)="), ("usage", "reasoning", r"^usage.* reasoning="),
    ("usage", "text", r"^usage.* (in|out)_text="), ("usage", "audio", r"^usage.* (in|out)_audio="),
    ("usage", "image", r"^usage.* (in|out)_image="), ("usage", "tools", r"^usage.* (searches|fetches|codes|files)="),
    ("usage", "cost", r"^usage.* cost="), ("usage", "other units", r"^usage.* (units|audio_ms)="),
    ("usage", "none", None),  # an answer with finish reason or output that has no counts
]
# Facts of the head are read for every API alike (request_head.c): one fixture each is enough.
HEAD = [("request id", r"^request_id="), ("retries", r"^retries="), ("rate limits", r"^limit "), ("retry after", r"^retry_after="),
        ("time there", r"^processing="), ("queue", r"^queue="), ("region", r"^region=")]


def excuse(text):
    """"asked.top_k seed; usage.cost": the facts that it names."""
    names = set()
    for group in text.split(";"):
        group, _, rest = group.strip().partition(".")
        names |= {(group, name.strip()) for name in rest.split(",")}
    return names


# What an API's wire does not have; behind the name, why that is so. Facts of all without a body of
# their own (embeddings, rankings) are in NO_ANSWER.
NO_ANSWER = ("asked.stream, max_tokens, temperature, top_p, top_k, seed, choices, penalties, stop, effort, tier, tools, system,"
             " messages, previous, conversation; served.finish, tool calls, reasoning, broken off, tier, fingerprint, time;"
             " usage.out, read, write, write split, reasoning, text, audio, image, tools, none")
ABSENT = {
    # legacy: no usage, no tools, one choice
    "anthropic-complete": "asked.seed, choices, penalties, effort, format, dimensions, tier, tools, system, previous, conversation;"
                          " served.tier, fingerprint, time, tool calls, reasoning;"
                          " usage.in, out, total, read, write, write split, reasoning, text, audio, image, tools, cost, other units",
    "anthropic-messages": "asked.seed, choices, penalties, dimensions, previous, conversation; served.fingerprint, time;"
                          " usage.total, text, audio, image, cost, other units",
    # an agent of the provider's: its own model's parameters stay there; counts are those of its trace
    "bedrock-agent": "asked.max_tokens, temperature, top_p, top_k, seed, choices, penalties, stop, effort, format, dimensions, tier,"
                     " tools, system, previous, user; served.id, model, tier, fingerprint, time, tool calls, reasoning, broken off;"
                     " usage.total, read, write, write split, reasoning, text, audio, image, tools, cost, other units",
    # the answer names neither itself nor its model
    "bedrock-converse": "asked.seed, choices, penalties, dimensions, previous, conversation; served.id, model, fingerprint;"
                        " usage.reasoning, text, audio, image, tools, cost, other units",
    "bedrock-invoke": "asked.previous, conversation; usage.text, audio, image, cost, other units",
    "cohere-chat": "asked.choices, effort, dimensions, tier, previous, user; served.model, tier, fingerprint, time;"
                   " usage.total, write, write split, reasoning, text, audio, image, tools, cost",
    "cohere-embed": NO_ANSWER + "; asked.user; served.model; usage.total, cost, other units",
    "gemini": "asked.dimensions, previous, conversation, user; served.fingerprint, time;"
              " usage.write, write split, cost, other units",
    "gemini-embeddings": "asked.stream, max_tokens, temperature, top_p, top_k, seed, penalties, stop, effort, tier, tools, system,"
                         " previous, conversation, user; served.id, model, tier, fingerprint, time, finish, tool calls, reasoning,"
                         " broken off; usage.out, total, read, write, write split, reasoning, text, audio, image, tools, cost,"
                         " other units",
    "gemini-grpc": "asked.tier, previous, conversation, user; served.fingerprint, time;"
                   " usage.write, write split, cost, other units",
    "gemini-interactions": "asked.top_k, choices, penalties, dimensions, conversation, user; served.fingerprint, time;"
                           " usage.write, write split, cost, other units",
    # a session's turn has no id; its tier and cache are the API's without sessions
    "gemini-live": "asked.dimensions, tier, previous, conversation, user; served.id, model, tier, fingerprint, time;"
                   " usage.write, write split, tools, cost, other units",
    # one model, which the server was started with; it has no ids and no tools
    "llamacpp": "asked.model, choices, effort, dimensions, tier, tools, system, previous, conversation, user;"
                " served.id, tier, fingerprint, tool calls, reasoning;"
                " usage.total, write, write split, reasoning, text, audio, image, tools, cost, other units",
    # the tools are the server's; it has no reason for an end, and no time but that of the first token
    "lmstudio": "asked.seed, choices, penalties, stop, format, dimensions, tier, tools, conversation, user;"
                " served.tier, fingerprint, time, tool calls;"
                " usage.total, read, write, write split, text, audio, image, tools, cost, other units",
    "sglang": "asked.model, effort, dimensions, tier, tools, system, previous, conversation, user;"
              " served.model, tier, fingerprint, tool calls, reasoning;"
              " usage.total, write, write split, text, audio, image, tools, cost, other units",
    "ollama": "asked.choices, tier, previous, conversation, user; served.id, tier, fingerprint;"
              " usage.total, read, write, write split, reasoning, text, audio, image, tools, cost, other units",
    "openai-assistants": "asked.seed, choices, penalties, stop, dimensions, tier, previous, user;"
                         " served.tier, fingerprint, time, reasoning;"
                         " usage.write, write split, text, audio, image, tools, cost, other units",
    "openai-chat": "asked.dimensions, previous, conversation; usage.write split",
    "openai-embeddings": NO_ANSWER + "; usage.other units",
    "openai-media": "asked.max_tokens, top_p, top_k, seed, penalties, stop, effort, dimensions, tier, tools, system, previous,"
                    " conversation; served.tier, fingerprint, time, tool calls, reasoning;"
                    " usage.read, write, write split, reasoning, tools",
    "openai-responses": "asked.top_k, seed, choices, penalties, stop, dimensions; served.fingerprint, time;"
                        " usage.text, image, other units",
    "rerank": NO_ANSWER + "; asked.format, dimensions, user; usage.total, cost",
    "xai-grpc": "asked.top_k, dimensions, conversation; served.time; usage.write, write split, audio, other units",
}


def expected_calls():
    """{dialect: [text of a call]}, as the fixtures want them."""
    calls = collections.defaultdict(list)
    for source in sorted(glob.glob(os.path.join(ROOT, "tests", "unit", "test_*.c"))):
        with open(source) as f:
            if '#include "dialect_rows.h"' not in f.read():
                continue
        program = os.path.join(BUILD, "unit", os.path.basename(source)[:-2])
        out = subprocess.run([program], env=dict(os.environ, WANTS="1"), stdout=subprocess.PIPE, check=True).stdout
        for want in out.decode(errors="replace").split("\f")[1:]:
            for call in re.split(r"\n(?=[a-z-]+ [a-z_]*\nprovider=)", want):
                if re.match(r"[a-z-]+ [a-z_]*\nprovider=", call):
                    calls[call.split()[0]].append(call)
    return calls


def has(call, pattern):
    if pattern is None:
        return not re.search("^usage", call, re.M) and re.search("^(finish|output)", call, re.M)
    return re.search(pattern, call, re.M)


def dialects():
    """Those that exist, by their names in the sources."""
    names = set()
    for source in glob.glob(os.path.join(ROOT, "agent", "genai", "*.c")):
        with open(source) as f:
            for body in re.findall(r"const struct dialect dialect_\w+ = \{(.*?)\n\};", f.read(), re.S):
                names.add(re.search(r'\.name = "([^"]+)"', body).group(1))
    return names - {"mcp", "a2a"}  # no model is called


def table(calls):
    """One line per dialect: how many fixtures assert each fact; - where the wire has none."""
    for group in ("asked", "served", "usage"):
        columns = [(name, pattern) for g, name, pattern in FACTS if g == group]
        yield "%-20s %s" % (group, " ".join(name.replace(" ", "_") for name, _ in columns))
        for d in sorted(calls):
            cells = []
            for name, pattern in columns:
                n = sum(bool(has(c, pattern)) for c in calls[d])
                cells.append(str(n or "-").rjust(len(name)))
            yield "%-20s %s" % (d, " ".join(cells))


def main():
    tap, calls = Tap(), expected_calls()
    calls.pop("mcp", None)
    tap.equal("every dialect has fixtures, and is known here", (sorted(calls), sorted(ABSENT)), (sorted(dialects()),) * 2)
    for d in sorted(dialects()):
        absent = excuse(ABSENT[d])
        wrong = ["%s.%s is on the list of what the wire does not have, and a fixture has it" % (g, n)
                 for g, n, p in FACTS if (g, n) in absent and any(has(c, p) for c in calls[d])]
        wrong += ["%s.%s is in no fixture" % (g, n)
                  for g, n, p in FACTS if (g, n) not in absent and not any(has(c, p) for c in calls[d])]
        wrong += ["%s.%s is no fact" % fact for fact in absent if fact not in {(g, n) for g, n, _ in FACTS}]
        tap.check(d, not wrong, wrong)
    every = [c for d in calls for c in calls[d]]
    for name, pattern in HEAD:
        tap.check("of the head: " + name, any(has(c, pattern) for c in every))
    tap.note("%d fixtures of %d dialects assert %d facts of %d; the others are not on their wire" % (
        len(every), len(calls), sum(any(has(c, p) for c in calls[d]) for d in calls for _, _, p in FACTS), len(calls) * len(FACTS)))
    for line in table(calls) if sys.stdout.isatty() or "--table" in sys.argv else ():
        print("# " + line)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
