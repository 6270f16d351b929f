# SPDX-License-Identifier: Apache-2.0
"""The Test Anything Protocol, as tests/run reads it.

    tap = Tap()
    tap.check("name", got == want, "got %r" % got)
    tap.skip("name", "why")
    tap.note("a line that tests/run shows also when all is well")
    sys.exit(tap.done())
"""
import sys
import traceback


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def check(self, name, good, why=""):
        """One result. `why` is printed when it failed; lists become lines."""
        self.count += 1
        print("%s %d - %s" % ("ok" if good else "not ok", self.count, name), flush=True)
        if not good:
            self.failed += 1
            for line in why if isinstance(why, (list, tuple)) else str(why).splitlines():
                print("# " + str(line), flush=True)
        return bool(good)

    def equal(self, name, got, want):
        return self.check(name, got == want, "want %r\ngot  %r" % (want, got))

    def skip(self, name, why):
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name, why), flush=True)

    def note(self, text):
        for line in str(text).splitlines():
            print("#! " + line, flush=True)

    def run(self, name, function, *args):
        """Runs a test function; what it raises is its failure, not the program's."""
        try:
            function(self, *args)
        except Exception:  # a broken test must not hide those behind it
            self.check(name, False, traceback.format_exc())

    def done(self):
        print("1..%d" % self.count, flush=True)
        return 1 if self.failed or not self.count else 0


def skip_all(why):
    """The whole program does not apply here."""
    print("1..1\nok 1 - all # SKIP " + why)
    sys.exit(0)
