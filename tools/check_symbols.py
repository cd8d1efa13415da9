#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the built library exports, uses and keeps.

Exports: functions marked NPDE_API in the headers = names in the version script = symbols of the shared library, and no
more. Uses: nothing that prints, aborts, reads the environment or starts a thread. Keeps: no mutable globals.

    tools/check_symbols.py path/to/libneuropde.so path/to/libneuropde.a
    tools/check_symbols.py --self-test
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FORBIDDEN = set("""printf fprintf vprintf vfprintf sprintf vsprintf puts fputs putchar putc fputc fwrite fopen fclose perror
    stdout stderr stdin abort exit _exit quick_exit getenv secure_getenv setenv setlocale pthread_create thrd_create rand srand
    signal system fork longjmp __printf_chk __fprintf_chk __sprintf_chk __assert_fail""".split())
# Threads are started where the caller asked for them: in this object, and in no other.
ONLY_IN = {"pthread_create": "particles_pool.c.o"}


def users(static, name):
    """Objects of the archive that call a function."""
    member, found = "", set()
    for line in subprocess.run(["nm", static], check=True, capture_output=True, text=True).stdout.splitlines():
        if line.endswith(":"):
            member = line[:-1]
        elif line.split()[-2:] == ["U", name]:
            found.add(member)
    return found


def nm(*arguments):
    lines = subprocess.run(["nm", *arguments], check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split() for line in lines if line.split() and not line.endswith(":")]


def declared(headers):
    text = "\n".join(path.read_text() for path in headers)
    return set(re.findall(r"\bNPDE_API\b[^;{]*?\b(npde_\w+)\s*\(", text))


def mapped(path):
    body = path.read_text().split("local:")[0]
    return set(re.findall(r"^\s*(npde_\w+);", body, re.M))


def check(headers, map_file, shared, static):
    wrong = []
    api, script = declared(headers), mapped(map_file)
    exported = {row[-1].split("@")[0] for row in nm("-D", "--defined-only", shared) if row[1] in "TDBRVWi"}
    for what, names in (("in the version script", script), ("exported", exported)):
        wrong += [f"{name} is declared and not {what}" for name in sorted(api - names)]
        wrong += [f"{name} is {what} and not declared" for name in sorted(names - api) if not name.startswith("NEUROPDE_")]
    rows = nm("-g", static)
    outside = {row[-1] for row in rows if row[-2] in "TDBRC" and not row[-1].startswith("npde_")}
    wrong += [f"{name} is external and has no prefix npde_" for name in sorted(outside)]
    used = {row[-1].split("@")[0] for row in rows if row[-2] == "U"}
    allowed = {name for name, where in ONLY_IN.items() if users(static, name) <= {where}}
    wrong += [f"{name} is called: the library must not" for name in sorted(used & FORBIDDEN - allowed)]
    mutable = {row[-1] for row in nm(static) if row[-2] in "DdBbC" and not row[-1].startswith((".", "__gcov", "__llvm"))}
    # Tables of addresses live in .data.rel.ro, which nm prints as d: sections tell them from variables.
    variables = subprocess.run(["objdump", "-t", static], check=True, capture_output=True, text=True).stdout
    for line in variables.splitlines():
        fields = line.split()
        if fields and fields[-1] in mutable and any(f in (".data", ".bss", "*COM*") for f in fields):
            wrong.append(f"{fields[-1]} is a mutable global")
    return wrong


def build(folder, code, script):
    (folder / "a.h").write_text("#define NPDE_API\nNPDE_API int npde_a(void);\n")
    (folder / "a.c").write_text(code)
    (folder / "a.map").write_text(script)
    subprocess.run(["cc", "-fPIC", "-c", "a.c"], cwd=folder, check=True)
    subprocess.run(["cc", "-shared", "a.o", "-o", "a.so"], cwd=folder, check=True)
    subprocess.run(["ar", "rcs", "a.a", "a.o"], cwd=folder, check=True)
    return check([folder / "a.h"], folder / "a.map", str(folder / "a.so"), str(folder / "a.a"))


def self_test():
    good = "N {\nglobal:\n    npde_a;\nlocal:\n    *;\n};\n"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        assert not build(folder, "int npde_a(void) { return 1; }\n", good)
        assert build(folder, "int npde_a(void) { return 1; }\n", "N {\nglobal:\nlocal:\n    *;\n};\n")
        assert build(folder, "int npde_a(void) { return 1; }\nint npde_b(void) { return 1; }\n", good)
        assert build(folder, "int other(void) { return 1; }\nint npde_a(void) { return other(); }\n", good)
        assert build(folder, "#include <stdio.h>\nint npde_a(void) { return puts(\"x\"); }\n", good)
        assert build(folder, "static int kept;\nint npde_a(void) { return kept++; }\n", good)


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    headers = [*ROOT.glob("include/neuropde/*.h"), ROOT / "include/neuropde/version.h.in"]
    wrong = check(headers, ROOT / "lib/neuropde.map", *sys.argv[1:3])
    stdio = [p for p in ROOT.glob("lib/**/*.[ch]") if "stdio.h" in p.read_text() and p.name != "context.c"]
    wrong += [f"{path} includes stdio.h: only the context's text is formatted" for path in stdio]
    print("\n".join(wrong) or "symbols: exports, uses and globals are as they should be")
    return 1 if wrong else 0


sys.exit(main())
