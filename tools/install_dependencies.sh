#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs with apt what a purpose needs and is not there: run, test, bench, docs, gates. Says nothing and asks for nothing when all is there.
set -eu

packages=
for purpose in "$@"; do
    case $purpose in
    run) packages="$packages gcc libc6-dev make meson ninja-build pkg-config libopenblas-dev librandom123-dev gnuplot-nox fonts-dejavu-core" ;;
    test) packages="$packages g++ check python3" ;;
    bench) packages="$packages libsundials-dev" ;;
    docs) packages="$packages doxygen" ;;
    gates) packages="$packages clang clang-tidy libclang-rt-14-dev cppcheck valgrind abigail-tools gcovr git gfortran binutils" ;;
    *)
        echo "unknown purpose $purpose: run, test, bench, docs or gates" >&2
        exit 2
        ;;
    esac
done

missing=
for package in $packages; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

# gnuplot comes in three packages; any of them draws.
if command -v gnuplot >/dev/null 2>&1; then
    missing=$(echo "$missing" | sed 's/ gnuplot-nox//')
    [ -n "$missing" ] || exit 0
fi

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086 # one word a package
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
