#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever call of a recorded run is lost: the rest of the tree is right, and says so."""
import glob
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "common")]
import dropped
from tap import Tap


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="gentap-dropped-") as where:
        for file in sorted(glob.glob(os.path.join(HERE, "golden", "agent_*.har"))):
            with open(file, encoding="utf-8") as f:
                har = json.load(f)
            found = list(dropped.each_call(har, where))
            bad = ["without call %d: %s" % (n, x) for n, faults in found for x in faults]
            tap.check("%s: without any one of %d calls" % (os.path.basename(file), len(found)), len(found) > 2 and not bad, bad[:20])
    return tap.done()


sys.exit(main())
