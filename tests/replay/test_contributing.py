#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The worked example of CONTRIBUTING.md is true: its provider, its dialect and its test, put where
it says they go, compile and pass."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
sys.path[:0] = [os.path.join(HERE, "..", "common")]
from tap import Tap

LIBS = "libelf libdw zlib libbrotlidec libzstd libnghttp2 libcurl libcap-ng sqlite3 yaml-0.1 libpcre2-8"
FLAGS = ("-std=gnu17 -D_GNU_SOURCE -g -Wall -Wextra -Werror -O1 -fsanitize=address,undefined -fno-sanitize-recover=all "
         "-include agent/base/banned.h").split()
WRAP = "-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc"


def read(path):
    with open(os.path.join(ROOT, path)) as f:
        return f.read()


def put(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def insert(text, behind, what):
    """`what` on a line of its own, behind the line that has `behind`."""
    at = text.index("\n", text.index(behind)) + 1
    return text[:at] + what + "\n" + text[at:]


def run(*command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    return done.returncode, done.stdout[-4000:]


def main():
    tap, guide = Tap(), read("CONTRIBUTING.md")
    provider = re.search(r"\{ \.name = \"acme_ai\".*\}", guide).group(0) + ","
    dialect, test = re.findall(r"```c\n(.*?)```", guide, re.S)
    with tempfile.TemporaryDirectory() as folder:
        sources = [put(folder, "acme.c", dialect), put(folder, "test_acme.c", test)]
        for header in glob.glob(os.path.join(ROOT, "agent", "genai", "*.h")):  # they include each other from their own folder
            shutil.copy(header, folder)
        put(folder, "dialect.h", insert(read("agent/genai/dialect.h"), "dialect_anthropic_complete;", "extern const struct dialect dialect_acme;"))
        detect = insert(read("agent/genai/detect.c"), "*const dialects[]", "\t&dialect_acme,")
        sources.append(put(folder, "detect.c", insert(detect, "struct provider providers[]", provider)))
        see = ["-iquote" + folder] + ["-iquoteagent/" + m for m in ("base", "wire")] + ["-Iinclude", "-Itests/unit"]
        libs = subprocess.check_output(["pkg-config", "--libs"] + LIBS.split(), text=True).split()
        program = os.path.join(folder, "test_acme")
        code, said = run("gcc", *FLAGS, *see, *sources, "tests/unit/test.c", os.path.join(BUILD, "unit", "libpure.a"), WRAP,
                         "-o", program, *libs, "-lm")
        if tap.check("the example compiles", code == 0, said):
            tap.check("and passes its test", *run_test(program))
    return tap.done()


def run_test(program):
    code, said = run(program)
    return code == 0 and "ok 2 - acme_without_memory" in said, said


if __name__ == "__main__":
    sys.exit(main())
