#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What stands in the tracked files: no path of one machine, no marks of unfinished work, a licence line in each source.

    tools/check_text.py [--self-test]
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PATHS = re.compile(r"/(?:home|root|work|Users)/\w")
MARKS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
SOURCES = {".c", ".h", ".py", ".sh", ".def", ".in"}


def problems(name, text):
    if PATHS.search(text):
        yield f"{name}: a path of one machine"
    if MARKS.search(text):
        yield f"{name}: a mark of unfinished work"
    if pathlib.Path(name).suffix in SOURCES and "SPDX-License-Identifier" not in text[:300]:
        yield f"{name}: no licence line"
    if any(len(line) > 132 for line in text.splitlines()) and pathlib.Path(name).suffix in {".c", ".h"} and "ids.h" not in name:
        yield f"{name}: a line of more than 132 characters"


def main():
    if "--self-test" in sys.argv[1:]:
        good = "/* SPDX-License-Identifier: BSD-3-Clause */\n"
        assert not list(problems("a.c", good))
        assert list(problems("a.c", good + "/ho" "me/x")) and list(problems("a.c", good + "TO" "DO"))
        assert list(problems("a.c", "int x;")) and list(problems("a.c", good + "x" * 140))
        return 0
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    wrong = []
    for name in filter(lambda name: name and (ROOT / name).exists(), files):
        data = (ROOT / name).read_bytes()
        if b"\0" not in data:
            wrong += problems(name, data.decode())
    print("\n".join(wrong) or "text: clean")
    return 1 if wrong else 0


sys.exit(main())
