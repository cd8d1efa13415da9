#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs the library into a folder of its own and uses it in every way a user may: pkg-config in C and C++, static,
# as a meson subproject, through ctypes. Usage: run.sh SOURCE_DIR
set -eu

source=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$source/tests/package
unset DESTDIR MESONINTROSPECT 2>/dev/null || true
export OPENBLAS_NUM_THREADS=1

say() { echo "== $1"; }

say "install"
meson setup "$work/build" "$source" -Dprefix="$work/prefix" -Dlibdir=lib -Dtests=disabled -Dexamples=false >"$work/log" || { cat "$work/log"; exit 1; }
meson install -C "$work/build" >>"$work/log" || { cat "$work/log"; exit 1; }
PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
LD_LIBRARY_PATH=$work/prefix/lib
export PKG_CONFIG_PATH LD_LIBRARY_PATH
[ "$(pkg-config --modversion neuropde)" = "$(sed -n "s/^  version: '\(.*\)',/\1/p" "$source/meson.build" | head -n 1)" ]
readelf -d "$work/prefix/lib/libneuropde.so" | grep -q 'SONAME.*\[libneuropde.so.0\]'

say "C and C++ by pkg-config"
# shellcheck disable=SC2046 # pkg-config answers words
{
    cc -Wall -Werror "$here/consumer.c" $(pkg-config --cflags --libs neuropde) -lm -o "$work/c"
    "$work/c"
    cp "$here/consumer.c" "$work/consumer.cc"
    c++ -Wall -Werror "$work/consumer.cc" $(pkg-config --cflags --libs neuropde) -o "$work/cc"
    "$work/cc"

    say "after the BLAS header, which defines I"
    cc -Wall -DWITH_CBLAS "$here/consumer.c" $(pkg-config --cflags --libs neuropde openblas) -lm -o "$work/blas"
    "$work/blas"

    say "static"
    cc -Wall -Werror "$here/consumer.c" $(pkg-config --cflags neuropde) "$work/prefix/lib/libneuropde.a" \
        $(pkg-config --libs-only-l --static neuropde | sed 's/-lneuropde//') -o "$work/static"
    env -u LD_LIBRARY_PATH "$work/static"
    if readelf -d "$work/static" | grep -q libneuropde; then
        echo "the static program still asks for the shared library"
        exit 1
    fi
}

say "meson subproject"
mkdir -p "$work/parent/subprojects"
cp "$here/consumer.c" "$work/parent/"
mkdir "$work/parent/subprojects/neuropde"
(cd "$source" && tar cf - meson.build meson_options.txt include lib pkgconfig) | (cd "$work/parent/subprojects/neuropde" && tar xf -)
printf '[wrap-file]\ndirectory = neuropde\n[provide]\ndependency_names = neuropde\n' >"$work/parent/subprojects/neuropde.wrap"
printf "project('parent', 'c')\nexecutable('consumer', 'consumer.c', dependencies: [dependency('neuropde'), meson.get_compiler('c').find_library('m')])\n" \
    >"$work/parent/meson.build"
env -u PKG_CONFIG_PATH meson setup "$work/parent/build" "$work/parent" --wrap-mode=forcefallback >"$work/log" || { cat "$work/log"; exit 1; }
ninja -C "$work/parent/build" >"$work/log" || { cat "$work/log"; exit 1; }
env -u LD_LIBRARY_PATH "$work/parent/build/consumer"

say "Python"
python3 "$here/consumer.py" "$work/prefix/lib/libneuropde.so.0"
