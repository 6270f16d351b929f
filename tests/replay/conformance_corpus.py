#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every recorded exchange of the corpus as HAR through `gentap decode`."""
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import agent
import corpus
import genai
import oracle
import score
from tap import Tap, skip_all

BEGIN_NS = 1_750_000_000 * 10**9
STEP_NS = 10 * 10**9
TIME_MS = 2500
# Recordings that are not whole, and why.
CUT = {"bedrock/fc07fdfd0528#0": "the JSON of its request lacks the last brace"}


def write_hars(family, where):
    """[(exchange, start_ns)] and the files: one per cassette, times unique in the family."""
    told, files, start = [], [], BEGIN_NS
    for n, cassette in enumerate(corpus.load(family)):
        entries = []
        for x in cassette:
            start += STEP_NS + 10**6
            told.append((x, start))
            entries.append(corpus.har_entry(x, start, TIME_MS))
        files.append(os.path.join(where, "%s-%04d.har" % (family, n)))
        with open(files[-1], "w", encoding="utf-8") as f:
            json.dump(corpus.har(entries), f, ensure_ascii=n % 2 == 0)
    return told, files


def family_test(tap, family, where):
    told, files = write_hars(family, where)
    by_start = {}
    spans = agent.decode(files)
    for s in spans:
        by_start.setdefault(s.start_ns, []).append(s)
    result = score.Score(family)
    ends, partial = [], []
    for x, start in told:
        if not oracle.promised(x):
            continue
        want, got = oracle.expect(x), by_start.pop(start, [])
        result.add(x.label, want, got)
        for s in got:
            if s.end_ns != start + TIME_MS * 10**6:
                ends.append("%s: %d ns" % (x.label, s.end_ns - start))
            if s[genai.COMPLETENESS] != "full" and x.label.split()[0] not in CUT:
                partial.append("%s: %s" % (x.label, s[genai.COMPLETENESS]))
    result.report(tap)
    tap.check(family + ": a span ends `time` after startedDateTime", not ends, ends[:10])
    tap.check(family + ": whole recordings are called full", not partial, partial[:10])
    other = {start for x, start in told if not oracle.promised(x)}
    stray = [s.name for start, ss in by_start.items() for s in ss if start not in other]
    tap.check(family + ": no span without an exchange", not stray, stray[:10])


def main():
    if not corpus.folder():
        skip_all("no corpus beside the project (../shared/corpus)")
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="gentap-corpus-") as where:
        for family in corpus.FAMILIES:
            tap.run(family, family_test, family, where)
    return tap.done()


sys.exit(main())
