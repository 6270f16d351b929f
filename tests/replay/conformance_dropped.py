#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The corpus' conversations of several turns, each call of each left out once: the rest of the
tree is right, and the loss is marked."""
import concurrent.futures
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import corpus
import dropped
from conformance_runs import BEGIN_NS, STEP_NS, TIME_MS, implied
from tap import Tap, skip_all


# Cassettes in which an agent goes on behind its own last answer, without a word of the user or a result:
# whether that is the same run or another is told by nothing but how long it took.
GOES_ON = ("757527e5d323", "8653d40109ef", "1fa768d55c2d")


def one(cassette):
    entries = [corpus.har_entry(x, BEGIN_NS + (k + 1) * STEP_NS, TIME_MS) for k, x in enumerate(cassette)]
    with tempfile.TemporaryDirectory(prefix="gentap-dropped-") as where:
        found = list(dropped.each_call(corpus.har(entries), where))
    label = "%s/%s" % (cassette[0].family, cassette[0].cassette)
    return len(found), ["%s without call %d: %s" % (label, n, x) for n, faults in found for x in faults]


def main():
    if not corpus.folder():
        skip_all("no corpus beside the project (../shared/corpus)")
    tap = Tap()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for family in corpus.FAMILIES:
            several = [c for c in corpus.load(family) if len(c) > 1 and c[0].cassette not in GOES_ON and implied(c)[1]]
            got = list(pool.map(one, several))
            bad = [x for _, faults in got for x in faults]
            tap.check("%s: %d conversations, without any one of %d calls" % (family, len(several), sum(n for n, _ in got)), not bad, bad[:30])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
