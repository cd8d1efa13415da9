#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes what follows from the table of ids, lib/core/ids.def: the public header ids.h and the tables in docs/ids.md.

    tools/ids_header.py           write both
    tools/ids_header.py --check   exit 1 if a committed file is not what the table says
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r'^NPDE_ID\((\w+), (\w+), (\w+), (\d+), (\w+), "(.*?)", (.*?), (.*?), (.*?), "(.*)"\)$', re.M)
TITLES = {
    "FAMILY": "Families of ids", "MODEL": "Kinds of model", "SCHEME": "Space schemes",
    "METHOD": "Time-stepping methods", "PARAM": "Parameters of a model", "MATRIX": "Coupling matrices",
    "OPTION": "Options of a solver", "STAT": "Statistics of a run", "COUNT": "Counters of a run", "EVENT": "Events",
    "REFRACTORY": "Values of NPDE_PARAM_REFRACTORY", "DISCHARGE": "Values of NPDE_PARAM_DISCHARGE",
    "COUPLING": "Values of NPDE_OPTION_COUPLING", "FLUX": "Values of NPDE_OPTION_FLUX",
    "CONTROLLER": "Values of NPDE_OPTION_CONTROLLER", "OUTPUT": "Values of NPDE_OPTION_OUTPUT",
    "BLOWUP": "Values of NPDE_OPTION_BLOWUP", "ENTROPY": "Convex functions of a relative entropy",
    "STEADY": "Options of a search for steady states", "INPUT": "Inputs of a linear response",
    "PARTICLE_OPTION": "Options of particles", "PARTICLE_STAT": "Statistics of particles",
    "PARTICLE_COUNT": "Counters of particles",
}
HEAD = """/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file ids.h
 * Ids of everything that can be named, and one way to ask about them: name, unit, range, text. A binding builds its enums,
 * keyword arguments and docstrings from it at import. Values are pinned: never renumbered, never reused.
 *
 * Written by tools/ids_header.py from lib/core/ids.def.
 */
#ifndef NEUROPDE_IDS_H
#define NEUROPDE_IDS_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

"""
TAIL = """/** Number of ids in a family (NPDE_FAMILY_…), into @p out. */
NPDE_API npde_status npde_id_count(npde_id family, size_t *out);
/** The id at an index (from 0, in ascending order) of a family, into @p out. */
NPDE_API npde_status npde_id_at(npde_id family, size_t index, npde_id *out);
/** The id with a name, such as "tr_bdf2", in a family, into @p out; NPDE_ERR_ID if there is none. */
NPDE_API npde_status npde_id_find(npde_id family, const char *name, npde_id *out);
/** Name of an id, such as "tr_bdf2"; NULL for a number that is no id. Lives as long as the program. */
NPDE_API const char *npde_id_name(npde_id id);
/** Unit of an id, "" if it has none; NULL for a number that is no id. */
NPDE_API const char *npde_id_unit(npde_id id);
/** One sentence about an id; NULL for a number that is no id. */
NPDE_API const char *npde_id_text(npde_id id);
/**
 * Range and preset of a parameter, an option or a matrix: low ≤ value ≤ high. For a choice, low and high are ids and the
 * values are the ids between them. Each pointer may be NULL. NPDE_ERR_ID for an id that takes no value.
 */
NPDE_API npde_status npde_id_range(npde_id id, double *low, double *high, double *preset);

#ifdef __cplusplus
}
#endif
#endif
"""


def families():
    found = {}
    for row in ROW.findall((ROOT / "lib/core/ids.def").read_text()):
        found.setdefault(row[0], []).append(row)
    return found


def header(found):
    out = HEAD
    for family, rows in found.items():
        out += f"/** {TITLES[family]}. */\nenum {{\n"
        for i, row in enumerate(rows):
            comma = "," if i + 1 < len(rows) else ""
            out += f"    NPDE_{family}_{row[1]} = {row[3]}{comma} /**< {row[9].rstrip('.')} */\n"
        out += "};\n\n"
    return out + TAIL


def tables(found):
    names = {row[3]: row[2] for rows in found.values() for row in rows}
    out = "# Every id\n\nWritten by `tools/ids_header.py` from the library's own table; `npde_id_at()` and its kin give the same.\n"
    for family, rows in found.items():
        if family == "FAMILY":
            continue
        valued = family in ("PARAM", "MATRIX", "OPTION", "STEADY", "PARTICLE_OPTION")
        out += f"\n## {TITLES[family].replace('NPDE_', '`NPDE_', 1) + ('`' if 'NPDE_' in TITLES[family] else '')}\n\n"
        out += "| id | name | " + ("unit | range | preset | " if valued else "") + "meaning |\n"
        out += "|---|---|" + ("---|---|---|" if valued else "") + "---|\n"
        for _, NAME, name, _, kind, unit, low, high, preset, text in rows:
            line = f"| `NPDE_{family}_{NAME}` | `{name}` | "
            if valued and kind == "CHOICE":
                values = " ".join(f"`{names[str(i)]}`" for i in range(int(low), int(high) + 1))
                line += f"{unit} | {values} | `{names[preset]}` | "
            elif valued:
                line += f"{unit} | {low} … {high} | {preset} | "
            out += line + text + " |\n"
    return out


def main():
    found = families()
    wrong = 0
    for path, text in (("include/neuropde/ids.h", header(found)), ("docs/ids.md", tables(found))):
        file = ROOT / path
        if "--check" in sys.argv[1:]:
            if not file.exists() or file.read_text() != text:
                print(f"{path} is not what lib/core/ids.def says: run tools/ids_header.py")
                wrong = 1
        else:
            file.write_text(text)
    return wrong


sys.exit(main())
