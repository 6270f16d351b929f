# SPDX-License-Identifier: Apache-2.0
"""Holds spans against what the oracle expects of recorded exchanges, and keeps score."""
import collections

import genai

SCORED = ("op", "provider", "model", "response_model", "id", "stream", "finish", "input", "output",
          "cache_read", "cache_write", "reasoning", "tools", "error")


class Score:
    def __init__(self, family):
        self.family = family
        self.wrong = collections.Counter()  # field: exchanges
        self.right = 0
        self.total = 0
        self.complaints = []

    def add(self, label, want, got):
        """`got` is every span found for the exchange: one, or none where want is None."""
        if want is None:
            if got:
                self.complaints.append("%s: no inference, but %s" % (label, [s.name for s in got]))
                self.wrong["invented"] += 1
            return
        self.total += 1
        if len(got) != 1:
            self.complaints.append("%s: %d spans" % (label, len(got)))
            self.wrong["count"] += 1
            return
        diff = genai.differences(want, got[0])
        for field, (w, g) in diff.items():
            self.wrong[field] += 1
            self.complaints.append("%s: %s: want %r, got %r" % (label, field, w, g))
        self.right += not diff

    def report(self, tap):
        tap.note("%-18s %4d of %4d calls right in every field" % (self.family, self.right, self.total))
        fields = ["%s %d" % (f, self.total - self.wrong["count"] - self.wrong[f]) for f in SCORED]
        tap.note("    " + ", ".join(fields))
        tap.check("%s: every call right in every field" % self.family, not self.complaints and self.total,
                  self.complaints[:60] + ["%d in all: %s" % (len(self.complaints), dict(self.wrong))])
