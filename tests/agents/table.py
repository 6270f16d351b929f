#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""README's tables of what is captured and on which kernels, from what was measured: table.py FILE...,
files as MATRIX=FILE of test_matrix.py and of tests/kernels write them. Prints them."""
import json
import re
import sys

COLUMNS = ("first", "request", "response", "peer", "SNI", "short", "mid-life")


def add(cells):
    """Seen and made of all that are measurements, or the first reason why there is none."""
    pairs = [tuple(map(int, m.groups())) for m in (re.match(r"(\d+)/(\d+)", c) for c in cells) if m]
    if pairs:
        return "%d/%d" % (sum(p[0] for p in pairs), sum(p[1] for p in pairs))
    return next((c.lstrip("-: ") for c in cells if c.lstrip("-: ")), "")


def names(rows):
    """Versions of one client together: Bun 1.1.0, 1.4.5."""
    by = {}
    for r in rows:
        m = re.match(r"([^,]*?) (\d[\d.]*|latest)$", r["client"])
        by.setdefault(m.group(1) if m else r["client"], []).append(m.group(2) if m else "")
    return "; ".join(" ".join(filter(None, (n, ", ".join(filter(None, v))))) for n, v in by.items())


def captured(rows):
    yield "| program's TLS | measured with | %s |" % " | ".join(COLUMNS)
    yield "|---|---|%s" % ("---|" * len(COLUMNS))
    for stack in dict.fromkeys(r["stack"] for r in rows):
        mine = [r for r in rows if r["stack"] == stack]
        done = [r for r in mine if not r["request"].startswith("-")] or mine
        yield "| %s | %s | %s |" % (stack, names(done), " | ".join(add([r[c] for r in done]) for c in COLUMNS))


def kernels(rows):
    yield "| kernel | machine | with | calls seen and right, of calls made | features in use |"
    yield "|---|---|---|---|---|"
    for r in rows:
        yield "| %s | %s | %s | %s | %s |" % (r["release"], r["machine"], r["with"], r["calls"], ", ".join(r["features"]))


def main():
    for path in sys.argv[1:]:
        with open(path) as f:
            rows = json.load(f)["rows"]
        print("\n".join(captured(rows) if rows and "stack" in rows[0] else kernels(rows)), end="\n\n")


if __name__ == "__main__":
    main()
