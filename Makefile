# SPDX-License-Identifier: BSD-3-Clause
# A façade over meson. `make run` and `make test` install what is missing (Debian's apt) and work again at once afterwards.
BUILD  ?= build
OUT    ?= out
PREFIX ?= /usr/local

export OPENBLAS_NUM_THREADS = 1

.PHONY: help run test bench install docs ci clean

help:
	@echo 'make run                 install what is missing, build, run the main job; figures go to $(OUT)/'
	@echo 'make test                install what is missing, build, run the tests'
	@echo 'make bench               install what is missing, build, measure: peers, kernels, scaling, targets; into $(OUT)/bench/'
	@echo 'make install PREFIX=...  build and install the library, its headers and its pkg-config file'
	@echo 'make docs                the reference in $(BUILD)-docs/html/'
	@echo 'make ci                  every gate'
	@echo 'make clean'

run:
	sh tools/install_dependencies.sh run
	test -f $(BUILD)/build.ninja || meson setup $(BUILD) -Dtests=disabled
	ninja -C $(BUILD) examples/network_lif
	$(BUILD)/examples/network_lif $(OUT)

test:
	sh tools/install_dependencies.sh run test
	test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	meson configure $(BUILD) -Dtests=enabled
	ninja -C $(BUILD)
	meson test -C $(BUILD) --print-errorlogs

bench:
	sh tools/install_dependencies.sh run bench
	test -f $(BUILD)-bench/build.ninja || meson setup $(BUILD)-bench -Dtests=disabled -Dexamples=false -Dbench=enabled
	ninja -C $(BUILD)-bench
	mkdir -p $(OUT)/bench
	for command in workprec orders peers kernels scaling studies particles targets; do \
	    echo "== $$command"; $(BUILD)-bench/bench/neuropde-bench $$command --out $(OUT)/bench; \
	done

install:
	sh tools/install_dependencies.sh run
	test -f $(BUILD)-install/build.ninja || meson setup $(BUILD)-install -Dtests=disabled -Dexamples=false -Dbench=disabled
	meson configure $(BUILD)-install -Dprefix=$(abspath $(PREFIX))
	ninja -C $(BUILD)-install
	meson install -C $(BUILD)-install --no-rebuild

docs:
	sh tools/install_dependencies.sh run docs
	test -f $(BUILD)-docs/build.ninja || meson setup $(BUILD)-docs -Dtests=disabled -Dexamples=false -Dbench=disabled
	sh tools/make_docs.sh $(BUILD)-docs

ci:
	bash .ci/run

clean:
	rm -rf $(BUILD) $(BUILD)-bench $(BUILD)-install $(BUILD)-docs $(OUT)
