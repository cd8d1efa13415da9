#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every include in lib/ obeys the layers: a table without cycles.

    tools/check_layers.py [--self-test]
"""
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAY_INCLUDE = {
    "core": "",
    "numerics": "core",
    "operators": "numerics core",
    "system": "core",
    "models": "system operators numerics core",
    "steppers": "system numerics core",
    "solve": "steppers system numerics core",
    "analysis": "models operators numerics core",
    "particles": "models numerics core",
    "api": "core numerics operators system models steppers solve analysis particles",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def violations(lib):
    for path in sorted(lib.rglob("*.[ch]")):
        layer = path.relative_to(lib).parts[0]
        if layer not in MAY_INCLUDE:
            yield f"{path}: {layer} is no layer"
            continue
        for name in INCLUDE.findall(path.read_text()):
            target = name.split("/")[0]
            if target != layer and target not in MAY_INCLUDE[layer].split():
                yield f"{path}: includes {name}, but {layer} may include only {MAY_INCLUDE[layer] or 'nothing'}"


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        lib = pathlib.Path(folder)
        (lib / "steppers").mkdir()
        (lib / "steppers/a.c").write_text('#include "system/system.h"\n#include <math.h>\n')
        assert not list(violations(lib))
        (lib / "steppers/a.c").write_text('#include "models/model.h"\n')
        assert len(list(violations(lib))) == 1
        (lib / "misc").mkdir()
        (lib / "misc/b.h").write_text("")
        assert len(list(violations(lib))) == 2


def main():
    if "--self-test" in sys.argv[1:]:
        self_test()
        return 0
    found = list(violations(ROOT / "lib"))
    print("\n".join(found) or "layers: all includes obey the table")
    return 1 if found else 0


sys.exit(main())
