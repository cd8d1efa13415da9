#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The reference in BUILD_DIR/html; a warning is an error. Usage: make_docs.sh BUILD_DIR (a meson build: it has version.h)
set -eu
cd "$(dirname "$0")/.."
NPDE_DOCS_OUT=$1
NPDE_DOCS_GENERATED=$1/include/neuropde/version.h
export NPDE_DOCS_OUT NPDE_DOCS_GENERATED
doxygen docs/Doxyfile
echo "docs: $1/html/index.html"
