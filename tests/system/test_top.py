#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""top on a terminal, as people meet it: 80 by 24, keys, the tree of a run, another size, and the
terminal as it was however it ends. The terminal is a pty, and what is on it this file's own reading
of the sequences that xterm's terminfo has."""
import fcntl
import glob
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDINGS = os.path.join(HERE, "..", "replay", "golden")
sys.path.insert(0, os.path.join(HERE, "..", "common"))
from tap import Tap

GENTAP = os.environ.get("GENTAP_ASAN", os.environ["GENTAP"])
WAIT_S = 20
CSI = re.compile(r"\x1b\[([?>]?)([\d;]*)([@-~])|\x1b[()].|\x1b[=>78cM]|\x1b\][^\x07]*\x07")


class Screen:
    def __init__(self, rows, cols):
        self.alternate, self.hidden, self.said = False, False, ""
        self.size(rows, cols)

    def size(self, rows, cols):
        self.rows, self.cols, self.y, self.x, self.margins = rows, cols, 0, 0, (0, rows - 1)
        self.cells = [[" "] * cols for _ in range(rows)]

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def feed(self, data):
        data, at = self.said + data, 0
        while at < len(data):
            c = data[at]
            if c == "\x1b":
                m = CSI.match(data, at)
                if not m:
                    break  # the rest of it is to come
                if m.group(3):
                    self.control(m.group(1), [int(n) if n else 0 for n in m.group(2).split(";")], m.group(3))
                at = m.end()
                continue
            at += 1
            if c == "\n":
                self.line_feed()
            elif c == "\r":
                self.x = 0
            elif c == "\b":
                self.x = max(self.x - 1, 0)
            elif c == "\t":
                self.x = min((self.x // 8 + 1) * 8, self.cols - 1)
            elif c >= " ":
                self.put(c)
        self.said = data[at:]

    def put(self, c):
        if self.x == self.cols:
            self.x = 0
            self.line_feed()
        self.cells[self.y][self.x] = self.last = c
        self.x += 1

    def line_feed(self):
        if self.y == self.margins[1]:
            self.scroll(self.margins[0], 1)
        else:
            self.y = min(self.y + 1, self.rows - 1)

    def scroll(self, top, n):
        bottom = self.margins[1]
        for _ in range(abs(n)):
            row = self.cells.pop(top if n > 0 else bottom)
            self.cells.insert(bottom if n > 0 else top, [" "] * len(row))

    def control(self, mark, n, what):
        one, x = max(n[0], 1), min(self.x, self.cols - 1)
        if mark == "?":
            for mode in n:
                if mode == 1049:
                    self.alternate = what == "h"
                if mode == 25:
                    self.hidden = what == "l"
        elif what == "H":
            self.y, self.x = min(one, self.rows) - 1, min(max((n + [1])[1], 1), self.cols) - 1
        elif what in "ABCDEFGd":
            self.y = {"A": self.y - one, "B": self.y + one, "d": one - 1}.get(what, self.y)
            self.x = {"C": x + one, "D": x - one, "G": one - 1}.get(what, x)
            self.y, self.x = min(max(self.y, 0), self.rows - 1), min(max(self.x, 0), self.cols - 1)
        elif what == "K":
            row = self.cells[self.y]
            for i in range(*{0: (x, self.cols), 1: (0, x + 1), 2: (0, self.cols)}[n[0]]):
                row[i] = " "
        elif what == "J":
            for i in range(self.rows):
                if n[0] == 2 or i > self.y:
                    self.cells[i] = [" "] * self.cols
            if n[0] == 0:
                self.control("", [0], "K")
        elif what in "X@P":
            row = self.cells[self.y]
            if what == "@":
                row[x:] = ([" "] * one + row[x:])[:self.cols - x]
            else:
                row[x:] = ([" "] * one if what == "X" else []) + row[x + one:] + ([] if what == "X" else [" "] * one)
        elif what == "b":
            for _ in range(one):
                self.put(self.last)
        elif what in "LM":
            self.scroll(self.y, one if what == "M" else -one)
        elif what in "ST":
            self.scroll(self.margins[0], one if what == "S" else -one)
        elif what == "r":
            self.margins = (one - 1, ((n + [0])[1] or self.rows) - 1)
            self.y = self.x = 0


class Top:
    def __init__(self, db, rows=24, cols=80, *args):
        self.master, self.slave = pty.openpty()
        self.screen = Screen(rows, cols)
        self.resize(rows, cols)
        self.before = termios.tcgetattr(self.slave)
        self.p = subprocess.Popen([GENTAP, "top", "--db", db, "--since", "all", *args], stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE,
                                  start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                  env=dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8", LINES="", COLUMNS="", TZ="UTC"))

    def resize(self, rows, cols):
        self.screen.size(rows, cols)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.screen.feed(os.read(self.master, 65536).decode("utf-8", "replace"))
            return True
        return False

    def press(self, keys):
        os.write(self.master, keys.encode())

    def until(self, want):
        """The screen when it fits, or what it came to."""
        end = time.monotonic() + WAIT_S
        while not want(self.screen.text()) and time.monotonic() < end:
            self.read(0.1)
        return self.screen.text()

    def end(self):
        """(status, is the terminal as it was, what it wrote of errors)."""
        end = time.monotonic() + WAIT_S
        while self.p.poll() is None and time.monotonic() < end:
            self.read(0.05)
        if self.p.poll() is None:
            self.p.kill()
        _, err = self.p.communicate()
        while self.read(0):
            pass
        good = not self.screen.alternate and not self.screen.hidden and termios.tcgetattr(self.slave) == self.before
        os.close(self.master)
        os.close(self.slave)
        return self.p.returncode, good, err.decode()


def fits(top):
    """Nothing stands beyond the edges: each line is one of the screen's, and the last has the keys."""
    lines = top.screen.text().split("\n")
    return len(lines) == top.screen.rows and "q quit" in lines[-1]


def keys(tap, db):
    t = Top(db)
    text = t.until(lambda s: "research" in s.lower() or "AGENT" in s and s.count("\n") and "q quit" in s)
    tap.check("80 by 24: the runs", t.screen.alternate and fits(t) and " 1 Runs " in text, text)
    for key, tab in ("2", "Models"), ("3", "Tools"), ("4", "People"), ("5", "Coverage"), ("6", "Calls"):
        before = t.screen.text()
        t.press(key)
        text = t.until(lambda s: s != before and s.split("\n")[-1:] != [""])
        tap.check("%s: %s" % (key, tab), text != before and fits(t), text)
    t.press("2")
    text = t.until(lambda s: "claude" in s and "gpt" in s)
    tap.check("models have their names", "claude" in text and "gpt" in text, text)
    t.press("f")
    t.until(lambda s: "filter:" in s)
    t.press("model:claude*\r")
    text = t.until(lambda s: "model:claude*" in s and "gpt" not in s and "q quit" in s)
    tap.check("a filter filters", "claude" in text and "gpt" not in text, text)
    t.press("\x1b")
    tap.check("Escape takes it away", "gpt" in t.until(lambda s: "gpt" in s))
    t.press("f")
    t.until(lambda s: "filter:" in s)
    t.press("model in (\r")
    text = t.until(lambda s: "q quit" not in s and "filter:" not in s)
    tap.check("a filter that is none is said", "where" in text, text)
    t.press("\x1b")
    t.until(lambda s: "q quit" in s)
    t.press("p")
    tap.check("pause", "paused" in t.until(lambda s: "paused" in s))
    t.press("p")
    t.until(lambda s: "paused" not in s)
    t.press("?")
    tap.check("help", t.until(lambda s: "sort" in s.lower() and s.count("\n") > 5))
    t.press("\x1b")
    t.press("1")
    t.until(lambda s: "AGENT" in s.upper())
    before = t.screen.text()
    t.press("j\r")
    text = t.until(lambda s: s != before and ("chat" in s or "execute_tool" in s or "invoke_agent" in s))
    tap.check("Enter opens the tree", "invoke_agent" in text or "chat" in text, text)
    t.press("\x1b")
    tap.check("Escape closes it", " 1 Runs " in t.until(lambda s: " 1 Runs " in s))
    t.press("q")
    tap.equal("q ends it, the terminal as it was", t.end(), (0, True, ""))


def sizes(tap, db):
    t = Top(db)
    t.until(lambda s: "q quit" in s)
    for rows, cols in (50, 160), (24, 80), (10, 40), (2, 10), (1, 1), (24, 80):
        t.resize(rows, cols)
        t.press("2")
        if rows > 20:
            text = t.until(lambda s: "claude" in s and fits(t))
            tap.check("%d by %d" % (cols, rows), "claude" in text and fits(t), text)
        else:
            t.read(1)
            tap.check("%d by %d: it lives" % (cols, rows), t.p.poll() is None)
    t.press("q")
    tap.equal("its end", t.end(), (0, True, ""))


def ends(tap, db):
    for name, how in (("SIGTERM", signal.SIGTERM), ("SIGINT", signal.SIGINT), ("SIGHUP", signal.SIGHUP), ("SIGQUIT", signal.SIGQUIT),
                      ("control-C", "\x03"), ("control-\\", "\x1c")):
        t = Top(db)
        t.until(lambda s: "q quit" in s)
        t.press(how) if isinstance(how, str) else t.p.send_signal(how)
        tap.equal(name + ": the terminal as it was", t.end(), (0, True, ""))
    t = Top(db, 24, 80, "-n", "1", "--delay", "1")
    tap.equal("after so many looks", t.end(), (0, True, ""))
    t = Top("/nonexistent/gentap.db")
    status, good, err = t.end()
    tap.check("no database: said, and no screen", status == 1 and good and "gentap" in err, (status, good, err))


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as where:
        db = os.path.join(where, "gentap.db")
        subprocess.run([GENTAP, "decode", "--db", db, *sorted(glob.glob(os.path.join(RECORDINGS, "*.har")))], check=True,
                       capture_output=True, timeout=120)
        for test in (keys, sizes, ends):
            tap.run(test.__name__, test, db)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
