#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The corpus over HTTP/2 in a trace file through `gentap replay`.

Several cassettes share each connection, their frames interleaved; heads in CONTINUATION,
padding, trailers, interim answers, other sizes of the header table, codings, records cut
and joined at random. Each call must be what the oracle expects, and its attributes those
that `gentap decode` finds in the same exchange as HAR. SEED=n repeats a run.
"""
import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import conformance_reframe as http1
import corpus
import reframe_h2
import tracefile
from tap import Tap, skip_all

TOGETHER, AT_ONCE = 8, 4  # cassettes of a connection, and how many of them at a time


def connection(rng, out, cassettes, tgid, begin_ns):
    """[(exchange, the times at which its span may begin)] and the connection's end."""
    lanes = [[reframe_h2.message(rng, (i, k), x) for k, x in enumerate(c)] for i, c in enumerate(cassettes)]
    c, now = tracefile.Connection(out, tgid, 0x7f0000000000 + rng.randrange(1 << 30) * 16, rng.randrange(1, 1 << 32)), begin_ns
    starts = {}
    c.bind(443, begin_ns)
    for direction, data, tags in reframe_h2.records(rng, reframe_h2.Script(rng, lanes, AT_ONCE, wild=True).out, heads_alone=True):
        now += rng.randrange(1_000, 900_000)
        c.call(direction, data, now, tid=tgid + rng.randrange(3))
        for tag in tags - {None}:
            # A head that is cut ends in the second record.
            if direction == 0 and len(starts.setdefault(tag, [])) < 2:
                starts[tag].append(now + http1.BOOT_TO_WALL_NS)
    if rng.random() < 0.7:
        c.close(now + 1000)
    return [(x, starts[i, k]) for i, cs in enumerate(cassettes) for k, x in enumerate(cs)], now + 2000


def write_trace(family, rng, path):
    records, processes, exits, told = [], [], [], []
    cassettes = [[x for x in c if not x.url.startswith("ws")] for c in corpus.load(family)]
    for n in range(0, len(cassettes), TOGETHER):
        tgid = 1000 + 10 * n
        found, end = connection(rng, records, cassettes[n:n + TOGETHER], tgid,
                                http1.BEGIN_NS - http1.BOOT_TO_WALL_NS + n * 20_000_000 + rng.randrange(1_000_000))
        told += [(x, [(tgid, s) for s in starts]) for x, starts in found]
        processes.append(dict(http1.PROCESS, pid=tgid))
        exits.append((end, tgid))
    with open(path, "wb") as f:
        tracefile.write(f, records, processes, http1.BOOT_TO_WALL_NS, exits)
    return told


def main():
    if not corpus.folder():
        skip_all("no corpus beside the project (../shared/corpus)")
    tap = Tap()
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    with tempfile.TemporaryDirectory(prefix="gentap-reframe-") as where:
        for family in corpus.FAMILIES:
            tap.run(family, http1.family_test, family, where, seed, write_trace)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
