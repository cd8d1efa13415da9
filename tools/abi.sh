#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The gate of the binary interface, with libabigail. A program linked against the committed baseline must run with what is
# built now: added functions are fine, anything removed or changed is not.
#
#   tools/abi.sh check LIBRARY VERSION_H    compare with abi/libneuropde.so.0.abi (LIBRARY built with -g)
#   tools/abi.sh update LIBRARY VERSION_H   write it anew; say why in the commit and think of the soname
#   tools/abi.sh self-test                  the gate notices what it must
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
baseline=$root/abi/libneuropde.so.0.abi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

describe() { # library headers output
    abidw --headers-dir "$2" --drop-private-types --no-show-locs --no-comp-dir-path --no-corpus-path "$1" |
        sed "s#path='[^']*/lib/#path='lib/#" >"$3" # where it was built is nobody's business
    grep -q '<abi-instr' "$3" || {
        echo "$1 says nothing of its types: build it with -g"
        return 1
    }
}

# Types that no caller sees inside. libabigail tells public from private by the header's base name alone, and a private
# header may have the name of a public one: so the handles, incomplete in public, are named.
hidden_types() {
    handles=$(sed -n 's/^typedef struct \(npde_[a-z_]*\) \1;.*/\1/p' "$root"/include/neuropde/types.h | paste -sd '|')
    for pattern in "^($handles)\$" '^npde__' '^lif_'; do
        printf '[suppress_type]\n  name_regexp = %s\n' "$pattern"
    done
}

compare() { # old new
    hidden_types >"$work/hidden"
    # Any answer but 0 is a change: a changed callback type is 4, a removed function 12.
    abidiff --suppressions "$work/hidden" --no-added-syms "$1" "$2" || {
        echo "the binary interface has changed (abidiff said $?)"
        return 1
    }
    [ "$(grep -o "soname='[^']*'" "$1")" = "$(grep -o "soname='[^']*'" "$2")" ] || {
        echo "the soname has changed"
        return 1
    }
}

headers() { # version.h
    mkdir -p "$work/include/neuropde"
    cp "$root"/include/neuropde/*.h "$1" "$work/include/neuropde/"
}

toy() { # name, header, compiler flags, functions beside f
    mkdir -p "$work/$1"
    printf '%s\n' "$2" >"$work/$1/toy.h"
    printf '#include "toy.h"\nint f(struct s *x, npde_t y) { return x->a + (int)y; }\n%s\n' "$4" >"$work/$1/toy.c"
    # shellcheck disable=SC2086 # flags are words
    cc $3 -fPIC -shared -Wl,-soname,libtoy.so.0 -o "$work/$1/libtoy.so.0" "$work/$1/toy.c"
    describe "$work/$1/libtoy.so.0" "$work/$1" "$work/$1.abi"
}

self_test() {
    plain='struct s { int a; }; typedef int npde_t; int f(struct s *, npde_t); int g(void);'
    g='int g(void) { return 1; }'
    toy old "$plain" -g "$g"
    toy same "$plain" "-g -O2" "$g"
    toy more "$plain int h(void);" -g "$g int h(void) { return 2; }"
    toy grown 'struct s { int a, b; }; typedef int npde_t; int f(struct s *, npde_t); int g(void);' -g "$g"
    toy typed 'struct s { int a; }; typedef long npde_t; int f(struct s *, npde_t); int g(void);' -g "$g"
    toy removed 'struct s { int a; }; typedef int npde_t; int f(struct s *, npde_t);' -g ''
    compare "$work/old.abi" "$work/same.abi" >/dev/null
    compare "$work/old.abi" "$work/more.abi" >/dev/null
    for change in grown typed removed; do
        if compare "$work/old.abi" "$work/$change.abi" >/dev/null; then
            echo "the gate did not notice: $change"
            exit 1
        fi
    done
    if toy silent "$plain" -O2 "$g" >/dev/null; then
        echo "the gate accepted a library without debug information"
        exit 1
    fi
    echo "abi: the gate notices what it must"
}

case ${1-} in
check)
    headers "$3"
    describe "$2" "$work/include" "$work/now.abi"
    compare "$baseline" "$work/now.abi"
    echo "abi: unchanged"
    ;;
update)
    headers "$3"
    describe "$2" "$work/include" "$baseline"
    ;;
self-test) self_test ;;
*)
    sed -n '3,9p' "$0"
    exit 2
    ;;
esac
