#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Each public header stands alone in every dialect from C99 to C++20, warnings as errors, also after complex.h, which
# defines the macro I. Usage: check_headers.sh BUILD_DIR | --self-test
set -eu

compile() { # compiler standard language include-dirs file
    "$1" "-std=$2" -x "$3" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only $4 "$5"
}

check() { # include directories, header names
    dirs=$1
    shift
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        for header in "$@"; do
            printf '#include <neuropde/%s>\nint main(void) { return 0; }\n' "$header" >"$folder/alone.c"
            for standard in c99 c11 c17; do compile $compiler $standard c "$dirs" "$folder/alone.c"; done
            for standard in c++11 c++14 c++17 c++20; do compile $compiler $standard c++ "$dirs" "$folder/alone.c"; done
        done
        printf '#include <complex.h>\n#include <neuropde/neuropde.h>\nint main(void) { return 0; }\n' >"$folder/complex.c"
        compile $compiler c11 c "$dirs" "$folder/complex.c"
    done
}

root=$(cd "$(dirname "$0")/.." && pwd)
if [ "$1" = --self-test ]; then
    bad=$(mktemp -d)
    mkdir "$bad/neuropde"
    echo 'int f(bool b);' >"$bad/neuropde/bad.h"
    if (check "-I$bad" bad.h) 2>/dev/null; then
        echo "a header that does not stand alone was not noticed"
        exit 1
    fi
    rm -r "$bad"
    exit 0
fi
check "-I$root/include -I$1/include" types.h context.h ids.h model.h grid.h solver.h version.h neuropde.h
echo "headers: stand alone from C99 to C++20"
